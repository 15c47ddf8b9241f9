/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration is read, converted and printed while each allocation in turn fails: nothing crashes,
 * nothing is lost, and somebody is told. */
#include "probe/limits.h"
#include "prometheus/config.h"
#include "prometheus/convert.h"
#include "tests/unit/failing_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char CONFIG[] =
    "modules:\n"
    "  a: &a {ca_file: " SP_TESTS_DIR
    "/fuzz/corpus/fuzz_trust/a, tls: starttls, expect: '^220 x'}\n"
    "  b: {verify: off, require_capability: [A, 'B,C'], warning: [connect=1, total=2]}\n"
    "  c: *a\n"
    "exporter:\n"
    "  allow_targets: ['*.example.org', 192.0.2.0/24]\n"
    "  allow_params: [server_name]\n"
    "  targets: [mx.example.org, {target: a.example.org, module: b, labels: {site: x}}]\n";

static const char BLACKBOX[] =
    "x: &x {insecure_skip_verify: true, cert_file: c}\n"
    "modules:\n"
    "  web: {prober: http}\n"
    "  m: {prober: tcp, timeout: 5s, tcp: {tls_config: {<<: *x}, query_response: [{expect: '^220 E'}, "
    "{send: EHLO a}, {expect: '^250-AUTH'}, {send: STARTTLS}, {starttls: true}, {send: RSET}]}}\n";

/* The errors' own buffer is made beforehand, so that there is room for a message. */
static void begin_buf(struct sp_buf *buf, size_t cap)
{
    sp_buf_init(buf, cap);
    assert_non_null(sp_buf_reserve(buf, cap));
    buf->len = 0;
}

static bool load(struct sp_buf *errors)
{
    struct sp_config *config = sp_config_from_memory("f", CONFIG, sizeof CONFIG - 1, errors);
    bool done = config != NULL;
    sp_config_unref(config);
    return done;
}

static bool print(struct sp_buf *errors)
{
    static struct sp_config *config;
    struct sp_buf out;
    size_t allowed = left;
    left = SIZE_MAX;
    config = sp_config_from_memory("f", CONFIG, sizeof CONFIG - 1, errors);
    assert_non_null(config);
    left = allowed;
    sp_buf_init(&out, 4096);
    bool done = sp_config_print(config, &out) || !sp_buf_append_str(errors, "no memory\n");
    done = done && errors->len == 0;
    sp_buf_free(&out);
    sp_config_unref(config);
    return done;
}

static bool convert(struct sp_buf *errors)
{
    struct sp_buf out;
    sp_buf_init(&out, 1 << 16);
    bool done = sp_convert_from_memory("f", BLACKBOX, sizeof BLACKBOX - 1, &out, errors);
    sp_buf_free(&out);
    return done;
}

/* Runs `work` with 0, 1, 2 … allocations until it comes through. */
static void starve(bool (*work)(struct sp_buf *errors))
{
    size_t tries = 0;
    bool done = false;
    while (!done && tries < 100000) {
        struct sp_buf errors;
        begin_buf(&errors, 1 << 16);
        long before = live;
        left = tries++;
        done = work(&errors);
        left = SIZE_MAX;
        assert_int_equal(live, before);
        if (!done) {
            sp_buf_append(&errors, "", 1);
            if (strstr((const char *)errors.data, "memory") == NULL)
                fail_msg("after %zu allocations: %s", tries - 1, (const char *)errors.data);
        }
        sp_buf_free(&errors);
    }
    assert_true(done);
    assert_true(tries > 1);
}

static void test_load(void **state)
{
    (void)state;
    if (!OWN_ALLOCATOR)
        skip();
    starve(load);
}

static void test_print(void **state)
{
    (void)state;
    if (!OWN_ALLOCATOR)
        skip();
    starve(print);
}

static void test_convert(void **state)
{
    (void)state;
    if (!OWN_ALLOCATOR)
        skip();
    starve(convert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_convert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
