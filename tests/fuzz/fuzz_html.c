/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets between tags, inside an attribute, in <pre> and in a URL: what comes out has no character that
 * ends any of these, and read back by HTML's rules it is the safe text.
 */
#include "output/writer.h"
#include "prometheus/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CAP 4194304u

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* The five entities back to what they stand for; anything else that markup is made of must not be there. */
static void read_back(const struct sp_buf *html, struct sp_buf *out)
{
    static const char *const entities[][2] = {
        {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}};

    for (size_t at = 0; at < html->len;) {
        size_t taken = 0;

        for (size_t i = 0; html->data[at] == '&' && i < 5; i++) {
            size_t len = strlen(entities[i][0]);

            if (html->len - at >= len && memcmp(html->data + at, entities[i][0], len) == 0) {
                require(sp_buf_append_str(out, entities[i][1]));
                taken = len;
            }
        }
        if (taken == 0) {
            require(html->data[at] != 0 && strchr("&<>\"'", html->data[at]) == NULL);
            require(sp_buf_append(out, html->data + at, 1));
            taken = 1;
        }
        at += taken;
    }
}

static void check_same(const struct sp_buf *html, const struct sp_buf *safe)
{
    struct sp_buf back;

    sp_buf_init(&back, CAP);
    read_back(html, &back);
    require(back.len == safe->len);
    require(back.len == 0 || memcmp(back.data, safe->data, back.len) == 0);
    sp_buf_free(&back);
}

static void check_text(const char *data, size_t len)
{
    struct sp_buf out, safe;
    struct sp_html html;

    sp_buf_init(&out, CAP);
    sp_buf_init(&safe, CAP);
    sp_html_init(&html, &out);
    sp_html_text(&html, data, len);
    require(!html.failed && sp_safe_append(&safe, SP_SAFE_TERMINAL, data, len, 0));
    check_same(&out, &safe);
    sp_buf_free(&out);
    sp_buf_free(&safe);
}

/* The same up to a NUL: as an argument, and cut. */
static void check_string(const char *text)
{
    struct sp_buf out, safe;
    struct sp_html html;

    sp_buf_init(&out, CAP);
    sp_buf_init(&safe, CAP);
    sp_html_init(&html, &out);
    sp_html_write(&html, "%s", text);
    require(!html.failed && sp_safe_append(&safe, SP_SAFE_TERMINAL, text, strlen(text), 0));
    check_same(&out, &safe);
    out.len = safe.len = 0;
    sp_html_cut(&html, text, 20);
    require(!html.failed && sp_safe_append(&safe, SP_SAFE_TERMINAL, text, strlen(text), 20));
    check_same(&out, &safe);
    out.len = 0;
    sp_html_query(&html, text);
    for (size_t i = 0; i < out.len; i++)
        require(out.data[i] > 0x20 && out.data[i] < 0x7F &&
                strchr("&<>\"'?#+=/\\:", out.data[i]) == NULL);
    sp_buf_free(&out);
    sp_buf_free(&safe);
}

static void check_lines(const char *data, size_t len)
{
    struct sp_buf out;
    struct sp_html html;
    size_t wanted = 0, found = 0;

    sp_buf_init(&out, CAP);
    sp_html_init(&html, &out);
    sp_html_lines(&html, data, len);
    require(!html.failed);
    for (size_t i = 0; i < len; i++)
        wanted += data[i] == '\n';
    for (size_t i = 0; i < out.len; i++) {
        found += out.data[i] == '\n';
        require(out.data[i] == '\n' || out.data[i] >= 0x20);
        require(out.data[i] != '<' && out.data[i] != '>');
    }
    require(wanted == found);
    sp_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_text(text, size);
    check_string(text);
    check_lines(text, size);
    free(text);
    return 0;
}
