/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Building (RFC 4158 has the ideas): from the leaf towards an anchor, depth first. The issuers that
 * are tried for a certificate are the anchors with the issuer's name, then the certificates that were
 * sent with that name, the likeliest first. Each route that comes to an end is judged by
 * path_rules.c; the first one without a fault is taken, else the best one that was seen.
 *
 * A server chooses the certificates, so the work is capped twice: by signature checks (the result for
 * each pair is kept) and by steps.
 */
#include "probe/path.h"

#include "probe/crypto.h"
#include "probe/dn.h"
#include "probe/limits.h"
#include "probe/name.h"
#include "probe/path_rules.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MAX_CANDIDATES (SP_LIMIT_PATH_ANCHORS + SP_LIMIT_CERTS)

enum edge { EDGE_UNKNOWN, EDGE_GOOD, EDGE_BAD, EDGE_UNSUPPORTED, EDGE_SKIPPED };

/* A certificate that may have issued another one. */
struct candidate {
    const struct sp_cert *cert;
    int depth;   /* -1: an anchor */
    size_t slot; /* where its signature check is remembered */
    unsigned rank;
};

struct builder {
    const struct sp_cert *certs;
    size_t count;
    const struct sp_trust *trust; /* NULL: none */
    int64_t now;
    unsigned checks, steps, constraint_steps;
    bool gave_up, out_of_memory;
    uint8_t edges[SP_LIMIT_CERTS][MAX_CANDIDATES];
    struct sp_route route, best;
    uint64_t best_score;
    bool has_best;
};

/* --- edges -------------------------------------------------------------------------------------- */

/* The same name and key: the same CA again, which makes a loop (RFC 4158 §2.4.2). */
static bool is_on_route(const struct sp_route *route, const struct sp_cert *cert)
{
    for (size_t i = 0; i < route->count; i++) {
        if (sp_slice_equal(route->certs[i]->spki, cert->spki) &&
            sp_dn_equal(route->certs[i]->subject, cert->subject)) {
            return true;
        }
    }
    return false;
}

static void add_candidate(const struct builder *b, const struct sp_cert *tip,
                          const struct candidate *candidate, struct candidate *list, size_t *count)
{
    struct candidate added = *candidate;
    if (is_on_route(&b->route, added.cert)) {
        return;
    }
    bool in_time = added.cert->time_valid && b->now >= added.cert->not_before &&
                   b->now <= added.cert->not_after;
    /* Key identifiers are hints (RFC 4158 §3.5.12): a signature that verifies is stronger, so they only
     * put a candidate to the end of the line. */
    added.rank = (sp_key_ids_differ(tip, added.cert) ? 4u : 0u) + (in_time ? 0u : 2u) +
                 (added.depth < 0 ? 0u : 1u);
    size_t i = (*count)++;
    while (i > 0 && list[i - 1].rank > added.rank) {
        list[i] = list[i - 1];
        i--;
    }
    list[i] = added;
}

static size_t find_candidates(struct builder *b, const struct sp_cert *tip,
                              struct candidate list[MAX_CANDIDATES])
{
    const struct sp_cert *anchors[SP_LIMIT_PATH_ANCHORS];
    size_t count = 0, found = 0;
    if (b->trust != NULL &&
        !sp_trust_find(b->trust, tip->issuer, anchors, SP_LIMIT_PATH_ANCHORS, &found)) {
        b->out_of_memory = true;
        return 0;
    }
    for (size_t i = 0; i < found && i < SP_LIMIT_PATH_ANCHORS; i++) {
        struct candidate candidate = {anchors[i], -1, i, 0};
        add_candidate(b, tip, &candidate, list, &count);
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct sp_cert *cert = &b->certs[i];
        if (cert->parsed && sp_dn_equal(cert->subject, tip->issuer) &&
            (b->trust == NULL || !sp_trust_has(b->trust, cert))) {
            struct candidate candidate = {cert, (int)i, SP_LIMIT_PATH_ANCHORS + i, 0};
            add_candidate(b, tip, &candidate, list, &count);
        }
    }
    return count;
}

/* Checks a signature, or remembers how that went. `tip` is an index into the chain. */
static enum edge check_edge(struct builder *b, size_t tip, const struct sp_cert *issuer,
                            size_t slot)
{
    if (b->edges[tip][slot] != EDGE_UNKNOWN) {
        return (enum edge)b->edges[tip][slot];
    }
    enum edge edge = EDGE_SKIPPED;
    if (b->checks == SP_LIMIT_PATH_TRIES) {
        b->gave_up = true;
        return edge;
    }
    b->checks++;
    switch (sp_crypto_check_signature(&b->certs[tip], issuer)) {
    case SP_CRYPTO_GOOD: edge = EDGE_GOOD; break;
    case SP_CRYPTO_BAD: edge = EDGE_BAD; break;
    case SP_CRYPTO_UNSUPPORTED: edge = EDGE_UNSUPPORTED; break;
    case SP_CRYPTO_NO_MEMORY: b->out_of_memory = true; break;
    }
    b->edges[tip][slot] = (uint8_t)edge;
    return edge;
}

/* --- routes ------------------------------------------------------------------------------------- */

/* The route has come to an end: keeps it when it is the best so far. */
static void end_route(struct builder *b, enum sp_path_end end)
{
    struct sp_judge judge = {.now = b->now, .constraint_steps = b->constraint_steps};
    b->route.end = end;
    sp_judge_route(&judge, &b->route);
    b->constraint_steps = judge.constraint_steps;
    uint64_t score = (uint64_t)judge.faults << 32 | judge.weaknesses;
    if (!b->has_best || score < b->best_score) {
        b->best = b->route;
        b->best_score = score;
        b->has_best = true;
    }
}

static bool is_done(const struct builder *b)
{
    return b->out_of_memory || (b->has_best && b->best_score == 0);
}

static void extend(struct builder *b, size_t tip);

/* Goes on to one issuer and comes back. */
static void follow(struct builder *b, const struct candidate *candidate)
{
    struct sp_route *route = &b->route;
    route->certs[route->count] = candidate->cert;
    route->depths[route->count] = candidate->depth;
    route->count++;
    if (candidate->depth < 0) {
        end_route(b, SP_PATH_END_ANCHOR);
    } else {
        extend(b, (size_t)candidate->depth);
    }
    route->count--;
    uint32_t below = (UINT32_C(1) << route->count) - 1;
    route->bad &= below >> 1;
    route->unsupported &= below >> 1;
}

/* Nobody's key made the tip's signature: the likeliest of those with the right name is said to be
 * the issuer, unless the key identifiers tell that it is not. */
static bool follow_despite(struct builder *b, size_t tip, const struct candidate *list,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum edge edge = (enum edge)b->edges[tip][list[i].slot];
        if (sp_key_ids_differ(&b->certs[tip], list[i].cert) ||
            (edge != EDGE_BAD && edge != EDGE_UNSUPPORTED)) {
            continue;
        }
        uint32_t bit = UINT32_C(1) << (b->route.count - 1);
        if (edge == EDGE_BAD) {
            b->route.bad |= bit;
        } else {
            b->route.unsupported |= bit;
        }
        follow(b, &list[i]);
        return true;
    }
    return false;
}

/* Whether the tip made its own signature. Names alone don't tell: a forged root has a true one's. */
static enum edge check_itself(struct builder *b, size_t tip)
{
    const struct sp_cert *cert = &b->certs[tip];
    if (!cert->self_issued || sp_key_ids_differ(cert, cert)) {
        return EDGE_SKIPPED;
    }
    return check_edge(b, tip, cert, SP_LIMIT_PATH_ANCHORS + tip);
}

/* The tip says that it is its own issuer, and the signature is wrong or can't be checked. That
 * matters for a leaf; nobody relies on the signature of a root. */
static void end_with_itself(struct builder *b, enum edge edge)
{
    if (b->route.count == 1 && edge == EDGE_BAD) {
        b->route.bad = 1;
    }
    end_route(b, SP_PATH_END_SELF_SIGNED);
    if (b->route.count == 1) {
        b->route.bad = 0;
    }
}

/* The tip's issuer is on the route already. */
static bool is_circle(struct builder *b, size_t tip)
{
    for (size_t i = 0; i + 1 < b->route.count; i++) {
        const size_t depth = (size_t)b->route.depths[i];
        if (sp_dn_equal(b->route.certs[i]->subject, b->certs[tip].issuer) &&
            check_edge(b, tip, b->route.certs[i], SP_LIMIT_PATH_ANCHORS + depth) == EDGE_GOOD) {
            return true;
        }
    }
    return false;
}

static void end_without_issuer(struct builder *b, size_t tip, const struct candidate *list,
                               size_t count)
{
    enum edge itself = check_itself(b, tip);
    if (b->out_of_memory) {
        return;
    }
    if (itself == EDGE_GOOD) {
        end_route(b, SP_PATH_END_SELF_SIGNED);
    } else if (follow_despite(b, tip, list, count)) {
        return;
    } else if (itself == EDGE_SKIPPED) {
        end_route(b, is_circle(b, tip) ? SP_PATH_END_CIRCLE : SP_PATH_END_NO_ISSUER);
    } else {
        end_with_itself(b, itself);
    }
}

/* No certificate comes twice on a route, so recursion is as deep as there are certificates. */
static void extend(struct builder *b, size_t tip)
{
    struct candidate list[MAX_CANDIDATES];
    if (b->steps == SP_LIMIT_PATH_STEPS) {
        b->gave_up = true;
    }
    if (is_done(b) || b->gave_up) {
        return;
    }
    b->steps++;
    size_t count = find_candidates(b, &b->certs[tip], list);
    bool followed = false;
    for (size_t i = 0; i < count && !is_done(b); i++) {
        if (check_edge(b, tip, list[i].cert, list[i].slot) == EDGE_GOOD) {
            follow(b, &list[i]);
            followed = true;
        }
    }
    if (!followed && !b->out_of_memory) {
        end_without_issuer(b, tip, list, count);
    }
}

static void build(struct builder *b)
{
    b->constraint_steps = SP_LIMIT_CONSTRAINT_STEPS;
    b->route.certs[0] = b->certs;
    b->route.depths[0] = 0;
    b->route.count = 1;
    if (b->trust != NULL && sp_trust_has(b->trust, b->certs)) {
        /* The user trusts this very certificate: nothing has to vouch for it. */
        end_route(b, SP_PATH_END_ANCHOR);
        return;
    }
    extend(b, 0);
    if (!b->has_best && !b->out_of_memory) {
        end_route(b, SP_PATH_END_NO_ISSUER);
    }
}

/* --- the rest of the verdict -------------------------------------------------------------------- */

static bool is_on_best(const struct builder *b, size_t index)
{
    for (size_t i = 0; i < b->best.count; i++) {
        if (b->best.depths[i] == (int)index) {
            return true;
        }
    }
    return false;
}

/* Another way may lead through it, as far as is known: not every signature was checked. */
static bool is_of_use(const struct builder *b, size_t index)
{
    for (size_t i = 0; i < b->count; i++) {
        enum edge edge = (enum edge)b->edges[i][SP_LIMIT_PATH_ANCHORS + index];
        if (i != index && b->certs[i].parsed && edge != EDGE_BAD &&
            (edge == EDGE_GOOD || !sp_key_ids_differ(&b->certs[i], &b->certs[index])) &&
            sp_dn_equal(b->certs[i].issuer, b->certs[index].subject)) {
            return true;
        }
    }
    return false;
}

/* How many of the first `end` certificates are the same as this one. */
static size_t count_copies(const struct builder *b, size_t index, size_t end)
{
    size_t copies = 0;
    for (size_t i = 0; i < end; i++) {
        copies += sp_slice_equal(b->certs[i].der, b->certs[index].der) ? 1 : 0;
    }
    return copies;
}

/* One that is not on the route. */
static void judge_stranger(struct sp_judge *judge, const struct builder *b, size_t index)
{
    const struct sp_cert *cert = &b->certs[index];
    char label[SP_LABEL_SIZE];
    size_t copies = count_copies(b, index, b->count), before = count_copies(b, index, index);
    if (!cert->parsed) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_INVALID, (int)index,
                     "certificate %zu of those sent cannot be read: %s", index + 1, cert->error);
        return;
    }
    sp_cert_label(cert, label);
    if (before == 1) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_CHAIN_ORDER, (int)index,
                     "%s was sent %zu times; once is enough", label, copies);
    } else if (before == 0 && !is_of_use(b, index)) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_CHAIN_ORDER, (int)index,
                     "%s was sent too and is not needed: it issued none of the others", label);
    }
}

/* Where the certificate at this place of the best route stands among those sent; INT_MAX: nowhere. */
static int find_sent(const struct builder *b, size_t place)
{
    if (b->best.depths[place] >= 0) {
        return b->best.depths[place];
    }
    for (size_t i = 0; i < b->count; i++) {
        if (sp_slice_equal(b->certs[i].der, b->best.certs[place]->der)) {
            return (int)i;
        }
    }
    return INT_MAX;
}

/* What was sent but is not on the route: broken ones, strangers, and the order (RFC 5246 §7.4.2; RFC
 * 8446 §4.4.2 asks clients to cope with any). */
static void judge_message(struct sp_judge *judge, const struct builder *b, size_t sent)
{
    bool ordered = true;
    for (size_t i = 1; i < b->best.count; i++) {
        ordered = ordered && find_sent(b, i) > find_sent(b, i - 1);
    }
    if (!ordered) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_CHAIN_ORDER, -1,
                     "the certificates were sent in the wrong order; each should be followed by "
                     "the one of its issuer");
    }
    for (size_t i = 1; i < b->count; i++) {
        if (!is_on_best(b, i)) {
            judge_stranger(judge, b, i);
        }
    }
    if (sent > b->count) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_CHAIN_ORDER, -1,
                     "%zu certificates were sent; only the first %u were looked at", sent,
                     SP_LIMIT_CERTS);
    }
    if (b->gave_up && b->best_score != 0) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_INVALID, -1,
                     "there are too many ways through the certificates sent: the search ended "
                     "after %u signature checks",
                     b->checks);
    }
}

/* What people must fix first comes first; of one reason, what breaks the trust. */
static unsigned urgency(const struct sp_problem *problem)
{
    static const enum sp_reason order[] = {
        SP_REASON_CERTIFICATE_REVOKED,          SP_REASON_CERTIFICATE_EXPIRED,
        SP_REASON_CERTIFICATE_HOST_MISMATCH,    SP_REASON_CERTIFICATE_NOT_YET_VALID,
        SP_REASON_CERTIFICATE_SELF_SIGNED,      SP_REASON_CERTIFICATE_NOT_TRUSTED,
        SP_REASON_CERTIFICATE_CHAIN_INCOMPLETE, SP_REASON_CERTIFICATE_INVALID,
        SP_REASON_CERTIFICATE_WEAK_KEY,         SP_REASON_CERTIFICATE_WEAK_SIGNATURE,
        SP_REASON_OCSP_STAPLE_MISSING,          SP_REASON_OCSP_INVALID,
        SP_REASON_CERTIFICATE_CHAIN_ORDER,
    };
    unsigned i = 0;
    while (i < sizeof order / sizeof order[0] && order[i] != problem->reason) {
        i++;
    }
    return 2 * i + (problem->fatal ? 0 : 1);
}

/* Insertion: the list is short, and equals keep their order. */
static void sort_problems(struct sp_problem *problems, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sp_problem moved = problems[i];
        size_t at = i;
        while (at > 0 && urgency(&problems[at - 1]) > urgency(&moved)) {
            problems[at] = problems[at - 1];
            at--;
        }
        problems[at] = moved;
    }
}

void sp_verify_add(struct sp_verify *verify, const struct sp_problem *problem)
{
    if (verify->problem_count == SP_LIMIT_PROBLEMS) {
        verify->problem_count--;
    }
    verify->problems[verify->problem_count++] = *problem;
    sort_problems(verify->problems, verify->problem_count);
}

/* The matched entry as text: a DNS name is ASCII by the matcher's grammar, an address is not. */
static const char *name_text(struct sp_arena *arena, const struct sp_general_name *name)
{
    char text[INET6_ADDRSTRLEN];
    if (name->type != SP_NAME_IP) {
        return sp_arena_strndup(arena, (const char *)name->value.data, name->value.len);
    }
    if (inet_ntop(name->value.len == 4 ? AF_INET : AF_INET6, name->value.data, text, sizeof text) ==
        NULL) {
        return NULL;
    }
    return sp_arena_strdup(arena, text);
}

/* Says which names the certificate has; a reader sees from them which host it was made for. */
static void add_mismatch(struct sp_judge *judge, const struct sp_cert *leaf, const char *reference)
{
    char list[256] = "";
    size_t used = 0, named = 0;
    struct sp_der names;
    struct sp_general_name name;
    size_t total = 0;
    sp_der_init(&names, leaf->san);
    while (sp_cert_next_name(&names, &name)) {
        const bool dns = name.type == SP_NAME_DNS;
        char address[INET6_ADDRSTRLEN];
        if (!dns && (name.type != SP_NAME_IP || (name.value.len != 4 && name.value.len != 16))) {
            continue;
        }
        total++;
        size_t room = sizeof list - used;
        if (named == 4 || (dns && name.value.len + 3 > room) || room < sizeof address + 3) {
            continue;
        }
        used += (size_t)snprintf(list + used, room, named > 0 ? ", " : "");
        if (!dns) {
            (void)inet_ntop(name.value.len == 4 ? AF_INET : AF_INET6, name.value.data, address,
                            sizeof address);
            used += (size_t)snprintf(list + used, sizeof list - used, "%s", address);
        }
        for (size_t i = 0; dns && i < name.value.len; i++) {
            uint8_t c = name.value.data[i];
            list[used++] = (char)(c > 0x20 && c < 0x7f ? c : '?');
        }
        list[used] = '\0';
        named++;
    }
    if (total == 0) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_HOST_MISMATCH, 0,
                     "the certificate is not for %s: it has no host name in subjectAltName%s",
                     reference,
                     leaf->common_name != NULL ? ", and the common name does not count" : "");
    } else if (named < total) {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_HOST_MISMATCH, 0,
                     "the certificate is not for %s but for %s%sother names (%zu in all)",
                     reference, list, named > 0 ? " and " : "", total);
    } else {
        sp_judge_add(judge, 0, SP_REASON_CERTIFICATE_HOST_MISMATCH, 0,
                     "the certificate is not for %s but for %s", reference, list);
    }
}

static bool judge_name(struct sp_judge *judge, const struct sp_cert *leaf, const char *reference,
                       struct sp_verify *out)
{
    struct sp_general_name matched;
    out->name_tested = true;
    out->name_match = sp_name_match(leaf, reference, &matched);
    if (!out->name_match) {
        add_mismatch(judge, leaf, reference);
        return true;
    }
    out->matched_name = name_text(judge->arena, &matched);
    return out->matched_name != NULL;
}

static bool fill_path(struct sp_arena *arena, const struct builder *b, struct sp_verify *out)
{
    out->path = sp_arena_array(arena, b->best.count, sizeof *out->path);
    if (out->path == NULL) {
        return false;
    }
    for (size_t i = 0; i < b->best.count; i++) {
        if (b->best.depths[i] >= 0) {
            out->path[out->path_count++] = b->best.depths[i];
        }
    }
    if (b->best.end == SP_PATH_END_ANCHOR) {
        out->anchor = b->best.certs[b->best.count - 1];
    }
    return true;
}

bool sp_path_validate(struct sp_arena *arena, const struct sp_cert *certs, size_t count,
                      const struct sp_trust *trust, const char *reference, int64_t now,
                      struct sp_verify *out_verify)
{
    struct builder builder = {.certs = certs, .trust = trust, .now = now};
    struct sp_judge judge = {
        .arena = arena, .now = now, .constraint_steps = SP_LIMIT_CONSTRAINT_STEPS};
    memset(out_verify, 0, sizeof *out_verify);
    if (count == 0) {
        return true;
    }
    builder.count = count < SP_LIMIT_CERTS ? count : SP_LIMIT_CERTS;
    builder.route.cut = count > SP_LIMIT_CERTS;
    judge.problems = sp_arena_array(arena, SP_LIMIT_PROBLEMS, sizeof *judge.problems);
    if (judge.problems == NULL) {
        return false;
    }
    out_verify->done = true;
    if (!certs[0].parsed) {
        sp_judge_add(&judge, 1, SP_REASON_CERTIFICATE_INVALID, 0,
                     "the server's certificate cannot be read: %s", certs[0].error);
    } else {
        build(&builder);
        if (builder.out_of_memory || !fill_path(arena, &builder, out_verify)) {
            return false;
        }
        sp_judge_route(&judge, &builder.best);
        out_verify->trusted = builder.best.end == SP_PATH_END_ANCHOR && judge.faults == 0;
        judge_message(&judge, &builder, count);
        if (reference != NULL && !judge_name(&judge, certs, reference, out_verify)) {
            return false;
        }
    }
    sort_problems(judge.problems, judge.count);
    out_verify->problems = judge.problems;
    out_verify->problem_count = judge.count;
    if (out_verify->trusted && out_verify->name_match) {
        out_verify->authenticated_by = "pkix";
    }
    return !judge.out_of_memory;
}
