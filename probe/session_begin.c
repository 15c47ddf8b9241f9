/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a session comes to be: its lookup, its clock, and a second try. */
#include "probe/session_private.h"
#include "probe/tls_chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The clock stands still while the runner keeps the session waiting for its turn. */
static void offer(struct sp_session *session)
{
    uv_timer_stop(&session->timer);
    session->paused_ns = uv_hrtime();
    session->config.events->resolved(session->config.data, session);
}

/* --- looking up ------------------------------------------------------------------------------- */

/* RFC 8305 §4: the families take turns, the first one as the resolver ordered it. */
static void interleave(struct sockaddr_storage *addresses, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        size_t other = i;
        while (other < count && addresses[other].ss_family == addresses[i - 1].ss_family)
            other++;
        if (other == count)
            return;
        struct sockaddr_storage moved = addresses[other];
        memmove(&addresses[i + 1], &addresses[i], (other - i) * sizeof *addresses);
        addresses[i] = moved;
    }
}

static bool keep_addresses(struct sp_session *session, const struct sockaddr_storage *addresses,
                           size_t count)
{
    struct sp_evidence *evidence = session->evidence;
    session->addresses = sp_arena_memdup(evidence->arena, addresses, count * sizeof *addresses);
    evidence->addresses = sp_arena_array(evidence->arena, count, sizeof *evidence->addresses);
    if (!session->addresses || !evidence->addresses)
        return false;
    session->address_count = count;
    interleave(session->addresses, count);
    for (size_t i = 0; i < count; i++) {
        char text[64] = "";
        uv_ip_name((const struct sockaddr *)&session->addresses[i], text, sizeof text);
        evidence->addresses[i] = sp_arena_strdup(evidence->arena, text);
        if (!evidence->addresses[i])
            return false;
    }
    evidence->address_count = count;
    return true;
}

static void on_answer(void *data, const struct sp_dns_answer *answer)
{
    struct sp_session *session = data;
    session->query = NULL;
    sp_session_end_span(session, SP_PHASE_RESOLVE);
    if (answer->canonical)
        session->evidence->canonical = sp_arena_strdup(session->evidence->arena, answer->canonical);
    if (answer->reason != SP_REASON_OK) {
        sp_session_finish_with(session, answer->reason, SP_PHASE_RESOLVE, answer->detail);
        return;
    }
    session->evidence->resolved = true;
    if (keep_addresses(session, answer->addresses, answer->count))
        offer(session);
    else
        sp_session_finish_with(session, SP_REASON_INTERNAL_ERROR, SP_PHASE_RESOLVE,
                               "out of memory");
}

static bool numeric_address(const struct sp_endpoint *endpoint, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    return uv_ip4_addr(endpoint->host, 0, (struct sockaddr_in *)(void *)out) == 0 ||
           uv_ip6_addr(endpoint->host, 0, (struct sockaddr_in6 *)(void *)out) == 0;
}

/* Hosts that need no lookup go on from the loop too, so that `resolved` never comes too early. */
static void on_no_lookup(uv_timer_t *timer)
{
    struct sp_session *session = timer->data;
    const struct sp_endpoint *endpoint = session->config.endpoint;
    struct sockaddr_storage address;
    if (endpoint->unix_path) {
        offer(session);
        return;
    }
    if (numeric_address(endpoint, &address) && keep_addresses(session, &address, 1)) {
        /* The user's own address is not an answer of a lookup. */
        session->evidence->address_count = 0;
        offer(session);
        return;
    }
    sp_session_finish_with(session, SP_REASON_INTERNAL_ERROR, SP_PHASE_RESOLVE, "out of memory");
}

static bool start_lookup(struct sp_session *session)
{
    const struct sp_endpoint *endpoint = session->config.endpoint;
    if (endpoint->unix_path || endpoint->numeric) {
        uv_timer_start(&session->timer, on_no_lookup, 0, 0);
        return true;
    }
    sp_session_begin_span(session, SP_PHASE_RESOLVE);
    sp_session_limit_phase(session, SP_PHASE_RESOLVE, 0);
    const char *name = endpoint->host;
    if (endpoint->absolute) /* the dot keeps the resolver from trying the search list */
        name = sp_arena_printf(session->evidence->arena, "%s.", endpoint->host);
    if (name == NULL)
        return false;
    session->query = sp_dns_resolve(session->config.services->dns, name, endpoint->options->family,
                                    on_answer, session);
    return session->query != NULL;
}

/* --- birth ------------------------------------------------------------------------------------ */

static struct sp_session *new_session(const struct sp_session_config *config)
{
    struct sp_session *session = calloc(1, sizeof *session);
    struct sp_evidence *evidence = session ? sp_evidence_new(config->endpoint) : NULL;
    if (!evidence) {
        free(session);
        return NULL;
    }
    session->config = *config;
    session->evidence = evidence;
    session->epoch_ns = uv_hrtime();
    evidence->started_ms = config->services->wall_ms();
    sp_dialogue_init(&session->dialogue, evidence);
    sp_session_prepare_login(session);
    uv_timer_init(config->services->loop, &session->timer);
    session->timer.data = session;
    session->handles = 1;
    return session;
}

struct sp_session *sp_session_new(const struct sp_session_config *config)
{
    struct sp_session *session = new_session(config);
    if (session && !start_lookup(session)) {
        /* From the loop: the caller must not see `done` before it has the session. */
        sp_evidence_fail(session->evidence, SP_REASON_INTERNAL_ERROR, SP_PHASE_RESOLVE, ENOMEM,
                         "out of memory");
        uv_timer_start(&session->timer, sp_session_on_timer, 0, 0);
    }
    return session;
}

/* What the lookup gave, for an evidence of another connection. False: out of memory. */
static bool copy_lookup(const struct sp_evidence *from, struct sp_evidence *to)
{
    to->started_ms = from->started_ms;
    to->resolved = from->resolved;
    to->spans[SP_PHASE_RESOLVE] = from->spans[SP_PHASE_RESOLVE];
    to->canonical = sp_arena_strdup(to->arena, from->canonical);
    return to->canonical != NULL || from->canonical == NULL;
}

struct sp_session *sp_session_new_sibling(const struct sp_session *first, size_t address_index,
                                          void *data)
{
    struct sp_session_config config = first->config;
    config.data = data;
    struct sp_session *session = new_session(&config);
    if (!session)
        return NULL;
    int64_t lookup_ns = first->evidence->spans[SP_PHASE_RESOLVE].ns;
    session->epoch_ns -= (uint64_t)lookup_ns;
    session->paused_ns = session->epoch_ns + (uint64_t)lookup_ns;
    if (!copy_lookup(first->evidence, session->evidence) ||
        !keep_addresses(session, first->addresses, first->address_count)) {
        sp_evidence_free(session->evidence);
        session->evidence = NULL;
        session->finished = true;
        uv_close((uv_handle_t *)&session->timer, sp_session_on_timer_closed);
        return NULL;
    }
    sp_session_pin(session, address_index);
    return session;
}

/* --- once more -------------------------------------------------------------------------------- */

/* Attempts at other addresses, from the race that is not run again. */
static bool copy_attempts(const struct sp_evidence *from, struct sp_evidence *to)
{
    to->attempts = sp_arena_array(to->arena, from->attempt_count, sizeof *to->attempts);
    if (from->attempt_count > 0 && !to->attempts)
        return false;
    for (size_t i = 0; i < from->attempt_count; i++) {
        to->attempts[i] = from->attempts[i];
        to->attempts[i].ip = sp_arena_strdup(to->arena, from->attempts[i].ip);
        if (!to->attempts[i].ip)
            return false;
    }
    to->attempt_count = from->attempt_count;
    return true;
}

static bool copy_addresses(const struct sp_evidence *from, struct sp_evidence *to)
{
    to->addresses = sp_arena_array(to->arena, from->address_count, sizeof *to->addresses);
    if (from->address_count > 0 && !to->addresses)
        return false;
    for (size_t i = 0; i < from->address_count; i++)
        if (!(to->addresses[i] = sp_arena_strdup(to->arena, from->addresses[i])))
            return false;
    to->address_count = from->address_count;
    return true;
}

/* The certificates and the staple. */
static bool copy_shown(const struct sp_tls_facts *from, struct sp_arena *arena,
                       struct sp_tls_facts *to)
{
    const struct sp_slice staple = from->ocsp_staple;
    *to = (struct sp_tls_facts){.tried = true,
                                .alert = -1,
                                .ocsp_requested = true,
                                .ocsp_begun_again = true,
                                .ocsp_staple_cut = from->ocsp_staple_cut,
                                .sni = sp_arena_strdup(arena, from->sni)};
    to->ocsp_staple =
        (struct sp_slice){sp_arena_memdup(arena, staple.data, staple.len), staple.len};
    for (size_t i = 0; i < from->cert_count; i++) {
        const struct sp_slice der = from->certs[i].der;
        if (sp_tls_chain_add(arena, to, der.data, der.len) == SP_TLS_CHAIN_MEMORY)
            return false;
    }
    return (staple.len == 0 || to->ocsp_staple.data) && (!from->sni || to->sni);
}

static struct sp_tls_former make_former(const struct sp_tls_facts *shown)
{
    struct sp_tls_former former = {.staple = shown->ocsp_staple,
                                   .staple_cut = shown->ocsp_staple_cut};
    if (shown->cert_count > 0)
        memcpy(former.leaf_sha256, shown->certs[0].sha256, sizeof former.leaf_sha256);
    return former;
}

bool sp_session_begin_again(struct sp_session *session)
{
    const struct sp_evidence *from = session->evidence;
    struct sp_evidence *to =
        session->begun_again ? NULL : sp_evidence_new(session->config.endpoint);
    const struct sockaddr_storage *peer = sp_conn_peer(session->conn);
    bool local = session->config.endpoint->unix_path != NULL;
    if (!to)
        return false;
    struct sockaddr_storage *address =
        local ? NULL : sp_arena_memdup(to->arena, peer, sizeof *address);
    if ((!local && !address) || !copy_lookup(from, to) || !copy_addresses(from, to) ||
        !copy_attempts(from, to) || !copy_shown(&from->tls, to->arena, &session->shown)) {
        sp_evidence_free(to);
        return false;
    }
    session->former = make_former(&session->shown);
    int64_t spent_ns = sp_session_elapsed_ns(session);
    if (from->spans[SP_PHASE_RESOLVE].start_ns >= 0)
        spent_ns -= from->spans[SP_PHASE_RESOLVE].ns;
    session->epoch_ns += (uint64_t)spent_ns;
    session->spent_ns = spent_ns;
    session->begun_again = true;
    session->addresses = address;
    session->address_count = local ? 0 : 1;
    sp_conn_close(session->conn, false); /* it doesn't look at its evidence any more */
    session->conn = NULL;
    sp_dialogue_free(&session->dialogue);
    sp_evidence_free(session->evidence);
    session->evidence = to;
    sp_dialogue_init(&session->dialogue, to);
    sp_session_prepare_login(session);
    sp_session_connect(session);
    return true;
}
