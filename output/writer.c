/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/writer.h"
#include "probe/limits.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void sp_writer_init(struct sp_writer *writer, int fd)
{
    writer->fd = fd;
    writer->error = 0;
    writer->started = false;
    sp_buf_init(&writer->buf, fd < 0 ? SP_LIMIT_WRITER_MEMORY : SP_LIMIT_WRITER);
}

void sp_writer_free(struct sp_writer *writer)
{
    sp_buf_free(&writer->buf);
}

void sp_writer_fail(struct sp_writer *writer, int error)
{
    if (writer->error == 0)
        writer->error = error;
}

/* False: nothing more can be written, the error is remembered. */
static bool wait_writable(struct sp_writer *writer)
{
    struct pollfd poller = {.fd = writer->fd, .events = POLLOUT};

    while (poll(&poller, 1, -1) < 0) {
        if (errno != EINTR) {
            sp_writer_fail(writer, errno);
            return false;
        }
    }
    return true; /* POLLERR and POLLHUP too: the next write() tells what happened */
}

static bool write_all(struct sp_writer *writer, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(writer->fd, data, len);

        if (written > 0) {
            writer->started = true;
            data += written;
            len -= (size_t)written;
        } else if (written == 0) {
            sp_writer_fail(writer, EIO); /* not foreseen by POSIX; never spin on it */
            return false;
        } else if (errno == EAGAIN) {
            if (!wait_writable(writer))
                return false;
        } else if (errno != EINTR) {
            sp_writer_fail(writer, errno);
            return false;
        }
    }
    return true;
}

bool sp_writer_flush(struct sp_writer *writer)
{
    if (writer->fd < 0 || writer->error != 0)
        return writer->error == 0;
    (void)write_all(writer, writer->buf.data, writer->buf.len);
    writer->buf.len = 0;
    return writer->error == 0;
}

/* poll(2) says "writable" of a pipe that has room for PIPE_BUF octets (pipe(7)), so no write of that
 * size waits. */
void sp_writer_offer(struct sp_writer *writer)
{
    struct pollfd poller = {.fd = writer->fd, .events = POLLOUT};
    size_t done = 0;

    if (writer->fd >= 0)
        writer->buf.cap = SP_LIMIT_WRITER_BEHIND;
    while (writer->fd >= 0 && writer->error == 0 && done < writer->buf.len &&
           poll(&poller, 1, 0) == 1) {
        size_t left = writer->buf.len - done;
        size_t part = left < PIPE_BUF ? left : PIPE_BUF;

        if (write_all(writer, writer->buf.data + done, part))
            done += part;
    }
    sp_buf_consume(&writer->buf, done);
}

void sp_write(struct sp_writer *writer, const void *data, size_t len)
{
    const uint8_t *octets = data;

    while (len > 0 && writer->error == 0) {
        size_t room = writer->buf.cap - writer->buf.len;
        size_t part = len < room ? len : room;

        if (part == 0 && writer->fd < 0) {
            sp_writer_fail(writer, ENOMEM);
            return;
        }
        if (part > 0 && !sp_buf_append(&writer->buf, octets, part)) {
            sp_writer_fail(writer, ENOMEM);
            return;
        }
        octets += part;
        len -= part;
        if (writer->fd >= 0 && writer->buf.len == writer->buf.cap)
            (void)sp_writer_flush(writer);
    }
}

void sp_write_str(struct sp_writer *writer, const char *text)
{
    sp_write(writer, text, strlen(text));
}

void sp_writef(struct sp_writer *writer, const char *format, ...)
{
    char small[256];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0) {
        sp_writer_fail(writer, EINVAL);
    } else if ((size_t)len < sizeof(small)) {
        sp_write(writer, small, (size_t)len);
    } else {
        char *large = malloc((size_t)len + 1);

        if (large == NULL) {
            sp_writer_fail(writer, ENOMEM);
            return;
        }
        va_start(args, format);
        (void)vsnprintf(large, (size_t)len + 1, format, args);
        va_end(args);
        sp_write(writer, large, (size_t)len);
        free(large);
    }
}
