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

/* The object that answers org.tcmuvtl.Library1. */
VtlLibrary1 *methods_new(void);

#endif
