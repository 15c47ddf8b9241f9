/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_smtp's command line in tables: calls and what they mean. A call is one string; blanks part its
 * words, '' is an empty word, ^ stands for a blank inside a word and %% for the folder with files. What
 * it means is told as the fields that are not as by default, or as "!" with the first line of a complaint.
 */
#ifndef SP_TESTS_UNIT_COMPAT_CALL_H
#define SP_TESTS_UNIT_COMPAT_CALL_H

#include "nagios/compat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 160
#define LINE_MAX_TEXT 32768u

/* The password of all calls: it may be left neither in argv nor in a text. */
static const char SECRET[] = "hunter2";
static char folder[] = "/tmp/test_compat_XXXXXX";

struct call {
    char line[LINE_MAX_TEXT]; /* what argv points into */
    size_t len;
    char *argv[WORDS_MAX + 1];
    int argc;
    struct sp_compat compat;
    enum sp_compat_action action;
};

struct row {
    const char *call, *meaning;
};

/* Puts the folder's name in place of %%. */
static inline void expand_folder(const char *text, char *out, size_t size)
{
    size_t len = 0;
    while (*text != '\0' && len + 1 < size) {
        if (strncmp(text, "%%", 2) == 0) {
            len += (size_t)snprintf(out + len, size - len, "%s", folder);
            text += 2;
        } else {
            out[len++] = *text++;
        }
    }
    out[len] = '\0';
}

static inline void split(struct call *call, const char *words)
{
    char text[LINE_MAX_TEXT];
    snprintf(text, sizeof text, "check_smtp %s", words);
    expand_folder(text, call->line, sizeof call->line);
    call->len = strlen(call->line);
    call->argc = 0;
    for (char *at = call->line; *at != '\0';) {
        char *end = at + strcspn(at, " ");
        bool is_last = *end == '\0';
        *end = '\0';
        if (at[0] == '\'' && at[1] == '\'')
            at[0] = at[1] = '\0';
        for (char *c = at; *c != '\0'; c++)
            *c = *c == '^' ? ' ' : *c;
        assert_true(call->argc < WORDS_MAX);
        if (at != end || call->argc == 0)
            call->argv[call->argc++] = at;
        at = is_last ? end : end + 1;
    }
    call->argv[call->argc] = NULL;
}

static inline void parse(struct call *call, const char *words)
{
    split(call, words);
    call->action = sp_compat_parse(call->argc, call->argv, &call->compat);
}

static inline bool holds(const void *memory, size_t len, const char *text)
{
    return len > 0 && memmem(memory, len, text, strlen(text)) != NULL;
}

/* --- a command line told as text -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static inline void tell(struct sp_buf *out,
                                                              const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_true(sp_buf_append_str(out, out->len > 0 ? " " : "") && sp_buf_append_str(out, text));
}

static inline void tell_string(struct sp_buf *out, const char *name, const char *value)
{
    if (value != NULL)
        tell(out, "%s=%s", name, value);
}

static inline void tell_flag(struct sp_buf *out, const char *name, bool value)
{
    if (value)
        tell(out, "%s", name);
}

static inline void tell_range(struct sp_buf *out, const char *name, const struct sp_range *range)
{
    if (!range->set)
        assert_null(range->text);
    else if (isinf(range->start) && !range->inside)
        tell(out, "%s>%g(%s)", name, range->end, range->text);
    else
        tell(out, "%s%s%g..%g(%s)", name, range->inside ? "@" : "=", range->start, range->end,
             range->text);
}

static inline void tell_login(struct sp_buf *out, const struct sp_compat *compat)
{
    tell_flag(out, "auth", compat->auth_given);
    tell_string(out, "problem", compat->auth_problem);
    tell_flag(out, "login", compat->login);
    tell_string(out, "user", compat->user);
    tell_string(out, "password", compat->password);
    if (compat->login)
        assert_true(compat->user != NULL && compat->password != NULL && !compat->auth_problem);
    tell_flag(out, "warned", compat->warning_note != NULL);
}

static inline void tell_meaning(struct sp_buf *out, const struct sp_compat *compat)
{
    static const char *const families[] = {"any", "4", "6"};
    static const char *const modes[] = {"default", "none", "opportunistic", "starttls", "implicit"};
    if (strcmp(compat->host, "127.0.0.1") != 0)
        tell(out, "host=%s", compat->host);
    if (compat->port != 25)
        tell(out, "port=%u", compat->port);
    if (compat->family != SP_FAMILY_ANY)
        tell(out, "family=%s", families[compat->family]);
    if (compat->expect_given)
        tell(out, "expect=%s", compat->expect);
    else
        assert_string_equal(compat->expect, "220");
    for (size_t i = 0; i < compat->command_count; i++)
        tell(out, "%s=%s", compat->command_secret[i] ? "secret" : "C", compat->commands[i]);
    for (size_t i = 0; i < compat->response_count; i++)
        tell(out, "R=%s", compat->responses[i]);
    tell_string(out, "from", compat->from);
    tell_string(out, "fqdn", compat->fqdn);
    tell_login(out, compat);
    tell_range(out, "w", &compat->warning);
    tell_range(out, "c", &compat->critical);
    if (compat->timeout_ms != 10000)
        tell(out, "t=%u", compat->timeout_ms);
    if (compat->timeout_state != SP_STATE_CRITICAL)
        tell(out, "late=%s", sp_state_name(compat->timeout_state));
    if (compat->tls != SP_TLS_NONE)
        tell(out, "tls=%s", modes[compat->tls]);
    tell_flag(out, "sni", compat->sni);
    if (compat->certificate)
        tell(out, "D=%u,%u", compat->cert_warning_days, compat->cert_critical_days);
    tell_flag(out, "lmtp", compat->lmtp);
    tell_flag(out, "proxy", compat->proxy);
    tell_flag(out, "q", compat->ignore_quit);
    if (compat->verbose > 0)
        tell(out, "v=%u", compat->verbose);
    tell_flag(out, "strict", compat->strict);
    tell_string(out, "name", compat->server_name);
    tell_string(out, "ca", compat->ca_file);
}

static inline void tell_text(struct sp_buf *out, const struct sp_buf *text)
{
    const char *data = (const char *)text->data;
    const char *end = memchr(data, '\n', text->len);
    assert_non_null(end);
    assert_true(sp_buf_append_str(out, "!") && sp_buf_append(out, data, (size_t)(end - data)));
}

/* Fails with the call in the message. */
static inline void compare(const struct row *row)
{
    static struct call call;
    struct sp_buf got;
    char wanted[LINE_MAX_TEXT];
    sp_buf_init(&got, LINE_MAX_TEXT);
    parse(&call, row->call);
    if (call.action == SP_COMPAT_TEXT)
        tell_text(&got, &call.compat.text);
    else
        tell_meaning(&got, &call.compat);
    assert_true(sp_buf_append(&got, "", 1));
    expand_folder(row->meaning, wanted, sizeof wanted);
    if (strcmp((char *)got.data, wanted) != 0)
        fail_msg("%s\n  means  %s\n  not    %s", row->call, (char *)got.data, wanted);
    if (holds(call.line, call.len, SECRET))
        fail_msg("%s: the password stands in argv", row->call);
    if (holds(call.compat.text.data, call.compat.text.len, SECRET))
        fail_msg("%s: the password stands in the text", row->call);
    sp_buf_free(&got);
    sp_compat_free(&call.compat);
}

static inline void compare_all(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        compare(&rows[i]);
}

/* --- complaints ------------------------------------------------------------------------------- */

#define HOST_ERROR "!check_smtp: Invalid hostname/address - "
#define PORT_ERROR "!check_smtp: Port must be a positive integer"
#define DAYS_ERROR "!check_smtp: Invalid certificate expiration period - "
#define TIME_ERROR "!check_smtp: Timeout interval must be a positive integer"
#define STATE_ERROR                                                                               \
    "!check_smtp: Timeout result must be a valid state name (OK, WARNING, CRITICAL, UNKNOWN) or " \
    "integer (0-3)."
#define W_ERROR "!check_smtp: Warning time must be a positive"
#define C_ERROR "!check_smtp: Critical time must be a positive"
#define COMMAND_ERROR                                                                  \
    "!check_smtp: A command of -C has a line end or another control character in it; " \
    "write one -C for each line"
#define FROM_ERROR "!check_smtp: The address of -f is too long or has control characters"
#define FQDN_ERROR "!check_smtp: The name of -F is too long or has blanks or control characters"

/* --- files ------------------------------------------------------------------------------------ */

static inline void write_file(const char *name, mode_t mode, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static inline int make_files(void **state)
{
    char path[256];
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    write_file("password", 0600, "from file\nsecond line\n");
    write_file("open", 0644, "open");
    write_file("broken", 0600, "[check_smtp]\nhunter2\n");
    write_file("ini", 0600,
               "# options\n[check_smtp]\nhostname = ini\nport=26\nverbose =\n"
               "[short]\nH=short\np = 27\nq=\n[nested]\nextra-opts=short\n[bad]\nport=hunter2\n"
               "[unknown]\nsome thing=hunter2\n[dangling]\nhostname=x\nauthpass=\n"
               "[command]\nC=AUTH LOGIN\n"
               "[login]\nauthtype=LOGIN\nauthuser=ini\nauthpass=from ini\n");
    snprintf(path, sizeof path, "%s/ini", folder);
    return setenv("MP_CONFIG_FILE", path, 1);
}

static inline int remove_files(void **state)
{
    static const char *const names[] = {"password", "open", "broken", "ini"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

#endif
