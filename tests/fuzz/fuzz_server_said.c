/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server says about a refused login, in a challenge and in its reply: made readable within its room,
 * every member found is text of it, and no octets bring advice that is not ours.
 *
 *   input = code(1) text NUL text
 */
#include "checks/auth_advice.h"
#include "checks/server_said.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_said(const char *said)
{
    static const char *const members[] = {"status", "scope", ""};
    char out[512];
    for (size_t room = 1; room <= sizeof out; room *= 8)
        require(strlen(sp_word_server_said(out, room, said)) < room);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        memset(out, 'x', sizeof out);
        bool found = sp_server_said_member(said, members[i], out, 64);
        require(out[64] == 'x');
        if (found)
            require(strlen(out) > 0 && strlen(out) < 64 && strlen(out) <= strlen(said));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int codes[] = {535, 534, 454, 530, 550, 504, 503, 435, 432, 538, 500, 451};
    if (size < 2)
        return 0;
    char *text = malloc(size);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    const char *said = text + strlen(text) < text + size - 1 ? text + strlen(text) + 1 : text;
    check_said(said);
    /* The reply is not terminated: nothing may look behind its length. */
    size_t len = strlen(text);
    char *line = malloc(len > 0 ? len : 1);
    if (line != NULL) {
        memcpy(line, text, len);
        struct sp_text lines[] = {{line, len}};
        const struct sp_reply reply = {.code = codes[data[0] % (sizeof codes / sizeof codes[0])],
                                       .lines = lines,
                                       .line_count = 1};
        const struct sp_refusal refusal = {.reply = &reply,
                                           .server_said = said,
                                           .mechanism = data[0] & 0x80 ? "XOAUTH2" : "PLAIN",
                                           .host = data[0] & 0x40 ? "smtp.mail.me.com" : NULL};
        const char *advice = sp_auth_advice(&refusal);
        require(advice == NULL || strlen(advice) > 20);
    }
    free(line);
    free(text);
    return 0;
}
