/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One login of one mechanism, step by step, without a session or a thread around it. */
#ifndef SP_TESTS_SASL_PLAY_H
#define SP_TESTS_SASL_PLAY_H

#include "probe/sasl.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

/* As a login whose secret was read just now. NULL: none. The nonces are octets 0xaa. */
static inline struct sp_sasl *play_begin(const char *name, const char *user, const char *secret)
{
    const struct sp_sasl_mech *mech = sp_sasl_find(name, strlen(name));
    assert_non_null(mech);
    struct sp_sasl_config config = {.mech = mech, .host = "mx.example.org", .port = 587};
    memset(config.random, 0xaa, sizeof config.random);
    struct sp_sasl *sasl = sp_sasl_new(&config);
    assert_non_null(sasl);
    sasl->prepared = true;
    sasl->user = user ? strdup(user) : NULL;
    if (secret)
        *(mech->needs & SP_SASL_NEEDS_TOKEN ? &sasl->token : &sasl->password) = strdup(secret);
    return sasl;
}

/* NULL: the step before any challenge. The server's octets stand in a block of just their size. */
static inline enum sp_sasl_result play_step(struct sp_sasl *sasl, const void *challenge, size_t len)
{
    if (challenge)
        assert_true(sp_sasl_challenge(sasl, challenge, len));
    sp_sasl_compute(sasl);
    return sasl->result;
}

static inline enum sp_sasl_result play_text(struct sp_sasl *sasl, const char *challenge)
{
    return play_step(sasl, challenge, challenge ? strlen(challenge) : 0);
}

static inline void play_expect(const struct sp_sasl *sasl, const void *octets, size_t len)
{
    if (sasl->result != SP_SASL_RESPOND)
        fail_msg("%s: result %d, %s", sasl->mech->name, (int)sasl->result, sasl->detail);
    if (sasl->out.len != len || (len > 0 && memcmp(sasl->out.data, octets, len) != 0))
        fail_msg("%s: \"%.*s\" instead of \"%.*s\"", sasl->mech->name, (int)sasl->out.len,
                 (const char *)sasl->out.data, (int)len, (const char *)octets);
}

#endif
