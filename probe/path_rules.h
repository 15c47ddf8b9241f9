/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of RFC 5280 §6.1 for one path that was built; a part of sp_path_validate. */
#ifndef SP_PROBE_PATH_RULES_H
#define SP_PROBE_PATH_RULES_H

#include "probe/path.h"

enum sp_path_end {
    SP_PATH_END_ANCHOR,      /* the last certificate is a trust anchor */
    SP_PATH_END_SELF_SIGNED, /* the last one is signed by itself and no anchor */
    SP_PATH_END_NO_ISSUER,   /* nobody has a certificate of the last one's issuer */
    SP_PATH_END_CIRCLE       /* the last one was issued by one that the route has been through */
};

struct sp_route {
    const struct sp_cert
        *certs[SP_LIMIT_PATH_DEPTH]; /* leaf first; with an anchor, that is the last */
    int depths[SP_LIMIT_PATH_DEPTH]; /* index in the chain as sent, -1: the anchor */
    size_t count;                    /* a leaf that is an anchor itself: 1 */
    enum sp_path_end end;
    bool cut;             /* more certificates were sent than are looked at */
    uint32_t bad;         /* bit i: the signature of certs[i] is not one by certs[i + 1] */
    uint32_t unsupported; /* bit i: it could not be checked */
};

/* Collects problems, or only counts them while the best route is looked for. */
struct sp_judge {
    struct sp_arena *arena; /* NULL: count only */
    struct sp_problem *problems;
    size_t count;
    int64_t now;
    unsigned constraint_steps;
    unsigned faults, weaknesses; /* faults are weighted: see sp_judge_add */
    bool out_of_memory;
};

/*
 * Adds a problem with a printf text. `fault`: what it takes from the trust in a route, 0 for what
 * leaves it trusted. Beyond SP_LIMIT_PROBLEMS it is counted only.
 */
void sp_judge_add(struct sp_judge *judge, unsigned fault, enum sp_reason reason, int depth,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What one certificate's breach of a rule takes from the trust in a route. */
#define SP_FAULT 1u

/* The key identifiers of a certificate and of its issuer name different keys. */
bool sp_key_ids_differ(const struct sp_cert *cert, const struct sp_cert *issuer);

/* Adds the problems of one route: how it ends, and each certificate on it. */
void sp_judge_route(struct sp_judge *judge, const struct sp_route *route);

/* Adds a problem when a policy is demanded that does not hold; a part of sp_judge_route. */
void sp_judge_policies(struct sp_judge *judge, const struct sp_route *route);

/* Writes a name for people, quoted and cut: its common name, else its subject. */
#define SP_LABEL_SIZE 112u
void sp_cert_label(const struct sp_cert *cert, char out_label[SP_LABEL_SIZE]);

#endif
