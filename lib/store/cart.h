/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cart.h: the inside of an open cartridge, for the files of lib/store alone.
 *
 * Invariants while a struct cart is open (docs/cartridge-format.md gives the proofs):
 *   I1  Objects below header.epoch_object are on stable storage, and were before that header was
 * written. I2  A frame at or behind epoch_object counts only with header.epoch; so a header write
 * alone kills all that lay behind. I3  A frame's `stable` never exceeds the number of objects that
 * a sync covered before the frame was written. I4  Index and marks follow the data; whoever trusts
 * an entry checks it against the frame. I5  c->end is where the next frame goes; nothing of ours
 * lies behind it.
 */
#ifndef VTL_STORE_CART_H
#define VTL_STORE_CART_H

#include <inttypes.h>

#include "lib/store/backend.h"
#include "lib/store/cartridge.h"
#include "lib/store/cartridge_repair.h"
#include "lib/store/codec.h"
#include "lib/store/format.h"
#include "lib/store/rows.h"

#define STREAM_FIRST  1u
#define DATA_START    (sizeof(struct disk_segment)) /* address of the first frame */
#define INDEX_BATCH   256u /* entries written behind, or read ahead, at a time */
#define READ_RUN      64u  /* objects read ahead at a time */
#define WRITE_BATCH   64u  /* objects in one write, at most INDEX_BATCH */
#define WRITE_VECTORS 1000 /* entries of its iovec, but for a single object: below IOV_MAX */

/* One table (index or marks) with entries of one size, written behind. */
struct table {
	enum backend_table which;
	size_t entry_size;
	uint64_t count;   /* entries, those not written yet included */
	uint64_t written; /* entries that the backend has */
	uint8_t pending[INDEX_BATCH * sizeof(struct disk_index_entry)];
	uint64_t cached_first, cached_count; /* what cache holds */
	uint8_t cache[INDEX_BATCH * sizeof(struct disk_index_entry)];
};

/* What is known of one object without its data. */
struct object {
	uint64_t address;
	uint32_t logical_size; /* 0: a filemark */
	uint32_t stored_size;
};

/* Sums over the objects before a position; what a frame header repeats. */
struct totals {
	uint64_t objects, filemarks;
	uint64_t logical_bytes, stored_bytes;
};

/* The CRC32C of a block as the host wrote it, where it is known. */
struct block_sum {
	bool known;
	uint32_t crc32c;
};

struct cart {
	struct backend *backend;
	char *partitions; /* the folder of the others; owned; NULL where only the header is read */
	const char *barcode; /* that cart_open() was asked for; only while it runs */
	bool untidy;         /* partitions that are none any more are left in it */
	struct cart_info info;
	unsigned flags; /* of cart_open() */
	uint64_t epoch_object, epoch_address;
	uint64_t last_epoch; /* the highest that we read or tried to write */
	uint32_t stream;     /* that the functions below work on */
	uint32_t live_stream, recall_stream;
	bool encrypted; /* blocks of the recording may be */
	struct cart_crypt crypt;
	uint8_t *unknown_records; /* of the header, kept; owned */
	size_t unknown_size;
	struct cart_attributes attributes; /* of the header; owned */

	struct totals end_totals; /* of the whole recording */
	uint64_t end;             /* I5 */
	uint64_t stable;          /* objects on stable storage */
	uint64_t position, file;

	bool resident;   /* there is data to work on */
	bool clean;      /* the header says so, and it is true */
	bool changed;    /* the generation of this open was begun */
	bool epoch_open; /* this open's epoch covers the end of the recording */
	bool unsure; /* an epoch that could not be begun may be on the disk all the same: another
			one must begin before anything more is acknowledged */
	bool broken; /* the header could not be made to agree with the data: no more writing until
			the next open */
	bool told;   /* the generation was told as one that names this content: the next change
			begins another one */
	bool recalling;
	bool doubts; /* the header is still to prove that it is of this data: while it is opened,
			and in a repair */
	bool aside;  /* the backend is a shadow */
	uint64_t unread; /* highest address that could not be read while recovering; 0: none */
	bool index_rebuilt;
	uint64_t read_bytes, written_bytes;   /* since the open */
	uint64_t read_stored, written_stored; /* the same as stored: compressed */
	struct block_sum read_sum;            /* of the last block that was read */
	struct block_sum expected_sum;        /* of the next one that is written */

	struct cart_digest *recall_digest;

	struct table index, marks;
	struct rows rows; /* of the marks */
	uint8_t *buffer;  /* a frame with its data; owned, grown on demand */
	size_t buffer_size;
	uint8_t *packed; /* a block unpacked, or frames of filemarks; owned */
	size_t packed_size;
	struct iovec *list; /* of the write under way: frame headers and payloads; owned */
	int list_size;
	struct disk_frame frames[WRITE_BATCH]; /* of the write under way */
	struct codec *codec;                   /* owned; made when it is needed */
};

/* What a partition above 0 knows of its medium: of a record in its header, which no open looks at
 * and a repair of the medium does. */
struct member {
	uint8_t uuid[16];        /* of the medium */
	uint32_t stream;         /* that partition 0 was when the medium was divided so */
	unsigned partition;      /* the number of this one */
	uint64_t capacity_bytes; /* of partition 0 */
	struct cart_layout layout;
};

/* ---- member.c ---- */

#define MEMBER_MAX                                                                              \
	(sizeof(struct disk_record) + sizeof(struct disk_member) + sizeof(struct disk_layout) + \
	 (CART_PARTITIONS - 1) * sizeof(struct disk_partition))

/* Writes the record, with its head; returns its bytes, at most MEMBER_MAX. */
size_t member_put(uint8_t *p, const struct member *m);
/* Looks for it among @records, whole records of a header; false: there is none that makes sense. */
bool member_find(const uint8_t *records, size_t size, struct member *ret_member);
/* They say the same of the medium. */
bool member_agrees(const struct member *a, const struct member *b);

/* ---- header.c ---- */

/* A header of our version, unharmed. */
bool header_is_whole(const uint8_t *data, size_t size);
/* Fills the fields that the header holds. CART_E_INVALID, CART_E_UNSUPPORTED, -errno. */
int header_load(struct cart *c);
/* Writes what is in @c. CART_E_NO_SPACE; -ESTALE where another writer has begun an epoch since
 * (P7); -E2BIG where nobody could load it again (HEADER_MAX): then nothing was done at all; -errno.
 */
int header_store(struct cart *c);
/* The lock keeps other writers away; where it was lost, the epoch on disk tells that there has been
 * one: -ESTALE. -errno. */
int header_check_fence(struct cart *c);
/* The same for a backend alone: a new cartridge; @member: what it is a partition of, or NULL. */
int header_create(struct backend *b, const struct cart_info *info, const struct member *member);
/* Bytes of the header file that @c would get. */
size_t header_size(const struct cart *c);
/* What the record @d of a header says. */
void header_copy_get(struct cart_copy *copy, const struct disk_copy *d);
/* -ENOSPC and -EDQUOT become CART_E_NO_SPACE; everything else stays. */
int outcome_of(int r);

/* ---- medium.c ---- */

/* The record of a header, with its head: bytes, 0 where there is none; writes it; reads its content
 * (CART_E_INVALID, CART_E_UNSUPPORTED). */
size_t medium_size(const struct cart_info *info);
void medium_put(uint8_t *p, const struct cart_info *info);
MUST_CHECK int medium_get(struct cart_info *info, const uint8_t *p, size_t size);
/* Whether the recording may end at the position and go on from there: 0, CART_E_WORM, -errno. */
MUST_CHECK int medium_check_overwrite(struct cart *c);

/* ---- attributes.c ---- */

/* What a format makes of those of @c, fresh; with CART_E_FULL and -ENOMEM too. */
MUST_CHECK int attributes_after_format(const struct cart *c, const struct cart_format *format,
				       struct cart_attributes *ret_attributes);
/* Adds the record of a header, @size bytes with its head. CART_E_INVALID, -ENOMEM. */
MUST_CHECK int attributes_load(struct cart_attributes *a, const uint8_t *record, size_t size);

/* ---- frame.c ---- */

void frame_make(struct cart *c, struct disk_frame *f, enum frame_type type,
		const struct totals *before);
void frame_seal(const struct cart *c, struct disk_frame *f); /* sets the header's checksum */
/* Of the block behind @f. */
struct block_sum frame_sum(const struct disk_frame *f);
/* The header is whole, of this cartridge and stream. */
bool frame_is_ours(const struct cart *c, const struct disk_frame *f);
/* And it may stand for object @object now (I2). */
/* Of an epoch that the header does not know. */
bool frame_is_newer(const struct cart *c, const struct disk_frame *f);
/*
 * False: the data beside the header (c->stream) is of another cartridge, or of later epochs.
 * match.c.
 */
bool header_matches_data(struct cart *c);
bool frame_counts(const struct cart *c, const struct disk_frame *f, uint64_t object);
size_t frame_size(const struct object *o); /* with its header */
struct totals frame_totals_before(const struct disk_frame *f);
struct totals frame_totals_after(const struct disk_frame *f);
uint32_t iov_crc32c(const struct iovec *iov, int iov_cnt, size_t size);
/* Address of the first frame of the segment behind the one of @address. */
uint64_t next_segment(uint64_t address);
/* Sum of the lengths. */
size_t iov_size(const struct iovec *iov, int iov_cnt);
/* Copies @size bytes of @data into @iov. */
void iov_put(const struct iovec *iov, int iov_cnt, const void *data, size_t size);
/* Makes c->buffer hold @size bytes. -ENOMEM. */
int buffer_reserve(uint8_t **buffer, size_t *have, size_t size);

/* ---- table.c ---- */

void table_init(struct table *t, enum backend_table which, size_t entry_size, uint64_t count);
int table_get(struct cart *c, struct table *t, uint64_t n, void *ret_entry);
int table_put(struct cart *c, struct table *t, const void *entry);
int table_flush(struct cart *c, struct table *t);
int table_cut(struct cart *c, struct table *t, uint64_t count);
int index_get(struct cart *c, uint64_t object, struct object *ret_object);
int index_put(struct cart *c, const struct object *o, uint64_t number);
/* No marks but the first @count, which are in the file already. */
void marks_init(struct cart *c, uint64_t count);
/* One more. */
int marks_put(struct cart *c, uint64_t object);
int marks_cut(struct cart *c, uint64_t count);
/*
 * As many as @totals has.  There are fewer where frames contradict each other, which only a forger
 * makes: then the last ones name an object that is none, so that those that follow have their
 * places.
 */
int marks_fit(struct cart *c, const struct totals *totals);
int marks_get(struct cart *c, uint64_t n, uint64_t *ret_object);
/* @count entries from @first on as they are on disk. CART_E_DAMAGED where there are fewer. */
int marks_read(struct cart *c, uint64_t first, size_t count, le64 *ret_marks);
int index_read(struct cart *c, uint64_t first, size_t count, struct disk_index_entry *ret_entries);
/* Number of filemarks before @object. */
int marks_before(struct cart *c, uint64_t object, uint64_t *ret_file);

/* ---- read.c ---- */

/*
 * Reads the frame of object @number and checks it, with its data where @with_data; c->buffer holds
 * it.  CART_E_DAMAGED
 * (*ret_object is filled all the same where the index knows it), -errno.
 */
int object_load(struct cart *c, uint64_t number, bool with_data, struct object *ret_object,
		const struct disk_frame **ret_frame, const uint8_t **ret_data);
/* Objects that lie behind one another, read with one call. */
struct read_run {
	uint64_t first;
	unsigned cnt; /* 1 .. READ_RUN */
	size_t size;  /* of their frames */
	struct object objects[READ_RUN];
};

/*
 * The objects from @first on that the index has one behind the other: at most @max bytes of frames
 * and @max bytes of blocks, but for a single object.  CART_E_EOD, CART_E_DAMAGED, -errno.
 */
MUST_CHECK int run_plan(struct cart *c, uint64_t first, size_t max, struct read_run *ret_run);
/* Reads them; *ret_size may be less than run->size at the end of the data. CART_E_DAMAGED, -errno.
 */
MUST_CHECK int run_load(struct cart *c, const struct read_run *run, void *buf, size_t *ret_size);
/*
 * @frame, with the block behind it in the same piece, is object @number as the index has it, and
 * whole. Any thread may ask while the recording does not change.
 */
bool run_check(const struct cart *c, uint64_t number, const struct object *o, const void *frame);

/* Number of filemarks before @object, as its frame says; as the marks say where that is damaged. */
int file_before(struct cart *c, uint64_t object, uint64_t *ret_file);

/* ---- recover.c ---- */

/* Finds the end of the recording after an unclean close, cuts what lies behind. Needs the exclusive
 * lock. */
int recover_tail(struct cart *c);
/* Makes the index anew from the data of a recording whose counters are exact. */
int rebuild_index(struct cart *c);
/* With CART_OPEN_LOOK: whatever is changed from now on is changed beside the cartridge. */
int step_aside(struct cart *c);
/* Calls @see for each whole frame that counts, in order, wherever there are gaps; writes nothing.
 * The data of those from object @stable on is read where they follow each other. */
MUST_CHECK int each_frame(struct cart *c, uint64_t stable,
			  void (*see)(void *ctx, const struct disk_frame *frame, uint64_t address),
			  void *ctx);
/* The index answers for the last object as the data does. */
bool index_agrees(struct cart *c);

/* ---- block.c ---- */

/* A block as it goes to the medium, apart from where it goes: what can be worked out ahead. */
struct packed_block {
	enum cart_codec codec;
	enum frame_cipher cipher;
	uint32_t size;        /* as the host wrote it; 0: a filemark */
	uint32_t stored_size; /* on the medium */
	uint32_t logical_crc, stored_crc;
	uint64_t object;        /* its number, where it is encrypted */
	const uint8_t *packed;  /* borrowed; NULL: stored as the host wrote it */
	struct block_sum plain; /* encrypted: of the block as the host wrote it; pack_job.sums */
};

/* A block to be packed. */
struct pack_job {
	const struct cart *cart; /* its crypt and its uuid; both stay as they are meanwhile */
	enum cart_codec codec;
	uint64_t object; /* that it will be */
	const struct iovec *iov;
	int iov_cnt;
	size_t size;
	bool sums; /* sum_is() will be asked: also the plain block is to be summed up */
};

/* Packs, encrypts and sums up a block; any thread may, with a codec of its own, to which the result
 * belongs. 0, -ENOMEM, -EIO. */
MUST_CHECK int block_pack(struct codec *codec, const struct pack_job *job,
			  struct packed_block *ret_block);
/* What block_pack() would have given for this envelope, which stays the caller's. False: it is
 * none. */
bool block_from_envelope(const void *data, size_t size, struct packed_block *ret_block);
/* No packed block is as much longer than the block. */
uint32_t block_overhead(const struct cart *c);
/*
 * Turns a whole frame, its stored bytes behind it, into the block as the host wrote it.  Any thread
 * may ask while @crypt does not change.  CART_E_DAMAGED, -ENOMEM, -EIO, and CART_E_ENCRYPTED to
 * CART_E_UNENCRYPTED of cart_read().
 */
MUST_CHECK int block_unpack(const struct cart_crypt *crypt, struct codec *codec, const void *frame,
			    void *data);
/* Drops the reference to the key and forgets the rest. */
void block_forget_crypt(struct cart *c);

/* ---- append.c ---- */

/* One object to be appended. */
struct write_item {
	struct packed_block block; /* all zero: a filemark */
	const struct iovec *iov;   /* the block as the host wrote it */
	int iov_cnt;
};

/* The block is the one that @expected is of, as far as that is known. */
bool sum_is(const struct block_sum *expected, const struct packed_block *block);
/*
 * Appends the first *@ret_done of @items with one write, as many as fit into one (WRITE_BATCH, one
 * segment).  After anything but 0 none was. CART_E_FULL: the first one does not fit on the medium.
 */
MUST_CHECK int append_items(struct cart *c, const struct write_item *items, unsigned cnt,
			    unsigned *ret_done);
/* The same for up to INDEX_BATCH filemarks. */
MUST_CHECK int append_filemarks(struct cart *c, uint32_t count);

/* ---- write.c ---- */

/*
 * cart_write() and cart_write_filemarks() of several objects, in order; *ret_done, always written,
 * says how many were.  Outcomes as those of the one that comes next.
 */
MUST_CHECK int cart_write_items(struct cart *c, const struct write_item *items, unsigned cnt,
				unsigned *ret_done);
/* Makes everything stable. -errno: it is not, and the recording ends at what is. */
MUST_CHECK int sync_or_cut(struct cart *c);
/* The cartridge's own codec; NULL where there is no memory. */
struct codec *cart_own_codec(struct cart *c);

/* Starts a new epoch with its end at object @end_object. CART_E_NO_SPACE, -errno. */
int epoch_begin(struct cart *c, uint64_t end_object);
/* The counters of c->info from c->end_totals. */
void info_update(struct cart *c);

/* ---- digest.c ---- */

void cart_digest_iov(struct cart_digest *d, const struct iovec *iov, int iov_cnt, size_t size);

/* The last group that ended, by cart_digest_end() too; NULL: none, or it could not be computed. */
const struct cart_group *cart_digest_last_group(const struct cart_digest *d);

/* ---- digest_kept.c ---- */

/* The kept digest of group number @n, which begins at @first; it is of the recording as it is now.
 * CART_E_ABSENT, -errno. */
MUST_CHECK int digest_kept(struct cart *c, uint64_t n, uint64_t first,
			   struct cart_group *ret_group);

/* ---- position.c ---- */

/* The next object is @object, with @file filemarks before it: whoever calls knows that it is so. */
void cart_seek(struct cart *c, uint64_t object, uint64_t file);
void go_eod(struct cart *c);
/* Every public move begins with it: a damaged index is made anew once, then (-EAGAIN) the move is
 * tried again. */
MUST_CHECK int repair_and_retry(struct cart *c, int r);
/*
 * The object of filemark @n.  The marks are derived data: the frame that they lead to must be that
 * filemark (I4). Where the frame is damaged they are believed, as far as the index does not object.
 */
MUST_CHECK int mark_get(struct cart *c, uint64_t n, uint64_t *ret_object);
/* The object behind filemark number @file (from 1), or 0 for file 0. */
MUST_CHECK int file_start(struct cart *c, uint64_t file, uint64_t *ret_object);
uint64_t magnitude(int64_t count);

/* ---- partition.c ---- */

/* Bytes of the record that says how the medium is divided; 0 where there is none. */
size_t layout_size(const struct cart_layout *layout);
/* The record, as many bytes as that. */
void layout_put(uint8_t *p, const struct cart_layout *layout);
/* From the content of a record; CART_E_INVALID. */
MUST_CHECK int layout_get(struct cart_layout *layout, const uint8_t *p, size_t size);
/* Of a medium that never was divided; @info is otherwise filled. */
void layout_default(struct cart_info *info);
/* The name of a partition: its number, the stream that is partition 0, a random number. */
#define PARTITION_NAME "P%u-%08" PRIX32 "-%08" PRIX32
/* What partition @n of the medium @info is made with, divided as @l says, of which the barcode is
 * borrowed. */
void partition_params(const struct cart_info *info, const struct cart_layout *l, unsigned n,
		      struct cart_params *ret_params);
/* Distance of early warning from the end of a partition of that capacity. */
uint64_t partition_early_warning(const struct cart_layout *l, uint64_t capacity);
/* The path of the folder of the partitions above 0, fresh; NULL where there is no memory. */
char *partitions_folder(const char *pool, const char *barcode);
/*
 * Deletes partitions that the header does not name, for at most that time; needs the exclusive
 * lock.  0: none is left; 1: there may be more.
 */
int partitions_tidy(struct cart *c, unsigned milliseconds);
/* There is a partition of a later division of the medium, and something is on it. */
bool partitions_object(const struct cart *c);
/* The recording becomes another one: write.c. */
void next_generation(struct cart *c);

/* ---- pool.c ---- */

/* Early warning where nothing says it: 1 % of the medium, at least 16 MiB, at most a quarter. */
uint64_t pool_early_warning(uint64_t capacity);
/* cart_create() of a partition. */
MUST_CHECK int pool_create_partition(const char *folder, const struct cart_params *params,
				     const struct member *member);

/* ---- cart.c ---- */

/* What stage.c asks while others hold the rest of the cartridge. */
uint64_t cart_stored_bytes(const struct cart *c);
struct totals cart_totals(const struct cart *c);
/* Bytes that storage has left; UINT64_MAX where it does not say. */
uint64_t cart_room(struct cart *c);
/* Forgets what the tables knew and starts with an empty or the given recording of @stream. */
void stream_select(struct cart *c, uint32_t stream, const struct totals *totals, uint64_t end);

#endif
