/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is probed: the user's target word taken apart. Grammar (one line of a batch file):
 *
 *   line     = [target *(SP override)] ["#" comment]
 *   target   = scheme "://" authority | host | host ":" port | "[" IPv6 "]" [":" port]
 *            | "lmtp+unix:" path | "mx:" domain
 *   scheme   = "smtp" | "submission" | "smtps" | "submissions" | "lmtp"
 *   override = option-key "=" value        ; any option of endpoint scope, see options.def
 *
 * A bare IPv6 address (more than one colon, no brackets) is a host without a port.
 */
#ifndef SP_PROBE_ENDPOINT_H
#define SP_PROBE_ENDPOINT_H

#include "probe/arena.h"
#include "probe/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_mode { SP_MODE_SMTP, SP_MODE_LMTP };

struct sp_endpoint {
    const char *input;       /* the target word as the user wrote it */
    const char *domain;      /* the domain behind "mx:", or NULL */
    const char *host;        /* name without trailing dot, IP without brackets, or NULL for a socket */
    const char *unix_path;   /* lmtp+unix: the socket's path, or NULL */
    uint16_t port;           /* 0 for a socket */
    bool numeric;            /* host is an IPv4 or IPv6 address: no lookup */
    enum sp_mode mode;
    enum sp_tls_mode tls;    /* effective: --tls when given, else from scheme or port */
    enum sp_verify_mode verify; /* effective: never SP_VERIFY_DEFAULT */
    const char *server_name; /* effective name for SNI and the name check (may be an IP), or NULL */
    const struct sp_options *options; /* global options with this line's overrides; shared when none */
    const char *invalid;     /* NULL, or why the target can't be probed: one line for people */
    size_t line;             /* line in `source`, 1-based; 0: from the command line */
    const char *source;      /* file name, "-" for stdin, or NULL */
};

/*
 * Takes one target line apart into *out_endpoint. All strings are copied into `arena`. A bad line
 * is not an error of this function: then `invalid` is set, `input` is kept and the rest is zero.
 * `globals` must live as long as the endpoint. Returns false only when out of memory.
 * A host's name is checked (length of labels and name, no control characters, no spaces) and turned
 * into A-labels by libidn2 (IDNA2008, UTS #46 non-transitional); `input` keeps the user's spelling.
 */
bool sp_endpoint_parse(struct sp_arena *arena, const char *line, size_t len,
                       const struct sp_options *globals, struct sp_endpoint *out_endpoint);

/* A growing list of endpoints, as read from the command line. */
struct sp_target_list {
    struct sp_endpoint *items;
    size_t count, size;
    size_t invalid_count;
    struct sp_arena *arena; /* owns all strings; freed by sp_target_list_free */
};
bool sp_target_list_init(struct sp_target_list *list);
void sp_target_list_free(struct sp_target_list *list);
/*
 * Adds a word of the command line: a target, "@FILE" or "-" (stdin). Blank and comment lines are
 * skipped; broken lines are added as invalid endpoints with their line number. Returns false and a
 * message in error[0..size) when nothing can be read (no such file, a directory, a read error, out of
 * memory); the message names the file.
 */
bool sp_target_list_add(struct sp_target_list *list, const char *word,
                        const struct sp_options *globals, char *error, size_t error_size);

#endif
