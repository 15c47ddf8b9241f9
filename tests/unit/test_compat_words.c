/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of check_smtp's command line: which are options, which are hidden, which are skipped. */
#include "compat_call.h"

#include <sys/prctl.h>

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
        /* In a login by commands. */
        {"-C AUTH^PLAIN^hunter2", "secret=AUTH PLAIN hunter2"},
        {"-C auth^login^hunter2", "secret=auth login hunter2"},
        {"-C AUTH^LOGIN -C dQ== -C hunter2", "C=AUTH LOGIN secret=dQ== secret=hunter2"},
        {"-CAUTH^LOGIN -vChunter2", "C=AUTH LOGIN secret=hunter2 v=1"},
        {"--command=AUTH^LOGIN --co hunter2 -p x", PORT_ERROR},
        {"mx -C AUTH^PLAIN^hunter2", "host=mx"},
        {"--extra-opts=command@%%/ini -C hunter2", "C=AUTH LOGIN secret=hunter2"},
        /* From a file. */
        {"-A LOGIN -U u --password-file %%/password", "auth login user=u password=from file"},
        {"-A LOGIN -U u --password-file=%%/open", "auth login user=u password=open warned"},
        {"-A LOGIN -U u -P hunter2 --password-f %%/password",
         "auth login user=u password=from file"},
        {"-A LOGIN -U u --password-f %%/password -P hunter2", "auth login user=u password=hunter2"},
        {"--password-file %%/password", ""},
        {"-A LOGIN --password-file %%/none", "auth problem=no authuser specified"},
        {"--extra-opts=login@%%/ini -P hunter2", "auth login user=ini password=hunter2"},
        {"--extra-opts=login@%%/ini", "auth login user=ini password=from ini"},
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

/* Core dumps and other processes of the user: from the first word that may be a secret on. */
static void test_protection(void **state)
{
    static const struct {
        const char *call;
        int dumpable;
    } rows[] = {
        {"-H mx -C NOOP -A LOGIN -U u", 1},
        {"-C AUTH^LOGIN", 1},
        {"-P hunter2", 0},
        {"-p x mx -P hunter2", 0},
        {"-C AUTH^PLAIN^hunter2", 0},
        {"--extra-opts=short", 0},
        {"-A LOGIN -U u --password-file %%/password", 0},
        {"-A LOGIN -U u --password-env SECRET_OF_TEST", 0},
    };
    static struct call call;
    (void)state;
    assert_int_equal(setenv("SECRET_OF_TEST", "from env", 1), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
        parse(&call, rows[i].call);
        sp_compat_free(&call.compat);
        if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != rows[i].dumpable)
            fail_msg("%s", rows[i].call);
    }
    assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
}

#define NO_VARIABLE "!check_smtp: the variable that --password-env names is not set or empty"

static void test_password_in_the_environment(void **state)
{
    static const struct row rows[] = {
        {"-A LOGIN -U u --password-env SECRET_OF_TEST", "auth login user=u password=from env"},
        {"-A LOGIN -U u --password-env=SECRET_OF_TEST", "auth login user=u password=from env"},
        {"-A LOGIN -U u -P hunter2 --password-env SECRET_OF_TEST",
         "auth login user=u password=from env"},
        {"-A LOGIN -U u --password-env SECRET_OF_TEST --password-file %%/password",
         "auth login user=u password=from file"},
        {"-A LOGIN -U u --password-env SECRET_OF_TEST -P hunter2",
         "auth login user=u password=hunter2"},
        {"-A LOGIN -U u --password-env UNSET_OF_TEST", NO_VARIABLE},
        {"-A LOGIN -U u --password-env EMPTY_OF_TEST", NO_VARIABLE},
        {"-A LOGIN -U u --password-env ''", NO_VARIABLE},
        {"--password-env UNSET_OF_TEST", ""},
    };
    (void)state;
    assert_int_equal(setenv("EMPTY_OF_TEST", "", 1), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(setenv("SECRET_OF_TEST", "from env", 1), 0);
        compare_all(&rows[i], 1);
        /* What was read is gone from there. */
        bool is_read = strstr(rows[i].meaning, "from env") != NULL;
        assert_string_equal(getenv("SECRET_OF_TEST"), is_read ? "" : "from env");
    }
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
    };
    (void)state;
    compare_all(rows, COUNT(rows));
}

static void test_no_options(void **state)
{
    static const struct row rows[] = {
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
        {"--extra-opts --verb", "host=ini port=26 v=2"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_behind_q),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_protection),
        cmocka_unit_test(test_password_in_the_environment),
        cmocka_unit_test(test_password_of_a_misspelt_option),
        cmocka_unit_test(test_argv_stays),
        cmocka_unit_test(test_abbreviations),
        cmocka_unit_test(test_no_options),
        cmocka_unit_test(test_extra_opts),
        cmocka_unit_test(test_odd_words),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
