/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/cli_text.h"

#include "probe/host.h"
#include "probe/options.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80u
#define HELP_COLUMN 31u /* where the explanations start */

static const char TARGETS[] =
    "Targets:\n"
    "  mx.example.org               port 25, STARTTLS if offered (smtp://)\n"
    "  mx.example.org:587           STARTTLS required (submission://)\n"
    "  mx.example.org:465           TLS from the start (smtps://, submissions://)\n"
    "  lmtp://HOST, lmtp+unix:/PATH LMTP, port 24 or a socket\n"
    "  [2001:db8::1]:25             an address\n"
    "  @FILE, -                     one target a line, from a file or standard input\n";

/* Appends words from `text` with line breaks; `column` is where the output stands, `indent` where
 * further lines start. Ends without a line end; returns the column reached through *column. */
static bool wrap_text(struct sp_buf *out, const char *text, size_t indent, size_t *column)
{
    bool ok = true;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (*column > indent && *column + 1 + len > COLUMNS) {
            ok = ok && sp_buf_printf(out, "\n%*s", (int)indent, "");
            *column = indent;
        } else if (*column > indent) {
            ok = ok && sp_buf_append_str(out, " ");
            ++*column;
        }
        ok = ok && sp_buf_append(out, text, len);
        *column += len;
        text += len;
        text += *text == ' ';
    }
    return ok;
}

/* " none, opportunistic, starttls, implicit" out of "none|opportunistic|...". */
static void join_choices(char *out, size_t size, const char *choices)
{
    size_t used = 0;

    for (; *choices != '\0' && used + 3 < size; choices++) {
        out[used++] = *choices == '|' ? ',' : *choices;
        if (*choices == '|') {
            out[used++] = ' ';
        }
    }
    out[used] = '\0';
}

/* "(default: 5s)", or nothing. */
static bool append_default(struct sp_buf *out, const struct sp_option_info *info, size_t *column)
{
    char text[160], parentheses[180];

    if (sp_option_default(info, text, sizeof(text)) == NULL) {
        return true;
    }
    snprintf(parentheses, sizeof(parentheses), "(default: %s)", text);
    return wrap_text(out, parentheses, HELP_COLUMN, column);
}

/* One option with its explanation. */
static bool append_option(struct sp_buf *out, const struct sp_option_info *info, bool with_default)
{
    char left[96], text[240], choices[120];
    size_t column;
    int len;
    bool ok;

    if (info->short_name != 0) {
        len = snprintf(left, sizeof(left), "  -%c, --%s", info->short_name, info->name);
    } else {
        len = snprintf(left, sizeof(left), "      --%s", info->name);
    }
    if (info->metavar != NULL) {
        len += snprintf(left + len, sizeof(left) - (size_t)len, " %s", info->metavar);
    }
    ok = sp_buf_append_str(out, left);
    if ((size_t)len + 1 > HELP_COLUMN) {
        ok = ok && sp_buf_printf(out, "\n%*s", (int)HELP_COLUMN, "");
    } else {
        ok = ok && sp_buf_printf(out, "%*s", (int)HELP_COLUMN - len, "");
    }
    column = HELP_COLUMN;
    snprintf(text, sizeof(text), "%s", info->help);
    if (info->choices != NULL) {
        join_choices(choices, sizeof(choices), info->choices);
        snprintf(text, sizeof(text), "%s: %s", info->help, choices);
    }
    ok = ok && wrap_text(out, text, HELP_COLUMN, &column);
    if (with_default) {
        ok = ok && append_default(out, info, &column);
    }
    return ok && sp_buf_append_str(out, "\n");
}

bool sp_cli_short_help_text(struct sp_buf *out)
{
    return sp_cli_short_help_text_for(&sp_cli_smtp_probe, out);
}

bool sp_cli_help_text(struct sp_buf *out)
{
    return sp_cli_help_text_for(&sp_cli_smtp_probe, out);
}

bool sp_cli_version_text(struct sp_buf *out)
{
    return sp_cli_version_text_for(&sp_cli_smtp_probe, out);
}

bool sp_cli_short_help_text_for(const struct sp_cli_program *program, struct sp_buf *out)
{
    bool ok = sp_buf_append_str(out, program->usage) && sp_buf_append_str(out, TARGETS) &&
              sp_buf_append_str(out, "Options:\n");

    for (size_t i = 0; i < sp_cli_row_count(program); i++) {
        const struct sp_option_info *info = sp_cli_row(program, i);
        if (info != NULL && info->common) {
            ok = ok && append_option(out, info, false);
        }
    }
    return ok && sp_buf_printf(out, "All options: %s --help\n", program->name);
}

bool sp_cli_help_text_for(const struct sp_cli_program *program, struct sp_buf *out)
{
    const char *group = "";
    bool ok = sp_buf_append_str(out, program->usage) && sp_buf_append_str(out, "\n") &&
              sp_buf_append_str(out, TARGETS) &&
              sp_buf_append_str(
                  out, "  Options for one target can stand behind it: 192.0.2.7:587 timeout=5s\n"
                       "  In a file, \"#\" starts a comment.\n");

    for (size_t i = 0; i < sp_cli_row_count(program); i++) {
        const struct sp_option_info *info = sp_cli_row(program, i);
        if (info == NULL) {
            continue;
        }
        if (strcmp(info->group, group) != 0) {
            group = info->group;
            ok = ok && sp_buf_printf(out, "\n%c%s:\n", group[0] - 'a' + 'A', group + 1);
        }
        ok = ok && append_option(out, info, true);
    }
    return ok &&
           sp_buf_append_str(
               out, "\nDurations are written 1500ms, 5s, 2m, 1h; a plain number means seconds.\n"
                    "Ranges are those of Nagios plugins: 5, 1:5, ~:5, 5:, @1:5.\n"
                    "Each option can be set in the environment: SMTP_PROBE_TIMEOUT=10s.\n\n") &&
           sp_buf_append_str(out, program->exit_codes);
}

bool sp_cli_version_text_for(const struct sp_cli_program *program, struct sp_buf *out)
{
    return sp_buf_printf(out, "%s " SP_VERSION "\n", program->name);
}

/* A paragraph with a heading, left out when empty. */
static bool append_paragraph(struct sp_buf *out, const char *heading, const char *text)
{
    size_t column = 0;

    if (*text == '\0') {
        return true;
    }
    return sp_buf_append_str(out, heading) && wrap_text(out, text, 0, &column) &&
           sp_buf_append_str(out, "\n");
}

bool sp_cli_explain_text(enum sp_reason reason, struct sp_buf *out)
{
    const struct sp_reason_info *info = sp_reason_info(reason);
    char heading[320];

    snprintf(heading, sizeof(heading), "%s (%s): %s", info->word, sp_state_name(info->state),
             info->sentence);
    return append_paragraph(out, "", heading) && append_paragraph(out, "\n", info->explanation) &&
           append_paragraph(out, "\nWhat to try next:\n", info->next);
}

bool sp_cli_reasons_text(struct sp_buf *out)
{
    bool ok = true;

    for (int i = 0; i < SP_REASON_COUNT; i++) {
        const struct sp_reason_info *info = sp_reason_info((enum sp_reason)i);
        ok = ok && sp_buf_printf(out, "%-32s %-8s  %s\n", info->word, sp_state_name(info->state),
                                 info->sentence);
    }
    return ok;
}

static bool append_target(const struct sp_endpoint *endpoint, struct sp_buf *out)
{
    static const char *const tls[] = {"?", "none", "opportunistic", "starttls", "implicit"};
    static const char *const verify[] = {"?", "require", "report", "off"};
    char quoted[SP_QUOTE_SIZE + 64];
    const char *input = endpoint->input;
    bool ok;

    if (endpoint->invalid != NULL) {
        ok = sp_buf_printf(out,
                           "invalid %s: ", sp_quote(quoted, sizeof(quoted), input, strlen(input)));
        if (endpoint->source != NULL) {
            ok = ok && sp_buf_printf(out, "%s:%zu: ", endpoint->source, endpoint->line);
        }
        return ok && sp_buf_printf(out, "%s\n", endpoint->invalid);
    }
    if (endpoint->unix_path != NULL) {
        ok = sp_buf_printf(
            out, "socket=%s",
            sp_quote(quoted, sizeof(quoted), endpoint->unix_path, strlen(endpoint->unix_path)));
    } else {
        ok = sp_buf_printf(out, "host=%s port=%u", endpoint->host, endpoint->port);
    }
    ok = ok && sp_buf_printf(out, " mode=%s tls=%s verify=%s",
                             endpoint->mode == SP_MODE_LMTP ? "lmtp" : "smtp", tls[endpoint->tls],
                             verify[endpoint->verify]);
    if (endpoint->server_name != NULL) {
        ok = ok && sp_buf_printf(out, " server_name=%s", endpoint->server_name);
    }
    return ok && sp_buf_append_str(out, "\n");
}

bool sp_cli_dry_run_text(const struct sp_target_list *targets, struct sp_buf *out)
{
    bool ok = true;

    for (size_t i = 0; i < targets->count && ok; i++) {
        ok = append_target(&targets->items[i], out);
    }
    return ok;
}
