/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets to the reader of a server's hello, cut in two ways: in one piece, and in pieces that the
 * input's first octet chooses. Both must give the same facts, within their bounds. These stand in
 * front of the reader's own state, without pointers into the input, so they are compared as octets.
 */
#include "probe/tls_hello.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void run(const uint8_t *data, size_t size, size_t step, struct sp_tls_hello *hello)
{
    sp_tls_hello_init(hello);
    for (size_t at = 0; at < size; at += step) {
        size_t piece = size - at < step ? size - at : step;
        enum sp_tls_hello_state before = hello->state;

        require(sp_tls_hello_feed(hello, data + at, piece) == hello->state);
        require(before == SP_TLS_HELLO_MORE || before == hello->state);
        require((hello->broken != NULL) == (hello->state == SP_TLS_HELLO_BROKEN));
        require(hello->message_have <= sizeof hello->message);
        require(hello->alpn_len <= sizeof hello->alpn && hello->session_id_len <= 255);
        require(hello->dh_bits <= 65535 * 8 && hello->rsa_bits <= 65535 * 8);
        require(hello->alert >= -1 && hello->alert <= 255);
        require(!(hello->server_hello && hello->version >= 0x0304 &&
                  hello->state == SP_TLS_HELLO_MORE));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_tls_hello whole, pieces;

    if (size == 0)
        return 0;
    run(data + 1, size - 1, size, &whole);
    run(data + 1, size - 1, (size_t)data[0] % 23 + 1, &pieces);
    require(memcmp(&whole, &pieces, offsetof(struct sp_tls_hello, record)) == 0);
    return 0;
}
