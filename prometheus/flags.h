/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's command line, with the flags that blackbox_exporter's users know. One table feeds the
 * parser, --help, the manual and the completion. Prints nothing.
 *
 *   word = "--" name ["=" value] | "--no-" name | "-h"
 *
 * A value follows behind "=" or as the next word, which then does not begin with "--". A switch takes none;
 * --no-NAME turns it off. The last one of a repeated flag counts, except where a list adds up. Names are
 * never shortened.
 */
#ifndef SP_PROMETHEUS_FLAGS_H
#define SP_PROMETHEUS_FLAGS_H

#include "probe/buf.h"
#include "prometheus/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_FLAGS_ADDRESSES 16u /* --web.listen-address */
#define SP_FLAGS_PREFIX 256u   /* octets of a prefix, with its NUL */

enum sp_flags_action {
    SP_FLAGS_RUN,
    SP_FLAGS_CHECK,   /* --config.check */
    SP_FLAGS_CONVERT, /* --convert FILE */
    SP_FLAGS_HELP,
    SP_FLAGS_MAN,  /* --help=man */
    SP_FLAGS_BASH, /* --help=bash */
    SP_FLAGS_VERSION,
    SP_FLAGS_ERROR /* one line in the error text */
};

struct sp_flags {
    const char *config_file; /* NULL: where it is by default */
    bool config_check;
    bool auto_reload;
    uint32_t reload_interval_ms;
    uint32_t timeout_offset_ms;
    uint32_t history_limit;
    unsigned log_level;  /* enum sp_log_level */
    unsigned log_prober; /* enum sp_log_level: of failed probes */
    unsigned log_format; /* enum sp_log_format */
    const char *addresses[SP_FLAGS_ADDRESSES];
    size_t address_count;
    const char *web_config_file, *external_url, *route_prefix; /* as given, or NULL */
    bool systemd_socket;
    bool insecure_listen;
    const char *convert;
    /* Made from the last two: what paths of requests begin with, and what links in pages begin with.
     * "" or "/x/y"; where only one of the two is given it stands for both. */
    char routes_below[SP_FLAGS_PREFIX], links_below[SP_FLAGS_PREFIX];
};

/* Takes argv[1..argc) apart; *out_flags points into argv. SP_FLAGS_ERROR: error[0..size) has one
 * printable line. */
enum sp_flags_action sp_flags_parse(int argc, char *const *argv, struct sp_flags *out_flags,
                                    char *error, size_t size);

/* True for an address that only this machine reaches: 127.0.0.0/8, ::1, localhost (all with a port or
 * without), and sockets of the file system ("unix:…"). */
bool sp_flags_is_loopback(const char *address);

/* Appended to `out`; false: out of memory or over its cap. */
bool sp_flags_help_text(struct sp_buf *out);
bool sp_flags_man_text(struct sp_buf *out);
bool sp_flags_bash_text(struct sp_buf *out);

/* One row of the table. */
struct sp_flag_info {
    const char *name;    /* "web.listen-address" */
    char short_name;     /* 'h', or 0 */
    const char *metavar; /* "ADDRESS"; NULL: a switch or an action */
    const char *choices; /* "debug|info", or NULL */
    const char *fallback;
    const char *group;     /* heading: "configuration" */
    const char *help;      /* one line without a full stop */
    const char *long_help; /* more sentences for the manual, or "" */
};
size_t sp_flags_count(void);
const struct sp_flag_info *sp_flags_at(size_t index);

#endif
