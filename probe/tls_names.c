/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_names.h"

#include <string.h>

/*
 * The offer: forward secrecy and a certificate in every one. AEAD comes first; CBC and
 * finite-field groups stand behind, because real mail servers still have nothing better and a
 * probe that can't talk to them shows nothing. Absent on purpose: NULL, anonymous, RC4, 3DES,
 * static RSA, and CCM with a tag of 8 octets. These have a name here so that a server which
 * picks one without being asked can be told by name, and some can be asked for.
 */
static const struct sp_tls_suite suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256", NULL, true},
    {0x1302, "TLS_AES_256_GCM_SHA384", NULL, true},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", NULL, true},
    {0x1304, "TLS_AES_128_CCM_SHA256", NULL, true},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", true},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", true},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", true},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", true},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
     true},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", true},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256", true},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384", true},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305", true},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256", true},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256", true},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384", true},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384", true},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", true},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", true},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", true},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", true},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "DHE-RSA-AES128-SHA256", true},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "DHE-RSA-AES256-SHA256", true},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA-AES128-SHA", true},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DHE-RSA-AES256-SHA", true},
    {0x0000, "TLS_NULL_WITH_NULL_NULL", NULL, false},
    {0x0001, "TLS_RSA_WITH_NULL_MD5", "NULL-MD5", false},
    {0x0002, "TLS_RSA_WITH_NULL_SHA", "NULL-SHA", false},
    {0x0004, "TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5", false},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA", false},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA", false},
    {0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "DHE-RSA-DES-CBC3-SHA", false},
    {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", "ADH-RC4-MD5", false},
    {0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", "ADH-DES-CBC3-SHA", false},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", false},
    {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", "ADH-AES128-SHA", false},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA", false},
    {0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA", "ADH-AES256-SHA", false},
    {0x003b, "TLS_RSA_WITH_NULL_SHA256", "NULL-SHA256", false},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256", false},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", "AES256-SHA256", false},
    {0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", "CAMELLIA128-SHA", false},
    {0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", "DHE-RSA-CAMELLIA128-SHA", false},
    {0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", "ADH-AES128-SHA256", false},
    {0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", "ADH-AES256-SHA256", false},
    {0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA", "CAMELLIA256-SHA", false},
    {0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", "DHE-RSA-CAMELLIA256-SHA", false},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256", false},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384", false},
    {0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", "ADH-AES128-GCM-SHA256", false},
    {0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", "ADH-AES256-GCM-SHA384", false},
    {0x00be, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", "DHE-RSA-CAMELLIA128-SHA256", false},
    {0x00c4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256", "DHE-RSA-CAMELLIA256-SHA256", false},
    {0x1305, "TLS_AES_128_CCM_8_SHA256", NULL, false},
    {0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA", "ECDHE-ECDSA-NULL-SHA", false},
    {0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "ECDHE-ECDSA-RC4-SHA", false},
    {0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-ECDSA-DES-CBC3-SHA", false},
    {0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA", "ECDHE-RSA-NULL-SHA", false},
    {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA", false},
    {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-RSA-DES-CBC3-SHA", false},
    {0xc015, "TLS_ECDH_anon_WITH_NULL_SHA", "AECDH-NULL-SHA", false},
    {0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "AECDH-AES128-SHA", false},
    {0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", "AECDH-AES256-SHA", false},
    {0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM", "DHE-RSA-AES128-CCM", false},
    {0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM", "DHE-RSA-AES256-CCM", false},
    {0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE-ECDSA-AES128-CCM", false},
    {0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ECDHE-ECDSA-AES256-CCM", false},
    {0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "ECDHE-ECDSA-AES128-CCM8", false},
    {0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "ECDHE-ECDSA-AES256-CCM8", false},
    {0xc0b4, "TLS_SHA256_SHA256", NULL, false},
    {0xc0b5, "TLS_SHA384_SHA384", NULL, false},
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

/* IANA "TLS Supported Groups"; NIST's names and OpenSSL's are what people write for the curves. */
static const struct sp_tls_group groups[] = {
    {0x001d, "x25519", NULL, NULL},
    {0x0017, "secp256r1", "P-256", "prime256v1"},
    {0x0018, "secp384r1", "P-384", NULL},
    {0x0019, "secp521r1", "P-521", NULL},
    {0x001e, "x448", NULL, NULL},
    {0x0100, "ffdhe2048", NULL, NULL},
    {0x0101, "ffdhe3072", NULL, NULL},
    {0x0102, "ffdhe4096", NULL, NULL},
    {0x0103, "ffdhe6144", NULL, NULL},
    {0x0104, "ffdhe8192", NULL, NULL},
    {0x0013, "secp192r1", "P-192", "prime192v1"},
    {0x0014, "secp224k1", NULL, NULL},
    {0x0015, "secp224r1", "P-224", NULL},
    {0x0016, "secp256k1", NULL, NULL},
    {0x001a, "brainpoolP256r1", NULL, NULL},
    {0x001b, "brainpoolP384r1", NULL, NULL},
    {0x001c, "brainpoolP512r1", NULL, NULL},
    {0x001f, "brainpoolP256r1tls13", NULL, NULL},
    {0x0020, "brainpoolP384r1tls13", NULL, NULL},
    {0x0021, "brainpoolP512r1tls13", NULL, NULL},
    {0x11ec, "X25519MLKEM768", NULL, NULL},
};

const struct sp_tls_group *sp_tls_groups(size_t *out_count)
{
    *out_count = sizeof groups / sizeof groups[0];
    return groups;
}

const char *sp_tls_group_name(uint16_t number)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (groups[i].number == number)
            return groups[i].name;
    }
    return NULL;
}

/* IANA "TLS SignatureScheme"; the pairs of hash and signature of TLS 1.2 have names of that kind too. */
static const struct {
    uint16_t number;
    const char *name;
} schemes[] = {
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x0101, "rsa_md5"},
    {0x0301, "rsa_sha224"},
    {0x0303, "ecdsa_sha224"},
};

const char *sp_tls_scheme_name(uint16_t number)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (schemes[i].number == number)
            return schemes[i].name;
    }
    return NULL;
}
