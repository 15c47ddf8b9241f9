/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate: at most N at one address, first come first served, ports don't count. */
#include "probe/gate.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sockaddr_storage address(const char *ip, uint16_t port)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1) {
        memcpy(&storage, &v4, sizeof v4);
    } else {
        assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
        memcpy(&storage, &v6, sizeof v6);
    }
    return storage;
}

static enum sp_gate_status enter(struct sp_gate *gate, const char *ip, uint16_t port,
                                 struct sp_gate_pass *pass)
{
    struct sockaddr_storage at = address(ip, port);
    return sp_gate_enter(gate, &at, pass);
}

static void test_order(void **state)
{
    (void)state;
    struct sp_gate *gate = sp_gate_new(2);
    struct sp_gate_pass pass[5] = {{0}};
    assert_int_equal(enter(gate, "192.0.2.1", 25, &pass[0]), SP_GATE_IN);
    assert_int_equal(enter(gate, "192.0.2.1", 587, &pass[1]), SP_GATE_IN);
    assert_int_equal(enter(gate, "192.0.2.1", 25, &pass[2]), SP_GATE_WAIT);
    assert_int_equal(enter(gate, "192.0.2.1", 25, &pass[3]), SP_GATE_WAIT);
    assert_int_equal(enter(gate, "192.0.2.2", 25, &pass[4]), SP_GATE_IN);
    assert_ptr_equal(sp_gate_leave(gate, &pass[1]), &pass[2]);
    assert_ptr_equal(sp_gate_leave(gate, &pass[0]), &pass[3]);
    assert_null(sp_gate_leave(gate, &pass[2]));
    assert_null(sp_gate_leave(gate, &pass[3]));
    assert_null(sp_gate_leave(gate, &pass[4]));
    assert_null(sp_gate_leave(gate, &pass[4])); /* outside already */
    assert_int_equal(enter(gate, "192.0.2.1", 25, &pass[0]), SP_GATE_IN);
    assert_null(sp_gate_leave(gate, &pass[0]));
    sp_gate_free(gate);
}

static void test_giving_up_in_the_line(void **state)
{
    (void)state;
    struct sp_gate *gate = sp_gate_new(1);
    struct sp_gate_pass pass[4] = {{0}};
    enter(gate, "2001:db8::1", 25, &pass[0]);
    for (int i = 1; i < 4; i++)
        assert_int_equal(enter(gate, "2001:db8::1", 25, &pass[i]), SP_GATE_WAIT);
    assert_null(sp_gate_leave(gate, &pass[3])); /* the last one */
    assert_null(sp_gate_leave(gate, &pass[1])); /* the first one */
    assert_ptr_equal(sp_gate_leave(gate, &pass[0]), &pass[2]);
    assert_null(sp_gate_leave(gate, &pass[2]));
    sp_gate_free(gate);
}

static void test_families_are_apart(void **state)
{
    (void)state;
    struct sp_gate *gate = sp_gate_new(1);
    struct sp_gate_pass v4 = {0}, v6 = {0};
    assert_int_equal(enter(gate, "1.2.3.4", 25, &v4), SP_GATE_IN);
    assert_int_equal(enter(gate, "102:304::", 25, &v6), SP_GATE_IN); /* the same octets */
    sp_gate_leave(gate, &v4);
    sp_gate_leave(gate, &v6);
    sp_gate_free(gate);
    sp_gate_free(NULL);
}

/* A batch of one address that is interrupted: who came last gives up first. With a walk along the line
 * for each of them this takes minutes, and the test's time is up. */
static void test_long_line(void **state)
{
    enum { PASSES = 300000 };
    (void)state;
    struct sp_gate *gate = sp_gate_new(1);
    struct sp_gate_pass *passes = calloc(PASSES, sizeof *passes);
    assert_non_null(passes);
    for (size_t i = 0; i < PASSES; i++) {
        assert_int_equal(enter(gate, "192.0.2.1", 25, &passes[i]),
                         i == 0 ? SP_GATE_IN : SP_GATE_WAIT);
    }
    for (size_t i = PASSES; i > 1; i--) {
        assert_null(sp_gate_leave(gate, &passes[i - 1]));
    }
    assert_null(sp_gate_leave(gate, &passes[0]));
    sp_gate_free(gate);
    free(passes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_giving_up_in_the_line),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_families_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
