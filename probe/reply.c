/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reply       = *( code "-" text eol ) code [ SP text ] eol        ; RFC 5321 §4.2.1
 * code        = %x32-35 %x30-35 %x30-39                            ; RFC 5321 §4.2
 * text        = *octet without LF                                  ; the RFC: *( HT / %d32-126 )
 * eol         = *CR LF                                             ; the RFC: CR LF
 *
 * Where we are wider than the RFC a quirk is recorded. A line with another octet than "-" or SP behind
 * the code ends the reply, except for a digit: four digits are no code. Only LF ends a line: a CR
 * elsewhere stays in the text, so that a server and we can't disagree about where a line ends.
 *
 * enhanced    = class "." number "." number ( SP / end of line )   ; RFC 2034 §4
 * class       = "2" / "4" / "5"                                    ; RFC 3463 §2
 * number      = "0" / ( %x31-39 *2DIGIT )
 */
#include "probe/reply.h"

#include "probe/limits.h"

#include <string.h>

/* Quirks that are ordinary enough for the raw octets to be of no interest. */
#define QUIRKS_WITHOUT_RAW ((unsigned)SP_QUIRK_CODE_ONLY | (unsigned)SP_QUIRK_LONG_LINE)
/* RFC 5321 §4.5.3.1.5, line end included. */
#define RFC_REPLY_LINE 512u
#define CODE_LEN 3u

void sp_reply_parser_init(struct sp_reply_parser *parser)
{
    *parser = (struct sp_reply_parser){0};
    sp_buf_init(&parser->raw, SP_LIMIT_REPLY_BYTES);
}

void sp_reply_parser_free(struct sp_reply_parser *parser)
{
    sp_buf_wipe(&parser->raw);
    sp_reply_parser_init(parser);
}

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

/* Can a line that begins with these octets be one of a reply? */
static bool can_begin_line(const uint8_t *line, size_t len)
{
    if (len > 0 && (line[0] < '2' || line[0] > '5'))
        return false;
    if (len > 1 && (line[1] < '0' || line[1] > '5'))
        return false;
    if (len > 2 && !is_digit(line[2]))
        return false;
    return len <= CODE_LEN || !is_digit(line[CODE_LEN]);
}

/* The length of the UTF-8 sequence at text (RFC 3629 §4), or 0 when there is none. */
static size_t measure_utf8(const uint8_t *text, size_t len)
{
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    size_t size;

    if (text[0] < 0x80)
        return 1;
    if (text[0] >= 0xc2 && text[0] <= 0xdf) {
        size = 2;
    } else if (text[0] >= 0xe0 && text[0] <= 0xef) {
        size = 3;
        low = text[0] == 0xe0 ? 0xa0 : low;   /* overlong */
        high = text[0] == 0xed ? 0x9f : high; /* surrogates */
    } else if (text[0] >= 0xf0 && text[0] <= 0xf4) {
        size = 4;
        low = text[0] == 0xf0 ? 0x90 : low;   /* overlong */
        high = text[0] == 0xf4 ? 0x8f : high; /* beyond U+10FFFF */
    } else {
        return 0;
    }
    if (len < size || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (text[i] < 0x80 || text[i] > 0xbf)
            return 0;
    return size;
}

static unsigned find_quirks(const uint8_t *text, size_t len)
{
    unsigned quirks = 0;

    for (size_t i = 0; i < len;) {
        size_t size = measure_utf8(text + i, len - i);

        if (size == 0) {
            quirks |= SP_QUIRK_NON_UTF8;
            size = 1;
        } else if (size > 1) {
            quirks |= SP_QUIRK_NON_ASCII;
            if (text[i] == 0xc2 && text[i + 1] < 0xa0) /* C1 controls: terminals obey them too */
                quirks |= SP_QUIRK_CONTROL;
        } else if (text[i] == '\0') {
            quirks |= SP_QUIRK_NUL;
        } else if (text[i] == '\r') {
            quirks |= SP_QUIRK_BARE_CR;
        } else if ((text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f) {
            quirks |= SP_QUIRK_CONTROL;
        }
        i += size;
    }
    return quirks;
}

/* The length of a line without its line end; `len` counts the LF. */
static size_t measure_body(const uint8_t *line, size_t len)
{
    size_t body = len - 1;

    while (body > 0 && line[body - 1] == '\r')
        body--;
    return body;
}

static int read_code(const uint8_t *line)
{
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* Books the line that just got its LF. True: it was the reply's last. */
static bool end_line(struct sp_reply_parser *parser)
{
    const uint8_t *line = parser->raw.data + parser->line_start;
    size_t len = parser->raw.len - parser->line_start;
    size_t body = measure_body(line, len);
    int code = read_code(line);
    bool last = body == CODE_LEN || line[CODE_LEN] != '-';

    parser->quirks |= find_quirks(line, body);
    if (len - body == 1)
        parser->quirks |= SP_QUIRK_BARE_LF;
    if (len - body > 2)
        parser->quirks |= SP_QUIRK_BARE_CR;
    if (len > RFC_REPLY_LINE)
        parser->quirks |= SP_QUIRK_LONG_LINE;
    if (body == CODE_LEN)
        parser->quirks |= SP_QUIRK_CODE_ONLY;
    else if (last && line[CODE_LEN] != ' ')
        parser->quirks |= SP_QUIRK_NO_SEPARATOR;
    if (parser->lines > 0 && code != parser->code)
        parser->quirks |= SP_QUIRK_MIXED_CODES;
    parser->code = code;
    parser->lines++;
    parser->line_start = parser->raw.len;
    return last;
}

/* Keeps octets of a bad reply for people to see: as many as a reply with quirks shows. */
static void keep_bad(struct sp_reply_parser *parser, const uint8_t *data, size_t len)
{
    size_t room = parser->raw.len < SP_LIMIT_REPLY_RAW ? SP_LIMIT_REPLY_RAW - parser->raw.len : 0;

    /* Without memory the picture is shorter; that it is no reply is known anyway. */
    (void)sp_buf_append_secret(&parser->raw, data, len < room ? len : room);
}

/* Appends octets that lie within one line, its LF at most the last of them, and judges them. */
static enum sp_reply_status add_piece(struct sp_reply_parser *parser, const uint8_t *data,
                                      size_t len)
{
    const uint8_t *line;
    size_t have;
    bool ended = data[len - 1] == '\n';
    size_t room = SP_LIMIT_REPLY_BYTES - parser->raw.len;

    if (!sp_buf_append_secret(&parser->raw, data, len < room ? len : room))
        return SP_REPLY_NOMEM;
    line = parser->raw.data + parser->line_start;
    have = parser->raw.len - parser->line_start;
    if (!can_begin_line(line, have))
        return SP_REPLY_BAD;
    if (len > room)
        return SP_REPLY_TOO_LARGE;
    if (!ended) {
        /* One CR above the cap may belong to the line end. */
        bool over = have > SP_LIMIT_REPLY_LINE &&
                    (have > SP_LIMIT_REPLY_LINE + 1 || line[have - 1] != '\r');

        return over ? SP_REPLY_TOO_LARGE : SP_REPLY_MORE;
    }
    if (measure_body(line, have) > SP_LIMIT_REPLY_LINE)
        return SP_REPLY_TOO_LARGE;
    if (end_line(parser))
        return SP_REPLY_DONE;
    return parser->lines >= SP_LIMIT_REPLY_LINES ? SP_REPLY_TOO_LARGE : SP_REPLY_MORE;
}

enum sp_reply_status sp_reply_parse(struct sp_reply_parser *parser, const uint8_t *data, size_t len,
                                    size_t *out_used)
{
    size_t used = 0;

    while (used < len && parser->status == SP_REPLY_MORE) {
        const uint8_t *end = memchr(data + used, '\n', len - used);
        size_t piece = end != NULL ? (size_t)(end - (data + used)) + 1 : len - used;

        parser->status = add_piece(parser, data + used, piece);
        used += piece;
    }
    if (parser->status == SP_REPLY_BAD && used < len) {
        keep_bad(parser, data + used, len - used);
        used = len;
    }
    *out_used = used;
    return parser->status;
}

void sp_reply_mask(struct sp_reply_parser *parser, const struct sp_secrets *secrets)
{
    if (parser->raw.len > 0)
        sp_secrets_mask(secrets, (char *)parser->raw.data, parser->raw.len);
}

/* Copies the lines' text behind code and separator. */
static bool copy_lines(const struct sp_reply_parser *parser, struct sp_arena *arena,
                       struct sp_text *lines)
{
    const uint8_t *line = parser->raw.data;

    for (size_t i = 0; i < parser->lines; i++) {
        const uint8_t *end =
            memchr(line, '\n', parser->raw.len - (size_t)(line - parser->raw.data));
        size_t len = (size_t)(end - line) + 1;
        size_t body = measure_body(line, len);
        size_t skip = CODE_LEN;

        if (body > CODE_LEN && (line[CODE_LEN] == ' ' || line[CODE_LEN] == '-'))
            skip++;
        lines[i].len = body - skip;
        lines[i].data = sp_arena_strndup(arena, (const char *)line + skip, body - skip);
        if (lines[i].data == NULL)
            return false;
        line = end + 1;
    }
    return true;
}

bool sp_reply_take(struct sp_reply_parser *parser, struct sp_arena *arena,
                   struct sp_reply *out_reply)
{
    struct sp_reply reply = {.code = parser->code, .quirks = parser->quirks};
    size_t shown = 0;

    reply.line_count = parser->lines;
    reply.lines = sp_arena_array(arena, parser->lines, sizeof *reply.lines);
    if (reply.lines == NULL || !copy_lines(parser, arena, reply.lines))
        return false;
    if ((parser->quirks & ~QUIRKS_WITHOUT_RAW) != 0)
        shown = parser->raw.len < SP_LIMIT_REPLY_RAW ? parser->raw.len : SP_LIMIT_REPLY_RAW;
    reply.raw.len = shown;
    reply.raw.data =
        shown > 0 ? sp_arena_strndup(arena, (const char *)parser->raw.data, shown) : "";
    if (reply.raw.data == NULL)
        return false;
    *out_reply = reply;
    sp_buf_consume(&parser->raw, parser->raw.len);
    parser->line_start = 0;
    parser->lines = 0;
    parser->code = 0;
    parser->quirks = 0;
    parser->status = SP_REPLY_MORE;
    return true;
}

/* First octets of servers that are met on the wrong port. */
static const struct {
    const char *start;
    size_t len;
    const char *guess;
} greetings[] = {
    {"SSH-", 4, "an SSH server"},
    {"HTTP/", 5, "an HTTP server"},
    {"<", 1, "an HTTP server"},
    {"+OK", 3, "a POP3 server"},
    {"-ERR", 4, "a POP3 server"},
    {"* OK", 4, "an IMAP server"},
    {"* PREAUTH", 9, "an IMAP server"},
    {"* BYE", 5, "an IMAP server"},
    {"\"IMPLEMENTATION\"", 16, "a ManageSieve server"},
    {"120", 3, "an FTP server"},
    {"RFB ", 4, "a VNC server"},
    {"AMQP", 4, "an AMQP server"},
    {"\x16\x03", 2, "a TLS server"},
    {"\x15\x03", 2, "a TLS server"},
    {"\xff\xfb", 2, "a telnet server"},
    {"\xff\xfd", 2, "a telnet server"},
};

const char *sp_reply_guess(const struct sp_reply_parser *parser)
{
    const struct sp_buf *raw = &parser->raw;

    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
        if (raw->len >= greetings[i].len &&
            memcmp(raw->data, greetings[i].start, greetings[i].len) == 0)
            return greetings[i].guess;
    /* MySQL: a packet's three octets of length, its number 0, the protocol's version 10. */
    if (raw->len >= 5 && raw->data[1] == 0 && raw->data[2] == 0 && raw->data[3] == 0 &&
        raw->data[4] == 10)
        return "a MySQL server";
    if (parser->lines > 0)
        return "a reply with a line that has no code"; /* RFC 959 §4.2: FTP may leave it out */
    if (raw->len >= 3 && is_digit(raw->data[0]) && is_digit(raw->data[1]) && is_digit(raw->data[2]))
        return "a server with reply codes that SMTP does not have";
    return "something that is not SMTP";
}

const uint8_t *sp_reply_received(const struct sp_reply_parser *parser, size_t *out_len)
{
    *out_len = parser->raw.len;
    return parser->raw.len > 0 ? parser->raw.data : NULL;
}

/* Skips one number of an enhanced code from *pos on. */
static bool skip_number(const struct sp_text *line, size_t *pos)
{
    size_t start = *pos;

    while (*pos < line->len && *pos - start < 4 && is_digit((uint8_t)line->data[*pos]))
        (*pos)++;
    if (*pos == start || *pos - start > 3)
        return false;
    return line->data[start] != '0' || *pos - start == 1;
}

/* The length of the enhanced code at the line's start, or 0. */
static size_t measure_enhanced(const struct sp_text *line, int reply_class)
{
    size_t pos = 2;

    if (line->len < 5 || line->data[0] != '0' + reply_class || line->data[1] != '.')
        return 0;
    if (!skip_number(line, &pos) || pos >= line->len || line->data[pos] != '.')
        return 0;
    pos++;
    if (!skip_number(line, &pos))
        return 0;
    return pos == line->len || line->data[pos] == ' ' ? pos : 0;
}

bool sp_reply_enhanced(struct sp_arena *arena, struct sp_reply *reply)
{
    int reply_class = reply->code / 100;
    size_t len = 0;

    reply->enhanced = NULL;
    if (reply->line_count == 0 || (reply_class != 2 && reply_class != 4 && reply_class != 5))
        return false;
    for (size_t i = 0; i < reply->line_count; i++) {
        size_t this_len = measure_enhanced(&reply->lines[i], reply_class);

        if (this_len == 0 || (i > 0 && this_len != len) ||
            memcmp(reply->lines[i].data, reply->lines[0].data, this_len) != 0)
            return false;
        len = this_len;
    }
    reply->enhanced = sp_arena_strndup(arena, reply->lines[0].data, len);
    return reply->enhanced != NULL;
}
