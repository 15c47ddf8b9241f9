/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 40u
#define WIDTH_MAX 200u
#define WIDTH_DEFAULT 80u

static bool color_wanted(int fd, enum sp_when when)
{
    if (when != SP_WHEN_AUTO)
        return when == SP_WHEN_ALWAYS;
    const char *no_color = getenv("NO_COLOR"); /* the no-color.org convention */
    const char *term = getenv("TERM");
    return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

static unsigned clamp_width(unsigned long width)
{
    if (width < WIDTH_MIN)
        return WIDTH_MIN;
    return width > WIDTH_MAX ? WIDTH_MAX : (unsigned)width;
}

static unsigned width_of(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (columns && *columns) {
        char *end;
        unsigned long width = strtoul(columns, &end, 10);
        if (*end == '\0' && width > 0)
            return clamp_width(width);
    }
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return clamp_width(size.ws_col);
    return WIDTH_DEFAULT;
}

struct sp_render sp_render_for(int fd, const struct sp_options *options)
{
    setlocale(LC_CTYPE, "");
    const char *charset = nl_langinfo(CODESET);
    return (struct sp_render){
        .color = color_wanted(fd, options->color),
        .unicode = strcmp(charset, "UTF-8") == 0,
        .width = width_of(fd),
        .verbose = options->verbose,
        .quiet = options->quiet,
        .transcript = options->transcript,
        .certificates = options->show_certificates,
        .pem = options->pem,
    };
}

bool sp_progress_wanted(const struct sp_options *options, size_t target_count)
{
    if (options->progress != SP_WHEN_AUTO)
        return options->progress == SP_WHEN_ALWAYS;
    return target_count > 1 && isatty(STDERR_FILENO);
}

void sp_progress_show(size_t done, size_t total, const size_t by_state[SP_STATE_COUNT])
{
    fprintf(stderr, "\r\033[Kprobing: %zu of %zu done, %zu critical, %zu warning, %zu unknown",
            done, total, by_state[SP_STATE_CRITICAL], by_state[SP_STATE_WARNING],
            by_state[SP_STATE_UNKNOWN]);
    fflush(stderr);
}

void sp_progress_clear(void)
{
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
