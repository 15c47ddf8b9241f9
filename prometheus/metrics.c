/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/metrics.h"

#include "prometheus/process.h"

#include <stdlib.h>
#include <string.h>

#define OTHER "(other)"
#define PAGE_OCTETS 4096u  /* of a page without modules, and some more */
#define MODULE_OCTETS 160u /* of one module's two samples, names of usual length */
#define NS_PER_MS 1000000

struct counts {
    uint64_t success, failure;
};

struct module_counts {
    char *name;
    struct counts counts;
};

struct sp_metrics {
    int64_t started_ms;
    struct module_counts *modules; /* by name */
    size_t count, size;
    struct counts other; /* of modules for which there was no room */
    uint64_t rejected[SP_REJECTED_COUNT];
    uint64_t unknown_modules;
    bool reloaded;       /* the last configuration that was read could be used */
    int64_t reloaded_ms; /* when one could be used last; 0: never */
};

struct sp_metrics *sp_metrics_new(int64_t started_ms)
{
    struct sp_metrics *metrics = calloc(1, sizeof *metrics);

    if (metrics != NULL)
        metrics->started_ms = started_ms;
    return metrics;
}

void sp_metrics_free(struct sp_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < metrics->count; i++)
        free(metrics->modules[i].name);
    free(metrics->modules);
    free(metrics);
}

/* --- counting --------------------------------------------------------------------------------- */

/* Where the name stands, or should. */
static size_t find_place(const struct sp_metrics *metrics, const char *name, bool *out_found)
{
    size_t low = 0, high = metrics->count;

    *out_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(metrics->modules[middle].name, name);

        if (order == 0) {
            *out_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct sp_metrics *metrics)
{
    size_t size = metrics->size == 0 ? 16 : metrics->size * 2;
    struct module_counts *modules;

    if (metrics->count >= SP_METRICS_MODULES)
        return false;
    if (metrics->count < metrics->size)
        return true;
    modules = realloc(metrics->modules, size * sizeof *modules);
    if (modules == NULL)
        return false;
    metrics->modules = modules;
    metrics->size = size;
    return true;
}

/* The module's counters; those of all others when there is no room for it. */
static struct counts *counts_of(struct sp_metrics *metrics, const char *name)
{
    bool found;
    size_t place = find_place(metrics, name, &found);
    struct module_counts *module;
    char *copy;

    if (found)
        return &metrics->modules[place].counts;
    if (strcmp(name, OTHER) == 0 || !make_room(metrics) || (copy = strdup(name)) == NULL)
        return &metrics->other;
    module = &metrics->modules[place];
    memmove(module + 1, module, (metrics->count - place) * sizeof *module);
    *module = (struct module_counts){.name = copy};
    metrics->count++;
    return &module->counts;
}

void sp_metrics_add_module(struct sp_metrics *metrics, const char *module)
{
    (void)counts_of(metrics, module);
}

void sp_metrics_count_probe(struct sp_metrics *metrics, const char *module, bool success)
{
    struct counts *counts = counts_of(metrics, module);

    counts->success += success;
    counts->failure += !success;
}

void sp_metrics_count_rejected(struct sp_metrics *metrics, enum sp_rejected cause)
{
    metrics->rejected[cause]++;
}

void sp_metrics_count_unknown_module(struct sp_metrics *metrics)
{
    metrics->unknown_modules++;
}

void sp_metrics_set_reload(struct sp_metrics *metrics, bool success, int64_t now_ms)
{
    metrics->reloaded = success;
    if (success)
        metrics->reloaded_ms = now_ms;
}

/* --- the page --------------------------------------------------------------------------------- */

static void write_number(struct sp_exposition_page *page, const struct sp_metric *metric,
                         uint64_t value)
{
    sp_exposition_family(page, metric);
    sp_exposition_sample(page);
    sp_exposition_unsigned(page, value);
}

static void write_seconds(struct sp_exposition_page *page, const struct sp_metric *metric,
                          int64_t ns)
{
    sp_exposition_family(page, metric);
    sp_exposition_sample(page);
    sp_exposition_seconds(page, ns);
}

static void write_build(struct sp_exposition_page *page)
{
    static const struct sp_metric metric = {"smtp_probe_build", SP_METRIC_INFO, NULL,
                                            "Version of the exporter and its compiler"};

    sp_exposition_family(page, &metric);
    sp_exposition_sample(page);
    sp_exposition_label(page, "version", SP_VERSION);
    sp_exposition_label(page, "compiler", __VERSION__);
    sp_exposition_integer(page, 1);
}

static void write_reload(struct sp_exposition_page *page, const struct sp_metrics *metrics)
{
    static const struct sp_metric successful = {
        "smtp_probe_config_last_reload_successful", SP_METRIC_GAUGE, NULL,
        "Whether the last configuration that was read could be used"};
    static const struct sp_metric timestamp = {
        "smtp_probe_config_last_reload_success_timestamp_seconds", SP_METRIC_GAUGE, "seconds",
        "When a configuration could be used last, Unix time"};

    write_number(page, &successful, metrics->reloaded);
    write_seconds(page, &timestamp, metrics->reloaded_ms * NS_PER_MS);
}

static void write_counts(struct sp_exposition_page *page, const char *module,
                         const struct counts *counts)
{
    sp_exposition_sample(page);
    sp_exposition_label(page, "module", module);
    sp_exposition_label(page, "result", "success");
    sp_exposition_unsigned(page, counts->success);
    sp_exposition_sample(page);
    sp_exposition_label(page, "module", module);
    sp_exposition_label(page, "result", "failure");
    sp_exposition_unsigned(page, counts->failure);
}

static void write_probes(struct sp_exposition_page *page, const struct sp_metrics *metrics,
                         size_t in_flight)
{
    static const struct sp_metric probes = {"smtp_probe_probes", SP_METRIC_COUNTER, NULL,
                                            "Probes that ended, by module and result"};
    static const struct sp_metric flying = {"smtp_probe_probes_in_flight", SP_METRIC_GAUGE, NULL,
                                            "Probes under way"};

    sp_exposition_family(page, &probes);
    for (size_t i = 0; i < metrics->count; i++)
        write_counts(page, metrics->modules[i].name, &metrics->modules[i].counts);
    if (metrics->other.success > 0 || metrics->other.failure > 0)
        write_counts(page, OTHER, &metrics->other);
    write_number(page, &flying, in_flight);
}

static void write_refusals(struct sp_exposition_page *page, const struct sp_metrics *metrics)
{
    static const char *const causes[SP_REJECTED_COUNT] = {
        [SP_REJECTED_IN_FLIGHT] = "in_flight",
        [SP_REJECTED_TARGET] = "per_target",
        [SP_REJECTED_FORBIDDEN] = "forbidden",
    };
    static const struct sp_metric rejected = {"smtp_probe_rejected", SP_METRIC_COUNTER, NULL,
                                              "Probes that were asked for and not begun"};
    static const struct sp_metric unknown = {"smtp_probe_module_unknown", SP_METRIC_COUNTER, NULL,
                                             "Requests for a module that does not exist"};

    sp_exposition_family(page, &rejected);
    for (size_t i = 0; i < SP_REJECTED_COUNT; i++) {
        sp_exposition_sample(page);
        sp_exposition_label(page, "cause", causes[i]);
        sp_exposition_unsigned(page, metrics->rejected[i]);
    }
    write_number(page, &unknown, metrics->unknown_modules);
}

static void write_process(struct sp_exposition_page *page, const struct sp_metrics *metrics)
{
    static const struct sp_metric cpu = {"process_cpu_seconds", SP_METRIC_COUNTER, "seconds",
                                         "User and system CPU time spent"};
    static const struct sp_metric resident = {"process_resident_memory_bytes", SP_METRIC_GAUGE,
                                              "bytes", "Resident memory size"};
    static const struct sp_metric size = {"process_virtual_memory_bytes", SP_METRIC_GAUGE, "bytes",
                                          "Virtual memory size"};
    static const struct sp_metric open = {"process_open_fds", SP_METRIC_GAUGE, NULL,
                                          "Open file descriptors"};
    static const struct sp_metric max = {"process_max_fds", SP_METRIC_GAUGE, NULL,
                                         "Limit of open file descriptors"};
    static const struct sp_metric start = {"process_start_time_seconds", SP_METRIC_GAUGE, "seconds",
                                           "When the process started, Unix time"};
    struct sp_process process;

    sp_process_read(&process);
    write_seconds(page, &cpu, process.cpu_ns);
    if (process.memory_known) {
        write_number(page, &resident, process.resident);
        write_number(page, &size, process.virtual_size);
    }
    if (process.open_known)
        write_number(page, &open, process.open_fds);
    if (process.max_known)
        write_number(page, &max, process.max_fds);
    write_seconds(page, &start, metrics->started_ms * NS_PER_MS);
}

bool sp_metrics_write(const struct sp_metrics *metrics, size_t in_flight, enum sp_exposition format,
                      struct sp_buf *out)
{
    struct sp_writer writer = {.fd = -1, .buf = *out};
    struct sp_exposition_page page;

    /* Once for all; what is longer grows as usual. */
    (void)sp_buf_reserve(&writer.buf, PAGE_OCTETS + metrics->count * MODULE_OCTETS);
    sp_exposition_begin(&page, &writer, format);
    write_build(&page);
    write_reload(&page, metrics);
    write_probes(&page, metrics, in_flight);
    write_refusals(&page, metrics);
    write_process(&page, metrics);
    sp_exposition_end(&page);
    *out = writer.buf;
    return writer.error == 0;
}
