/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sasl.h"

#include "answer.h"

#include <gsasl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_MAX_FIRST = 510, LINE_MAX_NEXT = 12286, NAME_MAX_SASL = 20 };

struct mechanism {
    const char *name;
    int client_first;
    const char *text_first; /* instead of an empty challenge for the first response */
    /* NULL: libgsasl's */
    enum ts_sasl_then (*step)(struct ts_login *login, const unsigned char *in, size_t length,
                              struct ts_bytes *out);
    const char *digest; /* of SCRAM */
};

static const struct mechanism mechanisms[] = {
    {"EXTERNAL", 1, NULL, NULL, NULL},
    {"SCRAM-SHA-512-PLUS", 1, NULL, ts_sasl_scram, "SHA512"},
    {"SCRAM-SHA-512", 1, NULL, ts_sasl_scram, "SHA512"},
    {"SCRAM-SHA-256-PLUS", 1, NULL, NULL, "SHA256"},
    {"SCRAM-SHA-256", 1, NULL, NULL, "SHA256"},
    {"SCRAM-SHA-1-PLUS", 1, NULL, NULL, "SHA1"},
    {"SCRAM-SHA-1", 1, NULL, NULL, "SHA1"},
    {"OAUTHBEARER", 1, NULL, ts_sasl_token, NULL},
    {"XOAUTH2", 1, NULL, ts_sasl_token, NULL},
    {"DIGEST-MD5", 0, NULL, NULL, NULL},
    {"CRAM-MD5", 0, NULL, NULL, NULL},
    /* [MS-SMTPNTLM] §2.2.1.2: the first 334 is for people. */
    {"NTLM", 1, "NTLM supported", ts_sasl_ntlm, NULL},
    {"PLAIN", 1, NULL, NULL, NULL},
    {"LOGIN", 0, NULL, NULL, NULL},
    {"ANONYMOUS", 1, NULL, NULL, NULL},
};

struct ts_sasl {
    const struct ts_server *server;
    void (*note)(void *owner, const char *event, const char *text);
    void *owner;
    const struct mechanism *mechanism; /* NULL: no login is under way */
    enum ts_sasl_then (*step)(struct ts_login *login, const unsigned char *in, size_t length,
                              struct ts_bytes *out);
    Gsasl_session *session; /* libgsasl's, once it speaks */
    struct ts_login login;
    int is_final; /* all is said but the client's empty answer to the last challenge */
    int is_in;    /* logged in */
};

struct ts_sasl *ts_sasl_new(const struct ts_server *server,
                            void (*note)(void *owner, const char *event, const char *text),
                            void *owner)
{
    struct ts_sasl *sasl = calloc(1, sizeof *sasl);
    if (sasl == NULL)
        abort();
    sasl->server = server;
    sasl->note = note;
    sasl->owner = owner;
    return sasl;
}

static void end_login(struct ts_sasl *sasl)
{
    if (sasl->session != NULL)
        gsasl_finish(sasl->session);
    free(sasl->login.state);
    sasl->session = NULL;
    sasl->login = (struct ts_login){0};
    sasl->mechanism = NULL;
    sasl->is_final = 0;
}

void ts_sasl_free(struct ts_sasl *sasl)
{
    if (sasl == NULL)
        return;
    end_login(sasl);
    free(sasl);
}

enum ts_sasl_then ts_sasl_say(struct ts_login *login, enum ts_sasl_then then, const char *format,
                              ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(login->said, sizeof login->said, format, arguments);
    va_end(arguments);
    return then;
}

int ts_sasl_lists(const struct ts_server *server, const char *mechanism)
{
    size_t wanted = strlen(mechanism);
    for (const char *at = server->auth; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "|");
        if (length == wanted && strncasecmp(at, mechanism, length) == 0)
            return 1;
        at += length + (at[length] == '|');
    }
    return 0;
}

void ts_sasl_prepare(const struct ts_server *server)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (mechanisms[i].digest != NULL && ts_sasl_lists(server, mechanisms[i].name))
            ts_sasl_salted(server, mechanisms[i].digest);
}

/* ---- libgsasl ---- */

static int is_plus(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, "-PLUS") == 0;
}

/* RFC 5802 §6: only a server that lists a -PLUS may take "could bind, you don't" for an attack. */
static int lists_plus(const struct ts_server *server)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (is_plus(mechanisms[i].name) && ts_sasl_lists(server, mechanisms[i].name))
            return 1;
    return 0;
}

static int give_binding(struct ts_sasl *sasl, Gsasl_session *session, Gsasl_property property)
{
    unsigned char data[64];
    const char *type = property == GSASL_CB_TLS_UNIQUE ? "tls-unique" : "tls-exporter";
    size_t length = lists_plus(sasl->server) ? ts_sasl_binding(sasl->login.ssl, type, data) : 0;
    if (length == 0)
        return property == GSASL_CB_TLS_UNIQUE ? GSASL_NO_CB_TLS_UNIQUE : GSASL_NO_CB_TLS_EXPORTER;
    struct ts_bytes text = {0};
    ts_base64_add(&text, data, length);
    ts_bytes_add(&text, "", 1);
    int result = gsasl_property_set(session, property, (const char *)text.data);
    ts_bytes_free(&text);
    return result;
}

/* The user's, or nobody's: an unknown user has no password. */
static int give_secret(struct ts_sasl *sasl, Gsasl_session *session, Gsasl_property property)
{
    const char *user = gsasl_property_fast(session, GSASL_AUTHID);
    if (user == NULL || strcmp(user, sasl->server->auth_user) != 0)
        return GSASL_NO_PASSWORD;
    if (property == GSASL_PASSWORD)
        return gsasl_property_set(session, property, sasl->server->auth_password);
    const char *digest = sasl->mechanism->digest;
    const struct ts_salted *salted = ts_sasl_salted(sasl->server, digest);
    char hex[2 * sizeof salted->password + 1] = "";
    size_t length = strcmp(digest, "SHA1") == 0 ? 20 : 32;
    for (size_t i = 0; i < length; i++)
        snprintf(hex + 2 * i, 3, "%02x", salted->password[i]);
    return gsasl_property_set(session, property, hex);
}

static int give_scram(struct ts_sasl *sasl, Gsasl_session *session, Gsasl_property property)
{
    if (property == GSASL_SCRAM_ITER) {
        char text[16];
        snprintf(text, sizeof text, "%d", sasl->server->auth_iterations);
        return gsasl_property_set(session, property, text);
    }
    const struct ts_salted *salted = ts_sasl_salted(sasl->server, sasl->mechanism->digest);
    struct ts_bytes text = {0};
    ts_base64_add(&text, salted->salt, sizeof salted->salt);
    ts_bytes_add(&text, "", 1);
    int result = gsasl_property_set(session, property, (const char *)text.data);
    ts_bytes_free(&text);
    return result;
}

static int validate_simple(const struct ts_sasl *sasl, Gsasl_session *session)
{
    const char *user = gsasl_property_fast(session, GSASL_AUTHID);
    const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
    return user != NULL && password != NULL && strcmp(user, sasl->server->auth_user) == 0 &&
                   strcmp(password, sasl->server->auth_password) == 0
               ? GSASL_OK
               : GSASL_AUTHENTICATION_ERROR;
}

/* The certificate says who it is; a name in the response must be the user's. */
static int validate_external(const struct ts_sasl *sasl, Gsasl_session *session)
{
    const char *name = gsasl_property_fast(session, GSASL_AUTHZID);
    if (sasl->login.ssl == NULL || SSL_get0_peer_certificate(sasl->login.ssl) == NULL)
        return GSASL_AUTHENTICATION_ERROR;
    return name == NULL || *name == '\0' || strcmp(name, sasl->server->auth_user) == 0
               ? GSASL_OK
               : GSASL_AUTHENTICATION_ERROR;
}

static int on_property(Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
    struct ts_sasl *sasl = gsasl_session_hook_get(session);
    (void)context;
    if (sasl == NULL)
        return GSASL_NO_CALLBACK;
    switch (property) {
    case GSASL_VALIDATE_SIMPLE: return validate_simple(sasl, session);
    case GSASL_VALIDATE_EXTERNAL: return validate_external(sasl, session);
    case GSASL_VALIDATE_ANONYMOUS: return GSASL_OK;
    case GSASL_PASSWORD:
    case GSASL_SCRAM_SALTED_PASSWORD: return give_secret(sasl, session, property);
    case GSASL_SCRAM_ITER:
    case GSASL_SCRAM_SALT: return give_scram(sasl, session, property);
    case GSASL_CB_TLS_UNIQUE:
    case GSASL_CB_TLS_EXPORTER: return give_binding(sasl, session, property);
    case GSASL_REALM:
    case GSASL_HOSTNAME: return gsasl_property_set(session, property, sasl->server->host);
    case GSASL_SERVICE: return gsasl_property_set(session, property, "smtp");
    case GSASL_QOPS: return gsasl_property_set(session, property, "qop-auth");
    default: return GSASL_NO_CALLBACK;
    }
}

static Gsasl *gsasl_of_all(void)
{
    static Gsasl *context;
    if (context == NULL) {
        if (gsasl_init(&context) != GSASL_OK)
            abort();
        gsasl_callback_set(context, on_property);
    }
    return context;
}

static enum ts_sasl_then fail_gsasl(struct ts_login *login, int code)
{
    int is_malformed = code == GSASL_MECHANISM_PARSE_ERROR || code == GSASL_SASLPREP_ERROR ||
                       code == GSASL_MECHANISM_CALLED_TOO_MANY_TIMES;
    return ts_sasl_say(login, is_malformed ? TS_SASL_MALFORMED : TS_SASL_DENIED, "%s",
                       gsasl_strerror_name(code));
}

static enum ts_sasl_then step_gsasl(struct ts_login *login, const unsigned char *in, size_t length,
                                    struct ts_bytes *out)
{
    /* The login stands inside the connection's struct. */
    struct ts_sasl *sasl =
        (struct ts_sasl *)(void *)((char *)login - offsetof(struct ts_sasl, login));
    if (sasl->session == NULL) {
        int code = gsasl_server_start(gsasl_of_all(), login->mechanism, &sasl->session);
        if (code != GSASL_OK)
            return fail_gsasl(login, code);
        gsasl_session_hook_set(sasl->session, sasl);
    }
    char *answer = NULL;
    size_t answer_length = 0;
    int code = gsasl_step(sasl->session, (const char *)in, length, &answer, &answer_length);
    if (code == GSASL_OK || code == GSASL_NEEDS_MORE)
        ts_bytes_add(out, answer, answer_length);
    gsasl_free(answer);
    if (code == GSASL_NEEDS_MORE)
        return TS_SASL_MORE;
    if (code != GSASL_OK)
        return fail_gsasl(login, code);
    const char *user = gsasl_property_fast(sasl->session, GSASL_AUTHID);
    const char *token = gsasl_property_fast(sasl->session, GSASL_ANONYMOUS_TOKEN);
    const char *name = gsasl_property_fast(sasl->session, GSASL_AUTHZID);
    return ts_sasl_say(login, TS_SASL_DONE, "user=%s%s%s",
                       user != NULL    ? user
                       : token != NULL ? token
                                       : "",
                       name != NULL && *name != '\0' ? " as=" : "", name != NULL ? name : "");
}

/* ---- the lines ---- */

static void add_text(struct ts_bytes *out, const char *text)
{
    ts_bytes_add(out, text, strlen(text));
}

static void note_end(struct ts_sasl *sasl, const char *word)
{
    char text[320];
    snprintf(text, sizeof text, "%s %s%s%s", sasl->login.mechanism, word,
             sasl->login.said[0] != '\0' ? " " : "", sasl->login.said);
    sasl->note(sasl->owner, "auth", text);
    end_login(sasl);
}

static void add_challenge(struct ts_bytes *out, const struct ts_bytes *challenge)
{
    add_text(out, "334 ");
    ts_base64_add(out, challenge->data, challenge->length);
    add_text(out, "\r\n");
}

static void welcome(struct ts_sasl *sasl, struct ts_bytes *out)
{
    sasl->is_in = 1;
    add_text(out, "235 2.7.0 welcome\r\n");
    note_end(sasl, "ok");
}

static void malformed(struct ts_sasl *sasl, struct ts_bytes *out)
{
    add_text(out, "501 5.5.2 malformed authentication data\r\n");
    note_end(sasl, "malformed");
}

/* libgsasl neither lies nor knows tls-server-end-point, but takes all else of SCRAM. */
static int is_beyond_gsasl(const struct ts_sasl *sasl, const unsigned char *in)
{
    const struct ts_server *server = sasl->server;
    return sasl->mechanism->digest != NULL && sasl->login.steps == 0 && in != NULL &&
           (server->scram_first != NULL || server->scram_final != NULL ||
            strncmp((const char *)in, "p=tls-server-end-point,", 23) == 0);
}

static void take_step(struct ts_sasl *sasl, const unsigned char *in, size_t length,
                      struct ts_bytes *out)
{
    struct ts_bytes answer = {0};
    if (is_beyond_gsasl(sasl, in))
        sasl->step = ts_sasl_scram;
    enum ts_sasl_then then = sasl->step(&sasl->login, in, length, &answer);
    sasl->login.steps++;
    switch (then) {
    case TS_SASL_MORE: add_challenge(out, &answer); break;
    case TS_SASL_DONE:
        /* RFC 4954 §4: data that come with success are one more challenge. */
        sasl->is_final = answer.length > 0;
        if (sasl->is_final)
            add_challenge(out, &answer);
        else
            welcome(sasl, out);
        break;
    case TS_SASL_DENIED:
        add_text(out, "535 5.7.8 authentication failed\r\n");
        note_end(sasl, "denied");
        break;
    case TS_SASL_MALFORMED: malformed(sasl, out); break;
    }
    ts_bytes_free(&answer);
}

static void take_response(struct ts_sasl *sasl, const char *text, struct ts_bytes *out)
{
    struct ts_bytes in = {0};
    if (strlen(text) > LINE_MAX_NEXT || ts_base64_read(text, &in) != 0) {
        ts_sasl_say(&sasl->login, TS_SASL_MALFORMED,
                    strlen(text) > LINE_MAX_NEXT ? "line too long" : "not base64");
        malformed(sasl, out);
    } else if (sasl->is_final && in.length > 0) {
        ts_sasl_say(&sasl->login, TS_SASL_MALFORMED, "an answer to the last challenge");
        malformed(sasl, out);
    } else if (sasl->is_final) {
        welcome(sasl, out);
    } else {
        take_step(sasl, in.data, in.length, out);
    }
    ts_bytes_free(&in);
}

static const struct mechanism *find_mechanism(const struct ts_server *server, const char *name)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (strcasecmp(mechanisms[i].name, name) == 0)
            return ts_sasl_lists(server, name) ? &mechanisms[i] : NULL;
    return NULL;
}

/* Why AUTH can't begin; NULL: it can. */
static const char *refuse_start(const struct ts_sasl *sasl, const SSL *ssl, const char *line,
                                const struct mechanism *mechanism, const char *initial)
{
    if (sasl->is_in)
        return "503 5.5.1 logged in already\r\n";
    if (strlen(line) > LINE_MAX_FIRST)
        return "500 5.5.6 line too long\r\n";
    if (!ts_answer_lists_auth(sasl->server, ssl != NULL))
        return ssl != NULL ? "503 5.5.1 AUTH is not offered here\r\n"
                           : "538 5.7.11 encryption required\r\n";
    if (mechanism == NULL)
        return "504 5.5.4 unknown mechanism\r\n";
    if (initial != NULL && (!mechanism->client_first || *initial == '\0'))
        return "501 5.5.2 no initial response here\r\n";
    return NULL;
}

static void start_login(struct ts_sasl *sasl, const SSL *ssl, const char *line,
                        struct ts_bytes *out)
{
    char name[NAME_MAX_SASL + 1] = "";
    const char *at = line + strspn(line + 4, " ") + 4;
    size_t length = strcspn(at, " ");
    if (length <= NAME_MAX_SASL)
        memcpy(name, at, length);
    const char *initial = at[length] == ' ' ? at + length + 1 : NULL;
    const struct mechanism *mechanism = find_mechanism(sasl->server, name);
    const char *refusal = refuse_start(sasl, ssl, line, mechanism, initial);
    if (refusal != NULL) {
        add_text(out, refusal);
        return;
    }
    sasl->mechanism = mechanism;
    sasl->login =
        (struct ts_login){.server = sasl->server, .ssl = ssl, .mechanism = mechanism->name};
    sasl->step = mechanism->step != NULL ? mechanism->step : step_gsasl;
    if (initial != NULL) {
        take_response(sasl, strcmp(initial, "=") == 0 ? "" : initial, out);
    } else if (!mechanism->client_first) {
        take_step(sasl, NULL, 0, out);
    } else {
        add_text(out, "334 ");
        add_text(out, mechanism->text_first != NULL ? mechanism->text_first : "");
        add_text(out, "\r\n");
    }
}

int ts_sasl_answer(struct ts_sasl *sasl, const SSL *ssl, const char *line, struct ts_bytes *out)
{
    if (sasl->mechanism != NULL) {
        if (strcmp(line, "*") == 0) {
            add_text(out, "501 5.7.0 cancelled\r\n");
            note_end(sasl, "cancelled");
        } else {
            take_response(sasl, line, out);
        }
        return 1;
    }
    if (sasl->server->auth == NULL || !ts_answer_is_verb(line, "AUTH"))
        return 0;
    start_login(sasl, ssl, line, out);
    return 1;
}
