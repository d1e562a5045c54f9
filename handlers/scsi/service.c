/* SPDX-License-Identifier: Apache-2.0 */
/* service.c: the life of struct unit_service. */
#include "handlers/scsi/service.h"

#include <stdlib.h>

#include "lib/base/clock.h"

struct unit_service *service_new(void)
{
	struct unit_service *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->since_ms = s->stamped_ms = clock_monotonic_ms();
	return s;
}

void service_free(struct unit_service *service)
{
	free(service);
}

void service_reset(struct scsi_unit *unit)
{
	struct unit_service *s = unit->service;

	s->has_echo = false;
	s->since_ms = s->stamped_ms = clock_monotonic_ms();
	s->origin = TIMESTAMP_POWER_ON;
	s->stamp_ms = 0;
}
