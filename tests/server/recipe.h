/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of certificates: what each kind is, as data. Only pki.c reads it. */
#ifndef TS_RECIPE_H
#define TS_RECIPE_H

#include <stddef.h>

enum ts_recipe_flag {
    TS_CA = 1 << 0,           /* basicConstraints CA:TRUE, keyUsage keyCertSign */
    TS_CA_FALSE = 1 << 1,     /* an issuer that says CA:FALSE */
    TS_VERSION_1 = 1 << 2,    /* X.509 version 1: no extension at all */
    TS_NO_CERT_SIGN = 1 << 3, /* keyUsage of a CA without keyCertSign */
    TS_BAD_SIGNATURE = 1 << 4,
    TS_CLIENT_ONLY = 1 << 5,      /* extendedKeyUsage clientAuth alone */
    TS_UNKNOWN_CRITICAL = 1 << 6, /* a critical extension nobody knows */
    TS_NEGATIVE_SERIAL = 1 << 7,
    TS_MUST_STAPLE = 1 << 9, /* RFC 7633 */
    TS_OCSP = 1 << 10,       /* extendedKeyUsage OCSPSigning alone */
    TS_LEAF = 1 << 8,        /* may be asked for by a server; the others only issue or go along */
};

struct ts_recipe {
    const char *name;
    const char *issuer; /* name of another recipe; NULL = signs itself */
    const char *key;    /* keys of one name are made once and shared */
    int from_day, to_day;
    unsigned flags;
    const char *cn; /* "@" stands for the server's name */
    const char *
        san; /* "DNS:a|IP:b|EMAIL:c", "\0" is a NUL byte, "@" the server's name; NULL = no extension */
    const char *send;   /* recipes sent behind the leaf, in this order, separated by blanks */
    const char *digest; /* NULL = SHA-256 (none for Ed25519) */
    const char *
        constraint; /* extra text: pathlen of basicConstraints ("0") or nameConstraints ("permitted;DNS:…") */
};

extern const struct ts_recipe ts_recipes[];
extern const size_t ts_recipe_count;

#endif
