/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/tls_explain.h"

#include "probe/tls_names.h"
#include "probe/tls_plain.h"

#include <wolfssl/options.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define ALERT_CLOSE_NOTIFY 0
#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_BAD_CERTIFICATE 42
#define ALERT_ILLEGAL_PARAMETER 47
#define ALERT_ACCESS_DENIED 49
#define ALERT_DECODE_ERROR 50
#define ALERT_DECRYPT_ERROR 51
#define ALERT_PROTOCOL_VERSION 70
#define ALERT_INSUFFICIENT_SECURITY 71
#define ALERT_UNRECOGNIZED_NAME 112
#define ALERT_CERTIFICATE_REQUIRED 116
#define ALERT_NO_APPLICATION_PROTOCOL 120
#define LIBRARY_CERTS_MAX 9u /* wolfSSL's MAX_CHAIN_DEPTH */
#define LIBRARY_RSA_MAX 4096u

/* Errors whose cause needs nothing but the code. */
static const struct {
    int code;
    enum sp_reason reason;
    const char *detail;
} meanings[] = {
    {MATCH_SUITE_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server chose a cipher suite that we didn't offer"},
    {UNSUPPORTED_SUITE, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server chose a cipher suite that we didn't offer"},
    {KEY_SHARE_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server's key share doesn't match one that we offered"},
    {BAD_KEY_SHARE_DATA, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server's key share doesn't match one that we offered"},
    {UNSUPPORTED_EXTENSION, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a TLS extension that we didn't ask for"},
    {UNKNOWN_ALPN_PROTOCOL_NAME_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server chose an application protocol (ALPN) that we didn't offer"},
    {DUPLICATE_TLS_EXT_E, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent a TLS extension twice"},
    {EXT_NOT_ALLOWED, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a TLS extension where it is not allowed"},
    {EXT_MISSING, SP_REASON_TLS_PROTOCOL_ERROR, "a TLS extension that must be there is missing"},
    {INVALID_PARAMETER, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a value that TLS doesn't allow"},
    {OUT_OF_ORDER_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a handshake message out of order"},
    {SANITY_MSG_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a handshake message out of order"},
    {NO_CHANGE_CIPHER_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent Finished before ChangeCipherSpec"},
    {DUPLICATE_MSG_E, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent a handshake message twice"},
    {UNKNOWN_HANDSHAKE_TYPE, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a handshake message of an unknown type"},
    {UNKNOWN_RECORD_TYPE, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a TLS record of an unknown type"},
    {LENGTH_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a TLS record that is longer than the standard allows"},
    {BUFFER_ERROR, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent a malformed handshake message"},
    {BUFFER_E, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent a malformed handshake message"},
    {INCOMPLETE_DATA, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a malformed handshake message"},
    {PARSE_ERROR, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent a malformed handshake message"},
    {DECODE_E, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent a malformed handshake message"},
    {INVALID_CERT_CTX_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server sent a malformed handshake message"},
    {TLS13_SECRET_CB_E, SP_REASON_INTERNAL_ERROR, "a callback of our own failed"},
    {VERIFY_MAC_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "a record of the server failed its integrity check"},
    {DECRYPT_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "a record of the server failed its integrity check"},
    {AES_GCM_AUTH_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "a record of the server failed its integrity check"},
    {MAC_CMP_FAILED_E, SP_REASON_TLS_PROTOCOL_ERROR,
     "a record of the server failed its integrity check"},
    {VERIFY_FINISHED_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server's Finished message doesn't fit the handshake that we saw"},
    {NO_PEER_CERT, SP_REASON_TLS_PROTOCOL_ERROR, "the server sent no certificate"},
    {VERIFY_SIGN_ERROR, SP_REASON_TLS_HANDSHAKE_FAILED,
     "the server couldn't prove that it holds the private key of its certificate"},
    {SIG_VERIFY_E, SP_REASON_TLS_HANDSHAKE_FAILED,
     "the server couldn't prove that it holds the private key of its certificate"},
    {VERIFY_CERT_ERROR, SP_REASON_TLS_HANDSHAKE_FAILED,
     "the server couldn't prove that it holds the private key of its certificate"},
    {DH_KEY_SIZE_E, SP_REASON_TLS_HANDSHAKE_FAILED,
     "the server's Diffie-Hellman group has less than the 1024 bits that we insist on"},
    {RSA_KEY_SIZE_E, SP_REASON_TLS_HANDSHAKE_FAILED,
     "the RSA key of the server's certificate is smaller than our TLS library accepts"},
    {ECC_KEY_SIZE_E, SP_REASON_TLS_HANDSHAKE_FAILED,
     "the elliptic curve key of the server's certificate is smaller than our TLS library accepts"},
    {ECC_CURVE_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server chose a group that our TLS library doesn't know"},
    {ECC_CURVETYPE_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server chose a group that our TLS library doesn't know"},
    {ECC_PEERKEY_ERROR, SP_REASON_TLS_PROTOCOL_ERROR,
     "the server's key share is not a valid key of its group"},
    {PEER_KEY_ERROR, SP_REASON_TLS_HANDSHAKE_FAILED,
     "our TLS library can't use the public key of the server's certificate"},
    {MEMORY_E, SP_REASON_INTERNAL_ERROR, "out of memory in a TLS handshake"},
    {MEMORY_ERROR, SP_REASON_INTERNAL_ERROR, "out of memory in a TLS handshake"},
    {MP_MEM, SP_REASON_INTERNAL_ERROR, "out of memory in a TLS handshake"},
};

__attribute__((format(printf, 4, 5))) static struct sp_tls_failure fail(struct sp_arena *arena,
                                                                        enum sp_reason reason,
                                                                        const char *fallback,
                                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *detail = sp_arena_vprintf(arena, format, args);
    va_end(args);
    return (struct sp_tls_failure){reason, detail ? detail : fallback};
}

/* "TLSv1.2 to TLSv1.3", or the only one. */
static const char *describe_offer(struct sp_arena *arena, const struct sp_tls_fault *fault)
{
    const char *min = sp_tls_version_text(fault->version_min);
    const char *max = sp_tls_version_text(fault->version_max);
    if (fault->version_min == fault->version_max)
        return max;
    const char *range = sp_arena_printf(arena, "%s to %s", min, max);
    return range ? range : max;
}

/* Our side said no to the server's version. */
static struct sp_tls_failure explain_version(struct sp_arena *arena,
                                             const struct sp_tls_facts *facts,
                                             const struct sp_tls_fault *fault)
{
    const char *chosen = facts->version_text ? facts->version_text : "a version that we don't know";
    const char *text = sp_tls_version_text(facts->version);
    if (facts->version >= SP_TLS_1_1 && facts->version < fault->version_min)
        return fail(
            arena, SP_REASON_TLS_VERSION_UNSUPPORTED,
            "we refused the server's TLS version: it is older than --tls-min",
            "we refused: the server chose %s and we offered %s; --tls-min %s would allow it "
            "[%d]",
            chosen, describe_offer(arena, fault), text + strlen("TLSv"), fault->code);
    if (facts->version != 0 && facts->version < SP_TLS_1_1)
        return fail(arena, SP_REASON_TLS_VERSION_UNSUPPORTED,
                    "we refused the server's TLS version: our TLS library doesn't speak it",
                    "we refused: the server chose %s and we offered %s; our TLS library (wolfSSL) "
                    "doesn't speak anything older than TLSv1.1 [%d]",
                    chosen, describe_offer(arena, fault), fault->code);
    return fail(arena, SP_REASON_TLS_VERSION_UNSUPPORTED,
                "we refused the server's TLS version: it is not one that we offered",
                "we refused: the server chose %s and we offered %s [%d]", chosen,
                describe_offer(arena, fault), fault->code);
}

/* The server's alerts that a certificate of ours, or none, brings about; RFC 8446 §6.2. */
static bool is_about_client_certificate(const struct sp_tls_facts *facts, int alert)
{
    /* TLS 1.2 has no alert of its own for a missing one: a server that asked for a certificate and got
     * an empty list answers handshake_failure (RFC 5246 §7.4.6), some say bad_certificate. */
    if (alert == ALERT_CERTIFICATE_REQUIRED)
        return true;
    if (!facts->client_certificate_requested)
        return false;
    if (alert == ALERT_HANDSHAKE_FAILURE)
        return true;
    /* GnuTLS says of an empty list in TLS 1.2 that it can't be decoded. */
    if (alert == ALERT_DECODE_ERROR)
        return !facts->client_certificate_sent;
    return alert >= ALERT_BAD_CERTIFICATE && alert != ALERT_ILLEGAL_PARAMETER &&
           alert <= (facts->client_certificate_sent ? ALERT_DECRYPT_ERROR : ALERT_ACCESS_DENIED);
}

static struct sp_tls_failure explain_client_certificate(struct sp_arena *arena,
                                                        const struct sp_tls_facts *facts,
                                                        const struct sp_tls_fault *fault,
                                                        const char *text)
{
    if (facts->client_certificate_sent)
        return fail(arena, SP_REASON_TLS_CLIENT_CERTIFICATE_REQUIRED,
                    "the server refused our client certificate",
                    "the server refused our client certificate with the alert %s (%d)", text,
                    facts->alert);
    if (fault->identity)
        return fail(
            arena, SP_REASON_TLS_CLIENT_CERTIFICATE_REQUIRED,
            "the server wants a client certificate and got none",
            "the server wants a client certificate and did not ask for ours in a way that it "
            "could be sent (alert %s, %d)",
            text, facts->alert);
    return fail(arena, SP_REASON_TLS_CLIENT_CERTIFICATE_REQUIRED,
                "the server wants a client certificate and we have none",
                "the server wants a client certificate and we have none (alert %s, %d)", text,
                facts->alert);
}

static struct sp_tls_failure explain_alert(struct sp_arena *arena, const struct sp_tls_facts *facts,
                                           const struct sp_tls_fault *fault)
{
    int alert = facts->alert;
    const char *text = facts->alert_text ? facts->alert_text : "unknown alert";
    if (alert == ALERT_PROTOCOL_VERSION)
        return fail(arena, SP_REASON_TLS_VERSION_UNSUPPORTED, "the server refused our TLS versions",
                    "the server refused our TLS versions (%s) with the alert %s (%d)",
                    describe_offer(arena, fault), text, alert);
    if (is_about_client_certificate(facts, alert))
        return explain_client_certificate(arena, facts, fault, text);
    if (alert == ALERT_CLOSE_NOTIFY)
        return fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED, "the server ended the TLS handshake",
                    "the server ended the TLS handshake with %s", text);
    if (alert == ALERT_UNRECOGNIZED_NAME && facts->sni)
        return fail(arena, SP_REASON_TLS_ALERT, "the server refused the name in SNI",
                    "the server refused the name %s (SNI) with the alert %s (%d)", facts->sni, text,
                    alert);
    if (alert == ALERT_NO_APPLICATION_PROTOCOL)
        return fail(arena, SP_REASON_TLS_ALERT, "the server refused our application protocols",
                    "the server refused the application protocols of --alpn with the alert %s (%d)",
                    text, alert);
    if (!facts->hello_seen &&
        (alert == ALERT_HANDSHAKE_FAILURE || alert == ALERT_INSUFFICIENT_SECURITY))
        return fail(
            arena, SP_REASON_TLS_ALERT, "the server refused our offer",
            "the server refused our offer (%s) with the alert %s (%d), most likely because it takes none "
            "of our cipher suites or groups",
            describe_offer(arena, fault), text, alert);
    return fail(arena, SP_REASON_TLS_ALERT, "the server sent a TLS alert",
                "the server ended %s with the alert %s (%d)",
                fault->handshake ? "the TLS handshake" : "the TLS session", text, alert);
}

static struct sp_tls_failure explain_eof(const struct sp_tls_fault *fault)
{
    if (!fault->handshake)
        return (struct sp_tls_failure){
            SP_REASON_CONNECTION_CLOSED,
            "the server closed the connection without ending the TLS session (no close_notify)"};
    if (fault->silent)
        return (struct sp_tls_failure){
            SP_REASON_TLS_HANDSHAKE_FAILED,
            "the server closed the connection during the handshake, right after our ClientHello"};
    return (struct sp_tls_failure){SP_REASON_TLS_HANDSHAKE_FAILED,
                                   "the server closed the connection during the handshake"};
}

/* What the server chose by name, where our side says no to it. */
static struct sp_tls_failure explain_suite(struct sp_arena *arena, const struct sp_tls_facts *facts,
                                           const struct sp_tls_fault *fault)
{
    return fail(arena, SP_REASON_TLS_PROTOCOL_ERROR,
                "we refused: the server chose a cipher suite that we didn't offer",
                "we refused: the server chose the cipher suite %s (0x%04x), which we didn't offer "
                "[%d]",
                facts->cipher ? facts->cipher : "without a known name", facts->suite, fault->code);
}

/* --- what is our library's ------------------------------------------------------------------------- */

/* wolfSSL takes its randomness from /dev/urandom, opened anew for every session. */
static bool is_resource_error(const struct sp_tls_fault *fault)
{
    return fault->code == OPEN_RAN_E || fault->code == READ_RAN_E || fault->code == RNG_FAILURE_E ||
           fault->code == RAN_BLOCK_E || fault->saved_errno == EMFILE ||
           fault->saved_errno == ENFILE;
}

/* Errors while wolfSSL reads a certificate; some happen before it has shown any certificate to us. */
static bool is_certificate_error(int code)
{
    return (code <= ASN_PARSE_E && code >= ASN_CRIT_EXT_E) || code == ASN_NO_PEM_HEADER ||
           code == ASN_PATHLEN_SIZE_E || code == ASN_PATHLEN_INV_E || code == ASN_COUNTRY_SIZE_E ||
           code == ASN_NO_SKID || code == ASN_NO_AKID || code == ASN_NO_KEYUSAGE;
}

/* A server that asks for a certificate says which signatures it takes; where our key can't make one, an
 * empty list would be the answer (RFC 8446 §4.4.2), and this library gives up instead. In TLS 1.3 it
 * doesn't show that it was asked. */
static bool is_signature_limit(const struct sp_tls_facts *facts, const struct sp_tls_fault *fault)
{
    return fault->handshake && fault->identity && fault->code == INVALID_PARAMETER &&
           !facts->client_certificate_sent &&
           (facts->version == SP_TLS_1_3 ? facts->cert_count == 0
                                         : facts->client_certificate_requested);
}

/* What a server may rightly send and this library can't take. False: none of these. */
static bool explain_library_limit(struct sp_arena *arena, const struct sp_tls_facts *facts,
                                  const struct sp_tls_fault *fault, struct sp_tls_failure *out)
{
    bool many = facts->certs_cut || facts->cert_count >= LIBRARY_CERTS_MAX;
    if (fault->code == MAX_CHAIN_ERROR ||
        (many && (fault->code == HANDSHAKE_SIZE_ERROR || fault->code == DECODE_E))) {
        *out = fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED,
                    "the server sends more certificates than our TLS library accepts",
                    "the server sends more than %u certificates: a limit of our TLS library "
                    "(wolfSSL), not a mistake in TLS [%d]",
                    LIBRARY_CERTS_MAX, fault->code);
        return true;
    }
    if (fault->code == HANDSHAKE_SIZE_ERROR) {
        *out = fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED,
                    "a handshake message of the server is larger than our TLS library accepts",
                    "a handshake message of the server, most likely its certificates, is larger "
                    "than our TLS library (wolfSSL) accepts, about 18 kB [%d]",
                    fault->code);
        return true;
    }
    if (facts->cert_count > 0 && facts->certs[0].parsed && facts->certs[0].key_type == SP_KEY_RSA &&
        facts->certs[0].key_bits_count > LIBRARY_RSA_MAX) {
        *out = fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED,
                    "the server's RSA key is larger than our TLS library can use",
                    "the server's certificate has an RSA key of %u bits; our TLS library "
                    "(wolfSSL) can't use more than %u [%d]",
                    facts->certs[0].key_bits_count, LIBRARY_RSA_MAX, fault->code);
        return true;
    }
    if (facts->cert_count > 0 && facts->certs[0].parsed && facts->certs[0].key_pss &&
        (fault->code == ALGO_ID_E || fault->code == INVALID_PARAMETER)) {
        *out = fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED,
                    "the server's key is for RSA-PSS alone, which our TLS library can't use",
                    "the server's certificate has a key for RSA-PSS signatures alone; our TLS "
                    "library (wolfSSL) can't use such a key [%d]",
                    fault->code);
        return true;
    }
    if (is_signature_limit(facts, fault)) {
        *out = fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED,
                    "the server most likely takes no client certificate with a key such as ours",
                    "the server most likely asks for a client certificate with another kind of "
                    "key than that of --key; our TLS library (wolfSSL) gives up there [%d]",
                    fault->code);
        return true;
    }
    return false;
}

static struct sp_tls_failure explain_certificate(struct sp_arena *arena,
                                                 const struct sp_tls_facts *facts,
                                                 const struct sp_tls_fault *fault)
{
    const char *seen = facts->cert_count > 0 ? ""
                       : facts->version == SP_TLS_1_3
                           ? "; in TLS 1.3 it shows a certificate only after reading it, so there "
                             "are no facts about it"
                           : "";
    if (fault->code == ASN_CRIT_EXT_E)
        return fail(arena, SP_REASON_CERTIFICATE_INVALID,
                    "the server's certificate has a critical extension unknown to our TLS library",
                    "the server's certificate has a critical extension that our TLS library "
                    "(wolfSSL) doesn't know, and it ends the handshake there%s [%d]",
                    seen, fault->code);
    return fail(
        arena, SP_REASON_CERTIFICATE_INVALID, "our TLS library can't read the server's certificate",
        "our TLS library (wolfSSL) can't read the server's certificate and ends the "
        "handshake there: %s%s [%d]",
        wolfSSL_ERR_reason_error_string((unsigned long)(long)fault->code), seen, fault->code);
}

struct sp_tls_failure sp_tls_explain(struct sp_arena *arena, const struct sp_tls_facts *facts,
                                     const struct sp_tls_fault *fault)
{
    struct sp_tls_failure limit;
    if (fault->output_full)
        return (struct sp_tls_failure){SP_REASON_INTERNAL_ERROR,
                                       "our buffer for outgoing TLS records is full"};
    /* Inside the library a failed allocation can end as any error, "can't parse" for one. */
    if (fault->saved_errno == ENOMEM)
        return (struct sp_tls_failure){SP_REASON_INTERNAL_ERROR, "out of memory in TLS"};
    if (is_resource_error(fault))
        return (struct sp_tls_failure){
            SP_REASON_LOCAL_RESOURCE_EXHAUSTED,
            "no random numbers for TLS: /dev/urandom couldn't be opened, most likely because this "
            "process has too many open files"};
    if (fault->fatal_alert ||
        (fault->code == WOLFSSL_ERROR_ZERO_RETURN && facts->alert == ALERT_CLOSE_NOTIFY))
        return explain_alert(arena, facts, fault);
    if (fault->eof)
        return explain_eof(fault);
    if (fault->handshake && fault->code == VERSION_ERROR)
        return explain_version(arena, facts, fault);
    if (fault->handshake && facts->hello_seen &&
        (fault->code == MATCH_SUITE_ERROR || fault->code == UNSUPPORTED_SUITE))
        return explain_suite(arena, facts, fault);
    if (facts->ocsp_broke_handshake)
        return fail(arena, SP_REASON_TLS_HANDSHAKE_FAILED,
                    "our TLS library ended the handshake over the server's OCSP staple",
                    "our TLS library (wolfSSL) ended the handshake over the server's OCSP staple; "
                    "--ocsp off avoids that [%d]",
                    fault->code);
    if (fault->handshake && explain_library_limit(arena, facts, fault, &limit))
        return limit;
    if (fault->handshake && is_certificate_error(fault->code))
        return explain_certificate(arena, facts, fault);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == fault->code)
            return fail(arena, meanings[i].reason, meanings[i].detail, "%s [%d]",
                        meanings[i].detail, fault->code);
    return fail(arena,
                fault->handshake ? SP_REASON_TLS_HANDSHAKE_FAILED : SP_REASON_TLS_PROTOCOL_ERROR,
                "our TLS library gave up", "our TLS library (wolfSSL) gave up %s: %s [%d]",
                fault->handshake ? "the handshake" : "the session",
                wolfSSL_ERR_reason_error_string((unsigned long)(long)fault->code), fault->code);
}
