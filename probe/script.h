/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a program has the dialogue say beyond the probe's own words: commands between the last hello and
 * QUIT, and how it begins. Not an option of the table; a program sets options->script.
 */
#ifndef SP_PROBE_SCRIPT_H
#define SP_PROBE_SCRIPT_H

#include "probe/phase.h"
#include "probe/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_evidence;

struct sp_script_command {
    enum sp_phase phase; /* SP_PHASE_MAIL or SP_PHASE_AUTH: what its time is counted as */
    const char *text;    /* one line without CR, LF, at most SP_LIMIT_COMMAND - 2 octets */
    bool secret;         /* stands as <hidden> in the transcript */
    int needs;           /* the code without which no further command is sent; 0: any will do */
};

struct sp_script {
    bool helo;            /* where no TLS by STARTTLS is wanted: HELO, EHLO is not tried */
    const char *preamble; /* octets that go out as soon as the connection stands, before TLS; or NULL */
    const struct sp_script_command *commands;
    size_t command_count; /* at most SP_LIMIT_COMMANDS */
    /* Asked once, when the last hello was answered with 250: may the commands be sent? NULL: yes. No:
     * QUIT follows at once. Pure: looks at the facts only. */
    bool (*may_begin)(const void *data, const struct sp_evidence *evidence);
    const void *data;
    /* Masked with '*' wherever the server repeats them, before anything is stored; or NULL. */
    const struct sp_secrets *secrets;
};

#endif
