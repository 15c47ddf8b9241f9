/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page shows, for programs: see "JSON endpoints" in README.md. */
#include "output/facts.h"
#include "output/json.h"
#include "output/output.h"
#include "prometheus/page.h"
#include "prometheus/page_rows.h"

#include <string.h>

/* Moves what a writer has kept in memory behind `out`. */
static bool take(struct sp_writer *writer, struct sp_buf *out)
{
    bool done = writer->error == 0 && sp_buf_append(out, writer->buf.data, writer->buf.len);

    sp_writer_free(writer);
    return done;
}

/* --- one probe --------------------------------------------------------------------------------- */

static bool indent(struct sp_buf *out, unsigned depth)
{
    if (!sp_buf_append_str(out, "\n"))
        return false;
    for (unsigned i = 0; i < depth; i++)
        if (!sp_buf_append_str(out, "  "))
            return false;
    return true;
}

/* Puts line ends and indents into JSON that has none; strings stay as they are. */
static bool lay_out(struct sp_buf *out, const char *json, size_t len)
{
    unsigned depth = 0;
    bool quoted = false, done = true;

    for (size_t i = 0; i < len && done; i++) {
        char octet = json[i];
        bool opens = !quoted && (octet == '{' || octet == '[');
        bool closes = !quoted && (octet == '}' || octet == ']');
        bool empty = opens && i + 1 < len && (json[i + 1] == '}' || json[i + 1] == ']');

        if (octet == '"')
            quoted = !quoted;
        else if (quoted && octet == '\\' && i + 1 < len)
            done = sp_buf_append(out, &json[i++], 1); /* and the octet that it escapes */
        if (closes)
            done = indent(out, --depth);
        done = done && sp_buf_append(out, &json[i], 1);
        if (empty)
            done = done && sp_buf_append(out, &json[++i], 1);
        else if (opens)
            done = done && indent(out, ++depth);
        else if (!quoted && octet == ',')
            done = done && indent(out, depth);
        else if (!quoted && octet == ':')
            done = done && sp_buf_append_str(out, " ");
    }
    return done;
}

bool sp_page_outcome_json(const struct sp_outcome *outcome, bool pretty, struct sp_buf *out)
{
    const struct sp_render render = {.width = 80, .transcript = true};
    struct sp_writer writer;

    sp_writer_init(&writer, -1);
    sp_json_write_result(&writer, &render, &outcome->result);
    if (!pretty) {
        sp_write_str(&writer, "\n");
        return take(&writer, out);
    }
    bool done = writer.error == 0 && lay_out(out, (const char *)writer.buf.data, writer.buf.len);
    sp_writer_free(&writer);
    return done;
}

/* --- /api/v1/status ---------------------------------------------------------------------------- */

static void add_instant(struct sp_json *json, struct cJSON *into, const char *key, int64_t unix_ms)
{
    char text[SP_FACT_SIZE];

    sp_json_string(json, into, key, sp_fact_instant(text, unix_ms) ? text : NULL);
}

static void add_ms(struct sp_json *json, struct cJSON *into, const char *key, int64_t ns)
{
    char digits[SP_FACT_SIZE];

    sp_fact_ms(digits, ns);
    sp_json_number(json, into, key, digits);
}

static void add_history(struct sp_json *json, struct cJSON *into, const struct sp_history_row *row)
{
    struct cJSON *list = sp_json_array(json, into, "history");

    for (size_t i = 0; i < row->bar_count; i++) {
        struct cJSON *object = sp_json_object(json, list, NULL);

        sp_json_string(json, object, "state", sp_state_name(row->bars[i].state));
        add_instant(json, object, "ended", row->bars[i].ended_ms);
        add_ms(json, object, "total_ms", row->bars[i].total_ns);
    }
}

static void add_endpoint(struct sp_json *json, const struct sp_page_context *context,
                         const struct sp_history_row *row)
{
    struct cJSON *object = json->root;
    char days[SP_FACT_SIZE];

    sp_json_string(json, object, "target", row->target);
    sp_json_string(json, object, "module", row->module);
    sp_json_string(json, object, "state", sp_state_name(row->state));
    sp_json_bool(json, object, "success", row->succeeded);
    sp_json_string(json, object, "reason", sp_reason_info(row->reason)->word);
    sp_json_string(json, object, "stage", sp_phase_info(row->phase)->name);
    sp_json_string(json, object, "message", row->message);
    add_instant(json, object, "ended", row->ended_ms);
    add_ms(json, object, "total_ms", row->total_ns);
    struct cJSON *timings = sp_json_object(json, object, "timings_ms");
    for (int i = 0; i < SP_PHASE_TIMED_COUNT; i++)
        if (row->spans[i].start_ns >= 0)
            add_ms(json, timings, sp_phase_info((enum sp_phase)i)->name, row->spans[i].ns);
    sp_fact_tenths(days, sp_fact_tenths_of_days(row->certificate_ends, context->now_ms));
    if (row->has_certificate)
        sp_json_number(json, object, "certificate_days", days);
    else
        sp_json_null(json, object, "certificate_days");
    sp_json_string(json, object, "tls_version", row->tls_version);
    sp_json_integer(json, object, "id", (int64_t)row->last_id);
    sp_json_bool(json, object, "kept", row->last != NULL);
    add_history(json, object, row);
}

static void add_config(struct sp_json *json, const struct sp_config *config)
{
    struct cJSON *object = sp_json_object(json, json->root, "config");

    sp_json_string(json, object, "digest", sp_config_digest(config));
    struct cJSON *modules = sp_json_array(json, object, "modules");
    for (size_t i = 0; i < sp_config_module_count(config); i++)
        sp_json_string(json, modules, NULL, sp_config_module_at(config, i)->name);
}

static void add_counts(struct sp_json *json, const struct sp_history *history)
{
    static const char *const keys[SP_STATE_COUNT] = {
        [SP_STATE_OK] = "ok",
        [SP_STATE_WARNING] = "warning",
        [SP_STATE_CRITICAL] = "critical",
        [SP_STATE_UNKNOWN] = "unknown",
    };
    struct cJSON *object = sp_json_object(json, json->root, "counts");

    sp_json_integer(json, object, "endpoints", (int64_t)sp_history_row_count(history));
    for (int state = 0; state < SP_STATE_COUNT; state++)
        sp_json_integer(json, object, keys[state],
                        (int64_t)sp_history_state_count(history, (enum sp_state)state));
}

/* Each is a document of its own: a tree of all of them is thousands of small allocations at once. */
static void write_endpoints(struct sp_writer *writer, const struct sp_page_context *context,
                            const struct sp_page_rows *rows)
{
    sp_write_str(writer, "\"endpoints\":[");
    for (size_t i = 0; i < rows->count && writer->error == 0; i++) {
        struct sp_json json;

        sp_json_init(&json);
        add_endpoint(&json, context, rows->rows[i]);
        sp_write_str(writer, i > 0 ? "," : "");
        sp_json_write(&json, writer);
        sp_json_free(&json);
    }
    sp_write_str(writer, "]");
}

bool sp_page_status_json(const struct sp_page_context *context, struct sp_buf *out)
{
    int64_t up_ms = context->now_ms - context->started_ms;
    struct sp_page_rows rows;
    struct sp_json json;
    struct sp_writer writer;

    if (!sp_page_rows_select(context, &rows)) {
        sp_page_rows_free(&rows);
        return false;
    }
    sp_json_init(&json);
    sp_json_string(&json, json.root, "version", SP_VERSION);
    add_instant(&json, json.root, "now", context->now_ms);
    add_instant(&json, json.root, "started", context->started_ms);
    sp_json_integer(&json, json.root, "uptime_s", up_ms > 0 ? up_ms / 1000 : 0);
    sp_json_integer(&json, json.root, "in_flight", (int64_t)context->in_flight);
    add_config(&json, context->config);
    add_counts(&json, context->history);
    sp_json_integer(&json, json.root, "found", (int64_t)rows.found);
    sp_json_integer(&json, json.root, "page", (int64_t)rows.page);
    sp_json_integer(&json, json.root, "pages", (int64_t)rows.pages);
    sp_writer_init(&writer, -1);
    sp_json_write(&json, &writer);
    if (writer.error == 0)
        writer.buf.len--; /* the brace that ends the object: there is more of it */
    sp_write_str(&writer, ",");
    write_endpoints(&writer, context, &rows);
    sp_write_str(&writer, "}\n");
    sp_json_free(&json);
    sp_page_rows_free(&rows);
    return take(&writer, out);
}

/* --- /api/v1/sd -------------------------------------------------------------------------------- */

static bool has_label(const struct sp_config_target *target, const char *name)
{
    for (size_t i = 0; i < target->label_count; i++)
        if (strcmp(target->label_names[i], name) == 0)
            return true;
    return false;
}

/* What the configuration says itself goes before what we would add. */
static void add_label(struct sp_json *json, struct cJSON *labels,
                      const struct sp_config_target *target, const char *name, const char *value)
{
    if (value != NULL && !has_label(target, name))
        sp_json_string(json, labels, name, value);
}

static void write_target(struct sp_writer *writer, const struct sp_config_target *target)
{
    struct sp_json json;

    sp_json_init(&json);
    struct cJSON *targets = sp_json_array(&json, json.root, "targets");
    sp_json_string(&json, targets, NULL, target->target);
    struct cJSON *labels = sp_json_object(&json, json.root, "labels");
    add_label(&json, labels, target, "__param_target", target->target);
    add_label(&json, labels, target, "__param_module", target->module);
    add_label(&json, labels, target, "instance", target->target);
    for (size_t i = 0; i < target->label_count; i++)
        sp_json_string(&json, labels, target->label_names[i], target->label_values[i]);
    sp_json_write(&json, writer);
    sp_json_free(&json);
}

bool sp_page_sd_json(const struct sp_config *config, struct sp_buf *out)
{
    const struct sp_exporter_settings *settings = sp_config_settings(config);
    struct sp_writer writer;

    sp_writer_init(&writer, -1);
    sp_write_str(&writer, "[");
    for (size_t i = 0; i < settings->target_count && writer.error == 0; i++) {
        sp_write_str(&writer, i == 0 ? "\n" : ",\n");
        write_target(&writer, &settings->targets[i]);
    }
    sp_write_str(&writer, settings->target_count == 0 ? "]\n" : "\n]\n");
    return take(&writer, out);
}
