/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login of a session, RFC 4954 §4:
 *
 *   state          entered by sending                       event      next
 *   AUTH_COMPUTE   nothing; sp_sasl_compute runs            COMPUTED   AUTH with its response; AUTH_CANCEL
 *                                                                      when the challenge was bad; QUIT
 *                                                                      when nothing was sent yet
 *                                                           a reply    CLOSED: out of turn
 *                                                           time over  CLOSED; where Kerberos is waited for
 *                                                                      that is not the server's fault
 *   AUTH           AUTH name [initial-response] | response  334        AUTH_COMPUTE, or AUTH with the initial
 *                                                                      response that was held back
 *                                                           235        SCRIPT
 *                                                           other      QUIT
 *   AUTH_CANCEL    *                                        any        QUIT
 *
 * The first AUTH_COMPUTE reads the secret, so nothing at all is sent when that fails. A verdict of the server
 * is a fact of evidence->auth and no failure of the session; what ends every session ends this one too.
 */
#include "probe/auth.h"
#include "probe/base64.h"
#include "probe/dialogue_private.h"

#include <stdio.h>
#include <string.h>

#define HEAD_SIZE 64u /* "AUTH " and the longest name */

static const char HIDDEN[] = "<hidden>";

static struct sp_auth *auth_of(struct sp_dialogue *dialogue)
{
    return &dialogue->evidence->auth;
}

/* A copy without secrets, or NULL. */
static const char *keep_masked(struct sp_dialogue *dialogue, const char *text)
{
    char *kept = text && *text ? sp_arena_strdup(dialogue->evidence->arena, text) : NULL;
    if (kept)
        sp_dialogue_mask(dialogue, kept, strlen(kept));
    return kept;
}

/* `detail` has no text of the server but what was masked already: to mask our own words as well would tell who
 * reads them that the secret is one of them. */
static void conclude(struct sp_dialogue *dialogue, enum sp_auth_result result,
                     enum sp_reason reason, const char *detail)
{
    struct sp_auth *auth = auth_of(dialogue);
    auth->result = result;
    auth->reason = reason;
    auth->detail = sp_arena_strdup(dialogue->evidence->arena, detail);
}

static struct sp_action end_without_memory(struct sp_dialogue *dialogue, int64_t now_ns)
{
    sp_dialogue_fail(dialogue, SP_REASON_INTERNAL_ERROR, 0, "out of memory");
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
}

/* On our side or over a challenge: nothing is sent any more that belongs to the login. */
static struct sp_action give_up(struct sp_dialogue *dialogue, enum sp_reason reason,
                                const char *detail, int64_t now_ns)
{
    bool begun = dialogue->auth_named;
    conclude(dialogue, begun ? SP_AUTH_UNKNOWN : SP_AUTH_SKIPPED, reason, detail);
    return sp_dialogue_enter(dialogue, begun ? SP_DIALOGUE_AUTH_CANCEL : SP_DIALOGUE_QUIT, now_ns);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* RFC 5802 §6: a SCRAM login that is not bound says whether it could be ("y"), and so that the server doesn't
 * list the same mechanism with -PLUS. Where it does, and --auth rules that out, the login is one that can't
 * be bound ("n"). */
static bool lists_bound(const struct sp_ehlo *ehlo, const struct sp_sasl_mech *mech)
{
    char name[HEAD_SIZE];
    snprintf(name, sizeof name, "%s-PLUS", mech->name);
    for (size_t i = 0; i < ehlo->auth_count; i++)
        if (strcmp(ehlo->auth[i], name) == 0)
            return true;
    return false;
}

static bool make_sasl(struct sp_dialogue *dialogue, const struct sp_sasl_mech *mech)
{
    const struct sp_endpoint *endpoint = dialogue->endpoint;
    struct sp_sasl_config config = {.mech = mech,
                                    .user = endpoint->options->user,
                                    .credentials = dialogue->login.credentials,
                                    .host = endpoint->server_name,
                                    .port = endpoint->port,
                                    .binding = dialogue->login.binding,
                                    .now_ms = dialogue->login.now_ms};
    if (lists_bound(sp_evidence_ehlo(dialogue->evidence), mech))
        config.binding = (struct sp_binding){.type = SP_BINDING_NONE};
    memcpy(config.random, dialogue->login.random, sizeof config.random);
    dialogue->sasl = sp_sasl_new(&config);
    sp_secret_wipe(&config, sizeof config);
    return dialogue->sasl != NULL;
}

struct sp_action sp_dialogue_begin_auth(struct sp_dialogue *dialogue, int64_t now_ns)
{
    struct sp_evidence *evidence = dialogue->evidence;
    struct sp_auth *auth = &evidence->auth;
    if (!dialogue->login.wanted)
        return sp_dialogue_begin_script(dialogue, now_ns);
    struct sp_auth_choice choice =
        sp_auth_choose(evidence, dialogue->login.credentials, dialogue->login.binding.type);
    if (!choice.mech) {
        conclude(dialogue, SP_AUTH_SKIPPED, choice.reason, choice.detail);
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
    }
    if (!dialogue->login.fresh) {
        sp_dialogue_fail(dialogue, SP_REASON_INTERNAL_ERROR, 0,
                         "the system gives no random octets");
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
    }
    auth->mechanism = choice.mech->name;
    if (choice.mech->needs & SP_SASL_NEEDS_BINDING)
        auth->channel_binding = sp_binding_name(dialogue->login.binding.type);
    if (!make_sasl(dialogue, choice.mech))
        return end_without_memory(dialogue, now_ns);
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_AUTH_COMPUTE, now_ns);
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* Builds head, a space where both are there, the response in base64, and the line end. False: no memory. */
static bool build_line(struct sp_dialogue *dialogue, const char *head, const char *base64)
{
    struct sp_buf *line = &dialogue->line;
    size_t len = strlen(head) + 1 + strlen(base64) + 2;
    /* All the room at once: growing would leave copies behind. */
    return sp_buf_reserve(line, len) && sp_buf_append_str(line, head) &&
           sp_buf_append_str(line, *head && *base64 ? " " : "") &&
           sp_buf_append_str(line, base64) && sp_buf_append_str(line, "\r\n");
}

/* What the server could repeat of it is masked from here on. */
static bool send_line(struct sp_dialogue *dialogue, const char *head, const char *base64,
                      int64_t now_ns)
{
    char shown[HEAD_SIZE + sizeof HIDDEN];
    if (!build_line(dialogue, head, base64) || !sp_secrets_add_sent(&dialogue->secrets, base64))
        return false;
    snprintf(shown, sizeof shown, "%s%s%s", head, *head && *base64 ? " " : "",
             *base64 ? HIDDEN : "");
    sp_dialogue_note_sent(dialogue, now_ns, shown);
    return true;
}

struct sp_action sp_dialogue_send_auth(struct sp_dialogue *dialogue, int64_t now_ns)
{
    const struct sp_sasl *sasl = dialogue->sasl;
    char head[HEAD_SIZE] = "", base64[SP_LIMIT_COMMAND_AUTH];
    const char *response = base64;
    sp_base64_encode(sasl->out.data, sasl->out.len, base64, sizeof base64);
    if (!dialogue->auth_named) {
        snprintf(head, sizeof head, "AUTH %s", sasl->mech->name);
        /* An empty initial response is told from none by "=". */
        response = sasl->out.len == 0 ? "=" : base64;
        bool fits = strlen(head) + 1 + strlen(response) + 2 <= SP_LIMIT_COMMAND;
        dialogue->auth_held = sasl->mech->client_first && !fits;
        if (!sasl->mech->client_first || !fits)
            response = "";
        dialogue->auth_named = true;
    }
    /* LOGIN's first response is only the user's name. */
    if (*response && (sasl->last || sasl->enough) &&
        sp_auth_exposes(dialogue->evidence, sasl->mech))
        auth_of(dialogue)->exposed = true;
    bool good = send_line(dialogue, head, response, now_ns);
    sp_secret_wipe(base64, sizeof base64);
    if (!good)
        return end_without_memory(dialogue, now_ns);
    return (struct sp_action){SP_ACTION_SEND, (const char *)dialogue->line.data,
                              dialogue->line.len};
}

struct sp_action sp_dialogue_send_cancel(struct sp_dialogue *dialogue, int64_t now_ns)
{
    static const char cancel[] = "*\r\n";
    sp_dialogue_note_sent(dialogue, now_ns, "*");
    return (struct sp_action){SP_ACTION_SEND, cancel, sizeof cancel - 1};
}

/* --- what was computed ------------------------------------------------------------------------ */

/* False: out of memory. */
static bool note_computed(struct sp_dialogue *dialogue)
{
    struct sp_sasl *sasl = dialogue->sasl;
    struct sp_auth *auth = auth_of(dialogue);
    bool good = true;
    if (sasl->secrets.count > 0) { /* once, by the first step: see sp_sasl_compute */
        dialogue->secrets = sasl->secrets;
        sp_secrets_init(&sasl->secrets);
        good = sp_dialogue_mask_past(dialogue);
    }
    auth->iterations = sasl->iterations;
    auth->server_proven = sasl->proven;
    auth->server_said = keep_masked(dialogue, sasl->server_said);
    return good;
}

struct sp_action sp_dialogue_on_computed(struct sp_dialogue *dialogue, int64_t now_ns)
{
    const struct sp_sasl *sasl = dialogue->sasl;
    if (!note_computed(dialogue))
        return end_without_memory(dialogue, now_ns);
    const char *detail = keep_masked(dialogue, sasl->detail); /* may quote the server */
    switch (sasl->result) {
    case SP_SASL_RESPOND: break;
    case SP_SASL_BAD_CHALLENGE:
        return give_up(dialogue, SP_REASON_AUTH_PROTOCOL_ERROR, detail, now_ns);
    case SP_SASL_SERVER_UNVERIFIED:
        return give_up(dialogue, SP_REASON_AUTH_SERVER_UNVERIFIED, detail, now_ns);
    case SP_SASL_DOWNGRADE: return give_up(dialogue, SP_REASON_AUTH_DOWNGRADE, detail, now_ns);
    case SP_SASL_NO_CREDENTIAL:
        return give_up(dialogue, SP_REASON_CREDENTIAL_UNAVAILABLE, detail, now_ns);
    case SP_SASL_CANCELLED:
        return give_up(dialogue, SP_REASON_CANCELLED, "interrupted before the end", now_ns);
    case SP_SASL_NO_MEMORY: return end_without_memory(dialogue, now_ns);
    }
    /* RFC 4954 §4: no line of the exchange is longer. */
    if (SP_BASE64_SIZE(sasl->out.len) + 1 > SP_LIMIT_COMMAND_AUTH)
        return give_up(dialogue, SP_REASON_CREDENTIAL_UNAVAILABLE,
                       "the response is longer than the 12288 octets that RFC 4954 allows; is this "
                       "the right token?",
                       now_ns);
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_AUTH, now_ns);
}

bool sp_dialogue_waits_for_ticket(const struct sp_dialogue *dialogue)
{
    /* Only the mechanism may be looked at: the rest is the computing thread's. */
    return dialogue->state == SP_DIALOGUE_AUTH_COMPUTE && !dialogue->auth_named &&
           (dialogue->sasl->mech->needs & SP_SASL_NEEDS_TICKET) != 0;
}

void sp_dialogue_blame_ticket(struct sp_dialogue *dialogue, const char *detail)
{
    char line[256];
    snprintf(line, sizeof line,
             "no Kerberos server answers: check that it runs, and port 88 on the way (%s)", detail);
    conclude(dialogue, SP_AUTH_SKIPPED, SP_REASON_CREDENTIAL_UNAVAILABLE, line);
}

/* --- what the server says --------------------------------------------------------------------- */

/*
 * What both sides prove that they know the password with lets anybody who reads it in a transcript try passwords at
 * home. The first challenge of such a mechanism is but salt and nonce.
 */
bool sp_dialogue_hide_proof(struct sp_dialogue *dialogue)
{
    const struct sp_buf *text = &dialogue->challenge;
    if (!dialogue->sasl->mech->proves || auth_of(dialogue)->rounds == 0 || text->len == 0)
        return true;
    char *copy = strndup((const char *)text->data, text->len);
    bool good = copy && sp_secrets_add_sent(&dialogue->secrets, copy);
    sp_secret_free(copy);
    return good;
}

/* In one piece: blanks and line ends, which sp_base64_decode passes over, have no place in a challenge. */
static bool decode_challenge(const struct sp_buf *text, uint8_t *octets, size_t *out_len)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] <= ' ')
            return false;
    return text->len == 0 || sp_base64_decode((const char *)text->data, text->len, octets, out_len);
}

/* The challenge's octets go to the mechanism. False: *out_wrong says what is wrong with it. */
static bool take_challenge(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                           const char **out_wrong)
{
    struct sp_sasl *sasl = dialogue->sasl;
    uint8_t octets[SP_LIMIT_REPLY_LINE];
    size_t len = 0;
    *out_wrong = NULL;
    const struct sp_buf *text = &dialogue->challenge;
    if (reply->line_count > 1)
        *out_wrong = "a challenge of more than one line";
    else if (text->len > sizeof octets)
        *out_wrong = "a challenge that is too long";
    else if (text->len > 0 && sasl->mech->text_first && auth_of(dialogue)->rounds == 1)
        memcpy(octets, text->data, len = text->len);
    else if (!decode_challenge(text, octets, &len))
        *out_wrong = "the challenge is not base64";
    bool good = !*out_wrong && sp_sasl_challenge(sasl, octets, len);
    sp_secret_wipe(octets, len);
    sp_buf_wipe(&dialogue->challenge);
    return good;
}

static struct sp_action on_challenge(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                     int64_t now_ns)
{
    struct sp_auth *auth = auth_of(dialogue);
    const char *wrong = NULL;
    auth->rounds++;
    if (dialogue->auth_held) { /* a "go ahead"; whatever text it has is for nobody */
        dialogue->auth_held = false;
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_AUTH, now_ns);
    }
    if (auth->rounds > SP_LIMIT_AUTH_ROUNDS)
        wrong = "the server asks on and on, more than ten times";
    else if (dialogue->sasl->last)
        wrong = "the server asks on where the login is complete";
    if (wrong)
        return give_up(dialogue, SP_REASON_AUTH_PROTOCOL_ERROR, wrong, now_ns);
    if (take_challenge(dialogue, reply, &wrong))
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_AUTH_COMPUTE, now_ns);
    return wrong ? give_up(dialogue, SP_REASON_AUTH_PROTOCOL_ERROR, wrong, now_ns)
                 : end_without_memory(dialogue, now_ns);
}

static struct sp_action on_accepted(struct sp_dialogue *dialogue, int64_t now_ns)
{
    const struct sp_sasl *sasl = dialogue->sasl;
    if (sasl->mech->proves && !sasl->proven)
        conclude(dialogue, SP_AUTH_UNKNOWN, SP_REASON_AUTH_SERVER_UNVERIFIED,
                 "the server said yes without the proof that it knows the secret");
    else if (dialogue->auth_held || !(sasl->last || sasl->enough))
        conclude(dialogue, SP_AUTH_UNKNOWN, SP_REASON_AUTH_PROTOCOL_ERROR,
                 "the server said yes before it had heard all of the login");
    else {
        conclude(dialogue, SP_AUTH_OK, SP_REASON_OK, NULL);
        return sp_dialogue_begin_script(dialogue, now_ns);
    }
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
}

/* RFC 4954 §6, and the codes of RFC 5321 for a command that was not understood. */
static enum sp_reason reason_of(int code, bool in_tls)
{
    switch (code) {
    case 500:
    case 501:
    case 502:
    case 503: return SP_REASON_AUTH_PROTOCOL_ERROR;
    case 504: return SP_REASON_AUTH_MECHANISM_UNSUPPORTED;
    case 530:
    case 538:
        if (!in_tls)
            return SP_REASON_AUTH_REQUIRES_TLS;
        break;
    default: break;
    }
    if (code / 100 == 4)
        return SP_REASON_AUTH_TEMPORARY;
    return code / 100 == 5 ? SP_REASON_AUTH_REJECTED : SP_REASON_AUTH_PROTOCOL_ERROR;
}

static struct sp_action on_refused(struct sp_dialogue *dialogue, const struct sp_reply *reply,
                                   int64_t now_ns)
{
    const struct sp_text text = reply->line_count ? reply->lines[0] : (struct sp_text){"", 0};
    char detail[400];
    snprintf(detail, sizeof detail, "AUTH was answered %d%s%.*s", reply->code, text.len ? " " : "",
             (int)(text.len > 300 ? 300 : text.len), text.data);
    enum sp_auth_result result = SP_AUTH_UNKNOWN;
    if (reply->code / 100 == 4)
        result = SP_AUTH_TEMPORARY;
    else if (reply->code / 100 == 5)
        result = SP_AUTH_REJECTED;
    conclude(dialogue, result, reason_of(reply->code, dialogue->in_tls), detail);
    return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
}

struct sp_action sp_dialogue_on_auth_reply(struct sp_dialogue *dialogue,
                                           const struct sp_reply *reply, int64_t now_ns)
{
    if (dialogue->state == SP_DIALOGUE_AUTH_CANCEL) /* also after 421: why we cancelled stands */
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_QUIT, now_ns);
    if (reply->code == 421)
        return sp_dialogue_leave(dialogue, reply, now_ns);
    if (dialogue->state == SP_DIALOGUE_AUTH_COMPUTE) {
        conclude(dialogue, SP_AUTH_UNKNOWN, SP_REASON_AUTH_PROTOCOL_ERROR,
                 "the server spoke out of turn, before our response");
        return sp_dialogue_enter(dialogue, SP_DIALOGUE_CLOSED, now_ns);
    }
    if (reply->code == 334)
        return on_challenge(dialogue, reply, now_ns);
    auth_of(dialogue)->reply = reply;
    if (reply->code == 235)
        return on_accepted(dialogue, now_ns);
    return on_refused(dialogue, reply, now_ns);
}
