/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ltfs_host.h: a host that sends what LTFS sends, and asks of each answer what LTFS asks of it.
 *
 * Derived from the sources of LinearTapeFileSystem/ltfs (2026): tape_drivers/linux/sg/sg_tape.c and
 * sg_scsi_tape.c (CDBs and data), vendor_compat.c, ibm_tape.c, hp_tape.c, quantum_tape.c (drives,
 * media, sense data), libltfs/tape.c, ltfs.c and ltfs_internal.c (mkltfs, mount, index, unmount,
 * ltfsck).  The file system itself is left out: files are blocks of one fill byte, and an index is
 * a few of them.  Reservations are left out too: target core answers them.
 *
 * Where LTFS would give up, the test fails.
 */
#ifndef VTL_TESTS_LTFS_HOST_H
#define VTL_TESTS_LTFS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handlers/scsi/cmd.h"

#define LTFS_DATA (1024u * 1024) /* its longest block, and its data buffer */

enum ltfs_vendor {
	LTFS_IBM,
	LTFS_HP,
	LTFS_QUANTUM,
};

/* Sense key, code and qualifier as one number, as LTFS compares them. */
#define LTFS_GOOD          0u
#define LTFS_STATUS        0xffffffu  /* neither GOOD nor sense */
#define LTFS_NO_SENSE      0x1000000u /* key 0 without a code: flags alone */
#define LTFS_FILEMARK      0x000001u
#define LTFS_EARLY_WARNING 0x000002u
#define LTFS_PROG_WARNING  0x000007u
#define LTFS_ERASING       0x000018u
#define LTFS_ROUNDED       0x013700u
#define LTFS_NO_MEDIUM     0x023a00u
#define LTFS_INVALID_CDB   0x052400u
#define LTFS_MAY_CHANGE    0x062800u
#define LTFS_EOD           0x080005u

/* VCR and coherency of one partition (attribute 080Ch). */
struct ltfs_coherency {
	uint64_t reference, generation, place;
};

struct ltfs_host {
	/* Runs @cdb with @size bytes of .data, and fills the answer below; size_t: bytes in. */
	size_t (*run)(struct ltfs_host *h, const uint8_t *cdb, size_t len, bool out, size_t size);
	void *ctx;
	uint8_t *data; /* LTFS_DATA bytes */
	/* the answer */
	uint32_t sense; /* LTFS_... */
	uint8_t flags;  /* byte 2 of fixed sense: 80h filemark, 40h EOM, 20h ILI */
	int64_t information;
	uint8_t raw[18]; /* the first bytes of the sense data */
	/* the drive, as ltfs_open() found it */
	enum ltfs_vendor vendor;
	bool enterprise;
	unsigned generation;
	uint8_t cart_type, density;
	bool is_worm, write_protected;
	/* where it believes to be */
	uint64_t block, filemark;
	uint32_t partition;
	bool early, programmable;
	bool no_sili; /* the fabric does not tell how long a short block is */
	bool append_only;
	uint32_t block_size; /* of files and indexes */
	uint8_t lbp;         /* method: 0, 1, 2 */
	uint64_t append[2];  /* LTFS' append positions; 0: look for the end */
	bool index_ends[2];  /* the partition ends in an index */
	struct ltfs_coherency coherency[2];
	uint64_t index_generation;
	uint32_t remaining[2], maximum[2]; /* 10^6 bytes */
};

/* ---- commands ---- */

uint32_t ltfs_test_unit_ready(struct ltfs_host *h);
void ltfs_read_position(struct ltfs_host *h);
/* LOCATE(16), with CP where it is another partition; @block UINT64_MAX: to the end. Its sense. */
uint32_t ltfs_locate(struct ltfs_host *h, uint32_t partition, uint64_t block);
void ltfs_space_filemarks(struct ltfs_host *h, int64_t count);
/* A block of @size bytes that are all @fill. Sets .early and .programmable. */
void ltfs_write(struct ltfs_host *h, uint8_t fill, uint32_t size);
/* WRITE FILEMARKS(6). */
void ltfs_write_filemarks(struct ltfs_host *h, uint32_t count, bool immed);
/* The next block into .data: its length; 0 at a filemark, -1 with .sense at anything else. */
long ltfs_read(struct ltfs_host *h, uint32_t size);
/* MODE SENSE(10), as many bytes as LTFS asks for. False where it is refused. */
bool ltfs_mode_sense(struct ltfs_host *h, uint8_t page, uint8_t subpage, uint32_t size);
/* MODE SELECT(10) of what MODE SENSE left in .data. Its sense. */
uint32_t ltfs_mode_select(struct ltfs_host *h, uint32_t size);
/* LOG SENSE of the current values, all of them; false where there is no such page. */
bool ltfs_log_sense(struct ltfs_host *h, uint8_t page, uint8_t subpage);
/* A parameter of the page in .data as LTFS looks for it; NULL where it finds none. */
const uint8_t *ltfs_log_parameter(const struct ltfs_host *h, uint16_t code, uint8_t *ret_size);
/* READ ATTRIBUTE of @size bytes, header included: false where it is not there. */
bool ltfs_read_attribute(struct ltfs_host *h, uint8_t partition, uint16_t id, uint8_t *value,
			 uint16_t size);
void ltfs_write_attribute(struct ltfs_host *h, uint8_t partition, uint16_t id, uint8_t format,
			  const void *value, uint16_t size);

/* ---- what LTFS does with them ---- */

/* Opens the device: who is it? Fails where LTFS supports no such drive. */
void ltfs_open(struct ltfs_host *h);
/* Loads and looks at everything that a mount needs. */
void ltfs_load(struct ltfs_host *h);
void ltfs_unload(struct ltfs_host *h);
void ltfs_close(struct ltfs_host *h);
void ltfs_set_lbp(struct ltfs_host *h, bool on);
void ltfs_set_compression(struct ltfs_host *h, bool on);
/* PEWS: half of the index partition, or 0. What is set, in 10^6 bytes. */
uint16_t ltfs_set_pews(struct ltfs_host *h, bool on);
void ltfs_set_append_only(struct ltfs_host *h, bool on);
/* mkltfs: @density not 0: the medium's format is that from now on. */
void ltfs_format(struct ltfs_host *h, uint8_t density);
/* mkltfs --wipe: one partition; @erase all of it. */
void ltfs_unformat(struct ltfs_host *h, bool erase);
/* The labels of both partitions, the states of both ends, then what the memory of the cartridge
 * says of the indexes: whether they are as they were written last. */
bool ltfs_mount(struct ltfs_host *h);
/* A file of @blocks blocks of .block_size bytes, at the end of the data partition. */
void ltfs_write_file(struct ltfs_host *h, uint8_t fill, unsigned blocks);
/* An index into the index partition (0) or the data partition (1), and the memory. */
void ltfs_write_index(struct ltfs_host *h, uint32_t partition);
/* Reads the index that the memory of the cartridge names. Its generation. */
uint64_t ltfs_read_index(struct ltfs_host *h, uint32_t partition);
void ltfs_unmount(struct ltfs_host *h);
/* EOD of a partition, by log page 17h: 0 there, 1 missing, 2 not known. */
int ltfs_eod_status(struct ltfs_host *h, uint32_t partition);
/* ltfsck: reads to where nothing more can be read, and makes that the end. */
void ltfs_recover_eod(struct ltfs_host *h, uint32_t partition);
/* Cartridge health, and TapeAlert flags, flag 1 in bit 0. */
void ltfs_health(struct ltfs_host *h);
uint64_t ltfs_tape_alert(struct ltfs_host *h);

#endif
