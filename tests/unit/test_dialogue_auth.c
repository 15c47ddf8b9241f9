/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins as conversations: who may send what and when, and what the server's every word makes of it. */
#include "probe/auth.h"
#include "probe/base64.h"
#include "tests/unit/conversation.h"

#include <fcntl.h>
#include <unistd.h>

#define HELLO(mechs) "S 250-mx.example\r\n250 AUTH " mechs "\r\n"
#define CLEAR BANNER, EHLO
#define INSIDE BANNER, EHLO, STARTTLS_LISTED, "C STARTTLS\r\n", "S 220 go\r\n", "T", EHLO
#define PLAIN_SENT "K", "C AUTH PLAIN " PLAIN_RESPONSE "\r\n"
#define LEFT QUIT, BYE, "X"
#define B64_USER "Ym9i"                 /* bob */
#define B64_PASSWORD "Z2VoZWltLTEyMw==" /* geheim-123 */
#define PLAIN_RESPONSE "AGJvYgBnZWhlaW0tMTIz"
/* n,,n=bob,r= and the nonce of 24 zero octets */
#define SCRAM_FIRST "biwsbj1ib2Iscj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ=="
/* r=<ours>srv,s=QSXCR+Q6sek8bf92,i=4096 */
#define SCRAM_ASK \
    "cj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQXNydixzPVFTWENSK1E2c2VrOGJmOTIsaT00MDk2"

enum with { PASSWORD, TOKEN, NOTHING };

struct row {
    const char *name;
    enum sp_tls_mode tls;
    enum sp_verify_mode verify;
    bool proven; /* what TLS shows of the server */
    bool insecure;
    bool ocsp_required; /* and no staple came */
    enum with with;
    const char *auth[3]; /* --auth */
    const char *steps[MAX_STEPS];
    enum sp_auth_result result;
    enum sp_reason reason;
    const char *mechanism; /* NULL: none was chosen */
    const char *detail;    /* must be in it; NULL: there is none */
};

static char password_file[] = "/tmp/sp-test-auth-XXXXXX";

static const struct row rows[] = {
    {.name = "plain in proven TLS",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .steps = {INSIDE, HELLO("LOGIN PLAIN"), PLAIN_SENT, "S 235 2.7.0 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "login, when it is named",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .auth = {"LOGIN"},
     .steps = {INSIDE, HELLO("LOGIN PLAIN"), "K", "C AUTH LOGIN\r\n", "S 334 VXNlcm5hbWU6\r\n", "K",
               "C " B64_USER "\r\n", "S 334 UGFzc3dvcmQ6\r\n", "K", "C " B64_PASSWORD "\r\n",
               "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "LOGIN"},
    {.name = "the legacy form of the list",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .steps = {INSIDE, "S 250-mx.example\r\n250 AUTH=plain\r\n", PLAIN_SENT, "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "the certificate failed: nothing leaves",
     .tls = SP_TLS_STARTTLS,
     .steps = {INSIDE, HELLO("SCRAM-SHA-256 PLAIN"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .detail = "certificate did not prove"},
    {.name = "the certificate failed, --auth-insecure",
     .tls = SP_TLS_STARTTLS,
     .insecure = true,
     .steps = {INSIDE, HELLO("PLAIN"), PLAIN_SENT, "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "a staple is required and missing: nothing leaves",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .ocsp_required = true,
     .steps = {INSIDE, HELLO("SCRAM-SHA-256 PLAIN"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .detail = "certificate did not prove"},
    {.name = "--verify off: no password",
     .tls = SP_TLS_STARTTLS,
     .verify = SP_VERIFY_OFF,
     .steps = {INSIDE, HELLO("PLAIN LOGIN"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .detail = "--verify off"},
    {.name = "--verify off: a hash may go",
     .tls = SP_TLS_STARTTLS,
     .verify = SP_VERIFY_OFF,
     .steps = {INSIDE, HELLO("PLAIN SCRAM-SHA-256"), "K",
               "C AUTH SCRAM-SHA-256 " SCRAM_FIRST "\r\n", "S 535 no\r\n", LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "SCRAM-SHA-256",
     .detail = "535 no"},
    {.name = "no TLS: no password",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("PLAIN LOGIN"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .detail = "for all to read"},
    {.name = "opportunistic, and TLS did not come: not even a hash",
     .tls = SP_TLS_OPPORTUNISTIC,
     .verify = SP_VERIFY_REPORT,
     .steps = {CLEAR, HELLO("SCRAM-SHA-256 CRAM-MD5 PLAIN"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .detail = "--tls none says"},
    {.name = "opportunistic, and TLS did not come, --auth-insecure",
     .tls = SP_TLS_OPPORTUNISTIC,
     .verify = SP_VERIFY_REPORT,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "no TLS: no token",
     .tls = SP_TLS_NONE,
     .with = TOKEN,
     .steps = {CLEAR, HELLO("PLAIN XOAUTH2 OAUTHBEARER"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .detail = "OAUTHBEARER would send"},
    {.name = "STARTTLS stripped: nothing at all",
     .tls = SP_TLS_STARTTLS,
     .steps = {CLEAR, HELLO("PLAIN LOGIN"), LEFT}},
    {.name = "AUTH before TLS and gone after",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .insecure = true,
     .steps = {BANNER, EHLO, "S 250-mx.example\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
               "C STARTTLS\r\n", "S 220 go\r\n", "T", EHLO, "S 250 mx.example\r\n", LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_NOT_OFFERED,
     .detail = "listed before TLS"},
    {.name = "no AUTH",
     .tls = SP_TLS_NONE,
     .steps = {BANNER, EHLO, "S 250 mx.example\r\n", LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_NOT_OFFERED,
     .detail = "does not list AUTH"},
    {.name = "SCRAM wanted, not offered: nothing weaker",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .auth = {"SCRAM-SHA-256", "SCRAM-SHA-1"},
     .steps = {CLEAR, HELLO("PLAIN LOGIN"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
     .detail = "none of the mechanisms that --auth names"},
    {.name = "only what is unknown",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("SRP KERBEROS_V4"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
     .detail = "none of the mechanisms on offer"},
    {.name = "a password where a token is asked for",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("XOAUTH2"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
     .detail = "XOAUTH2 is offered, but needs an access token"},
    {.name = "-PLUS without TLS",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("SCRAM-SHA-256-PLUS"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
     .detail = "TLS to be bound to"},
    {.name = "NTLM alone is taken",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("NTLM"), "K", "C AUTH NTLM\r\n", "S 535 no\r\n", LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "NTLM",
     .detail = "535"},
    {.name = "NTLM beside another is not",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("NTLM PLAIN"), PLAIN_SENT, "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "ANONYMOUS alone would prove nothing",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("ANONYMOUS"), LEFT},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
     .detail = "ANONYMOUS is offered, but is used only when --auth names it"},
    {.name = "GSSAPI is not tried beside a password",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("GSSAPI PLAIN"), PLAIN_SENT, "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "an empty initial response",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .with = NOTHING,
     .auth = {"EXTERNAL"},
     .steps = {INSIDE, HELLO("EXTERNAL"), "K", "C AUTH EXTERNAL =\r\n", "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "EXTERNAL"},
    {.name = "NTLM: the first challenge is empty",
     .tls = SP_TLS_NONE,
     .auth = {"NTLM"},
     .steps = {CLEAR, HELLO("NTLM"), "K", "C AUTH NTLM\r\n", "S 334 \r\n", "K",
               "C TlRMTVNTUAABAAAABYIIAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADw==\r\n", "S 535 no\r\n",
               LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "NTLM",
     .detail = "535"},
    {.name = "NTLM: the first challenge is a text",
     .tls = SP_TLS_NONE,
     .auth = {"NTLM"},
     .steps = {CLEAR, HELLO("NTLM"), "K", "C AUTH NTLM\r\n", "S 334 NTLM supported\r\n", "K",
               "C TlRMTVNTUAABAAAABYIIAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADw==\r\n", "S 535 no\r\n",
               LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "NTLM",
     .detail = "535"},
    {.name = "encryption required, says the server inside TLS",
     .tls = SP_TLS_STARTTLS,
     .proven = true,
     .steps = {INSIDE, HELLO("PLAIN"), PLAIN_SENT, "S 530 5.7.57 client not authenticated\r\n",
               LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "PLAIN",
     .detail = "530"},
    {.name = "a challenge for PLAIN",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 334 bW9yZQ==\r\n", "C *\r\n",
               "S 501 cancelled\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "PLAIN",
     .detail = "asks on"},
    {.name = "a challenge that is not base64",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .auth = {"CRAM-MD5"},
     .steps = {CLEAR, HELLO("CRAM-MD5"), "K", "C AUTH CRAM-MD5\r\n", "S 334 <1@x>\r\n", "C *\r\n",
               "S 501 cancelled\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "CRAM-MD5",
     .detail = "not base64"},
    {.name = "a challenge with a blank inside",
     .tls = SP_TLS_NONE,
     .auth = {"CRAM-MD5"},
     .steps = {CLEAR, HELLO("CRAM-MD5"), "K", "C AUTH CRAM-MD5\r\n", "S 334 PD E=\r\n", "C *\r\n",
               "S 501 cancelled\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "CRAM-MD5",
     .detail = "not base64"},
    {.name = "a challenge of two lines",
     .tls = SP_TLS_NONE,
     .auth = {"CRAM-MD5"},
     .steps = {CLEAR, HELLO("CRAM-MD5"), "K", "C AUTH CRAM-MD5\r\n", "S 334-PDE=\r\n334 PDE=\r\n",
               "C *\r\n", "S 501 cancelled\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "CRAM-MD5",
     .detail = "more than one line"},
    {.name = "yes before the password",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .auth = {"LOGIN"},
     .steps = {CLEAR, HELLO("LOGIN"), "K", "C AUTH LOGIN\r\n", "S 334 VXNlcm5hbWU6\r\n", "K",
               "C " B64_USER "\r\n", "S 235 welcome\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "LOGIN",
     .detail = "before it had heard"},
    {.name = "SCRAM: yes without proof, at once",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("SCRAM-SHA-256"), "K", "C AUTH SCRAM-SHA-256 " SCRAM_FIRST "\r\n",
               "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_SERVER_UNVERIFIED,
     .mechanism = "SCRAM-SHA-256",
     .detail = "without the proof"},
    {.name = "SCRAM: a wrong nonce",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("SCRAM-SHA-256"), "K", "C AUTH SCRAM-SHA-256 " SCRAM_FIRST "\r\n",
               "S 334 cj14eHgscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\r\n", "K", "C *\r\n",
               "S 501 cancelled\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "SCRAM-SHA-256",
     .detail = "nonce"},
    {.name = "the server speaks while we compute",
     .tls = SP_TLS_NONE,
     .steps = {CLEAR, HELLO("SCRAM-SHA-256"), "K", "C AUTH SCRAM-SHA-256 " SCRAM_FIRST "\r\n",
               "S 334 " SCRAM_ASK "\r\n334 " SCRAM_ASK "\r\n", "X"},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "SCRAM-SHA-256",
     .detail = "out of turn"},
    {.name = "the server speaks before we have begun",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {BANNER, EHLO, "S 250-mx.example\r\n250 AUTH PLAIN\r\n334 \r\n", "X"},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "PLAIN",
     .detail = "out of turn"},
    {.name = "for now",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 454 4.7.0 later\r\n", LEFT},
     .result = SP_AUTH_TEMPORARY,
     .reason = SP_REASON_AUTH_TEMPORARY,
     .mechanism = "PLAIN",
     .detail = "454"},
    {.name = "password transition",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 432 4.7.12 change it\r\n", LEFT},
     .result = SP_AUTH_TEMPORARY,
     .reason = SP_REASON_AUTH_TEMPORARY,
     .mechanism = "PLAIN",
     .detail = "432"},
    {.name = "too weak, says the server",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 534 5.7.9 too weak\r\n", LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "PLAIN",
     .detail = "534"},
    {.name = "encryption required, says the server",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 538 5.7.11 encrypt\r\n", LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REQUIRES_TLS,
     .mechanism = "PLAIN",
     .detail = "538"},
    {.name = "unknown mechanism, says the server",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 504 5.5.4 what?\r\n", LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_MECHANISM_UNSUPPORTED,
     .mechanism = "PLAIN",
     .detail = "504"},
    {.name = "an odd code",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 250 ok\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "PLAIN",
     .detail = "250"},
    {.name = "the line comes back",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT,
               "S 535 no: AUTH PLAIN " PLAIN_RESPONSE " (geheim-123)\r\n", LEFT},
     .result = SP_AUTH_REJECTED,
     .reason = SP_REASON_AUTH_REJECTED,
     .mechanism = "PLAIN",
     .detail = "535 no: AUTH PLAIN ******************** (**********)"},
    {.name = "known from an earlier login, and told before this one",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {"S 220 geheim-123 ESMTP\r\n", EHLO,
               "S 250-mx.example geheim-123\r\n250-X geheim-123\r\n250 AUTH PLAIN\r\n", PLAIN_SENT,
               "S 235 ok\r\n", LEFT},
     .result = SP_AUTH_OK,
     .mechanism = "PLAIN"},
    {.name = "closed when the login is cancelled",
     .tls = SP_TLS_NONE,
     .auth = {"CRAM-MD5"},
     .steps = {CLEAR, HELLO("CRAM-MD5"), "K", "C AUTH CRAM-MD5\r\n", "S 334 ?\r\n", "C *\r\n", "E",
               "X"},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "CRAM-MD5",
     .detail = "not base64"},
    {.name = "421 when the login is cancelled",
     .tls = SP_TLS_NONE,
     .auth = {"CRAM-MD5"},
     .steps = {CLEAR, HELLO("CRAM-MD5"), "K", "C AUTH CRAM-MD5\r\n", "S 334 ?\r\n", "C *\r\n",
               "S 421 bye\r\n", LEFT},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "CRAM-MD5",
     .detail = "not base64"},
    {.name = "no reply when the login is cancelled",
     .tls = SP_TLS_NONE,
     .auth = {"CRAM-MD5"},
     .steps = {CLEAR, HELLO("CRAM-MD5"), "K", "C AUTH CRAM-MD5\r\n", "S 334 ?\r\n", "C *\r\n",
               "S no reply\r\n", "X"},
     .result = SP_AUTH_UNKNOWN,
     .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
     .mechanism = "CRAM-MD5",
     .detail = "not base64"},
    {.name = "Kerberos is waited for in vain",
     .tls = SP_TLS_NONE,
     .auth = {"GSSAPI"},
     .steps = {CLEAR, HELLO("GSSAPI"), "O", "X"},
     .result = SP_AUTH_SKIPPED,
     .reason = SP_REASON_CREDENTIAL_UNAVAILABLE,
     .mechanism = "GSSAPI",
     .detail = "no Kerberos server answers"},
    {.name = "the server closes while Kerberos is waited for",
     .tls = SP_TLS_NONE,
     .auth = {"GSSAPI"},
     .steps = {CLEAR, HELLO("GSSAPI"), "E", "X"},
     .mechanism = "GSSAPI"},
    {.name = "421 in the middle",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "S 421 bye\r\n", "X"},
     .mechanism = "PLAIN"},
    {.name = "closed in the middle",
     .tls = SP_TLS_NONE,
     .insecure = true,
     .steps = {CLEAR, HELLO("PLAIN"), PLAIN_SENT, "E", "X"},
     .mechanism = "PLAIN"},
};

/* --- playing ------------------------------------------------------------------------------------ */

struct stage {
    struct sp_options options;
    struct sp_endpoint endpoint;
    struct sp_credentials *credentials;
    const char *auth[3];
};

static void write_secret(const char *secret)
{
    int fd = open(password_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, secret, strlen(secret)), (ssize_t)strlen(secret));
    close(fd);
}

static void set_stage(struct stage *stage, const struct row *row)
{
    bool exposed;
    const char *option;
    char error[512];
    memset(stage, 0, sizeof *stage);
    sp_options_init(&stage->options);
    stage->options.ehlo_name = "probe.example";
    if (row->with != NOTHING) {
        stage->options.user = "bob";
        *(row->with == TOKEN ? &stage->options.token_file : &stage->options.password_file) =
            password_file;
    }
    stage->options.auth_insecure = row->insecure;
    stage->options.ocsp = row->ocsp_required ? SP_OCSP_REQUIRE : SP_OCSP_OFF;
    memcpy(stage->auth, row->auth, sizeof stage->auth);
    stage->options.auth.items = stage->auth;
    while (stage->options.auth.count < 3 && row->auth[stage->options.auth.count])
        stage->options.auth.count++;
    stage->endpoint = (struct sp_endpoint){.input = "mx.example",
                                           .host = "mx.example",
                                           .server_name = "mx.example",
                                           .port = 587,
                                           .tls = row->tls,
                                           .verify = row->verify ? row->verify : SP_VERIFY_REQUIRE,
                                           .options = &stage->options};
    stage->credentials =
        sp_credentials_load(&stage->options, NULL, &exposed, &option, error, sizeof error);
    assert_true(stage->credentials || row->with == NOTHING);
}

static struct sp_evidence *play_row(const struct row *row, size_t piece)
{
    struct stage stage;
    set_stage(&stage, row);
    struct sp_evidence *evidence = sp_evidence_new(&stage.endpoint);
    assert_non_null(evidence);
    evidence->ehlo_name = "probe.example";
    if (row->proven)
        evidence->verify.authenticated_by = "pkix";
    evidence->tls.client_certificate_sent = row->with == NOTHING;
    struct player player = {.row = row->name, .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    player.dialogue.login = (struct sp_login){
        .wanted = true, .fresh = true, .credentials = stage.credentials, .now_ms = 1};
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    for (size_t i = 0; i < MAX_STEPS && row->steps[i]; i++)
        play_step(&player, row->steps[i], piece);
    assert_int_equal(player.action.kind, SP_ACTION_WAIT);
    sp_dialogue_free(&player.dialogue);
    sp_credentials_free(stage.credentials);
    return evidence;
}

/* v= of SCRAM, whatever it says */
#define SCRAM_PROOF "dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ=="

static void check_no_secret(const struct row *row, const struct sp_evidence *evidence)
{
    for (size_t i = 0; i < evidence->reply_count; i++)
        for (size_t k = 0; k < evidence->replies[i].line_count; k++)
            assert_null(strstr(evidence->replies[i].lines[k].data, "geheim-123"));
    for (size_t i = 0; i < evidence->plain.count; i++)
        for (size_t k = 0; k < evidence->plain.items[i].param_count; k++)
            assert_null(strstr(evidence->plain.items[i].params[k].data, "geheim-123"));
    for (const struct sp_transcript_line *line = evidence->transcript.first; line;
         line = line->next) {
        const char *const secrets[] = {"geheim-123", B64_PASSWORD, PLAIN_RESPONSE, SCRAM_FIRST,
                                       SCRAM_PROOF};
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
            if (memmem(line->text.data, line->text.len, secrets[i], strlen(secrets[i])))
                fail_msg("%s: the transcript has a secret", row->name);
    }
}

static void check_row(const struct row *row, const struct sp_evidence *evidence)
{
    const struct sp_auth *auth = &evidence->auth;
    if (auth->result != row->result)
        fail_msg("%s: result %d instead of %d", row->name, (int)auth->result, (int)row->result);
    if (auth->reason != row->reason)
        fail_msg("%s: reason %d instead of %d", row->name, (int)auth->reason, (int)row->reason);
    if (!row->mechanism != !auth->mechanism ||
        (row->mechanism && strcmp(row->mechanism, auth->mechanism) != 0))
        fail_msg("%s: mechanism %s", row->name, auth->mechanism ? auth->mechanism : "none");
    if (!row->detail != !auth->detail || (row->detail && !strstr(auth->detail, row->detail)))
        fail_msg("%s: detail %s", row->name, auth->detail ? auth->detail : "none");
    check_no_secret(row, evidence);
    /* What is wrong with the login is not what ended the session. */
    if (row->reason != SP_REASON_OK && evidence->failure.reason != SP_REASON_OK)
        fail_msg("%s: the session failed: %s", row->name,
                 sp_reason_info(evidence->failure.reason)->word);
}

static void test_rows(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 1u << 20};
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            /* Octets behind a reply are out of turn only when they come with it. */
            struct sp_evidence *evidence = play_row(&rows[i], pieces[p]);
            check_row(&rows[i], evidence);
            sp_evidence_free(evidence);
        }
    }
}

/* --- one by one --------------------------------------------------------------------------------- */

/* A response that doesn't fit into 512 octets with its line goes after the server's 334 (RFC 4954 §4). */
static void test_long_initial_response(void **state)
{
    (void)state;
    for (size_t len = 300; len < 420; len++) {
        char secret[512], message[600], base64[900], whole[1024], held[1024];
        memset(secret, 'x', len);
        secret[len] = '\0';
        write_secret(secret);
        size_t message_len = 5 + len;
        memcpy(message, "\0bob\0", 5);
        memcpy(message + 5, secret, len);
        assert_true(sp_base64_encode(message, message_len, base64, sizeof base64));
        snprintf(whole, sizeof whole, "C AUTH PLAIN %s\r\n", base64);
        snprintf(held, sizeof held, "C %s\r\n", base64);
        bool fits = strlen(whole) - 2 <= 512;
        const struct row row = {.name = "long",
                                .tls = SP_TLS_NONE,
                                .insecure = true,
                                .steps = {CLEAR, HELLO("PLAIN"), "K",
                                          fits ? whole : "C AUTH PLAIN\r\n",
                                          fits ? "S 235 ok\r\n" : "S 334 \r\n", fits ? QUIT : held,
                                          fits ? BYE : "S 235 ok\r\n", fits ? "X" : QUIT,
                                          fits ? NULL : BYE, fits ? NULL : "X"},
                                .result = SP_AUTH_OK,
                                .mechanism = "PLAIN"};
        struct sp_evidence *evidence = play_row(&row, 7);
        check_row(&row, evidence);
        sp_evidence_free(evidence);
    }
    write_secret("geheim-123\n");
}

/* The longest token that is read still fits into RFC 4954's 12288 octets. */
static void test_long_token(void **state)
{
    (void)state;
    static char secret[8193], message[8300], base64[12288], held[12300];
    memset(secret, 'x', 8192);
    write_secret(secret);
    int len = snprintf(message, sizeof message, "user=bob\1auth=Bearer %s\1\1", secret);
    assert_true(sp_base64_encode(message, (size_t)len, base64, sizeof base64));
    snprintf(held, sizeof held, "C %s\r\n", base64);
    const struct row row = {.name = "long token",
                            .tls = SP_TLS_NONE,
                            .insecure = true,
                            .with = TOKEN,
                            .steps = {CLEAR, HELLO("XOAUTH2"), "K", "C AUTH XOAUTH2\r\n",
                                      "S 334 \r\n", held, "S 235 ok\r\n", LEFT},
                            .result = SP_AUTH_OK,
                            .mechanism = "XOAUTH2"};
    struct sp_evidence *evidence = play_row(&row, 7);
    check_row(&row, evidence);
    sp_evidence_free(evidence);
    write_secret("geheim-123\n");
}

/* A proof in a transcript would be something to try passwords on. */
static void test_proof_is_hidden(void **state)
{
    (void)state;
    const struct row row = {.name = "proof", .tls = SP_TLS_NONE};
    struct stage stage;
    set_stage(&stage, &row);
    struct sp_evidence *evidence = sp_evidence_new(&stage.endpoint);
    evidence->ehlo_name = "probe.example";
    struct player player = {.row = row.name, .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    player.dialogue.login =
        (struct sp_login){.wanted = true, .fresh = true, .credentials = stage.credentials};
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    static const char *const before[] = {CLEAR,
                                         HELLO("SCRAM-SHA-256"),
                                         "K",
                                         "C AUTH SCRAM-SHA-256 " SCRAM_FIRST "\r\n",
                                         "S 334 " SCRAM_ASK "\r\n",
                                         "K"};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        play_step(&player, before[i], 5);
    player.action.kind = SP_ACTION_WAIT; /* our own proof */
    static const char *const behind[] = {"S 334 " SCRAM_PROOF "\r\n", "K", "C *\r\n",
                                         "S 501 not " SCRAM_PROOF "\r\n", LEFT};
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++)
        play_step(&player, behind[i], 5);
    assert_int_equal(evidence->auth.reason, SP_REASON_AUTH_SERVER_UNVERIFIED);
    check_no_secret(&row, evidence);
    size_t asked = 0;
    for (size_t i = 0; i < evidence->reply_count; i++)
        asked += strstr(evidence->replies[i].lines[0].data, SCRAM_ASK) != NULL;
    assert_int_equal(asked, 1);
    sp_dialogue_free(&player.dialogue);
    sp_credentials_free(stage.credentials);
    sp_evidence_free(evidence);
}

/* Questions without end: the eleventh is the last. */
static void test_questions_without_end(void **state)
{
    (void)state;
    const struct row row = {.name = "endless",
                            .tls = SP_TLS_NONE,
                            .insecure = true,
                            .auth = {"LOGIN"},
                            .steps = {CLEAR, HELLO("LOGIN"), "K", "C AUTH LOGIN\r\n",
                                      "S 334 VXNlcm5hbWU6\r\n", "K", "C " B64_USER "\r\n",
                                      "S 334 UGFzc3dvcmQ6\r\n", "K", "C " B64_PASSWORD "\r\n",
                                      "S 334 VXNlcm5hbWU6\r\n", "C *\r\n", "S 501 ok\r\n", LEFT},
                            .result = SP_AUTH_UNKNOWN,
                            .reason = SP_REASON_AUTH_PROTOCOL_ERROR,
                            .mechanism = "LOGIN",
                            .detail = "asks on"};
    struct sp_evidence *evidence = play_row(&row, 100);
    check_row(&row, evidence);
    sp_evidence_free(evidence);
}

/* The secret is read when its turn comes: a file that is gone by then costs the login, and no octet of it
 * was sent. */
static void test_secret_gone(void **state)
{
    (void)state;
    const struct row row = {.name = "gone",
                            .tls = SP_TLS_NONE,
                            .insecure = true,
                            .steps = {CLEAR, HELLO("PLAIN")},
                            .result = SP_AUTH_SKIPPED,
                            .reason = SP_REASON_CREDENTIAL_UNAVAILABLE,
                            .mechanism = "PLAIN",
                            .detail = password_file};
    struct stage stage;
    set_stage(&stage, &row);
    struct sp_evidence *evidence = sp_evidence_new(&stage.endpoint);
    evidence->ehlo_name = "probe.example";
    struct player player = {.row = row.name, .action = {.kind = SP_ACTION_WAIT}};
    sp_dialogue_init(&player.dialogue, evidence);
    player.dialogue.login =
        (struct sp_login){.wanted = true, .fresh = true, .credentials = stage.credentials};
    step(&player, (struct sp_event){.kind = SP_EVENT_OPENED});
    for (size_t i = 0; i < 3; i++)
        play_step(&player, row.steps[i], 100);
    unlink(password_file);
    play_step(&player, "K", 1);
    play_step(&player, QUIT, 1);
    play_step(&player, BYE, 100);
    play_step(&player, "X", 1);
    check_row(&row, evidence);
    sp_dialogue_free(&player.dialogue);
    sp_credentials_free(stage.credentials);
    sp_evidence_free(evidence);
    write_secret("geheim-123\n");
}

/* The options ask for a login, and this is not the session that may make it: a survey. */
static void test_not_wanted(void **state)
{
    (void)state;
    const struct row row = {.name = "survey", .tls = SP_TLS_NONE, .insecure = true};
    static const char *const steps[] = {CLEAR, HELLO("PLAIN"), QUIT, BYE, "X", NULL};
    struct stage stage;
    set_stage(&stage, &row);
    struct sp_evidence *evidence = play_steps(row.name, &stage.endpoint, steps, 9);
    assert_int_equal(evidence->auth.result, SP_AUTH_NONE);
    assert_null(evidence->auth.mechanism);
    sp_credentials_free(stage.credentials);
    sp_evidence_free(evidence);
}

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(password_file);
    if (fd < 0)
        return -1;
    close(fd);
    write_secret("geheim-123\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(password_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long_initial_response),
        cmocka_unit_test(test_long_token),
        cmocka_unit_test(test_proof_is_hidden),
        cmocka_unit_test(test_questions_without_end),
        cmocka_unit_test(test_secret_gone),
        cmocka_unit_test(test_not_wanted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
