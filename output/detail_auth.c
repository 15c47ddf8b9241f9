/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The login in one row. */
#include "checks/server_said.h"
#include "output/detail.h"
#include "output/facts.h"
#include "output/style.h"

#include <string.h>

#define SAID_SIZE 256u

static void write_verdict(struct sp_flow *flow, const struct sp_auth *auth)
{
    static const enum sp_tone tones[] = {
        [SP_AUTH_NONE] = SP_TONE_CRITICAL,     [SP_AUTH_OK] = SP_TONE_OK,
        [SP_AUTH_REJECTED] = SP_TONE_CRITICAL, [SP_AUTH_TEMPORARY] = SP_TONE_WARNING,
        [SP_AUTH_SKIPPED] = SP_TONE_WARNING,   [SP_AUTH_UNKNOWN] = SP_TONE_CRITICAL};
    flow->tone = tones[auth->result];
    sp_flow_itemf(flow, "%s", sp_fact_login(auth->result));
    flow->tone = SP_TONE_PLAIN;
    if (auth->reply != NULL && auth->reply->enhanced != NULL)
        sp_flow_itemf(flow, "%d %s", auth->reply->code, auth->reply->enhanced);
    else if (auth->reply != NULL)
        sp_flow_itemf(flow, "%d", auth->reply->code);
}

/* -v: how it came about. */
static void write_course(struct sp_flow *flow, const struct sp_auth *auth)
{
    char said[SAID_SIZE];

    if (auth->rounds > 0)
        sp_flow_itemf(flow, "%u challenge%s", auth->rounds, auth->rounds == 1 ? "" : "s");
    if (auth->iterations > 0)
        sp_flow_itemf(flow, "%u iterations", auth->iterations);
    if (auth->server_said != NULL)
        sp_flow_itemf(flow, "the server says: %s",
                      sp_word_server_said(said, sizeof said, auth->server_said));
}

void sp_detail_write_auth(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_auth *auth)
{
    struct sp_flow flow;

    if (!sp_fact_login_tried(auth))
        return;
    sp_flow_begin_row(&flow, writer, render, "auth");
    if (auth->mechanism != NULL)
        sp_flow_item(&flow, auth->mechanism, strlen(auth->mechanism));
    if (auth->channel_binding != NULL)
        sp_flow_itemf(&flow, "bound by %s", auth->channel_binding);
    if (auth->server_proven)
        sp_flow_itemf(&flow, "server proven");
    write_verdict(&flow, auth);
    if (auth->exposed)
        sp_flow_itemf(&flow, "secret sent unprotected");
    if (render->verbose > 0)
        write_course(&flow, auth);
    sp_flow_end(&flow);
}
