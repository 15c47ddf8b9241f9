/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/gss_explain.h"

#include <krb5/krb5.h>
#include <stdio.h>
#include <string.h>

struct usual {
    long code; /* Kerberos' */
    enum sp_sasl_result result;
    const char *advice;
};

#define RENEW "run kinit, or set KRB5CCNAME or KRB5_CLIENT_KTNAME"
#define CLOCK "set the clocks of this machine, the Kerberos server and the mail server right (NTP)"
#define KEYTAB "check the user's key in the keytab, or run kinit"

static const struct usual usual[] = {
    {KRB5_CC_NOTFOUND, SP_SASL_NO_CREDENTIAL, "no Kerberos ticket: " RENEW},
    {KRB5_FCC_NOFILE, SP_SASL_NO_CREDENTIAL, "no Kerberos ticket: " RENEW},
    {KRB5_KT_NOTFOUND, SP_SASL_NO_CREDENTIAL, "the keytab has no key for this user: " RENEW},
    {KRB5KRB_AP_ERR_TKT_EXPIRED, SP_SASL_NO_CREDENTIAL, "the Kerberos ticket has expired: " RENEW},
    {KRB5KRB_AP_ERR_TKT_NYV, SP_SASL_NO_CREDENTIAL, "the Kerberos ticket is not valid yet: " CLOCK},
    {KRB5KRB_AP_ERR_SKEW, SP_SASL_NO_CREDENTIAL, "the clocks differ too much: " CLOCK},
    {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, SP_SASL_NO_CREDENTIAL,
     "Kerberos knows no smtp service of this name: check --server-name, or add the principal"},
    {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, SP_SASL_NO_CREDENTIAL,
     "Kerberos does not know this user: check the name, or add the principal"},
    {KRB5KDC_ERR_CLIENT_REVOKED, SP_SASL_NO_CREDENTIAL,
     "Kerberos has locked this user: ask its administrator"},
    {KRB5KDC_ERR_KEY_EXP, SP_SASL_NO_CREDENTIAL,
     "the user's Kerberos password has expired: change it with kpasswd"},
    {KRB5KDC_ERR_PREAUTH_FAILED, SP_SASL_NO_CREDENTIAL, "the key is not the user's: " KEYTAB},
    {KRB5_PREAUTH_FAILED, SP_SASL_NO_CREDENTIAL, "the key is not the user's: " KEYTAB},
    {KRB5_KDC_UNREACH, SP_SASL_NO_CREDENTIAL,
     "no Kerberos server answers: check that it runs, and port 88 on the way"},
    {KRB5_REALM_UNKNOWN, SP_SASL_NO_CREDENTIAL,
     "no Kerberos server of the realm is known: name it in krb5.conf or DNS"},
    {KRB5_REALM_CANT_RESOLVE, SP_SASL_NO_CREDENTIAL,
     "the Kerberos server's name has no address: check krb5.conf and DNS"},
    {KRB5_CONFIG_CANTOPEN, SP_SASL_NO_CREDENTIAL, "krb5.conf can't be read: check KRB5_CONFIG"},
    {KRB5_CONFIG_BADFORMAT, SP_SASL_NO_CREDENTIAL, "krb5.conf has a mistake in it: correct it"},
    {KRB5_CONFIG_NODEFREALM, SP_SASL_NO_CREDENTIAL, "krb5.conf has no default_realm: set it"},
    {KRB5_MUTUAL_FAILED, SP_SASL_SERVER_UNVERIFIED,
     "the server could not prove that it has the service's key"},
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, SP_SASL_SERVER_UNVERIFIED,
     "the server could not prove that it has the service's key"},
    {KRB5KRB_AP_ERR_MODIFIED, SP_SASL_SERVER_UNVERIFIED,
     "the server could not prove that it has the service's key: renew its keytab"},
};

static const struct usual *find_usual(OM_uint32 minor)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        /* Kerberos' codes are negative; GSS-API has them as 32 bits without sign. */
        if ((OM_uint32)(unsigned long)usual[i].code == minor)
            return &usual[i];
    }
    return NULL;
}

/* What is not among the usual ones: the text says more than we could. */
static const struct usual *judge_major(OM_uint32 major, bool answering)
{
    static const struct usual no_ticket = {0, SP_SASL_NO_CREDENTIAL, "no Kerberos ticket: " RENEW};
    static const struct usual expired = {0, SP_SASL_NO_CREDENTIAL,
                                         "the Kerberos ticket has expired: " RENEW};
    static const struct usual bad_token = {0, SP_SASL_BAD_CHALLENGE,
                                           "what the server sent is no proper Kerberos token"};
    static const struct usual ours = {0, SP_SASL_NO_CREDENTIAL, "Kerberos failed"};
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_NO_CRED: return &no_ticket;
    case GSS_S_CREDENTIALS_EXPIRED: return &expired;
    default: return answering ? &bad_token : &ours;
    }
}

/* One status as text, its lines joined; "" where the library has none. */
static void write_status(const struct sp_gss *gss, OM_uint32 code, int type, char *text,
                         size_t size)
{
    OM_uint32 more = 0;
    size_t len = 0;
    text[0] = '\0';
    do {
        OM_uint32 minor;
        gss_buffer_desc line = GSS_C_EMPTY_BUFFER;
        if (GSS_ERROR(gss->display_status(&minor, code, type, (gss_OID)(uintptr_t)&sp_gss_krb5,
                                          &more, &line)))
            return;
        int wrote =
            snprintf(text + len, size - len, "%s%.*s", len > 0 ? "; " : "",
                     (int)(line.length < size ? line.length : size), (const char *)line.value);
        gss->release_buffer(&minor, &line);
        if (wrote < 0 || (size_t)wrote >= size - len)
            return;
        len += (size_t)wrote;
    } while (more != 0);
}

enum sp_sasl_result sp_gss_explain(struct sp_sasl *sasl, const struct sp_gss *gss, OM_uint32 major,
                                   OM_uint32 minor, bool answering)
{
    char minor_text[sizeof sasl->detail], major_text[sizeof sasl->detail];
    write_status(gss, minor, GSS_C_MECH_CODE, minor_text, sizeof minor_text);
    write_status(gss, major, GSS_C_GSS_CODE, major_text, sizeof major_text);
    if (minor_text[0] && GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE)
        major_text[0] = '\0'; /* it only says that the minor status says more */
    const struct usual *found = find_usual(minor);
    if (!found)
        found = judge_major(major, answering);
    return sp_sasl_explain(sasl, found->result, "%s (%s%s%s)", found->advice, minor_text,
                           minor_text[0] && major_text[0] ? "; " : "", major_text);
}
