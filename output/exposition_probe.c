/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A probe's metrics. The probe_* names that blackbox_exporter has too have its meanings. Every label value
 * is a word of ours, a number, a digest or (target) the user's own word: a server can't choose the name or
 * the number of series. One endpoint has no target label, since scrapers add their own; several need one.
 */
#include "checks/failure.h"
#include "checks/wording.h"
#include "output/exposition.h"
#include "output/facts.h"
#include "output/unique.h"
#include "probe/auth.h"
#include "probe/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_DIGITS 64u /* RFC 5280 §4.1.2.2 allows 20 octets, so 40 */

struct probe_page {
    struct sp_exposition_page page;
    bool several;        /* samples need a target label */
    enum sp_unique mark; /* of the result in hand */
};

struct family {
    struct sp_metric metric;
    void (*write)(struct probe_page *page, const struct sp_result *result);
};

/* --- samples ---------------------------------------------------------------------------------- */

static void begin(struct probe_page *page, const struct sp_result *result)
{
    const char *ip = result->evidence->ip;
    sp_exposition_sample(&page->page);
    if (!page->several)
        return;
    sp_exposition_label(&page->page, "target", result->endpoint->input);
    if (page->mark == SP_UNIQUE_IP)
        sp_exposition_label(&page->page, "ip", ip != NULL ? ip : "");
}

static void write_integer(struct probe_page *page, const struct sp_result *result, int64_t value)
{
    begin(page, result);
    sp_exposition_integer(&page->page, value);
}

/* --- blackbox_exporter's ---------------------------------------------------------------------- */

static bool mismatched(const struct sp_result *result)
{
    for (size_t i = 0; i < result->finding_count; i++)
        if (result->findings[i].reason == SP_REASON_BANNER_MISMATCH &&
            result->findings[i].state != SP_STATE_OK)
            return true;
    return false;
}

/* True when the session, or its login, ended early, and that is more than information: what --expect-reply
 * asks for, and whatever goes wrong with QUIT, is none. */
static bool ended_early(const struct sp_result *result)
{
    const struct sp_failure *failure = &result->evidence->failure;
    enum sp_reason login = result->evidence->auth.reason;
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct sp_finding *finding = &result->findings[i];
        bool failed = finding->reason == failure->reason && finding->phase == failure->phase;
        bool refused = finding->reason == login && finding->phase == SP_PHASE_AUTH;
        if ((failed || refused || finding->reason == SP_REASON_REPLY_MISMATCH) &&
            finding->state != SP_STATE_OK)
            return true;
    }
    return false;
}

/* A WARNING about a session that went through is a success with a finding; a session that ended early, and a
 * login that was asked for and did not work, is none, however mild its finding. A pattern that didn't match
 * fails the probe, as in blackbox_exporter. */
bool sp_exposition_succeeded(const struct sp_result *result)
{
    return (result->state == SP_STATE_OK || result->state == SP_STATE_WARNING) &&
           !ended_early(result) && !mismatched(result);
}

static void write_success(struct probe_page *page, const struct sp_result *result)
{
    write_integer(page, result, sp_exposition_succeeded(result));
}

static void write_duration(struct probe_page *page, const struct sp_result *result)
{
    begin(page, result);
    sp_exposition_seconds(&page->page, result->evidence->total_ns);
}

static void write_timeout(struct probe_page *page, const struct sp_result *result)
{
    begin(page, result);
    sp_exposition_seconds(&page->page, (int64_t)result->endpoint->options->timeout_ms * 1000000);
}

static void write_lookup(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_span *span = &result->evidence->spans[SP_PHASE_RESOLVE];
    begin(page, result);
    sp_exposition_seconds(&page->page, span->start_ns < 0 ? 0 : span->ns);
}

static void write_protocol(struct probe_page *page, const struct sp_result *result)
{
    int family = result->evidence->family;
    write_integer(page, result, family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0);
}

/* FNV-1a, 32 bits, over the address' 4 or 16 octets. */
static void write_address_hash(struct probe_page *page, const struct sp_result *result)
{
    const char *ip = result->evidence->ip;
    unsigned char octets[16];
    size_t count = 0;
    uint32_t hash = 2166136261u;
    if (ip != NULL && inet_pton(AF_INET, ip, octets) == 1)
        count = 4;
    else if (ip != NULL && inet_pton(AF_INET6, ip, octets) == 1)
        count = 16;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ octets[i]) * 16777619u;
    if (count > 0)
        write_integer(page, result, hash);
}

static void write_regex(struct probe_page *page, const struct sp_result *result)
{
    write_integer(page, result, mismatched(result));
}

static void write_earliest(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_tls_facts *tls = &result->evidence->tls;
    bool found = false;
    int64_t earliest = 0;
    for (size_t i = 0; i < tls->cert_count; i++) {
        if (!tls->certs[i].time_valid || (found && tls->certs[i].not_after >= earliest))
            continue;
        found = true;
        earliest = tls->certs[i].not_after;
    }
    if (found)
        write_integer(page, result, earliest);
}

/* The end of the validated chain, its anchor included; nothing when there is none. */
static void write_chain_expiry(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_verify *verify = &result->evidence->verify;
    const struct sp_tls_facts *tls = &result->evidence->tls;
    if (!verify->trusted || verify->path_count == 0 || !tls->established)
        return;
    int64_t end = INT64_MAX;
    if (verify->anchor != NULL && verify->anchor->time_valid)
        end = verify->anchor->not_after;
    for (size_t i = 0; i < verify->path_count; i++) {
        size_t index = (size_t)verify->path[i];
        if (index < tls->cert_count && tls->certs[index].time_valid &&
            tls->certs[index].not_after < end)
            end = tls->certs[index].not_after;
    }
    if (end < INT64_MAX)
        write_integer(page, result, end);
}

/* The server's own certificate, validated or not, as in blackbox_exporter; without a whole handshake nobody
 * has shown its key. Subject, issuer and names are a server's text and therefore no labels. */
static void write_leaf(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_tls_facts *tls = &result->evidence->tls;
    struct sp_buf serial;
    if (tls->cert_count == 0 || !tls->established)
        return;
    sp_buf_init(&serial, SERIAL_DIGITS + 1); /* a longer one is no valid certificate's */
    if (sp_fact_serial(&serial, &tls->certs[0]) && sp_buf_append(&serial, "", 1)) {
        begin(page, result);
        sp_exposition_label(&page->page, "fingerprint_sha256", tls->certs[0].sha256);
        sp_exposition_label(&page->page, "serialnumber", (const char *)serial.data);
        sp_exposition_integer(&page->page, 1);
    }
    sp_buf_free(&serial);
}

static void write_version(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_tls_facts *tls = &result->evidence->tls;
    char version[16];
    if (!tls->established || tls->version < 0x0301 || tls->version > 0x0304)
        return;
    snprintf(version, sizeof version, "TLS 1.%u", (unsigned)tls->version - 0x0301u);
    begin(page, result);
    sp_exposition_label(&page->page, "version", version);
    sp_exposition_integer(&page->page, 1);
}

static void write_cipher(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_tls_facts *tls = &result->evidence->tls;
    if (!tls->established || tls->cipher == NULL)
        return;
    begin(page, result);
    sp_exposition_label(&page->page, "cipher", tls->cipher);
    sp_exposition_integer(&page->page, 1);
}

/* --- our own ---------------------------------------------------------------------------------- */

/* All phases, so that the number of series doesn't depend on how far a session came. */
static void write_phases(struct probe_page *page, const struct sp_result *result)
{
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        const struct sp_span *span = &result->evidence->spans[i];
        begin(page, result);
        sp_exposition_label(&page->page, "phase", sp_phase_info((enum sp_phase)i)->name);
        sp_exposition_seconds(&page->page, span->start_ns < 0 ? 0 : span->ns);
    }
}

static void write_reason(struct probe_page *page, const struct sp_result *result)
{
    bool fine = sp_exposition_succeeded(result);
    begin(page, result);
    sp_exposition_label(&page->page, "stage",
                        sp_phase_info(fine ? SP_PHASE_DONE : result->phase)->name);
    sp_exposition_label(&page->page, "reason",
                        sp_reason_info(fine ? SP_REASON_OK : result->reason)->word);
    sp_exposition_integer(&page->page, 1);
}

static void write_state(struct probe_page *page, const struct sp_result *result)
{
    write_integer(page, result, (long long)result->state);
}

/* Two findings may share reason and state; a series must not stand twice. */
static bool is_repeated(const struct sp_result *result, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (result->findings[i].reason == result->findings[index].reason &&
            result->findings[i].state == result->findings[index].state)
            return true;
    return false;
}

static void write_findings(struct probe_page *page, const struct sp_result *result)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        if (is_repeated(result, i))
            continue;
        begin(page, result);
        sp_exposition_label(&page->page, "reason",
                            sp_reason_info(result->findings[i].reason)->word);
        sp_exposition_label(&page->page, "state", sp_state_name(result->findings[i].state));
        sp_exposition_integer(&page->page, 1);
    }
}

static void write_codes(struct probe_page *page, const struct sp_result *result)
{
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++) {
        const struct sp_reply *reply = sp_phase_reply(result->evidence, (enum sp_phase)i);
        if (reply == NULL)
            continue;
        begin(page, result);
        sp_exposition_label(&page->page, "stage", sp_phase_info((enum sp_phase)i)->name);
        sp_exposition_integer(&page->page, reply->code);
    }
}

static void write_offered(struct probe_page *page, const struct sp_result *result)
{
    if (result->evidence->plain.ok)
        write_integer(page, result, result->evidence->starttls_offered);
}

/* The keywords of IANA's registry and a few that everybody knows. Others are a server's text. */
static void write_capabilities(struct probe_page *page, const struct sp_result *result)
{
    static const char *const known[] = {
        "8BITMIME",   "ATRN",        "AUTH",          "BINARYMIME",
        "BURL",       "CHECKPOINT",  "CHUNKING",      "CONNEG",
        "CONPERM",    "DELIVERBY",   "DSN",           "ENHANCEDSTATUSCODES",
        "ETRN",       "EXPN",        "FUTURERELEASE", "HELP",
        "LIMITS",     "MT-PRIORITY", "MTRK",          "NO-SOLICITING",
        "PIPELINING", "REQUIRETLS",  "RRVS",          "SIZE",
        "SMTPUTF8",   "STARTTLS",    "SUBMITTER",     "VRFY",
        "XCLIENT",    "XFORWARD"};
    const struct sp_ehlo *ehlo = sp_evidence_ehlo(result->evidence);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (sp_ehlo_find(ehlo, known[i]) == NULL)
            continue;
        begin(page, result);
        sp_exposition_label(&page->page, "capability", known[i]);
        sp_exposition_integer(&page->page, 1);
    }
}

static void write_size(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_ehlo *ehlo = sp_evidence_ehlo(result->evidence);
    if (ehlo->size_state != SP_SIZE_VALID)
        return;
    begin(page, result);
    sp_exposition_unsigned(&page->page, ehlo->size);
}

static void write_dates(struct probe_page *page, const struct sp_result *result, bool after)
{
    const struct sp_tls_facts *tls = &result->evidence->tls;
    for (size_t i = 0; i < tls->cert_count; i++) {
        char depth[24];
        if (!tls->certs[i].time_valid)
            continue;
        snprintf(depth, sizeof depth, "%zu", i);
        begin(page, result);
        sp_exposition_label(&page->page, "depth", depth);
        sp_exposition_integer(&page->page,
                              after ? tls->certs[i].not_after : tls->certs[i].not_before);
    }
}

static void write_not_after(struct probe_page *page, const struct sp_result *result)
{
    write_dates(page, result, true);
}

static void write_not_before(struct probe_page *page, const struct sp_result *result)
{
    write_dates(page, result, false);
}

static void write_verified(struct probe_page *page, const struct sp_result *result)
{
    if (result->evidence->verify.done)
        write_integer(page, result,
                      result->evidence->verify.trusted && result->evidence->tls.established);
}

static void write_name_match(struct probe_page *page, const struct sp_result *result)
{
    if (result->evidence->verify.name_tested)
        write_integer(page, result, result->evidence->verify.name_match);
}

/* All of the words, so that the number of series does not depend on the server. */
static void write_staple(struct probe_page *page, const struct sp_result *result)
{
    static const char *const words[] = {"none", "good", "revoked", "unknown", "invalid"};
    const struct sp_ocsp *ocsp = &result->evidence->ocsp;
    const char *status = ocsp->valid ? sp_ocsp_status_name(ocsp->status) : "invalid";
    const char *word = !ocsp->present ? "none" : status != NULL ? status : "invalid";
    if (!result->evidence->tls.ocsp_requested || result->evidence->tls.cert_count == 0)
        return;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        begin(page, result);
        sp_exposition_label(&page->page, "status", words[i]);
        sp_exposition_integer(&page->page, strcmp(words[i], word) == 0);
    }
}

static void write_pin_match(struct probe_page *page, const struct sp_result *result)
{
    if (result->endpoint->options->pins.count > 0)
        write_integer(page, result, result->evidence->pin.matched);
}

/* There whenever a login was asked for, so that an alert can tell "failed" from "not asked". */
static void write_auth(struct probe_page *page, const struct sp_result *result)
{
    const struct sp_auth *auth = &result->evidence->auth;
    if (auth->result != SP_AUTH_NONE || sp_auth_wanted(result->endpoint->options))
        write_integer(page, result, auth->result == SP_AUTH_OK);
}

static const struct family families[] = {
    {{"probe_success", SP_METRIC_GAUGE, NULL, "Whether the probe succeeded"}, write_success},
    {{"probe_duration_seconds", SP_METRIC_GAUGE, "seconds", "How long the probe took"},
     write_duration},
    {{"probe_timeout_seconds", SP_METRIC_GAUGE, "seconds",
      "How long the probe was allowed to take"},
     write_timeout},
    {{"probe_dns_lookup_time_seconds", SP_METRIC_GAUGE, "seconds",
      "How long the lookup of the name took"},
     write_lookup},
    {{"probe_ip_protocol", SP_METRIC_GAUGE, NULL, "IP version of the connection, 0 without one"},
     write_protocol},
    {{"probe_ip_addr_hash", SP_METRIC_GAUGE, NULL,
      "Hash of the IP address, to see when it changes"},
     write_address_hash},
    {{"probe_failed_due_to_regex", SP_METRIC_GAUGE, NULL,
      "Whether the banner did not match the pattern"},
     write_regex},
    {{"probe_ssl_earliest_cert_expiry", SP_METRIC_GAUGE, NULL,
      "Earliest end of a certificate that was sent, Unix time"},
     write_earliest},
    {{"probe_ssl_last_chain_expiry_timestamp_seconds", SP_METRIC_GAUGE, "seconds",
      "End of the validated chain, Unix time"},
     write_chain_expiry},
    {{"probe_ssl_last_chain", SP_METRIC_INFO, NULL,
      "Digest and serial number of the server's own certificate"},
     write_leaf},
    {{"probe_tls_version", SP_METRIC_INFO, NULL, "TLS version of the session"}, write_version},
    {{"probe_tls_cipher", SP_METRIC_INFO, NULL, "Cipher suite of the session"}, write_cipher},
    {{"probe_smtp_phase_duration_seconds", SP_METRIC_GAUGE, "seconds",
      "How long each phase took, 0 when not tried"},
     write_phases},
    {{"probe_smtp_failure_reason", SP_METRIC_GAUGE, NULL,
      "Why the probe failed and in which stage, or ok"},
     write_reason},
    {{"probe_smtp_state", SP_METRIC_GAUGE, NULL, "Verdict: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN"},
     write_state},
    {{"probe_smtp_finding", SP_METRIC_GAUGE, NULL, "One for each reason found and its state"},
     write_findings},
    {{"probe_smtp_reply_code", SP_METRIC_GAUGE, NULL, "Code of the last reply in each stage"},
     write_codes},
    {{"probe_smtp_starttls_offered", SP_METRIC_GAUGE, NULL,
      "Whether EHLO listed STARTTLS before TLS"},
     write_offered},
    {{"probe_smtp_capability", SP_METRIC_GAUGE, NULL,
      "One for each well-known keyword that EHLO listed"},
     write_capabilities},
    {{"probe_smtp_max_message_size_bytes", SP_METRIC_GAUGE, "bytes",
      "Limit that SIZE names, 0 for no fixed limit"},
     write_size},
    {{"probe_smtp_certificate_not_after_timestamp_seconds", SP_METRIC_GAUGE, "seconds",
      "End of each certificate, Unix time"},
     write_not_after},
    {{"probe_smtp_certificate_not_before_timestamp_seconds", SP_METRIC_GAUGE, "seconds",
      "Begin of each certificate, Unix time"},
     write_not_before},
    {{"probe_smtp_certificate_verified", SP_METRIC_GAUGE, NULL,
      "Whether a valid chain leads to a trusted root"},
     write_verified},
    {{"probe_smtp_certificate_name_match", SP_METRIC_GAUGE, NULL,
      "Whether the certificate is for the name asked for"},
     write_name_match},
    {{"probe_smtp_certificate_pin_match", SP_METRIC_GAUGE, NULL,
      "Whether the server showed a pinned certificate or key"},
     write_pin_match},
    {{"probe_smtp_ocsp_staple", SP_METRIC_GAUGE, NULL,
      "What the stapled OCSP answer says, one for the status that holds"},
     write_staple},
    {{"probe_smtp_auth_success", SP_METRIC_GAUGE, NULL, "Whether the login succeeded"}, write_auth},
};

/* False: out of memory. Without several results nothing has to be told apart. */
static bool find_marks(struct probe_page *page, const struct sp_report *report,
                       enum sp_unique **out_marks)
{
    page->several = report->count > 1;
    *out_marks = page->several ? sp_unique_marks(report, SP_UNIQUE_INPUT) : NULL;
    return !page->several || *out_marks != NULL;
}

void sp_exposition_write_report(struct sp_writer *writer, enum sp_exposition format,
                                const struct sp_report *report)
{
    struct probe_page page = {.mark = SP_UNIQUE_NAME};
    enum sp_unique *marks;
    if (!find_marks(&page, report, &marks)) {
        sp_writer_fail(writer, ENOMEM);
        return;
    }
    sp_exposition_begin(&page.page, writer, format);
    /* A family must stand together, so endpoints are the inner loop. */
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        sp_exposition_family(&page.page, &families[f].metric);
        for (size_t i = 0; i < report->count; i++) {
            if (marks != NULL)
                page.mark = marks[i];
            /* The same target at the same address again: its first result stands for it. */
            if (page.mark != SP_UNIQUE_NOT)
                families[f].write(&page, &report->results[i]);
        }
    }
    sp_exposition_end(&page.page);
    free(marks);
}
