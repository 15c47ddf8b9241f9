/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web configuration: what its file may say, who gets in, and what a change of the file does. The
 * certificates are made here. */
#include "http_client.h"

#include "probe/base64.h"
#include "probe/limits.h"
#include "prometheus/web_auth.h"
#include "prometheus/web_settings.h"

#include <crypt.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <sys/stat.h>

#define HASH "$2b$04$abcdefghijklmnopqrstuu"

/* --- files ------------------------------------------------------------------------------------- */

static char folder[64];

static const char *path_of(const char *name)
{
    static char places[8][128];
    static unsigned next;
    char *out = places[next++ % 8];
    snprintf(out, sizeof places[0], "%s/%s", folder, name);
    return out;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The hash of a password with the lowest cost, as text that stays until the next call. */
static const char *hash_of(const char *password)
{
    static struct crypt_data data;
    const char *hash = crypt_r(password, HASH, &data);
    assert_non_null(hash);
    assert_int_equal(strlen(hash), 60);
    return hash;
}

static void write_users(const char *rest)
{
    char text[1024];
    snprintf(text, sizeof text, "basic_auth_users:\n  prom: %s\n%s", hash_of("secret"), rest);
    write_file("web.yml", text);
}

/* --- certificates ------------------------------------------------------------------------------ */

struct pair {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

static struct pair ca, stranger_ca;

static void write_pem(const char *name, const char *suffix, const gnutls_datum_t *pem)
{
    char file[64], text[8192];
    snprintf(file, sizeof file, "%s.%s", name, suffix);
    snprintf(text, sizeof text, "%.*s", (int)pem->size, (const char *)pem->data);
    write_file(file, text);
}

/* Writes NAME.pem and NAME.key; `issuer` NULL: a CA that signs itself. */
static struct pair mint(const char *name, const char *dns, bool client, const struct pair *issuer)
{
    static unsigned char serial = 1;
    struct pair pair;
    gnutls_datum_t pem;
    gnutls_x509_privkey_init(&pair.key);
    gnutls_x509_privkey_generate(pair.key, GNUTLS_PK_ECDSA,
                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_init(&pair.certificate);
    gnutls_x509_crt_set_version(pair.certificate, 3);
    gnutls_x509_crt_set_serial(pair.certificate, &serial, 1);
    serial++;
    gnutls_x509_crt_set_activation_time(pair.certificate, time(NULL) - 3600);
    gnutls_x509_crt_set_expiration_time(pair.certificate, time(NULL) + 3600);
    gnutls_x509_crt_set_dn_by_oid(pair.certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                  (unsigned)strlen(name));
    gnutls_x509_crt_set_key(pair.certificate, pair.key);
    gnutls_x509_crt_set_basic_constraints(pair.certificate, issuer == NULL, -1);
    if (issuer) {
        gnutls_x509_crt_set_subject_alt_name(pair.certificate, GNUTLS_SAN_DNSNAME, dns,
                                             (unsigned)strlen(dns), GNUTLS_FSAN_SET);
        gnutls_x509_crt_set_key_purpose_oid(
            pair.certificate, client ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER, 0);
    } else {
        gnutls_x509_crt_set_key_usage(pair.certificate, GNUTLS_KEY_KEY_CERT_SIGN);
    }
    assert_int_equal(gnutls_x509_crt_sign2(pair.certificate,
                                           issuer ? issuer->certificate : pair.certificate,
                                           issuer ? issuer->key : pair.key, GNUTLS_DIG_SHA256, 0),
                     0);
    gnutls_x509_crt_export2(pair.certificate, GNUTLS_X509_FMT_PEM, &pem);
    write_pem(name, "pem", &pem);
    gnutls_free(pem.data);
    gnutls_x509_privkey_export2(pair.key, GNUTLS_X509_FMT_PEM, &pem);
    write_pem(name, "key", &pem);
    gnutls_free(pem.data);
    return pair;
}

static void free_pair(struct pair *pair)
{
    gnutls_x509_crt_deinit(pair->certificate);
    gnutls_x509_privkey_deinit(pair->key);
}

static void mint_leaf(const char *name, const char *dns, bool client, const struct pair *issuer)
{
    struct pair pair = mint(name, dns, client, issuer);
    free_pair(&pair);
}

/* --- the server -------------------------------------------------------------------------------- */

static struct sp_web_config *web;
static struct sp_http *http;
static char log_text[4096];

static void keep_log(void *data, const char *line)
{
    size_t len = strlen(log_text);
    (void)data;
    snprintf(log_text + len, sizeof log_text - len, "%s\n", line);
}

static void handle(void *data, struct sp_http_request *request)
{
    (void)data;
    sp_http_reply_text(request, 200, "hello");
}

static void start_server(void)
{
    static const char *const addresses[] = {"127.0.0.1:0"};
    struct sp_buf errors;
    char error[512] = "";
    sp_buf_init(&errors, 65536);
    uv_update_time(&loop);
    web = sp_web_config_load(&loop, path_of("web.yml"), &errors);
    if (!web)
        fail_msg("%.*s", (int)errors.len, (const char *)errors.data);
    log_text[0] = '\0';
    sp_web_config_on_log(web, keep_log, NULL);
    const struct sp_http_config config = {
        .loop = &loop, .addresses = addresses, .address_count = 1, .web = web, .handler = handle};
    http = sp_http_new(&config, error, sizeof error);
    if (!http)
        fail_msg("%s", error);
}

static void stop_server(void)
{
    close_server(http);
    sp_web_config_free(web);
    turn_for(5);
}

static void format_request(const char *credentials, char *out, size_t size)
{
    char encoded[1024] = "";
    if (credentials)
        assert_true(sp_base64_encode(credentials, strlen(credentials), encoded, sizeof encoded));
    snprintf(out, size, "GET /x HTTP/1.1\r\nHost: h\r\n%s%s\r\n\r\n",
             credentials ? "Authorization: Basic " : "X: ", encoded);
}

static unsigned status_with(const char *credentials)
{
    struct reply *reply = malloc(sizeof *reply);
    char request[2048];
    format_request(credentials, request, sizeof request);
    ask(port_of(http, 0), request, reply);
    unsigned status = status_of(reply);
    free(reply);
    return status;
}

/* Longer than the second between two looks at the files. */
static void let_it_look(void)
{
    turn_for(1050);
}

/* --- the file ---------------------------------------------------------------------------------- */

static void test_wrong_files(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"junk: 1\n", ":1:1: unknown key \"junk\""},
        {"rate_limits: {}\n", "did you mean \"rate_limit\"?"},
        {"tls_server_config:\n  cert_fil: x\n", ":2:3: unknown key \"cert_fil\" (did you mean"},
        {"tls_server_config: [1]\n", ":1:20:"},
        {"tls_server_config:\n  cert_file: a\n", "missing one of key and key_file"},
        {"tls_server_config:\n  min_version: TLS12\n", "missing one of cert and cert_file"},
        {"tls_server_config: {cert: x, cert_file: a, key: b}\n", "both cert and cert_file"},
        {"tls_server_config: {cert: a, key: b, min_version: SSL3}\n", "TLS10, TLS11"},
        {"tls_server_config: {cert: a, key: b, min_version: TLS13, max_version: TLS12}\n", "above"},
        {"tls_server_config: {cert: a, key: b, cipher_suites: [RC4]}\n", "\"RC4\" is not known"},
        {"tls_server_config: {cert: a, key: b, curve_preferences: [P1]}\n", "\"P1\" is not known"},
        {"tls_server_config: {cert: a, key: b, client_auth_type: Maybe}\n",
         "is not one of NoClient"},
        {"tls_server_config: {cert: a, key: b, client_ca: c}\n", "without client_auth_type"},
        {"tls_server_config: {cert: a, key: b, client_auth_type: RequireAndVerifyClientCert}\n",
         "missing one of client_ca"},
        {"tls_server_config: {cert: a, key: b, client_allowed_sans: [x]}\n", "client_allowed_sans"},
        {"tls_server_config: {cert: a, key: b, client_auth_type: RequireAnyClientCert, "
         "client_allowed_sans: []}\n",
         "nobody"},
        {"tls_server_config: {cert_file: none.pem, key_file: none.key}\n",
         "none.pem: cannot be read"},
        {"tls_server_config: {cert_file: server.pem, key_file: client.key}\n", "cannot be used"},
        {"tls_server_config: {cert_file: ., key_file: server.key}\n", "cannot be read"},
        {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca: junk, "
         "client_auth_type: VerifyClientCertIfGiven}\n",
         "no CA certificate"},
        {"http_server_config: {http2: perhaps}\n", "http2"},
        {"http_server_config: {headers: {Server: x}}\n", "unknown key \"Server\""},
        {"http_server_config: {headers: {X-Frame-Options: never}}\n", "deny, sameorigin"},
        {"http_server_config: {headers: {X-Content-Type-Options: sniff}}\n", "is not nosniff"},
        {"http_server_config: {headers: {X-XSS-Protection: \"a\\r\\nb\"}}\n", "octets"},
        {"basic_auth_users: {a: plain}\n",
         ":1:23: \"basic_auth_users\": the value is not a bcrypt"},
        {"basic_auth_users: {a: $2b$10$short}\n", "cut or changed"},
        {"basic_auth_users: {a: $2b$16$abcdefghijklmnopqrstuuKxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa}\n",
         "cost above 15"},
        {"basic_auth_users: {a: $2b$03$abcdefghijklmnopqrstuuKxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa}\n",
         "cost below 4"},
        {"basic_auth_users: {a: $2x$10$abcdefghijklmnopqrstuuKxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa}\n",
         "not a bcrypt"},
        {"basic_auth_users: {a: $1$abc$def}\n", "not a bcrypt"},
        {"basic_auth_users: {\"a:plain\": "
         "$2b$10$abcdefghijklmnopqrstuuKxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa}\n",
         ":1:20: \"basic_auth_users\": a user name can't have a colon"},
        {"basic_auth_users: {a: [x]}\n", "the password's hash"},
        {"basic_auth_users: [a]\n", ":1:19:"},
        {"rate_limit: {interval: fast, burst: 1}\n", "is not a duration"},
        {"rate_limit: {interval: 1s}\n", "burst"},
        {"rate_limit: {interval: 1s, burst: -1}\n", "burst"},
        {"a: b: c\n", ":1:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_buf errors;
        sp_buf_init(&errors, 65536);
        write_file("web.yml", rows[i].text);
        struct sp_web_config *made = sp_web_config_load(&loop, path_of("web.yml"), &errors);
        sp_buf_append(&errors, "", 1);
        if (made || !strstr((const char *)errors.data, rows[i].why))
            fail_msg("%s: %s", rows[i].text, (const char *)errors.data);
        if (strstr((const char *)errors.data, "plain"))
            fail_msg("what may be a password was printed: %s", (const char *)errors.data);
        sp_buf_free(&errors);
    }
    struct sp_buf errors;
    sp_buf_init(&errors, 65536);
    assert_null(sp_web_config_load(&loop, path_of("none.yml"), &errors));
    assert_true(errors.len > 0);
    sp_buf_free(&errors);
}

static void test_right_files(void **state)
{
    static const struct {
        const char *text;
        bool tls, users, verified;
    } rows[] = {
        {"{}\n", false, false, false},
        {"", false, false, false},
        {"---\n# made by a tool\n", false, false, false},
        {"tls_server_config:\nbasic_auth_users:\n", false, false, false},
        {"tls_server_config: {}\nhttp_server_config: {http2: true}\n", false, false, false},
        {"tls_server_config: {cert_file: server.pem, key_file: server.key}\n", true, false, false},
        {"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
         "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
         "  client_allowed_sans: [a]\n  min_version: TLS11\n  max_version: TLS12\n"
         "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
         "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]\n  prefer_server_cipher_suites: false\n"
         "  curve_preferences: [X25519, CurveP256, CurveP384, CurveP521]\n",
         true, false, true},
        {"rate_limit: {interval: 1m30s, burst: 5}\n", false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sp_buf errors;
        sp_buf_init(&errors, 65536);
        write_file("web.yml", rows[i].text);
        struct sp_web_config *made = sp_web_config_load(&loop, path_of("web.yml"), &errors);
        if (!made)
            fail_msg("%s: %.*s", rows[i].text, (int)errors.len, (const char *)errors.data);
        assert_int_equal(sp_web_config_has_tls(made), rows[i].tls);
        assert_int_equal(sp_web_config_has_users(made), rows[i].users);
        assert_int_equal(sp_web_config_wants_client_certificate(made), rows[i].verified);
        sp_web_config_free(made);
        sp_buf_free(&errors);
    }
}

/* --- passwords --------------------------------------------------------------------------------- */

static void test_passwords(void **state)
{
    static const struct {
        const char *credentials;
        unsigned status;
    } rows[] = {{"prom:secret", 200},   {"prom:secret", 200},  {"prom:Secret", 401},
                {"prom:", 401},         {"prom", 401},         {":secret", 401},
                {"nobody:secret", 401}, {"prom:secret2", 401}, {NULL, 401},
                {"prom:secret", 200}};
    (void)state;
    write_users("");
    start_server();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (status_with(rows[i].credentials) != rows[i].status)
            fail_msg("%s", rows[i].credentials);
    struct reply *reply = malloc(sizeof *reply);
    ask(port_of(http, 0), "GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_int_equal(status_of(reply), 401);
    assert_string_equal(header_of(reply->text, "WWW-Authenticate"), "Basic realm=\"smtp-probe\"");
    ask(port_of(http, 0), "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic !!!\r\n\r\n", reply);
    assert_int_equal(status_of(reply), 401);
    ask(port_of(http, 0), "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n", reply);
    assert_int_equal(status_of(reply), 401);
    free(reply);
    stop_server();
}

static void count_call(void *data)
{
    ++*(size_t *)data;
}

static enum sp_web_verdict check(struct sp_web_auth *auth, const struct sp_web_settings *settings,
                                 const char *credentials, size_t *calls, struct sp_web_wait **wait)
{
    char encoded[1024], header[1100];
    assert_true(sp_base64_encode(credentials, strlen(credentials), encoded, sizeof encoded));
    snprintf(header, sizeof header, "Basic %s", encoded);
    return sp_web_auth_check(auth, settings, header, count_call, calls, wait);
}

static void await_calls(const size_t *calls, size_t count)
{
    for (uint64_t end = now_ms() + PATIENCE_MS; *calls < count && now_ms() < end;)
        turn();
    assert_int_equal(*calls, count);
}

static void test_results_are_remembered_and_shared(void **state)
{
    struct sp_web_auth *auth = sp_web_auth_new(&loop);
    const struct sp_web_user user = {"prom", hash_of("secret")};
    const struct sp_web_settings settings = {.users = &user, .user_count = 1, .bcrypt_cost = 4};
    struct sp_web_wait *wait;
    size_t calls = 0;
    (void)state;
    /* Two hundred scrapers that begin at once cost one computation. */
    for (int i = 0; i < 200; i++)
        assert_int_equal(check(auth, &settings, "prom:secret", &calls, &wait), SP_WEB_LATER);
    await_calls(&calls, 200);
    assert_int_equal(sp_web_auth_computed(auth), 1);
    assert_int_equal(check(auth, &settings, "prom:secret", &calls, &wait), SP_WEB_PASS);
    assert_int_equal(check(auth, &settings, "prom:wrong", &calls, &wait), SP_WEB_LATER);
    await_calls(&calls, 201);
    assert_int_equal(check(auth, &settings, "prom:wrong", &calls, &wait), SP_WEB_UNAUTHORIZED);
    assert_int_equal(sp_web_auth_computed(auth), 2);
    /* Guesses don't drive out what is right. */
    for (size_t i = 0; i < 2 * SP_LIMIT_WEB_REMEMBERED; i++) {
        char guess[64];
        snprintf(guess, sizeof guess, "prom:guess%zu", i);
        assert_int_equal(check(auth, &settings, guess, &calls, &wait), SP_WEB_LATER);
        await_calls(&calls, 202 + i);
    }
    assert_int_equal(check(auth, &settings, "prom:secret", &calls, &wait), SP_WEB_PASS);
    /* Another hash of the same user is another question. */
    const struct sp_web_user changed = {"prom", hash_of("other")};
    const struct sp_web_settings later = {.users = &changed, .user_count = 1, .bcrypt_cost = 4};
    size_t before = calls;
    assert_int_equal(check(auth, &later, "prom:secret", &calls, &wait), SP_WEB_LATER);
    await_calls(&calls, before + 1);
    assert_int_equal(check(auth, &later, "prom:secret", &calls, &wait), SP_WEB_UNAUTHORIZED);
    sp_web_auth_free(auth);
    turn_for(5);
}

static void test_waiting_has_a_cap(void **state)
{
    struct sp_web_auth *auth = sp_web_auth_new(&loop);
    const struct sp_web_user user = {"prom", hash_of("secret")};
    const struct sp_web_settings settings = {.users = &user, .user_count = 1, .bcrypt_cost = 4};
    struct sp_web_wait *waits[SP_LIMIT_WEB_WAITING + 2], *wait;
    size_t calls = 0;
    char guess[64];
    (void)state;
    for (size_t i = 0; i < SP_LIMIT_WEB_WAITING + 2; i++) {
        snprintf(guess, sizeof guess, "prom:guess%zu", i);
        assert_int_equal(check(auth, &settings, guess, &calls, &waits[i]), SP_WEB_LATER);
    }
    assert_int_equal(check(auth, &settings, "prom:one more", &calls, &wait), SP_WEB_BUSY);
    /* A client that is gone makes room, and is not called. */
    for (size_t i = 10; i < SP_LIMIT_WEB_WAITING + 2; i++)
        sp_web_wait_cancel(waits[i]);
    sp_web_wait_cancel(waits[0]);
    assert_int_equal(check(auth, &settings, "prom:secret", &calls, &wait), SP_WEB_LATER);
    await_calls(&calls, 10);
    turn_for(20);
    assert_int_equal(calls, 10);
    assert_int_equal(check(auth, &settings, "prom:secret", &calls, &wait), SP_WEB_PASS);
    /* Freed in the middle of the work. */
    for (size_t i = 0; i < 10; i++) {
        snprintf(guess, sizeof guess, "prom:late%zu", i);
        assert_int_equal(check(auth, &settings, guess, &calls, &wait), SP_WEB_LATER);
    }
    sp_web_auth_free(auth);
    turn_for(50);
    assert_int_equal(calls, 10);
}

/* Whether a user exists must not show in the time. */
static void test_unknown_users_cost_the_same(void **state)
{
    struct sp_web_auth *auth = sp_web_auth_new(&loop);
    struct crypt_data *data = calloc(1, sizeof *data);
    const struct sp_web_user user = {"prom",
                                     crypt_r("secret", "$2b$10$abcdefghijklmnopqrstuu", data)};
    const struct sp_web_settings settings = {.users = &user, .user_count = 1, .bcrypt_cost = 10};
    uint64_t spent[2] = {UINT64_MAX, UINT64_MAX};
    struct sp_web_wait *wait;
    size_t calls = 0;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        char guess[64];
        snprintf(guess, sizeof guess, "%s:guess%zu", i % 2 ? "nobody" : "prom", i);
        uint64_t begin = uv_hrtime();
        assert_int_equal(check(auth, &settings, guess, &calls, &wait), SP_WEB_LATER);
        await_calls(&calls, i + 1);
        uint64_t took = uv_hrtime() - begin;
        if (took < spent[i % 2])
            spent[i % 2] = took;
    }
    assert_true(spent[1] > spent[0] / 2 && spent[1] < spent[0] * 2);
    sp_web_auth_free(auth);
    turn_for(5);
    free(data);
}

static void test_close_while_a_password_is_checked(void **state)
{
    char request[256];
    int fds[10];
    (void)state;
    write_users("");
    start_server();
    for (size_t i = 0; i < 10; i++) {
        char credentials[64];
        fds[i] = dial(port_of(http, 0));
        snprintf(credentials, sizeof credentials, "prom:guess%zu", i);
        format_request(credentials, request, sizeof request);
        say_text(fds[i], request);
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    stop_server();
    turn_for(50);
    for (size_t i = 0; i < 10; i++)
        close(fds[i]);
}

/* --- headers, rate, changes -------------------------------------------------------------------- */

static void test_headers_are_set(void **state)
{
    struct reply *reply = malloc(sizeof *reply);
    (void)state;
    write_file("web.yml",
               "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n"
               "    Strict-Transport-Security: max-age=1\n    X-Content-Type-Options: ''\n");
    start_server();
    ask(port_of(http, 0), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", reply);
    assert_string_equal(header_of(reply->text, "X-Frame-Options"), "sameorigin");
    assert_string_equal(header_of(reply->text, "Strict-Transport-Security"), "max-age=1");
    assert_null(header_of(reply->text, "X-Content-Type-Options"));
    stop_server();
    free(reply);
}

static void test_rate_limit(void **state)
{
    (void)state;
    write_file("web.yml", "rate_limit: {interval: 1h, burst: 3}\n");
    start_server();
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_with(NULL), 200);
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_with(NULL), 429);
    stop_server();
    write_file("web.yml", "rate_limit: {interval: 50ms, burst: 1}\n");
    start_server();
    assert_int_equal(status_with(NULL), 200);
    turn_for(60);
    assert_int_equal(status_with(NULL), 200);
    stop_server();
}

static void test_wrong_change_opens_nothing(void **state)
{
    (void)state;
    write_users("");
    start_server();
    assert_int_equal(status_with("prom:secret"), 200);
    assert_int_equal(status_with(NULL), 401);
    write_users("junk: 1\n");
    let_it_look();
    assert_int_equal(status_with("prom:secret"), 500);
    assert_int_equal(status_with(NULL), 500);
    assert_non_null(strstr(log_text, "web.yml:3:1: unknown key \"junk\""));
    unlink(path_of("web.yml"));
    let_it_look();
    assert_int_equal(status_with(NULL), 500);
    static const char *const open[] = {"", "{}\n", "basic_auth_users: {}\n"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        write_file("web.yml", open[i]);
        let_it_look();
        assert_int_equal(status_with(NULL), 500);
    }
    assert_non_null(strstr(log_text, "needs a restart"));
    char text[1024];
    snprintf(text, sizeof text, "basic_auth_users:\n  prom: %s\n", hash_of("changed"));
    write_file("web.yml", text);
    let_it_look();
    assert_int_equal(status_with("prom:secret"), 401);
    assert_int_equal(status_with("prom:changed"), 200);
    assert_non_null(strstr(log_text, "in force"));
    stop_server();
}

/* --- TLS --------------------------------------------------------------------------------------- */

struct tls_client {
    int fd;
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    char serial; /* of the server's certificate */
};

static bool tls_step(int result)
{
    return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED;
}

/* One HTTPS request; 0: no reply came. `name` is the client's certificate or NULL. */
static unsigned tls_status(const char *name, const char *priority, char *out_serial)
{
    struct tls_client client = {.fd = dial(port_of(http, 0))};
    static const char request[] = "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char text[4096];
    unsigned status = 0;
    uint64_t end = now_ms() + PATIENCE_MS;
    gnutls_certificate_allocate_credentials(&client.credentials);
    if (name) {
        char pem[64], key[64];
        snprintf(pem, sizeof pem, "%s.pem", name);
        snprintf(key, sizeof key, "%s.key", name);
        assert_int_equal(gnutls_certificate_set_x509_key_file(client.credentials, path_of(pem),
                                                              path_of(key), GNUTLS_X509_FMT_PEM),
                         0);
        /* A client that offers its certificate whatever CA the server names. */
        gnutls_certificate_set_flags(client.credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
    }
    gnutls_init(&client.session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_FORCE_CLIENT_CERT);
    assert_int_equal(gnutls_priority_set_direct(client.session, priority, NULL), 0);
    gnutls_credentials_set(client.session, GNUTLS_CRD_CERTIFICATE, client.credentials);
    gnutls_transport_set_int(client.session, client.fd);
    const struct timeval brief = {0, 1000};
    setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
    int result = GNUTLS_E_AGAIN;
    while (tls_step(result) && now_ms() < end) {
        turn();
        result = gnutls_handshake(client.session);
    }
    ssize_t got = result;
    if (result == 0) {
        unsigned count = 0;
        const gnutls_datum_t *chain = gnutls_certificate_get_peers(client.session, &count);
        gnutls_x509_crt_t certificate;
        size_t len = 1;
        gnutls_x509_crt_init(&certificate);
        gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER);
        gnutls_x509_crt_get_serial(certificate, &client.serial, &len);
        gnutls_x509_crt_deinit(certificate);
        gnutls_record_send(client.session, request, sizeof request - 1);
        got = GNUTLS_E_AGAIN;
    }
    while (got < 0 && tls_step((int)got) && now_ms() < end) {
        turn();
        got = gnutls_record_recv(client.session, text, sizeof text - 1);
    }
    if (got > 9) {
        text[got] = '\0';
        status = (unsigned)strtoul(text + 9, NULL, 10);
    }
    gnutls_deinit(client.session);
    gnutls_certificate_free_credentials(client.credentials);
    close(client.fd);
    if (out_serial)
        *out_serial = client.serial;
    return status;
}

#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

static void write_tls(const char *rest)
{
    char text[1024];
    snprintf(text, sizeof text,
             "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n%s", rest);
    write_file("web.yml", text);
}

static void test_client_certificates(void **state)
{
    static const struct {
        const char *type, *more;
        bool none, trusted, stranger, other_name; /* who gets in */
    } rows[] = {
        {"NoClientCert", "", true, true, true, true},
        {"RequestClientCert", "", true, true, true, true},
        {"RequireAnyClientCert", "", false, true, true, true},
        {"RequireAnyClientCert", "  client_allowed_sans: [prom.example]\n", false, true, true,
         false},
        {"VerifyClientCertIfGiven", "  client_ca_file: ca.pem\n", true, true, false, true},
        {"RequireAndVerifyClientCert", "  client_ca_file: ca.pem\n", false, true, false, true},
        {"RequireAndVerifyClientCert",
         "  client_ca_file: ca.pem\n  client_allowed_sans: [x.example, prom.example]\n", false,
         true, false, false},
    };
    static const char *const priorities[] = {TLS13, TLS12};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t p = 0; p < 2; p++) {
            char text[512];
            snprintf(text, sizeof text, "  client_auth_type: %s\n%s", rows[i].type, rows[i].more);
            write_tls(text);
            start_server();
            const struct {
                const char *name;
                bool enters;
            } clients[] = {{NULL, rows[i].none},
                           {"client", rows[i].trusted},
                           {"stranger", rows[i].stranger},
                           {"other", rows[i].other_name},
                           /* a server's certificate is no client's */
                           {"server", rows[i].other_name && !strstr(rows[i].type, "erify")}};
            for (size_t c = 0; c < sizeof clients / sizeof *clients; c++) {
                unsigned status = tls_status(clients[c].name, priorities[p], NULL);
                if (status != (clients[c].enters ? 200u : 0u))
                    fail_msg("%s%s, %s, certificate %s: %u", rows[i].type, rows[i].more,
                             priorities[p], clients[c].name ? clients[c].name : "none", status);
            }
            stop_server();
        }
}

static void test_versions_and_suites(void **state)
{
    static const struct {
        const char *config, *client;
        bool enters;
    } rows[] = {
        {"", TLS12, true},
        {"", TLS13, true},
        {"", "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT", false},
        {"", TLS12 ":-ECDHE-ECDSA:-ECDHE-RSA", false},
        {"  min_version: TLS13\n", TLS12, false},
        {"  min_version: TLS13\n", TLS13, true},
        {"  max_version: TLS12\n", TLS13, false},
        {"  max_version: TLS12\n", TLS12, true},
        {"  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n", TLS12, true},
        {"  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n", TLS13, true},
        {"  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n", TLS12 ":-AES-256-GCM",
         false},
        {"  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]\n",
         TLS12 ":-CIPHER-ALL:+AES-128-CBC", true},
        {"  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]\n", TLS13, true},
        {"  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", TLS13, true},
        {"  curve_preferences: [CurveP384]\n", TLS13 ":-GROUP-ALL:+GROUP-SECP384R1", true},
        {"  curve_preferences: [CurveP384]\n", TLS13 ":-GROUP-ALL:+GROUP-X25519", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_tls(rows[i].config);
        start_server();
        unsigned status = tls_status(NULL, rows[i].client, NULL);
        if (status != (rows[i].enters ? 200u : 0u))
            fail_msg("%s with %s: %u", rows[i].config, rows[i].client, status);
        stop_server();
    }
}

static void test_certificate_changes_without_restart(void **state)
{
    char first, second, third;
    (void)state;
    mint_leaf("server", "localhost", false, &ca);
    write_tls("");
    start_server();
    assert_int_equal(tls_status(NULL, TLS13, &first), 200);
    /* Half of a renewal: the old pair stays, and nobody is turned away. */
    write_file("server.key", "junk\n");
    let_it_look();
    assert_int_equal(tls_status(NULL, TLS13, &second), 200);
    assert_int_equal(first, second);
    assert_non_null(strstr(log_text, "server.pem: cannot be used with the key"));
    size_t said = strlen(log_text);
    let_it_look();
    assert_int_equal(tls_status(NULL, TLS13, &second), 200);
    assert_int_equal(strlen(log_text), said); /* once */
    mint_leaf("server", "localhost", false, &ca);
    let_it_look();
    assert_int_equal(tls_status(NULL, TLS13, &third), 200);
    assert_int_not_equal(first, third);
    /* TLS does not go away. */
    write_file("web.yml", "{}\n");
    let_it_look();
    assert_int_equal(tls_status(NULL, TLS13, &first), 500);
    assert_int_equal(first, third);
    assert_non_null(strstr(log_text, "without a restart"));
    write_tls("");
    let_it_look();
    assert_int_equal(tls_status(NULL, TLS13, NULL), 200);
    stop_server();
}

/* A connection that began under the old rules ends, long before it would for being idle. */
static void test_old_connections_end_with_the_old_certificate(void **state)
{
    struct reply *reply = calloc(1, sizeof *reply);
    (void)state;
    mint_leaf("server", "localhost", false, &ca);
    write_tls("");
    start_server();
    int fd = dial(port_of(http, 0));
    assert_int_equal(tls_status(NULL, TLS13, NULL), 200);
    turn_for(2500);
    listen_once(fd, reply);
    assert_false(reply->eof);
    mint_leaf("server", "localhost", false, &ca);
    let_it_look();
    assert_int_equal(tls_status(NULL, TLS13, NULL), 200);
    turn_for(2500);
    listen_once(fd, reply);
    assert_true(reply->eof);
    close(fd);
    stop_server();
    free(reply);
}

/* A client CA that can't be read must not leave the rules of old in force for ever, nor open. */
static void test_client_ca_changes(void **state)
{
    (void)state;
    write_tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca2.pem\n");
    struct pair second = mint("ca2", NULL, false, NULL);
    mint_leaf("client2", "prom.example", true, &second);
    start_server();
    assert_int_equal(tls_status("client2", TLS13, NULL), 200);
    assert_int_equal(tls_status("client", TLS13, NULL), 0);
    write_file("ca2.pem", "junk\n");
    let_it_look();
    assert_int_equal(tls_status("client2", TLS13, NULL), 500);
    assert_int_equal(tls_status("client", TLS13, NULL), 0);
    free_pair(&second);
    second = mint("ca2", NULL, false, NULL);
    let_it_look();
    assert_int_equal(tls_status("client2", TLS13, NULL), 0);
    stop_server();
    free_pair(&second);
}

/* --- all --------------------------------------------------------------------------------------- */

static int start(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    snprintf(folder, sizeof folder, "/tmp/smtp-probe-web-XXXXXX");
    if (!mkdtemp(folder) || uv_loop_init(&loop) != 0)
        return -1;
    ca = mint("ca", NULL, false, NULL);
    stranger_ca = mint("stranger_ca", NULL, false, NULL);
    mint_leaf("server", "localhost", false, &ca);
    mint_leaf("client", "prom.example", true, &ca);
    mint_leaf("other", "other.example", true, &ca);
    mint_leaf("stranger", "prom.example", true, &stranger_ca);
    return 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"ca",    "stranger_ca", "server", "client",
                                        "other", "stranger",    "ca2",    "client2"};
    char file[64];
    (void)state;
    free_pair(&ca);
    free_pair(&stranger_ca);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(file, sizeof file, "%s.pem", names[i]);
        unlink(path_of(file));
        snprintf(file, sizeof file, "%s.key", names[i]);
        unlink(path_of(file));
    }
    unlink(path_of("web.yml"));
    rmdir(folder);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_right_files),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_results_are_remembered_and_shared),
        cmocka_unit_test(test_waiting_has_a_cap),
        cmocka_unit_test(test_unknown_users_cost_the_same),
        cmocka_unit_test(test_close_while_a_password_is_checked),
        cmocka_unit_test(test_headers_are_set),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_wrong_change_opens_nothing),
        cmocka_unit_test(test_client_certificates),
        cmocka_unit_test(test_versions_and_suites),
        cmocka_unit_test(test_certificate_changes_without_restart),
        cmocka_unit_test(test_old_connections_end_with_the_old_certificate),
        cmocka_unit_test(test_client_ca_changes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
