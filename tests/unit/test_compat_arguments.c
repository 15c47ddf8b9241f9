/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The values of check_smtp's options. */
#include "compat_call.h"
#include "nagios/compat_help.h"

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
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_no_hosts(void **state)
{
    static const struct row rows[] = {
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
        {"-C a\tb^c", "C=a\tb c"},
        {"-C \xc3\xa4", "C=\xc3\xa4"},
        {"-C a\rb", COMMAND_ERROR},
        {"-C a\nb", COMMAND_ERROR},
        {"-C a\x1b[m", COMMAND_ERROR},
        {"-C a\x7f", COMMAND_ERROR},
        {"-C a -R ( -p x", PORT_ERROR},
        {"-C a -R (", "!Could Not Compile Regular Expression - (: Unmatched ( or \\("},
        {"-C a -R [|",
         "!Could Not Compile Regular Expression - [!: Unmatched [, [^, [:, [., or [="},
        {"-C AUTH^LOGIN -C dQ== -C cA== -C NOOP", "C=AUTH LOGIN secret=dQ== secret=cA== C=NOOP"},
        {"-C auth^plain^AHUAcA==", "secret=auth plain AHUAcA=="},
        {"-C AUTH^PLAIN -C AHUAcA== -C noop", "C=AUTH PLAIN secret=AHUAcA== C=noop"},
        {"-C AUTH^LOGIN^dQ== -C cA== -C x", "secret=AUTH LOGIN dQ== secret=cA== secret=x"},
        {"-C AUTH^LOGIN -C QUIT -C dQ==", "C=AUTH LOGIN C=QUIT C=dQ=="},
        {"-C AUTH^LOGIN -C a -C b -C c", "C=AUTH LOGIN secret=a secret=b C=c"},
        {"-C AUTH -C dQ== -C AUTHX^a", "C=AUTH C=dQ== C=AUTHX a"},
        {"-R (", ""},
        {"-C a -R b -R (", "C=a R=b"},
        {"-R ^2(50|20)$ -C a", "C=a R= 2(50|20)$"},
        {"-f a@b", "from=a@b"},
        {"-f <a@b>", "from=a@b"},
        {"-f <<a@b", "from=a@b"},
        {"-f a@b>^SIZE=1", "from=a@b"},
        {"-f ''", "from="},
        {"-f <>", "from="},
        {"-f a^b", "from=a b"},
        {"-f ^a@b^", "from=a@b"},
        {"-f ^<a@b^>", "from=a@b"},
        {"-f a\r\nRSET", FROM_ERROR},
        {"-f a\x7f", FROM_ERROR},
        {"-F host.example", "fqdn=host.example"},
        {"-F [192.0.2.1]", "fqdn=[192.0.2.1]"},
        {"-F ''", ""},
        {"-F ^host.example^", "fqdn=host.example"},
        {"-F ^", ""},
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
        {"--server-name=fe80::1%lo", "name=fe80::1"},
        {"--server-name=MX.Example.", "name=mx.example"},
        {"--server-name=b\xc3\xbc"
         "cher.example",
         "name=xn--bcher-kva.example"},
        {"--server-name=a^b", "!check_smtp: --server-name must be a host name or an address - a b"},
        {"--server-name=", "!check_smtp: --server-name must be a host name or an address - "},
        {"--compat mx", "host=mx"},
        {"-S --compat -v", "tls=starttls v=1"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),         cmocka_unit_test(test_no_hosts),
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_dialogue),      cmocka_unit_test(test_tls),
        cmocka_unit_test(test_many_and_long), cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_name),          cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
