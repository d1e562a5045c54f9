/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.h: what a cartridge looks like on disk, format version 1.  docs/cartridge-format.md tells
 * the same story in prose; a test compares the offsets of both.  All integers are little-endian;
 * all reserved bytes are 0.
 *
 * A cartridge is a folder BARCODE.cart:
 *   header                    struct disk_header, records, CRC: replaced as a whole
 *   lock                      empty; carries the lock
 *   data.STREAM.SEGMENT       the recording: struct disk_segment, then frames (struct disk_frame
 * and the stored bytes) index.STREAM              one struct disk_index_entry per object: derived,
 * may be lost or lie marks.STREAM              one le64 per filemark, its object number: derived,
 * may be lost or lie STREAM and SEGMENT are 8 lower-case hex digits.  A stream is one recording
 * from its beginning; a recall makes a new one.
 *
 * Addresses.  The data of a stream is one 64-bit address space: SEGMENT << 30 | offset in that
 * file.  A frame never crosses the end of a segment: where it would not fit, the next segment
 * begins.
 */
#ifndef VTL_STORE_FORMAT_H
#define VTL_STORE_FORMAT_H

#include <assert.h>
#include <stddef.h>

#include "lib/base/bytes.h"

#define FORMAT_VERSION             1u
#define FORMAT_INCOMPAT_ENCRYPTED  1u /* blocks may be encrypted: frames with a cipher */
#define FORMAT_INCOMPAT_PARTITIONS 2u /* there is a record that lists them */
/* A reader must know them, or refuse. */
#define FORMAT_INCOMPAT_KNOWN (FORMAT_INCOMPAT_ENCRYPTED | FORMAT_INCOMPAT_PARTITIONS)
#define FORMAT_COMPAT_KNOWN   0u /* bits that a reader may ignore */

#ifndef SEGMENT_SHIFT /* tests build with smaller segments */
#define SEGMENT_SHIFT 30
#endif
#define SEGMENT_SIZE (UINT64_C(1) << SEGMENT_SHIFT)

#define ADDRESS_LIMIT (UINT64_C(1) << 50) /* no frame lies at or behind it */

#define LOCK_NAME    "lock"
#define HEADER_NAME  "header"
#define HEADER_MAGIC "VTLCART1"
#define HEADER_MAX   (64u * 1024) /* bytes; a longer header is refused */

enum header_flags {
	HEADER_WRITE_PROTECT = 1,
	HEADER_MOUNTED = 2,
	HEADER_CLEAN = 4, /* the counters and the end address are exact; nothing to recover */
};

struct disk_header {
	uint8_t magic[8];
	le32 version;
	le32 size; /* of the whole file: this struct, records, 4 bytes of CRC */
	le32 incompat;
	le32 compat;
	uint8_t uuid[16];
	uint8_t barcode[32];
	uint8_t state; /* enum cart_state */
	uint8_t codec; /* enum cart_codec, for new blocks */
	uint8_t flags; /* enum header_flags */
	uint8_t density;
	uint8_t medium_type;
	uint8_t reserved1[3];
	le64 capacity;
	le64 early_warning;
	le64 epoch;
	le64 epoch_object; /* frames of this object and later ones count only with this epoch;
			      earlier ones are stable */
	le64 epoch_address;
	le64 generation;
	le32 stream;
	le32 recall_stream; /* being written by a recall; 0 = none */
	le64 objects, blocks, filemarks;
	le64 logical_bytes, stored_bytes;
	le64 end_address; /* of the recording */
	le64 loads, lifetime_written, lifetime_read;
	le64 created, last_mount, last_unmount, last_write; /* seconds since 1970 */
	uint8_t damage[128];
	uint8_t reserved2[144];
};

static_assert(sizeof(struct disk_header) == 512, "header");
static_assert(offsetof(struct disk_header, uuid) == 24, "uuid");
static_assert(offsetof(struct disk_header, state) == 72, "state");
static_assert(offsetof(struct disk_header, capacity) == 80, "capacity");
static_assert(offsetof(struct disk_header, epoch) == 96, "epoch");
static_assert(offsetof(struct disk_header, stream) == 128, "stream");
static_assert(offsetof(struct disk_header, objects) == 136, "objects");
static_assert(offsetof(struct disk_header, loads) == 184, "loads");
static_assert(offsetof(struct disk_header, created) == 208, "created");
static_assert(offsetof(struct disk_header, damage) == 240, "damage");

/* Records behind the header: type, length of the content, content.  Unknown types are kept as they
 * are. */
struct disk_record {
	le16 type;
	le16 size;
};

#define RECORD_COPY 1u

struct disk_copy {
	uint8_t volume[32];
	le32 file;
	le32 form;
	le64 generation;
	le64 blocks, filemarks, bytes;
	le64 verified;
	uint8_t digest[32];
	uint8_t first_block[32];
};

static_assert(sizeof(struct disk_copy) == 144, "copy");

/* An attribute of the medium auxiliary memory: this, then its value. */
#define RECORD_ATTRIBUTE 3u

struct disk_attribute {
	le16 id;
	uint8_t partition;
	uint8_t format; /* of the value: 0 binary, 1 ASCII, 2 text */
};

static_assert(sizeof(struct disk_attribute) == 4, "attribute");

/*
 * How the medium was formatted: its whole capacity, then one struct disk_partition for each
 * partition beside 0, in order.
 */
#define RECORD_LAYOUT     2u
#define PARTITIONS_FOLDER "partitions" /* in the cartridge's; holds one cartridge for each */

struct disk_layout {
	le64 capacity;      /* stored bytes of the whole medium; 0 = no limit */
	le64 early_warning; /* of a medium that is one partition */
	le16 proportion;    /* of the medium that SET CAPACITY left, in 65535ths */
	uint8_t reserved[6];
};

struct disk_partition {
	uint8_t name[32]; /* of its folder, without the suffix */
	le64 capacity;    /* as its own header has it */
};

static_assert(sizeof(struct disk_layout) == 24, "layout");
static_assert(sizeof(struct disk_partition) == 40, "partition");

/* What the medium is made for, where it is no ordinary one. */
#define RECORD_MEDIUM 4u

struct disk_medium {
	uint8_t kind; /* 1 write once, 2 cleaning */
	uint8_t reserved[3];
	le32 cleanings;      /* that a cleaning cartridge is good for */
	le32 cleanings_used; /* of these */
};

static_assert(sizeof(struct disk_medium) == 12, "medium");

/*
 * In the header of a partition above 0: which medium it belongs to, and how that is divided.  This,
 * then what the medium's own record of the layout has: a second copy of that.
 */
#define RECORD_MEMBER 5u

struct disk_member {
	uint8_t uuid[16];  /* of the medium */
	le32 stream;       /* that partition 0 was when the medium was divided so */
	uint8_t partition; /* the number of this one */
	uint8_t reserved[3];
	le64 capacity; /* of partition 0 */
};

static_assert(sizeof(struct disk_member) == 32, "member");

#define SEGMENT_MAGIC "VTLSEG01"

struct disk_segment {
	uint8_t magic[8];
	le32 version;
	le32 number;
	uint8_t uuid[16];
	uint8_t barcode[32];
	le32 stream;
	uint8_t reserved1[4];
	le64 epoch; /* that was current when the segment was begun */
	le64 first_object;
	uint8_t reserved2[36];
	le32 crc; /* CRC32C of the bytes before */
};

static_assert(sizeof(struct disk_segment) == 128, "segment");

#define FRAME_MAGIC 0x464c5456u /* "VTLF" */

enum frame_type {
	FRAME_BLOCK = 1,
	FRAME_FILEMARK = 2,
};

/* Of a frame and of an envelope. */
enum frame_cipher {
	CIPHER_NONE = 0,
	CIPHER_AES_256_GCM = 1,
};

struct disk_frame {
	le32 magic;
	uint8_t type;      /* enum frame_type */
	uint8_t codec;     /* enum cart_codec of this block */
	uint8_t partition; /* 0: each partition is a recording of its own */
	uint8_t cipher;    /* enum frame_cipher */
	le64 object;
	le64 epoch;
	le64 stable;         /* objects that were on stable storage when this frame was written */
	le64 file;           /* filemarks before this object */
	le64 logical_before; /* bytes of all blocks before this one */
	le64 stored_before;
	le32 logical_size; /* 0 for a filemark */
	le32 stored_size;  /* bytes that follow */
	le32 stored_crc;   /* CRC32C of these */
	le32 logical_crc; /* CRC32C of the block before compression; equal to stored_crc where codec
			     is 0, or it is encrypted */
	le32 stream;
	le32 header_crc; /* CRC32C of the uuid followed by the bytes before */
};

static_assert(sizeof(struct disk_frame) == 80, "frame");
static_assert(offsetof(struct disk_frame, object) == 8, "object");
static_assert(offsetof(struct disk_frame, logical_size) == 56, "logical size");
static_assert(offsetof(struct disk_frame, header_crc) == 76, "crc");

#define ENVELOPE_MAGIC   "VTLENC01"
#define ENVELOPE_VERSION 1u

enum envelope_flags {
	ENVELOPE_NO_RAW = 1, /* must not be given out as it is */
};

/* What is stored of an encrypted block begins with this; crypt.c knows the rest. */
struct disk_envelope {
	uint8_t magic[8];
	uint8_t version;
	uint8_t cipher; /* enum frame_cipher */
	uint8_t codec;  /* enum cart_codec, before encryption */
	uint8_t flags;  /* enum envelope_flags */
	le32 logical_size;
	le32 packed_size;
	uint8_t nonce[12];
	le64 object;
	uint8_t uuid[16];    /* of the cartridge that it was first written to */
	uint8_t kad_size[4]; /* A-KAD, U-KAD, M-KAD, nonce value */
	uint8_t kad_format;
	uint8_t reserved[19];
};

static_assert(sizeof(struct disk_envelope) == 80, "envelope");
static_assert(offsetof(struct disk_envelope, nonce) == 20, "envelope's nonce");
static_assert(offsetof(struct disk_envelope, kad_size) == 56, "envelope's sizes");

struct disk_index_entry {
	le64 address;      /* of the frame; INDEX_DAMAGED where none could be found */
	le32 logical_size; /* 0 for a filemark */
	le32 stored_size;
};

static_assert(sizeof(struct disk_index_entry) == 16, "index entry");

#define INDEX_DAMAGED UINT64_MAX

/* The digest of one complete group of objects, kept: docs/cartridge-format.md section 8. */
struct disk_digest_entry {
	le64 first; /* object */
	le64 end;   /* the object behind the last one */
	le64 epoch; /* of the last one's frame */
	uint8_t digest[32];
	uint8_t reserved[4];
	le32 crc; /* CRC32C of the uuid, the stream (le32) and the bytes before */
};

static_assert(sizeof(struct disk_digest_entry) == 64, "digest entry");

/* rows.STREAM: rows of filemarks, derived, docs/cartridge-format.md section 5. */
struct disk_rows {
	uint8_t magic[8];
	uint8_t uuid[16]; /* these and the next ones: as in the header */
	le64 epoch;
	le64 generation;
	le64 objects;
	le64 filemarks;
	le32 stream;
	le32 batch; /* filemarks in an entry */
	uint8_t reserved[4];
	le32 crc; /* CRC32C of the bytes before it and of all entries */
};

static_assert(sizeof(struct disk_rows) == 72, "rows");

struct disk_rows_entry {
	le64 first; /* object of the first filemark */
	le64 last;  /* of the last one */
	le16 count; /* 0: not known */
	le16 head;
	le16 tail;
	le16 longest;
};

static_assert(sizeof(struct disk_rows_entry) == 24, "entry of rows");

#endif
