/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_groups.h"

#include <string.h>

static const struct sp_tls_group groups[] = {
    {0x001d, "x25519", 255, false},
    {0x0017, "secp256r1", 256, false},
    {0x0018, "secp384r1", 384, false},
    {0x0019, "secp521r1", 521, false},
    {0x001e, "x448", 448, false},
    {0x11eb, "SecP256r1MLKEM768", 256, false},
    {0x11ec, "X25519MLKEM768", 255, false},
    {0x11ed, "SecP384r1MLKEM1024", 384, false},
    {0x0100, "ffdhe2048", 2048, true},
    {0x0101, "ffdhe3072", 3072, true},
    {0x0102, "ffdhe4096", 4096, true},
    {0x0103, "ffdhe6144", 6144, true},
    {0x0104, "ffdhe8192", 8192, true},
    {0x001a, "brainpoolP256r1", 256, false},
    {0x001b, "brainpoolP384r1", 384, false},
    {0x001c, "brainpoolP512r1", 512, false},
    {0x001f, "brainpoolP256r1tls13", 256, false},
    {0x0020, "brainpoolP384r1tls13", 384, false},
    {0x0021, "brainpoolP512r1tls13", 512, false},
    {0x0016, "secp256k1", 256, false},
    {0x0015, "secp224r1", 224, false},
    {0x0014, "secp224k1", 224, false},
    {0x0013, "secp192r1", 192, false},
    {0x0012, "secp192k1", 192, false},
    {0x0011, "secp160r2", 160, false},
    {0x0010, "secp160r1", 160, false},
    {0x000f, "secp160k1", 160, false},
    {0x000e, "sect571r1", 571, false},
    {0x000d, "sect571k1", 571, false},
    {0x000c, "sect409r1", 409, false},
    {0x000b, "sect409k1", 409, false},
    {0x000a, "sect283r1", 283, false},
    {0x0009, "sect283k1", 283, false},
    {0x0008, "sect239k1", 239, false},
    {0x0007, "sect233r1", 233, false},
    {0x0006, "sect233k1", 233, false},
    {0x0005, "sect193r2", 193, false},
    {0x0004, "sect193r1", 193, false},
    {0x0003, "sect163r2", 163, false},
    {0x0002, "sect163r1", 163, false},
    {0x0001, "sect163k1", 163, false},
};

static const struct {
    uint16_t number;
    const char *name;
} schemes[] = {
    {0x0101, "rsa_pkcs1_md5"}, /* up to 0x0303: hash and signature of RFC 5246 §7.4.1.4.1 */
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0202, "dsa_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0301, "rsa_pkcs1_sha224"},
    {0x0302, "dsa_sha224"},
    {0x0303, "ecdsa_sha224"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0402, "dsa_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0502, "dsa_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0602, "dsa_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384"},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"},
};

const struct sp_tls_group *sp_tls_groups(size_t *out_count)
{
    *out_count = sizeof groups / sizeof groups[0];
    return groups;
}

const struct sp_tls_group *sp_tls_group_find(uint16_t number)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (groups[i].number == number)
            return &groups[i];
    return NULL;
}

const struct sp_tls_group *sp_tls_group_by_name(const char *name)
{
    for (size_t i = 0; name && i < sizeof groups / sizeof groups[0]; i++)
        if (strcmp(groups[i].name, name) == 0)
            return &groups[i];
    return NULL;
}

const char *sp_tls_scheme_name(uint16_t number)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (schemes[i].number == number)
            return schemes[i].name;
    return NULL;
}
