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
#include "probe/pin.h"
#include "probe/reason.h"
#include "probe/tls_names.h"
#include "probe/tls_profile.h"
#include "probe/values.h"

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
enum sp_ocsp_mode { SP_OCSP_OFF, SP_OCSP_STAPLE, SP_OCSP_REQUIRE };
enum sp_family { SP_FAMILY_ANY, SP_FAMILY_IPV4, SP_FAMILY_IPV6 };
enum sp_format {
    SP_FORMAT_TEXT,
    SP_FORMAT_JSON,
    SP_FORMAT_JSONL,
    SP_FORMAT_NAGIOS,
    SP_FORMAT_PROMETHEUS
};
enum sp_when { SP_WHEN_AUTO, SP_WHEN_ALWAYS, SP_WHEN_NEVER };

struct sp_script;

/* A list of words in the order given; points into the options' arena. */
struct sp_words {
    const char **items;
    size_t count;
};

/* Numbers that IANA gives to cipher suites or groups, in the order given. */
struct sp_numbers {
    const uint16_t *items;
    size_t count;
};

/* A reply that the user wants to see, whatever it means: --expect-reply auth=535. */
struct sp_expected_reply {
    enum sp_phase phase;
    char code[4]; /* three digits, or "5xx" */
};

#define SP_NO_FD UINT32_MAX

struct sp_options {
    /* connection */
    enum sp_tls_mode tls;
    uint16_t tls_min, tls_max;         /* enum sp_tls_version */
    struct sp_numbers ciphers, groups; /* empty: the usual offer */
    struct sp_words alpn;
    const char *server_name;
    enum sp_family family;
    bool all_addresses;
    const char *source_address; /* numeric, or NULL */
    const char *ehlo_name;      /* NULL: the machine's FQDN, see sp_options_finish */
    /* time, in milliseconds */
    uint32_t connect_timeout_ms, reply_timeout_ms, timeout_ms;
    /* The state of a finding that `timeout_ms` brought about, where a program lets the user choose it
     * (the plugin's -t); else the reason's. */
    bool timeout_state_set;
    enum sp_state timeout_state;
    /* batch */
    uint32_t concurrency, per_host;
    double rate; /* new connections a second; 0: no limit */
    /* names */
    const char *dns_server; /* IP[:PORT] or [IPv6]:PORT, or NULL */
    /* verification */
    enum sp_verify_mode verify;
    const char *ca_file, *ca_dir;
    const char *cert, *key, *key_password_file; /* the client's certificate; NULL: none */
    struct sp_words crl_files;
    enum sp_ocsp_mode ocsp;
    struct sp_pins pins;
    enum sp_tls_policy tls_policy;
    struct sp_range cert_warning, cert_critical; /* days left; a plain number N is kept as "N:" */
    /* auth */
    const char *user;          /* UTF-8, or NULL */
    const char *password_file; /* at most one of these four is set */
    uint32_t password_fd;      /* SP_NO_FD: not given */
    const char *password_env;  /* the variable's name */
    const char *token_file;
    struct sp_words
        auth; /* upper-case names of mechanisms; empty: auto; the one word "NONE": never */
    bool auth_insecure;
    /* dialogue */
    struct sp_expected_reply *expect_replies; /* --expect-reply; in the order given */
    size_t expect_reply_count;
    const char *expect; /* PCRE2 pattern for the banner, or NULL */
    struct sp_words require_capability, forbid_capability; /* upper case */
    /* verdict: thresholds in seconds, by timed phase and SP_PHASE_TOTAL */
    struct sp_range warning[SP_PHASE_TOTAL + 1], critical[SP_PHASE_TOTAL + 1];
    /* output */
    enum sp_format format;
    const char *output_file;
    bool transcript;
    bool show_certificates, pem;
    enum sp_when color, progress;
    unsigned verbose;
    bool quiet;
    /* Set by a program, not by users, so it has no row in the table; NULL: the probe's own words only.
     * Must outlive the evidence. */
    const struct sp_script *script;
};

enum sp_option_scope { SP_SCOPE_ENDPOINT, SP_SCOPE_PROGRAM };

/* One row of options.def. */
struct sp_option_info {
    const char *name;    /* long form: "reply-timeout" */
    char short_name;     /* 'w', or 0 */
    const char *metavar; /* "DURATION"; NULL: a flag without value */
    const char *choices; /* "auto|always|never": the allowed words, or NULL */
    const char
        *fallback; /* the default as it would be written; in parentheses: only a text for people;
                             NULL: none */
    enum sp_option_scope scope;
    const char *group; /* heading in --help: "time" */
    bool common;       /* shown by -h */
    bool action;       /* --help and its kind: known to cli.c only, has no value in sp_options */
    const char *help;  /* one line */
    const char *long_help; /* more sentences for the man page, or "" */
};

/* Rows in the order of --help; those of one group stand together. At most SP_OPTIONS_MAX. */
#define SP_OPTIONS_MAX 128u
size_t sp_option_count(void);
const struct sp_option_info *sp_option_at(size_t index);
/* By long name; '-' and '_' are the same. NULL: none. */
const struct sp_option_info *sp_option_find(const char *name);
/* By short name. NULL: none. */
const struct sp_option_info *sp_option_find_short(char short_name);
/* The nearest long name for "did you mean", or NULL when none is near. SP_SCOPE_ENDPOINT: only options
 * that can stand in a target line; SP_SCOPE_PROGRAM: all. */
const char *sp_option_suggest(const char *name, enum sp_option_scope scope);

/* The default as people read it: "5s", "21 days", "by the target's form". Returns out, or NULL when
 * there is none. */
const char *sp_option_default(const struct sp_option_info *info, char *out, size_t size);

/* Sets every default. */
void sp_options_init(struct sp_options *options);
/*
 * Sets one option from text; strings are copied into `arena`. A flag takes NULL for "yes", or a word
 * such as yes/no/true/false/on/off/1/0. False: bad value, and error[0..size) holds one printable line
 * that names the option, the value and what would be right; then the options are as before.
 */
bool sp_option_set(struct sp_options *options, struct sp_arena *arena,
                   const struct sp_option_info *info, const char *value, char *error, size_t size);

/* Where values come from, one after the other: environment, command line, target line. Lists and
 * counts add up within a layer; a later layer's replace those of the former. */
struct sp_option_layer {
    bool seen[SP_OPTIONS_MAX]; /* by index: the option was set in this layer */
};
/* As sp_option_set, with that rule. A new layer starts as {0}. */
bool sp_option_set_layered(struct sp_options *options, struct sp_arena *arena,
                           struct sp_option_layer *layer, const struct sp_option_info *info,
                           const char *value, char *error, size_t size);
/* Checks that the options agree with one another and fills ehlo_name when it is NULL (the FQDN, or
 * an address literal where there is no usable name; no network is asked). False: as above. */
bool sp_options_finish(struct sp_options *options, struct sp_arena *arena, char *error,
                       size_t size);

#endif
