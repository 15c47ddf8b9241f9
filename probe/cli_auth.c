/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --list-auth: the table of mechanisms, from their own rows. */
#include "probe/cli_text.h"
#include "probe/sasl.h"

#include <stdio.h>

/* "user, password", in the order of the bits. */
static void list_needs(unsigned needs, char *out, size_t size)
{
    static const struct {
        enum sp_sasl_need need;
        const char *word;
    } words[] = {{SP_SASL_NEEDS_CERTIFICATE, "certificate"},
                 {SP_SASL_NEEDS_TICKET, "ticket"},
                 {SP_SASL_NEEDS_USER, "user"},
                 {SP_SASL_NEEDS_PASSWORD, "password"},
                 {SP_SASL_NEEDS_TOKEN, "token"},
                 {SP_SASL_NEEDS_BINDING, "TLS"}};
    size_t used = 0;

    snprintf(out, size, "nothing");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && used < size; i++) {
        if ((needs & words[i].need) != 0) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     words[i].word);
        }
    }
}

bool sp_cli_auth_text(struct sp_buf *out)
{
    bool ok = sp_buf_printf(out, "%-18s  %-19s  %-7s  %s\n", "MECHANISM", "NEEDS", "EXPOSED",
                            "WHAT IT IS");

    for (size_t i = 0; sp_sasl_mechs[i] != NULL; i++) {
        const struct sp_sasl_mech *mech = sp_sasl_mechs[i];
        char needs[64];

        list_needs(mech->needs, needs, sizeof(needs));
        ok = ok && sp_buf_printf(out, "%-18s  %-19s  %-7s  %s\n", mech->name, needs,
                                 mech->exposes ? "yes" : "no", mech->help);
    }
    return ok &&
           sp_buf_append_str(
               out,
               "\nThe strongest one that the server offers too is used, once. Exposed: who reads along\n"
               "has the password or token, so it is used only inside TLS with a server that has\n"
               "proven who it is. See --auth and --auth-insecure.\n");
}
