/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/golden/fixtures.h"

#include <sys/socket.h>

#define MS INT64_C(1000000)
#define STARTED_MS INT64_C(1788256800123) /* 2026-09-01T10:00:00.123Z */
#define DAY INT64_C(86400)
#define NOW (STARTED_MS / 1000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NEVER          \
    {                  \
        .start_ns = -1 \
    }

/* Only metrics show any of it. */
static const struct sp_options options = {.timeout_ms = 30000, .password_fd = SP_NO_FD};

/* --- good: what a well-run server looks like --------------------------------------------------- */

static const struct sp_endpoint good_endpoint = {
    .input = "mx1.example.org",
    .host = "mx1.example.org",
    .port = 25,
    .tls = SP_TLS_OPPORTUNISTIC,
    .verify = SP_VERIFY_REPORT,
    .server_name = "mx1.example.org",
    .options = &options,
};

static struct sp_text size_params[] = {{"10240000", 8}};
static struct sp_text auth_params[] = {{"PLAIN", 5}, {"SCRAM-SHA-256", 13}};
static struct sp_capability good_plain[] = {
    {.keyword = "PIPELINING"},
    {.keyword = "SIZE", .params = size_params, .param_count = 1},
    {.keyword = "VRFY"},
    {.keyword = "STARTTLS"},
    {.keyword = "ENHANCEDSTATUSCODES"},
    {.keyword = "8BITMIME"},
    {.keyword = "SMTPUTF8"},
};
static struct sp_capability good_tls[] = {
    {.keyword = "PIPELINING"},
    {.keyword = "SIZE", .params = size_params, .param_count = 1},
    {.keyword = "VRFY"},
    {.keyword = "AUTH", .params = auth_params, .param_count = 2},
    {.keyword = "ENHANCEDSTATUSCODES"},
    {.keyword = "8BITMIME"},
    {.keyword = "SMTPUTF8"},
    {.keyword = "CHUNKING"},
    {.keyword = "REQUIRETLS"},
};
static const char *good_auth[] = {"PLAIN", "SCRAM-SHA-256"};
static const char *good_addresses[] = {"2001:db8::25", "192.0.2.25"};

static struct sp_cert_name good_names[] = {
    {SP_NAME_DNS, {"mx1.example.org", 15}},
    {SP_NAME_DNS, {"mx2.example.org", 15}},
    {SP_NAME_DNS, {"*.mail.example.org", 18}},
    {SP_NAME_IP, {"\xC0\x00\x02\x19", 4}},
    {SP_NAME_IP, {"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x25", 16}},
    {SP_NAME_EMAIL, {"postmaster@example.org", 22}},
};
static const uint8_t good_serial[] = {0x00, 0xF0, 0x1A, 0x2B, 0x3C};
static struct sp_cert good_certs[] = {
    {
        .parsed = true,
        .version = 3,
        .serial = {good_serial, sizeof(good_serial)},
        .issuer_text = "CN=Example Issuing CA 7,O=Example Trust,C=SE",
        .subject_text = "CN=mx1.example.org",
        .common_name = "mx1.example.org",
        .not_before = NOW - 60 * DAY,
        .not_after = NOW + 29 * DAY + 43200,
        .time_valid = true,
        .key_text = "EC P-256",
        .sig_text = "ecdsa-with-SHA256",
        .names = good_names,
        .name_count = COUNT(good_names),
        .has_san = true,
        .sha256 = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        .spki_sha256 = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
    },
    {
        .parsed = true,
        .version = 3,
        .serial = {good_serial + 2, 1},
        .issuer_text = "CN=Example Root,O=Example Trust,C=SE",
        .subject_text = "CN=Example Issuing CA 7,O=Example Trust,C=SE",
        .not_before = NOW - 900 * DAY,
        .not_after = NOW + 900 * DAY,
        .time_valid = true,
        .key_text = "RSA 4096",
        .sig_text = "sha256WithRSAEncryption",
        .is_ca = true,
        .sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        .spki_sha256 = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    },
};
static const struct sp_cert good_anchor = {
    .parsed = true,
    .subject_text = "CN=Example Root,O=Example Trust,C=SE",
    .time_valid = true,
    .not_after = NOW + 3000 * DAY,
};

static struct sp_text good_banner_lines[] = {{"mx1.example.org ESMTP Postfix", 29}};
static struct sp_text good_ehlo_lines[] = {
    {"mx1.example.org", 15}, {"PIPELINING", 10},          {"SIZE 10240000", 13}, {"VRFY", 4},
    {"STARTTLS", 8},         {"ENHANCEDSTATUSCODES", 19}, {"8BITMIME", 8},       {"SMTPUTF8", 8},
};
static struct sp_text good_ehlo_tls_lines[] = {
    {"mx1.example.org", 15},
    {"PIPELINING", 10},
    {"SIZE 10240000", 13},
    {"VRFY", 4},
    {"AUTH PLAIN SCRAM-SHA-256", 24},
    {"ENHANCEDSTATUSCODES", 19},
    {"8BITMIME", 8},
    {"SMTPUTF8", 8},
    {"CHUNKING", 8},
    {"REQUIRETLS", 10},
};
static struct sp_text good_starttls_lines[] = {{"2.0.0 Ready to start TLS", 24}};
static struct sp_text good_quit_lines[] = {{"2.0.0 Bye", 9}};
static struct sp_reply good_replies[] = {
    {SP_PHASE_BANNER, 20 * MS, 220, good_banner_lines, 1, NULL, 0, {NULL, 0}},
    {SP_PHASE_EHLO, 8200000, 250, good_ehlo_lines, COUNT(good_ehlo_lines), NULL, 0, {NULL, 0}},
    {SP_PHASE_STARTTLS, 8 * MS, 220, good_starttls_lines, 1, "2.0.0", 0, {NULL, 0}},
    {SP_PHASE_EHLO_TLS,
     8400000,
     250,
     good_ehlo_tls_lines,
     COUNT(good_ehlo_tls_lines),
     NULL,
     0,
     {NULL, 0}},
    {SP_PHASE_QUIT, 7900000, 221, good_quit_lines, 1, "2.0.0", 0, {NULL, 0}},
};

static struct sp_transcript_line good_transcript[] = {
    {&good_transcript[1], SP_NOTE, false, 1200000, {"connected to 192.0.2.25 port 25", 31}},
    {&good_transcript[2],
     SP_FROM_SERVER,
     false,
     29300000,
     {"220 mx1.example.org ESMTP Postfix", 33}},
    {&good_transcript[3], SP_TO_SERVER, false, 29400000, {"EHLO probe.example.net", 22}},
    {&good_transcript[4], SP_FROM_SERVER, false, 37500000, {"250-mx1.example.org", 19}},
    {&good_transcript[5], SP_FROM_SERVER, false, 37500000, {"250 STARTTLS", 12}},
    {&good_transcript[6], SP_TO_SERVER, true, 70800000, {"EHLO probe.example.net", 22}},
    {NULL, SP_FROM_SERVER, true, 79200000, {"250 AUTH PLAIN SCRAM-SHA-256", 28}},
};

static struct sp_evidence good_evidence = {
    .endpoint = &good_endpoint,
    .started_ms = STARTED_MS,
    .total_ns = 88 * MS + 300000,
    .spans =
        {
            [SP_PHASE_RESOLVE] = {0, 1200000},
            [SP_PHASE_CONNECT] = {1200000, 8100000},
            [SP_PHASE_PROXY] = NEVER,
            [SP_PHASE_BANNER] = {9300000, 20 * MS},
            [SP_PHASE_EHLO] = {29300000, 8200000},
            [SP_PHASE_STARTTLS] = {37500000, 8 * MS},
            [SP_PHASE_TLS] = {45500000, 25300400},
            [SP_PHASE_EHLO_TLS] = {70800000, 8400000},
            [SP_PHASE_AUTH] = NEVER,
            [SP_PHASE_MAIL] = NEVER,
            [SP_PHASE_RCPT] = NEVER,
            [SP_PHASE_DATA] = NEVER,
            [SP_PHASE_QUIT] = {79200000, 7900000},
        },
    .resolved = true,
    .canonical = "mx1.hosting.example.net",
    .addresses = good_addresses,
    .address_count = 2,
    .attempts = (struct sp_attempt[]){{"2001:db8::25", SP_REASON_CONNECT_REFUSED, 400000}},
    .attempt_count = 1,
    .ip = "192.0.2.25",
    .family = AF_INET,
    .ehlo_name = "probe.example.net",
    .banner = &good_replies[0],
    .plain = {.tried = true,
              .ok = true,
              .items = good_plain,
              .count = COUNT(good_plain),
              .size_state = SP_SIZE_VALID,
              .size = 10240000},
    .tls_ehlo = {.tried = true,
                 .ok = true,
                 .items = good_tls,
                 .count = COUNT(good_tls),
                 .size_state = SP_SIZE_VALID,
                 .size = 10240000,
                 .auth = good_auth,
                 .auth_count = 2},
    .starttls_tried = true,
    .starttls_offered = true,
    .starttls_code = 220,
    .tls = {.tried = true,
            .established = true,
            .version = 0x0304,
            .version_text = "TLSv1.3",
            .suite = 0x1302,
            .cipher = "TLS_AES_256_GCM_SHA384",
            .group = "x25519",
            .signature_scheme = "ecdsa_secp256r1_sha256",
            .sni = "mx1.example.org",
            .alert = -1,
            .hello_seen = true,
            .ocsp_requested = true,
            .certs = good_certs,
            .cert_count = COUNT(good_certs)},
    .verify = {.done = true,
               .trusted = true,
               .name_tested = true,
               .name_match = true,
               .matched_name = "mx1.example.org",
               .authenticated_by = "pkix",
               .path = (int[]){0, 1},
               .path_count = 2,
               .anchor = &good_anchor},
    .ocsp = {.present = true,
             .valid = true,
             .status = SP_OCSP_GOOD,
             .this_update = NOW - DAY,
             .next_update = NOW + 3 * DAY,
             .responder = "CN=Example Issuing CA 7,O=Example Trust,C=SE"},
    .quit = &good_replies[4],
    .replies = good_replies,
    .reply_count = COUNT(good_replies),
    .transcript = {.first = &good_transcript[0], .last = &good_transcript[6], .bytes = 200},
};
static const struct sp_result good_result = {
    .endpoint = &good_endpoint,
    .evidence = &good_evidence,
    .state = SP_STATE_OK,
    .reason = SP_REASON_OK,
    .phase = SP_PHASE_DONE,
    .message = "TLSv1.3, certificate valid for 29.5 days, 88 ms",
};

/* --- expired: three findings of one certificate ------------------------------------------------ */

static const struct sp_endpoint expired_endpoint = {
    .input = "submission://mail.example.com",
    .host = "mail.example.com",
    .port = 587,
    .tls = SP_TLS_STARTTLS,
    .verify = SP_VERIFY_REQUIRE,
    .server_name = "mail.example.com",
    .options = &options,
};
static struct sp_cert_name expired_names[] = {{SP_NAME_DNS, {"old.example.com", 15}}};
static struct sp_cert expired_certs[] = {{
    .parsed = true,
    .version = 3,
    .serial = {good_serial + 1, 4},
    .issuer_text = "CN=A Certificate Authority With A Rather Long Name That Nobody Trusts,"
                   "OU=Department of Long Names,O=Long Names Incorporated,C=DE",
    .subject_text = "CN=old.example.com",
    .not_before = NOW - 377 * DAY,
    .not_after = NOW - 12 * DAY,
    .time_valid = true,
    .key_text = "RSA 2048",
    .sig_text = "sha256WithRSAEncryption",
    .names = expired_names,
    .name_count = 1,
    .has_san = true,
    .sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    .spki_sha256 = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
}};
static struct sp_problem expired_problems[] = {
    {.reason = SP_REASON_CERTIFICATE_EXPIRED,
     .depth = 0,
     .detail = "expired 12 days ago (2026-08-20)"},
    {.reason = SP_REASON_CERTIFICATE_NOT_TRUSTED,
     .depth = -1,
     .detail = "no path to a trusted root"},
    {.reason = SP_REASON_CERTIFICATE_HOST_MISMATCH,
     .depth = 0,
     .detail = "names old.example.com, not mail.example.com"},
};
static struct sp_evidence expired_evidence = {
    .endpoint = &expired_endpoint,
    .started_ms = STARTED_MS + 10,
    .total_ns = 61 * MS,
    .spans =
        {
            [SP_PHASE_RESOLVE] = {0, 500000},
            [SP_PHASE_CONNECT] = {500000, 4 * MS},
            [SP_PHASE_PROXY] = NEVER,
            [SP_PHASE_BANNER] = {4500000, 10 * MS},
            [SP_PHASE_EHLO] = {14500000, 4 * MS},
            [SP_PHASE_STARTTLS] = {18500000, 4 * MS},
            [SP_PHASE_TLS] = {22500000, 30 * MS},
            [SP_PHASE_EHLO_TLS] = {52500000, 4 * MS},
            [SP_PHASE_AUTH] = NEVER,
            [SP_PHASE_MAIL] = NEVER,
            [SP_PHASE_RCPT] = NEVER,
            [SP_PHASE_DATA] = NEVER,
            [SP_PHASE_QUIT] = {56500000, 4500000},
        },
    .resolved = true,
    .addresses = (const char *[]){"198.51.100.7"},
    .address_count = 1,
    .ip = "198.51.100.7",
    .family = AF_INET,
    .ehlo_name = "probe.example.net",
    .banner = &good_replies[0],
    .plain = {.tried = true, .ok = true, .items = good_plain, .count = 4},
    .tls_ehlo = {.tried = true, .ok = true, .items = good_plain, .count = 3},
    .starttls_tried = true,
    .starttls_offered = true,
    .starttls_code = 220,
    .tls = {.tried = true,
            .established = true,
            .version = 0x0303,
            .version_text = "TLSv1.2",
            .suite = 0xC02F,
            .cipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            .group = "secp256r1",
            .sni = "mail.example.com",
            .alert = -1,
            .client_certificate_requested = true,
            .hello_seen = true,
            .extended_master_secret = true,
            .ocsp_requested = true,
            .certs = expired_certs,
            .cert_count = 1},
    .verify = {.done = true,
               .name_tested = true,
               .problems = expired_problems,
               .problem_count = COUNT(expired_problems),
               .path = (int[]){0},
               .path_count = 1},
    .ocsp = {.present = true,
             .status = SP_OCSP_REVOKED,
             .this_update = NOW - 20 * DAY,
             .next_update = NOW - 13 * DAY,
             .revoked_at = NOW - 30 * DAY,
             .revocation_reason = "keyCompromise",
             .responder = "CN=Responder",
             .error = "is out of date since 2026-08-19"},
    .crl_answers = (struct sp_crl_answer[]){{.status = SP_CRL_REVOKED,
                                             .this_update = NOW - 2 * DAY,
                                             .next_update = NOW + 5 * DAY,
                                             .revoked_at = NOW - 30 * DAY,
                                             .revocation_reason = "keyCompromise"}},
    .crl_answer_count = 1,
    .pin = {.tested = true},
    .replies = good_replies,
    .reply_count = 1,
};
static struct sp_finding expired_findings[] = {
    {.reason = SP_REASON_CERTIFICATE_EXPIRED,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_VERIFY,
     .message = "the certificate expired 12.0 days ago (2026-08-20)",
     .hint = "Renew the certificate and reload the mail server.",
     .has_value = true,
     .value = -12.0,
     .unit = "days"},
    {.reason = SP_REASON_CERTIFICATE_NOT_TRUSTED,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_VERIFY,
     .message = "no path from the server's certificate to a trusted root",
     .hint = "Install the CA's intermediate certificates, or name your own root with --ca-file."},
    {.reason = SP_REASON_CERTIFICATE_HOST_MISMATCH,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_VERIFY,
     .message = "the certificate names old.example.com, not mail.example.com",
     .hint = "Get a certificate that lists the name which clients use."},
};
static const struct sp_result expired_result = {
    .endpoint = &expired_endpoint,
    .evidence = &expired_evidence,
    .findings = expired_findings,
    .finding_count = COUNT(expired_findings),
    .state = SP_STATE_CRITICAL,
    .reason = SP_REASON_CERTIFICATE_EXPIRED,
    .phase = SP_PHASE_VERIFY,
    .message = "the certificate expired 12.0 days ago (2026-08-20)",
};

/* --- plain: no STARTTLS, a threshold exceeded, HELO only ---------------------------------------- */

static const struct sp_endpoint plain_endpoint = {
    .input = "[2001:db8::7]:2525",
    .host = "2001:db8::7",
    .port = 2525,
    .numeric = true,
    .tls = SP_TLS_OPPORTUNISTIC,
    .verify = SP_VERIFY_REPORT,
    .source = "targets.txt",
    .line = 3,
    .options = &options,
};
static struct sp_evidence plain_evidence = {
    .endpoint = &plain_endpoint,
    .started_ms = STARTED_MS,
    .total_ns = 6215 * MS,
    .spans =
        {
            [SP_PHASE_RESOLVE] = NEVER,
            [SP_PHASE_CONNECT] = {0, 40000},
            [SP_PHASE_PROXY] = NEVER,
            [SP_PHASE_BANNER] = {40000, 6200 * MS},
            [SP_PHASE_EHLO] = {6200040000, 8 * MS},
            [SP_PHASE_STARTTLS] = NEVER,
            [SP_PHASE_TLS] = NEVER,
            [SP_PHASE_EHLO_TLS] = NEVER,
            [SP_PHASE_AUTH] = NEVER,
            [SP_PHASE_MAIL] = NEVER,
            [SP_PHASE_RCPT] = NEVER,
            [SP_PHASE_DATA] = NEVER,
            [SP_PHASE_QUIT] = {6208040000, 6 * MS},
        },
    .ip = "2001:db8::7",
    .family = AF_INET6,
    .ehlo_name = "probe.example.net",
    .banner = &good_replies[0],
    .plain = {.tried = true, .ok = true, .helo = true},
    .tls = {.alert = -1},
    .replies = good_replies,
    .reply_count = 1,
};
static struct sp_finding plain_findings[] = {
    {.reason = SP_REASON_STARTTLS_NOT_SUPPORTED,
     .state = SP_STATE_WARNING,
     .phase = SP_PHASE_STARTTLS,
     .message = "the server does not offer STARTTLS: mail travels in clear text",
     .hint = "Set up a certificate and switch STARTTLS on."},
    {.reason = SP_REASON_THRESHOLD_EXCEEDED,
     .state = SP_STATE_WARNING,
     .phase = SP_PHASE_BANNER,
     .message = "banner took 6.200 s, the limit is 5 s",
     .hint = "Look at the server's load and at its DNS lookups of clients.",
     .has_value = true,
     .value = 6.2,
     .unit = "s"},
};
static const struct sp_result plain_result = {
    .endpoint = &plain_endpoint,
    .evidence = &plain_evidence,
    .findings = plain_findings,
    .finding_count = COUNT(plain_findings),
    .state = SP_STATE_WARNING,
    .reason = SP_REASON_STARTTLS_NOT_SUPPORTED,
    .phase = SP_PHASE_STARTTLS,
    .message = "the server does not offer STARTTLS: mail travels in clear text",
};

/* --- timeout: no address answers ---------------------------------------------------------------- */

static const struct sp_endpoint timeout_endpoint = {
    .input = "a-rather-long-host-name.with-many-labels.mail.example.net:465",
    .host = "a-rather-long-host-name.with-many-labels.mail.example.net",
    .port = 465,
    .tls = SP_TLS_IMPLICIT,
    .verify = SP_VERIFY_REQUIRE,
    .options = &options,
};
static struct sp_evidence timeout_evidence = {
    .endpoint = &timeout_endpoint,
    .started_ms = STARTED_MS,
    .total_ns = 5012 * MS,
    .spans =
        {
            [SP_PHASE_RESOLVE] = {0, 12 * MS},
            [SP_PHASE_CONNECT] = {12 * MS, 5000 * MS},
            [SP_PHASE_PROXY] = NEVER,
            [SP_PHASE_BANNER] = NEVER,
            [SP_PHASE_EHLO] = NEVER,
            [SP_PHASE_STARTTLS] = NEVER,
            [SP_PHASE_TLS] = NEVER,
            [SP_PHASE_EHLO_TLS] = NEVER,
            [SP_PHASE_AUTH] = NEVER,
            [SP_PHASE_MAIL] = NEVER,
            [SP_PHASE_RCPT] = NEVER,
            [SP_PHASE_DATA] = NEVER,
            [SP_PHASE_QUIT] = NEVER,
        },
    .resolved = true,
    .addresses = (const char *[]){"203.0.113.9", "2001:db8::9"},
    .address_count = 2,
    .attempts = (struct sp_attempt[]){{"2001:db8::9", SP_REASON_CONNECT_UNREACHABLE, 150000},
                                      {"203.0.113.9", SP_REASON_CONNECT_TIMEOUT, 5000 * MS}},
    .attempt_count = 2,
    .ip = "203.0.113.9",
    .family = AF_INET,
    .ehlo_name = "probe.example.net",
    .tls = {.alert = -1},
};
static struct sp_finding timeout_findings[] = {
    {.reason = SP_REASON_CONNECT_TIMEOUT,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_CONNECT,
     .message = "no answer within 5 s while connecting to 203.0.113.9",
     .hint = "See whether a firewall drops the packets."},
};
static const struct sp_result timeout_result = {
    .endpoint = &timeout_endpoint,
    .evidence = &timeout_evidence,
    .findings = timeout_findings,
    .finding_count = 1,
    .state = SP_STATE_CRITICAL,
    .reason = SP_REASON_CONNECT_TIMEOUT,
    .phase = SP_PHASE_CONNECT,
    .message = "no answer within 5 s while connecting to 203.0.113.9",
};

/* --- hostile: everything that must not get through ---------------------------------------------- */

#define HOSTILE                                                                       \
    "\x1b[31m\x07 a|b<c> \"\\ \xC2\x9B"                                               \
    "31m \xE2\x80\xAEnoc \xE2\x80\x8B\xF3\xA0\x81\x81 \xFF\xFE\xC0\xAF \xED\xA0\x80 " \
    "\xE6\x97\xA5\xE6\x9C\xAC \xC3\xA9 \xF0\x9F\x98\x80 \0 %n%s \x7F\r\xF0\x9F"

static const struct sp_endpoint hostile_endpoint = {
    .input = "lmtp+unix:/run/lmtp",
    .unix_path = "/run/lmtp",
    .mode = SP_MODE_LMTP,
    .tls = SP_TLS_OPPORTUNISTIC,
    .verify = SP_VERIFY_REPORT,
    .options = &options,
};
static struct sp_text hostile_lines[] = {{HOSTILE, sizeof(HOSTILE) - 1},
                                         {"\",\"pwned\":true,\"x\":\"\\", 20}};
static struct sp_reply hostile_replies[] = {
    {SP_PHASE_BANNER,
     1000,
     554,
     hostile_lines,
     2,
     NULL,
     SP_QUIRK_NUL | SP_QUIRK_CONTROL | SP_QUIRK_NON_UTF8 | SP_QUIRK_BARE_LF,
     {"554 \x1b[31m\0\n", 11}},
};
static struct sp_transcript_line hostile_transcript[] = {
    {NULL, SP_FROM_SERVER, false, 1000, {HOSTILE, sizeof(HOSTILE) - 1}},
};
static struct sp_evidence hostile_evidence = {
    .endpoint = &hostile_endpoint,
    .started_ms = STARTED_MS,
    .total_ns = 300000,
    .spans =
        {
            [SP_PHASE_RESOLVE] = NEVER,
            [SP_PHASE_CONNECT] = {0, 30000},
            [SP_PHASE_PROXY] = NEVER,
            [SP_PHASE_BANNER] = {30000, 200000},
            [SP_PHASE_EHLO] = NEVER,
            [SP_PHASE_STARTTLS] = NEVER,
            [SP_PHASE_TLS] = NEVER,
            [SP_PHASE_EHLO_TLS] = NEVER,
            [SP_PHASE_AUTH] = NEVER,
            [SP_PHASE_MAIL] = NEVER,
            [SP_PHASE_RCPT] = NEVER,
            [SP_PHASE_DATA] = NEVER,
            [SP_PHASE_QUIT] = NEVER,
        },
    .failure = {SP_REASON_SERVICE_NOT_AVAILABLE, SP_PHASE_BANNER, NULL, 0},
    .ip = "/run/lmtp",
    .family = AF_UNIX,
    .ehlo_name = "probe.example.net",
    .banner = &hostile_replies[0],
    .tls = {.alert = -1},
    .replies = hostile_replies,
    .reply_count = 1,
    .transcript = {.first = hostile_transcript, .last = hostile_transcript, .cut = true},
};
static struct sp_finding hostile_findings[] = {
    {.reason = SP_REASON_SERVICE_NOT_AVAILABLE,
     .state = SP_STATE_WARNING,
     .phase = SP_PHASE_BANNER,
     .message = "the server greets with 554: \x1b[2J\xFF owned",
     .hint = "Ask the server's operator why."},
};
static const struct sp_result hostile_result = {
    .endpoint = &hostile_endpoint,
    .evidence = &hostile_evidence,
    .findings = hostile_findings,
    .finding_count = 1,
    .state = SP_STATE_WARNING,
    .reason = SP_REASON_SERVICE_NOT_AVAILABLE,
    .phase = SP_PHASE_BANNER,
    .message = "the server greets with 554: \x1b[2J\xFF owned",
};

/* --- alert: the handshake is refused, and the certificate can't be read ---------------------------- */

static const struct sp_endpoint alert_endpoint = {
    .input = "smtps://192.0.2.44",
    .host = "192.0.2.44",
    .port = 465,
    .numeric = true,
    .tls = SP_TLS_IMPLICIT,
    .verify = SP_VERIFY_REQUIRE,
    .options = &options,
};
static struct sp_cert alert_certs[] = {{
    .error = "the DER ends too early",
    .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
}};
static struct sp_problem alert_problems[] = {
    {.reason = SP_REASON_CERTIFICATE_INVALID, .depth = 0, .detail = "the DER ends too early"},
};
static struct sp_survey alert_surveys[] = {
    {.question = SP_SURVEY_ANYTHING,
     .outcome = SP_SURVEY_ACCEPTED,
     .offer = "SSLv3 to TLSv1.3 with any cipher suite",
     .version = 0x0301,
     .version_text = "TLSv1.0",
     .suite = 0x0033,
     .cipher = "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
     .dh_bits = 1024,
     .alert = -1,
     .ns = 2 * MS},
    {.question = SP_SURVEY_OLD_VERSIONS,
     .outcome = SP_SURVEY_REFUSED,
     .offer = "SSLv3 with any cipher suite",
     .alert = 200,
     .ns = 1 * MS},
    {.question = SP_SURVEY_OTHER_SUITES,
     .outcome = SP_SURVEY_FAILED,
     .offer = "TLSv1.2 with other cipher suites",
     .alert = -1,
     .reason = SP_REASON_TLS_PROTOCOL_ERROR,
     .detail = "the server answered \x1b[31m220 <b>\xff",
     .ns = 3 * MS},
    {.question = SP_SURVEY_OTHER_GROUPS,
     .outcome = SP_SURVEY_SKIPPED,
     .offer = "TLSv1.2 with other groups",
     .alert = -1,
     .detail = "there was no time left"},
};
static struct sp_evidence alert_evidence = {
    .endpoint = &alert_endpoint,
    .started_ms = STARTED_MS + 600,
    .total_ns = 1500 * 1000,
    .spans =
        {
            [SP_PHASE_RESOLVE] = NEVER,
            [SP_PHASE_CONNECT] = {0, 500000},
            [SP_PHASE_PROXY] = NEVER,
            [SP_PHASE_BANNER] = NEVER,
            [SP_PHASE_EHLO] = NEVER,
            [SP_PHASE_STARTTLS] = NEVER,
            [SP_PHASE_TLS] = {500000, 1 * MS},
            [SP_PHASE_EHLO_TLS] = NEVER,
            [SP_PHASE_AUTH] = NEVER,
            [SP_PHASE_MAIL] = NEVER,
            [SP_PHASE_RCPT] = NEVER,
            [SP_PHASE_DATA] = NEVER,
            [SP_PHASE_QUIT] = NEVER,
        },
    .ip = "192.0.2.44",
    .family = AF_INET,
    .ehlo_name = "probe.example.net",
    .tls = {.tried = true,
            .alert = 40,
            .alert_text = "handshake_failure",
            .certs = alert_certs,
            .cert_count = 1,
            .certs_cut = true},
    .verify = {.done = true, .problems = alert_problems, .problem_count = 1},
    .surveys = alert_surveys,
    .survey_count = COUNT(alert_surveys),
};
static struct sp_finding alert_findings[] = {
    {.reason = SP_REASON_TLS_ALERT,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_TLS,
     .message = "the server refused the handshake with alert 40 (handshake_failure)",
     .hint = "See which TLS versions and ciphers the server allows."},
    {.reason = SP_REASON_CERTIFICATE_INVALID,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_VERIFY,
     .message = "certificate 0 can't be read: the DER ends too early",
     .hint = "Install the certificate again."},
    {.reason = SP_REASON_CERTIFICATE_CHAIN_ORDER,
     .state = SP_STATE_OK,
     .phase = SP_PHASE_VERIFY,
     .message = "the chain is not in order",
     .hint = "Send the server's own certificate first."},
};
static const struct sp_result alert_result = {
    .endpoint = &alert_endpoint,
    .evidence = &alert_evidence,
    .findings = alert_findings,
    .finding_count = COUNT(alert_findings),
    .state = SP_STATE_CRITICAL,
    .reason = SP_REASON_TLS_ALERT,
    .phase = SP_PHASE_TLS,
    .message = "the server refused the handshake with alert 40 (handshake_failure)",
};

/* --- invalid: a broken line ------------------------------------------------------------------------ */

static const struct sp_endpoint invalid_endpoint = {
    .input = "mx.example.org:99999",
    .invalid = "\"99999\" is no port",
    .source = "targets.txt",
    .line = 17,
    .options = &options,
};
static struct sp_evidence invalid_evidence = {
    .endpoint = &invalid_endpoint,
    .started_ms = STARTED_MS,
    .spans =
        {
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
            NEVER,
        },
    .tls = {.alert = -1},
};
static struct sp_finding invalid_findings[] = {
    {.reason = SP_REASON_INVALID_TARGET,
     .state = SP_STATE_UNKNOWN,
     .phase = SP_PHASE_CONFIG,
     .message = "targets.txt:17: \"99999\" is no port",
     .hint = "Correct the line."},
};
static const struct sp_result invalid_result = {
    .endpoint = &invalid_endpoint,
    .evidence = &invalid_evidence,
    .findings = invalid_findings,
    .finding_count = 1,
    .state = SP_STATE_UNKNOWN,
    .reason = SP_REASON_INVALID_TARGET,
    .phase = SP_PHASE_CONFIG,
    .message = "targets.txt:17: \"99999\" is no port",
};

/* --- login and refused: what AUTH gave ------------------------------------------------------------- */

static const struct sp_endpoint login_endpoint = {
    .input = "mail.example.org:587 tls=none",
    .host = "mail.example.org",
    .port = 587,
    .tls = SP_TLS_NONE,
    .verify = SP_VERIFY_REPORT,
    .server_name = "mail.example.org",
    .options = &options,
};
static const char *login_auth[] = {"SCRAM-SHA-256", "PLAIN"};
static struct sp_text login_params[] = {{"SCRAM-SHA-256", 13}, {"PLAIN", 5}};
static struct sp_capability login_plain[] = {
    {.keyword = "AUTH", .params = login_params, .param_count = 2}};
static struct sp_text login_lines[] = {{"mail.example.org ESMTP", 22}, {"2.7.0 welcome", 13}};
static struct sp_reply login_replies[] = {
    {SP_PHASE_BANNER, 2 * MS, 220, &login_lines[0], 1, NULL, 0, {NULL, 0}},
    {SP_PHASE_AUTH, 31 * MS, 235, &login_lines[1], 1, "2.7.0", 0, {NULL, 0}},
};
#define LOGIN_SPANS                                                                                \
    {                                                                                              \
        [SP_PHASE_RESOLVE] = {0, 1 * MS}, [SP_PHASE_CONNECT] = {1 * MS, 3 * MS},                   \
        [SP_PHASE_PROXY] = NEVER, [SP_PHASE_BANNER] = {4 * MS, 2 * MS},                            \
        [SP_PHASE_EHLO] = {6 * MS, 1 * MS}, [SP_PHASE_STARTTLS] = NEVER, [SP_PHASE_TLS] = NEVER,   \
        [SP_PHASE_EHLO_TLS] = NEVER, [SP_PHASE_AUTH] = {7 * MS, 62 * MS}, [SP_PHASE_MAIL] = NEVER, \
        [SP_PHASE_RCPT] = NEVER, [SP_PHASE_DATA] = NEVER, [SP_PHASE_QUIT] = {69 * MS, 1 * MS},     \
    }
static struct sp_evidence login_evidence = {
    .endpoint = &login_endpoint,
    .started_ms = STARTED_MS + 800,
    .total_ns = 70 * MS,
    .spans = LOGIN_SPANS,
    .ip = "192.0.2.87",
    .family = AF_INET,
    .ehlo_name = "probe.example.net",
    .banner = &login_replies[0],
    .plain = {.tried = true,
              .ok = true,
              .items = login_plain,
              .count = 1,
              .auth = login_auth,
              .auth_count = 2},
    .auth = {.result = SP_AUTH_OK,
             .mechanism = "SCRAM-SHA-256",
             .reply = &login_replies[1],
             .rounds = 2,
             .iterations = 4096,
             .server_proven = true,
             .exposed = false},
    .replies = login_replies,
    .reply_count = COUNT(login_replies),
};
static struct sp_finding login_findings[] = {
    {.reason = SP_REASON_AUTH_OFFERED_WITHOUT_TLS,
     .state = SP_STATE_WARNING,
     .phase = SP_PHASE_EHLO,
     .message = "logins with PLAIN are offered before TLS: whoever uses them there sends a "
                "password or token for all to read"},
};
static const struct sp_result login_result = {
    .endpoint = &login_endpoint,
    .evidence = &login_evidence,
    .findings = login_findings,
    .finding_count = COUNT(login_findings),
    .state = SP_STATE_WARNING,
    .reason = SP_REASON_AUTH_OFFERED_WITHOUT_TLS,
    .phase = SP_PHASE_EHLO,
    .message = "logins with PLAIN are offered before TLS: whoever uses them there sends a "
               "password or token for all to read",
};

#define SAID \
    "{\"status\":\"400\\u001b[31m|\",\"scope\":\"<script>alert(1)</script> \x1b]0;x\x07\xff\"}"
#define REFUSAL "5.7.8 no \x1b[2J|x=1;;;; <b>\xff'\"\r SMTP OK"

static struct sp_text refused_lines[] = {{"mail.example.org ESMTP", 22},
                                         {REFUSAL, sizeof(REFUSAL) - 1}};
static struct sp_reply refused_replies[] = {
    {SP_PHASE_BANNER, 2 * MS, 220, &refused_lines[0], 1, NULL, 0, {NULL, 0}},
    {SP_PHASE_AUTH, 31 * MS, 535, &refused_lines[1], 1, "5.7.8", 0, {NULL, 0}},
};
static struct sp_evidence refused_evidence = {
    .endpoint = &login_endpoint,
    .started_ms = STARTED_MS + 900,
    .total_ns = 70 * MS,
    .spans = LOGIN_SPANS,
    .ip = "192.0.2.88",
    .family = AF_INET,
    .ehlo_name = "probe.example.net",
    .banner = &refused_replies[0],
    .plain = {.tried = true,
              .ok = true,
              .items = login_plain,
              .count = 1,
              .auth = login_auth,
              .auth_count = 2},
    .auth = {.result = SP_AUTH_REJECTED,
             .mechanism = "OAUTHBEARER",
             .reason = SP_REASON_AUTH_REJECTED,
             .server_said = SAID,
             .reply = &refused_replies[1],
             .rounds = 1,
             .exposed = true},
    .replies = refused_replies,
    .reply_count = COUNT(refused_replies),
};
#define REFUSED                                              \
    "the login with OAUTHBEARER was rejected: 535 '" REFUSAL \
    "' (the server says: status 400\x1b[31m|, scope <script>alert(1)</script> \x1b]0;x\x07\xff)"
static struct sp_finding refused_findings[] = {
    {.reason = SP_REASON_AUTH_REJECTED,
     .state = SP_STATE_CRITICAL,
     .phase = SP_PHASE_AUTH,
     .message = REFUSED},
};
static const struct sp_result refused_result = {
    .endpoint = &login_endpoint,
    .evidence = &refused_evidence,
    .findings = refused_findings,
    .finding_count = COUNT(refused_findings),
    .state = SP_STATE_CRITICAL,
    .reason = SP_REASON_AUTH_REJECTED,
    .phase = SP_PHASE_AUTH,
    .message = REFUSED,
};

const struct sp_result *fixture_result(enum fixture fixture)
{
    static const struct sp_result *const results[FIXTURE_COUNT] = {
        [FIXTURE_GOOD] = &good_result,       [FIXTURE_EXPIRED] = &expired_result,
        [FIXTURE_PLAIN] = &plain_result,     [FIXTURE_TIMEOUT] = &timeout_result,
        [FIXTURE_HOSTILE] = &hostile_result, [FIXTURE_ALERT] = &alert_result,
        [FIXTURE_INVALID] = &invalid_result, [FIXTURE_LOGIN] = &login_result,
        [FIXTURE_REFUSED] = &refused_result,
    };
    return results[fixture];
}
