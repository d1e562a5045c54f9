/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartridge.h: one cartridge: a folder POOL/BARCODE.cart that holds a recording of blocks and
 * filemarks.
 *
 * Use: cart_create() once; cart_open(); then read, write, space and locate like a tape;
 * cart_close(). docs/cartridge-format.md specifies what is on disk and numbers the promises; they
 * are cited here as P1..P8.
 *
 * Words.  An *object* is a block or a filemark.  Objects are numbered from 0 at the beginning of
 * the medium (SSC: logical object identifier).  The *position* is the number of the next object: 0
 * is the beginning of the partition (BOP), cart_info.objects is end-of-data (EOD).  A *logical
 * file* number is the count of filemarks before the position.
 *
 * Threads.  A struct cart belongs to one thread at a time; the caller locks.  Two processes: any
 * number may hold a cartridge open for reading, or exactly one for writing (P7).  cart_stat() and
 * cart_list() need no lock.
 *
 * Errors.  As lib/base/outcome.h.  Storage never speaks SCSI: the tape unit maps outcomes to sense.
 */
#ifndef VTL_STORE_CARTRIDGE_H
#define VTL_STORE_CARTRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/base/name.h"
#include "lib/base/outcome.h"
#include "lib/store/crypt.h"

#define CART_MAX_BLOCK   (16u * 1024 * 1024) /* bytes; a block has 1..CART_MAX_BLOCK */
#define CART_MAX_COPIES  8
#define CART_DIGEST_SIZE 32      /* SHA-256 */
#define CART_PARTITIONS  4       /* the most that a medium can have */
#define CART_WHOLE       0xffffu /* cart_layout.proportion: all of the medium */
#define CART_SUFFIX      ".cart"

struct cart;

enum cart_outcome {
	CART_E_FILEMARK = 1,  /* a filemark stands where a block was asked for */
	CART_E_EOD,           /* end-of-data */
	CART_E_BOP,           /* beginning of the partition */
	CART_E_EARLY_WARNING, /* done, and the position is past early warning */
	CART_E_FULL,          /* not done: the end of the medium */
	CART_E_NO_SPACE, /* not done: the pool's file system is full (ENOSPC, EDQUOT); retry when
			    space returns */
	CART_E_DAMAGED,  /* the object at the position fails its checksum or cannot be read */
	CART_E_BUSY, /* another process or drive has the cartridge open in a way that excludes ours
		      */
	CART_E_ABSENT,       /* no such cartridge in the pool */
	CART_E_NOT_RESIDENT, /* the data is only on copies: recall it first */
	CART_E_PROTECTED, /* the write protect tab is set, or the cartridge is open for reading only
			   */
	CART_E_UNSUPPORTED,    /* a later format version or an unknown incompatible feature */
	CART_E_INVALID,        /* not a cartridge, or its header is damaged */
	CART_E_EXISTS,         /* cart_create: the barcode is taken */
	CART_E_FOREIGN,        /* the header is of another cartridge than the data, or an older one:
				  nothing was changed */
	CART_E_TOO_FEW_COPIES, /* cart_release: fewer verified copies of this generation than
				  promised */
	CART_E_PARTITIONED,    /* a copy holds one recording, and this cartridge has several */
	CART_E_ENCRYPTED,      /* the block is encrypted, and decryption is off */
	CART_E_WRONG_KEY,      /* it is encrypted with another key */
	CART_E_TAMPERED,    /* the key is right, but what is recorded is not what was encrypted */
	CART_E_UNENCRYPTED, /* it is not encrypted, and CART_DECRYPT_ON wants only such */
	CART_E_NO_RAW,      /* it was recorded so that it cannot be read raw */
	CART_E_WORM,     /* write once: what is recorded there cannot be written over or erased */
	CART_E_CLEANING, /* a cleaning cartridge: nothing can be read or written */
	CART_E_EXPIRED,  /* a cleaning cartridge that is used up */
};

/* A word for people ("end of data"); static. */
const char *cart_outcome_name(int outcome);

enum cart_state {
	CART_RESIDENT = 0, /* the data is on disk and nowhere else */
	CART_PREMIGRATED,  /* on disk, and at least one verified copy of this generation exists */
	CART_MIGRATED,     /* only on copies; no data on disk */
	CART_RECALLING,    /* a recall is writing the data back; not readable yet */
	CART_DAMAGED,      /* the operator must look: see cart_info.damage */
};

const char *cart_state_name(enum cart_state state); /* "resident" ...; static */

enum cart_codec {
	CART_CODEC_NONE = 0,
	/* Each block by itself; one that would not shrink is stored as it is. */
	CART_CODEC_ZLIB = 1, /* RFC 1950, level 1 */
	CART_CODEC_LZ4 = 2,  /* one block of the LZ4 block format */
	CART_CODEC_ZSTD = 3, /* one frame (RFC 8878), level 1 */
};

/* "none" "zlib" "lz4" "zstd"; static. */
const char *cart_codec_name(enum cart_codec codec);
/* False where there is no codec of that name. */
bool cart_codec_parse(const char *name, enum cart_codec *ret_codec);

/*
 * The generation of a copy that only a damaged header named: it may be the only other one of what
 * the cartridge holds, and nothing relies on it.  The next change of the recording makes it one of
 * an earlier generation.
 */
#define CART_GENERATION_UNKNOWN UINT64_MAX

/* Block for block, filemark for filemark. */
#define CART_FORM_NATIVE 0u
/* The same; a block that is an envelope with its own object number is an encrypted block. */
#define CART_FORM_ENVELOPES 1u

/* A verified copy of the recording on a physical volume. */
struct cart_copy {
	char volume[BARCODE_SIZE]; /* the physical volume's barcode */
	uint32_t file; /* number of the file on the volume where the copy begins; 0 for native form
			*/
	uint32_t form; /* CART_FORM_* */
	uint64_t generation;                   /* of the recording that was copied */
	uint64_t blocks, filemarks, bytes;     /* of the recording */
	int64_t verified_s;                    /* wall time of the read back that matched */
	uint8_t digest[CART_DIGEST_SIZE];      /* of the recording */
	uint8_t first_block[CART_DIGEST_SIZE]; /* SHA-256 of the first block's data; zeros where
						  object 0 is no block */
};

/* How the medium is divided. */
struct cart_layout {
	unsigned partitions;          /* 1 .. CART_PARTITIONS */
	uint16_t proportion;          /* of the medium that is used, in 65535ths: SET CAPACITY */
	uint64_t capacity_bytes;      /* stored bytes of the whole medium; 0 = no limit */
	uint64_t early_warning_bytes; /* of a medium that is one partition */
	/* [n]: of partition n; [0] is empty and 0, its values are the cartridge's own */
	char names[CART_PARTITIONS][BARCODE_SIZE]; /* of the folder */
	uint64_t capacities[CART_PARTITIONS];
};

/* What a cartridge is made for. */
enum cart_kind {
	CART_DATA = 0,
	CART_WORM,     /* write once */
	CART_CLEANING, /* cleans a drive; has no recording */
};

const char *cart_kind_name(enum cart_kind kind); /* "data" "worm" "cleaning"; static */

/* What the header says. Byte counts: "logical" is what the host wrote, "stored" what the data files
 * hold. */
struct cart_info {
	char barcode[BARCODE_SIZE];
	uint8_t uuid[16];
	enum cart_state state;
	enum cart_codec codec;
	bool write_protect;
	bool unclosed; /* a writer has it open, or did not close it: its counts are those from
			  before, and the next open finds out what is there */
	enum cart_kind kind;
	uint32_t cleanings, cleanings_used; /* of a cleaning cartridge: what it is good for, and
					       what of that is gone */
	uint8_t density;                    /* density code of the medium (SSC; 5Eh = LTO-8) */
	uint8_t medium_type; /* MODE SENSE medium type of the medium (78h LTO-7, 88h LTO-8 ...) */
	uint64_t capacity_bytes;      /* stored bytes until the end of the medium; 0 = no limit */
	uint64_t early_warning_bytes; /* distance of early warning from the end of the medium */
	uint64_t epoch;               /* counts writers and overwrites; fences an old writer (P7) */
	uint64_t generation; /* counts changes of the recording: one more at the first change after
				each open */
	uint64_t objects, blocks, filemarks;  /* of the whole recording */
	uint64_t logical_bytes, stored_bytes; /* of the whole recording; kept when migrated */
	uint64_t disk_bytes; /* allocated on disk now by all files; of cart_stat() alone, else 0 */
	uint64_t partition_bytes; /* of these, by partitions 1 and above */
	uint64_t loads;           /* times a drive loaded it */
	uint64_t lifetime_written_bytes, lifetime_read_bytes;          /* logical */
	int64_t created_s, last_mount_s, last_unmount_s, last_write_s; /* wall time; 0 = never */
	bool mounted; /* a drive opened it with CART_OPEN_MOUNT and has not closed it */
	unsigned copies_cnt;
	struct cart_copy copies[CART_MAX_COPIES];
	char damage[128]; /* why state is CART_DAMAGED; else "" */
	struct cart_layout layout;
};

struct cart_params {
	const char *barcode;
	uint8_t density, medium_type;
	uint64_t capacity_bytes, early_warning_bytes;
	enum cart_codec codec;
	bool write_protect;
	enum cart_kind kind;
	uint32_t cleanings; /* of a cleaning cartridge; else 0 */
};

/* ---- the pool ---- */

/*
 * Creates a blank cartridge, durably or not at all.
 * CART_E_EXISTS; CART_E_NO_SPACE; -EINVAL for a bad barcode; other -errno.
 */
MUST_CHECK int cart_create(const char *pool, const struct cart_params *params);

/* Reads the header without a lock. CART_E_ABSENT, CART_E_UNSUPPORTED, CART_E_INVALID. */
MUST_CHECK int cart_stat(const char *pool, const char *barcode, struct cart_info *ret_info);

/* The barcodes in the pool, sorted; a NULL-terminated array: cart_list_free(). */
MUST_CHECK int cart_list(const char *pool, char ***ret_barcodes);
void cart_list_free(char **barcodes);

/* Whether nobody has it open now: 0, CART_E_BUSY. True of the moment alone. CART_E_ABSENT, -errno.
 */
MUST_CHECK int cart_probe(const char *pool, const char *barcode);

/* What a deletion asks before, and what it tells afterwards. */
struct cart_deletion {
	/* Called with the cartridge locked: nobody can change it any more.  It may call cart_stat()
	 * and cart_stat_partition().  Not 0: the cartridge stays, and this is the result.  NULL:
	 * nothing is asked. */
	int (*check)(void *ctx);
	void *ctx;
	int left_error; /* out: 0, or the -errno that left folders behind in the pool: */
	char left[256]; /* out: the name of one of them, hidden (".NAME.cart.old", a backup), or ""
			 */
};

/*
 * Deletes a cartridge with all its data, and the backups of its repairs.  It is gone for ever when
 * its name is: what then cannot be removed is no failure, but told in @deletion.  CART_E_ABSENT,
 * CART_E_BUSY, -errno, what check() returned: it was not deleted.
 */
MUST_CHECK int cart_delete_if(const char *pool, const char *barcode,
			      struct cart_deletion *deletion);

/* The same, where nothing is asked and nobody is told. */
MUST_CHECK int cart_delete(const char *pool, const char *barcode);

/* Deletes what repairs of @barcode (NULL: of any cartridge) have kept in the pool. */
MUST_CHECK int cart_delete_backups(const char *pool, const char *barcode);

/* ---- open and close ---- */

enum cart_open_flags {
	CART_OPEN_READ = 0,
	CART_OPEN_WRITE = 1, /* excludes every other opener; falls back to reading where
				write_protect is set */
	CART_OPEN_MOUNT =
		2, /* a drive loads it: counts a load, notes the mount and, at close, the unmount */
	CART_OPEN_ADMIN = 4, /* opens a migrated, recalling or damaged cartridge too: only the
				header, copy and recall functions work on it then */
	CART_OPEN_LOOK = 8,  /* for reading, and nothing on disk is changed: what an open would
				recover or  make anew is done on the side, and forgotten at close */
};

/*
 * Opens a cartridge at position 0.  After a crash this recovers first: everything that a sync
 * acknowledged is there, then an exact prefix of what was written (P2), a lost index is rebuilt
 * from the data (P4). CART_E_ABSENT, CART_E_BUSY, CART_E_NOT_RESIDENT (without CART_OPEN_ADMIN),
 * CART_E_UNSUPPORTED, CART_E_INVALID, CART_E_NO_SPACE, -errno.
 */
MUST_CHECK int cart_open(const char *pool, const char *barcode, unsigned flags,
			 struct cart **ret_cart);

/*
 * Syncs, writes the header and frees @c, whatever happens; NULL is allowed.  Returns what
 * cart_sync() would; the lock is released in any case.  A process that dies instead loses nothing
 * that was synced.  Files that an overwrite left are still being deleted: it waits for that, but 5
 * seconds at most (cart_sweep()).
 */
int cart_close(struct cart *c);

/*
 * Deletes what an overwrite, an erase, a release or a crash has left of older recordings, for at
 * most that time: a close waits some seconds for it and leaves the rest to the next writer's open,
 * or to this.  It opens for writing, so a drive that loads meanwhile finds the cartridge busy.
 * 0: nothing is left.  1: there is more to do.  Else the outcomes of cart_open(), CART_E_BUSY among
 * them, and of cart_close().
 */
MUST_CHECK int cart_sweep(const char *pool, const char *barcode, unsigned milliseconds);

/* Borrowed; true until the next call with @c. Counters of the recording are those of this moment.
 */
const struct cart_info *cart_info(struct cart *c);

bool cart_is_writable(const struct cart *c);

/* ---- partitions ---- */

/*
 * A medium of more than one partition is a cartridge, which is partition 0, with one more cartridge
 * in its folder `partitions` for each of the others: recordings of their own, each with all
 * promises.  The functions above and below are about partition 0; so are counters, generation and
 * digest in struct cart_info, but disk_bytes, which are those of the whole folder.
 *
 * There is one lock: who wants any partition opens the cartridge first, and keeps it open.
 *
 * A partitioned cartridge cannot be copied or migrated: a copy holds one recording.
 */

struct cart_format {
	unsigned partitions;                      /* 1 .. CART_PARTITIONS */
	uint16_t proportion;                      /* as in struct cart_layout; not 0 */
	uint64_t capacity_bytes[CART_PARTITIONS]; /* stored bytes; 0 = no limit */
	/*
	 * The medium is recorded in another format from now on: its density code, not 0, and what
	 * the whole of it holds then, which capacity_bytes is part of.  @density 0: as it is, and
	 * the other two say nothing.
	 */
	uint8_t density;
	uint64_t medium_capacity_bytes, medium_early_warning_bytes;
	/* What becomes of the attributes, in one with the new division: those of partitions 1 and
	 * above go, and these are set or deleted, as by cart_attributes_set().  Borrowed; they may
	 * be the cartridge's own. */
	const struct cart_attribute *attributes;
	unsigned attributes_cnt;
};

/*
 * Divides the medium anew, durably; everything on it is lost, and the position is the beginning of
 * partition 0.  All or nothing: after a kill or a loss of power at any moment the medium is divided
 * as before, with all that was on it and all its attributes, or anew and blank.  Other partitions
 * of @c must not be open.  CART_E_PROTECTED; CART_E_NOT_RESIDENT; CART_E_NO_SPACE; CART_E_FULL: the
 * header has no room; -EINVAL for a @format that makes no sense; -errno.  After any of them the
 * old partitions are there, unless the header could not be written: then the next change, sync
 * or close says so.
 */
MUST_CHECK int cart_format(struct cart *c, const struct cart_format *format);

/*
 * Opens partition @partition (1 ..) of @c, at its beginning; for writing where @c can be written
 * to, else for reading.  cart_close() it before @c.  CART_E_ABSENT: there are not so many; else as
 * cart_open().
 */
MUST_CHECK int cart_open_partition(struct cart *c, unsigned partition, struct cart **ret_cart);

/* cart_stat() of partition @partition (0 .. layout.partitions - 1). CART_E_ABSENT. */
MUST_CHECK int cart_stat_partition(const char *pool, const char *barcode, unsigned partition,
				   struct cart_info *ret_info);

/* ---- write once, cleaning ---- */

/*
 * Whether a write at the position destroys no data: it is the end of the recording, or nothing but
 * filemarks follows, and a filemark or the beginning comes before.  -errno.
 */
MUST_CHECK int cart_is_append(struct cart *c, bool *ret_append);

/*
 * A write once cartridge (CART_WORM) can be appended to.  A write or a filemark elsewhere is
 * CART_E_WORM and changes nothing, except where nothing but filemarks follows and another one
 * stands right before; so are an erase that would erase something, and a format.  It is enforced
 * here, so no program can do otherwise.
 *
 * A cleaning cartridge opens with CART_OPEN_ADMIN alone, else CART_E_CLEANING.
 *
 * cart_use_cleaning() uses it once, durably, as a load by a drive; *ret_left, always written, is
 * how often it can still be used.  CART_E_EXPIRED: not once more.  -EINVAL: it is none.  Else as
 * cart_open(), and what writing the header says.
 */
MUST_CHECK int cart_use_cleaning(const char *pool, const char *barcode, uint32_t *ret_left);

/* ---- position ---- */

struct cart_position {
	uint64_t object;    /* number of the next object */
	uint64_t file;      /* filemarks before it */
	bool bop;           /* object == 0 */
	bool eod;           /* object == cart_info.objects */
	bool early_warning; /* past early warning; false before the end: cart_stored_before() */
};

void cart_position(const struct cart *c, struct cart_position *ret_position);

/* Stored bytes of what lies before the position. CART_E_DAMAGED where it cannot be told; -errno. */
MUST_CHECK int cart_stored_before(struct cart *c, uint64_t *ret_bytes);

/* Moves to object @object. CART_E_EOD where the recording is shorter: the position is then
 * end-of-data. */
MUST_CHECK int cart_locate(struct cart *c, uint64_t object);

/* Moves to the first object of logical file @file (just behind filemark number @file). CART_E_EOD
 * as above. */
MUST_CHECK int cart_locate_file(struct cart *c, uint64_t file);

MUST_CHECK int cart_space_eod(struct cart *c);

/*
 * Space over @count objects, backwards when negative (SSC-5, SPACE).  *ret_residual, always
 * written, is the absolute number of those not passed.
 *
 * cart_space_blocks      0; CART_E_FILEMARK (stopped: forwards behind the filemark, backwards in
 * front of it); CART_E_EOD; CART_E_BOP.  Damaged blocks are passed like others (P3).
 * cart_space_filemarks   0 (forwards: behind the last; backwards: in front of it); CART_E_EOD;
 * CART_E_BOP. cart_space_sequential_filemarks  to @count filemarks in a row: 0, CART_E_EOD,
 * CART_E_BOP; the residual is
 *                        @count when they were not found.
 */
MUST_CHECK int cart_space_blocks(struct cart *c, int64_t count, uint64_t *ret_residual);
MUST_CHECK int cart_space_filemarks(struct cart *c, int64_t count, uint64_t *ret_residual);
MUST_CHECK int cart_space_sequential_filemarks(struct cart *c, int64_t count,
					       uint64_t *ret_residual);

/* ---- reading ---- */

/*
 * Reads the block at the position into the first @size bytes of @iov and moves behind it.
 * *ret_length is the block's own length: more than @size means that the rest was dropped; less,
 * that only so many bytes were set.
 *
 * 0; CART_E_FILEMARK (moved behind it); CART_E_EOD (not moved); CART_E_DAMAGED (moved behind the
 * block, nothing copied, *ret_length is its length where that is still known, else 0); -errno (not
 * moved).
 * As cart_set_crypt() says: CART_E_ENCRYPTED, CART_E_WRONG_KEY, CART_E_TAMPERED,
 * CART_E_UNENCRYPTED, CART_E_NO_RAW (not moved, nothing copied: another key may follow).
 */
MUST_CHECK int cart_read(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size,
			 size_t *ret_length);

/* The CRC32C of the block that was read last, as the cartridge has kept it since the block was
 * written; false where it has none (an encrypted one is proven in another way). */
bool cart_block_crc32c(const struct cart *c, uint32_t *ret_crc32c);

/* What is recorded as one block. */
struct cart_content {
	size_t size;           /* bytes: of the envelope where it is encrypted */
	uint32_t logical_size; /* of the block as the host wrote it */
	bool encrypted;
};

/*
 * As cart_read() of everything, for those who only carry it about: an encrypted block gives its
 * envelope, whatever cart_set_crypt() says, and none of the outcomes that have to do with keys.
 */
MUST_CHECK int cart_read_content(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size,
				 struct cart_content *ret_content);

/* ---- encryption ---- */

/*
 * What is done with blocks from now on; NULL: nothing.  Volatile until close.  Takes a reference to
 * the key and copies the rest.  -EINVAL: something needs a key, and there is none.
 */
MUST_CHECK int cart_set_crypt(struct cart *c, const struct cart_crypt *crypt);

enum cart_next_kind {
	CART_NEXT_NONE, /* end of data, or it cannot be read */
	CART_NEXT_FILEMARK,
	CART_NEXT_PLAIN,
	CART_NEXT_ENCRYPTED,
};

/* The object at the position, for who looks for a key. */
struct cart_next {
	enum cart_next_kind kind;
	uint8_t codec; /* enum cart_codec that it was compressed with */
	bool no_raw;
	bool key_fits; /* the key that is set is the right one, and decryption is on */
	struct crypt_kads kads;
};

/* Does not move. -errno. */
MUST_CHECK int cart_next(struct cart *c, struct cart_next *ret_next);

/* Whether the recording may hold encrypted blocks: false is certain. */
bool cart_has_encrypted(const struct cart *c);

/* ---- writing: the position becomes the new end-of-data behind what is written (P5) ---- */

/*
 * Appends one block: @size bytes of @iov, 1..CART_MAX_BLOCK.
 * 0 or CART_E_EARLY_WARNING: written.  CART_E_FULL, CART_E_NO_SPACE, CART_E_PROTECTED, -errno: not
 * written, the position and all that was recorded before it are unchanged.  -EINVAL also where it
 * is to be encrypted, and longer than CART_MAX_ENCRYPTED.
 */
MUST_CHECK int cart_write(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size);

/* The block of the next cart_write() has this CRC32C; where another one is found before it is on
 * the medium, the write fails with -EIO. */
void cart_expect_crc32c(struct cart *c, uint32_t crc32c);

/*
 * Appends an encrypted block as cart_read_content() gave it: its key need not be known.  As
 * cart_write(); -EINVAL where it is no envelope, or the one of another object number than the next.
 */
MUST_CHECK int cart_write_envelope(struct cart *c, const void *envelope, size_t size);

/*
 * Appends @count (0..FFFFFFh) filemarks; *ret_written, always written, says how many.  Filemarks
 * are written behind early warning and at the end of the medium too.  0; CART_E_EARLY_WARNING (all
 * written); CART_E_NO_SPACE, CART_E_PROTECTED, -errno.  Does not sync.
 */
MUST_CHECK int cart_write_filemarks(struct cart *c, uint32_t count, uint32_t *ret_written);

/*
 * Puts everything written so far on stable storage (P1).  After -errno or CART_E_NO_SPACE what was
 * not stable is lost, and the recording and the position end at what was.  The same happens where a
 * write or an erase has to sync first and cannot: at the end of a segment, and in the middle of the
 * recording.
 */
MUST_CHECK int cart_sync(struct cart *c);

/* Ends the recording at the position: what lies behind can never be read again. CART_E_PROTECTED.
 */
MUST_CHECK int cart_erase(struct cart *c);

/* Changes the tab. Needs CART_OPEN_WRITE | CART_OPEN_ADMIN. */
MUST_CHECK int cart_set_write_protect(struct cart *c, bool on);

/* Changes the codec for blocks written from now on (MODE SELECT, data compression page). Volatile
 * until close. */
MUST_CHECK int cart_set_codec(struct cart *c, enum cart_codec codec);

/* ---- attributes: the medium auxiliary memory ---- */

/*
 * Small values beside the recording, kept in the header: they survive everything that it does,
 * migration and recall too.  The store keeps what it is given: what an attribute means, who may
 * write it and how long it is, is in lib/base/mam.h.
 */
struct cart_attribute {
	uint16_t id;
	uint8_t partition;    /* that it belongs to; 0 of the whole medium */
	uint8_t format;       /* enum mam_format, not MAM_ANY */
	uint16_t size;        /* bytes; 0: none (cart_attributes_set() deletes it) */
	const uint8_t *value; /* borrowed */
};

#define CART_ATTRIBUTES_MAX 32768u /* bytes of all of them, each with 8 of its own */

/* All of a cartridge, ordered by partition, then number. */
struct cart_attributes {
	uint8_t *records; /* owned */
	size_t size;
};

/* The one at *@at (at first 0), which moves on; false behind the last.  Borrowed from @a. */
bool cart_attributes_next(const struct cart_attributes *a, size_t *at,
			  struct cart_attribute *ret_attribute);
bool cart_attributes_find(const struct cart_attributes *a, unsigned partition, uint16_t id,
			  struct cart_attribute *ret_attribute);
void cart_attributes_clear(struct cart_attributes *a);

/* Borrowed, until the next call that changes them. */
const struct cart_attributes *cart_attributes(const struct cart *c);

enum cart_attributes_when {
	CART_ATTRIBUTES_NOW,      /* durable when it returns */
	CART_ATTRIBUTES_AT_CLOSE, /* with the next header, at the latest that of the close */
};

/*
 * Sets, replaces and deletes the @cnt attributes of @list: all of them or none.  NOW: what was
 * written before is made stable first (cart_sync()), so that an attribute never tells of a
 * recording that a crash takes away again; the write protect tab does not protect attributes.
 * Needs CART_OPEN_WRITE.
 *
 * CART_E_PROTECTED: open for reading.  CART_E_FULL: they would have more than CART_ATTRIBUTES_MAX
 * bytes, or the header no room.  Otherwise what cart_sync() says; CART_E_NO_SPACE, -errno: the
 * attributes are as before.
 */
MUST_CHECK int cart_attributes_set(struct cart *c, const struct cart_attribute *list, unsigned cnt,
				   enum cart_attributes_when when);

/* Those of a cartridge, without a lock, as cart_stat(); cart_attributes_clear(). */
MUST_CHECK int cart_stat_attributes(const char *pool, const char *barcode,
				    struct cart_attributes *ret_attributes);

/*
 * The generation, told to somebody who will know the recording by it again (SSC-5, volume change
 * reference): the next change, also of this open, begins another generation.
 */
uint64_t cart_tell_generation(struct cart *c);

/* Logical bytes written and read since the cartridge was made, those of this open included, and
 * those of this open alone. */
struct cart_traffic {
	uint64_t life_written, life_read, open_written, open_read;
	uint64_t open_written_stored, open_read_stored; /* compressed, of this open */
};

void cart_traffic(const struct cart *c, struct cart_traffic *ret_traffic);

/* ---- digest, copies, migration ---- */

/*
 * The digest of the logical recording.  The objects are cut into groups: a group ends with the
 * object with which its blocks' lengths reach CART_GROUP_BYTES, or which is its
 * CART_GROUP_OBJECTS-th, and at end-of-data.  A group's digest is SHA-256 over, for each object in
 * order: for a block the byte 'B', its length as 4 bytes big-endian, its data; for an encrypted
 * block the byte 'E', the length of its envelope, its envelope; for a filemark the
 * byte 'F' and four 0 bytes.  The recording's is SHA-256 over the digests of its groups.  So it
 * depends on nothing but what the host wrote: not on codec, storage or physical form; several
 * threads may each do a group; and after an append only the last groups are new.
 *
 * cart_digest_* compute it for whoever reads or writes a recording in order, from object 0.
 */
#define CART_GROUP_BYTES   (64u * 1024 * 1024)
#define CART_GROUP_OBJECTS 65536u

struct cart_group {
	uint64_t first, end; /* objects first to end - 1 */
	bool complete;       /* false: it ends only because the recording does */
	uint8_t digest[CART_DIGEST_SIZE];
};

struct cart_digest;
struct cart_digest *cart_digest_new(void); /* NULL where there is no memory */
void cart_digest_free(struct cart_digest *d);
void cart_digest_block(struct cart_digest *d, const void *data, size_t size);
/* As cart_read_content() gave it. */
void cart_digest_content(struct cart_digest *d, const void *data,
			 const struct cart_content *content);
void cart_digest_filemark(struct cart_digest *d);
/* A whole group that somebody else computed; @d stands at the end of a group, which is
 * @group->first. */
void cart_digest_group(struct cart_digest *d, const struct cart_group *group);
/* The recording ends here: nothing more may be added. */
void cart_digest_end(struct cart_digest *d, uint8_t ret_digest[CART_DIGEST_SIZE]);
/* Complete group number @n (from 0) of what was added so far; NULL behind the last. Borrowed, until
 * the next call with @d. */
const struct cart_group *cart_digest_get_group(const struct cart_digest *d, uint64_t n);

/*
 * Computes the digest by reading the whole recording; the position is kept.  @progress (may be
 * NULL) is called about every 16 MiB with the objects read; it returns false to stop (-ECANCELED).
 * The groups are compared with kept ones, then kept where @c is open for writing.  CART_E_DAMAGED:
 * *ret_object is the first damaged object, or the first one of the group whose digest was another
 * when it was kept.
 */
MUST_CHECK int cart_compute_digest(struct cart *c, bool (*progress)(void *ctx, uint64_t object),
				   void *ctx, uint8_t ret_digest[CART_DIGEST_SIZE],
				   uint64_t *ret_object);

/*
 * The same, but groups that are kept are not read: it tells what was recorded, and not whether all
 * of it can still be read.  As fast as the part that is new.
 */
MUST_CHECK int cart_quick_digest(struct cart *c, bool (*progress)(void *ctx, uint64_t object),
				 void *ctx, uint8_t ret_digest[CART_DIGEST_SIZE],
				 uint64_t *ret_object);

/*
 * Kept digests (docs/cartridge-format.md section 8): what an earlier reading or writing of this
 * recording found, proven to be of this recording, group by group.
 *
 * cart_digest_keep     keeps the complete groups of @d, a digest of the recording of @c as it is
 * now (the same generation).  They may be lost again; so the result matters to nobody but tests.
 * CART_E_PROTECTED without CART_OPEN_WRITE. cart_digest_compare  calls @differs (may be NULL) for
 * each group of @d that was another one when it was kept: its data has changed in a way that its
 * checksums do not show. 0; CART_E_DAMAGED: there is at least one.
 */
int cart_digest_keep(struct cart *c, const struct cart_digest *d);
MUST_CHECK int cart_digest_compare(struct cart *c, const struct cart_digest *d,
				   void (*differs)(void *ctx, const struct cart_group *group),
				   void *ctx);

/*
 * Records a verified copy, durably; replaces the one on the same volume.  The state becomes
 * premigrated where the copy is of this generation.  Needs CART_OPEN_WRITE.  -ENOSPC where
 * CART_MAX_COPIES copies exist; -E2BIG where the header has no room; CART_E_PARTITIONED.
 */
MUST_CHECK int cart_copy_add(struct cart *c, const struct cart_copy *copy);

/* Forgets the copy on @volume; never the last verified one of a migrated cartridge
 * (CART_E_TOO_FEW_COPIES).  Needs CART_OPEN_WRITE. CART_E_ABSENT. */
MUST_CHECK int cart_copy_forget(struct cart *c, const char *volume);

/*
 * Frees the disk space of the data: the state becomes migrated, durably, before anything is
 * deleted; a crash in between is finished at the next open.  Needs CART_OPEN_WRITE.
 * CART_E_TOO_FEW_COPIES where fewer than
 * @min_copies (1..) verified copies of this generation exist.
 */
MUST_CHECK int cart_release(struct cart *c, unsigned min_copies);

/*
 * Recall: open with CART_OPEN_WRITE | CART_OPEN_ADMIN; cart_recall_begin() (state recalling; an
 * unfinished recall is thrown away); cart_write() and cart_write_filemarks() in order (-EINVAL
 * anywhere but at the end; the tab does not protect from it);
 * cart_recall_commit() compares counts and digest of what was written with @copy and only then
 * makes it the recording (state premigrated, same generation). CART_E_DAMAGED: they differ; nothing
 * changed, call cart_recall_abort().  cart_close() without commit aborts: the state is migrated
 * again.
 */
MUST_CHECK int cart_recall_begin(struct cart *c);
MUST_CHECK int cart_recall_commit(struct cart *c, const struct cart_copy *copy);
MUST_CHECK int cart_recall_abort(struct cart *c);

/* ---- check; cart_repair() is in cartridge_repair.h ---- */

struct cart_check {
	uint64_t blocks, filemarks, bytes; /* that read back well */
	uint64_t damaged;                  /* objects that do not */
	uint64_t first_damaged;            /* object number; only where damaged > 0 */
	bool index_rebuilt;                /* the index was lost or wrong and has been made anew */
};

/* What cart_check_tables() found. All of it is derived from the data, and nothing is lost with it.
 */
enum cart_table_note {
	CART_NOTE_MARKS = 1,        /* marks.STREAM is lost or wrong */
	CART_NOTE_ROWS_LOST = 2,    /* there is no rows.STREAM, where a close leaves one */
	CART_NOTE_ROWS_DAMAGED = 4, /* its checksum does not fit */
};

/* Compares marks and rows with the index, which a cart_check has found right (index_rebuilt is not
 * set). *ret_notes: CART_NOTE_*.  CART_E_NOT_RESIDENT, -errno. */
MUST_CHECK int cart_check_tables(struct cart *c, unsigned *ret_notes);

/*
 * Reads everything and checks every checksum; the position is kept.  @tell (may be NULL) is called
 * for each damaged object, and about every 16 MiB with @damaged false; where it returns false this
 * stops with -ECANCELED.
 */
MUST_CHECK int cart_verify(struct cart *c, bool (*tell)(void *ctx, uint64_t object, bool damaged),
			   void *ctx, struct cart_check *ret_check);

/*
 * The same for one group of objects: several threads, each with a cartridge that it opened itself,
 * can share a recording, and one that was interrupted can go on.
 *
 * cart_group_at      where the group that begins with object @first (the end of another, or 0)
 * ends, without reading it.  Where frames are damaged it may end elsewhere; then its digest means
 * nothing, which nobody can compute anyway. CART_E_EOD. cart_verify_group  as cart_verify() for its
 * objects; with @digest, *group gets its digest where nothing was damaged.
 */
MUST_CHECK int cart_group_at(struct cart *c, uint64_t first, struct cart_group *ret_group);
MUST_CHECK int cart_verify_group(struct cart *c, struct cart_group *group, bool digest,
				 bool (*tell)(void *ctx, uint64_t object, bool damaged), void *ctx,
				 struct cart_check *ret_check);

/* One object as it lies on the medium. */
struct cart_object {
	uint64_t number, file; /* file: filemarks before it */
	uint64_t address;      /* of its frame; docs/cartridge-format.md */
	uint32_t size;         /* of the block as the host wrote it; 0: a filemark */
	uint32_t stored_size;
	enum cart_codec codec;
	bool encrypted;
	bool damaged; /* its frame cannot be read: nothing but number and file is known */
};

/* The place of a frame: the file in the cartridge's folder, and the byte in it. */
struct cart_place {
	char file[40];
	uint64_t offset;
};

/* Where the index has object @number, damaged or not. CART_E_DAMAGED: no frame of it is left;
 * CART_E_EOD, CART_E_NOT_RESIDENT, -errno. */
MUST_CHECK int cart_place(struct cart *c, uint64_t number, struct cart_place *ret_place);

/* Object @number, from its frame alone: its data is not read. 0, CART_E_EOD, -errno. */
MUST_CHECK int cart_object(struct cart *c, uint64_t number, struct cart_object *ret_object);

#endif
