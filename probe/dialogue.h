/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SMTP conversation as a state machine without I/O: events in, one action out. It fills the
 * evidence's replies, capabilities, spans, login and transcript. It never talks first, never sends anything
 * but fixed verbs with a checked name, the one login that the options ask for and the lines of
 * options->script, and never goes on after an octet that doesn't belong there.
 *
 * Secrets of the login and of a script are masked in all that is stored. Lines that hold them are wiped from
 * the dialogue at the next step.
 */
#ifndef SP_PROBE_DIALOGUE_H
#define SP_PROBE_DIALOGUE_H

#include "probe/buf.h"
#include "probe/evidence.h"
#include "probe/limits.h"
#include "probe/reply.h"
#include "probe/sasl.h"
#include "probe/script.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_event_kind {
    SP_EVENT_OPENED,   /* the connection stands */
    SP_EVENT_BYTES,    /* octets of the server (plaintext) */
    SP_EVENT_TLS_UP,   /* the handshake is complete */
    SP_EVENT_COMPUTED, /* sp_sasl_compute has ended */
    SP_EVENT_FAILED    /* TLS failed, the server closed or reset, or a time is up: see reason */
};

struct sp_event {
    enum sp_event_kind kind;
    int64_t now_ns;      /* since the endpoint's start */
    const uint8_t *data; /* BYTES */
    size_t len;
    enum sp_reason reason; /* FAILED */
    int sys_errno;
    int send_errno;     /* FAILED: of octets that could not be sent before; 0: none */
    const char *detail; /* FAILED: one line; copied */
};

enum sp_action_kind {
    SP_ACTION_WAIT,      /* for more octets, the handshake or a time limit */
    SP_ACTION_SEND,      /* data[0..len), then wait */
    SP_ACTION_START_TLS, /* begin the handshake; nothing was received behind the reply */
    SP_ACTION_COMPUTE,   /* run sp_sasl_compute(dialogue->sasl), off the loop, then step COMPUTED */
    SP_ACTION_CLOSE      /* the conversation is over, well or not: see evidence->failure */
};

struct sp_action {
    enum sp_action_kind kind;
    const char *data; /* SEND: valid until the next step */
    size_t len;
};

enum sp_dialogue_state {
    SP_DIALOGUE_START,
    SP_DIALOGUE_BANNER,
    SP_DIALOGUE_EHLO,
    SP_DIALOGUE_HELO,
    SP_DIALOGUE_STARTTLS,
    SP_DIALOGUE_TLS,
    SP_DIALOGUE_AUTH_COMPUTE, /* meanwhile `sasl` is not the dialogue's to touch */
    SP_DIALOGUE_AUTH,
    SP_DIALOGUE_AUTH_CANCEL,
    SP_DIALOGUE_SCRIPT,
    SP_DIALOGUE_QUIT,
    SP_DIALOGUE_CLOSED,
    SP_DIALOGUE_STATE_COUNT
};

/* What a login needs from outside; set by the caller before the first step. All zero: there is none, whatever
 * the options say. */
struct sp_login {
    bool wanted;
    bool fresh;                               /* `random` could be had */
    const struct sp_credentials *credentials; /* NULL: none */
    struct sp_binding binding;                /* to be set before SP_EVENT_TLS_UP */
    uint8_t random[64];
    int64_t now_ms; /* Unix milliseconds */
};

struct sp_dialogue {
    struct sp_evidence *evidence;
    const struct sp_endpoint *endpoint;
    const struct sp_script *script;           /* or NULL */
    const struct sp_script_command *scripted; /* SCRIPT: the command that waits for its reply */
    enum sp_dialogue_state state;
    bool in_tls;
    int64_t asked_ns; /* when the reply that is being waited for was asked for */
    struct sp_reply_parser parser;
    char command[SP_LIMIT_COMMAND + 1];
    struct sp_buf line; /* of the login or script, with CRLF; wiped at the next step */
    struct sp_login login;
    struct sp_sasl *sasl;      /* from AUTH_COMPUTE on; NULL: no login was begun */
    bool auth_named;           /* the line with AUTH was sent */
    bool auth_held;            /* the initial response did not fit into it and waits */
    struct sp_buf challenge;   /* as it came: the reply that is kept has secrets masked */
    struct sp_secrets secrets; /* of the login: what was read and what was sent */
};

/* `evidence` must outlive the dialogue. Free what it holds with sp_dialogue_free. */
void sp_dialogue_init(struct sp_dialogue *dialogue, struct sp_evidence *evidence);
void sp_dialogue_free(struct sp_dialogue *dialogue);
/*
 * One step. For BYTES it takes octets up to the end of one reply; *out_used says how many (all others
 * are 0). The caller carries out the action and steps again with the rest, except after START_TLS and
 * CLOSE: those leave no rest.
 */
struct sp_action sp_dialogue_step(struct sp_dialogue *dialogue, const struct sp_event *event,
                                  size_t *out_used);
/* While AUTH_COMPUTE: gives `sasl` away to the caller, whose thread still works on it. */
struct sp_sasl *sp_dialogue_take_sasl(struct sp_dialogue *dialogue);
/* The phase that the dialogue waits in: what a timeout is named after. */
enum sp_phase sp_dialogue_phase(const struct sp_dialogue *dialogue);

#endif
