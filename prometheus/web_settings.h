/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in the web configuration file, checked as far as the file alone tells. Immutable. */
#ifndef SP_PROMETHEUS_WEB_SETTINGS_H
#define SP_PROMETHEUS_WEB_SETTINGS_H

#include "probe/arena.h"
#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names are those of Go's crypto/tls, which the format took over. */
enum sp_web_client_auth {
    SP_WEB_NO_CLIENT_CERT,
    SP_WEB_REQUEST_CLIENT_CERT,
    SP_WEB_REQUIRE_ANY_CLIENT_CERT,
    SP_WEB_VERIFY_CLIENT_CERT_IF_GIVEN,
    SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT
};

/* PEM, from a file or written into the configuration; both NULL: not given. */
struct sp_web_pem {
    const char *file, *text;
};

struct sp_web_user {
    const char *name, *hash; /* bcrypt */
};

struct sp_web_header {
    const char *name, *value;
};
#define SP_WEB_HEADER_COUNT 5u

struct sp_web_settings {
    struct sp_arena *arena; /* owns all of it */
    bool tls;
    struct sp_web_pem certificate, key, client_ca;
    enum sp_web_client_auth client_auth;
    const char *const *allowed_names; /* client_allowed_sans */
    size_t allowed_name_count;
    const char *priority; /* versions, suites and groups in GnuTLS's words */
    struct sp_web_header headers[SP_WEB_HEADER_COUNT];
    size_t header_count;
    const struct sp_web_user *users;
    size_t user_count;
    unsigned bcrypt_cost;      /* the highest of the users' */
    uint64_t rate_interval_ns; /* 0: no limit */
    uint32_t rate_burst;
};

/* NULL: `errors` has lines "file:line:column: message". Files that it names are relative to its own
 * folder, and not read yet. */
struct sp_web_settings *sp_web_settings_read(const char *path, struct sp_buf *errors);
void sp_web_settings_free(struct sp_web_settings *settings); /* NULL is allowed */

/* Appends GnuTLS's words for a suite by its standard name, or a group or a version by Go's; see
 * web_priority.c. */
struct sp_web_priority {
    unsigned min_version, max_version; /* 0 is TLS 1.0, 3 is TLS 1.3 */
    const char *const *suites, *const *groups;
    size_t suite_count, group_count;
    bool client_order; /* the client's order of suites counts, not ours */
};
bool sp_web_priority_version(const char *name, unsigned *out_version);
bool sp_web_priority_suite_known(const char *name);
bool sp_web_priority_group_known(const char *name);
/* False: out of memory. */
bool sp_web_priority_write(const struct sp_web_priority *priority, struct sp_buf *out);

/* Whether text is a bcrypt hash that can be checked in bearable time; NULL: yes, else what is wrong. */
const char *sp_web_check_hash(const char *hash, unsigned *out_cost);

#endif
