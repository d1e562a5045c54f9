/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: what every unit has beside its work: a data buffer and an echo buffer (buffer.c), a
 * clock (maintenance.c), self-tests and their results (diagnostic.c), identifying information
 * (identify.c).  The commands on them are SCSI_SERVICE_ROWS of command.h.
 *
 * Everything here is called with the unit's mutex held.
 */
#ifndef VTL_SCSI_SERVICE_H
#define VTL_SCSI_SERVICE_H

#include "handlers/scsi/unit.h"

#define SERVICE_BUFFER_BYTES   65536u /* buffer 0 of READ BUFFER and WRITE BUFFER */
#define SERVICE_BOUNDARY       2u     /* its offsets are multiples of 2^2 */
#define SERVICE_ECHO_BYTES     4096u
#define SERVICE_IDENTITY_BYTES 64u  /* of identifying information (SPC-5, type 0) */
#define SERVICE_TEXT_BYTES     256u /* of its text (type 2), the closing 0 included */

/* What the timestamp comes from (SPC-5, TIMESTAMP ORIGIN). */
enum timestamp_origin {
	TIMESTAMP_POWER_ON = 0, /* counts from 0 since power on */
	TIMESTAMP_SET = 2,      /* SET TIMESTAMP */
	TIMESTAMP_OUTSIDE = 3,  /* the machine's clock */
};

struct unit_service {
	uint8_t buffer[SERVICE_BUFFER_BYTES];
	uint8_t echo[SERVICE_ECHO_BYTES];
	size_t echo_size; /* that the last WRITE BUFFER left */
	bool has_echo;
	int64_t since_ms; /* monotonic clock at power on */
	enum timestamp_origin origin;
	int64_t stamp_ms, stamped_ms; /* the timestamp that was set, and the monotonic clock then */
	struct selftest_result results[UNIT_SELFTESTS]; /* the newest first */
	unsigned results_cnt;
	bool results_loaded;
};

/* NULL: no memory. */
struct unit_service *service_new(void);
void service_free(struct unit_service *service); /* NULL is allowed */
/* Power on: echo buffer and clock start anew; self-test results stay. */
void service_reset(struct scsi_unit *unit);

/* Result number @n of the unit's self-tests, 0 the newest; NULL where there are not so many.
 * Borrowed until the next self-test. */
const struct selftest_result *unit_selftest(struct scsi_unit *unit, unsigned n);

#endif
