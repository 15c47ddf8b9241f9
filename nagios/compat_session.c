/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nagios/compat_session.h"

#include "nagios/compat_reply.h"
#include "nagios/compat_verdict.h"
#include "probe/base64.h"
#include "probe/host.h"
#include "probe/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define PREAMBLE "PROXY TCP4 0.0.0.0 0.0.0.0 25 25\r\n"

static bool may_begin(const void *data, const struct sp_evidence *evidence)
{
    const struct sp_compat *compat = data;
    return sp_compat_expected(compat, evidence) && sp_compat_may_command(compat, evidence);
}

/* --- the endpoint ----------------------------------------------------------------------------- */

static void set_options(struct sp_compat_session *session)
{
    const struct sp_compat *compat = session->compat;
    struct sp_options *options = &session->options;
    sp_options_init(options);
    options->tls = compat->tls;
    options->family = compat->family;
    options->connect_timeout_ms = options->reply_timeout_ms = options->timeout_ms =
        compat->timeout_ms;
    options->timeout_state_set = true;
    options->timeout_state = compat->timeout_state;
    options->verify = compat->strict ? SP_VERIFY_REQUIRE : SP_VERIFY_OFF;
    options->ca_file = compat->strict ? compat->ca_file : NULL;
    options->ocsp = SP_OCSP_OFF; /* check_smtp asks for no staple */
    options->script = &session->script;
    if (compat->certificate) {
        /* -D judges the dates; the native rules must not know better. */
        options->cert_warning = options->cert_critical = (struct sp_range){0};
    }
}

static bool fits_family(int family, enum sp_family wanted)
{
    return family == 0 || wanted == SP_FAMILY_ANY ||
           (family == AF_INET) == (wanted == SP_FAMILY_IPV4);
}

static bool set_socket(struct sp_compat_session *session, const char *path)
{
    session->endpoint.unix_path = path;
    for (const char *at = path; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return strlen(path) < sizeof((struct sockaddr_un *)NULL)->sun_path;
}

static bool set_host(struct sp_compat_session *session, char *error, size_t size)
{
    const struct sp_compat *compat = session->compat;
    struct sp_endpoint *endpoint = &session->endpoint;
    const char *text = compat->host;
    size_t len = strlen(text);
    struct sp_host host;
    if (text[0] == '/')
        return set_socket(session, text);
    bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (brackets) {
        text++;
        len -= 2;
    }
    if (!sp_host_parse(compat->arena, text, len, &host, error, size) ||
        (brackets && host.family != AF_INET6) || !fits_family(host.family, compat->family))
        return false;
    endpoint->host = host.name;
    endpoint->port = compat->port;
    endpoint->numeric = host.family != 0;
    endpoint->absolute = host.absolute;
    if (compat->sni || compat->strict)
        endpoint->server_name = host.no_zone;
    return true;
}

static bool set_endpoint(struct sp_compat_session *session, char *error, size_t size)
{
    const struct sp_compat *compat = session->compat;
    session->endpoint = (struct sp_endpoint){
        .input = compat->host,
        .mode = compat->lmtp ? SP_MODE_LMTP : SP_MODE_SMTP,
        .tls = compat->tls,
        .verify = session->options.verify,
        .options = &session->options,
    };
    if (!set_host(session, error, size))
        return false;
    if (compat->server_name != NULL)
        session->endpoint.server_name = compat->server_name;
    return true;
}

/* --- what is said ----------------------------------------------------------------------------- */

/* Nothing that ends a line early, or that a terminal would obey. */
static bool is_sendable(const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

static bool set_hello_name(struct sp_compat_session *session, char *error, size_t size)
{
    char name[SP_LIMIT_HOST + 1] = "";
    const char *wanted = session->compat->fqdn;
    if (wanted == NULL && gethostname(name, sizeof name - 1) != 0) {
        snprintf(error, size, "this machine has no name; give one with -F");
        return false;
    }
    if (wanted == NULL)
        wanted = sp_arena_strdup(session->compat->arena, name);
    session->options.ehlo_name = wanted;
    if (wanted != NULL && is_sendable(wanted))
        return true;
    snprintf(error, size, wanted == NULL ? "out of memory" : "the name of -F can't be sent");
    return false;
}

static bool add_command(struct sp_compat_session *session, struct sp_script_command command,
                        char *error, size_t size)
{
    struct sp_script *script = &session->script;
    if (command.text == NULL)
        snprintf(error, size, "out of memory");
    else if (script->command_count == SP_LIMIT_COMMANDS)
        snprintf(error, size, "there are more than %u commands", SP_LIMIT_COMMANDS);
    else if (strlen(command.text) + 2 > SP_LIMIT_COMMAND_AUTH || !is_sendable(command.text))
        snprintf(error, size, "a command can't be sent: %s",
                 command.secret ? "it is too long" : "it is too long or has control characters");
    else {
        session->commands[script->command_count++] = command;
        return true;
    }
    return false;
}

static char *encode(const char *text)
{
    size_t size = SP_BASE64_SIZE(strlen(text));
    char *out = malloc(size);
    if (out != NULL)
        sp_base64_encode(text, strlen(text), out, size);
    return out;
}

static bool add_login(struct sp_compat_session *session, char *error, size_t size)
{
    const struct sp_compat *compat = session->compat;
    session->user = encode(compat->user);
    session->password = encode(compat->password);
    const struct sp_script_command steps[] = {
        {SP_PHASE_AUTH, "AUTH LOGIN", false, 334},
        {SP_PHASE_AUTH, session->user, true, 334},
        {SP_PHASE_AUTH, session->password, true, 235},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!add_command(session, steps[i], error, size))
            return false;
    /* The name itself is no secret, and often a part of what servers say. */
    if (sp_secrets_add(&session->secrets, compat->password) &&
        sp_secrets_add(&session->secrets, session->user))
        return true;
    snprintf(error, size, "out of memory, or the password or the user's name is too long");
    return false;
}

/* Credentials of a login by -C, whose number is `at`: the line itself, or what stands behind AUTH and its
 * mechanism. In front of another answer they are a name, which is no secret by itself. */
static bool hide_command(struct sp_compat_session *session, size_t at, char *error, size_t size)
{
    const struct sp_compat *compat = session->compat;
    const char *blank = strrchr(compat->commands[at], ' ');
    const char *word = blank != NULL ? blank + 1 : compat->commands[at];
    bool name = at + 1 < compat->command_count && compat->command_secret[at + 1] &&
                strchr(compat->commands[at + 1], ' ') == NULL;
    if (name ? sp_secrets_add(&session->secrets, word)
             : sp_secrets_add_encoded(&session->secrets, word))
        return true;
    snprintf(error, size, "out of memory");
    return false;
}

static bool add_commands(struct sp_compat_session *session, char *error, size_t size)
{
    const struct sp_compat *compat = session->compat;
    if (compat->from != NULL) {
        const char *text = sp_arena_printf(compat->arena, "MAIL FROM:<%s>", compat->from);
        if (!add_command(session, (struct sp_script_command){SP_PHASE_MAIL, text, false, 0}, error,
                         size))
            return false;
    }
    for (size_t i = 0; i < compat->command_count; i++) {
        const char *text = compat->commands[i];
        bool secret = compat->command_secret[i];
        if (!add_command(session, (struct sp_script_command){SP_PHASE_MAIL, text, secret, 0}, error,
                         size) ||
            (secret && !hide_command(session, i, error, size)))
            return false;
    }
    return !compat->login || add_login(session, error, size);
}

bool sp_compat_session_init(struct sp_compat_session *session, const struct sp_compat *compat,
                            bool *out_bad_host, char *error, size_t size)
{
    *session = (struct sp_compat_session){.compat = compat};
    sp_secrets_init(&session->secrets);
    session->script = (struct sp_script){
        .helo = strcmp(sp_compat_hello_verb(compat), "HELO") == 0,
        .preamble = compat->proxy ? PREAMBLE : NULL,
        .commands = session->commands,
        .may_begin = may_begin,
        .data = compat,
        .secrets = &session->secrets,
    };
    set_options(session);
    *out_bad_host = !set_endpoint(session, error, size);
    return !*out_bad_host && set_hello_name(session, error, size) &&
           add_commands(session, error, size);
}

void sp_compat_session_free(struct sp_compat_session *session)
{
    sp_secret_free(session->user);
    sp_secret_free(session->password);
    sp_secrets_free(&session->secrets);
    *session = (struct sp_compat_session){0};
}
