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
    /* Of these only surveys speak. */
    {0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", NULL, false},
    {0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", NULL, false},
    {0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", NULL, false},
    {0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", NULL, false},
    {0x0009, "TLS_RSA_WITH_DES_CBC_SHA", NULL, false},
    {0x0096, "TLS_RSA_WITH_SEED_CBC_SHA", NULL, false},
    {0x00ba, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256", NULL, false},
    {0x00c0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256", NULL, false},
    {0xc09c, "TLS_RSA_WITH_AES_128_CCM", NULL, false},
    {0xc09d, "TLS_RSA_WITH_AES_256_CCM", NULL, false},
    {0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8", NULL, false},
    {0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8", NULL, false},
    {0x009a, "TLS_DHE_RSA_WITH_SEED_CBC_SHA", NULL, false},
    {0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8", NULL, false},
    {0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", NULL, false},
    {0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA", NULL, false},
    {0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA", NULL, false},
    {0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", NULL, false},
    {0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", NULL, false},
    {0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", NULL, false},
    {0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", NULL, false},
    {0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", NULL, false},
    {0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", NULL, false},
    {0x0044, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA", NULL, false},
    {0x0087, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA", NULL, false},
    {0x0099, "TLS_DHE_DSS_WITH_SEED_CBC_SHA", NULL, false},
    {0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA", NULL, false},
    {0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA", NULL, false},
    {0x009b, "TLS_DH_anon_WITH_SEED_CBC_SHA", NULL, false},
    {0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA", NULL, false},
    {0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA", NULL, false},
    {0xc002, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA", NULL, false},
    {0xc003, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA", NULL, false},
    {0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", NULL, false},
    {0xc005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA", NULL, false},
    {0xc00c, "TLS_ECDH_RSA_WITH_RC4_128_SHA", NULL, false},
    {0xc00d, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA", NULL, false},
    {0xc00e, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", NULL, false},
    {0xc00f, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA", NULL, false},
    {0xc02d, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", NULL, false},
    {0xc02e, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384", NULL, false},
    {0xc031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", NULL, false},
    {0xc032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", NULL, false},
    {0xc072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256", NULL, false},
    {0xc073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384", NULL, false},
    {0xc076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", NULL, false},
    {0xc077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384", NULL, false},
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
