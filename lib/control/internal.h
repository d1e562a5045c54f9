/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: what server.c and methods.c share. */
#ifndef VTL_CONTROL_INTERNAL_H
#define VTL_CONTROL_INTERNAL_H

#include "lib/control/org-tcmuvtl.h"
#include "lib/library/library.h"

/* A reference to a published library, or NULL. */
struct library *server_find(const char *name);
/* Names of all, sorted; g_strfreev(). */
char **server_names(void);

/* Runs calls that may wait; while the server's thread is there. */
GThreadPool *server_pool(void);

/* A new pool for such calls; freed, when all have been answered, by g_thread_pool_free(). */
GThreadPool *methods_pool(void);
/* The object that answers org.tcmuvtl.Library1. */
VtlLibrary1 *methods_new(void);

#endif
