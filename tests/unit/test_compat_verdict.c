/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What compat mode makes of a session: a command line as a user writes it, a conversation with the real
 * dialogue, and the whole output with its exit state.
 */
#include "nagios/compat_text.h"

#include "conversation.h"
#include "nagios/compat_session.h"

#include <errno.h>

#define WORDS_MAX 16
#define NOW_MS 1788256800123 /* 2026-09-01T10:00:00.123Z, a Tuesday */
#define DAY 86400
#define TIME "|time=0.042408s;;;0.000000\n"
#define OK_LINE "SMTP OK - 0.042 sec. response time" TIME

#define GREETING "S 220 mx ESMTP\r\n"
#define HELO "C HELO me\r\n"
#define EHLO_ME "C EHLO me\r\n"
#define HELLO_OK "S 250 mx\r\n"
#define NO_MORE QUIT, BYE, "X"
#define TLS_DIALOGUE \
    GREETING, EHLO_ME, "S 250-mx\r\n250 STARTTLS\r\n", "C STARTTLS\r\n", "S 220 go\r\n"
#define TLS_UP TLS_DIALOGUE, "T", EHLO_ME, HELLO_OK
#define LOGIN "-A", "LOGIN", "-U", "user", "-P", "hunter2!"
#define LOGIN_BEGUN \
    GREETING, EHLO_ME, HELLO_OK, "C AUTH LOGIN\r\n", "S 334 VXNlcm5hbWU6\r\n", "C dXNlcg==\r\n"
#define PASSWORD_SENT LOGIN_BEGUN, "S 334 UGFzc3dvcmQ6\r\n", "C aHVudGVyMiE=\r\n"

struct row {
    const char *name;
    const char *words[WORDS_MAX]; /* behind check_smtp -H mx.test -F me */
    const char *steps[MAX_STEPS];
    enum sp_state state;
    const char *text;
    struct sp_failure failure; /* what happens outside of the dialogue */
    int quit_errno;
    int64_t ms;      /* 0: 42.408 */
    int64_t left_s;  /* of the certificate, where TLS is up; 0: 30 days */
    int64_t since_s; /* 0: it is valid for 30 days */
    bool whole;      /* the octets must come together */
};

static const struct row rows[] = {
    /* --- the usual --- */
    {.name = "plain", {NULL}, {GREETING, HELO, HELLO_OK, NO_MORE}, SP_STATE_OK, OK_LINE},
    {.name = "limits far away",
     {"-w", "5", "-c", "10.5"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     "SMTP OK - 0.042 sec. response time|time=0.042408s;5.000000;10.500000;0.000000\n"},
    {.name = "above -w",
     {"-w", "0.04", "-c", "0.05"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - 0.042 sec. response time|time=0.042408s;0.040000;0.050000;0.000000\n"},
    {.name = "above -c",
     {"-w", "0.03", "-c", "0.04"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - 0.042 sec. response time|time=0.042408s;0.030000;0.040000;0.000000\n"},
    {.name = "LMTP", {"-L"}, {GREETING, "C LHLO me\r\n", HELLO_OK, NO_MORE}, SP_STATE_OK, OK_LINE},
    {.name = "MAIL and commands",
     {"-f", "a@b", "-C", "NOOP", "-R", "^250", "-C", "HELP"},
     {GREETING, HELO, HELLO_OK, "C MAIL FROM:<a@b>\r\n", "S 250 ok\r\n", "C NOOP\r\n",
      "S 250 ok\r\n", "C HELP\r\n", "S 502 no\r\n", NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "the last reply behind -v",
     {"-v"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     "SMTP OK - 0.042 sec. response time, 221 bye" TIME
     "HELOCMD: HELO me\nreceived 220 mx ESMTP\nsent HELO me\nreceived 250 mx\nsent QUIT\n"
     "received 221 bye\n"},

    {.name = "a hello with two codes is shown once",
     {NULL},
     {GREETING, HELO, "S 250-mx\r\n251 my\r\n", "X"},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 220 mx ESMTP\n250-mx\n251 my\n"},
    {.name = "a greeting with two codes is shown once",
     {NULL},
     {"S 220-mx\r\n221 my\r\n", "X"},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 220-mx\n221 my\n"},

    /* --- before the first octet --- */
    {.name = "no such name",
     {NULL},
     {NULL},
     SP_STATE_UNKNOWN,
     "check_smtp: Invalid hostname/address - mx.test\n",
     {SP_REASON_DNS_NXDOMAIN, SP_PHASE_RESOLVE, "none", 0}},
    {.name = "the DNS server fails",
     {NULL},
     {NULL},
     SP_STATE_UNKNOWN,
     "check_smtp: Invalid hostname/address - mx.test\n",
     {SP_REASON_DNS_SERVFAIL, SP_PHASE_RESOLVE, "none", 0}},
    {.name = "the lookup takes too long",
     {"-t", "3:UNKNOWN"},
     {NULL},
     SP_STATE_UNKNOWN,
     "UNKNOWN - Socket timeout after 3 seconds\n",
     {SP_REASON_DNS_TIMEOUT, SP_PHASE_RESOLVE, "slow", ETIMEDOUT},
     0,
     3000},
    {.name = "the resolver gave up before -t",
     {NULL},
     {NULL},
     SP_STATE_UNKNOWN,
     "check_smtp: Invalid hostname/address - mx.test\n",
     {SP_REASON_DNS_TIMEOUT, SP_PHASE_RESOLVE, "slow", 0},
     0,
     3000},
    {.name = "refused",
     {"-p", "2525"},
     {NULL},
     SP_STATE_CRITICAL,
     "connect to address mx.test and port 2525: Connection refused\n"
     "SMTP CRITICAL - 0.042 sec. response time" TIME,
     {SP_REASON_CONNECT_REFUSED, SP_PHASE_CONNECT, "refused", ECONNREFUSED}},
    {.name = "unreachable",
     {NULL},
     {NULL},
     SP_STATE_CRITICAL,
     "connect to address mx.test and port 25: No route to host\n"
     "SMTP CRITICAL - 0.042 sec. response time" TIME,
     {SP_REASON_CONNECT_UNREACHABLE, SP_PHASE_CONNECT, "no route", EHOSTUNREACH}},
    {.name = "the kernel's timeout, before that of -t",
     {"-t", "0"},
     {NULL},
     SP_STATE_CRITICAL,
     "connect to address mx.test and port 25: Connection timed out\n"
     "SMTP CRITICAL - 0.042 sec. response time" TIME,
     {SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, "slow", ETIMEDOUT}},
    {.name = "connecting takes too long",
     {"-t", "10"},
     {NULL},
     SP_STATE_CRITICAL,
     "CRITICAL - Socket timeout after 10 seconds\n",
     {SP_REASON_CONNECT_TIMEOUT, SP_PHASE_CONNECT, "slow", ETIMEDOUT},
     0,
     10000},
    {.name = "no sockets left",
     {NULL},
     {NULL},
     SP_STATE_UNKNOWN,
     "SMTP UNKNOWN - too many open files, 0.042 sec. response time" TIME,
     {SP_REASON_LOCAL_RESOURCE_EXHAUSTED, SP_PHASE_CONNECT, "too many open files", EMFILE}},
    {.name = "interrupted",
     {NULL},
     {GREETING, HELO},
     SP_STATE_UNKNOWN,
     "SMTP UNKNOWN - interrupted, 0.042 sec. response time" TIME,
     {SP_REASON_CANCELLED, SP_PHASE_EHLO, "interrupted", 0}},

    /* --- greeting --- */
    {.name = "closed without a greeting", {NULL}, {"E", "X"}, SP_STATE_WARNING, "recv() failed\n"},
    {.name = "no greeting in time",
     {"-t", "1"},
     {"O", "X"},
     SP_STATE_CRITICAL,
     "CRITICAL - Socket timeout after 1 seconds\n"},
    {.name = "too slow is what the user wants",
     {"-t", "1:OK", "-c", "0"},
     {"O", "X"},
     SP_STATE_OK,
     "OK - Socket timeout after 1 seconds\n"},
    {.name = "another greeting, port 25",
     {NULL},
     {"S 554 go away\r\n", NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 554 go away\n"},
    {.name = "another greeting, other port, several lines",
     {"-p", "26"},
     {"S 554-go\r\n554 away\r\n", NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host on port 26: 554-go\n554 away\n"},
    {.name = "220 in the text of another greeting",
     {NULL},
     {"S 554 see rule 220\r\n", NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 554 see rule 220\n"},
    {.name = "-e 220 asks for the code too",
     {"-e", "220"},
     {"S 554 see rule 220\r\n", NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 554 see rule 220\n"},
    {.name = "-e asks for another code",
     {"-e", "554"},
     {"S 554 go away\r\n", NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "a name does not ask for another code",
     {"-e", "mx.example"},
     {"S 421 mx.example busy\r\n", "X"},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 421 mx.example busy\n"},
    {.name = "what -e lets pass can't be asked more",
     {"-e", "554", "-f", "a@b"},
     {"S 554 go away\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - nothing more could be asked after this greeting, 0.042 sec. response time" TIME},
    {.name = "nor be logged in to",
     {"-e", "554", LOGIN},
     {"S 554 go away\r\n", NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - nothing more could be asked after this greeting, 0.042 sec. response time" TIME},
    {.name = "no reply at all, and no way to the next line",
     {NULL},
     {"S SSH-2.0-x|a=1 <b>\r\n", "X"},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: SSH-2.0-x!a=1 (b)\n",
     .whole = true},
    {.name = "no reply, as expected",
     {"-e", "SSH-2"},
     {"S SSH-2.0-x\r\n", "X"},
     SP_STATE_OK,
     OK_LINE,
     .whole = true},
    {.name = "controls and a second status line",
     {NULL},
     {"S 554-\033[2J\r\n554 SMTP OK - fine|x=1\r\n", NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 554-\\x1b[2J\n554 SMTP OK - fine!x=1\n"},

    /* --- hello, -e --- */
    {.name = "closed at the hello",
     {NULL},
     {GREETING, HELO, "E", "X"},
     SP_STATE_WARNING,
     "recv() failed\n"},
    {.name = "the hello is refused",
     {NULL},
     {GREETING, HELO, "S 550 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after HELO, 0.042 sec. response time" TIME},
    {.name = "LHLO is refused",
     {"-L"},
     {GREETING, "C LHLO me\r\n", "S 500 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after LHLO, 0.042 sec. response time" TIME},
    {.name = "EHLO is refused, HELO is not",
     {LOGIN},
     {GREETING, EHLO_ME, "S 502 no\r\n", HELO, HELLO_OK, "C AUTH LOGIN\r\n", "S 503 no\r\n",
      NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - invalid response received after EHLO, invalid response received after AUTH "
     "LOGIN, 0.042 sec. response time" TIME},
    {.name = "no login after a refused hello",
     {LOGIN},
     {GREETING, EHLO_ME, "S 550 no\r\n", NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - invalid response received after EHLO, 0.042 sec. response time" TIME},
    {.name = "-e in the greeting",
     {"-e", "ESMTP"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "-e in the reply to the hello",
     {"-e", "250 mx"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "-e with an end of line in it",
     {"-e", "ESMTP\r\n250"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "an empty -e", {"-e", ""}, {GREETING, HELO, HELLO_OK, NO_MORE}, SP_STATE_OK, OK_LINE},
    {.name = "an empty -e takes no other greeting",
     {"-e", ""},
     {"S 554 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 554 no\n"},
    {.name = "-e is nowhere: no command is sent",
     {"-e", "Exim", "-f", "a@b"},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 220 mx ESMTP\n250 mx\n"},
    {.name = "a refused hello is what -e asks for",
     {"-e", "550 no"},
     {GREETING, HELO, "S 550 no\r\n", NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "the hello is answered by garbage",
     {NULL},
     {GREETING, HELO, "S what?\r\n", "X"},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 220 mx ESMTP\nwhat?\n",
     .whole = true},

    /* --- TLS --- */
    {.name = "STARTTLS", {"-S"}, {TLS_UP, NO_MORE}, SP_STATE_OK, OK_LINE},
    {.name = "STARTTLS in lower case",
     {"-S"},
     {GREETING, EHLO_ME, "S 250-mx\r\n250 starttls\r\n", "C STARTTLS\r\n", "S 220 go\r\n", "T",
      EHLO_ME, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "-e sees the second reply to EHLO",
     {"-S", "-e", "STARTTLS"},
     {TLS_UP, NO_MORE},
     SP_STATE_WARNING,
     "Invalid SMTP response received from host: 220 mx ESMTP\n250 mx\n"},
    {.name = "STARTTLS is not listed",
     {"-S"},
     {GREETING, EHLO_ME, HELLO_OK, NO_MORE},
     SP_STATE_WARNING,
     "WARNING - TLS not supported by server\n"},
    {.name = "EHLO is unknown",
     {"-S"},
     {GREETING, EHLO_ME, "S 500 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "WARNING - TLS not supported by server\n"},
    {.name = "EHLO is put off: that says nothing about TLS",
     {"-S"},
     {GREETING, EHLO_ME, "S 451 later\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after EHLO, 0.042 sec. response time" TIME},
    {.name = "STARTTLS is refused",
     {"-S"},
     {GREETING, EHLO_ME, "S 250-mx\r\n250 STARTTLS\r\n", "C STARTTLS\r\n", "S 454 not 220\r\n",
      NO_MORE},
     SP_STATE_UNKNOWN,
     "Server does not support STARTTLS\nSTARTTLS was answered 454 not 220\n"},
    {.name = "closed at STARTTLS",
     {"-S"},
     {GREETING, EHLO_ME, "S 250-mx\r\n250 STARTTLS\r\n", "C STARTTLS\r\n", "E", "X"},
     SP_STATE_UNKNOWN,
     "Server does not support STARTTLS\n"},
    {.name = "octets where the handshake begins",
     {"-S"},
     {GREETING, EHLO_ME, "S 250-mx\r\n250 STARTTLS\r\n", "C STARTTLS\r\n",
      "S 220 go\r\n250 injected\r\n", "X"},
     SP_STATE_CRITICAL,
     "CRITICAL - Cannot make SSL connection.\n14 octets of plain text came where the TLS handshake "
     "has to begin\nCRITICAL - Cannot create SSL context.\n",
     .whole = true},
    {.name = "no handshake",
     {"-S", "-D", "30"},
     {TLS_DIALOGUE, "F", "X"},
     SP_STATE_CRITICAL,
     "CRITICAL - Cannot make SSL connection.\nalert\nCRITICAL - Cannot create SSL context.\n"},
    {.name = "no handshake of implicit TLS",
     {"-s"},
     {"F", "X"},
     SP_STATE_CRITICAL,
     "CRITICAL - Cannot make SSL connection.\nalert\nCRITICAL - Cannot create SSL context.\n"},
    {.name = "closed at EHLO inside TLS",
     {"-S"},
     {TLS_DIALOGUE, "T", EHLO_ME, "E", "X"},
     SP_STATE_UNKNOWN,
     "SMTP UNKNOWN - Cannot read EHLO response via TLS.\n"},
    {.name = "EHLO is refused inside TLS",
     {"-S"},
     {TLS_DIALOGUE, "T", EHLO_ME, "S 550 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after EHLO, 0.042 sec. response time" TIME},
    {.name = "implicit TLS",
     {"-s"},
     {"T", GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "closed at the hello of implicit TLS",
     {"-s"},
     {"T", GREETING, HELO, "E", "X"},
     SP_STATE_WARNING,
     "recv() failed\n"},

    /* --- commands --- */
    {.name = "MAIL is refused",
     {"-f", "a@b"},
     {GREETING, HELO, HELLO_OK, "C MAIL FROM:<a@b>\r\n", "S 550 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after MAIL, 0.042 sec. response time" TIME},
    {.name = "MAIL is put off and a command does not match",
     {"-f", "a@b", "-C", "NOOP", "-R", "^2"},
     {GREETING, HELO, HELLO_OK, "C MAIL FROM:<a@b>\r\n", "S 451 no\r\n", "C NOOP\r\n",
      "S 500 a|b\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - Invalid response '500 a!b' to command 'NOOP'\n"
     "SMTP WARNING - invalid response received after MAIL, 0.042 sec. response time" TIME},
    {.name = "closed at MAIL",
     {"-f", "a@b", "-C", "NOOP"},
     {GREETING, HELO, HELLO_OK, "C MAIL FROM:<a@b>\r\n", "E", "X"},
     SP_STATE_WARNING,
     "SMTP WARNING - recv() failed after MAIL, 0.042 sec. response time" TIME},
    {.name = "a later match takes no mismatch back",
     {"-C", "NOOP", "-R", "^5", "-C", "HELP", "-R", "^2"},
     {GREETING, HELO, HELLO_OK, "C NOOP\r\n", "S 250 ok\r\n", "C HELP\r\n", "S 214-a\r\n214 b\r\n",
      NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - Invalid response '250 ok' to command 'NOOP'\n"
     "SMTP WARNING - 0.042 sec. response time" TIME},
    {.name = "-R looks at each line",
     {"-C", "HELP", "-R", "^214 b$"},
     {GREETING, HELO, HELLO_OK, "C HELP\r\n", "S 214-a\r\n214 b\r\n", NO_MORE},
     SP_STATE_OK,
     OK_LINE},
    {.name = "with -v performance data stay on the last line",
     {"-v", "-C", "NOOP", "-R", "^5"},
     {GREETING, HELO, HELLO_OK, "C NOOP\r\n", "S 250 ok\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - Invalid response '250 ok' to command 'NOOP'\nHELOCMD: HELO me\n"
     "received 220 mx ESMTP\nsent HELO me\nreceived 250 mx\nsent NOOP\nreceived 250 ok\nsent QUIT\n"
     "received 221 bye\nSMTP WARNING - 0.042 sec. response time, 221 bye" TIME},
    {.name = "421 ends the session before the second command",
     {"-C", "NOOP", "-C", "HELP"},
     {GREETING, HELO, HELLO_OK, "C NOOP\r\n", "S 421 busy\r\n", "X"},
     SP_STATE_WARNING,
     "SMTP WARNING - recv() failed after HELP, 0.042 sec. response time" TIME},
    {.name = "a command takes too long",
     {"-C", "NOOP"},
     {GREETING, HELO, HELLO_OK, "C NOOP\r\n", "O", "X"},
     SP_STATE_CRITICAL,
     "CRITICAL - Socket timeout after 10 seconds\n"},

    /* --- AUTH --- */
    {.name = "logged in", {LOGIN}, {PASSWORD_SENT, "S 235 ok\r\n", NO_MORE}, SP_STATE_OK, OK_LINE},
    {.name = "no reply to AUTH",
     {LOGIN},
     {GREETING, EHLO_ME, HELLO_OK, "C AUTH LOGIN\r\n", "E", "X"},
     SP_STATE_WARNING,
     "SMTP WARNING - recv() failed after AUTH LOGIN, 0.042 sec. response time" TIME},
    {.name = "AUTH is refused",
     {LOGIN},
     {GREETING, EHLO_ME, HELLO_OK, "C AUTH LOGIN\r\n", "S 502 no\r\n", NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - invalid response received after AUTH LOGIN, 0.042 sec. response time" TIME},
    {.name = "closed at the user",
     {LOGIN},
     {LOGIN_BEGUN, "E", "X"},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - recv() failed after sending authuser, 0.042 sec. response time" TIME},
    {.name = "the user is refused",
     {LOGIN},
     {LOGIN_BEGUN, "S 535 no\r\n", NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - invalid response received after authuser, 0.042 sec. response time" TIME},
    {.name = "closed at the password",
     {LOGIN},
     {PASSWORD_SENT, "E", "X"},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - recv() failed after sending authpass, 0.042 sec. response time" TIME},
    {.name = "the password is refused, and repeated",
     {LOGIN, "-v"},
     {PASSWORD_SENT, "S 535 hunter2! aHVudGVyMiE= dXNlcg==\r\n", NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - invalid response received after authpass, 0.042 sec. response time, 221 bye" TIME
     "HELOCMD: EHLO me\nreceived 220 mx ESMTP\nsent EHLO me\nreceived 250 mx\nsent AUTH LOGIN\n"
     "received 334 VXNlcm5hbWU6\nsent (hidden)\nreceived 334 UGFzc3dvcmQ6\nsent (hidden)\n"
     "received 535 ******** ************ ********\nsent QUIT\nreceived 221 bye\n"},
    {.name = "a wrong type, after all else",
     {"-A", "PLAIN", "-U", "u", "-P", "p"},
     {GREETING, EHLO_ME, HELLO_OK, NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - only authtype LOGIN is supported, 0.042 sec. response time" TIME},
    {.name = "--strict does not log in without TLS",
     {"--strict", LOGIN},
     {GREETING, EHLO_ME, HELLO_OK, NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - auth-requires-tls: nothing was sent without verified TLS, 0.042 sec. response "
     "time" TIME},
    {.name = "--strict does not log in by -C either",
     {"--strict", "-C", "AUTH PLAIN AHVzZXIAaHVudGVyMiE="},
     {GREETING, HELO, HELLO_OK, NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - auth-requires-tls: nothing was sent without verified TLS, 0.042 sec. response "
     "time" TIME},
    {.name = "--strict minds no other command",
     {"--strict", "-C", "AUTH LOGIN"},
     {GREETING, HELO, HELLO_OK, "C AUTH LOGIN\r\n", "S 334 x\r\n", NO_MORE},
     SP_STATE_OK,
     "SMTP OK - 0.042 sec. response time" TIME},

    /* --- QUIT --- */
    {.name = "QUIT can't be sent",
     {NULL},
     {GREETING, HELO, HELLO_OK, QUIT, "E", "X"},
     SP_STATE_UNKNOWN,
     "Connection closed by server before sending QUIT command\n",
     {0},
     EPIPE},
    {.name = "-q",
     {"-q"},
     {GREETING, HELO, HELLO_OK, QUIT, "E", "X"},
     SP_STATE_OK,
     OK_LINE,
     {0},
     EPIPE},
    {.name = "a lost reply to QUIT is none of our business",
     {NULL},
     {GREETING, HELO, HELLO_OK, QUIT, "E", "X"},
     SP_STATE_OK,
     OK_LINE},
    {.name = "QUIT that can't be sent hides nothing",
     {"-f", "a@b"},
     {GREETING, HELO, HELLO_OK, "C MAIL FROM:<a@b>\r\n", "S 550 no\r\n", QUIT, "E", "X"},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after MAIL, 0.042 sec. response time" TIME,
     {0},
     EPIPE},

    /* --- -D --- */
    {.name = "-D",
     {"-S", "-D", "14,7"},
     {TLS_UP, NO_MORE},
     SP_STATE_OK,
     "OK - Certificate 'mx|x' will expire on Thu Oct  1 10:00:00 2026 +0000.|time=0.042408s;;;0.000000 "
     "cert_days=30.000000;15:;8:\n"},
    {.name = "-D implies -q",
     {"-S", "-D", "14"},
     {TLS_UP, QUIT, "E", "X"},
     SP_STATE_OK,
     "OK - Certificate 'mx|x' will expire on Thu Oct  1 10:00:00 2026 +0000.|time=0.042408s;;;0.000000 "
     "cert_days=30.000000;15:;1:\n",
     {0},
     EPIPE},
    {.name = "as many days as -D says",
     {"-S", "-D", "30"},
     {TLS_UP, NO_MORE},
     SP_STATE_WARNING,
     "WARNING - Certificate 'mx|x' expires in 30 day(s) (Thu Oct  1 10:00:00 2026 +0000).|time=0.042408s;;;"
     "0.000000 cert_days=30.000000;31:;1:\n"},
    {.name = "critical days",
     {"-S", "-D", "40,30"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' expires in 30 day(s) (Thu Oct  1 10:00:00 2026 +0000).|time="
     "0.042408s;;;0.000000 cert_days=30.000000;41:;31:\n"},
    {.name = "hours",
     {"-S", "-D", "0"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' expires in 23 hours (Wed Sep  2 09:59:59 2026 +0000)|time=0.042408s;;;"
     "0.000000 cert_days=0.999988;1:;1:\n",
     {0},
     0,
     0,
     DAY - 1},
    {.name = "minutes",
     {"-S", "-D", "0"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' expires in 59 minutes (Tue Sep  1 10:59:59 2026 +0000)|time="
     "0.042408s;;;0.000000 cert_days=0.041655;1:;1:\n",
     {0},
     0,
     0,
     3599},
    {.name = "expired a second ago",
     {"-S", "-D", "0"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' expired on Tue Sep  1 09:59:59 2026 +0000.|time=0.042408s;;;0.000000 "
     "cert_days=-0.000012;1:;1:\n",
     {0},
     0,
     0,
     -1},
    {.name = "not yet valid",
     {"-S", "-D", "0"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' is not valid before Tue Sep  1 10:00:01 2026 +0000.|time=0.042408s;;;"
     "0.000000 cert_days=30.000000;1:;1:\n",
     {0},
     0,
     0,
     0,
     1},
    {.name = "a good certificate excuses nothing",
     {"-S", "-D", "14", "-f", "a@b"},
     {TLS_UP, "C MAIL FROM:<a@b>\r\n", "S 550 no\r\n", NO_MORE},
     SP_STATE_WARNING,
     "SMTP WARNING - invalid response received after MAIL, 0.042 sec. response time|time=0.042408s;;;"
     "0.000000 cert_days=30.000000;15:;1:\n"
     "OK - Certificate 'mx|x' will expire on Thu Oct  1 10:00:00 2026 +0000.\n"},
    {.name = "the time counts beside the certificate",
     {"-S", "-D", "40", "-c", "0.01"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "SMTP CRITICAL - 0.042 sec. response time|time=0.042408s;;0.010000;0.000000 "
     "cert_days=30.000000;41:;1:\n"
     "WARNING - Certificate 'mx|x' expires in 30 day(s) (Thu Oct  1 10:00:00 2026 +0000).\n"},
    {.name = "too slow for a certificate is no bad certificate",
     {"-S", "-D", "14", "-t", "1:OK"},
     {GREETING, EHLO_ME, "O", "X"},
     SP_STATE_OK,
     "OK - Socket timeout after 1 seconds\n"},
    {.name = "what was seen of it counts",
     {"-S", "-D", "40,30", "-t", "1:OK", "-C", "NOOP"},
     {TLS_UP, "C NOOP\r\n", "O", "X"},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' expires in 30 day(s) (Thu Oct  1 10:00:00 2026 +0000).|time="
     "0.042408s;;;0.000000 cert_days=30.000000;41:;31:\n"
     "OK - Socket timeout after 1 seconds\n"},
    {.name = "the worse one comes first",
     {"-S", "-D", "40,30", "-e", "Exim"},
     {TLS_UP, NO_MORE},
     SP_STATE_CRITICAL,
     "CRITICAL - Certificate 'mx|x' expires in 30 day(s) (Thu Oct  1 10:00:00 2026 +0000).|time="
     "0.042408s;;;0.000000 cert_days=30.000000;41:;31:\n"
     "Invalid SMTP response received from host: 220 mx ESMTP\n250 mx\n"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void parse(struct sp_compat *compat, const char *const words[WORDS_MAX])
{
    static char fixed[][16] = {"check_smtp", "-H", "mx.test", "-F", "me"};
    char *argv[COUNT(fixed) + WORDS_MAX + 1] = {NULL};
    int argc = 0;
    for (; argc < (int)COUNT(fixed); argc++)
        argv[argc] = fixed[argc];
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++) {
        argv[argc] = strdup(words[i]);
        assert_non_null(argv[argc++]);
    }
    if (sp_compat_parse(argc, argv, compat) != SP_COMPAT_RUN)
        fail_msg("%.*s", (int)compat->text.len, (const char *)compat->text.data);
    for (int i = COUNT(fixed); i < argc; i++)
        free(argv[i]);
}

/* The dialogue is the engine's; what is around it in a real session is put in by hand. */
static void complete(struct sp_evidence *evidence, const struct row *row)
{
    evidence->started_ms = NOW_MS;
    evidence->total_ns = row->ms != 0 ? row->ms * 1000000 : 42408000;
    evidence->quit_errno = row->quit_errno;
    if (row->failure.reason != SP_REASON_OK)
        evidence->failure = row->failure;
    if (!evidence->tls_ehlo.tried)
        return;
    struct sp_cert *cert = sp_arena_alloc(evidence->arena, sizeof *cert);
    assert_non_null(cert);
    cert->parsed = cert->time_valid = true;
    cert->common_name = "mx|x";
    cert->not_before = NOW_MS / 1000 + (row->since_s != 0 ? row->since_s : -DAY);
    cert->not_after = NOW_MS / 1000 + (row->left_s != 0 ? row->left_s : 30 * DAY);
    evidence->tls.established = true;
    evidence->tls.certs = cert;
    evidence->tls.cert_count = 1;
}

static struct sp_evidence *play(struct sp_endpoint *endpoint, const struct row *row, size_t piece)
{
    endpoint->host = "mx.test";
    struct sp_evidence *evidence = sp_evidence_new(endpoint);
    assert_non_null(evidence);
    evidence->ehlo_name = "me";
    struct player player = {.row = row->name, .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    if (row->steps[0] != NULL)
        step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    for (size_t i = 0; i < MAX_STEPS && row->steps[i] != NULL; i++) {
        if (row->steps[i][0] != 'F') {
            play_step(&player, row->steps[i], piece);
            continue;
        }
        expect_action(&player, SP_ACTION_START_TLS, NULL);
        step(&player, (struct sp_event){.kind = SP_EVENT_FAILED,
                                        .reason = SP_REASON_TLS_ALERT,
                                        .detail = "alert"});
    }
    sp_dialogue_free(&player.dialogue);
    return evidence;
}

/* What a monitoring system relies on, whatever the row says. */
static void check_laws(const struct row *row, const char *text)
{
    const char *bar = strchr(text, '|');
    assert_true(text[0] != '\0' && text[strlen(text) - 1] == '\n');
    if (bar == NULL)
        return;
    /* One of them, on the first line or on the last. */
    assert_null(strchr(bar + 1, '|'));
    const char *first = strchr(text, '\n'), *end = strchr(bar, '\n');
    if (bar > first && end[1] != '\0')
        fail_msg("%s: performance data in the middle: %s", row->name, text);
    if (strpbrk(text, "<>\033\r") != NULL)
        fail_msg("%s: unsafe: %s", row->name, text);
}

/* The rows say '|' where the certificate has one. */
static void compare(const struct row *row, const char *text)
{
    char wanted[2048];
    snprintf(wanted, sizeof wanted, "%s", row->text);
    for (char *at = strstr(wanted, "mx|x"); at != NULL; at = strstr(at, "mx|x"))
        at[2] = '!';
    size_t len = strlen(wanted);
    bool usage = strncmp(wanted, "check_smtp: ", 12) == 0;
    if (strncmp(text, wanted, len) != 0 || (!usage && text[len] != '\0') ||
        (usage && strncmp(text + len, "Usage:\n", 7) != 0))
        fail_msg("%s\nwanted: %s\ngot:    %s", row->name, wanted, text);
    if (!usage)
        check_laws(row, text);
}

static void run_row(const struct row *row, size_t piece)
{
    static struct sp_compat_session session;
    struct sp_compat compat;
    struct sp_compat_verdict verdict;
    struct sp_writer writer;
    char error[256];
    bool bad_host;
    parse(&compat, row->words);
    if (!sp_compat_session_init(&session, &compat, &bad_host, error, sizeof error))
        fail_msg("%s: %s", row->name, error);
    struct sp_evidence *evidence = play(&session.endpoint, row, piece);
    complete(evidence, row);
    sp_compat_judge(&compat, evidence, NULL, &verdict);
    assert_false(verdict.out_of_memory);
    sp_writer_init(&writer, -1);
    sp_compat_write(&writer, &compat, evidence, &verdict);
    assert_int_equal(writer.error, 0);
    sp_write(&writer, "", 1);
    compare(row, (const char *)writer.buf.data);
    if (verdict.state != row->state)
        fail_msg("%s: state %s", row->name, sp_state_name(verdict.state));
    sp_writer_free(&writer);
    sp_compat_verdict_free(&verdict);
    sp_evidence_free(evidence);
    sp_compat_session_free(&session);
    sp_compat_free(&compat);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!rows[i].whole)
            run_row(&rows[i], 1);
        run_row(&rows[i], 1000);
    }
}

/* --strict: a worse native verdict takes the place of text and state, one that is not worse does not. */
static void test_strict(void **state)
{
    static const char *const words[WORDS_MAX] = {"--strict", "-D", "14"};
    static struct sp_compat_session session;
    static const struct row row = {.name = "strict", {NULL}, {TLS_UP, NO_MORE}, SP_STATE_OK, ""};
    struct sp_compat compat;
    struct sp_compat_verdict verdict;
    struct sp_writer writer;
    char error[256];
    bool bad_host;
    (void)state;
    parse(&compat, words);
    assert_true(sp_compat_session_init(&session, &compat, &bad_host, error, sizeof error));
    assert_string_equal(session.endpoint.server_name, "mx.test");
    assert_int_equal(session.endpoint.verify, SP_VERIFY_REQUIRE);
    struct sp_evidence *evidence = play(&session.endpoint, &row, 1000);
    complete(evidence, &row);
    struct sp_result result = {.state = SP_STATE_CRITICAL, .message = "not for <mx>|x=1"};
    assert_false(sp_compat_may_login(&compat, evidence));
    sp_compat_judge(&compat, evidence, &result, &verdict);
    assert_int_equal(verdict.state, SP_STATE_CRITICAL);
    sp_writer_init(&writer, -1);
    sp_compat_write(&writer, &compat, evidence, &verdict);
    sp_write(&writer, "", 1);
    assert_string_equal(
        (const char *)writer.buf.data,
        "SMTP CRITICAL - not for (mx)!x=1, 0.042 sec. response time|time=0.042408s;;;0.000000 "
        "cert_days=30.000000;15:;1:\n"
        "OK - Certificate 'mx!x' will expire on Thu Oct  1 10:00:00 2026 +0000.\n");
    sp_writer_free(&writer);
    sp_compat_verdict_free(&verdict);
    result.state = SP_STATE_OK;
    evidence->verify.authenticated_by = "pkix";
    assert_true(sp_compat_may_login(&compat, evidence));
    sp_compat_judge(&compat, evidence, &result, &verdict);
    assert_int_equal(verdict.state, SP_STATE_OK);
    assert_int_equal(verdict.errors.len, 0);
    sp_compat_verdict_free(&verdict);
    sp_evidence_free(evidence);
    sp_compat_session_free(&session);
    sp_compat_free(&compat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
