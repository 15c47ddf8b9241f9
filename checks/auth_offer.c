/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "checks/auth_offer.h"

#include "probe/sasl_names.h"

#include <stdio.h>
#include <string.h>

/* Servers that know no better offer a challenge with a fast hash where there is no TLS, and passwords in
 * clear inside it. What is stronger has no reason to be missing inside. */
#define STRENGTH_FOR_CLEAR 140u

/* Appends a name to a list; what has no room is left out. */
static void append_name(char *list, size_t size, const char *name)
{
    size_t used = strlen(list);
    if (used + strlen(name) + sizeof ", " <= size)
        (void)snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", name);
}

size_t sp_offer_list(const struct sp_ehlo *ehlo, char *list, size_t size)
{
    list[0] = '\0';
    for (size_t i = 0; i < ehlo->auth_count; i++)
        append_name(list, size, ehlo->auth[i]);
    return ehlo->auth_count;
}

size_t sp_offer_exposing(const struct sp_ehlo *ehlo, char *list, size_t size)
{
    size_t count = 0;
    list[0] = '\0';
    for (size_t i = 0; i < ehlo->auth_count; i++) {
        if (!sp_sasl_facts(ehlo->auth[i]).exposes)
            continue;
        append_name(list, size, ehlo->auth[i]);
        count++;
    }
    return count;
}

static bool is_listed(const struct sp_ehlo *ehlo, const char *name)
{
    for (size_t i = 0; i < ehlo->auth_count; i++)
        if (strcmp(ehlo->auth[i], name) == 0)
            return true;
    return false;
}

static const char *find_best(const struct sp_ehlo *ehlo, unsigned *out_strength)
{
    const char *best = "none that is known here";
    *out_strength = 0;
    for (size_t i = 0; i < ehlo->auth_count; i++) {
        unsigned strength = sp_sasl_facts(ehlo->auth[i]).strength;
        if (strength <= *out_strength)
            continue;
        *out_strength = strength;
        best = ehlo->auth[i];
    }
    return best;
}

/* Channel binding that is announced and then missing counts whatever else there is: EXTERNAL or a ticket may
 * be stronger, and do nothing for a password. */
static bool is_lost(const struct sp_ehlo *tls, const char *name, unsigned best)
{
    struct sp_sasl_facts facts = sp_sasl_facts(name);
    return !is_listed(tls, name) && (facts.binds || facts.strength > best);
}

bool sp_offer_compare(const struct sp_ehlo *plain, const struct sp_ehlo *tls,
                      struct sp_offer_change *out_change, char *list, size_t size)
{
    unsigned best;
    struct sp_offer_change change = {.gone = tls->auth_count == 0, .by_design = true};
    change.best = find_best(tls, &best);
    list[0] = '\0';
    for (size_t i = 0; i < plain->auth_count; i++) {
        const char *name = plain->auth[i];
        if (!change.gone && !is_lost(tls, name, best))
            continue;
        append_name(list, size, name);
        change.lost++;
        if (change.gone || sp_sasl_facts(name).strength >= STRENGTH_FOR_CLEAR)
            change.by_design = false;
    }
    *out_change = change;
    return change.lost > 0;
}
