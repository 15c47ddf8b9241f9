/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The product's own verdict on many chains, for the comparison with OpenSSL's and GnuTLS'. A line of
 * input is one case, its fields separated by tabs:
 *
 *   NAME NOW REFERENCE ANCHORS CERTIFICATE...       files: anchors in PEM, certificates in DER, leaf first
 *
 * A line of output: NAME, good/warn/bad, the problems as "expired@0", then the details, "|" between them.
 * "good": trusted, for this name, and nothing that the probe would warn of.
 */
#include "probe/path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CERTS 256u

static void end(const char *what, const char *which)
{
    (void)fprintf(stderr, "judge: %s: %s\n", which, what);
    exit(1);
}

/* Parses one file into `out`; its octets live in the arena. */
static void read_certificate(struct sp_arena *arena, const char *path, struct sp_cert *out)
{
    static uint8_t octets[1u << 20];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        end("cannot be opened", path);
    }
    size_t len = fread(octets, 1, sizeof octets, file);
    if (ferror(file) || fclose(file) != 0) {
        end("cannot be read", path);
    }
    uint8_t *copy = sp_arena_memdup(arena, octets, len);
    if (copy == NULL || !sp_cert_parse(arena, copy, len, out)) {
        end("out of memory", path);
    }
}

static const char *weigh(const struct sp_verify *verify)
{
    if (!verify->trusted || !verify->name_match) {
        return "bad";
    }
    for (size_t i = 0; i < verify->problem_count; i++) {
        if (sp_reason_info(verify->problems[i].reason)->state != SP_STATE_OK) {
            return "warn";
        }
    }
    return "good";
}

static void print_verdict(const char *name, const struct sp_verify *verify)
{
    (void)printf("%s\t%s\t", name, weigh(verify));
    for (size_t i = 0; i < verify->problem_count; i++) {
        const struct sp_problem *problem = &verify->problems[i];
        (void)printf("%s%s@%d", i > 0 ? " " : "",
                     sp_reason_info(problem->reason)->word + strlen("certificate-"),
                     problem->depth);
    }
    (void)printf("\t");
    for (size_t i = 0; i < verify->problem_count; i++) {
        (void)printf("%s%s", i > 0 ? "|" : "", verify->problems[i].detail);
    }
    (void)printf("\n");
}

static void judge(char *line)
{
    static struct sp_cert certs[MAX_CERTS];
    char *fields[4 + MAX_CERTS], *rest = line, error[512];
    size_t count = 0;
    struct sp_verify verify;
    line[strcspn(line, "\n")] = '\0';
    for (char *field;
         count < sizeof fields / sizeof fields[0] && (field = strsep(&rest, "\t")) != NULL;) {
        fields[count++] = field;
    }
    if (count < 5) {
        end("has too few fields", line);
    }
    struct sp_arena *arena = sp_arena_new(16u << 20);
    struct sp_trust *trust = sp_trust_load(fields[3], NULL, error, sizeof error);
    if (arena == NULL || trust == NULL) {
        end(trust == NULL ? error : "out of memory", fields[0]);
    }
    for (size_t i = 4; i < count; i++) {
        read_certificate(arena, fields[i], &certs[i - 4]);
    }
    if (!sp_path_validate(arena, certs, count - 4, trust, fields[2], strtoll(fields[1], NULL, 10),
                          &verify)) {
        end("out of memory", fields[0]);
    }
    print_verdict(fields[0], &verify);
    sp_trust_free(trust);
    sp_arena_free(arena);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        judge(line);
    }
    free(line);
    return 0;
}
