/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/html.h"

#include "output/writer.h"
#include "probe/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sp_html_init(struct sp_html *html, struct sp_buf *out)
{
    *html = (struct sp_html){.out = out};
}

static void put(struct sp_html *html, const char *data, size_t len)
{
    if (!html->failed && !sp_buf_append(html->out, data, len))
        html->failed = true;
}

static const char *find_entity(char octet)
{
    switch (octet) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* Text that is safe to show but for markup. */
static void put_escaped(struct sp_html *html, const char *data, size_t len)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        const char *entity = find_entity(data[i]);

        if (entity == NULL)
            continue;
        put(html, data + from, i - from);
        put(html, entity, strlen(entity));
        from = i + 1;
    }
    put(html, data + from, len - from);
}

static bool is_plain(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] < 0x20 || data[i] > 0x7E)
            return false;
    return true;
}

static void put_safe(struct sp_html *html, const char *data, size_t len, size_t columns)
{
    struct sp_buf safe;

    if (html->failed || len == 0)
        return;
    if (is_plain(data, len) && (columns == 0 || len <= columns)) {
        put_escaped(html, data, len);
        return;
    }
    sp_buf_init(&safe, html->out->cap);
    if (!sp_safe_append(&safe, SP_SAFE_TERMINAL, data, len, columns))
        html->failed = true;
    else
        put_escaped(html, (const char *)safe.data, safe.len);
    sp_buf_free(&safe);
}

void sp_html_text(struct sp_html *html, const char *data, size_t len)
{
    put_safe(html, data, len, 0);
}

void sp_html_cut(struct sp_html *html, const char *text, size_t columns)
{
    put_safe(html, text, strlen(text), columns);
}

void sp_html_lines(struct sp_html *html, const char *data, size_t len)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\n')
            continue;
        put_safe(html, data + from, i - from, 0);
        put(html, "\n", 1);
        from = i + 1;
    }
    put_safe(html, data + from, len - from, 0);
}

void sp_html_query(struct sp_html *html, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *value != '\0'; value++) {
        unsigned octet = (unsigned char)*value;
        char escaped[3] = {'%', hex[octet >> 4], hex[octet & 15u]};
        bool unreserved = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
                          (octet >= '0' && octet <= '9') ||
                          (octet != 0 && strchr("-._~", (int)octet) != NULL);

        put(html, unreserved ? value : escaped, unreserved ? 1 : sizeof(escaped));
    }
}

/* One conversion whose first octet behind '%' is *at; returns the octet behind it. */
static const char *put_argument(struct sp_html *html, const char *at, va_list *args)
{
    char digits[24] = "";
    const char *text;

    if (*at == 's') {
        text = va_arg(*args, const char *);
        if (text != NULL)
            put_safe(html, text, strlen(text), 0);
    } else if (*at == '%') {
        put(html, "%", 1);
    } else if (*at == 'd') {
        snprintf(digits, sizeof(digits), "%d", va_arg(*args, int));
    } else if (*at == 'u') {
        snprintf(digits, sizeof(digits), "%u", va_arg(*args, unsigned));
    } else if (strncmp(at, "zu", 2) == 0) {
        snprintf(digits, sizeof(digits), "%zu", va_arg(*args, size_t));
    } else if (strncmp(at, "ld", 2) == 0) {
        snprintf(digits, sizeof(digits), "%ld", va_arg(*args, long));
    } else if (strncmp(at, "lu", 2) == 0) {
        snprintf(digits, sizeof(digits), "%lu", va_arg(*args, unsigned long));
    } else if (strncmp(at, "lld", 3) == 0) {
        snprintf(digits, sizeof(digits), "%lld", va_arg(*args, long long));
    } else if (strncmp(at, "llu", 3) == 0) {
        snprintf(digits, sizeof(digits), "%llu", va_arg(*args, unsigned long long));
    } else {
        html->failed = true; /* a template of ours that is wrong must not guess at arguments */
    }
    put(html, digits, strlen(digits));
    return at + (*at == 'z' ? 2 : *at == 'l' ? (at[1] == 'l' ? 3 : 2) : 1);
}

void sp_html_write(struct sp_html *html, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    while (*format != '\0' && !html->failed) {
        size_t plain = strcspn(format, "%");

        put(html, format, plain);
        format += plain;
        if (*format == '%')
            format = put_argument(html, format + 1, &args);
    }
    va_end(args);
}
