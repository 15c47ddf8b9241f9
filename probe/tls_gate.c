/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own word on what a server chose: no library is asked whether it was offered. */
#include "probe/tls_private.h"

#include <string.h>

static bool is_among(const uint16_t *numbers, size_t count, uint16_t wanted)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == wanted)
            return true;
    return false;
}

static bool gate_version(struct sp_tls *tls)
{
    const struct sp_tls_facts *facts = &tls->facts;
    if (facts->version >= tls->version_min && facts->version <= tls->version_max)
        return true;
    sp_tls_fail(tls, SP_REASON_TLS_PROTOCOL_ERROR,
                sp_arena_printf(tls->arena, "the server chose %s, which we didn't offer",
                                facts->version_text ? facts->version_text : "a TLS version"),
                "the server chose a TLS version that we didn't offer");
    return false;
}

static bool gate_suite(struct sp_tls *tls)
{
    const struct sp_tls_facts *facts = &tls->facts;
    if (is_among(tls->suites, tls->suite_count, facts->suite) &&
        sp_tls_suite_is_13(facts->suite) == (facts->version == SP_TLS_1_3))
        return true;
    const char *name = facts->cipher ? facts->cipher : "without a known name";
    sp_tls_fail(tls, SP_REASON_TLS_PROTOCOL_ERROR,
                sp_arena_printf(
                    tls->arena,
                    "the server chose the cipher suite %s (0x%04x), which we "
                    "didn't offer%s",
                    name, facts->suite,
                    strstr(name, "_anon_") ? ": an anonymous session without a certificate" : ""),
                "the server chose a cipher suite that we didn't offer");
    return false;
}

/* RFC 8422 §5.1: the server takes one of the client's groups or none. A prime up to TLS 1.2 is no group
 * that is offered by a number. */
static bool gate_group(struct sp_tls *tls)
{
    const struct sp_tls_hello *hello = tls->hello;
    if (!hello || !hello->server_hello || hello->group == 0 ||
        is_among(tls->groups, tls->group_count, hello->group))
        return true;
    const struct sp_tls_group *group = sp_tls_group_find(hello->group);
    sp_tls_fail(tls, SP_REASON_TLS_PROTOCOL_ERROR,
                sp_arena_printf(tls->arena,
                                "the server chose the group %s (0x%04x), which we didn't offer",
                                group ? group->name : "without a known name", hello->group),
                "the server chose a group that we didn't offer");
    return false;
}

bool sp_tls_gate_choice(struct sp_tls *tls)
{
    sp_tls_note_choice(tls);
    if (tls->facts.suite == 0)
        return true;
    return gate_version(tls) && gate_suite(tls) && gate_group(tls);
}

bool sp_tls_gate_pass(struct sp_tls *tls)
{
    if (tls->out_of_memory) {
        sp_tls_fail(tls, SP_REASON_INTERNAL_ERROR, NULL,
                    "out of memory while keeping the server's certificates");
        return false;
    }
    if (!sp_tls_gate_choice(tls))
        return false;
    if (tls->facts.suite == 0 || !tls->certificate_seen || tls->facts.cert_count == 0) {
        sp_tls_fail(tls, SP_REASON_TLS_PROTOCOL_ERROR, NULL,
                    "the server completed an anonymous handshake without a certificate, "
                    "which we didn't offer");
        return false;
    }
    if (!sp_tls_note_protocol(tls)) {
        sp_tls_fail(tls, SP_REASON_TLS_PROTOCOL_ERROR, NULL,
                    "the server chose an application protocol (ALPN) that we didn't offer");
        return false;
    }
    return true;
}
