/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: org.tcmuvtl.Policy1 on the bus (lib/control/org.tcmuvtl.xml), answered by an engine.
 *
 * Runs in the thread of the default GMainContext.  Signals of org.tcmuvtl.Library1 make the engine
 * look at once; without them it finds the same a second later.
 */
#ifndef VTL_POLICY_SERVICE_H
#define VTL_POLICY_SERVICE_H

#include "lib/control/client.h"
#include "policy/engine.h"

struct service;

/* Exports @e and asks for the name. @client (NULL: none) is watched. Both are borrowed until
 * service_free(). */
struct service *service_new(struct engine *e, struct control_client *client, GError **error);
void service_free(struct service *s); /* NULL is allowed */

#endif
