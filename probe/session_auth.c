/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/auth.h"
#include "probe/session_private.h"

#include <sys/random.h>

void sp_session_prepare_login(struct sp_session *session)
{
    struct sp_login *login = &session->dialogue.login;
    login->wanted = sp_auth_wanted(session->config.endpoint->options);
    if (!login->wanted)
        return;
    login->credentials = session->config.materials->credentials;
    login->now_ms = session->evidence->started_ms;
    /* Does not block once the machine is up, and gives that few octets as a whole (getrandom(2)). */
    login->fresh = getrandom(login->random, sizeof login->random, 0) == sizeof login->random;
}

void sp_session_bind_login(struct sp_session *session)
{
    if (session->dialogue.login.wanted)
        session->dialogue.login.binding = sp_conn_binding(session->conn);
}

/* --- computing -------------------------------------------------------------------------------- */

static void run(void *job)
{
    sp_sasl_compute(job);
}

static void cancel(void *job)
{
    sp_sasl_cancel(job);
}

static void release(void *job)
{
    sp_sasl_free(job);
}

static void on_done(void *owner)
{
    struct sp_session *session = owner;
    session->work = NULL;
    sp_session_on_computed(session);
}

bool sp_session_compute(struct sp_session *session)
{
    struct sp_sasl *sasl = session->dialogue.sasl;
    const struct sp_work_job job = {.run = run,
                                    .cancel = cancel,
                                    .release = release,
                                    .done = on_done,
                                    .job = sasl,
                                    .owner = session,
                                    .waits = (sasl->mech->needs & SP_SASL_NEEDS_TICKET) != 0};
    session->work = sp_work_start(session->config.services->loop, &job);
    return session->work != NULL;
}

void sp_session_abandon_work(struct sp_session *session)
{
    if (!session->work)
        return;
    (void)sp_dialogue_take_sasl(&session->dialogue); /* the work's now */
    sp_work_abandon(session->work);
    session->work = NULL;
}
