/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every option's value, and the table that describes them all (options.def). The parser of the
 * command line, the overrides in target lines, environment variables, --help and the man page come
 * from that one table.
 */
#ifndef SP_PROBE_OPTIONS_H
#define SP_PROBE_OPTIONS_H

#include "probe/arena.h"
#include "probe/phase.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_tls_mode {
    SP_TLS_DEFAULT, /* not given: the target's scheme or port decides */
    SP_TLS_NONE,
    SP_TLS_OPPORTUNISTIC,
    SP_TLS_STARTTLS,
    SP_TLS_IMPLICIT
};
enum sp_verify_mode { SP_VERIFY_DEFAULT, SP_VERIFY_REQUIRE, SP_VERIFY_REPORT, SP_VERIFY_OFF };
enum sp_family { SP_FAMILY_ANY, SP_FAMILY_IPV4, SP_FAMILY_IPV6 };
enum sp_format { SP_FORMAT_TEXT, SP_FORMAT_JSON, SP_FORMAT_JSONL, SP_FORMAT_NAGIOS,
                 SP_FORMAT_PROMETHEUS };
enum sp_when { SP_WHEN_AUTO, SP_WHEN_ALWAYS, SP_WHEN_NEVER };
/* TLS protocol versions as on the wire (RFC 8446 §4.2.1); only these can be asked for. */
enum sp_tls_version { SP_TLS_1_0 = 0x0301, SP_TLS_1_1 = 0x0302, SP_TLS_1_2 = 0x0303,
                      SP_TLS_1_3 = 0x0304 };

/* A Nagios range: alert when outside [start, end], or inside when `inside`. Infinite ends allowed. */
struct sp_range {
    double start, end;
    bool inside;
    bool set;
    const char *text; /* as the user wrote it; NULL when !set */
};

/* A list of words in the order given; points into the options' arena. */
struct sp_words {
    const char **items;
    size_t count;
};

struct sp_options {
    /* connection */
    enum sp_tls_mode tls;
    uint16_t tls_min, tls_max;  /* enum sp_tls_version */
    const char *server_name;
    enum sp_family family;
    bool all_addresses;
    const char *source_address; /* numeric, or NULL */
    const char *ehlo_name;      /* NULL: the machine's FQDN, see sp_options_finish */
    /* time, in milliseconds */
    uint32_t connect_timeout_ms, reply_timeout_ms, timeout_ms;
    /* batch */
    uint32_t concurrency, per_host;
    double rate; /* new connections a second; 0: no limit */
    /* names */
    const char *dns_server; /* IP[:PORT] or [IPv6]:PORT, or NULL */
    /* verification */
    enum sp_verify_mode verify;
    const char *ca_file, *ca_dir;
    struct sp_range cert_warning, cert_critical; /* days; a plain number N alerts below N */
    /* dialogue */
    const char *expect; /* PCRE2 pattern for the banner, or NULL */
    struct sp_words require_capability, forbid_capability;
    /* verdict: thresholds in seconds, by timed phase and SP_PHASE_TOTAL */
    struct sp_range warning[SP_PHASE_TOTAL + 1], critical[SP_PHASE_TOTAL + 1];
    /* output */
    enum sp_format format;
    const char *output_file;
    bool transcript;
    enum sp_when color, progress;
    unsigned verbose;
    bool quiet;
};

enum sp_option_scope { SP_SCOPE_ENDPOINT, SP_SCOPE_PROGRAM };

/* One row of options.def. */
struct sp_option_info {
    const char *name;     /* long form: "reply-timeout" */
    char short_name;      /* 'w', or 0 */
    const char *metavar;  /* "DURATION"; NULL: a flag without value */
    const char *fallback; /* the default as text for people; NULL: none */
    enum sp_option_scope scope;
    const char *group;    /* heading in --help: "time" */
    bool common;          /* shown by -h */
    const char *help;     /* one line */
    const char *long_help;/* for the man page */
};

size_t sp_option_count(void);
const struct sp_option_info *sp_option_at(size_t index);
/* By long name; '-' and '_' are the same. NULL: none. */
const struct sp_option_info *sp_option_find(const char *name);
/* The nearest long name for "did you mean", or NULL when none is near. */
const char *sp_option_suggest(const char *name);

/* Sets every default. */
void sp_options_init(struct sp_options *options);
/*
 * Sets one option from text; strings are copied into `arena`. False: bad value, and error[0..size)
 * holds one line that names the option, the value and what would be right.
 */
bool sp_option_set(struct sp_options *options, struct sp_arena *arena,
                   const struct sp_option_info *info, const char *value, char *error, size_t size);
/* Checks that the options agree with one another and fills ehlo_name when it is NULL (the FQDN, or
 * an address literal where there is no usable name; no network is asked). False: as above. */
bool sp_options_finish(struct sp_options *options, struct sp_arena *arena, char *error, size_t size);

/* Parsers of values, shared with tests. Durations: "1500ms", "5s", "2m", "1h", plain = seconds. */
bool sp_parse_duration_ms(const char *text, uint32_t *out_ms);
/* Nagios range grammar: [@][start:]end, start "~" = minus infinity. */
bool sp_parse_range(const char *text, struct sp_range *out_range);
/* True when `value` must alert. */
bool sp_range_alerts(const struct sp_range *range, double value);

#endif
