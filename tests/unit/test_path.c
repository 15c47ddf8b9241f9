/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chains of every kind, judged by us and by OpenSSL's X509_verify_cert. Where the two verdicts differ
 * the row says which section makes ours right; a row that says so without need fails too.
 */
#include "mint.h"

#include "probe/path.h"

#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS "subjectKeyIdentifier=hash\n"
#define AKI "authorityKeyIdentifier=keyid\n"
#define SIGNS "keyUsage=critical,keyCertSign,cRLSign\n"
#define CA "basicConstraints=critical,CA:TRUE\n" SIGNS KEYS
#define CA_BELOW CA AKI
#define LEAF "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
#define SAN "subjectAltName=DNS:mx.example.org\n"
#define GOOD LEAF AKI SAN
#define BARE LEAF SAN /* without key identifiers */

/* clang-format off */
static const struct mint_row pki_rows[] = {
    /* The good ones. */
    {.name = "root", .subject = "O=Example,CN=Example Root", .issuer = "root", .extensions = CA},
    {.name = "other", .subject = "O=Other,CN=Other Root", .issuer = "other", .extensions = CA},
    {.name = "int", .subject = "O=Example,CN=Example Int", .issuer = "root", .extensions = CA_BELOW},
    {.name = "mx", .subject = "CN=mx.example.org", .issuer = "int", .extensions = GOOD},
    {.name = "direct", .subject = "CN=mx.example.org", .issuer = "root", .extensions = GOOD},
    {.name = "sub", .subject = "CN=Example Sub", .issuer = "int", .extensions = CA_BELOW},
    {.name = "deep", .subject = "CN=mx.example.org", .issuer = "sub", .extensions = GOOD},
    /* Dates. */
    {.name = "expired", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .from_day = -90, .to_day = -12},
    {.name = "future", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .from_day = 40, .to_day = 90},
    {.name = "last", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .from_day = -9},
    {.name = "first", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .to_day = 9},
    {.name = "year9999", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .from_day = -28000, .to_day = 2912000},
    {.name = "backward", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .from_day = 5, .to_day = -5},
    {.name = "oldint", .subject = "CN=Old Int", .issuer = "root", .extensions = CA_BELOW, .from_day = -90, .to_day = -1},
    {.name = "underold", .subject = "CN=mx", .issuer = "oldint", .extensions = GOOD},
    {.name = "bothold", .subject = "CN=mx", .issuer = "oldint", .extensions = GOOD, .from_day = -90, .to_day = -2},
    {.name = "oldroot", .subject = "CN=Old Root", .issuer = "oldroot", .extensions = CA, .from_day = -90, .to_day = -3},
    {.name = "underoldroot", .subject = "CN=mx", .issuer = "oldroot", .extensions = GOOD},
    /* Self-signed. */
    {.name = "self", .subject = "CN=mx.example.org", .issuer = "self", .extensions = BARE},
    {.name = "selfold", .subject = "CN=mx", .issuer = "selfold", .extensions = BARE, .from_day = -90, .to_day = -12},
    {.name = "selfca", .subject = "CN=mx.example.org", .issuer = "selfca", .extensions = "basicConstraints=CA:TRUE\n" SAN},
    {.name = "selfbroken", .subject = "CN=mx", .issuer = "selfbroken", .extensions = BARE, .flags = MINT_FLIP},
    {.name = "selfv1", .subject = "CN=mx.example.org", .issuer = "selfv1"},
    /* Names of roots that are not ours. */
    {.name = "evilroot", .subject = "O=Example,CN=Example Root", .issuer = "evilroot", .extensions = CA},
    {.name = "evilmx", .subject = "CN=mx", .issuer = "evilroot", .extensions = BARE},
    {.name = "evilmxkeyed", .subject = "CN=mx", .issuer = "evilroot", .extensions = GOOD},
    /* Cross-signed. */
    {.name = "rootx", .subject = "O=Example,CN=Example Root", .issuer = "other", .extensions = CA_BELOW, .same_key = "root"},
    {.name = "rootxold", .subject = "O=Example,CN=Example Root", .issuer = "other", .extensions = CA_BELOW, .same_key = "root", .from_day = -90, .to_day = -4},
    {.name = "intx", .subject = "O=Example,CN=Example Int", .issuer = "other", .extensions = CA_BELOW, .same_key = "int"},
    {.name = "intxold", .subject = "O=Example,CN=Example Int", .issuer = "other", .extensions = CA_BELOW, .same_key = "int", .from_day = -90, .to_day = -4},
    {.name = "loopa0", .subject = "CN=Loop A", .issuer = "loopa0", .extensions = CA},
    {.name = "loopb", .subject = "CN=Loop B", .issuer = "loopa0", .extensions = CA_BELOW},
    {.name = "loopa", .subject = "CN=Loop A", .issuer = "loopb", .extensions = CA_BELOW, .same_key = "loopa0"},
    {.name = "underloop", .subject = "CN=mx", .issuer = "loopa", .extensions = GOOD},
    /* CAs that are none. */
    {.name = "nobc", .subject = "CN=No BC", .issuer = "root", .extensions = SIGNS KEYS AKI},
    {.name = "undernobc", .subject = "CN=mx", .issuer = "nobc", .extensions = GOOD},
    {.name = "notca", .subject = "CN=Not CA", .issuer = "root", .extensions = "basicConstraints=critical,CA:FALSE\n" KEYS AKI},
    {.name = "undernotca", .subject = "CN=mx", .issuer = "notca", .extensions = GOOD},
    {.name = "v1int", .subject = "CN=V1", .issuer = "root"},
    {.name = "underv1int", .subject = "CN=mx", .issuer = "v1int", .extensions = BARE},
    {.name = "v1root", .subject = "CN=V1 Root", .issuer = "v1root"},
    {.name = "underv1root", .subject = "CN=mx", .issuer = "v1root", .extensions = BARE},
    {.name = "nosign", .subject = "CN=No Sign", .issuer = "root", .extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign\n" KEYS AKI},
    {.name = "undernosign", .subject = "CN=mx", .issuer = "nosign", .extensions = GOOD},
    {.name = "noku", .subject = "CN=No KU", .issuer = "root", .extensions = "basicConstraints=CA:TRUE\n" KEYS AKI},
    {.name = "undernoku", .subject = "CN=mx", .issuer = "noku", .extensions = GOOD},
    {.name = "undermx", .subject = "CN=www", .issuer = "mx", .extensions = BARE},
    /* Path length. */
    {.name = "len0", .subject = "CN=Len 0", .issuer = "root", .extensions = "basicConstraints=critical,CA:TRUE,pathlen:0\n" SIGNS KEYS AKI},
    {.name = "underlen0", .subject = "CN=mx", .issuer = "len0", .extensions = GOOD},
    {.name = "len0sub", .subject = "CN=Len Sub", .issuer = "len0", .extensions = CA_BELOW},
    {.name = "toolong", .subject = "CN=mx", .issuer = "len0sub", .extensions = GOOD},
    {.name = "len0new", .subject = "CN=Len 0", .issuer = "len0", .extensions = CA_BELOW},
    {.name = "underlen0new", .subject = "CN=mx", .issuer = "len0new", .extensions = GOOD},
    {.name = "len0root", .subject = "CN=Len 0 Root", .issuer = "len0root", .extensions = "basicConstraints=critical,CA:TRUE,pathlen:0\n" SIGNS KEYS},
    {.name = "len0rootint", .subject = "CN=Len 0 Root Int", .issuer = "len0root", .extensions = CA_BELOW},
    {.name = "underlen0root", .subject = "CN=mx", .issuer = "len0rootint", .extensions = GOOD},
    /* Name constraints. */
    {.name = "nc", .subject = "CN=NC", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,permitted;DNS:example.org,permitted;IP:192.0.2.0/255.255.255.0,permitted;email:example.org\n"},
    {.name = "ncgood", .subject = "CN=mx", .issuer = "nc", .extensions = LEAF "subjectAltName=DNS:mx.example.org,DNS:example.org,IP:192.0.2.7,email:a@example.org\n"},
    {.name = "ncdns", .subject = "CN=mx", .issuer = "nc", .extensions = LEAF "subjectAltName=DNS:mx.example.org,DNS:mx.badexample.org\n"},
    {.name = "ncip", .subject = "CN=mx", .issuer = "nc", .extensions = LEAF "subjectAltName=DNS:mx.example.org,IP:192.0.3.7\n"},
    {.name = "ncip6", .subject = "CN=mx", .issuer = "nc", .extensions = LEAF "subjectAltName=DNS:mx.example.org,IP:2001:db8::1\n"},
    {.name = "ncemail", .subject = "CN=mx", .issuer = "nc", .extensions = LEAF "subjectAltName=DNS:mx.example.org,email:a@sub.example.org\n"},
    {.name = "ncdnmail", .subject = "CN=mx,emailAddress=a@example.net", .issuer = "nc", .extensions = LEAF SAN},
    {.name = "ncsub", .subject = "CN=NC Sub", .issuer = "nc", .extensions = CA_BELOW},
    {.name = "ncdeep", .subject = "CN=mx", .issuer = "ncsub", .extensions = GOOD},
    {.name = "ncdeepbad", .subject = "CN=mx", .issuer = "ncsub", .extensions = LEAF "subjectAltName=DNS:mx.example.net\n"},
    {.name = "ncex", .subject = "CN=NC Ex", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,excluded;DNS:bad.example.org\n"},
    {.name = "ncexgood", .subject = "CN=mx", .issuer = "ncex", .extensions = GOOD},
    {.name = "ncexbad", .subject = "CN=mx", .issuer = "ncex", .extensions = LEAF "subjectAltName=DNS:mx.example.org,DNS:x.BAD.example.org\n"},
    {.name = "ncexwild", .subject = "CN=mx", .issuer = "ncex", .extensions = LEAF "subjectAltName=DNS:*.example.org\n"},
    {.name = "ncdot", .subject = "CN=NC Dot", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,permitted;DNS:.example.org\n"},
    {.name = "ncdotgood", .subject = "CN=mx", .issuer = "ncdot", .extensions = GOOD},
    {.name = "ncdotbad", .subject = "CN=mx", .issuer = "ncdot", .extensions = LEAF "subjectAltName=DNS:mx.example.org,DNS:example.org\n"},
    {.name = "ncdir", .subject = "CN=NC Dir", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,permitted;dirName:dn\n[dn]\nO=Example\n"},
    {.name = "ncdirgood", .subject = "O=EXAMPLE,CN=mx", .issuer = "ncdir", .extensions = GOOD},
    {.name = "ncdirbad", .subject = "O=Example2,CN=mx", .issuer = "ncdir", .extensions = GOOD},
    {.name = "ncexdir", .subject = "CN=NC Ex Dir", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,excluded;dirName:dn\n[dn]\nO=Bad\n"},
    {.name = "ncexdirbad", .subject = "O= bad,CN=mx", .issuer = "ncexdir", .extensions = GOOD, .flags = MINT_UTF8_NAME},
    {.name = "ncuri", .subject = "CN=NC URI", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,permitted;URI:.example.org\n"},
    {.name = "ncurigood", .subject = "CN=mx", .issuer = "ncuri", .extensions = LEAF "subjectAltName=DNS:mx.example.org,URI:https://a@www.example.org:8/x\n"},
    {.name = "ncuribad", .subject = "CN=mx", .issuer = "ncuri", .extensions = LEAF "subjectAltName=DNS:mx.example.org,URI:https://example.net/.example.org\n"},
    {.name = "ncrid", .subject = "CN=NC RID", .issuer = "root", .extensions = CA_BELOW "nameConstraints=critical,excluded;RID:1.2.3\n"},
    {.name = "ncridgood", .subject = "CN=mx", .issuer = "ncrid", .extensions = GOOD},
    {.name = "ncridbad", .subject = "CN=mx", .issuer = "ncrid", .extensions = LEAF "subjectAltName=DNS:mx.example.org,RID:1.2.4\n"},
    {.name = "ncroot", .subject = "CN=NC Root", .issuer = "ncroot", .extensions = CA "nameConstraints=critical,permitted;DNS:example.net\n"},
    {.name = "underncroot", .subject = "CN=mx", .issuer = "ncroot", .extensions = GOOD},
    /* Extensions and usages. */
    {.name = "critical", .subject = "CN=mx", .issuer = "int", .extensions = GOOD "1.2.3.4=critical,ASN1:NULL\n"},
    {.name = "uncritical", .subject = "CN=mx", .issuer = "int", .extensions = GOOD "1.2.3.4=ASN1:NULL\n"},
    {.name = "critint", .subject = "CN=Crit Int", .issuer = "root", .extensions = CA_BELOW "1.2.3.5=critical,ASN1:NULL\n"},
    {.name = "undercritint", .subject = "CN=mx", .issuer = "critint", .extensions = GOOD},
    {.name = "clientonly", .subject = "CN=mx", .issuer = "int", .extensions = "extendedKeyUsage=clientAuth\n" SAN},
    {.name = "anyuse", .subject = "CN=mx", .issuer = "int", .extensions = "extendedKeyUsage=anyExtendedKeyUsage\n" SAN},
    {.name = "nouse", .subject = "CN=mx", .issuer = "int", .extensions = SAN},
    {.name = "mailint", .subject = "CN=Mail Int", .issuer = "root", .extensions = CA_BELOW "extendedKeyUsage=emailProtection\n"},
    {.name = "undermailint", .subject = "CN=mx", .issuer = "mailint", .extensions = GOOD},
    {.name = "webint", .subject = "CN=Web Int", .issuer = "root", .extensions = CA_BELOW "extendedKeyUsage=serverAuth,clientAuth\n"},
    {.name = "underwebint", .subject = "CN=mx", .issuer = "webint", .extensions = GOOD},
    {.name = "signonly", .subject = "CN=mx", .issuer = "int", .extensions = "keyUsage=keyCertSign\n" SAN},
    {.name = "encipher", .subject = "CN=mx", .issuer = "int", .extensions = "keyUsage=keyEncipherment\n" SAN},
    {.name = "badku", .subject = "CN=mx", .issuer = "int", .extensions = SAN "2.5.29.15=DER:0500\n"},
    {.name = "badbc", .subject = "CN=Bad BC", .issuer = "root", .extensions = KEYS SIGNS "2.5.29.19=DER:30060101ff020180\n"},
    {.name = "underbadbc", .subject = "CN=mx", .issuer = "badbc", .extensions = GOOD},
    {.name = "badnc", .subject = "CN=Bad NC", .issuer = "root", .extensions = CA_BELOW "2.5.29.30=DER:3003a00130\n"},
    {.name = "underbadnc", .subject = "CN=mx", .issuer = "badnc", .extensions = GOOD},
    {.name = "policy", .subject = "CN=mx", .issuer = "int", .extensions = GOOD "certificatePolicies=critical,2.23.140.1.2.1\n"},
    {.name = "demands", .subject = "CN=Demands", .issuer = "root", .extensions = CA_BELOW "certificatePolicies=1.2.3\npolicyConstraints=critical,requireExplicitPolicy:0\n"},
    {.name = "underdemands", .subject = "CN=mx", .issuer = "demands", .extensions = GOOD "certificatePolicies=1.2.3\n"},
    {.name = "otherpolicy", .subject = "CN=mx", .issuer = "demands", .extensions = GOOD "certificatePolicies=1.2.4\n"},
    /* Strength. */
    {.name = "rsa1024", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .key = MINT_RSA1024},
    {.name = "rsa512", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .key = MINT_RSA512},
    {.name = "p192", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .key = MINT_P192},
    {.name = "weakint", .subject = "CN=Weak Int", .issuer = "root", .extensions = CA_BELOW, .key = MINT_RSA1024},
    {.name = "underweakint", .subject = "CN=mx", .issuer = "weakint", .extensions = GOOD},
    {.name = "sha1", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .digest = "sha1"},
    {.name = "md5int", .subject = "CN=MD5 Int", .issuer = "rsaroot", .extensions = CA_BELOW, .digest = "md5"},
    {.name = "undermd5int", .subject = "CN=mx", .issuer = "md5int", .extensions = GOOD},
    {.name = "sha1root", .subject = "CN=SHA1 Root", .issuer = "sha1root", .extensions = CA, .digest = "sha1"},
    {.name = "undersha1root", .subject = "CN=mx", .issuer = "sha1root", .extensions = GOOD},
    /* Kinds of keys and signatures. */
    {.name = "rsamx", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .key = MINT_RSA2048},
    {.name = "sha512mx", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .digest = "sha512"},
    {.name = "pssmx", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .flags = MINT_PSS_SIGNATURE},
    {.name = "pss384mx", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .flags = MINT_PSS_SIGNATURE, .digest = "sha384"},
    {.name = "psssha1mx", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .flags = MINT_PSS_SIGNATURE, .digest = "sha1"},
    {.name = "pssroot", .subject = "CN=PSS Root", .issuer = "pssroot", .extensions = CA, .key = MINT_PSS, .flags = MINT_PSS_SIGNATURE},
    {.name = "underpssroot", .subject = "CN=mx", .issuer = "pssroot", .extensions = GOOD, .flags = MINT_PSS_SIGNATURE},
    {.name = "p384root", .subject = "CN=P-384 Root", .issuer = "p384root", .extensions = CA, .key = MINT_P384},
    {.name = "p521int", .subject = "CN=P-521 Int", .issuer = "p384root", .extensions = CA_BELOW, .key = MINT_P521, .digest = "sha384"},
    {.name = "underp521", .subject = "CN=mx", .issuer = "p521int", .extensions = GOOD, .digest = "sha512"},
    {.name = "edroot", .subject = "CN=Ed Root", .issuer = "edroot", .extensions = CA, .key = MINT_ED25519},
    {.name = "ed448int", .subject = "CN=Ed448 Int", .issuer = "edroot", .extensions = CA_BELOW, .key = MINT_ED448},
    {.name = "undered448", .subject = "CN=mx", .issuer = "ed448int", .extensions = GOOD, .key = MINT_ED25519},
    {.name = "edbad", .subject = "CN=mx", .issuer = "edroot", .extensions = GOOD, .flags = MINT_FLIP},
    /* Broken ones. */
    {.name = "flipped", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_FLIP},
    {.name = "flippedold", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_FLIP, .from_day = -90, .to_day = -12},
    {.name = "flippedint", .subject = "O=Example,CN=Example Int", .issuer = "root", .extensions = CA_BELOW, .same_key = "int", .flags = MINT_FLIP},
    {.name = "rsaflipped", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .flags = MINT_FLIP},
    {.name = "pssflipped", .subject = "CN=mx", .issuer = "rsaroot", .extensions = GOOD, .flags = MINT_FLIP | MINT_PSS_SIGNATURE},
    {.name = "outer", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_OTHER_OUTER},
    {.name = "trailing", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_TRAILING},
    {.name = "cut", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_CUT},
    {.name = "serial75", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_LONG_SERIAL},
    {.name = "serial0", .subject = "CN=mx", .issuer = "int", .extensions = GOOD, .flags = MINT_ZERO_SERIAL},
    /* The same name, written in another way. */
    {.name = "intutf8", .subject = "O=Example,CN=Example Int", .issuer = "root", .extensions = CA_BELOW, .same_key = "int", .flags = MINT_UTF8_NAME},
    {.name = "intcase", .subject = "O=EXAMPLE,CN=example   int", .issuer = "root", .extensions = CA_BELOW, .same_key = "int"},
    {.name = "intalmost", .subject = "O=Example,CN=ExampleInt", .issuer = "root", .extensions = CA_BELOW, .same_key = "int"},
    /* Names of hosts. */
    {.name = "wild", .subject = "CN=mx", .issuer = "int", .extensions = LEAF "subjectAltName=DNS:*.example.org\n"},
    {.name = "partwild", .subject = "CN=mx", .issuer = "int", .extensions = LEAF "subjectAltName=DNS:m*.example.org\n"},
    {.name = "address", .subject = "CN=mx", .issuer = "int", .extensions = LEAF "subjectAltName=IP:192.0.2.1,IP:2001:db8::1\n"},
    {.name = "dnsaddress", .subject = "CN=mx", .issuer = "int", .extensions = LEAF "subjectAltName=DNS:192.0.2.1\n"},
    {.name = "cnonly", .subject = "CN=mx.example.org", .issuer = "int", .extensions = LEAF},
    {.name = "cnandmail", .subject = "CN=mx.example.org", .issuer = "int", .extensions = LEAF "subjectAltName=email:a@example.org\n"},
    {.name = "idn", .subject = "CN=mx", .issuer = "int", .extensions = LEAF "subjectAltName=DNS:xn--mx-fka.example.org\n"},
    {0},
};

/* Rows that others above are issued by have to come first. */
static const struct mint_row first_rows[] = {
    {.name = "rsaroot", .subject = "CN=RSA Root", .issuer = "rsaroot", .extensions = CA, .key = MINT_RSA2048},
    {0},
};

#define HOST "mx.example.org"
#define SYSTEM_ROOTS_MAX 4000000u

static const struct chain_row {
    const char *sent, *anchors, *host;
    const char *problems; /* "expired@0 host-mismatch@0": reasons without "certificate-" and depths, in order */
    bool trusted, name_match;
    const char *path;     /* indexes into what was sent */
    const char *why;      /* the section that makes us right where OpenSSL differs */
} chain_rows[] = {
    {"mx int", "root", HOST, "", true, true, "0 1", NULL},
    {"direct", "root", HOST, "", true, true, "0", NULL},
    {"mx int root", "root", HOST, "", true, true, "0 1", NULL},
    {"deep sub int", "root", HOST, "", true, true, "0 1 2", NULL},
    {"mx int", "other root", HOST, "", true, true, "0 1", NULL},
    /* Trust. */
    {"mx int root", "other", HOST, "not-trusted@2", false, true, "0 1 2", NULL},
    {"mx int", "other", HOST, "not-trusted@1", false, true, "0 1", NULL},
    {"mx", "root", HOST, "chain-incomplete@0", false, true, "0", NULL},
    {"mx int", "", HOST, "not-trusted@1", false, true, "0 1", NULL},
    {"self", "root", HOST, "self-signed@0", false, true, "0", NULL},
    {"self", "self", HOST, "", true, true, "0", NULL},
    {"selfca", "root", HOST, "self-signed@0", false, true, "0", NULL},
    {"selfca", "selfca", HOST, "", true, true, "0", NULL},
    {"selfv1", "root", HOST, "host-mismatch@0 self-signed@0", false, false, "0", NULL},
    {"selfbroken", "root", HOST, "self-signed@0 invalid@0", false, true, "0", NULL},
    {"self mx int", "root", HOST, "self-signed@0 chain-order@1", false, true, "0", NULL},
    {"mx int", "int", HOST, "", true, true, "0", "RFC 5280 §6.1.1 (d): an anchor need not be self-signed"},
    {"mx", "mx", HOST, "", true, true, "0", "RFC 5280 §6.1.1 (d): an anchor need not be self-signed"},
    {"evilmx evilroot", "root", HOST, "not-trusted@1", false, true, "0 1", NULL},
    {"evilmx", "root", HOST, "invalid@0", false, true, "0", NULL},
    {"evilmxkeyed", "root", HOST, "chain-incomplete@0", false, true, "0", NULL},
    {"mx int", "evilroot root", HOST, "", true, true, "0 1", NULL},
    {"evilmx", "root evilroot", HOST, "", true, true, "0", "RFC 5280 §6.1: any issuer with the right name and key makes a path"},
    {"undermx mx int", "root", HOST, "invalid@1 invalid@1", false, true, "0 1 2", NULL},
    /* Order and strangers. */
    {"deep int sub", "root", HOST, "chain-order@-1", true, true, "0 2 1", NULL},
    {"mx root int", "root", HOST, "chain-order@-1", true, true, "0 2", NULL},
    {"mx int other", "root", HOST, "chain-order@2", true, true, "0 1", NULL},
    {"mx mx int", "root", HOST, "chain-order@1", true, true, "0 2", NULL},
    {"mx other int self", "root", HOST, "chain-order@1 chain-order@3", true, true, "0 2", NULL},
    /* Dates. */
    {"expired int", "root", HOST, "expired@0", false, true, "0 1", NULL},
    {"future int", "root", HOST, "not-yet-valid@0", false, true, "0 1", NULL},
    {"last int", "root", HOST, "", true, true, "0 1", "RFC 5280 §4.1.2.5: the period includes notAfter"},
    {"first int", "root", HOST, "", true, true, "0 1", NULL},
    {"year9999 int", "root", HOST, "", true, true, "0 1", NULL},
    {"backward int", "root", HOST, "expired@0 not-yet-valid@0 invalid@0", false, true, "0 1", NULL},
    {"underold oldint", "root", HOST, "expired@1", false, true, "0 1", NULL},
    {"bothold oldint", "root", HOST, "expired@0 expired@1", false, true, "0 1", NULL},
    {"bothold oldint", "other", "x.test", "expired@0 expired@1 host-mismatch@0 not-trusted@1", false, false, "0 1", NULL},
    {"underoldroot", "oldroot", HOST, "expired@-1", false, true, "0", NULL},
    {"selfold", "root", "x.test", "expired@0 host-mismatch@0 self-signed@0", false, false, "0", NULL},
    {"expired", "root", "x.test", "expired@0 host-mismatch@0 chain-incomplete@0", false, false, "0", NULL},
    /* Cross-signed. */
    {"mx int rootx", "other", HOST, "", true, true, "0 1 2", NULL},
    {"mx int rootx", "root", HOST, "", true, true, "0 1", NULL},
    {"mx int rootxold", "root", HOST, "", true, true, "0 1", NULL},
    {"mx int rootxold", "other", HOST, "expired@2", false, true, "0 1 2", NULL},
    {"mx intx int", "root", HOST, "", true, true, "0 2", "RFC 5280 §6.1: another path holds"},
    {"mx intxold int", "root", HOST, "", true, true, "0 2", NULL},
    {"mx intxold int", "root other", HOST, "", true, true, "0 2", NULL},
    {"mx int intxold", "other", HOST, "expired@2", false, true, "0 2", NULL},
    {"underloop loopa loopb", "root", HOST, "not-trusted@2", false, true, "0 1 2", NULL},
    {"underloop loopb loopa", "loopa0", HOST, "", true, true, "0", NULL},
    /* CAs that are none. */
    {"undernobc nobc", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"undernotca notca", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"underv1int v1int", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"underv1root", "v1root", HOST, "", true, true, "0", NULL},
    {"undernosign nosign", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"undernoku noku", "root", HOST, "", true, true, "0 1", NULL},
    /* Path length. */
    {"underlen0 len0", "root", HOST, "", true, true, "0 1", NULL},
    {"toolong len0sub len0", "root", HOST, "invalid@2", false, true, "0 1 2", NULL},
    {"underlen0new len0new len0", "root", HOST, "", true, true, "0 1 2", NULL},
    {"underlen0root len0rootint", "len0root", HOST, "invalid@-1", false, true, "0 1", NULL},
    /* Name constraints. */
    {"ncgood nc", "root", HOST, "", true, true, "0 1", NULL},
    {"ncdns nc", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncip nc", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncip6 nc", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncemail nc", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncdnmail nc", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncdeep ncsub nc", "root", HOST, "", true, true, "0 1 2", NULL},
    {"ncdeepbad ncsub nc", "root", "mx.example.net", "invalid@0", false, true, "0 1 2", NULL},
    {"ncexgood ncex", "root", HOST, "", true, true, "0 1", NULL},
    {"ncexbad ncex", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncexwild ncex", "root", HOST, "invalid@0", false, true, "0 1", "RFC 5280 §4.2.1.10: the wildcard stands for a name that is excluded"},
    {"ncdotgood ncdot", "root", HOST, "", true, true, "0 1", NULL},
    {"ncdotbad ncdot", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncdirgood ncdir", "root", HOST, "", true, true, "0 1", NULL},
    {"ncdirbad ncdir", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncexdirbad ncexdir", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncurigood ncuri", "root", HOST, "", true, true, "0 1", NULL},
    {"ncuribad ncuri", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"ncridgood ncrid", "root", HOST, "", true, true, "0 1", NULL},
    {"ncridbad ncrid", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"underncroot", "ncroot", HOST, "invalid@0", false, true, "0", NULL},
    {"underbadnc badnc", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    /* Extensions and usages. */
    {"critical int", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"uncritical int", "root", HOST, "", true, true, "0 1", NULL},
    {"undercritint critint", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"clientonly int", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"anyuse int", "root", HOST, "", true, true, "0 1", "RFC 5280 §4.2.1.12: anyExtendedKeyUsage excludes no use"},
    {"nouse int", "root", HOST, "", true, true, "0 1", NULL},
    {"undermailint mailint", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"underwebint webint", "root", HOST, "", true, true, "0 1", NULL},
    {"signonly int", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"encipher int", "root", HOST, "", true, true, "0 1", NULL},
    {"badku int", "root", HOST, "invalid@0 invalid@0", false, true, "0 1", NULL},
    {"underbadbc badbc", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"policy int", "root", HOST, "", true, true, "0 1", NULL},
    {"underdemands demands", "root", HOST, "", true, true, "0 1", NULL},
    {"otherpolicy demands", "root", HOST, "invalid@0", false, true, "0 1", "RFC 5280 §6.1.3 (f): a policy is demanded"},
    /* Strength. */
    {"rsa1024 int", "root", HOST, "weak-key@0", true, true, "0 1", NULL},
    {"rsa512 int", "root", HOST, "weak-key@0", false, true, "0 1", "RFC 9325 §4.5: a key that anybody can break proves nothing"},
    {"p192 int", "root", HOST, "weak-key@0", true, true, "0 1", NULL},
    {"underweakint weakint", "root", HOST, "weak-key@1", true, true, "0 1", NULL},
    {"sha1 int", "root", HOST, "weak-signature@0", true, true, "0 1", NULL},
    {"undermd5int md5int", "rsaroot", HOST, "weak-signature@1", false, true, "0 1", "RFC 6151 §2: MD5 is no longer acceptable in signatures"},
    {"undersha1root", "sha1root", HOST, "", true, true, "0", NULL},
    {"undersha1root sha1root", "root", HOST, "not-trusted@1", false, true, "0 1", NULL},
    /* Kinds of keys and signatures. */
    {"rsamx", "rsaroot", HOST, "", true, true, "0", NULL},
    {"sha512mx", "rsaroot", HOST, "", true, true, "0", NULL},
    {"pssmx", "rsaroot", HOST, "", true, true, "0", NULL},
    {"pss384mx", "rsaroot", HOST, "", true, true, "0", NULL},
    {"psssha1mx", "rsaroot", HOST, "weak-signature@0", true, true, "0", NULL},
    {"underpssroot", "pssroot", HOST, "", true, true, "0", NULL},
    {"underp521 p521int", "p384root", HOST, "", true, true, "0 1", NULL},
    {"undered448 ed448int", "edroot", HOST, "", true, true, "0 1", NULL},
    {"edbad", "edroot", HOST, "invalid@0", false, true, "0", NULL},
    /* Broken ones. */
    {"flipped int", "root", HOST, "invalid@0", false, true, "0 1", NULL},
    {"flippedold int", "root", "x.test", "expired@0 host-mismatch@0 invalid@0", false, false, "0 1", NULL},
    {"mx flippedint", "root", HOST, "invalid@1", false, true, "0 1", NULL},
    {"mx flippedint int", "root", HOST, "", true, true, "0 2", "RFC 5280 §6.1: another path holds"},
    {"rsaflipped", "rsaroot", HOST, "invalid@0", false, true, "0", NULL},
    {"pssflipped", "rsaroot", HOST, "invalid@0", false, true, "0", NULL},
    {"outer int", "root", HOST, "invalid@0 invalid@0", false, true, "0 1", NULL},
    {"trailing int", "root", HOST, "invalid@0", false, false, "", "RFC 5280 §4.1: a certificate is one SEQUENCE"},
    {"cut int", "root", HOST, "invalid@0", false, false, "", NULL},
    {"mx cut int", "root", HOST, "invalid@1", true, true, "0 2", NULL},
    {"serial75 int", "root", HOST, "invalid@0", true, true, "0 1", NULL},
    {"serial0 int", "root", HOST, "", true, true, "0 1", NULL},
    /* The same name, written in another way. */
    {"mx intutf8", "root", HOST, "", true, true, "0 1", NULL},
    {"mx intcase", "root", HOST, "", true, true, "0 1", NULL},
    {"mx intalmost", "root", HOST, "chain-incomplete@0 chain-order@1", false, true, "0", NULL},
    /* Names of hosts. */
    {"mx int", "root", "mx.example.net", "host-mismatch@0", true, false, "0 1", NULL},
    {"mx int", "root", "MX.Example.ORG", "", true, true, "0 1", NULL},
    {"mx int", "root", "192.0.2.1", "host-mismatch@0", true, false, "0 1", NULL},
    {"wild int", "root", HOST, "", true, true, "0 1", NULL},
    {"wild int", "root", "a.mx.example.org", "host-mismatch@0", true, false, "0 1", NULL},
    {"wild int", "root", "example.org", "host-mismatch@0", true, false, "0 1", NULL},
    {"partwild int", "root", HOST, "host-mismatch@0", true, false, "0 1", "RFC 9525 §6.3: a wildcard is a whole label"},
    {"address int", "root", "192.0.2.1", "", true, true, "0 1", NULL},
    {"address int", "root", "2001:db8:0::1", "", true, true, "0 1", NULL},
    {"address int", "root", "192.0.2.2", "host-mismatch@0", true, false, "0 1", NULL},
    {"dnsaddress int", "root", "192.0.2.1", "host-mismatch@0", true, false, "0 1", NULL},
    {"cnonly int", "root", HOST, "host-mismatch@0", true, false, "0 1", "RFC 9525 §2: the common name is not looked at"},
    {"cnandmail int", "root", HOST, "host-mismatch@0", true, false, "0 1", "RFC 9525 §2: the common name is not looked at"},
    {"idn int", "root", "XN--mx-fka.example.org", "", true, true, "0 1", NULL},
};
/* clang-format on */

static struct mint_pki pki;

struct chain {
    struct sp_cert certs[32];
    size_t count;
    STACK_OF(X509) * x509s;
    struct sp_arena *arena;
};

static void add_cert(const struct minted *minted, void *context)
{
    struct chain *chain = context;
    assert_true(chain->count < sizeof chain->certs / sizeof chain->certs[0]);
    assert_true(
        sp_cert_parse(chain->arena, minted->der, minted->len, &chain->certs[chain->count++]));
    if (minted->x509 != NULL) {
        sk_X509_push(chain->x509s, minted->x509);
    }
}

static void make_chain(struct chain *chain, const char *list)
{
    memset(chain, 0, sizeof *chain);
    chain->arena = sp_arena_new(SP_LIMIT_ARENA);
    chain->x509s = sk_X509_new_null();
    mint_each(&pki, list, add_cert, chain);
}

static void free_chain(struct chain *chain)
{
    sk_X509_free(chain->x509s);
    sp_arena_free(chain->arena);
}

static struct sp_trust *make_trust(const char *list)
{
    char error[256];
    if (list[0] == '\0') {
        return NULL;
    }
    char *pem = mint_pem(&pki, list);
    struct sp_trust *trust = sp_trust_from_memory(pem, strlen(pem), error, sizeof error);
    free(pem);
    if (trust == NULL) {
        fail_msg("%s", error);
    }
    return trust;
}

static void add_anchor(const struct minted *minted, void *context)
{
    X509_STORE_add_cert(context, minted->x509);
}

/* OpenSSL's verdict, with the purpose of a TLS server and the host set. */
static bool ask_openssl(const struct chain_row *row, const struct chain *chain)
{
    const struct minted *leaf;
    char first[64];
    (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(row->sent, " "), row->sent);
    leaf = mint_find(&pki, first);
    if (leaf->x509 == NULL) {
        return false;
    }
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    mint_each(&pki, row->anchors, add_anchor, store);
    assert_int_equal(1, X509_STORE_CTX_init(context, store, leaf->x509, chain->x509s));
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    assert_int_equal(1, X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER));
    X509_VERIFY_PARAM_set_time(param, MINT_NOW);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, row->host) != 1) {
        assert_int_equal(1, X509_VERIFY_PARAM_set1_host(param, row->host, 0));
    }
    bool good = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return good;
}

static void list_problems(const struct sp_verify *verify, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < verify->problem_count; i++) {
        const char *word = sp_reason_info(verify->problems[i].reason)->word;
        used += (size_t)snprintf(text + used, size - used, "%s%s@%d", i > 0 ? " " : "",
                                 word + strlen("certificate-"), verify->problems[i].depth);
        assert_true(used < size);
    }
}

static void list_path(const struct sp_verify *verify, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < verify->path_count; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%d", i > 0 ? " " : "", verify->path[i]);
        assert_true(used < size);
    }
}

/* One line for people, safe to print. */
static bool is_clean(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return false;
        }
    }
    return strlen(text) > 10;
}

static int complain(const struct chain_row *row, const char *what, const char *got,
                    const char *wanted)
{
    print_error("[%s] anchors [%s] host %s: %s is \"%s\", should be \"%s\"\n", row->sent,
                row->anchors, row->host, what, got, wanted);
    return 1;
}

/* What the system has, or nothing. The caller frees it. */
static char *read_system_roots(void)
{
    FILE *file = fopen("/etc/ssl/certs/ca-certificates.crt", "rbe");
    char *text = calloc(1, SYSTEM_ROOTS_MAX + 1);
    assert_non_null(text);
    if (file != NULL) {
        text[fread(text, 1, SYSTEM_ROOTS_MAX, file)] = '\0';
        assert_int_equal(0, fclose(file));
    }
    return text;
}

/* The anchors behind all those of the system and a broken one: a store of which only what a chain
 * asks for is read. */
static struct sp_trust *make_large_trust(const char *list)
{
    static const char broken[] = "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n";
    char error[256], *roots = read_system_roots();
    char *pem = list[0] != '\0' ? mint_pem(&pki, list) : calloc(1, 1);
    assert_non_null(pem);
    size_t size = strlen(roots) + sizeof broken + strlen(pem) + 2;
    char *text = malloc(size);
    assert_non_null(text);
    int len = snprintf(text, size, "%s\n%s%s", roots, broken, pem);
    struct sp_trust *trust = sp_trust_bundle_from_memory(text, (size_t)len, error, sizeof error);
    free(text);
    free(roots);
    free(pem);
    if (trust == NULL && list[0] != '\0') {
        fail_msg("%s", error);
    }
    return trust; /* NULL: neither the system nor the row has a root */
}

static bool is_same_verdict(const struct sp_verify *a, const struct sp_verify *b)
{
    bool same = a->done == b->done && a->trusted == b->trusted &&
                a->name_tested == b->name_tested && a->name_match == b->name_match &&
                (a->authenticated_by == NULL) == (b->authenticated_by == NULL) &&
                a->problem_count == b->problem_count && a->path_count == b->path_count &&
                (a->anchor == NULL) == (b->anchor == NULL);
    for (size_t i = 0; same && i < a->problem_count; i++) {
        same = a->problems[i].reason == b->problems[i].reason &&
               a->problems[i].depth == b->problems[i].depth &&
               strcmp(a->problems[i].detail, b->problems[i].detail) == 0;
    }
    for (size_t i = 0; same && i < a->path_count; i++) {
        same = a->path[i] == b->path[i];
    }
    return same &&
           (a->anchor == NULL || (sp_slice_equal(a->anchor->der, b->anchor->der) &&
                                  strcmp(a->anchor->subject_text, b->anchor->subject_text) == 0));
}

/* The same verdict, word for word, whatever else is in the store and however little of it is read. */
static int judge_with_large_store(const struct chain_row *row, const struct chain *chain,
                                  const struct sp_verify *wanted)
{
    struct sp_verify verify;
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_trust *trust = make_large_trust(row->anchors);
    int wrong = 0;
    size_t own = row->anchors[0] != '\0' ? 1 : 0;
    for (const char *p = row->anchors; *p != '\0'; p++) {
        own += *p == ' ' ? 1 : 0;
    }
    assert_true(
        sp_path_validate(arena, chain->certs, chain->count, trust, row->host, MINT_NOW, &verify));
    if (!is_same_verdict(wanted, &verify)) {
        wrong += complain(row, "the verdict with a large store", "another one", "the same");
    }
    if (trust != NULL && sp_trust_read_count(trust) > own) {
        wrong += complain(row, "reading", "more than the anchors that were asked for", "lazy");
    }
    sp_trust_free(trust);
    sp_arena_free(arena);
    return wrong;
}

static int judge_row(const struct chain_row *row)
{
    struct chain chain;
    struct sp_verify verify;
    char problems[512], path[64];
    int wrong = 0;
    make_chain(&chain, row->sent);
    struct sp_trust *trust = make_trust(row->anchors);
    assert_true(sp_path_validate(chain.arena, chain.certs, chain.count, trust, row->host, MINT_NOW,
                                 &verify));
    list_problems(&verify, problems, sizeof problems);
    list_path(&verify, path, sizeof path);
    if (strcmp(problems, row->problems) != 0) {
        wrong += complain(row, "problems", problems, row->problems);
    }
    if (strcmp(path, row->path) != 0) {
        wrong += complain(row, "path", path, row->path);
    }
    if (verify.trusted != row->trusted) {
        wrong +=
            complain(row, "trusted", verify.trusted ? "yes" : "no", row->trusted ? "yes" : "no");
    }
    if (verify.name_match != row->name_match) {
        wrong +=
            complain(row, "name", verify.name_match ? "yes" : "no", row->name_match ? "yes" : "no");
    }
    bool ours = verify.trusted && verify.name_match;
    if ((verify.authenticated_by != NULL) != ours || (verify.anchor != NULL) < verify.trusted ||
        (verify.matched_name != NULL) != verify.name_match) {
        wrong += complain(row, "the rest", "another story", "consistent");
    }
    bool theirs = ask_openssl(row, &chain);
    if (ours == theirs && row->why != NULL) {
        wrong += complain(row, "OpenSSL's verdict", "the same as ours", row->why);
    } else if (ours != theirs && row->why == NULL) {
        wrong += complain(row, "OpenSSL's verdict", theirs ? "good" : "bad", "the same as ours");
    }
    for (size_t i = 0; i < verify.problem_count; i++) {
        if (!is_clean(verify.problems[i].detail)) {
            wrong += complain(row, "a detail", verify.problems[i].detail, "one clean line");
        }
    }
    wrong += judge_with_large_store(row, &chain, &verify);
    sp_trust_free(trust);
    free_chain(&chain);
    return wrong;
}

static void test_chains(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof chain_rows / sizeof chain_rows[0]; i++) {
        wrong += judge_row(&chain_rows[i]);
    }
    assert_int_equal(0, wrong);
}

static const struct detail_row {
    const char *sent, *anchors, *host, *detail;
} detail_rows[] = {
    {"expired int", "root", HOST, "the server's certificate expired 12 days ago, on 2026-08-20"},
    {"future int", "root", HOST,
     "the server's certificate is valid only in 40 days, from 2026-10-11"},
    {"underold oldint", "root", HOST,
     "the CA certificate \"Old Int\" expired 1 day ago, on 2026-08-31"},
    {"underoldroot", "oldroot", HOST,
     "the root certificate \"Old Root\" expired 3 days ago, on 2026-08-29"},
    {"self", "root", HOST,
     "the server's certificate is signed by itself (\"mx.example.org\"), and not one of the "
     "trusted roots"},
    {"mx", "root", HOST,
     "the server's certificate was issued by \"CN=Example Int,O=Example\", whose certificate was "
     "not sent and is not one of the trusted roots"},
    {"mx int root", "other", HOST,
     "the chain ends at \"Example Root\", which is not one of the trusted roots"},
    {"underloop loopa loopb", "root", HOST,
     "the chain goes in a circle and comes to none of the trusted roots: the CA certificate \"Loop B\" "
     "was issued by \"CN=Loop A\", which is below it"},
    {"mx int mx mx", "root", HOST, "\"mx.example.org\" was sent 3 times; once is enough"},
    {"otherpolicy demands", "root", HOST,
     "\"Demands\" demands a certificate policy for all certificates of the chain, and \"mx\" has none "
     "that its issuers have too"},
    {"toolong len0sub len0", "root", HOST,
     "the CA certificate \"Len 0\" allows 0 CA certificates below it, and there is 1 (path length)"},
    {"ncdns nc", "root", HOST,
     "the server's certificate breaks the name constraints of the CA certificate \"NC\": "
     "DNS:mx.badexample.org is not among the names that it permits"},
    {"ncip6 nc", "root", HOST,
     "the server's certificate breaks the name constraints of the CA certificate \"NC\": "
     "IP:2001:db8::1 is not among the names that it permits"},
    {"critical int", "root", HOST,
     "the server's certificate has an extension marked critical that is not known here: 1.2.3.4"},
    {"flipped int", "root", HOST,
     "the signature of the server's certificate is wrong: the key of \"Example Int\" did not make "
     "it"},
    {"rsa1024 int", "root", HOST,
     "the key of the server's certificate is RSA 1024; at least RSA 2048 is needed"},
    {"sha1 int", "root", HOST,
     "the server's certificate is signed with SHA-1 (ecdsa-with-SHA1), for which forgeries can be "
     "made"},
    {"address int", "root", HOST,
     "the certificate is not for mx.example.org but for 192.0.2.1, 2001:db8::1"},
    {"cnonly int", "root", HOST,
     "the certificate is not for mx.example.org: it has no host name in subjectAltName, and the "
     "common name does not count"},
};

static void test_details(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof detail_rows / sizeof detail_rows[0]; i++) {
        const struct detail_row *row = &detail_rows[i];
        struct chain chain;
        struct sp_verify verify;
        make_chain(&chain, row->sent);
        struct sp_trust *trust = make_trust(row->anchors);
        assert_true(sp_path_validate(chain.arena, chain.certs, chain.count, trust, row->host,
                                     MINT_NOW, &verify));
        assert_int_equal(1, verify.problem_count);
        assert_string_equal(row->detail, verify.problems[0].detail);
        sp_trust_free(trust);
        free_chain(&chain);
    }
}

/* Without a host name nothing is said about names, and nobody is authenticated. */
static void test_no_reference(void **state)
{
    (void)state;
    struct chain chain;
    struct sp_verify verify;
    make_chain(&chain, "mx int");
    struct sp_trust *trust = make_trust("root");
    assert_true(
        sp_path_validate(chain.arena, chain.certs, chain.count, trust, NULL, MINT_NOW, &verify));
    assert_true(verify.done && verify.trusted);
    assert_false(verify.name_tested || verify.name_match);
    assert_null(verify.authenticated_by);
    assert_string_equal("CN=Example Root,O=Example", verify.anchor->subject_text);
    assert_true(sp_path_validate(chain.arena, NULL, 0, trust, HOST, MINT_NOW, &verify));
    assert_false(verify.done || verify.trusted || verify.name_tested);
    sp_trust_free(trust);
    free_chain(&chain);
}

/* Every cap of memory ends in "no" or in the whole verdict, never in half of one. */
static void test_out_of_memory(void **state)
{
    (void)state;
    struct chain chain;
    struct sp_verify verify;
    size_t refused = 0;
    make_chain(&chain, "bothold oldint cut other");
    struct sp_trust *trust = make_trust("other");
    for (size_t cap = 0; cap < 8192; cap += 16) {
        struct sp_arena *arena = sp_arena_new(cap);
        assert_non_null(arena);
        if (!sp_path_validate(arena, chain.certs, chain.count, trust, "x.test", MINT_NOW,
                              &verify)) {
            refused++;
        } else {
            assert_int_equal(6, verify.problem_count);
            assert_false(verify.trusted);
        }
        sp_arena_free(arena);
    }
    assert_true(refused > 50 && refused < 500);
    sp_trust_free(trust);
    free_chain(&chain);
}

/* Five CAs, each certified by each: without caps the number of routes is a factorial. */
static void test_maze(void **state)
{
    (void)state;
    enum { CAS = 5 };
    static char names[CAS * CAS + 1][16], subjects[CAS][16];
    struct mint_row rows[CAS * CAS + 2] = {0};
    struct mint_pki maze;
    struct chain chain = {0};
    struct sp_verify verify;
    size_t count = 0;
    for (int i = 0; i < CAS; i++) {
        (void)snprintf(names[count], sizeof names[0], "self%d", i);
        (void)snprintf(subjects[i], sizeof subjects[0], "CN=CA %d", i);
        rows[count] = (struct mint_row){
            .name = names[count], .subject = subjects[i], .issuer = names[count], .extensions = CA};
        count++;
    }
    for (int i = 0; i < CAS; i++) {
        for (int j = 0; j < CAS; j++) {
            if (i != j) {
                (void)snprintf(names[count], sizeof names[0], "x%dby%d", i, j);
                rows[count] = (struct mint_row){.name = names[count],
                                                .subject = subjects[i],
                                                .issuer = names[j],
                                                .extensions = CA_BELOW,
                                                .same_key = names[i]};
                count++;
            }
        }
    }
    rows[count] =
        (struct mint_row){.name = "end", .subject = "CN=mx", .issuer = "self0", .extensions = GOOD};
    mint_pki_make(&maze, rows);
    chain.arena = sp_arena_new(SP_LIMIT_ARENA);
    chain.x509s = sk_X509_new_null();
    add_cert(&maze.certs[count], &chain);
    for (size_t i = CAS; i < count; i++) {
        add_cert(&maze.certs[i], &chain);
    }
    assert_true(chain.count > SP_LIMIT_CERTS);
    struct sp_trust *trust = make_trust("root");
    assert_true(
        sp_path_validate(chain.arena, chain.certs, chain.count, trust, HOST, MINT_NOW, &verify));
    assert_false(verify.trusted);
    assert_int_equal(SP_REASON_CERTIFICATE_NOT_TRUSTED, verify.problems[0].reason);
    bool said = false;
    for (size_t i = 0; i < verify.problem_count; i++) {
        said =
            said || strstr(verify.problems[i].detail, "only the first 16 were looked at") != NULL;
    }
    assert_true(said);
    sp_trust_free(trust);
    free_chain(&chain);
    mint_pki_free(&maze);
}

static int make_pki(void **state)
{
    (void)state;
    const size_t first = sizeof first_rows / sizeof first_rows[0] - 1;
    static struct mint_row
        rows[sizeof first_rows / sizeof first_rows[0] + sizeof pki_rows / sizeof pki_rows[0]];
    memcpy(rows, first_rows, sizeof first_rows);
    memcpy(rows + first, pki_rows, sizeof pki_rows);
    mint_pki_make(&pki, rows);
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    mint_pki_free(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),       cmocka_unit_test(test_details),
        cmocka_unit_test(test_no_reference), cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_maze),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
