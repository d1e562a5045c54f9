/* SPDX-License-Identifier: Apache-2.0 */
/* sg.h: a command to a unit behind /dev/sgN, described as a unit of this process would see it. */
#ifndef VTL_TESTS_SG_H
#define VTL_TESTS_SG_H

#include "handlers/scsi/cmd.h"

/* The most bytes that a loopback target carries with one command. */
#define SG_DATA_MAX (1024u * 1024)

/* A descriptor, or -errno. */
int sg_open(const char *path);

/*
 * Runs the CDB of @cmd with the @size bytes at @data, which go the way that @direction says; fills
 * status, sense, sense_len and in_len (the fabric tells no residue of an empty answer, and of none
 * where it had no say: then in_len is what the answer itself says, see sg_answer_length()).  -errno
 * where the command did not get to the unit or not back, else an enum scsi_status.
 */
int sg_execute(int fd, struct scsi_cmd *cmd, enum scsi_data direction, uint8_t *data, size_t size);

/* How long the answer to @cdb is by its own length fields; at most @size. */
size_t sg_answer_length(const uint8_t *cdb, const uint8_t *data, size_t size);

#endif
