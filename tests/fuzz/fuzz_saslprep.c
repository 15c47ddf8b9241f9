/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any octets through SASLprep: what comes out is UTF-8 that comes out again as it is. */
#include "probe/saslprep.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = NULL, *twice = NULL;
    enum sp_saslprep_result result = sp_saslprep((const char *)data, size, &once);
    require((result == SP_SASLPREP_OK) == (once != NULL));
    require(result != SP_SASLPREP_NO_MEMORY);
    if (once != NULL) {
        require(sp_saslprep(once, strlen(once), &twice) == SP_SASLPREP_OK);
        require(strcmp(once, twice) == 0);
    }
    free(once);
    free(twice);
    return 0;
}
