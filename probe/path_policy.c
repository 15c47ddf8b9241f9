/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificate policies (RFC 5280 §6.1) where every policy will do: the initial set is anyPolicy and nothing
 * is demanded at the start. A path can then fail in one way only: a CA demands that some policy holds
 * (requireExplicitPolicy), and none is left that all certificates from the root down have.
 *
 * So the tree of valid policies is not kept, only its lowest level: a set of policies, and whether anyPolicy
 * is among them. The tree is NULL when that set is empty.
 */
#include "probe/algorithm.h"
#include "probe/path_rules.h"

struct level {
    struct sp_slice items[SP_LIMIT_POLICIES];
    size_t count;
    bool any;
    bool cut; /* there was no room for more of them */
};

struct counters {
    int explicit_policy, mapping, any_policy;
};

static bool is_any(struct sp_slice policy)
{
    static const char any_policy[] = "\x55\x1d\x20"; /* and a zero: 2.5.29.32.0 */
    return sp_oid_is(policy, any_policy, sizeof any_policy);
}

static bool has(const struct level *level, struct sp_slice policy)
{
    for (size_t i = 0; i < level->count; i++) {
        if (sp_slice_equal(level->items[i], policy)) {
            return true;
        }
    }
    return false;
}

static void add(struct level *level, struct sp_slice policy)
{
    if (has(level, policy)) {
        return;
    }
    if (level->count == SP_LIMIT_POLICIES) {
        level->cut = true;
        return;
    }
    level->items[level->count++] = policy;
}

static void drop(struct level *level, struct sp_slice policy)
{
    for (size_t i = 0; i < level->count; i++) {
        if (sp_slice_equal(level->items[i], policy)) {
            level->items[i--] = level->items[--level->count];
        }
    }
}

/* What a certificate lists: policies, or pairs of them. */
struct list {
    struct sp_der rest;
    size_t left; /* how many more we read */
};

static struct list start_list(struct sp_slice octets)
{
    struct list list = {.left = SP_LIMIT_POLICIES};
    sp_der_init(&list.rest, octets);
    return list;
}

/* The next policy, or the next pair; false: no more, or no more that we read. */
static bool next_policy(struct list *list, struct sp_slice *out_policy, struct sp_slice *out_other)
{
    struct sp_der inner;
    struct sp_der_value one, other;
    if (list->left == 0 || !sp_der_enter(&list->rest, SP_DER_SEQUENCE, &inner) ||
        !sp_der_expect(&inner, SP_DER_OID, &one)) {
        return false;
    }
    list->left--;
    *out_policy = one.content;
    if (out_other != NULL) {
        if (!sp_der_expect(&inner, SP_DER_OID, &other)) {
            return false;
        }
        *out_other = other.content;
    }
    return true;
}

/* §6.1.3 (d) and (e): what is left of the policies expected from above. */
static void narrow(struct level *level, const struct sp_cert *cert, bool any_counts)
{
    const struct level expected = *level;
    struct list list = start_list(cert->policies);
    struct sp_slice policy;
    bool any = false;
    level->count = 0;
    while (next_policy(&list, &policy, NULL)) {
        if (is_any(policy)) {
            any = any_counts;
        } else if (expected.any || has(&expected, policy)) {
            add(level, policy);
        }
    }
    for (size_t i = 0; any && i < expected.count; i++) {
        add(level, expected.items[i]);
    }
    level->any = any && expected.any;
    level->cut = level->cut || !sp_der_done(&list.rest);
}

/* §6.1.4 (b): what is expected of the certificate below. */
static void map(struct level *level, const struct sp_cert *cert, bool allowed)
{
    const struct level valid = *level;
    struct list list = start_list(cert->policy_mappings);
    struct sp_slice from, to;
    while (next_policy(&list, &from, &to)) {
        drop(level, from);
    }
    level->cut = level->cut || !sp_der_done(&list.rest);
    list = start_list(cert->policy_mappings);
    while (allowed && next_policy(&list, &from, &to)) {
        if (valid.any || has(&valid, from)) {
            add(level, to);
        }
    }
}

static void lower(int *counter, int limit)
{
    if (limit >= 0 && limit < *counter) {
        *counter = limit;
    }
}

/* §6.1.4 (h) to (j). */
static void count_down(struct counters *counters, const struct sp_cert *cert)
{
    if (!cert->self_issued) {
        counters->explicit_policy -= counters->explicit_policy > 0 ? 1 : 0;
        counters->mapping -= counters->mapping > 0 ? 1 : 0;
        counters->any_policy -= counters->any_policy > 0 ? 1 : 0;
    }
    lower(&counters->explicit_policy, cert->require_policy);
    lower(&counters->mapping, cert->inhibit_mapping);
    lower(&counters->any_policy, cert->inhibit_any_policy);
}

/* Where the last policy was lost, and how. */
struct loss {
    size_t index; /* in the route; its count: not at all */
    bool mapped;  /* by a mapping that was not allowed */
};

static void note_loss(struct loss *loss, const struct level *level, size_t count, size_t index,
                      bool mapped)
{
    if (loss->index == count && level->count == 0 && !level->any) {
        loss->index = index;
        loss->mapped = mapped;
    }
}

static void complain(struct sp_judge *judge, const struct sp_route *route, size_t demands,
                     const struct loss *loss)
{
    char demander[SP_LABEL_SIZE], label[SP_LABEL_SIZE];
    sp_cert_label(route->certs[demands], demander);
    sp_cert_label(route->certs[loss->index], label);
    sp_judge_add(judge, SP_FAULT, SP_REASON_CERTIFICATE_INVALID, route->depths[loss->index],
                 "%s demands a certificate policy for all certificates of the chain, and %s %s",
                 demander, label,
                 loss->mapped ? "maps those that it has to others, which is not allowed to it"
                              : "has none that its issuers have too");
}

/* Whether anybody on the route demands a policy; hardly ever so. */
static bool is_demanded(const struct sp_route *route, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (route->certs[i]->require_policy >= 0) {
            return true;
        }
    }
    return false;
}

void sp_judge_policies(struct sp_judge *judge, const struct sp_route *route)
{
    struct level level = {.any = true};
    /* §6.1.2 (d) to (f): one more than the path has certificates. */
    const int never = (int)SP_LIMIT_PATH_DEPTH + 1;
    struct counters counters = {never, never, never};
    /* The anchor is no part of the path (§6.1). */
    size_t count = route->count - (route->end == SP_PATH_END_ANCHOR ? 1 : 0);
    size_t demands = count;
    struct loss loss = {.index = count};
    if (!is_demanded(route, count)) {
        return;
    }
    for (size_t i = count; i-- > 0;) {
        const struct sp_cert *cert = route->certs[i];
        narrow(&level, cert, counters.any_policy > 0 || (i > 0 && cert->self_issued));
        note_loss(&loss, &level, count, i, false);
        if (counters.explicit_policy == 0 && loss.index < count) {
            break;
        }
        if (i > 0) {
            map(&level, cert, counters.mapping > 0);
            note_loss(&loss, &level, count, i, true);
            count_down(&counters, cert);
        } else if (cert->require_policy == 0) {
            counters.explicit_policy = 0; /* §6.1.5 (b) */
        } else if (counters.explicit_policy > 0) {
            counters.explicit_policy--; /* §6.1.5 (a) */
        }
        if (cert->require_policy >= 0) {
            demands = i;
        }
    }
    if (counters.explicit_policy != 0) {
        return;
    }
    if (level.cut) {
        sp_judge_add(judge, SP_FAULT, SP_REASON_CERTIFICATE_INVALID, -1,
                     "a certificate policy is demanded, and there are more policies than the %u "
                     "that we compare",
                     SP_LIMIT_POLICIES);
    } else if (loss.index < count && demands < count) {
        complain(judge, route, demands, &loss);
    }
}
