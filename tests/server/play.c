/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A conversation is either running steps or waiting; what it waits for:
 *
 *   RUNNING    steps of a rule follow one another
 *   DRAINING   what was sent is not with the kernel yet
 *   SLEEPING   a delay, or the pause between two pieces
 *   LISTENING  all steps are done: the next line picks a rule
 *   EXPECTING  a step wants the next line
 *   SHAKING    a TLS handshake
 *   HANGING    for the client to go
 *   CLOSING    FIN is sent, for the client's FIN
 */
#include "play.h"

#include "answer.h"
#include "link.h"
#include "sasl.h"

#include <netdb.h>
#include <openssl/rand.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

FILE *ts_journal;

enum play_state { RUNNING, DRAINING, SLEEPING, LISTENING, EXPECTING, SHAKING, HANGING, CLOSING };

enum { INPUT_MAX = 1 << 20, CHUNK = 16 * 1024, SPLIT_PAUSE_MS = 30, LINGER_MS = 3000 };

struct play {
    const struct ts_server *server;
    SSL_CTX *ctx;
    struct ts_link *link;
    struct ts_timer timer;
    unsigned long number;
    enum play_state state;
    int is_running; /* guards run() against itself */
    const struct ts_rule *rule;
    enum ts_event event; /* what the rule answers, for `default` */
    size_t step;
    int64_t progress; /* within the step */
    int has_greeted;
    int is_deaf; /* TLS bytes came, and no handshake has begun: there are no lines in `in` */
    int *fired;  /* per rule: how often its event came */
    struct ts_sasl *sasl;
    struct ts_bytes in;
    size_t logged; /* bytes of `in` the journal has */
    char *line;    /* the line that picked the rule */
};

static void run(struct play *play);
static void fire(struct play *play, enum ts_event event);

void ts_journal_write(const char *server, unsigned long connection, const char *event,
                      const void *text, size_t length)
{
    if (ts_journal == NULL)
        return;
    fprintf(ts_journal, "log %s %lu %s ", server, connection, event);
    ts_print_escaped(ts_journal, text, length);
    fputc('\n', ts_journal);
}

static void write_journal(const struct play *play, const char *event, const void *text,
                          size_t length)
{
    ts_journal_write(play->server->name, play->number, event, text, length);
}

static void free_play(void *with)
{
    struct play *play = with;
    ts_bytes_free(&play->in);
    ts_sasl_free(play->sasl);
    free(play->fired);
    free(play->line);
    free(play);
}

static void end_play(struct play *play)
{
    if (play->link == NULL)
        return;
    if (play->in.length > 0 && !play->is_deaf && play->logged < play->in.length)
        write_journal(play, ts_link_tls(play->link) != NULL ? "tls-bytes" : "bytes",
                      play->in.data + play->logged,
                      play->in.length - play->logged < 64 ? play->in.length - play->logged : 64);
    write_journal(play, "close", "", 0);
    ts_loop_stop_timer(&play->timer);
    ts_link_end(play->link);
    play->link = NULL;
    ts_loop_later(free_play, play);
}

static void sleep_for(struct play *play, uint64_t ms)
{
    play->state = SLEEPING;
    ts_loop_set_timer(&play->timer, ms);
}

static void on_timer(struct ts_timer *timer)
{
    struct play *play = (struct play *)(void *)((char *)timer - offsetof(struct play, timer));
    if (play->state == CLOSING) {
        end_play(play);
        return;
    }
    play->state = RUNNING;
    run(play);
}

/*
 * The client's unread bytes would turn close() into a reset, so FIN goes first and the rest when
 * the client has answered.
 */
static void start_close(struct play *play)
{
    if (!play->server->no_close_notify)
        ts_link_close_notify(play->link);
    ts_link_half_close(play->link);
    play->state = CLOSING;
    ts_loop_set_timer(&play->timer, LINGER_MS);
}

/* ---- picking a rule ---- */

static int is_match(const struct ts_match *match, const char *line)
{
    if (match->word != NULL)
        return ts_answer_is_verb(line, match->word);
    return match->regex == NULL || regexec(match->regex, line, 0, NULL, 0) == 0;
}

static const struct ts_rule *find_rule(struct play *play, enum ts_event event)
{
    const struct ts_server *s = play->server;
    int is_secure = ts_link_tls(play->link) != NULL;
    for (size_t i = 0; i < s->rule_count; i++) {
        const struct ts_rule *rule = &s->rules[i];
        if (rule->event != event || (rule->layer == TS_IN_TLS && !is_secure) ||
            (rule->layer == TS_IN_CLEAR && is_secure))
            continue;
        if (event == TS_ON_COMMAND && !is_match(&rule->match, play->line))
            continue;
        int times = ++play->fired[i];
        if (times >= rule->from && times <= rule->to)
            return rule;
    }
    return NULL;
}

/* ---- TLS ---- */

static int has_handshake_rule(const struct ts_server *server)
{
    for (size_t i = 0; i < server->rule_count; i++)
        if (server->rules[i].event == TS_ON_HANDSHAKE)
            return 1;
    return 0;
}

static void start_handshake(struct play *play)
{
    if (play->event != TS_ON_HANDSHAKE && has_handshake_rule(play->server)) {
        fire(play, TS_ON_HANDSHAKE);
        return;
    }
    if (play->ctx == NULL) {
        write_journal(play, "error", "no TLS settings", 15);
        end_play(play);
        return;
    }
    play->state = SHAKING;
    struct ts_bytes early = play->in;
    play->in = (struct ts_bytes){0};
    play->logged = 0;
    play->is_deaf = 0;
    ts_link_start_tls(play->link, play->ctx, early.data, early.length);
    ts_bytes_free(&early);
}

static void on_secure(void *owner)
{
    struct play *play = owner;
    const SSL *ssl = ts_link_tls(play->link);
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    char text[512];
    /* The client's certificate, where there is one. */
    X509 *client = SSL_get0_peer_certificate(ssl);
    char name[256] = "";
    if (client != NULL)
        X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName, name, sizeof name);
    int length = snprintf(text, sizeof text, "%s %s sni=%s%s%s", SSL_get_version(ssl),
                          SSL_get_cipher_name(ssl), sni != NULL ? sni : "",
                          client != NULL ? " client=" : "", name);
    write_journal(play, "tls-up", text,
                  length < (int)sizeof text ? (size_t)length : sizeof text - 1);
    if (play->rule != NULL && play->step < play->rule->step_count) {
        play->state = RUNNING;
        run(play);
    } else {
        fire(play, play->has_greeted ? TS_ON_SECURE : TS_ON_BANNER);
    }
}

/* ---- steps ---- */

static void do_default(struct play *play)
{
    struct ts_bytes out = {0};
    enum ts_then then = TS_THEN_GO_ON;
    if (play->event == TS_ON_BANNER)
        ts_answer_banner(play->server, &out);
    else if (play->event == TS_ON_COMMAND &&
             !ts_sasl_answer(play->sasl, ts_link_tls(play->link), play->line, &out))
        then = ts_answer_command(play->server, play->line, ts_link_tls(play->link) != NULL, &out);
    ts_link_send(play->link, out.data, out.length);
    ts_bytes_free(&out);
    if (then == TS_THEN_CLOSE)
        start_close(play);
    else if (then == TS_THEN_HANDSHAKE || play->event == TS_ON_HANDSHAKE)
        start_handshake(play);
}

/* Sends the next part of a step that has many; returns 1 when the step is done. */
static int do_repeat(struct play *play, const struct ts_step *step)
{
    struct ts_bytes out = {0};
    size_t batch = step->ms > 0 || step->bytes.length >= CHUNK ? 1 : CHUNK / step->bytes.length;
    for (size_t i = 0; i < batch && (step->count < 0 || play->progress < step->count); i++) {
        ts_bytes_add(&out, step->bytes.data, step->bytes.length);
        play->progress++;
    }
    ts_link_send(play->link, out.data, out.length);
    ts_bytes_free(&out);
    if (step->count >= 0 && play->progress >= step->count)
        return 1;
    /* A pause even without an interval: other connections want their turn. */
    sleep_for(play, step->ms);
    return 0;
}

static int do_dribble(struct play *play, const struct ts_step *step)
{
    if ((size_t)play->progress >= step->bytes.length)
        return 1;
    ts_link_send(play->link, step->bytes.data + play->progress++, 1);
    if ((size_t)play->progress >= step->bytes.length)
        return 1;
    sleep_for(play, step->ms);
    return 0;
}

static int do_split(struct play *play, const struct ts_step *step)
{
    size_t first =
        (size_t)step->count < step->bytes.length ? (size_t)step->count : step->bytes.length;
    if (play->progress++ == 0) {
        ts_link_send(play->link, step->bytes.data, first);
        sleep_for(play, SPLIT_PAUSE_MS);
        return 0;
    }
    ts_link_send(play->link, step->bytes.data + first, step->bytes.length - first);
    return 1;
}

static void do_random(struct play *play, const struct ts_step *step)
{
    struct ts_bytes noise = {0};
    for (int64_t left = step->count; left > 0; left -= 256) {
        unsigned char bytes[256];
        RAND_bytes(bytes, sizeof bytes);
        ts_bytes_add(&noise, bytes, left < 256 ? (size_t)left : 256);
    }
    ts_link_send(play->link, noise.data, noise.length);
    ts_bytes_free(&noise);
}

static int do_delay(struct play *play, const struct ts_step *step)
{
    if (play->progress++ > 0)
        return 1;
    sleep_for(play, step->ms);
    return 0;
}

/* Runs one step, or a part of it; returns 1 when it is done and the next may follow. */
static int do_step(struct play *play, const struct ts_step *step)
{
    switch (step->kind) {
    case TS_SEND: ts_link_send(play->link, step->bytes.data, step->bytes.length); return 1;
    case TS_PLAIN: ts_link_send_plain(play->link, step->bytes.data, step->bytes.length); return 1;
    case TS_DRIBBLE: return do_dribble(play, step);
    case TS_SPLIT: return do_split(play, step);
    case TS_REPEAT: return do_repeat(play, step);
    case TS_RANDOM: do_random(play, step); return 1;
    case TS_DELAY: return do_delay(play, step);
    case TS_EXPECT: play->state = EXPECTING; return 0;
    case TS_HALF_CLOSE: ts_link_half_close(play->link); return 1;
    case TS_CLOSE: start_close(play); return 0;
    case TS_RESET: ts_link_reset(play->link); return 0;
    case TS_HANG: play->state = HANGING; return 0;
    /* These two may start another rule: the step counts as done before. */
    case TS_HANDSHAKE:
        play->step++;
        start_handshake(play);
        return 0;
    case TS_DEFAULT:
        play->step++;
        do_default(play);
        return 0;
    }
    return 1;
}

static void take_line(struct play *play);

/* What follows when a rule has no more steps. */
static void go_on(struct play *play)
{
    enum ts_event event = play->event;
    play->rule = NULL;
    if (event == TS_ON_CONNECT) {
        if (play->server->tls == TS_TLS_IMPLICIT)
            start_handshake(play);
        else
            fire(play, TS_ON_BANNER);
        return;
    }
    play->state = LISTENING;
    take_line(play);
}

static void run(struct play *play)
{
    if (play->is_running)
        return;
    play->is_running = 1;
    while (play->link != NULL && play->state == RUNNING) {
        if (ts_link_has_output(play->link)) {
            play->state = DRAINING;
        } else if (play->rule == NULL || play->step == play->rule->step_count) {
            go_on(play);
        } else if (do_step(play, &play->rule->steps[play->step])) {
            play->step++;
            play->progress = 0;
        }
    }
    play->is_running = 0;
}

static void fire(struct play *play, enum ts_event event)
{
    static const struct ts_step default_step = {.kind = TS_DEFAULT};
    static const struct ts_rule default_rule = {.steps = (struct ts_step *)(uintptr_t)&default_step,
                                                .step_count = 1};
    const struct ts_rule *rule = find_rule(play, event);
    play->rule = rule != NULL ? rule : &default_rule;
    play->event = event;
    play->step = 0;
    play->progress = 0;
    play->state = RUNNING;
    if (event == TS_ON_BANNER)
        play->has_greeted = 1;
    run(play);
}

/* ---- what comes from the client ---- */

/* Takes the next whole line for whoever waits for one. */
static void take_line(struct play *play)
{
    if (play->link == NULL || (play->state != LISTENING && play->state != EXPECTING) ||
        play->in.length == 0 || play->is_deaf)
        return;
    unsigned char *end = memchr(play->in.data, '\n', play->in.length);
    if (end == NULL)
        return;
    size_t length = (size_t)(end - play->in.data);
    size_t text = length > 0 && end[-1] == '\r' ? length - 1 : length;
    free(play->line);
    play->line = strndup((const char *)play->in.data, text);
    ts_bytes_drop(&play->in, length + 1);
    play->logged = play->logged > length ? play->logged - length - 1 : 0;
    if (play->line == NULL)
        abort();
    if (play->state == LISTENING) {
        fire(play, TS_ON_COMMAND);
        return;
    }
    if (!is_match(&play->rule->steps[play->step].match, play->line)) {
        write_journal(play, "unexpected", play->line, strlen(play->line));
        start_close(play);
        return;
    }
    play->event = TS_ON_COMMAND;
    play->step++;
    play->progress = 0;
    play->state = RUNNING;
    run(play);
}

static void log_lines(struct play *play, const char *event)
{
    for (;;) {
        unsigned char *from = play->in.data + play->logged;
        unsigned char *end = memchr(from, '\n', play->in.length - play->logged);
        if (end == NULL)
            return;
        size_t length = (size_t)(end - from);
        write_journal(play, event, from, length > 0 && end[-1] == '\r' ? length - 1 : length);
        play->logged += length + 1;
    }
}

static void on_bytes(void *owner, const unsigned char *data, size_t length)
{
    struct play *play = owner;
    int is_secure = ts_link_tls(play->link) != NULL;
    if (play->in.length + length > INPUT_MAX)
        return;
    if (!is_secure && !play->is_deaf && play->logged == play->in.length && length >= 2 &&
        data[0] == 0x16 && data[1] == 0x03) {
        char text[32];
        int used = snprintf(text, sizeof text, "%zu bytes", length);
        write_journal(play, "client-hello", text, (size_t)used);
        play->is_deaf = 1;
    }
    ts_bytes_add(&play->in, data, length);
    if (play->is_deaf)
        return;
    log_lines(play, is_secure ? "tls-line" : "line");
    take_line(play);
}

static void on_drained(void *owner)
{
    struct play *play = owner;
    if (play->state != DRAINING)
        return;
    play->state = RUNNING;
    run(play);
}

static void on_ended(void *owner)
{
    end_play(owner);
}

static void on_note(void *owner, const char *event, const char *text)
{
    struct play *play = owner;
    if (play->link != NULL)
        write_journal(play, event, text, strlen(text));
}

static void write_open(const struct play *play, int fd)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    char text[NI_MAXHOST] = "";
    if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
        getnameinfo((struct sockaddr *)&peer, length, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    write_journal(play, "open", text, strlen(text));
}

static struct play *open_play(int fd, const struct ts_server *server)
{
    static const struct ts_link_events events = {on_bytes, on_secure, on_drained, on_ended,
                                                 on_note};
    static unsigned long count;
    struct play *play = calloc(1, sizeof *play);
    if (play == NULL || (play->fired = calloc(server->rule_count + 1, sizeof *play->fired)) == NULL)
        abort();
    play->server = server;
    play->sasl = ts_sasl_new(server, on_note, play);
    play->timer.fire = on_timer;
    play->number = ++count;
    play->link = ts_link_new(fd, server, &events, play);
    if (play->link == NULL) {
        free_play(play);
        return NULL;
    }
    write_open(play, fd);
    return play;
}

void ts_play_start(int fd, const struct ts_server *server, SSL_CTX *ctx)
{
    struct play *play = open_play(fd, server);
    if (play == NULL)
        return;
    play->ctx = ctx;
    fire(play, TS_ON_CONNECT);
}

void ts_play_silence(int fd, const struct ts_server *server)
{
    struct play *play = open_play(fd, server);
    if (play != NULL)
        play->state = HANGING;
}
