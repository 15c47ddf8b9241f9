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
    /* One line without CR, LF, at most SP_LIMIT_COMMAND_AUTH - 2 octets; else the session ends with
     * internal-error, and nothing of it is sent. */
    const char *text;
    bool secret; /* stands as <hidden> in the transcript */
    int needs;   /* the code without which no further command is sent; 0: any will do */
};

/*
 * The commands follow the last hello that was answered with 250, each after the reply to the one
 * before; then comes QUIT. Their replies are facts, whatever they say: evidence->answers. Only what ends
 * every session ends this one too: 421, no reply, what is no reply. Commands of one phase stand
 * together, as a phase has one span.
 *
 * The script and all it points at must outlive the evidence; several sessions may share it.
 */
struct sp_script {
    bool helo; /* where no TLS by STARTTLS is wanted: HELO, EHLO is not tried; not for LMTP */
    const char
        *preamble; /* octets that go out as soon as the connection stands, before TLS; or NULL */
    const struct sp_script_command *commands;
    size_t command_count; /* at most SP_LIMIT_COMMANDS */
    /* Asked once, when the last hello was answered with 250 and there are commands: may they be sent?
     * NULL: yes. No: QUIT follows at once. Pure: looks at the facts only. */
    bool (*may_begin)(const void *data, const struct sp_evidence *evidence);
    const void *data;
    /* Masked with '*' wherever the server repeats them, before anything is stored: in every reply (so
     * also in what is compared with it), in what is no reply, in a failure's detail. Not in
     * certificates. NULL: none. */
    const struct sp_secrets *secrets;
};

#endif
