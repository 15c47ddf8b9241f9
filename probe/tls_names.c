/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_names.h"

#include <string.h>

/*
 * The offer: forward secrecy and a certificate in every one. AEAD comes first; CBC and
 * finite-field groups stand behind, because real mail servers still have nothing better and a
 * probe that can't talk to them shows nothing. Absent on purpose: NULL, anonymous, RC4, 3DES,
 * static RSA, and CCM with a tag of 8 octets. These have a name here so that a server which
 * picks one without being asked can be told by name.
 */
static const struct sp_tls_suite suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256", true},
    {0x1302, "TLS_AES_256_GCM_SHA384", true},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", true},
    {0x1304, "TLS_AES_128_CCM_SHA256", true},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", true},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", true},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", true},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", true},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", true},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", true},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", true},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", true},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", true},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", true},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", true},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", true},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", true},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", true},
    {0x0000, "TLS_NULL_WITH_NULL_NULL", false},
    {0x0001, "TLS_RSA_WITH_NULL_MD5", false},
    {0x0002, "TLS_RSA_WITH_NULL_SHA", false},
    {0x0004, "TLS_RSA_WITH_RC4_128_MD5", false},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA", false},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", false},
    {0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", false},
    {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", false},
    {0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", false},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", false},
    {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", false},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", false},
    {0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA", false},
    {0x003b, "TLS_RSA_WITH_NULL_SHA256", false},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", false},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", false},
    {0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", false},
    {0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", false},
    {0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", false},
    {0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", false},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", false},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", false},
    {0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", false},
    {0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", false},
    {0x00be, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", false},
    {0x00c4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256", false},
    {0x1305, "TLS_AES_128_CCM_8_SHA256", false},
    {0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA", false},
    {0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", false},
    {0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", false},
    {0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA", false},
    {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", false},
    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", false},
    {0xc015, "TLS_ECDH_anon_WITH_NULL_SHA", false},
    {0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", false},
    {0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", false},
    {0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", false},
    {0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", false},
    {0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", false},
    {0xc0b4, "TLS_SHA256_SHA256", false},
    {0xc0b5, "TLS_SHA384_SHA384", false},
};

const struct sp_tls_suite *sp_tls_suites(size_t *out_count)
{
    *out_count = sizeof suites / sizeof suites[0];
    return suites;
}

const char *sp_tls_suite_name(uint16_t number)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (suites[i].number == number)
            return suites[i].name;
    }
    return NULL;
}

bool sp_tls_suite_is_13(uint16_t number)
{
    return number >> 8 == 0x13 || number == 0xc0b4 || number == 0xc0b5;
}

const char *sp_tls_version_text(uint16_t version)
{
    switch (version) {
    case 0x0300: return "SSLv3";
    case SP_TLS_1_0: return "TLSv1.0";
    case SP_TLS_1_1: return "TLSv1.1";
    case SP_TLS_1_2: return "TLSv1.2";
    case SP_TLS_1_3: return "TLSv1.3";
    default: return NULL;
    }
}

/* IANA "TLS Alerts": RFC 8446 §6, with the values that only older versions use. */
static const struct {
    int number;
    const char *text;
} alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

const char *sp_tls_alert_text(int alert)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].number == alert)
            return alerts[i].text;
    }
    return NULL;
}

static const char *const groups[][2] = {
    {"X25519", "x25519"},
    {"X448", "x448"},
    {"SECP256R1", "secp256r1"},
    {"SECP384R1", "secp384r1"},
    {"SECP521R1", "secp521r1"},
    {"SECP224R1", "secp224r1"},
    {"SECP192R1", "secp192r1"},
    {"SECP256K1", "secp256k1"},
    {"BRAINPOOLP256R1", "brainpoolP256r1"},
    {"BRAINPOOLP384R1", "brainpoolP384r1"},
    {"BRAINPOOLP512R1", "brainpoolP512r1"},
    {"FFDHE_2048", "ffdhe2048"},
    {"FFDHE_3072", "ffdhe3072"},
    {"FFDHE_4096", "ffdhe4096"},
    {"FFDHE_6144", "ffdhe6144"},
    {"FFDHE_8192", "ffdhe8192"},
};

const char *sp_tls_group_name(const char *wolf_name)
{
    if (wolf_name == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (strcmp(groups[i][0], wolf_name) == 0)
            return groups[i][1];
    }
    return NULL;
}
