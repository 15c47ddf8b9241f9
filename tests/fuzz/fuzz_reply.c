/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets to the reply parser, cut in two ways: in one piece, and in pieces that the input's first
 * octet chooses. Both must give the same replies, within the caps; each reply goes on to the parsers
 * of enhanced codes and of EHLO.
 */
#include "probe/ehlo.h"
#include "probe/limits.h"
#include "probe/reply.h"

#include <stdlib.h>
#include <string.h>

struct result {
    enum sp_reply_status status;
    size_t replies, octets, lines, capabilities;
    unsigned quirks;
    int codes;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void use_reply(struct sp_arena *arena, struct sp_reply *reply, struct result *result)
{
    struct sp_ehlo ehlo = {0};

    require(reply->code >= 200 && reply->code <= 559);
    require(reply->line_count >= 1 && reply->line_count <= SP_LIMIT_REPLY_LINES);
    require(reply->raw.len <= SP_LIMIT_REPLY_RAW);
    for (size_t i = 0; i < reply->line_count; i++) {
        require(memchr(reply->lines[i].data, '\n', reply->lines[i].len) == NULL);
        require(reply->lines[i].data[reply->lines[i].len] == '\0');
    }
    (void)sp_reply_enhanced(arena, reply);
    require(sp_ehlo_parse(arena, reply, &ehlo)); /* an arena holds the largest reply many times */
    require(ehlo.count <= SP_LIMIT_CAPABILITIES && ehlo.auth_count <= SP_LIMIT_PARAMS);
    for (size_t i = 0; i < ehlo.count; i++)
        for (const char *c = ehlo.items[i].keyword; *c; c++)
            require(*c > 0x20 && *c < 0x7f && !(*c >= 'a' && *c <= 'z'));
    result->replies++;
    result->lines += reply->line_count;
    result->capabilities += ehlo.count;
    result->quirks |= reply->quirks;
    result->codes += reply->code;
}

static struct result run(const uint8_t *data, size_t size, size_t step)
{
    struct sp_reply_parser parser;
    struct result result = {.status = SP_REPLY_MORE};

    sp_reply_parser_init(&parser);
    while (result.octets < size) {
        size_t piece = size - result.octets < step ? size - result.octets : step;
        size_t used = 0;

        result.status = sp_reply_parse(&parser, data + result.octets, piece, &used);
        require(used <= piece && (used == piece || result.status != SP_REPLY_MORE));
        require(parser.raw.len <= SP_LIMIT_REPLY_BYTES);
        result.octets += used;
        if (result.status == SP_REPLY_DONE) {
            struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
            struct sp_reply reply;

            require(arena != NULL && sp_reply_take(&parser, arena, &reply));
            use_reply(arena, &reply, &result);
            sp_arena_free(arena);
        } else if (result.status != SP_REPLY_MORE) {
            require(sp_reply_guess(&parser) != NULL);
            break;
        }
    }
    sp_reply_parser_free(&parser);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result whole, pieces;

    if (size == 0)
        return 0;
    whole = run(data + 1, size - 1, size);
    pieces = run(data + 1, size - 1, (size_t)data[0] % 17 + 1);
    require(whole.status == pieces.status && whole.replies == pieces.replies);
    require(whole.lines == pieces.lines && whole.capabilities == pieces.capabilities);
    require(whole.quirks == pieces.quirks && whole.codes == pieces.codes);
    return 0;
}
