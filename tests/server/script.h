/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server of the test does, as data: settings, and rules of steps. The language stands on top
 * of script.c.
 */
#ifndef TS_SCRIPT_H
#define TS_SCRIPT_H

#include "bytes.h"
#include "zone.h"

#include <regex.h>

enum ts_step_kind {
    TS_SEND,    /* bytes in one write; through TLS when it is up */
    TS_PLAIN,   /* bytes on the TCP connection, beneath TLS */
    TS_DRIBBLE, /* one byte every `ms` */
    TS_SPLIT,   /* `count` bytes, a pause, the rest */
    TS_REPEAT, /* the bytes `count` times (-1 = for ever), one every `ms` or as fast as the client reads */
    TS_RANDOM,     /* `count` random bytes */
    TS_DELAY,      /* `ms` */
    TS_EXPECT,     /* the next line must match */
    TS_HANDSHAKE,  /* TLS starts here */
    TS_DEFAULT,    /* what the server would do without this rule */
    TS_HALF_CLOSE, /* FIN, go on reading */
    TS_CLOSE,      /* close_notify where TLS is up, FIN */
    TS_RESET,      /* RST */
    TS_HANG        /* nothing more until the client goes */
};

struct ts_match {
    char *word;     /* a command's verb, any case; or */
    regex_t *regex; /* for the whole line; neither = every line */
};

struct ts_step {
    enum ts_step_kind kind;
    struct ts_bytes bytes;
    int64_t count;
    uint64_t ms;
    struct ts_match match;
};

enum ts_event {
    TS_ON_CONNECT,   /* accepted, before anything else */
    TS_ON_BANNER,    /* the greeting is due */
    TS_ON_HANDSHAKE, /* in place of a TLS handshake */
    TS_ON_SECURE,    /* the handshake of STARTTLS is done */
    TS_ON_COMMAND    /* a line from the client */
};

enum ts_layer { TS_ANY_LAYER, TS_IN_CLEAR, TS_IN_TLS };

struct ts_rule {
    enum ts_event event;
    struct ts_match match;
    enum ts_layer layer;
    int from, to; /* it counts only from the from-th to the to-th time; 1 and INT_MAX = always */
    struct ts_step *steps;
    size_t step_count;
};

enum ts_tls_mode { TS_TLS_NONE, TS_TLS_STARTTLS, TS_TLS_IMPLICIT };
enum ts_door { TS_DOOR_OPEN, TS_DOOR_REFUSE, TS_DOOR_BLACKHOLE };
enum ts_wire_end { TS_WIRE_HANG, TS_WIRE_CLOSE, TS_WIRE_RESET };

enum { TS_PRETEND_MAX = 4 };

struct ts_server {
    char *name; /* "FILE/NAME", without folder and ending */
    char *host; /* in greetings and certificates */
    char *address;
    char *
        port_of; /* another server of the same file, on another address, whose port this one takes */
    struct ts_zone *zone; /* not NULL: a name server, and nothing else in here counts */
    enum ts_door door;
    int is_lmtp;
    enum ts_tls_mode tls;
    char *certificate;
    char *staple;            /* kind of OCSP answer to staple, or NULL */
    char *tls_min, *tls_max; /* "1.0" … "1.3" */
    char *ciphers, *suites, *groups, *signatures;
    char *
        alpn; /* chosen whenever the client offers any protocols, whether it is among them or not */
    unsigned pretend[TS_PRETEND_MAX]; /* suites taken as offered */
    size_t pretend_count;
    int tickets;
    int wants_client_certificate; /* 1 = asks, 2 = insists */
    int no_close_notify;
    int no_extended_master_secret; /* RFC 7627 is off, as with old servers */
    int wire_records;              /* TLS records let out, then wire_end; 0 = all */
    enum ts_wire_end wire_end;
    uint64_t wire_dribble_ms; /* TLS bytes one by one */
    size_t wire_split;        /* TLS bytes in writes of so many */
    char *wire_certificate;   /* a lie in place of the Certificate message (TLS 1.2) */
    char *capabilities,
        *capabilities_tls; /* "A|B|C" as listed by EHLO; tls NULL = the same less STARTTLS */
    char *auth;            /* "A|B": mechanisms that it speaks; NULL = AUTH is left to the rules */
    char *auth_user, *auth_password, *auth_token;
    int auth_iterations; /* SCRAM's i= */
    char *scram_first;   /* a lie in place of SCRAM's first message, "%r" is the client's nonce */
    char *scram_final;   /* of the last one, "%v" is the right signature; "" = 235 without it */
    char *comment;       /* demo: what the server shows */
    char *target;        /* demo: words behind HOST:PORT */
    struct ts_rule *rules;
    size_t rule_count;
    struct ts_server *next;
};

/*
 * Reads the server blocks of a text; `stem` goes before their names. Appends to *servers in order.
 * Returns 0, or -1 after "file:line: message" on standard error.
 */
int ts_script_parse(const char *file, const char *stem, const char *text,
                    struct ts_server **servers);
int ts_script_read(const char *path, struct ts_server **servers);

/* A well-behaved server without rules; the parser starts from the same. */
struct ts_server *ts_server_new(const char *name);

#endif
