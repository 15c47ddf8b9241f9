/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/gss_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libgssapi_krb5.so.2"

/* The octets are never written to, but RFC 2744's struct has no const. */
#define OID(octets)                                     \
    {                                                   \
        sizeof(octets) - 1, (void *)(uintptr_t)(octets) \
    }

const gss_OID_desc sp_gss_krb5 = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
const gss_OID_desc sp_gss_hostbased_service = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
const gss_OID_desc sp_gss_user_name = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01");

#define SYMBOL(function)                                    \
    {                                                       \
        "gss_" #function, offsetof(struct sp_gss, function) \
    }

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    SYMBOL(import_name),    SYMBOL(release_name),     SYMBOL(acquire_cred),
    SYMBOL(release_cred),   SYMBOL(init_sec_context), SYMBOL(delete_sec_context),
    SYMBOL(wrap),           SYMBOL(unwrap),           SYMBOL(release_buffer),
    SYMBOL(display_status),
};

bool sp_gss_load(const char *file, struct sp_gss *out_gss, char *error, size_t size)
{
    /* Never closed again: a login whose time was up may still be inside. */
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(error, size, "GSSAPI needs libgssapi-krb5-2; install it (%s)", dlerror());
        return false;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            snprintf(error, size, "%s has no %s; install libgssapi-krb5-2", file, symbols[i].name);
            dlclose(library);
            return false;
        }
        /* C has no cast from an object's address to a function's; POSIX has them alike. */
        memcpy((char *)out_gss + symbols[i].offset, &symbol, sizeof symbol);
    }
    return true;
}

const struct sp_gss *sp_gss_library(char *error, size_t size)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct sp_gss gss;
    static bool loaded;
    pthread_mutex_lock(&lock);
    if (!loaded)
        loaded = sp_gss_load(LIBRARY, &gss, error, size);
    bool usable = loaded;
    pthread_mutex_unlock(&lock);
    return usable ? &gss : NULL;
}
