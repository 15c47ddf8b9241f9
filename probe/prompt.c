/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/prompt.h"

#include "probe/host.h"
#include "probe/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What a terminal or somebody else may send meanwhile, and would leave it without echo. */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM};
#define CAUGHT (sizeof caught / sizeof caught[0])

static volatile sig_atomic_t received;

static void on_signal(int number)
{
    received = number;
}

static bool is_stop(int number)
{
    return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* Without SA_RESTART, so that waiting ends. One that was ignored, as by nohup, stays so. */
static void catch_signals(struct sigaction *before)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    received = 0;
    for (size_t i = 0; i < CAUGHT; i++) {
        sigaction(caught[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(caught[i], &action, NULL);
    }
}

static void release_signals(const struct sigaction *before)
{
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &before[i], NULL);
}

/* From here on they come while we wait, and at no other moment: one that came in front of a read would leave it
 * waiting. */
static void block_signals(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < CAUGHT; i++)
        sigaddset(&set, caught[i]);
    sigprocmask(SIG_BLOCK, &set, before);
}

static void say(int terminal, const char *text)
{
    ssize_t written = write(terminal, text, strlen(text));
    (void)written; /* there is nobody to tell */
}

/* The octets of one line, without its end. False: a signal, or there is no terminal any more. */
static bool read_typed(int terminal, const sigset_t *waiting, char *line, size_t cap,
                       size_t *out_len)
{
    *out_len = 0;
    while (received == 0) {
        struct pollfd poll = {.fd = terminal, .events = POLLIN};
        char octet;
        if (ppoll(&poll, 1, NULL, waiting) <= 0)
            continue; /* a signal; else it is looked at again */
        if ((poll.revents & POLLIN) == 0)
            return false;
        ssize_t count = read(terminal, &octet, 1);
        if (count < 0)
            return false;
        if (count == 0 || octet == '\n')
            return true;
        if (*out_len < cap)
            line[(*out_len)++] = octet;
    }
    return false;
}

/* Shows the question and waits, with echo off. */
static bool ask_unseen(int terminal, const struct termios *shown, const char *question, char *line,
                       size_t cap, size_t *out_len)
{
    sigset_t waiting;
    block_signals(&waiting);
    say(terminal, question);
    bool done = read_typed(terminal, &waiting, line, cap, out_len);
    /* What was typed ahead of a signal must not reach the shell. */
    tcsetattr(terminal, TCSAFLUSH, shown);
    say(terminal, "\n");
    sigprocmask(SIG_SETMASK, &waiting, NULL);
    return done;
}

/* Asks once. False: a signal came, or the terminal went. */
static bool ask_once(int terminal, const char *question, char *line, size_t cap, size_t *out_len)
{
    struct sigaction before[CAUGHT];
    struct termios shown, hidden;
    bool done = false;
    catch_signals(before);
    if (tcgetattr(terminal, &shown) == 0) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
        hidden.c_lflag |= ICANON | ISIG;
        /* In the background this is stopped by SIGTTOU, before anything has changed. */
        if (tcsetattr(terminal, TCSAFLUSH, &hidden) == 0)
            done = ask_unseen(terminal, &shown, question, line, cap, out_len);
    }
    release_signals(before);
    return done && received == 0;
}

/* Again when the process was stopped meanwhile and goes on. */
static bool ask(int terminal, const char *question, char *line, size_t cap, size_t *out_len)
{
    for (;;) {
        if (ask_once(terminal, question, line, cap, out_len))
            return true;
        int number = received;
        sp_secret_wipe(line, cap);
        if (number == 0)
            return false;
        raise(number); /* as if it had come just now: it ends the process, or stops it here */
        if (!is_stop(number))
            return false;
    }
}

char *sp_prompt_password(const char *user, char *error, size_t size)
{
    char line[SP_LIMIT_SECRET + 1], question[SP_QUOTE_SIZE + 32], quoted[SP_QUOTE_SIZE];
    char *password = NULL;
    size_t len = 0;
    error[0] = '\0';
    if (!isatty(STDIN_FILENO) && !isatty(STDERR_FILENO))
        return NULL;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return NULL;
    snprintf(question, sizeof question,
             "Password of %s: ", sp_quote(quoted, sizeof quoted, user, strlen(user)));
    if (!ask(terminal, question, line, sizeof line, &len))
        snprintf(error, size, "no password was typed");
    else if (len == 0)
        snprintf(error, size, "the password that was typed is empty");
    else if (len > SP_LIMIT_SECRET || memchr(line, '\0', len) != NULL)
        snprintf(error, size, "the password that was typed is too long, or has a NUL octet in it");
    else if ((password = strndup(line, len)) == NULL)
        snprintf(error, size, "out of memory");
    close(terminal);
    sp_secret_wipe(line, sizeof line);
    return password;
}
