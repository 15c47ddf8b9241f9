/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Renders the fixtures in every way of cases[] and compares the octets with tests/golden/NAME.
 * With --update it writes the files instead: look at the difference before you commit it.
 */
#include "output/exposition.h"
#include "output/output.h"
#include "tests/golden/chain.h"
#include "tests/golden/fixtures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RESULTS (FIXTURE_COUNT + 2) /* the batch repeats two of them */

/* Which fixtures a case shows: a bit set, or all of them and some twice. */
#define ONLY(fixture) (1u << (fixture))
#define BATCH 0u
/* Real certificates, see chain.h. */
#define CHAIN (1u << 31)
/* What only the exporter writes, so no word after -o. */
#define OPENMETRICS "openmetrics"

struct golden {
    const char *file;
    const char *output; /* the word after -o */
    unsigned fixtures;
    struct sp_render render;
};

static const struct golden cases[] = {
    {"text-good.txt", "text", ONLY(FIXTURE_GOOD), {.unicode = true, .width = 80}},
    {"text-good-120.txt", "text", ONLY(FIXTURE_GOOD), {.unicode = true, .width = 120}},
    {"text-good-ascii.txt", "text", ONLY(FIXTURE_GOOD), {.width = 80}},
    {"text-good-verbose.txt",
     "text",
     ONLY(FIXTURE_GOOD),
     {.unicode = true, .width = 100, .verbose = 1, .transcript = true}},
    {"text-expired.txt", "text", ONLY(FIXTURE_EXPIRED), {.unicode = true, .width = 80}},
    {"text-expired-color.txt",
     "text",
     ONLY(FIXTURE_EXPIRED),
     {.color = true, .unicode = true, .width = 120}},
    {"text-expired-ascii-40.txt", "text", ONLY(FIXTURE_EXPIRED), {.width = 40, .verbose = 1}},
    {"text-plain.txt", "text", ONLY(FIXTURE_PLAIN), {.unicode = true, .width = 80}},
    {"text-timeout.txt", "text", ONLY(FIXTURE_TIMEOUT), {.unicode = true, .width = 80}},
    {"text-hostile.txt",
     "text",
     ONLY(FIXTURE_HOSTILE),
     {.unicode = true, .width = 80, .verbose = 1, .transcript = true}},
    {"text-hostile-ascii.txt",
     "text",
     ONLY(FIXTURE_HOSTILE),
     {.width = 80, .verbose = 1, .transcript = true}},
    {"text-alert-verbose.txt",
     "text",
     ONLY(FIXTURE_ALERT),
     {.unicode = true, .width = 80, .verbose = 1}},
    {"text-two.txt",
     "text",
     ONLY(FIXTURE_GOOD) | ONLY(FIXTURE_INVALID),
     {.unicode = true, .width = 80}},
    {"text-two-quiet.txt",
     "text",
     ONLY(FIXTURE_GOOD) | ONLY(FIXTURE_INVALID),
     {.unicode = true, .width = 80, .quiet = true}},
    {"text-login-verbose.txt",
     "text",
     ONLY(FIXTURE_LOGIN),
     {.unicode = true, .width = 80, .verbose = 1}},
    {"text-refused.txt", "text", ONLY(FIXTURE_REFUSED), {.unicode = true, .width = 80}},
    {"text-refused-ascii-verbose.txt", "text", ONLY(FIXTURE_REFUSED), {.width = 80, .verbose = 1}},
    {"nagios-login-verbose.txt", "nagios", ONLY(FIXTURE_LOGIN), {.width = 80, .verbose = 1}},
    {"nagios-refused-verbose.txt", "nagios", ONLY(FIXTURE_REFUSED), {.width = 80, .verbose = 1}},
    {"login.json", "json", ONLY(FIXTURE_LOGIN) | ONLY(FIXTURE_REFUSED), {.width = 80}},
    {"prometheus-login.prom", "prometheus", ONLY(FIXTURE_LOGIN), {.width = 80}},
    {"prometheus-refused.openmetrics", OPENMETRICS, ONLY(FIXTURE_REFUSED), {.width = 80}},
    {"text-good-quiet.txt", "text", ONLY(FIXTURE_GOOD), {.width = 80, .quiet = true}},
    {"chain.txt", "text", CHAIN, {.unicode = true, .width = 80, .certificates = true}},
    {"chain-color-120.txt",
     "text",
     CHAIN,
     {.color = true, .unicode = true, .width = 120, .certificates = true}},
    {"chain-ascii-40.txt", "text", CHAIN, {.width = 40, .verbose = 1, .certificates = true}},
    {"chain-pem.txt", "text", CHAIN, {.unicode = true, .width = 80, .pem = true}},
    {"chain-pem-quiet.txt", "text", CHAIN, {.width = 80, .pem = true, .quiet = true}},
    {"chain.json", "json", CHAIN, {.width = 80, .pem = true}},
    {"text-batch.txt", "text", BATCH, {.unicode = true, .width = 80}},
    {"text-batch-120-color.txt", "text", BATCH, {.color = true, .unicode = true, .width = 120}},
    {"text-batch-ascii-60-quiet.txt", "text", BATCH, {.width = 60, .quiet = true}},
    {"batch.json", "json", BATCH, {.width = 80}},
    {"batch.jsonl", "jsonl", BATCH, {.width = 80, .transcript = true}},
    {"prometheus-good.prom", "prometheus", ONLY(FIXTURE_GOOD), {.width = 80}},
    {"prometheus-expired.prom", "prometheus", ONLY(FIXTURE_EXPIRED), {.width = 80}},
    {"prometheus-timeout.prom", "prometheus", ONLY(FIXTURE_TIMEOUT), {.width = 80}},
    {"prometheus-batch.prom", "prometheus", BATCH, {.width = 80}},
    {"prometheus-good.openmetrics", OPENMETRICS, ONLY(FIXTURE_GOOD), {.width = 80}},
    {"prometheus-hostile.openmetrics", OPENMETRICS, ONLY(FIXTURE_HOSTILE), {.width = 80}},
};

static size_t choose_results(unsigned fixtures, struct sp_result *out)
{
    size_t count = 0;

    if (fixtures == CHAIN)
        out[count++] = *chain_result();
    for (int i = 0; i < FIXTURE_COUNT; i++)
        if (fixtures == BATCH || (fixtures & (1u << i)) != 0)
            out[count++] = *fixture_result((enum fixture)i);
    if (fixtures == BATCH) {
        out[count++] = *fixture_result(FIXTURE_GOOD);
        out[count++] = *fixture_result(FIXTURE_EXPIRED);
    }
    return count;
}

static void render_case(const struct golden *golden, struct sp_writer *writer)
{
    const struct sp_output *output = sp_output_find(golden->output);
    struct sp_result results[MAX_RESULTS];
    struct sp_report report = {.results = results};

    report.count = choose_results(golden->fixtures, results);
    for (size_t i = 0; i < report.count; i++) {
        report.state = sp_state_worst(report.state, results[i].state);
        report.by_state[results[i].state]++;
        if (output != NULL && output->result != NULL)
            output->result(writer, &golden->render, &results[i]);
    }
    if (output == NULL && strcmp(golden->output, OPENMETRICS) == 0)
        sp_exposition_write_report(writer, SP_EXPOSITION_OPENMETRICS, &report);
    else if (output->report != NULL)
        output->report(writer, &golden->render, &report);
}

static bool write_file(const char *path, const struct sp_buf *content)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return false;
    bool done = fwrite(content->data, 1, content->len, file) == content->len;
    return fclose(file) == 0 && done;
}

/* NULL: the file can't be read. */
static char *read_file(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    const size_t size = 1u << 20;
    char *content = file == NULL ? NULL : malloc(size);

    if (content != NULL)
        *out_len = fread(content, 1, size, file);
    if (file != NULL)
        fclose(file);
    return content;
}

/* Says which line is the first that differs: the rest is diff's work. */
static void explain(const char *path, const char *want, size_t want_len, const struct sp_buf *got)
{
    size_t line = 1, at = 0;

    for (; at < want_len && at < got->len && want[at] == (char)got->data[at]; at++)
        line += want[at] == '\n';
    printf("FAILED %s: line %zu differs (%zu octets wanted, %zu made)\n", path, line, want_len,
           got->len);
}

static bool compare(const char *path, const struct sp_buf *got)
{
    size_t len = 0;
    char *want = read_file(path, &len);

    if (want == NULL) {
        printf("FAILED %s: can't be read\n", path);
        return false;
    }
    bool same = len == got->len && (len == 0 || memcmp(want, got->data, len) == 0);
    if (!same) {
        char other[512];

        explain(path, want, len, got);
        snprintf(other, sizeof(other), "%s.new", strrchr(path, '/') + 1);
        if (write_file(other, got))
            printf("       what was made is in %s\n", other);
    }
    free(want);
    return same;
}

static bool run_case(const struct golden *golden, bool update)
{
    struct sp_writer writer;
    char path[512];
    bool passed;

    snprintf(path, sizeof(path), "%s/golden/%s", SP_TESTS_DIR, golden->file);
    sp_writer_init(&writer, -1);
    render_case(golden, &writer);
    if (writer.error != 0) {
        printf("FAILED %s: %s\n", golden->file, strerror(writer.error));
        passed = false;
    } else {
        passed = update ? write_file(path, &writer.buf) : compare(path, &writer.buf);
    }
    sp_writer_free(&writer);
    return passed;
}

int main(int argc, char **argv)
{
    bool update = argc == 2 && strcmp(argv[1], "--update") == 0;
    size_t failed = 0;

    if (argc > 1 && !update) {
        fprintf(stderr, "usage: %s [--update]\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        failed += !run_case(&cases[i], update);
    printf("%zu golden files, %zu failed\n", sizeof(cases) / sizeof(cases[0]), failed);
    return failed == 0 ? 0 : 1;
}
