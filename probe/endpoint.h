/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is probed: the user's target word taken apart. Grammar (one line of a batch file):
 *
 *   line     = [target *(SP override)] [[SP] "#" comment]
 *   target   = scheme "://" authority ["/"] | authority | "lmtp+unix:" path | "mx:" domain
 *   scheme   = "smtp" | "submission" | "smtps" | "submissions" | "lmtp"
 *   authority = host | host ":" port | IPv6 | "[" IPv6 "]" [":" port]
 *   override = option-key "=" value        ; any option of endpoint scope, see options.def
 *   value    = *(octet but space) | DQUOTE *(octet | "\" DQUOTE | "\\") DQUOTE
 *
 * A bare IPv6 address (more than one colon, no brackets) is a host without a port.
 *
 *   target                           port   TLS
 *   HOST, smtp://HOST                25     opportunistic
 *   submission://HOST, HOST:587      587    starttls
 *   smtps://, submissions://, HOST:465  465 implicit
 *   lmtp://HOST, lmtp+unix:/PATH     24, -  opportunistic
 *
 * A scheme that is written wins over the port; --tls wins over both. A HOST alone under --tls implicit
 * is asked on port 465.
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
    const char *input;     /* the target word as the user wrote it */
    const char *domain;    /* the domain behind "mx:", or NULL */
    const char *host;      /* A-labels in lower case without trailing dot, IP without brackets (IPv6
                                perhaps with "%zone"), or NULL for a socket */
    const char *unix_path; /* lmtp+unix: the socket's path, or NULL */
    bool absolute; /* host was written with a trailing dot: look it up without search list */
    uint16_t port; /* 0 for a socket */
    bool numeric;  /* host is an IPv4 or IPv6 address: no lookup */
    enum sp_mode mode;
    enum sp_tls_mode tls;       /* effective: --tls when given, else from scheme or port */
    enum sp_verify_mode verify; /* effective: never SP_VERIFY_DEFAULT */
    const char *server_name; /* effective name for SNI and the name check (may be an IP, never with
                                a zone), or NULL: a socket without --server-name */
    const struct sp_options
        *options;        /* global options with this line's overrides; shared when none */
    const char *invalid; /* NULL, or why the target can't be probed: one line of printable ASCII */
    size_t line;         /* line in `source`, 1-based; 0: from the command line */
    const char *source;  /* file name, "-" for stdin, or NULL */
};

/*
 * Takes one target line apart into *out_endpoint. All strings are copied into `arena`. A bad line
 * is not an error of this function: then `invalid` is set, `input` is kept (the whole line when no
 * word could be told apart), options, mode, tls and verify are set, the rest is zero. `globals` must
 * have been through sp_options_finish and live as long as the endpoint. Returns false only when out
 * of memory.
 * A host's name is checked (length of labels and name, no control characters, no spaces) and turned
 * into A-labels by libidn2 (IDNA2008, UTS #46 non-transitional); `input` keeps the user's spelling.
 */
bool sp_endpoint_parse(struct sp_arena *arena, const char *line, size_t len,
                       const struct sp_options *globals, struct sp_endpoint *out_endpoint);

/* The name to send in TLS, or NULL: server_name, unless that is an address (RFC 6066 §3). */
const char *sp_endpoint_sni(const struct sp_endpoint *endpoint);

/* A growing list of endpoints, as read from the command line. The items move while it grows: take no
 * pointers before the last one was added. */
struct sp_target_list {
    struct sp_endpoint *items;
    size_t count, size;
    size_t invalid_count;
    bool stdin_read;        /* "-" was there: it can be read only once */
    struct sp_arena *arena; /* owns all strings; freed by sp_target_list_free */
};
/* False: out of memory. */
bool sp_target_list_init(struct sp_target_list *list);
void sp_target_list_free(struct sp_target_list *list);
/*
 * Adds a word of the command line: a target (with overrides behind it if the word has spaces), "@FILE",
 * or "-" (stdin). Blank and comment lines are skipped; broken lines are added as invalid endpoints with
 * their line number. Returns false and a message in error[0..size) when nothing can be read (no such
 * file, a directory, a read error, over the limits, out of memory); the message names the file.
 */
bool sp_target_list_add(struct sp_target_list *list, const char *word,
                        const struct sp_options *globals, char *error, size_t error_size);

#endif
