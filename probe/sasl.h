/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's side of SASL (RFC 4422): one login with one mechanism. A mechanism is one file sasl_foo.c
 * that ends in one `const struct sp_sasl_mech` (or one for each variant) and a line in sasl_list.h.
 *
 * A mechanism works with octets; base64, the lines of SMTP and the server's codes are the dialogue's
 * (dialogue_auth.c). Its steps may take long (an iterated hash, a Kerberos server), so every one of
 * them is computed off the loop by sp_sasl_compute, which touches nothing but its own struct sp_sasl.
 *
 * Secrets: what a mechanism makes of one is wiped by it when it is done, on the stack and on the heap;
 * `out` buffers and struct sp_sasl's own are wiped by their owner.
 */
#ifndef SP_PROBE_SASL_H
#define SP_PROBE_SASL_H

#include "probe/binding.h"
#include "probe/buf.h"
#include "probe/credentials.h"
#include "probe/reason.h"
#include "probe/secret.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a mechanism can't do without. A bit set. */
enum sp_sasl_need {
    SP_SASL_NEEDS_USER = 1u << 0,
    SP_SASL_NEEDS_PASSWORD = 1u << 1,
    SP_SASL_NEEDS_TOKEN = 1u << 2,       /* an OAuth 2.0 access token */
    SP_SASL_NEEDS_CERTIFICATE = 1u << 3, /* a client certificate that was sent in the handshake */
    SP_SASL_NEEDS_TICKET = 1u << 4,      /* Kerberos credentials of the user that we run as */
    SP_SASL_NEEDS_BINDING = 1u << 5      /* TLS, and what binds the login to it */
};

struct sp_sasl;

enum sp_sasl_result {
    SP_SASL_RESPOND,           /* `out` is to be sent, also when it is empty */
    SP_SASL_BAD_CHALLENGE,     /* against the mechanism's rules: auth-protocol-error */
    SP_SASL_SERVER_UNVERIFIED, /* its proof is wrong: auth-server-unverified */
    SP_SASL_DOWNGRADE,         /* it says that somebody removed mechanisms: auth-downgrade */
    SP_SASL_NO_CREDENTIAL,     /* on our side: a file, a ticket, a character that is not allowed */
    SP_SASL_CANCELLED,         /* sp_sasl_cancel was called */
    SP_SASL_NO_MEMORY
};

/* One row of the table of mechanisms. */
struct sp_sasl_mech {
    const char *name;  /* upper case, as IANA has it: "SCRAM-SHA-256-PLUS" */
    const char *help;  /* one line for --list-auth, without full stop */
    unsigned strength; /* the larger one is taken; no two alike. See auth.h */
    bool client_first; /* has an initial response (RFC 4954 §4) */
    unsigned needs;    /* enum sp_sasl_need bits */
    bool exposes;      /* who reads what we send can log in with it: password or token in clear */
    bool proves;       /* the server shows that it knows the secret too */
    bool text_first;   /* the first challenge is a text for people: NTLM, [MS-SMTPNTLM] 2.2.1.2 */
    bool named_only;   /* is taken only when --auth names it, or the server offers nothing else */
    int variant;       /* the mechanism's own: which hash, bound to TLS or not */
    /*
     * One step. The first one has challenge NULL for client-first mechanisms; else challenge[0..len) is
     * what the server sent, hostile, at most SP_LIMIT_COMMAND_AUTH octets. Appends the answer to `out`
     * (empty, capped, wiped by the caller) or says what is wrong with sp_sasl_explain. What it needs
     * from one step to the next stands in sasl->state. Called from any thread, never twice at a time.
     * At most SP_LIMIT_AUTH_ROUNDS times.
     */
    enum sp_sasl_result (*step)(struct sp_sasl *sasl, const uint8_t *challenge, size_t len,
                                struct sp_buf *out);
    /* Wipes and frees sasl->state. NULL: it is one block of state_size octets (calloc, wiped by the
     * caller), or there is none. */
    void (*free_state)(struct sp_sasl *sasl);
    size_t state_size; /* > 0: sasl->state is that many octets of zeros at the first step */
};

/* All mechanisms, the strongest first, ended by NULL. */
extern const struct sp_sasl_mech *const sp_sasl_mechs[];
/* By name in any case; NULL: unknown here. */
const struct sp_sasl_mech *sp_sasl_find(const char *name, size_t len);

/* What a login has to work with; all copied by sp_sasl_new. */
struct sp_sasl_config {
    const struct sp_sasl_mech *mech;
    const char *user; /* NULL: none */
    const struct sp_credentials
        *credentials; /* what --password-file and its like name, not yet read */
    const char *host; /* the server's name (A-labels) or address: for digest-uri, OAuth, tickets */
    uint16_t port;    /* 0 for a socket */
    struct sp_binding
        binding;        /* what this connection could be bound with; also for plain SCRAM ("y") */
    uint8_t random[64]; /* fresh for each login; tests choose it */
    int64_t now_ms;     /* Unix milliseconds, for NTLM's time stamp */
};

/* A login under way. The fields below `config` are the mechanism's and the dialogue's to read. */
struct sp_sasl {
    const struct sp_sasl_mech *mech;
    char *user;     /* UTF-8 after SASLprep (RFC 4013), or NULL; not a secret */
    char *password; /* as it was read, not prepared, or NULL; owned, wiped */
    char *token;    /* or NULL; owned, wiped */
    char *host;
    uint16_t port;
    struct sp_binding binding;
    uint8_t random[64];
    int64_t now_ms;
    struct sp_credentials *credentials; /* read by the first step */
    void *state;                        /* the mechanism's own */

    bool prepared;      /* the secret was read */
    uint8_t *challenge; /* for the next step: owned; NULL: none */
    size_t challenge_len;
    struct sp_buf out; /* the last step's response; capped, wiped */
    enum sp_sasl_result result;
    char detail[256]; /* why `result` is not SP_SASL_RESPOND: one line, may quote the server raw */
    char server_said
        [512];      /* what the server says about its refusal, decoded: OAuth's JSON, SCRAM's e= */
    bool proven;    /* the server's proof was right */
    bool last;      /* after this response only the verdict (235 or a refusal) may come */
    bool enough;    /* the verdict may come, and a challenge too: OAuth's, with the refusal */
    unsigned steps; /* that were computed */
    unsigned iterations; /* SCRAM's i=; 0: not asked for any */
    struct sp_secrets
        secrets; /* every form in which secrets could come back: what was read, what was sent */
    atomic_bool cancelled; /* looked at by whatever takes long */
};

/* NULL: out of memory. */
struct sp_sasl *sp_sasl_new(const struct sp_sasl_config *config);
/* Wipes all secrets. NULL is allowed. */
void sp_sasl_free(struct sp_sasl *sasl);
/*
 * Gives the server's challenge (decoded) to the next step. False: out of memory. Copied.
 */
bool sp_sasl_challenge(struct sp_sasl *sasl, const uint8_t *octets, size_t len);
/*
 * What takes time, for a thread of its own: reads the secret at the first call; then, unless the
 * mechanism has nothing to say before the server speaks, one step. Sets result, out and detail.
 */
void sp_sasl_compute(struct sp_sasl *sasl);
/* From any thread: a step under way ends soon with SP_SASL_CANCELLED. */
void sp_sasl_cancel(struct sp_sasl *sasl);
/* For mechanisms: appends a saslname (RFC 5801 §4), in which "=" is "=3D" and "," "=2C". False: no room. */
bool sp_sasl_append_name(const char *name, struct sp_buf *out);
/* For mechanisms: sets `detail` (cut to its room) and returns `result`. */
enum sp_sasl_result sp_sasl_explain(struct sp_sasl *sasl, enum sp_sasl_result result,
                                    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
