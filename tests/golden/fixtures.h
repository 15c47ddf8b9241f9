/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results built by hand, with fixed times, names and digests: nothing here comes from a network. */
#ifndef SP_TESTS_FIXTURES_H
#define SP_TESTS_FIXTURES_H

#include "checks/check.h"

enum fixture {
    FIXTURE_GOOD,    /* all is fine, TLS 1.3 */
    FIXTURE_EXPIRED, /* three things wrong with the certificate at once */
    FIXTURE_PLAIN,   /* no STARTTLS, and slow */
    FIXTURE_TIMEOUT, /* nothing answers; two addresses */
    FIXTURE_HOSTILE, /* a server that tries to get at the terminal and the log */
    FIXTURE_ALERT,   /* implicit TLS, refused by an alert */
    FIXTURE_INVALID, /* a broken line of a target file */
    FIXTURE_LOGIN,   /* a login that worked, without TLS because the user said so */
    FIXTURE_REFUSED, /* a login that was refused, in words that try to get at the output */
    FIXTURE_COUNT
};

/* Points to static memory that nobody frees. */
const struct sp_result *fixture_result(enum fixture fixture);

#endif
