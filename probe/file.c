/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Opens it unless a look at it tells that it can't be the right one. */
static FILE *open_file(const struct sp_file_kind *kind, const char *path, size_t *out_size,
                       char *error, size_t size)
{
    struct stat status;
    FILE *file = NULL;
    errno = 0;
    if (stat(path, &status) != 0) {
        (void)snprintf(error, size, "cannot read %s %s: %s; check the path", kind->what, path,
                       strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        (void)snprintf(error, size, "%s %s is a directory; %s", kind->what, path, kind->directory);
    } else if (!S_ISREG(status.st_mode)) {
        (void)snprintf(error, size, "%s %s is not a regular file; %s", kind->what, path,
                       kind->help);
    } else if (status.st_size > (off_t)kind->limit) {
        (void)snprintf(error, size, "%s %s is larger than %zu MiB; %s", kind->what, path,
                       kind->limit >> 20, kind->large);
    } else if ((file = fopen(path, "rbe")) == NULL) {
        (void)snprintf(error, size, "cannot read %s %s: %s; check its permissions", kind->what,
                       path, strerror(errno));
    } else {
        *out_size = (size_t)status.st_size;
    }
    return file;
}

uint8_t *sp_file_read(const struct sp_file_kind *kind, const char *path, size_t *out_len,
                      char *error, size_t size)
{
    size_t expected = 0;
    FILE *file = open_file(kind, path, &expected, error, size);
    if (file == NULL) {
        return NULL;
    }
    uint8_t *data = malloc(expected + 1);
    *out_len = data != NULL ? fread(data, 1, expected, file) : 0;
    if (data == NULL) {
        (void)snprintf(error, size, "out of memory while reading %s %s", kind->what, path);
    } else if (ferror(file)) {
        (void)snprintf(error, size, "cannot read %s %s: %s; check the disk", kind->what, path,
                       strerror(errno));
    } else if (*out_len == 0) {
        (void)snprintf(error, size, "%s %s is empty; %s", kind->what, path, kind->help);
    }
    if (*out_len == 0 || ferror(file)) {
        int why = data == NULL ? ENOMEM : 0;
        free(data);
        data = NULL;
        (void)fclose(file);
        errno = why;
        return NULL;
    }
    (void)fclose(file);
    return data;
}
