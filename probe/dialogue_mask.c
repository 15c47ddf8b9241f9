/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Secrets in what the server says: of the login, and of a program's script.
 *
 * The login's is read late, and by then some texts of the server are stored already. A server that has seen it
 * in an earlier login could have put it there, into its greeting for instance.
 *
 * Two things stay as they are: all texts of a session that ends before its login has begun, since the secret
 * is not read then; and what TLS showed, such as the names in a certificate.
 */
#include "probe/dialogue_private.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct sp_secrets *script_secrets(const struct sp_dialogue *dialogue)
{
    return dialogue->script ? dialogue->script->secrets : NULL;
}

void sp_dialogue_mask(const struct sp_dialogue *dialogue, char *text, size_t len)
{
    sp_secrets_mask(script_secrets(dialogue), text, len);
    sp_secrets_mask(&dialogue->secrets, text, len);
}

void sp_dialogue_mask_reply(struct sp_dialogue *dialogue)
{
    sp_reply_mask(&dialogue->parser, script_secrets(dialogue));
    sp_reply_mask(&dialogue->parser, &dialogue->secrets);
}

/* --- what is stored already -------------------------------------------------------------------- */

/* False: out of memory. */
static bool mask_octets(struct sp_dialogue *dialogue, const char **text, size_t len)
{
    char *copy = malloc(len + 1);
    bool good = true;
    if (copy == NULL)
        return false;
    memcpy(copy, *text, len);
    copy[len] = '\0';
    sp_dialogue_mask(dialogue, copy, len);
    if (memcmp(copy, *text, len) != 0) {
        sp_secret_wipe((void *)(uintptr_t)*text, len); /* all these texts are the arena's */
        *text = sp_arena_memdup(dialogue->evidence->arena, copy, len + 1);
        good = *text != NULL;
    }
    sp_secret_wipe(copy, len);
    free(copy);
    return good;
}

static bool mask_text(struct sp_dialogue *dialogue, struct sp_text *text)
{
    if (text->len == 0 || mask_octets(dialogue, &text->data, text->len))
        return true;
    *text = (struct sp_text){"", 0};
    return false;
}

static bool mask_word(struct sp_dialogue *dialogue, const char **word)
{
    if (mask_octets(dialogue, word, strlen(*word)))
        return true;
    *word = "";
    return false;
}

static bool mask_ehlo(struct sp_dialogue *dialogue, struct sp_ehlo *ehlo)
{
    bool good = true;
    for (size_t i = 0; i < ehlo->count; i++) {
        struct sp_capability *item = &ehlo->items[i];
        good &= mask_word(dialogue, &item->keyword);
        for (size_t k = 0; k < item->param_count; k++)
            good &= mask_text(dialogue, &item->params[k]);
    }
    for (size_t i = 0; i < ehlo->auth_count; i++)
        good &= mask_word(dialogue, &ehlo->auth[i]);
    return good;
}

bool sp_dialogue_mask_past(struct sp_dialogue *dialogue)
{
    struct sp_evidence *evidence = dialogue->evidence;
    bool good = mask_ehlo(dialogue, &evidence->plain);
    good &= mask_ehlo(dialogue, &evidence->tls_ehlo);
    for (size_t i = 0; i < evidence->reply_count; i++) {
        struct sp_reply *reply = &evidence->replies[i];
        good &= mask_text(dialogue, &reply->raw);
        for (size_t k = 0; k < reply->line_count; k++)
            good &= mask_text(dialogue, &reply->lines[k]);
    }
    for (struct sp_transcript_line *line = evidence->transcript.first; line; line = line->next)
        good &= mask_text(dialogue, &line->text);
    return good;
}
