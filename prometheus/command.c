/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/command.h"

#include "output/utf8.h"
#include "probe/limits.h"
#include "probe/option_text.h"

#include <string.h>

/* Groups of options that say how a target is probed; the others are about batches and output. */
static bool is_about_probe(const struct sp_option_info *info)
{
    static const char *const groups[] = {"batch", "output", "other"};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (strcmp(info->group, groups[i]) == 0)
            return false;
    return !info->action;
}

static bool is_safe_word(const char *data, size_t len)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "%+,-./:=@_";

    for (size_t i = 0; i < len; i++)
        if (data[i] == '\0' || strchr(safe, data[i]) == NULL)
            return false;
    return len > 0 && data[0] != '='; /* with which a word of zsh is the path of a program */
}

/* Octets that a page would have to show as escapes, so that a copy of them were something else. */
static bool is_unseen(int32_t code)
{
    return code != '\n' &&
           (code == SP_UTF8_BAD || code < 0x20 || code == 0x7F || sp_utf8_hidden(code));
}

/* Between single quotes a shell changes nothing; a quote itself stands outside of them. */
static bool quote_seen(struct sp_buf *out, const char *data, size_t len)
{
    bool done = sp_buf_append_str(out, "'");

    for (size_t i = 0; i < len && done; i++)
        done = data[i] == '\'' ? sp_buf_append_str(out, "'\\''") : sp_buf_append(out, &data[i], 1);
    return done && sp_buf_append_str(out, "'");
}

static bool quote_unseen(struct sp_buf *out, const char *data, size_t len)
{
    bool done = sp_buf_append_str(out, "\"$(printf '");

    for (size_t i = 0; i < len && done; i++)
        done = sp_buf_printf(out, "\\%03o", (unsigned)(unsigned char)data[i]);
    return done && sp_buf_append_str(out, "')\"");
}

/* Runs of what can be seen and of what can't, one behind the other: to a shell they are one word. */
static bool quote(struct sp_buf *out, const char *data, size_t len)
{
    size_t from = 0, at = 0;
    bool unseen = false;

    if (is_safe_word(data, len))
        return sp_buf_append(out, data, len);
    while (at < len) {
        int32_t code;
        size_t taken = sp_utf8_read(data + at, len - at, &code);

        if (at > from && is_unseen(code) != unseen) {
            if (!(unseen ? quote_unseen : quote_seen)(out, data + from, at - from))
                return false;
            from = at;
        }
        unseen = is_unseen(code);
        at += taken;
    }
    return (unseen ? quote_unseen : quote_seen)(out, data + from, len - from);
}

static bool is_same(const struct sp_buf *a, const struct sp_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool write_option(struct sp_buf *out, const struct sp_options *options,
                         const struct sp_options *defaults, const struct sp_option_info *info)
{
    struct sp_buf value, usual;
    enum sp_option_given given, usually;

    sp_buf_init(&value, SP_LIMIT_OPTIONS_ARENA);
    sp_buf_init(&usual, SP_LIMIT_OPTIONS_ARENA);
    bool done = sp_option_text(options, info, &value, &given) &&
                sp_option_text(defaults, info, &usual, &usually);
    if (done && given != SP_OPTION_NOT_GIVEN && !(given == usually && is_same(&value, &usual))) {
        done = sp_buf_printf(out, " --%s", info->name);
        if (done && given == SP_OPTION_VALUE)
            done = sp_buf_append_str(out, "=") && quote(out, (const char *)value.data, value.len);
    }
    sp_buf_free(&value);
    sp_buf_free(&usual);
    return done;
}

bool sp_command_write(const struct sp_outcome *outcome, struct sp_buf *out)
{
    struct sp_options defaults;

    sp_options_init(&defaults);
    if (!sp_buf_append_str(out, "smtp-probe --transcript"))
        return false;
    for (size_t i = 0; i < sp_option_count(); i++) {
        const struct sp_option_info *info = sp_option_at(i);

        if (is_about_probe(info) && !write_option(out, &outcome->options, &defaults, info))
            return false;
    }
    /* Behind "--" a word is no option, whatever it begins with. */
    return sp_buf_append_str(out, outcome->target[0] == '-' ? " -- " : " ") &&
           quote(out, outcome->target, strlen(outcome->target));
}
