/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts of one X.509 certificate (RFC 5280 §4), read from DER by our own parser: wolfSSL refuses
 * certificates that we still want to describe (unknown critical extension, odd keys), and drops others.
 * Slices point into the DER, which the caller keeps alive (usually in the same arena).
 */
#ifndef SP_PROBE_CERT_H
#define SP_PROBE_CERT_H

#include "probe/algorithm.h"
#include "probe/arena.h"
#include "probe/der.h"
#include "probe/limits.h"
#include "probe/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_key_type {
    SP_KEY_UNKNOWN,
    SP_KEY_RSA,
    SP_KEY_EC,
    SP_KEY_ED25519,
    SP_KEY_ED448,
    SP_KEY_DSA
};

/* Bits of sp_cert.key_usage that are asked for (RFC 5280 §4.2.1.3). */
enum {
    SP_USAGE_DIGITAL_SIGNATURE = 1u << 0,
    SP_USAGE_KEY_ENCIPHERMENT = 1u << 2,
    SP_USAGE_KEY_AGREEMENT = 1u << 4,
    SP_USAGE_KEY_CERT_SIGN = 1u << 5,
    SP_USAGE_CRL_SIGN = 1u << 6
};

enum sp_name_type { SP_NAME_DNS, SP_NAME_IP, SP_NAME_EMAIL, SP_NAME_URI, SP_NAME_OTHER };
struct sp_cert_name {
    enum sp_name_type type;
    struct sp_text value; /* raw octets: text for DNS/EMAIL/URI, 4 or 16 octets for IP */
};

struct sp_cert {
    struct sp_slice der;             /* the whole certificate */
    bool parsed;                     /* false: `error` says why; only der and digests are valid */
    const char *error;               /* static string, or NULL */
    int version;                     /* 1..3 */
    struct sp_slice tbs;             /* TBSCertificate with its header: what is signed */
    struct sp_slice serial;          /* content octets of the INTEGER */
    struct sp_slice issuer, subject; /* DER of the Name with its header, for sp_dn_… */
    const char *issuer_text,
        *subject_text;             /* RFC 4514 form ("CN=mx.example.org,O=Example"), made safe:
                                               valid UTF-8, no control characters */
    const char *common_name;       /* last CN of the subject, made safe, or NULL */
    int64_t not_before, not_after; /* Unix seconds; years 0000..9999 */
    bool time_valid;               /* both times could be read */
    struct sp_slice spki;          /* SubjectPublicKeyInfo with its header */
    struct sp_slice key_bits;      /* the BIT STRING's octets */
    bool key_pss;                  /* RSA key for PSS signatures only (RFC 4055 §1.2) */
    enum sp_key_type key_type;
    bool
        key_costly; /* RSA: the exponent is beyond SP_LIMIT_RSA_EXPONENT; signatures are not checked */
    unsigned key_bits_count; /* 2048, 256, …; 0 = unknown */
    const char *key_text;    /* "RSA 2048", "EC P-256", "Ed25519" */
    enum sp_sig_alg sig_alg;
    const char *sig_text; /* OpenSSL's long name: "ecdsa-with-SHA256"; OID in dots if unknown */
    enum sp_hash sig_hash;
    struct sp_slice sig_alg_der; /* outer AlgorithmIdentifier with its header */
    bool sig_alg_match;          /* inner and outer AlgorithmIdentifier are the same octets */
    struct sp_slice signature;   /* the BIT STRING's octets */
    struct sp_cert_name *names;  /* subjectAltName, in order */
    size_t name_count;
    bool names_cut; /* more than SP_LIMIT_NAMES */
    bool has_san;
    struct sp_slice san; /* all entries, one GeneralName behind the other: see
                                        sp_cert_next_name; `names` may be cut */
    bool has_basic_constraints, is_ca;
    int path_len; /* -1: none */
    bool has_key_usage;
    uint16_t key_usage; /* bit 0 = digitalSignature … bit 8 = decipherOnly */
    bool has_ext_key_usage, eku_server_auth, eku_any;
    bool eku_ocsp_signing; /* RFC 6960 §4.2.2.2: may sign OCSP answers for its issuer */
    bool ocsp_nocheck; /* RFC 6960 §4.2.2.2.1: a responder whose own revocation is not asked for */
    struct sp_slice crl_points;       /* value of cRLDistributionPoints, or empty */
    struct sp_slice ski, aki;         /* key identifiers, or empty */
    struct sp_slice name_constraints; /* extension value, or empty */
    /* PolicyInformation, and pairs of policies, one behind the other: see path_policy.c. */
    struct sp_slice policies, policy_mappings;
    int require_policy, inhibit_mapping; /* policyConstraints: certificates to skip; -1: not said */
    int inhibit_any_policy;              /* the same of inhibitAnyPolicy */
    bool unknown_critical;               /* a critical extension that we don't process */
    const char *unknown_critical_oid;    /* its OID in dots, or NULL */
    bool must_staple;                    /* RFC 7633 TLS feature status_request */
    bool self_issued;                    /* issuer == subject */
    const char
        *flaws[SP_LIMIT_CERT_FLAWS]; /* what breaks RFC 5280 though the rest can be read, each a
                                               part of a sentence: "its keyUsage is malformed" */
    size_t flaw_count;
    char sha256[65], spki_sha256[65]; /* lower-case hex; spki_sha256 empty when !parsed */
};

/*
 * Parses one certificate. `der` must outlive *out_cert. Strings and arrays are allocated from
 * `arena`. Returns false only when out of memory; a broken certificate is a fact (`parsed` false).
 */
bool sp_cert_parse(struct sp_arena *arena, const uint8_t *der, size_t len,
                   struct sp_cert *out_cert);
/* The same without the digests, for the many certificates of a trust store. */
bool sp_cert_read(struct sp_arena *arena, const uint8_t *der, size_t len, struct sp_cert *out_cert);
/*
 * Only where the subject's Name stands; nothing is allocated and no text is made. NULL when
 * sp_cert_read would find this certificate `parsed`, else its `error`: both walk by the same code.
 */
const char *sp_cert_outline(const uint8_t *der, size_t len, struct sp_slice *out_subject);

/* One GeneralName (RFC 5280 §4.2.1.6), as it stands in the DER. */
struct sp_general_name {
    enum sp_name_type type;
    unsigned tag;          /* tells the kinds of SP_NAME_OTHER apart */
    struct sp_slice value; /* content octets; no NUL stands behind them */
};

/* Reads the next of cert->san; start with sp_der_init(&names, cert->san). False: no more. */
bool sp_cert_next_name(struct sp_der *names, struct sp_general_name *out_name);

#endif
