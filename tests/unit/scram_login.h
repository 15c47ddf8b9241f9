/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SCRAM login from its credentials on, with nonces that the test chooses. */
#ifndef SP_TESTS_SCRAM_LOGIN_H
#define SP_TESTS_SCRAM_LOGIN_H

#include "probe/credentials.h"
#include "probe/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Octets 0 to 23 in base64, which is what `random` makes of it. */
#define OUR_NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

/* Of binding->type SP_BINDING_NONE: without TLS. `ask` gives the password, as a prompt would. */
static struct sp_sasl *login_begin(const char *mech, const char *user, sp_credentials_ask *ask,
                                   const struct sp_binding *binding)
{
    struct sp_options options;
    struct sp_sasl_config config = {.mech = sp_sasl_find(mech, strlen(mech)),
                                    .user = user,
                                    .host = "mx.example.org",
                                    .port = 587,
                                    .binding = *binding};
    const char *option = NULL;
    char error[256] = "";
    bool exposed = false;
    assert_non_null(config.mech);
    for (size_t i = 0; i < sizeof config.random; i++)
        config.random[i] = (uint8_t)i;
    sp_options_init(&options);
    options.user = user;
    struct sp_credentials *credentials =
        sp_credentials_load(&options, ask, &exposed, &option, error, sizeof error);
    if (credentials == NULL)
        fail_msg("%s", error);
    config.credentials = credentials;
    struct sp_sasl *sasl = sp_sasl_new(&config);
    sp_credentials_free(credentials);
    assert_non_null(sasl);
    return sasl;
}

/* The answer to what the server says (NULL: the first word), where there is one. */
static enum sp_sasl_result login_hear(struct sp_sasl *sasl, const void *octets, size_t len)
{
    if (octets != NULL)
        assert_true(sp_sasl_challenge(sasl, octets, len));
    sp_sasl_compute(sasl);
    return sasl->result;
}

#endif
