/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_smtp's command line: tables of calls and what they mean. A call is one string; blanks part its
 * words, '' is an empty word, ^ stands for a blank inside a word and %% for the folder with files. What
 * it means is told as the fields that are not as by default, or as "!" with the first line of a complaint.
 */
#include "nagios/compat.h"
#include "nagios/compat_help.h"

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
static void expand_folder(const char *text, char *out, size_t size)
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

static void split(struct call *call, const char *words)
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

static void parse(struct call *call, const char *words)
{
    split(call, words);
    call->action = sp_compat_parse(call->argc, call->argv, &call->compat);
}

static bool holds(const void *memory, size_t len, const char *text)
{
    return len > 0 && memmem(memory, len, text, strlen(text)) != NULL;
}

/* --- a command line told as text -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void tell(struct sp_buf *out, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_true(sp_buf_append_str(out, out->len > 0 ? " " : "") && sp_buf_append_str(out, text));
}

static void tell_string(struct sp_buf *out, const char *name, const char *value)
{
    if (value != NULL)
        tell(out, "%s=%s", name, value);
}

static void tell_flag(struct sp_buf *out, const char *name, bool value)
{
    if (value)
        tell(out, "%s", name);
}

static void tell_range(struct sp_buf *out, const char *name, const struct sp_range *range)
{
    if (!range->set)
        assert_null(range->text);
    else if (isinf(range->start) && !range->inside)
        tell(out, "%s>%g(%s)", name, range->end, range->text);
    else
        tell(out, "%s%s%g..%g(%s)", name, range->inside ? "@" : "=", range->start, range->end,
             range->text);
}

static void tell_login(struct sp_buf *out, const struct sp_compat *compat)
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

static void tell_meaning(struct sp_buf *out, const struct sp_compat *compat)
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
        tell(out, "C=%s", compat->commands[i]);
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

static void tell_text(struct sp_buf *out, const struct sp_buf *text)
{
    const char *data = (const char *)text->data;
    const char *end = memchr(data, '\n', text->len);
    assert_non_null(end);
    assert_true(sp_buf_append_str(out, "!") && sp_buf_append(out, data, (size_t)(end - data)));
}

/* Fails with the call in the message. */
static void compare(const struct row *row)
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

static void compare_all(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        compare(&rows[i]);
}

/* --- tables ----------------------------------------------------------------------------------- */

#define HOST_ERROR "!check_smtp: Invalid hostname/address - "
#define PORT_ERROR "!check_smtp: Port must be a positive integer"
#define DAYS_ERROR "!check_smtp: Invalid certificate expiration period - "
#define TIME_ERROR "!check_smtp: Timeout interval must be a positive integer"
#define STATE_ERROR                                                                               \
    "!check_smtp: Timeout result must be a valid state name (OK, WARNING, CRITICAL, UNKNOWN) or " \
    "integer (0-3)."
#define W_ERROR "!check_smtp: Warning time must be a positive"
#define C_ERROR "!check_smtp: Critical time must be a positive"
#define FROM_ERROR "!check_smtp: The address of -f is too long or has blanks or control characters"
#define FQDN_ERROR "!check_smtp: The name of -F is too long or has blanks or control characters"

static void test_hosts(void **state)
{
    static const struct row rows[] = {
        {"-H mx", "host=mx"},
        {"-Hmx", "host=mx"},
        {"--hostname mx", "host=mx"},
        {"--hostname=mx", "host=mx"},
        {"--host=mx", "host=mx"},
        {"--ho mx", "host=mx"},
        {"mx", "host=mx"},
        {"mx -p 26", "host=mx"},
        {"mx other", "host=mx"},
        {"-p 26 mx", "host=mx port=26"},
        {"-p 26 -- mx", "host=mx port=26"},
        {"-- mx -p 26", "host=mx"},
        {"-- -p 26", HOST_ERROR "-p"},
        {"-H mx other -p 26", "host=mx"},
        {"-H mx -H my", "host=my"},
        {"-v", "v=1"},
        {"-H MX.Example.ORG", "host=MX.Example.ORG"},
        {"-H mx.example.org.", "host=mx.example.org."},
        {"-H a_b.example", "host=a_b.example"},
        {"-H b\xc3\xbc"
         "cher.example",
         "host=b\xc3\xbc"
         "cher.example"},
        {"-H 192.0.2.1", "host=192.0.2.1"},
        {"-H 127.1", ""},
        {"-H ::1", "host=::1"},
        {"-H [::1]", "host=::1"},
        {"-H fe80::1%lo", "host=fe80::1%lo"},
        {"-H [127.0.0.1]", HOST_ERROR "[127.0.0.1]"},
        {"-H [::1]:25", HOST_ERROR "[::1]:25"},
        {"-H []", HOST_ERROR "[]"},
        {"-H /run/lmtp.sock", "host=/run/lmtp.sock"},
        {"-H /run/a^b", "host=/run/a b"},
        {"-H /run/\na", HOST_ERROR "/run/\\x0aa"},
        {"-H ''", HOST_ERROR},
        {"''", HOST_ERROR},
        {"-H mx:25", HOST_ERROR "mx:25"},
        {"-H mx:example.org", HOST_ERROR "mx:example.org"},
        {"-H smtp://mx", HOST_ERROR "smtp://mx"},
        {"-H @list", HOST_ERROR "@list"},
        {"-H user@mx", HOST_ERROR "user@mx"},
        {"-H -", HOST_ERROR "-"},
        {"-", HOST_ERROR "-"},
        {"-H -x", HOST_ERROR "-x"},
        {"-H a^b", HOST_ERROR "a b"},
        {"-H 127.0.0.1^", HOST_ERROR "127.0.0.1 "},
        {"-H mx^tls=none", HOST_ERROR "mx tls=none"},
        {"-H a=b", HOST_ERROR "a=b"},
        {"-H \"mx\"", HOST_ERROR "\"mx\""},
        {"-H mx#1", HOST_ERROR "mx#1"},
        {"-H a/b", HOST_ERROR "a/b"},
        {"-H mx|x=1", HOST_ERROR "mx!x=1"},
        {"-H $HOSTADDRESS$", HOST_ERROR "$HOSTADDRESS$"},
        {"-H mx\nOK", HOST_ERROR "mx\\x0aOK"},
        {"-H \xff", HOST_ERROR "\\xff"},
        {"-H a..b", HOST_ERROR "a..b"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_numbers(void **state)
{
    static const struct row rows[] = {
        {"-p 1", "port=1"},
        {"-p65535", "port=65535"},
        {"--port=26", "port=26"},
        {"-p ^26^", "port=26"},
        {"-p 0026", "port=26"},
        {"-p 0", PORT_ERROR},
        {"-p 65536", PORT_ERROR},
        {"-p -1", PORT_ERROR},
        {"-p +1", PORT_ERROR},
        {"-p 1-1", PORT_ERROR},
        {"-p 1^1", PORT_ERROR},
        {"-p 25x", PORT_ERROR},
        {"-p smtp", PORT_ERROR},
        {"-p 0x19", PORT_ERROR},
        {"-p 99999999999999999999999", PORT_ERROR},
        {"-p ''", PORT_ERROR},
        {"-t 5", "t=5000"},
        {"-to 5", "t=5000"},
        {"-t5", "t=5000"},
        {"-t ^5", "t=5000"},
        {"-t 0", "t=86400000"},
        {"-t ''", "t=86400000"},
        {"-t 86401", "t=86400000"},
        {"-t 2147483647", "t=86400000"},
        {"-t 2147483648", TIME_ERROR},
        {"-t 5:WARNING", "t=5000 late=WARNING"},
        {"-t 5:ok", "t=5000 late=OK"},
        {"-t 5:3", "t=5000 late=UNKNOWN"},
        {"-t :UNKNOWN", "late=UNKNOWN"},
        {"-t :1 -t 7", "t=7000 late=WARNING"},
        {"-t 5:", STATE_ERROR},
        {"-t :", STATE_ERROR},
        {"-t 5:4", STATE_ERROR},
        {"-t 5:BAD", STATE_ERROR},
        {"-t x", TIME_ERROR},
        {"-t x:OK", TIME_ERROR},
        {"-t -1", TIME_ERROR},
        {"-t 1.5", TIME_ERROR},
        {"-t 5s", TIME_ERROR},
        {"-D 5", "tls=starttls D=5,0"},
        {"-D 5,3", "tls=starttls D=5,3"},
        {"-D 5,", "tls=starttls D=5,0"},
        {"-D ,3", "tls=starttls D=0,3"},
        {"-D ''", "tls=starttls D=0,0"},
        {"-D ^5,^3", "tls=starttls D=5,3"},
        {"-D 3,5", "tls=starttls D=3,5"},
        {"-D 5,3 -D 9", "tls=starttls D=9,0"},
        {"-D x", DAYS_ERROR "x"},
        {"-D x,3", DAYS_ERROR "x"},
        {"-D 5,x", DAYS_ERROR "x"},
        {"-D 5,3,2", DAYS_ERROR "3,2"},
        {"-D -5", DAYS_ERROR "-5"},
        {"-D 99999999999", DAYS_ERROR "99999999999"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_thresholds(void **state)
{
    static const struct row rows[] = {
        {"-w 5 -c 10", "w>5(5.000000) c>10(10.000000)"},
        {"-wt 5 -ct 10", "w>5(5.000000) c>10(10.000000)"},
        {"-w5", "w>5(5.000000)"},
        {"--warning=.5", "w>0.5(0.500000)"},
        {"-w 5.", "w>5(5.000000)"},
        {"-w +5", "w>5(5.000000)"},
        {"-w ^5", "w>5(5.000000)"},
        {"-w \t5", "w>5(5.000000)"},
        {"-w 1e1", "w>10(10.000000)"},
        {"-w 1.5E-1", "w>0.15(0.150000)"},
        {"-w 0", "w>0(0.000000)"},
        {"-w -0", "w>0(0.000000)"},
        {"-w 0.0000001", "w>1e-07(0.000000)"},
        {"-w 5.0000", "w>5(5.000000)"},
        {"-w 5 -w 6", "w>6(6.000000)"},
        {"-c 1:5", "c=1..5(1:5)"},
        {"-c 5:", "c=5..inf(5:)"},
        {"-c ~:5", "c>5(~:5)"},
        {"-c @1:5", "c@1..5(@1:5)"},
        {"-c :5", "c=0..5(:5)"},
        {"-w -1", W_ERROR},
        {"-w -0.1", W_ERROR},
        {"-w ''", W_ERROR},
        {"-w 5^", W_ERROR},
        {"-w x", W_ERROR},
        {"-w .", W_ERROR},
        {"-w 1e", W_ERROR},
        {"-w 1e+", W_ERROR},
        {"-w 1.5.5", W_ERROR},
        {"-w 1,5", W_ERROR},
        {"-w 0x10", W_ERROR},
        {"-w inf", W_ERROR},
        {"-w nan", W_ERROR},
        {"-w 1e400", W_ERROR},
        {"-w 5:1", W_ERROR},
        {"-c x", C_ERROR},
        {"-c -1", C_ERROR},
        {"-c 5ms", C_ERROR},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_dialogue(void **state)
{
    static const struct row rows[] = {
        {"-e ESMTP", "expect=ESMTP"},
        {"-e 220", "expect=220"},
        {"-e ''", "expect="},
        {"-e a -e b", "expect=b"},
        {"-C NOOP", "C=NOOP"},
        {"-C NOOP -C HELP^x -R 250 -R 214", "C=NOOP C=HELP x R=250 R=214"},
        {"-C ''", "C="},
        {"-C a\rb",
         "!check_smtp: A command of -C has a line end in it; write one -C for each line"},
        {"-C a\nb",
         "!check_smtp: A command of -C has a line end in it; write one -C for each line"},
        {"-C a -R ( -p x", PORT_ERROR},
        {"-C a -R (", "!Could Not Compile Regular Expression - (: Unmatched ( or \\("},
        {"-C a -R [|",
         "!Could Not Compile Regular Expression - [!: Unmatched [, [^, [:, [., or [="},
        {"-R (", ""},
        {"-C a -R b -R (", "C=a R=b"},
        {"-R ^2(50|20)$ -C a", "C=a R= 2(50|20)$"},
        {"-f a@b", "from=a@b"},
        {"-f <a@b>", "from=a@b"},
        {"-f <<a@b", "from=a@b"},
        {"-f a@b>^SIZE=1", "from=a@b"},
        {"-f ''", "from="},
        {"-f <>", "from="},
        {"-f a^b", FROM_ERROR},
        {"-f a\r\nRSET", FROM_ERROR},
        {"-f a\x7f", FROM_ERROR},
        {"-F host.example", "fqdn=host.example"},
        {"-F [192.0.2.1]", "fqdn=[192.0.2.1]"},
        {"-F ''", ""},
        {"-F a -F ''", ""},
        {"-F a^b", FQDN_ERROR},
        {"-F a\nb", FQDN_ERROR},
        {"-L", "lmtp"},
        {"-r", "proxy"},
        {"-Lrvv", "lmtp proxy v=2"},
        {"-vvv -v", "v=4"},
        {"-4", "family=4"},
        {"-4 -6 mx", "host=mx family=6"},
        {"-64 mx", "host=mx family=4"},
        {"-6 -H 127.0.0.1", HOST_ERROR "127.0.0.1"},
        {"-H 127.0.0.1 -6", HOST_ERROR "127.0.0.1"},
        {"-4 -H ::1", HOST_ERROR "::1"},
        {"-4 -H /run/s:1", "host=/run/s:1 family=4"},
        /* The address that stands for no host at all is of one family, too. */
        {"-6", HOST_ERROR "127.0.0.1"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_tls(void **state)
{
    static const struct row rows[] = {
        {"-S", "tls=starttls"},
        {"-s", "port=465 tls=implicit"},
        {"--ssl", "port=465 tls=implicit"},
        {"--tls", "port=465 tls=implicit"},
        {"--starttls", "tls=starttls"},
        {"-s -p 25", "tls=implicit"},
        {"-p 26 -s", "port=26 tls=implicit"},
        {"-S -p 465", "port=465 tls=starttls"},
        {"-p 465", "port=465"},
        {"-D 5 -p 465", "port=465 tls=implicit D=5,0"},
        {"-D 5 -S -p 465", "port=465 tls=starttls D=5,0"},
        {"-s -D 5", "port=465 tls=implicit D=5,0"},
        {"-SD5,1", "tls=starttls D=5,1"},
        {"-s -S", "!check_smtp: Set either -s/--ssl/--tls or -S/--starttls"},
        {"-S --tls", "!check_smtp: Set either -s/--ssl/--tls or -S/--starttls"},
        {"-S -s -D 5", "!check_smtp: Set either -s/--ssl/--tls or -S/--starttls"},
        {"-S --sni", "tls=starttls sni"},
        {"--strict", "strict"},
        {"--strict --server-name mx --ca-file=/x", "strict name=mx ca=/x"},
        {"--server-name=[::1]", "name=::1"},
        {"--server-name=a^b", "!check_smtp: --server-name must be a host name or an address - a b"},
        {"--server-name=", "!check_smtp: --server-name must be a host name or an address - "},
        {"--compat mx", "host=mx"},
        {"-S --compat -v", "tls=starttls v=1"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_words_behind_q(void **state)
{
    static const struct row rows[] = {
        {"-q", "q"},
        {"-q -H mx", "host=mx q"},
        {"-H mx -q yes -p 26", "host=mx port=26 q"},
        {"-q yes -p 26 -H mx", "host=mx port=26 q"},
        {"-q yes --host=mx", "host=mx q"},
        {"--ignore-quit-failure yes -H mx", "host=mx q"},
        {"-vq 1 -H mx", "host=mx q v=1"},
        {"-q 1 -q 1 -H mx", "host=mx q"},
        {"-H mx -q '' -v", "host=mx q v=1"},
        {"-H mx -qv yes -p 26", "host=mx q v=1"},
        {"-H mx -q yes no -p 26", "host=mx q"},
        /* Without -H it is the host, and what follows is not looked at. */
        {"-q mx", "host=mx q"},
        {"-q mx -p 26", "host=mx q"},
        {"-q mx my", "host=mx q"},
        {"-q mx my -H other", "host=mx q"},
        {"-q yes -p -H", "host=yes q"},
        {"-q -- mx", "host=mx q"},
        {"-H mx -q -- my -v", "host=mx q"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_passwords(void **state)
{
    static const struct row rows[] = {
        {"-A LOGIN -U u -P hunter2", "auth login user=u password=hunter2"},
        {"-A LOGIN -U u -Phunter2", "auth login user=u password=hunter2"},
        {"-ALOGIN -Uu -vPhunter2", "auth login user=u password=hunter2 v=1"},
        {"-A LOGIN -U u --authpass hunter2", "auth login user=u password=hunter2"},
        {"-A LOGIN -U u --authpass=hunter2", "auth login user=u password=hunter2"},
        {"-A LOGIN -U u --authp hunter2", "auth login user=u password=hunter2"},
        {"-A LOGIN -U u --authp=hunter2", "auth login user=u password=hunter2"},
        {"-A LOGIN -U u -P hunter2 -P other", "auth login user=u password=other"},
        {"-A LOGIN -U u -P ''", "auth login user=u password="},
        {"-A LOGIN -U u -P -v", "auth login user=u password=-v"},
        {"-P hunter2", "password=hunter2"},
        {"-A LOGIN -U u", "auth problem=no authpass specified user=u"},
        {"-A LOGIN -P hunter2", "auth problem=no authuser specified password=hunter2"},
        {"-A LOGIN", "auth problem=no authuser specified"},
        {"-A login -U u -P hunter2",
         "auth problem=only authtype LOGIN is supported user=u password=hunter2"},
        {"-A PLAIN", "auth problem=only authtype LOGIN is supported"},
        {"-A ''", "auth problem=only authtype LOGIN is supported"},
        {"-U u", "user=u"},
        /* Wiped although something else is wrong, in front or behind. */
        {"-P hunter2 -p x", PORT_ERROR},
        {"-p x -P hunter2", PORT_ERROR},
        {"-x -Phunter2", "!check_smtp: invalid option -- 'x'"},
        {"--nonsense --authpass=hunter2", "!check_smtp: option '--nonsense' is unknown"},
        {"-P hunter2 --extra-opts=@/nonexistent",
         "!Can't read config file: No such file or directory: /nonexistent"},
        {"-h -P hunter2", "!check_smtp v" SP_VERSION " (smtp-probe " SP_VERSION ")"},
        {"mx -P hunter2", "host=mx"},
        {"mx my -vPhunter2 x --authpass hunter2 -H", "host=mx"},
        {"-- mx -P hunter2", "host=mx"},
        {"-q mx -P hunter2", "host=mx q"},
        {"-P", "!check_smtp: option requires an argument -- 'P'"},
        {"-P hunter2 -P", "!check_smtp: option requires an argument -- 'P'"},
        /* From a file. */
        {"-A LOGIN -U u --password-file %%/password", "auth login user=u password=from file"},
        {"-A LOGIN -U u --password-file=%%/open", "auth login user=u password=open warned"},
        {"-A LOGIN -U u -P hunter2 --pass %%/password", "auth login user=u password=from file"},
        {"-A LOGIN -U u --pa %%/password -P hunter2", "auth login user=u password=hunter2"},
        {"--password-file %%/password", ""},
        {"-A LOGIN --password-file %%/none", "auth problem=no authuser specified"},
        {"--extra-opts=login@%%/ini -P hunter2", "auth login user=ini password=hunter2"},
        {"--extra-opts=login@%%/ini", "auth login user=ini password=from ini"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

/* An unknown option's value may be a misspelt password. */
static void test_password_of_a_misspelt_option(void **state)
{
    static struct call call;
    (void)state;
    parse(&call, "--authpasss=hunter2");
    assert_int_equal(call.action, SP_COMPAT_TEXT);
    assert_memory_equal(call.compat.text.data, "check_smtp: option '--authpasss' is unknown\n", 44);
    assert_false(holds(call.compat.text.data, call.compat.text.len, SECRET));
    sp_compat_free(&call.compat);
    parse(&call, "-A LOGIN -U u --password-file %%/none");
    assert_int_equal(call.action, SP_COMPAT_TEXT);
    assert_true(holds(call.compat.text.data, call.compat.text.len, "/none"));
    sp_compat_free(&call.compat);
}

static void test_argv_stays(void **state)
{
    static struct call call;
    (void)state;
    parse(&call, "-wt 5 -U u -Phunter2 -D 5,3 -f <a> --authpass=hunter2 -P hunter2 mx");
    static const char *const after[] = {"check_smtp",  "-wt", "5",   "-U", "u",
                                        "-P",          "-D",  "5,3", "-f", "<a>",
                                        "--authpass=", "-P",  "",    "mx"};
    assert_int_equal(call.argc, COUNT(after));
    for (size_t i = 0; i < COUNT(after); i++)
        assert_string_equal(call.argv[i], after[i]);
    assert_string_equal(call.compat.password, SECRET);
    sp_compat_free(&call.compat);
    assert_null(call.compat.password);
}

/* Every beginning that meant something to some check_smtp still means it. */
static void test_abbreviations(void **state)
{
    static const struct row rows[] = {
        {"--s", "tls=starttls"},
        {"--st", "tls=starttls"},
        {"--sta", "tls=starttls"},
        {"--starttl", "tls=starttls"},
        {"--ss", "port=465 tls=implicit"},
        {"--tl", "port=465 tls=implicit"},
        {"--sn", "sni"},
        {"--t 5", "t=5000"},
        {"--t=5", "t=5000"},
        {"--ti 5", "t=5000"},
        {"--p 26", "port=26"},
        {"--p=26", "port=26"},
        {"--po 26", "port=26"},
        {"--pr", "proxy"},
        {"--co NOOP", "C=NOOP"},
        {"--co=NOOP", "C=NOOP"},
        {"--com NOOP", "C=NOOP"},
        {"--comm NOOP", "C=NOOP"},
        {"--ce 5", "tls=starttls D=5,0"},
        {"--cr 5", "c>5(5.000000)"},
        {"--w 5", "w>5(5.000000)"},
        {"--e x", "expect=x"},
        {"--ex x", "expect=x"},
        {"--exp x", "expect=x"},
        {"--fr a", "from=a"},
        {"--fq a", "fqdn=a"},
        {"--r x", ""},
        {"--l", "lmtp"},
        {"--i", "q"},
        {"--verb", "v=1"},
        {"--use-ipv4 mx", "host=mx family=4"},
        {"--authu u", "user=u"},
        {"--autht LOGIN", "auth problem=no authuser specified"},
        {"--str", "strict"},
        {"--se mx", "name=mx"},
        {"--ca x", "ca=x"},
        {"--comp mx", "host=mx"},
        {"--c 5", "!check_smtp: option '--c' is ambiguous"},
        {"--v", "!check_smtp: option '--v' is ambiguous"},
        {"--h mx", "!check_smtp: option '--h' is ambiguous"},
        {"--f x", "!check_smtp: option '--f' is ambiguous"},
        {"--a x", "!check_smtp: option '--a' is ambiguous"},
        {"--auth x", "!check_smtp: option '--auth' is ambiguous"},
        {"--use", "!check_smtp: option '--use' is ambiguous"},
        {"--ext x", "!check_smtp: option '--ext' is unknown"},
        {"--nonsense=x", "!check_smtp: option '--nonsense' is unknown"},
        {"--lmtp=1", "!check_smtp: option '--lmtp' doesn't allow an argument"},
        {"--s=1", "!check_smtp: option '--s' doesn't allow an argument"},
        {"--host", "!check_smtp: option '--host' requires an argument"},
        {"-H", "!check_smtp: option requires an argument -- 'H'"},
        {"-vH", "!check_smtp: option requires an argument -- 'H'"},
        {"-x", "!check_smtp: invalid option -- 'x'"},
        {"-vxq", "!check_smtp: invalid option -- 'x'"},
        {"--lmtp -vx", "!check_smtp: invalid option -- 'x'"},
        {"-W5", "!check_smtp: invalid option -- 'W'"},
        {"-\x01", "!check_smtp: invalid option -- '\\x01'"},
        {"-: x", "!check_smtp: invalid option -- ':'"},
        {"-+", "!check_smtp: invalid option -- '+'"},
        {"-?", "!check_smtp: invalid option -- '?'"},
        {"--=x", "!check_smtp: option '--' is ambiguous"},
        {"---", "!check_smtp: option '---' is unknown"},
        {"", "!check_smtp: Could not parse arguments"},
        {"--compat", "!check_smtp: Could not parse arguments"},
        {"-V", "!check_smtp v" SP_VERSION " (smtp-probe " SP_VERSION ")"},
        {"--vers -p x", "!check_smtp v" SP_VERSION " (smtp-probe " SP_VERSION ")"},
        {"-p x -V", PORT_ERROR},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_extra_opts(void **state)
{
    static const struct row rows[] = {
        {"--extra-opts=@%%/ini", "host=ini port=26 v=1"},
        {"--extra-opts @%%/ini", "host=ini port=26 v=1"},
        {"--extra-opts=check_smtp@%%/ini", "host=ini port=26 v=1"},
        {"--extra-opts", "host=ini port=26 v=1"},
        {"--extra-opts=", "host=ini port=26 v=1"},
        {"--extra-opts -v", "host=ini port=26 v=2"},
        {"--extra-opts=short", "host=short port=27 q"},
        {"--extra-opts short", "host=short port=27 q"},
        {"-p 99 --extra-opts", "host=ini port=99 v=1"},
        {"-H mx --extra-opts=@%%/ini -p 99", "host=mx port=99 v=1"},
        {"--extra-opts=short --extra-opts=check_smtp", "host=ini port=26 q v=1"},
        {"--extra-opts=check_smtp --extra-opts=short", "host=short port=27 q v=1"},
        {"mx --extra-opts=short", "host=short port=27 q"},
        {"-q yes --extra-opts=short -v", "host=short port=27 q v=1"},
        {"--extra-opts=nested", "!check_smtp: option '--extra-opts' is unknown"},
        {"--extra-opts=unknown", "!check_smtp: option '--some thing' is unknown"},
        {"--extra-opts=bad", PORT_ERROR},
        {"--extra-opts=none", "!Invalid section 'none' in config file '%%/ini'"},
        {"--extra-opts=@%%/broken",
         "!Config file error: %%/broken:2: no \"=\" behind the option; a flag is written \"option=\""},
        {"--extra-opts=@%%/no\nfile",
         "!Can't read config file: No such file or directory: %%/no\\x0afile"},
        {"--extra-opts=@", "!Cannot find config file in any standard location."},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
    /* A flag that is none takes argv's first word, which must not be seen for longer than others. */
    compare(&(const struct row){"--extra-opts=dangling hunter2", "host=x password=hunter2"});
}

static void test_many_and_long(void **state)
{
    static char words[LINE_MAX_TEXT];
    static struct call call;
    (void)state;
    for (int count = 59; count <= 65; count++) {
        size_t len = (size_t)snprintf(words, sizeof words, "-f a -A LOGIN -U u -P x");
        for (int i = 0; i < count; i++)
            len += (size_t)snprintf(words + len, sizeof words - len, " -CNOOP");
        parse(&call, words);
        assert_int_equal(call.action, count <= 60 ? SP_COMPAT_RUN : SP_COMPAT_TEXT);
        sp_compat_free(&call.compat);
        parse(&call, words + 4 + 20);
        assert_int_equal(call.action, count <= 64 ? SP_COMPAT_RUN : SP_COMPAT_TEXT);
        sp_compat_free(&call.compat);
    }
    static const struct {
        const char *option;
        int longest;
    } rows[] = {{"-C", 510},
                {"-f", 498},
                {"-F", 505},
                {"-H/", 106},
                {"-Ca -R", 4096},
                {"-A LOGIN -P x -U ", 1024},
                {"-A LOGIN -U x -P ", 1024},
                {"-e", 20000}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int more = 0; more < 2; more++) {
            size_t len = (size_t)snprintf(words, sizeof words, "%s", rows[i].option);
            memset(words + len, 'x', (size_t)(rows[i].longest + more));
            words[len + (size_t)(rows[i].longest + more)] = '\0';
            parse(&call, words);
            if ((call.action == SP_COMPAT_RUN) != (more == 0 || rows[i].longest == 20000))
                fail_msg("%s with %d octets", rows[i].option, rows[i].longest + more);
            sp_compat_free(&call.compat);
        }
    }
}

static void test_wanted(void **state)
{
    static const struct {
        const char *words[4];
        bool wanted;
    } rows[] = {
        {{"check_smtp"}, true},
        {{"/usr/lib/nagios/plugins/check_smtp", "-H", "mx"}, true},
        {{"./check_smtp"}, true},
        {{"check_smtp_probe", "mx"}, false},
        {{"check_smtp/check_smtp_probe"}, false},
        {{"xcheck_smtp"}, false},
        {{""}, false},
        {{"check_smtp_probe", "--compat"}, true},
        {{"check_smtp_probe", "mx", "--compat"}, true},
        {{"check_smtp_probe", "--compat=1"}, false},
        {{"check_smtp_probe", "--", "--compat"}, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[5] = {NULL};
        int argc = 0;
        for (; argc < 4 && rows[i].words[argc] != NULL; argc++)
            argv[argc] = (char *)(uintptr_t)rows[i].words[argc];
        assert_int_equal(sp_compat_wanted(argc, argv), rows[i].wanted);
    }
    assert_false(sp_compat_wanted(0, (char *[]){NULL}));
}

/* What the program is called stands in front, made safe. */
static void test_name(void **state)
{
    char name[] = "/x/a|b", option[] = "-x";
    char *argv[] = {name, option, NULL};
    struct sp_compat compat;
    (void)state;
    assert_int_equal(sp_compat_parse(2, argv, &compat), SP_COMPAT_TEXT);
    assert_string_equal(compat.name, "a!b");
    assert_memory_equal(compat.text.data, "a!b: invalid option -- 'x'\nUsage:\na!b -H HOST", 45);
    sp_compat_free(&compat);
    assert_int_equal(sp_compat_parse(0, (char *[]){NULL}, &compat), SP_COMPAT_TEXT);
    sp_compat_free(&compat);
}

static void test_help(void **state)
{
    struct sp_buf text;
    (void)state;
    sp_buf_init(&text, 65536);
    assert_true(sp_compat_help_text("check_smtp_probe", &text) && sp_buf_append(&text, "", 1));
    const char *help = (const char *)text.data;
    for (const char *line = help; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    static const char *const needed[] = {
        "-H, --hostname",      "-p, --port",     "-4, --use-ipv4",    "-6, --use-ipv6",
        "-t, --timeout",       "-w, --warning",  "-c, --critical",    "-e, --expect",
        "-C, --command",       "-R, --response", "-f, --from",        "-F, --fqdn",
        "-L, --lmtp",          "-r, --proxy",    "-q, --ignore-qui",  "-S, --starttls",
        "-s, --ssl, --tls",    "--sni",          "-D, --certificate", "--strict",
        "--server-name",       "--ca-file",      "-A, --authtype",    "-U, --authuser",
        "use --password-file", "--extra-opts",   "-v, --verbose",     "-h, --help",
        "-V, --version"};
    for (size_t i = 0; i < COUNT(needed); i++)
        assert_non_null(strstr(help, needed[i]));
    sp_buf_free(&text);
}

/* Odd words in all places: no crash, an answer, no secret left. */
static void test_odd_words(void **state)
{
    static const char *const odd[] = {
        "-",   "--",       "---",   "''",  "-P",         "-Phunter2", "--authpass=hunter2",
        "-q",  "-C",       "-R",    "(",   "-H",         "mx",        "-D",
        ",",   "-t",       ":",     "-w",  "@",          "~:",        "--extra-opts",
        "-to", "--compat", "-\xff", "-S=", "--=hunter2", "--p",       "-sS"};
    static struct call call;
    char words[256];
    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        for (size_t k = 0; k < COUNT(odd); k++) {
            for (size_t n = 0; n < COUNT(odd); n++) {
                snprintf(words, sizeof words, "%s %s %s hunter2", odd[i], odd[k], odd[n]);
                parse(&call, words);
                if (call.action == SP_COMPAT_TEXT)
                    assert_true(call.compat.text.len > 0);
                else
                    assert_true(call.compat.host != NULL && call.compat.port > 0);
                sp_compat_free(&call.compat);
            }
        }
    }
}

/* --- files ------------------------------------------------------------------------------------ */

static void write_file(const char *name, mode_t mode, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_files(void **state)
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
               "[login]\nauthtype=LOGIN\nauthuser=ini\nauthpass=from ini\n");
    snprintf(path, sizeof path, "%s/ini", folder);
    return setenv("MP_CONFIG_FILE", path, 1);
}

static int remove_files(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),      cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_thresholds), cmocka_unit_test(test_dialogue),
        cmocka_unit_test(test_tls),        cmocka_unit_test(test_words_behind_q),
        cmocka_unit_test(test_passwords),  cmocka_unit_test(test_password_of_a_misspelt_option),
        cmocka_unit_test(test_argv_stays), cmocka_unit_test(test_abbreviations),
        cmocka_unit_test(test_extra_opts), cmocka_unit_test(test_many_and_long),
        cmocka_unit_test(test_wanted),     cmocka_unit_test(test_name),
        cmocka_unit_test(test_help),       cmocka_unit_test(test_odd_words),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
