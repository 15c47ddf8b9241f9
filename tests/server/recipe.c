/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe.h"

#define GOOD_NAMES "DNS:@|IP:127.0.0.1|IP:::1"
#define YEARS 3650
/* A hundred names: the certificate grows beyond what some libraries keep. */
#define TEN_NAMES(d)                                                                           \
    "|DNS:n" d "0.many.test|DNS:n" d "1.many.test|DNS:n" d "2.many.test|DNS:n" d "3.many.test" \
    "|DNS:n" d "4.many.test|DNS:n" d "5.many.test|DNS:n" d "6.many.test|DNS:n" d "7.many.test" \
    "|DNS:n" d "8.many.test|DNS:n" d "9.many.test"
/* clang-format off */
#define HUNDRED_NAMES                                                                              \
    TEN_NAMES("0") TEN_NAMES("1") TEN_NAMES("2") TEN_NAMES("3") TEN_NAMES("4") TEN_NAMES("5")      \
    TEN_NAMES("6") TEN_NAMES("7") TEN_NAMES("8") TEN_NAMES("9")
/* clang-format on */
#define LEAF TS_LEAF

/* Days count from the moment the server starts. A healthy leaf lives from yesterday for 90 days. */
/* clang-format off */
const struct ts_recipe ts_recipes[] = {
    /* name, issuer, key, from, to, flags, common name, names, sent behind the leaf, digest,
     * constraint */

    /* authorities */
    {"root", NULL, "rsa-root", -YEARS, YEARS, TS_CA, "Test Root", NULL, NULL, NULL, NULL},
    {"inter", "root", "rsa-inter", -YEARS, YEARS, TS_CA, "Test Intermediate", NULL, NULL, NULL, "0"},
    {"inter-ec", "root", "ec-inter", -YEARS, YEARS, TS_CA, "Test Intermediate EC", NULL, NULL, NULL, "0"},
    {"upper", "root", "ec-upper", -YEARS, YEARS, TS_CA, "Test Upper", NULL, NULL, NULL, NULL},
    {"lower", "upper", "ec-inter", -YEARS, YEARS, TS_CA, "Test Lower", NULL, NULL, NULL, NULL},
    {"foreign-root", NULL, "ec-foreign", -YEARS, YEARS, TS_CA, "Foreign Root", NULL, NULL, NULL, NULL},
    {"foreign-inter", "foreign-root", "ec-inter", -YEARS, YEARS, TS_CA, "Foreign Intermediate", NULL, NULL, NULL, NULL},
    {"inter-not-ca", "root", "ec-inter", -YEARS, YEARS, TS_CA_FALSE, "Not An Authority", NULL, NULL, NULL, NULL},
    {"inter-v1", "root", "ec-inter", -YEARS, YEARS, TS_VERSION_1, "Version One", NULL, NULL, NULL, NULL},
    {"inter-no-sign", "root", "ec-inter", -YEARS, YEARS, TS_CA | TS_NO_CERT_SIGN, "May Not Sign", NULL, NULL, NULL, NULL},
    {"inter-expired", "root", "ec-inter", -YEARS, -3, TS_CA, "Expired Intermediate", NULL, NULL, NULL, NULL},
    {"inter-short", "root", "ec-upper", -YEARS, YEARS, TS_CA, "Path Length Zero", NULL, NULL, NULL, "0"},
    {"inter-too-deep", "inter-short", "ec-inter", -YEARS, YEARS, TS_CA, "Too Deep", NULL, NULL, NULL, NULL},
    {"inter-elsewhere", "root", "ec-inter", -YEARS, YEARS, TS_CA, "Elsewhere Only", NULL, NULL, NULL, "permitted;DNS:elsewhere.test"},
    {"unrelated", "foreign-root", "ec-foreign", -1, 90, 0, "unrelated.test", "DNS:unrelated.test", NULL, NULL, NULL},
    {"responder", "inter-ec", "ec", -1, 90, TS_OCSP, "Test Responder", NULL, NULL, NULL, NULL},

    /* leaves with nothing wrong */
    {"rsa", "inter", "rsa", -1, 90, LEAF, "@", GOOD_NAMES, "inter", NULL, NULL},
    {"ecdsa", "inter-ec", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"ed25519", "inter-ec", "ed25519", -1, 90, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"p384", "inter-ec", "p384", -1, 90, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"wildcard", "inter-ec", "ec", -1, 90, LEAF, "Wildcard", "DNS:*.wild.test", "inter-ec", NULL, NULL},
    {"no-cn", "inter-ec", "ec", -1, 90, LEAF, NULL, GOOD_NAMES, "inter-ec", NULL, NULL},
    {"ip-only", "inter-ec", "ec", -1, 90, LEAF, "Address", "IP:127.0.0.1|IP:::1", "inter-ec", NULL, NULL},
    {"many-names", "inter-ec", "ec", -1, 90, LEAF, "@", GOOD_NAMES HUNDRED_NAMES, "inter-ec", NULL, NULL},
    {"deep", "lower", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "lower upper", NULL, NULL},
    {"must-staple", "inter-ec", "ec", -1, 90, LEAF | TS_MUST_STAPLE, "@", GOOD_NAMES, "inter-ec", NULL, NULL},

    /* right, but worth a word */
    {"root-sent", "inter-ec", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-ec root", NULL, NULL},
    {"wrong-order", "lower", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "upper lower", NULL, NULL},
    {"extra", "inter-ec", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-ec unrelated", NULL, NULL},
    {"long-chain", "inter-ec", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-ec unrelated unrelated unrelated unrelated unrelated unrelated unrelated unrelated unrelated", NULL, NULL},
    {"expires-in-1", "inter-ec", "ec", -80, 1, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"expires-in-5", "inter-ec", "ec", -80, 5, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"expires-in-15", "inter-ec", "ec", -80, 15, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},

    /* one thing wrong */
    {"expired", "inter-ec", "ec", -90, -2, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"not-yet-valid", "inter-ec", "ec", 2, 90, LEAF, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"wrong-host", "inter-ec", "ec", -1, 90, LEAF, "other.invalid", "DNS:other.invalid|DNS:another.invalid", "inter-ec", NULL, NULL},
    {"self-signed", NULL, "ec", -1, 90, LEAF, "@", GOOD_NAMES, NULL, NULL, NULL},
    {"untrusted", "foreign-inter", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "foreign-inter", NULL, NULL},
    {"untrusted-root-sent", "foreign-inter", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "foreign-inter foreign-root", NULL, NULL},
    {"missing-intermediate", "inter-ec", "ec", -1, 90, LEAF, "@", GOOD_NAMES, NULL, NULL, NULL},
    {"weak-key", "inter", "rsa1024", -1, 90, LEAF, "@", GOOD_NAMES, "inter", NULL, NULL},
    {"sha1", "inter", "rsa", -1, 90, LEAF, "@", GOOD_NAMES, "inter", "SHA1", NULL},
    {"md5", "inter", "rsa", -1, 90, LEAF, "@", GOOD_NAMES, "inter", "MD5", NULL},
    {"cn-only", "inter-ec", "ec", -1, 90, LEAF, "@", NULL, "inter-ec", NULL, NULL},
    {"star", "inter-ec", "ec", -1, 90, LEAF, "*", "DNS:*", "inter-ec", NULL, NULL},
    {"partial-wildcard", "inter-ec", "ec", -1, 90, LEAF, "m*.test", "DNS:m*.test", "inter-ec", NULL, NULL},
    {"inner-wildcard", "inter-ec", "ec", -1, 90, LEAF, "mx.*", "DNS:mx.*", "inter-ec", NULL, NULL},
    {"nul-name", "inter-ec", "ec", -1, 90, LEAF, "Nul", "DNS:@\\0.evil.invalid", "inter-ec", NULL, NULL},
    {"email-name", "inter-ec", "ec", -1, 90, LEAF, "Mail", "EMAIL:postmaster@mx.test", "inter-ec", NULL, NULL},
    {"not-a-ca", "inter-not-ca", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-not-ca", NULL, NULL},
    {"v1-issuer", "inter-v1", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-v1", NULL, NULL},
    {"no-cert-sign", "inter-no-sign", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-no-sign", NULL, NULL},
    {"expired-intermediate", "inter-expired", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-expired", NULL, NULL},
    {"path-length", "inter-too-deep", "ec", -1, 90, LEAF, "@", GOOD_NAMES, "inter-too-deep inter-short", NULL, NULL},
    {"name-constraint", "inter-elsewhere", "ec", -1, 90, LEAF, "@", "DNS:@", "inter-elsewhere", NULL, NULL},
    {"bad-signature", "inter-ec", "ec", -1, 90, LEAF | TS_BAD_SIGNATURE, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"client-only", "inter-ec", "ec", -1, 90, LEAF | TS_CLIENT_ONLY, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"unknown-critical", "inter-ec", "ec", -1, 90, LEAF | TS_UNKNOWN_CRITICAL, "@", GOOD_NAMES, "inter-ec", NULL, NULL},
    {"negative-serial", "inter-ec", "ec", -1, 90, LEAF | TS_NEGATIVE_SERIAL, "@", GOOD_NAMES, "inter-ec", NULL, NULL},

    /* several things wrong: every one must be found */
    {"all-wrong", "foreign-inter", "ec", -90, -2, LEAF, "other.invalid", "DNS:other.invalid", "foreign-inter foreign-root", NULL, NULL},
    {"self-signed-expired", NULL, "ec", -90, -2, LEAF, "@", "DNS:other.invalid", NULL, NULL, NULL},
    {"expired-twice", "inter-expired", "ec", -90, -2, LEAF, "@", GOOD_NAMES, "inter-expired", NULL, NULL},
};
/* clang-format on */

const size_t ts_recipe_count = sizeof ts_recipes / sizeof *ts_recipes;
