/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DER reader by tables, and the facts of certificates held against what OpenSSL says of them. */
#include "mint.h"

#include "probe/cert.h"
#include "probe/der.h"
#include "probe/dn.h"
#include "probe/pem.h"

#include <openssl/x509v3.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OCTETS(text)                              \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

/* --- DER ---------------------------------------------------------------------------------------- */

static const struct value_row {
    struct sp_slice der;
    bool good;
    size_t content_len, whole_len;
} value_rows[] = {
    {OCTETS("\x05\x00"), true, 0, 2},
    {OCTETS("\x04\x01x"), true, 1, 3},
    {OCTETS("\x04\x01xrest"), true, 1, 3},
    {OCTETS(""), false, 0, 0},
    {OCTETS("\x04"), false, 0, 0},
    {OCTETS("\x04\x02x"), false, 0, 0},
    /* Not the shortest length. */
    {OCTETS("\x04\x81\x01x"), false, 0, 0},
    {OCTETS("\x04\x82\x00\x01x"), false, 0, 0},
    {OCTETS("\x04\x84\x00\x00\x00\x01x"), false, 0, 0},
    /* The indefinite length, and lengths longer than what is there. */
    {OCTETS("\x30\x80\x00\x00"), false, 0, 0},
    {OCTETS("\x04\x81"), false, 0, 0},
    {OCTETS("\x04\x82\x01"), false, 0, 0},
    {OCTETS("\x04\x84\xff\xff\xff\xff"), false, 0, 0},
    {OCTETS("\x04\x84\x7f\xff\xff\xff"), false, 0, 0},
    {OCTETS("\x04\x85\x01\x00\x00\x00\x00"), false, 0, 0},
    {OCTETS("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"), false, 0, 0},
    {OCTETS("\x04\xff\x01"), false, 0, 0},
    /* Tags of more than one octet. */
    {OCTETS("\x1f\x20\x00"), false, 0, 0},
    {OCTETS("\xbf\x20\x00"), false, 0, 0},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof value_rows / sizeof value_rows[0]; i++) {
        const struct value_row *row = &value_rows[i];
        struct sp_der der;
        struct sp_der_value value;
        sp_der_init(&der, row->der);
        bool good = sp_der_read(&der, &value);
        if (good != row->good || (good && (value.content.len != row->content_len ||
                                           value.whole.len != row->whole_len))) {
            fail_msg("row %zu is read wrongly", i);
        }
        assert_ptr_equal(row->der.data + (good ? row->whole_len : 0), der.at);
    }
}

static void test_depth(void **state)
{
    (void)state;
    uint8_t nested[2 * 60];
    struct sp_der der;
    unsigned depth = 0;
    for (size_t i = 0; i < sizeof nested / 2; i++) {
        nested[2 * i] = 0x30;
        nested[2 * i + 1] = (uint8_t)(sizeof nested - 2 * (i + 1));
    }
    sp_der_init(&der, (struct sp_slice){nested, sizeof nested});
    for (struct sp_der inner; sp_der_enter(&der, SP_DER_SEQUENCE, &inner); der = inner) {
        depth++;
    }
    assert_int_equal(SP_LIMIT_DER_DEPTH, depth);
}

static const struct time_row {
    unsigned tag;
    const char *text;
    bool good;
    int64_t seconds;
} time_rows[] = {
    {SP_DER_UTC_TIME, "700101000000Z", true, 0},
    {SP_DER_UTC_TIME, "691231235959Z", true, -1},
    {SP_DER_UTC_TIME, "500101000000Z", true, -631152000},
    {SP_DER_UTC_TIME, "491231235959Z", true, 2524607999},
    {SP_DER_UTC_TIME, "000229120000Z", true, 951825600},
    {SP_DER_UTC_TIME, "380119031408Z", true, 2147483648},
    {SP_DER_GENERALIZED_TIME, "20260901120000Z", true, MINT_NOW},
    {SP_DER_GENERALIZED_TIME, "19700101000000Z", true, 0},
    {SP_DER_GENERALIZED_TIME, "99991231235959Z", true, 253402300799},
    {SP_DER_GENERALIZED_TIME, "00000101000000Z", true, -62167219200},
    {SP_DER_GENERALIZED_TIME, "00010101000000Z", true, -62135596800},
    {SP_DER_GENERALIZED_TIME, "20000229000000Z", true, 951782400},
    {SP_DER_GENERALIZED_TIME, "24000229000000Z", true, 13574563200},
    {SP_DER_GENERALIZED_TIME, "19000229000000Z", false, 0},
    {SP_DER_GENERALIZED_TIME, "21000229000000Z", false, 0},
    {SP_DER_UTC_TIME, "230229000000Z", false, 0},
    {SP_DER_UTC_TIME, "230431000000Z", false, 0},
    {SP_DER_UTC_TIME, "230001000000Z", false, 0},
    {SP_DER_UTC_TIME, "231301000000Z", false, 0},
    {SP_DER_UTC_TIME, "230100000000Z", false, 0},
    {SP_DER_UTC_TIME, "230101240000Z", false, 0},
    {SP_DER_UTC_TIME, "230101006000Z", false, 0},
    {SP_DER_UTC_TIME, "230101000060Z", false, 0},
    {SP_DER_UTC_TIME, "2301010000Z", false, 0},
    {SP_DER_UTC_TIME, "230101000000", false, 0},
    {SP_DER_UTC_TIME, "230101000000z", false, 0},
    {SP_DER_UTC_TIME, "23010100000+0", false, 0},
    {SP_DER_UTC_TIME, "230101000000+0100", false, 0},
    {SP_DER_UTC_TIME, "20260901120000Z", false, 0},
    {SP_DER_UTC_TIME, "-30101000000Z", false, 0},
    {SP_DER_UTC_TIME, " 30101000000Z", false, 0},
    {SP_DER_UTC_TIME, "", false, 0},
    {SP_DER_GENERALIZED_TIME, "260901120000Z", false, 0},
    {SP_DER_GENERALIZED_TIME, "20260901120000.5Z", false, 0},
    {SP_DER_PRINTABLE_STRING, "20260901120000Z", false, 0},
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof time_rows / sizeof time_rows[0]; i++) {
        const struct time_row *row = &time_rows[i];
        struct sp_slice text = {(const uint8_t *)row->text, strlen(row->text)};
        int64_t seconds = 0;
        bool good = sp_der_time(row->tag, text, &seconds);
        if (good != row->good || (good && seconds != row->seconds)) {
            fail_msg("%s: %d, %" PRId64, row->text, good, seconds);
        }
    }
}

static const struct {
    struct sp_slice oid;
    const char *text;
} oid_rows[] = {
    {OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), "1.2.840.113549.1.1.11"},
    {OCTETS("\x55\x1d\x11"), "2.5.29.17"},
    {OCTETS("\x00"), "0.0"},
    {OCTETS("\x27"), "0.39"},
    {OCTETS("\x28"), "1.0"},
    {OCTETS("\x88\x37"), "2.999"},
    {OCTETS(""), "..."},
    {OCTETS("\x55\x9d"), "2.5..."},
    {OCTETS("\x55\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "2.5..."},
    {OCTETS("\x2a\x86\x48\x86\xf7\x0d\x86\xf7\x0d\x86\xf7\x0d\x86\xf7\x0d"),
     "1.2.840.113549.113549.113549..."},
};

static void test_oids(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof oid_rows / sizeof oid_rows[0]; i++) {
        char text[36];
        sp_der_oid_text(oid_rows[i].oid, text, sizeof text);
        assert_string_equal(oid_rows[i].text, text);
    }
}

/* --- names -------------------------------------------------------------------------------------- */

/* A Name of one attribute, CN, with this kind of string and value. */
static struct sp_slice make_name(uint8_t *out, uint8_t tag, struct sp_slice value)
{
    const uint8_t len = (uint8_t)value.len;
    const uint8_t head[] = {0x30, (uint8_t)(len + 11),
                            0x31, (uint8_t)(len + 9),
                            0x30, (uint8_t)(len + 7),
                            0x06, 3,
                            0x55, 0x04,
                            0x03, tag,
                            len};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, value.data, value.len);
    return (struct sp_slice){out, sizeof head + value.len};
}

static const struct text_row {
    uint8_t tag;
    struct sp_slice value;
    const char *text, *common_name;
} text_rows[] = {
    {0x13, OCTETS("mx.example.org"), "CN=mx.example.org", "mx.example.org"},
    {0x0c, OCTETS("K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x93\xa7"),
     "CN=K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x93\xa7", "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x93\xa7"},
    {0x14, OCTETS("K\xf6ln"), "CN=K\xc3\xb6ln", "K\xc3\xb6ln"},
    {0x1e, OCTETS("\0K\0\xf6\x20\xac"), "CN=K\xc3\xb6\xe2\x82\xac", "K\xc3\xb6\xe2\x82\xac"},
    {0x1c, OCTETS("\0\1\xf4\xe7"), "CN=\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
    {0x13, OCTETS("a,b+c\"d\\e<f>g;h=i"), "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=i",
     "a,b+c\"d\\e<f>g;h=i"},
    {0x13, OCTETS(" #a# "), "CN=\\ #a#\\ ", " #a# "},
    {0x13, OCTETS("#a"), "CN=\\#a", "#a"},
    {0x0c, OCTETS("a\0b\x1b[31m\r\n\x7f"), "CN=a\\00b\\1B[31m\\0D\\0A\\7F",
     "a\\00b\\1B[31m\\0D\\0A\\7F"},
    {0x0c,
     OCTETS("\xe2\x80\xae"
            "gro\xc2\x85\xef\xbb\xbf"),
     "CN=\\E2\\80\\AEgro\\C2\\85\\EF\\BB\\BF", "\\E2\\80\\AEgro\\C2\\85\\EF\\BB\\BF"},
    /* Octets that are no character of that string: not UTF-8, overlong, a surrogate, too few. */
    {0x0c, OCTETS("a\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3"),
     "CN=a\\FF\\C0\\AF\\ED\\A0\\80\\F4\\90\\80\\80\\C3",
     "a\\FF\\C0\\AF\\ED\\A0\\80\\F4\\90\\80\\80\\C3"},
    {0x13, OCTETS("\x80z"), "CN=\\80z", "\\80z"},
    {0x1e, OCTETS("\xd8\x00\0a\0"), "CN=\\D8\\00a\\00", "\\D8\\00a\\00"},
    {0x1e, OCTETS("\xff\xff"), "CN=\\EF\\BF\\BF", "\\EF\\BF\\BF"},
    {0x0c, OCTETS(""), "CN=", ""},
    {0x04, OCTETS("\x01\xab"), "CN=#040201AB", NULL},
};

static void test_name_texts(void **state)
{
    (void)state;
    struct sp_arena *arena = sp_arena_new(65536);
    for (size_t i = 0; i < sizeof text_rows / sizeof text_rows[0]; i++) {
        uint8_t der[256];
        const char *common_name;
        struct sp_slice name = make_name(der, text_rows[i].tag, text_rows[i].value);
        assert_true(sp_dn_valid(name));
        assert_string_equal(text_rows[i].text, sp_dn_text(arena, name));
        assert_true(sp_dn_common_name(arena, name, &common_name));
        if (text_rows[i].common_name == NULL) {
            assert_null(common_name);
        } else {
            assert_string_equal(text_rows[i].common_name, common_name);
        }
    }
    sp_arena_free(arena);
}

static const struct {
    uint8_t tag_a;
    struct sp_slice a;
    uint8_t tag_b;
    struct sp_slice b;
    bool equal;
} equal_rows[] = {
    {0x13, OCTETS("Example"), 0x13, OCTETS("Example"), true},
    {0x13, OCTETS("Example"), 0x0c, OCTETS("eXAMPLE"), true},
    {0x13, OCTETS(" Example  CA "), 0x0c, OCTETS("example ca"), true},
    {0x1e, OCTETS("\0A\0b"), 0x13, OCTETS("aB"), true},
    {0x14, OCTETS("K\xf6ln"), 0x0c, OCTETS("k\xc3\xb6ln"), true},
    {0x14, OCTETS("\xe4"), 0x0c, OCTETS("\xc3\xa4"), true},
    {0x13, OCTETS("Example CA"), 0x13, OCTETS("ExampleCA"), false},
    {0x13, OCTETS("Example"), 0x13, OCTETS("Example2"), false},
    {0x13, OCTETS("Example"), 0x13, OCTETS(""), false},
    {0x13, OCTETS(" "), 0x13, OCTETS(""), true},
    /* What is no text is compared by octets. */
    {0x0c, OCTETS("A\xff"), 0x0c, OCTETS("a\xff"), false},
    {0x0c, OCTETS("A\xff"), 0x0c, OCTETS("A\xff"), true},
    {0x04, OCTETS("A"), 0x13, OCTETS("A"), false},
    {0x0c, OCTETS("a\0b"), 0x0c, OCTETS("a"), false},
};

static void test_equal_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof equal_rows / sizeof equal_rows[0]; i++) {
        uint8_t der_a[256], der_b[256];
        struct sp_slice a = make_name(der_a, equal_rows[i].tag_a, equal_rows[i].a);
        struct sp_slice b = make_name(der_b, equal_rows[i].tag_b, equal_rows[i].b);
        if (sp_dn_equal(a, b) != equal_rows[i].equal || sp_dn_equal(b, a) != equal_rows[i].equal ||
            (equal_rows[i].equal && sp_dn_hash(a) != sp_dn_hash(b))) {
            fail_msg("row %zu", i);
        }
    }
}

/* --- facts -------------------------------------------------------------------------------------- */

#define MANY \
    "DNS:a.example.org,IP:2001:db8::1,email:a@example.org,URI:https://example.org/,RID:1.2.3"

/* clang-format off */
static const struct mint_row pki_rows[] = {
    {.name = "root", .subject = "C=DE,O=Example,CN=Example Root", .issuer = "root", .extensions = "basicConstraints=critical,CA:TRUE,pathlen:3\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"},
    {.name = "mx", .subject = "O=A\\B <c>,OU=x+y,CN=mx.example.org,emailAddress=a@example.org", .issuer = "root", .extensions = "keyUsage=digitalSignature,decipherOnly\nextendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=" MANY "\nauthorityKeyIdentifier=keyid\ntlsfeature=status_request\n"},
    {.name = "p384", .subject = "CN=p384", .issuer = "p384", .extensions = "subjectKeyIdentifier=hash\n", .key = MINT_P384, .digest = "sha384"},
    {.name = "p521", .subject = "CN=p521", .issuer = "p521", .extensions = "extendedKeyUsage=anyExtendedKeyUsage\n", .key = MINT_P521, .digest = "sha512"},
    {.name = "rsa", .subject = "CN=rsa", .issuer = "rsa", .key = MINT_RSA2048, .digest = "sha1"},
    {.name = "pss", .subject = "CN=pss", .issuer = "pss", .extensions = "nsComment=x\n", .key = MINT_RSA1024, .digest = "sha256", .flags = MINT_PSS_SIGNATURE},
    {.name = "ed25519", .subject = "CN=ed", .issuer = "ed25519", .key = MINT_ED25519, .from_day = -40000, .to_day = 2912000},
    {.name = "ed448", .subject = "CN=ed", .issuer = "ed448", .key = MINT_ED448, .extensions = "1.2.3.4.5=critical,ASN1:NULL\n2.5.29.99=critical,ASN1:NULL\n"},
    {.name = "weak", .subject = "CN=weak", .issuer = "weak", .key = MINT_P192, .digest = "sha224", .flags = MINT_LONG_SERIAL},
    {.name = "md5", .subject = "DC=example,DC=org,UID=7", .issuer = "rsa", .digest = "md5", .extensions = "basicConstraints=CA:FALSE\n"},
    {0},
};
/* clang-format on */

static const struct fact_row {
    const char *name, *key;
    enum sp_key_type key_type;
    enum sp_sig_alg sig_alg;
    enum sp_hash sig_hash;
    int version;
} fact_rows[] = {
    {"root", "EC P-256", SP_KEY_EC, SP_SIG_ECDSA_SHA256, SP_HASH_SHA256, 3},
    {"mx", "EC P-256", SP_KEY_EC, SP_SIG_ECDSA_SHA256, SP_HASH_SHA256, 3},
    {"p384", "EC P-384", SP_KEY_EC, SP_SIG_ECDSA_SHA384, SP_HASH_SHA384, 3},
    {"p521", "EC P-521", SP_KEY_EC, SP_SIG_ECDSA_SHA512, SP_HASH_SHA512, 3},
    {"rsa", "RSA 2048", SP_KEY_RSA, SP_SIG_RSA_SHA1, SP_HASH_SHA1, 1},
    {"pss", "RSA 1024", SP_KEY_RSA, SP_SIG_RSA_PSS, SP_HASH_SHA256, 3},
    {"ed25519", "Ed25519", SP_KEY_ED25519, SP_SIG_ED25519, SP_HASH_NONE, 1},
    {"ed448", "Ed448", SP_KEY_ED448, SP_SIG_ED448, SP_HASH_NONE, 3},
    {"weak", "EC P-192", SP_KEY_EC, SP_SIG_ECDSA_SHA224, SP_HASH_SHA224, 1},
    {"md5", "EC P-256", SP_KEY_EC, SP_SIG_RSA_MD5, SP_HASH_MD5, 3},
};

static struct mint_pki pki;
static struct sp_arena *facts;

static const struct sp_cert *parse(const char *name)
{
    const struct minted *minted = mint_find(&pki, name);
    struct sp_cert *cert = sp_arena_alloc(facts, sizeof *cert);
    assert_true(sp_cert_parse(facts, minted->der, minted->len, cert));
    return cert;
}

static void check_digest(const uint8_t *der, size_t len, const char *text)
{
    uint8_t digest[32];
    char wanted[65];
    assert_int_equal(1, EVP_Digest(der, len, digest, NULL, EVP_sha256(), NULL));
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)snprintf(wanted + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(wanted, text);
}

/* OpenSSL's RFC 2253 text of a name; it differs from ours in nothing but escaped UTF-8. */
static void check_name(X509_NAME *name, const char *text)
{
    char *wanted;
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    BIO_write(bio, "", 1);
    BIO_get_mem_data(bio, &wanted);
    assert_string_equal(wanted, text);
    BIO_free(bio);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    int days, seconds;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    assert_int_equal(1, ASN1_TIME_diff(&days, &seconds, epoch, time));
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

static void test_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fact_rows / sizeof fact_rows[0]; i++) {
        const struct fact_row *row = &fact_rows[i];
        const struct minted *minted = mint_find(&pki, row->name);
        const struct sp_cert *cert = parse(row->name);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(minted->x509);
        uint8_t *spki = NULL;
        assert_true(cert->parsed && cert->error == NULL && cert->time_valid);
        assert_int_equal(0, cert->flaw_count);
        assert_string_equal(row->key, cert->key_text);
        assert_int_equal(row->key_type, cert->key_type);
        assert_int_equal(row->sig_alg, cert->sig_alg);
        assert_int_equal(row->sig_hash, cert->sig_hash);
        assert_true(cert->sig_alg_match);
        assert_int_equal(row->version, cert->version);
        assert_string_equal(OBJ_nid2ln(X509_get_signature_nid(minted->x509)), cert->sig_text);
        check_name(X509_get_subject_name(minted->x509), cert->subject_text);
        check_name(X509_get_issuer_name(minted->x509), cert->issuer_text);
        assert_int_equal(strcmp(minted->row->issuer, row->name) == 0, cert->self_issued);
        assert_true(seconds_of(X509_get0_notBefore(minted->x509)) == cert->not_before);
        assert_true(seconds_of(X509_get0_notAfter(minted->x509)) == cert->not_after);
        assert_int_equal(ASN1_STRING_length(serial), cert->serial.len);
        assert_memory_equal(ASN1_STRING_get0_data(serial), cert->serial.data, cert->serial.len);
        check_digest(minted->der, minted->len, cert->sha256);
        int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(minted->x509), &spki);
        check_digest(spki, (size_t)len, cert->spki_sha256);
        OPENSSL_free(spki);
    }
}

static void test_extensions(void **state)
{
    (void)state;
    const struct sp_cert *root = parse("root"), *mx = parse("mx");
    assert_true(root->has_basic_constraints && root->is_ca && !mx->has_basic_constraints);
    assert_int_equal(3, root->path_len);
    assert_int_equal(-1, mx->path_len);
    assert_true(root->has_key_usage && mx->has_key_usage);
    assert_int_equal(SP_USAGE_KEY_CERT_SIGN | 1u << 6, root->key_usage);
    assert_int_equal(SP_USAGE_DIGITAL_SIGNATURE | 1u << 8, mx->key_usage);
    assert_true(mx->has_ext_key_usage && mx->eku_server_auth && !mx->eku_any);
    assert_true(parse("p521")->eku_any && !parse("p521")->eku_server_auth);
    assert_int_equal(20, root->ski.len);
    assert_true(sp_slice_equal(root->ski, mx->aki));
    assert_true(mx->must_staple && !root->must_staple);
    assert_true(mx->has_san && !mx->names_cut && !root->has_san);
    assert_string_equal("mx.example.org", mx->common_name);
    assert_null(parse("md5")->common_name);
    static const struct sp_cert_name names[] = {
        {SP_NAME_DNS, {"a.example.org", 13}},
        {SP_NAME_IP, {"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16}},
        {SP_NAME_EMAIL, {"a@example.org", 13}},
        {SP_NAME_URI, {"https://example.org/", 20}},
        {SP_NAME_OTHER, {"\x2a\x03", 2}},
    };
    assert_int_equal(5, mx->name_count);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(names[i].type, mx->names[i].type);
        assert_int_equal(names[i].value.len, mx->names[i].value.len);
        assert_memory_equal(names[i].value.data, mx->names[i].value.data, names[i].value.len);
    }
    assert_true(parse("ed448")->unknown_critical);
    assert_string_equal("1.2.3.4.5", parse("ed448")->unknown_critical_oid);
    assert_false(parse("pss")->unknown_critical);
}

/* --- broken and hostile ones -------------------------------------------------------------------- */

static const struct {
    const char *extensions, *flaw;
} flaw_rows[] = {
    {"2.5.29.15=DER:0500\n", "its keyUsage extension is malformed"},
    {"2.5.29.15=DER:030109\n", "its keyUsage extension is malformed"},
    {"2.5.29.19=DER:30060101ff020180\n", "its basicConstraints extension is malformed"},
    {"2.5.29.19=DER:30000500\n", "its basicConstraints extension is malformed"},
    {"2.5.29.17=DER:3003820561\n", "its subjectAltName extension is malformed"},
    {"2.5.29.17=DER:820161\n", "its subjectAltName extension is malformed"},
    {"2.5.29.37=DER:3003020101\n", "its extKeyUsage extension is malformed"},
    {"2.5.29.14=DER:0500\n", "its subjectKeyIdentifier extension is malformed"},
    {"2.5.29.35=DER:0400\n", "its authorityKeyIdentifier extension is malformed"},
    {"2.5.29.30=DER:0400\n", "its nameConstraints extension is malformed"},
    {"1.3.6.1.5.5.7.1.24=DER:30030101ff\n", "its TLS feature extension is malformed"},
    {"1.2.3=ASN1:NULL\n", ""},
};

static void test_flaws(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof flaw_rows / sizeof flaw_rows[0]; i++) {
        struct mint_row rows[] = {
            {.name = "x", .subject = "CN=x", .issuer = "x", .extensions = flaw_rows[i].extensions},
            {0}};
        struct mint_pki one;
        struct sp_cert cert;
        mint_pki_make(&one, rows);
        assert_true(sp_cert_parse(facts, one.certs[0].der, one.certs[0].len, &cert));
        assert_true(cert.parsed);
        if (flaw_rows[i].flaw[0] == '\0') {
            assert_int_equal(0, cert.flaw_count);
        } else {
            assert_int_equal(1, cert.flaw_count);
            assert_string_equal(flaw_rows[i].flaw, cert.flaws[0]);
        }
        mint_pki_free(&one);
    }
}

/* Each prefix is broken, and so is what has one octet too many. */
static void test_cut(void **state)
{
    (void)state;
    const struct minted *mx = mint_find(&pki, "mx");
    for (size_t len = 0; len < mx->len; len++) {
        uint8_t *copy = malloc(len + 1);
        struct sp_cert cert;
        struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
        memcpy(copy, mx->der, len);
        /* An exact allocation, so that a sanitizer sees a read behind the end. */
        copy = realloc(copy, len > 0 ? len : 1);
        assert_true(sp_cert_parse(arena, copy, len, &cert));
        assert_false(cert.parsed);
        assert_non_null(cert.error);
        assert_int_equal(64, strlen(cert.sha256));
        assert_string_equal("", cert.spki_sha256);
        sp_arena_free(arena);
        free(copy);
    }
}

/* One wrong octet, at each place: facts or an error, and nothing read outside. */
static void test_changed(void **state)
{
    (void)state;
    const struct minted *mx = mint_find(&pki, "mx");
    uint8_t *copy = malloc(mx->len);
    size_t broken = 0, parsed = 0;
    for (size_t at = 0; at < mx->len; at++) {
        static const uint8_t changes[] = {0x01, 0x80, 0xff};
        for (size_t i = 0; i < sizeof changes; i++) {
            struct sp_cert cert;
            struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
            memcpy(copy, mx->der, mx->len);
            copy[at] ^= changes[i];
            assert_true(sp_cert_parse(arena, copy, mx->len, &cert));
            assert_int_equal(cert.parsed, cert.error == NULL);
            broken += cert.parsed ? 0 : 1;
            parsed += cert.parsed ? 1 : 0;
            sp_arena_free(arena);
        }
    }
    assert_true(broken > 100 && parsed > 100);
    free(copy);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    const struct minted *mx = mint_find(&pki, "mx");
    const struct sp_cert *whole = parse("mx");
    size_t refused = 0;
    for (size_t cap = 0; cap < 2048; cap += 8) {
        struct sp_arena *arena = sp_arena_new(cap);
        struct sp_cert cert;
        if (!sp_cert_parse(arena, mx->der, mx->len, &cert)) {
            refused++;
        } else {
            assert_true(cert.parsed);
            assert_int_equal(whole->name_count, cert.name_count);
            assert_string_equal(whole->subject_text, cert.subject_text);
        }
        sp_arena_free(arena);
    }
    assert_true(refused > 10 && refused < 200);
}

/* A name of 30 KB, 3000 names, and both at once fit an endpoint's memory. */
static void test_huge(void **state)
{
    (void)state;
    char *extensions = calloc(1, 100000), *at = extensions;
    static char subject[1024];
    at += snprintf(at, 64, "subjectAltName=");
    for (int i = 0; i < 3000; i++) {
        at += snprintf(at, 64, "%sDNS:h%d.example", i > 0 ? "," : "", i);
    }
    (void)snprintf(at, 8, "\n");
    size_t used = 0;
    for (int i = 0; i < 25; i++) {
        used += (size_t)snprintf(subject + used, sizeof subject - used, "%sOU=%030d",
                                 i > 0 ? "," : "", i);
    }
    struct mint_row rows[] = {
        {.name = "x", .subject = subject, .issuer = "x", .extensions = extensions}, {0}};
    struct mint_pki one;
    struct sp_cert cert;
    mint_pki_make(&one, rows);
    assert_true(one.certs[0].len > 30000);
    assert_true(sp_cert_parse(facts, one.certs[0].der, one.certs[0].len, &cert));
    assert_true(cert.parsed && cert.names_cut);
    assert_int_equal(SP_LIMIT_NAMES, cert.name_count);
    assert_true(strlen(cert.subject_text) < SP_LIMIT_DN_TEXT);
    assert_memory_equal("OU=000000000000000000000000000024,OU=", cert.subject_text, 37);

    uint8_t big[256];
    uint8_t *large = calloc(1, SP_LIMIT_CERT_BYTES + 1);
    assert_true(sp_cert_parse(facts, large, SP_LIMIT_CERT_BYTES + 1, &cert));
    assert_false(cert.parsed);
    assert_string_equal("it is larger than we read", cert.error);
    free(large);
    /* 200 control characters take 600 octets as text; a cut keeps whole escapes. */
    struct sp_slice control = {memset(calloc(1, 200), 7, 200), 100};
    (void)make_name(big, 0x0c, control);
    assert_int_equal(303, strlen(sp_dn_text(facts, (struct sp_slice){big, 113})));
    free((void *)(uintptr_t)control.data);
    mint_pki_free(&one);
    free(extensions);
}

/* --- PEM ---------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    int blocks;
    const char *decoded; /* of the first block; NULL: broken */
} pem_rows[] = {
    {"-----BEGIN X-----\nYWJj\n-----END X-----\n", 1, "abc"},
    {"-----BEGIN X-----\r\nYWJj\r\nZA==\r\n-----END X-----\r\n", 1, "abcd"},
    {"text\n-----BEGIN X-----\nYW Jj\tZGU=\n-----END X-----", 1, "abcde"},
    {"-----BEGIN X-----\n-----END X-----\n-----BEGIN Y-----\n-----END Y-----\n", 2, ""},
    {"-----BEGIN X-----\nYWJj\n-----END Y-----\n", 1, NULL},
    {"-----BEGIN X-----\nYWJj\n", 1, NULL},
    {"-----BEGIN X-----\nYWJj\n-----BEGIN Y-----\nYWJj\n-----END Y-----\n", 2, NULL},
    {"-----BEGIN X-----\nYWJ\n-----END X-----\n", 1, NULL},
    {"-----BEGIN X-----\nYW=j\n-----END X-----\n", 1, NULL},
    {"-----BEGIN X-----\nY===\n-----END X-----\n", 1, NULL},
    {"-----BEGIN X-----\nYQ==YQ==\n-----END X-----\n", 1, NULL},
    {"-----BEGIN X-----\n====\n-----END X-----\n", 1, NULL},
    {"-----BEGIN X-----\nYW.j\n-----END X-----\n", 1, NULL},
    {"-----BEGIN X\nYWJj\n-----END X-----\n", 0, NULL},
    {" -----BEGIN X-----\nYWJj\n-----END X-----\n", 0, NULL},
    {"", 0, NULL},
};

static void test_pem(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pem_rows / sizeof pem_rows[0]; i++) {
        struct sp_pem pem;
        struct sp_pem_block block;
        int blocks = 0;
        sp_pem_init(&pem, pem_rows[i].text, strlen(pem_rows[i].text));
        while (sp_pem_next(&pem, &block)) {
            uint8_t out[64];
            size_t len = 0;
            bool good = sp_pem_decode(&block, out, &len);
            if (blocks++ > 0) {
                continue;
            }
            if (good != (pem_rows[i].decoded != NULL) ||
                (good && (len != strlen(pem_rows[i].decoded) ||
                          memcmp(out, pem_rows[i].decoded, len) != 0))) {
                fail_msg("row %zu is decoded wrongly", i);
            }
        }
        assert_int_equal(pem_rows[i].blocks, blocks);
    }
}

static int make_pki(void **state)
{
    (void)state;
    facts = sp_arena_new(16 * (size_t)SP_LIMIT_ARENA);
    mint_pki_make(&pki, pki_rows);
    return facts == NULL;
}

static int free_pki(void **state)
{
    (void)state;
    mint_pki_free(&pki);
    sp_arena_free(facts);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),     cmocka_unit_test(test_depth),
        cmocka_unit_test(test_times),      cmocka_unit_test(test_oids),
        cmocka_unit_test(test_name_texts), cmocka_unit_test(test_equal_names),
        cmocka_unit_test(test_facts),      cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_flaws),      cmocka_unit_test(test_cut),
        cmocka_unit_test(test_changed),    cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_huge),       cmocka_unit_test(test_pem),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
