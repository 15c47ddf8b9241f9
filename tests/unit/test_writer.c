/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer against descriptors that misbehave, and the escape function against hostile octets. */
#include "output/utf8.h"
#include "output/writer.h"
#include "probe/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct safe_case {
    enum sp_safe how;
    const char *in;
    size_t in_len;
    size_t max;
    const char *out;
};

#define CASE(how, in, max, out)           \
    {                                     \
        how, in, sizeof(in) - 1, max, out \
    }
#define T SP_SAFE_TERMINAL
#define A SP_SAFE_ASCII
#define N SP_SAFE_NAGIOS
#define L SP_SAFE_LABEL
#define J SP_SAFE_JSON
#define D SP_SAFE_JSON_TEXT
#define BAD "\xEF\xBF\xBD"

static const struct safe_case safe_cases[] = {
    CASE(T, "", 0, ""),
    CASE(T, "mx.example.org ESMTP", 0, "mx.example.org ESMTP"),
    CASE(T, "back\\slash | <b> \"q\"", 0, "back\\slash | <b> \"q\""),
    /* controls: C0, DEL, C1 as characters and as lone octets */
    CASE(T, "a\x1b[31mb", 0, "a\\x1b[31mb"),
    CASE(T, "\0\t\r\n\x7f", 0, "\\x00\\x09\\x0d\\x0a\\x7f"),
    CASE(T, "\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", 0, "\\u0080\\u009b\\u009f\xC2\xA0"),
    CASE(T, "\x9B", 0, "\\x9b"),
    /* what is no UTF-8 */
    CASE(T, "\xFF\xFE", 0, "\\xff\\xfe"),
    CASE(T, "\xC0\xAF\xC1\xBF", 0, "\\xc0\\xaf\\xc1\\xbf"),
    CASE(T, "\xE0\x80\xAF", 0, "\\xe0\\x80\\xaf"),
    CASE(T, "\xE0\x9F\xBF\xE0\xA0\x80", 0, "\\xe0\\x9f\\xbf\xE0\xA0\x80"),
    CASE(T, "\xED\xA0\x80\xED\xBF\xBF\xED\x9F\xBF", 0,
         "\\xed\\xa0\\x80\\xed\\xbf\\xbf\xED\x9F\xBF"),
    CASE(T, "\xF0\x8F\xBF\xBF", 0, "\\xf0\\x8f\\xbf\\xbf"),
    CASE(T, "\xF4\x90\x80\x80\xF4\x8F\xBF\xBF", 0, "\\xf4\\x90\\x80\\x80\xF4\x8F\xBF\xBF"),
    CASE(T, "\xF5\x80\x80\x80", 0, "\\xf5\\x80\\x80\\x80"),
    CASE(T, "\xF0\x9F", 0, "\\xf0\\x9f"),
    CASE(T, "\xF0\x9F\x98", 0, "\\xf0\\x9f\\x98"),
    CASE(T, "\xE2\x82", 0, "\\xe2\\x82"),
    CASE(T, "\xC3", 0, "\\xc3"),
    CASE(T, "\xC3(", 0, "\\xc3("),
    CASE(T, "\x80\xBF", 0, "\\x80\\xbf"),
    /* bidi controls, zero width, line separators, other invisible characters */
    CASE(T, "\xE2\x80\xAA\xE2\x80\xAE\xE2\x81\xA6\xE2\x81\xA9", 0, "\\u202a\\u202e\\u2066\\u2069"),
    CASE(T, "\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", 0, "\\u200e\\u200f\\u061c"),
    CASE(T, "\xE2\x80\x8B\xE2\x80\x8D\xE2\x81\xA0\xEF\xBB\xBF", 0, "\\u200b\\u200d\\u2060\\ufeff"),
    CASE(T, "\xE2\x80\xA8\xE2\x80\xA9\xC2\xAD", 0, "\\u2028\\u2029\\u00ad"),
    CASE(T, "\xF3\xA0\x80\x81", 0, "\\U000e0001"),
    CASE(T, "\xE2\x80\x90\xE2\x80\xA7\xE2\x80\xAF", 0, "\xE2\x80\x90\xE2\x80\xA7\xE2\x80\xAF"),
    /* printable text of the world stays */
    CASE(T, "é 日本 \xF0\x9F\x98\x80", 0, "é 日本 \xF0\x9F\x98\x80"),
    CASE(A, "é 日 \xF0\x9F\x98\x80 \xFF", 0, "\\u00e9 \\u65e5 \\U0001f600 \\xff"),
    CASE(A, "plain", 0, "plain"),
    /* formats */
    CASE(N, "a|b <c> \x1b", 0, "a!b (c) \\x1b"),
    CASE(L, "a\"b\\c\nd\x1b\xFF\xE2\x80\xAE|<", 0, "a\\\"b\\\\c\\nd\\\\x1b\\\\xff\\\\u202e|<"),
    CASE(J, "a\0b\xFF\xC0\xAF\x1b\"\\", 0, "a" BAD "b" BAD BAD BAD "\x1b\"\\"),
    CASE(J, "\xED\xA0\x80", 0, BAD BAD BAD),
    CASE(J, "\xF0\x9F\x98", 0, BAD),
    CASE(J, "\xE2\x82x", 0, BAD "x"),
    CASE(D, "{\"a\":\"\x7f\xC2\x9B\xE2\x80\xAE\xF3\xA0\x81\x81 é\"}\n", 0,
         "{\"a\":\"\\u007f\\u009b\\u202e\\udb40\\udc41 é\"}\n"),
    /* cutting: never inside an escape or a character */
    CASE(T, "abcdef", 6, "abcdef"),
    CASE(T, "abcdefg", 6, "abc..."),
    CASE(T, "ab\x1b\x1b", 6, "ab..."),
    CASE(T, "\x1b\x1b", 6, "..."),
    CASE(T, "\x1b\x1b", 7, "\\x1b..."),
    CASE(T, "\x1b\x1b", 8, "\\x1b\\x1b"),
    CASE(T, "日本日本", 8, "日本日本"),
    CASE(T, "日本日本", 7, "日本..."),
    CASE(T, "日本日本", 6, "日..."),
    CASE(T, "o\xCC\x81o\xCC\x81", 2, "o\xCC\x81o\xCC\x81"),
    CASE(T, "abcd", 3, "abc"),
    CASE(T, "abcd", 1, "a"),
    CASE(A, "ééé", 9, "\\u00e9..."),
};

static void test_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(safe_cases) / sizeof(safe_cases[0]); i++) {
        const struct safe_case *c = &safe_cases[i];
        struct sp_buf out;
        struct sp_writer writer;

        sp_buf_init(&out, 4096);
        assert_true(sp_safe_append(&out, c->how, c->in, c->in_len, c->max));
        assert_true(sp_buf_append(&out, "", 1));
        assert_string_equal((const char *)out.data, c->out);
        sp_writer_init(&writer, -1);
        sp_write_safe(&writer, c->how, c->in, c->in_len, c->max);
        assert_int_equal(writer.error, 0);
        assert_int_equal(writer.buf.len, out.len - 1);
        assert_true(writer.buf.len == 0 || memcmp(writer.buf.data, out.data, writer.buf.len) == 0);
        sp_writer_free(&writer);
        sp_buf_free(&out);
    }
}

/* Writes the code point as UTF-8 and returns how many octets that took. */
static size_t put_utf8(char out[4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0u | (code >> 6));
        out[1] = (char)(0x80u | (code & 0x3Fu));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0u | (code >> 12));
        out[1] = (char)(0x80u | ((code >> 6) & 0x3Fu));
        out[2] = (char)(0x80u | (code & 0x3Fu));
        return 3;
    }
    out[0] = (char)(0xF0u | (code >> 18));
    out[1] = (char)(0x80u | ((code >> 12) & 0x3Fu));
    out[2] = (char)(0x80u | ((code >> 6) & 0x3Fu));
    out[3] = (char)(0x80u | (code & 0x3Fu));
    return 4;
}

/* Every code point of Unicode: hidden ones never pass, others pass unchanged. */
static void test_safe_all_code_points(void **state)
{
    (void)state;
    struct sp_buf out;

    sp_buf_init(&out, 64);
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char text[4];
        size_t len = put_utf8(text, code);
        int32_t read;

        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        assert_int_equal(sp_utf8_read(text, len, &read), len);
        assert_int_equal(read, code);
        out.len = 0;
        assert_true(sp_safe_append(&out, SP_SAFE_TERMINAL, text, len, 0));
        if (sp_utf8_hidden(read))
            assert_int_equal(out.data[0], '\\');
        else
            assert_memory_equal(out.data, text, len);
    }
    sp_buf_free(&out);
}

static void test_safe_cap(void **state)
{
    (void)state;
    struct sp_buf out;

    sp_buf_init(&out, 6);
    assert_true(sp_safe_append(&out, SP_SAFE_TERMINAL, "ab", 2, 0));
    assert_false(sp_safe_append(&out, SP_SAFE_TERMINAL, "c\x1b\x1b", 3, 0));
    assert_int_equal(out.len, 2); /* all or nothing */
    sp_buf_free(&out);
}

static void test_memory(void **state)
{
    (void)state;
    struct sp_writer writer;
    char long_text[1000];

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    sp_writer_init(&writer, -1);
    sp_writef(&writer, "%d %s|", 42, "ab");
    sp_writef(&writer, "%s", long_text);
    assert_true(sp_writer_flush(&writer));
    assert_int_equal(writer.buf.len, 6 + 999);
    assert_memory_equal(writer.buf.data, "42 ab|xxx", 9);
    sp_writer_free(&writer);
}

static void test_memory_cap(void **state)
{
    (void)state;
    static char block[1u << 20];
    struct sp_writer writer;

    sp_writer_init(&writer, -1);
    for (size_t i = 0; i < SP_LIMIT_WRITER_MEMORY / sizeof(block); i++)
        sp_write(&writer, block, sizeof(block));
    assert_int_equal(writer.error, 0);
    sp_write(&writer, "x", 1);
    assert_int_equal(writer.error, ENOMEM);
    assert_false(sp_writer_flush(&writer));
    sp_writer_free(&writer);
}

/* A full disk: told at the flush, kept afterwards, and nothing piles up. */
static void test_full_disk(void **state)
{
    (void)state;
    struct sp_writer writer;
    int fd = open("/dev/full", O_WRONLY);

    if (fd < 0)
        skip();
    sp_writer_init(&writer, fd);
    sp_write_str(&writer, "hello");
    assert_int_equal(writer.error, 0);
    assert_false(sp_writer_flush(&writer));
    assert_int_equal(writer.error, ENOSPC);
    for (int i = 0; i < 100000; i++)
        sp_write_str(&writer, "more");
    assert_int_equal(writer.error, ENOSPC);
    assert_int_equal(writer.buf.len, 0);
    sp_writer_free(&writer);
    close(fd);
}

static void test_closed_pipe(void **state)
{
    (void)state;
    struct sp_writer writer;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    sp_writer_init(&writer, fds[1]);
    sp_write_str(&writer, "hello");
    assert_false(sp_writer_flush(&writer));
    assert_int_equal(writer.error, EPIPE);
    sp_writer_free(&writer);
    close(fds[1]);
}

static void test_bad_descriptor(void **state)
{
    (void)state;
    struct sp_writer writer;

    sp_writer_init(&writer, 987654);
    sp_write_str(&writer, "hello");
    assert_false(sp_writer_flush(&writer));
    assert_int_equal(writer.error, EBADF);
    sp_writer_free(&writer);
}

#define PIPED (3u * 1024u * 1024u)

/* Reads slowly and exits 0 when the octets are 0,1,2,…,250,0,1,… and PIPED of them. */
static pid_t start_reader(int fds[2])
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    static unsigned char buf[70001];
    size_t total = 0;
    bool right = true;

    close(fds[1]);
    for (;;) {
        ssize_t got = read(fds[0], buf, sizeof(buf));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got; i++)
            right = right && buf[i] == (total + (size_t)i) % 251;
        total += (size_t)got;
        usleep(500);
    }
    _exit(right && total == PIPED ? 0 : 1);
}

static void write_pattern(struct sp_writer *writer)
{
    unsigned char part[1009];

    for (size_t at = 0; at < PIPED;) {
        size_t len = PIPED - at < sizeof(part) ? PIPED - at : sizeof(part);

        for (size_t i = 0; i < len; i++)
            part[i] = (unsigned char)((at + i) % 251);
        sp_write(writer, part, len);
        at += len;
    }
    assert_true(sp_writer_flush(writer));
}

static void check_piped(bool nonblocking)
{
    struct sp_writer writer;
    int fds[2], status;

    assert_int_equal(pipe(fds), 0);
    pid_t pid = start_reader(fds);
    assert_true(pid > 0);
    close(fds[0]);
    if (nonblocking)
        assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    sp_writer_init(&writer, fds[1]);
    write_pattern(&writer);
    assert_int_equal(writer.error, 0);
    sp_writer_free(&writer);
    close(fds[1]);
    while (waitpid(pid, &status, 0) != pid)
        assert_int_equal(errno, EINTR);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A reader slower than the writer, and a descriptor that doesn't block: EAGAIN and short writes. */
static void test_nonblocking_pipe(void **state)
{
    (void)state;
    check_piped(true);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms = alarms + 1;
}

/* Signals that interrupt write() all the time. */
static void test_interrupted(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = count_alarm}, before;
    struct itimerval fast = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};

    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &fast, NULL), 0);
    check_piped(false);
    check_piped(true);
    assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
    sigaction(SIGALRM, &before, NULL);
    assert_true(alarms > 0);
}

/* Nothing goes out before 64 KiB are there: a thousand small pieces are few system calls. */
static void test_buffered(void **state)
{
    (void)state;
    struct sp_writer writer;
    char byte;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    sp_writer_init(&writer, fds[1]);
    for (size_t i = 0; i < SP_LIMIT_WRITER - 1; i++)
        sp_write(&writer, "x", 1);
    assert_int_equal(read(fds[0], &byte, 1), -1);
    sp_write(&writer, "x", 1);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    assert_int_equal(writer.buf.len, 0);
    sp_writer_free(&writer);
    close(fds[0]);
    close(fds[1]);
}

/* A reader that doesn't read holds nobody up, and gets everything in the end. */
static void test_offered(void **state)
{
    (void)state;
    static unsigned char got[300000];
    struct sp_writer writer;
    size_t total = 0;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    sp_writer_init(&writer, fds[1]);
    sp_writer_offer(&writer);
    for (size_t i = 0; i < sizeof(got); i++)
        sp_writef(&writer, "%c", (int)('a' + i % 26));
    sp_writer_offer(&writer); /* more than a pipe holds: this would wait for ever if it waited */
    assert_int_equal(writer.error, 0);
    assert_true(writer.buf.len > 0 && writer.buf.len < sizeof(got));
    while (total < sizeof(got)) {
        ssize_t len = read(fds[0], got + total, sizeof(got) - total);
        assert_true(len > 0);
        total += (size_t)len;
        sp_writer_offer(&writer);
    }
    assert_int_equal(writer.buf.len, 0);
    for (size_t i = 0; i < sizeof(got); i++)
        assert_int_equal(got[i], 'a' + i % 26);
    sp_writer_free(&writer);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_safe_all_code_points),
        cmocka_unit_test(test_safe_cap),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_cap),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_closed_pipe),
        cmocka_unit_test(test_bad_descriptor),
        cmocka_unit_test(test_nonblocking_pipe),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_buffered),
        cmocka_unit_test(test_offered),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
