/* SPDX-License-Identifier: Apache-2.0 */
/* format_offsets.c: prints "TABLE FIRST LAST FIELD" for each field of lib/store/format.h, for
 * test_document.py. */
#include <stdio.h>

#include "lib/store/format.h"

#define FIELD(table, type, field)                                           \
	printf(table " %zu %zu " #field "\n", offsetof(struct type, field), \
	       offsetof(struct type, field) + sizeof(((struct type *)NULL)->field) - 1)

static void print_header(void)
{
	FIELD("header", disk_header, magic);
	FIELD("header", disk_header, version);
	FIELD("header", disk_header, size);
	FIELD("header", disk_header, incompat);
	FIELD("header", disk_header, compat);
	FIELD("header", disk_header, uuid);
	FIELD("header", disk_header, barcode);
	FIELD("header", disk_header, state);
	FIELD("header", disk_header, codec);
	FIELD("header", disk_header, flags);
	FIELD("header", disk_header, density);
	FIELD("header", disk_header, medium_type);
	FIELD("header", disk_header, reserved1);
	FIELD("header", disk_header, capacity);
	FIELD("header", disk_header, early_warning);
	FIELD("header", disk_header, epoch);
	FIELD("header", disk_header, epoch_object);
	FIELD("header", disk_header, epoch_address);
	FIELD("header", disk_header, generation);
	FIELD("header", disk_header, stream);
	FIELD("header", disk_header, recall_stream);
}

static void print_header_counters(void)
{
	FIELD("header", disk_header, objects);
	FIELD("header", disk_header, blocks);
	FIELD("header", disk_header, filemarks);
	FIELD("header", disk_header, logical_bytes);
	FIELD("header", disk_header, stored_bytes);
	FIELD("header", disk_header, end_address);
	FIELD("header", disk_header, loads);
	FIELD("header", disk_header, lifetime_written);
	FIELD("header", disk_header, lifetime_read);
	FIELD("header", disk_header, created);
	FIELD("header", disk_header, last_mount);
	FIELD("header", disk_header, last_unmount);
	FIELD("header", disk_header, last_write);
	FIELD("header", disk_header, damage);
	FIELD("header", disk_header, reserved2);
}

static void print_records(void)
{
	FIELD("record", disk_record, type);
	FIELD("record", disk_record, size);
	FIELD("attribute", disk_attribute, id);
	FIELD("attribute", disk_attribute, partition);
	FIELD("attribute", disk_attribute, format);
	FIELD("copy", disk_copy, volume);
	FIELD("copy", disk_copy, file);
	FIELD("copy", disk_copy, form);
	FIELD("copy", disk_copy, generation);
	FIELD("copy", disk_copy, blocks);
	FIELD("copy", disk_copy, filemarks);
	FIELD("copy", disk_copy, bytes);
	FIELD("copy", disk_copy, verified);
	FIELD("copy", disk_copy, digest);
	FIELD("copy", disk_copy, first_block);
	FIELD("index_entry", disk_index_entry, address);
	FIELD("index_entry", disk_index_entry, logical_size);
	FIELD("index_entry", disk_index_entry, stored_size);
	FIELD("digest_entry", disk_digest_entry, first);
	FIELD("digest_entry", disk_digest_entry, end);
	FIELD("digest_entry", disk_digest_entry, epoch);
	FIELD("digest_entry", disk_digest_entry, digest);
	FIELD("digest_entry", disk_digest_entry, reserved);
	FIELD("digest_entry", disk_digest_entry, crc);
}

static void print_layout(void)
{
	FIELD("layout", disk_layout, capacity);
	FIELD("layout", disk_layout, early_warning);
	FIELD("layout", disk_layout, proportion);
	FIELD("layout", disk_layout, reserved);
	FIELD("partition", disk_partition, name);
	FIELD("partition", disk_partition, capacity);
	FIELD("medium", disk_medium, kind);
	FIELD("medium", disk_medium, reserved);
	FIELD("medium", disk_medium, cleanings);
	FIELD("medium", disk_medium, cleanings_used);
	FIELD("member", disk_member, uuid);
	FIELD("member", disk_member, stream);
	FIELD("member", disk_member, partition);
	FIELD("member", disk_member, reserved);
	FIELD("member", disk_member, capacity);
}

static void print_data(void)
{
	FIELD("segment", disk_segment, magic);
	FIELD("segment", disk_segment, version);
	FIELD("segment", disk_segment, number);
	FIELD("segment", disk_segment, uuid);
	FIELD("segment", disk_segment, barcode);
	FIELD("segment", disk_segment, stream);
	FIELD("segment", disk_segment, reserved1);
	FIELD("segment", disk_segment, epoch);
	FIELD("segment", disk_segment, first_object);
	FIELD("segment", disk_segment, reserved2);
	FIELD("segment", disk_segment, crc);
	FIELD("frame", disk_frame, magic);
	FIELD("frame", disk_frame, type);
	FIELD("frame", disk_frame, codec);
	FIELD("frame", disk_frame, partition);
	FIELD("frame", disk_frame, cipher);
	FIELD("frame", disk_frame, object);
	FIELD("frame", disk_frame, epoch);
	FIELD("frame", disk_frame, stable);
	FIELD("frame", disk_frame, file);
	FIELD("frame", disk_frame, logical_before);
	FIELD("frame", disk_frame, stored_before);
	FIELD("frame", disk_frame, logical_size);
	FIELD("frame", disk_frame, stored_size);
	FIELD("frame", disk_frame, stored_crc);
	FIELD("frame", disk_frame, logical_crc);
	FIELD("frame", disk_frame, stream);
	FIELD("frame", disk_frame, header_crc);
}

static void print_envelope(void)
{
	FIELD("envelope", disk_envelope, magic);
	FIELD("envelope", disk_envelope, version);
	FIELD("envelope", disk_envelope, cipher);
	FIELD("envelope", disk_envelope, codec);
	FIELD("envelope", disk_envelope, flags);
	FIELD("envelope", disk_envelope, logical_size);
	FIELD("envelope", disk_envelope, packed_size);
	FIELD("envelope", disk_envelope, nonce);
	FIELD("envelope", disk_envelope, object);
	FIELD("envelope", disk_envelope, uuid);
	FIELD("envelope", disk_envelope, kad_size);
	FIELD("envelope", disk_envelope, kad_format);
	FIELD("envelope", disk_envelope, reserved);
}

static void print_rows(void)
{
	FIELD("rows", disk_rows, magic);
	FIELD("rows", disk_rows, uuid);
	FIELD("rows", disk_rows, epoch);
	FIELD("rows", disk_rows, generation);
	FIELD("rows", disk_rows, objects);
	FIELD("rows", disk_rows, filemarks);
	FIELD("rows", disk_rows, stream);
	FIELD("rows", disk_rows, batch);
	FIELD("rows", disk_rows, reserved);
	FIELD("rows", disk_rows, crc);
	FIELD("rows_entry", disk_rows_entry, first);
	FIELD("rows_entry", disk_rows_entry, last);
	FIELD("rows_entry", disk_rows_entry, count);
	FIELD("rows_entry", disk_rows_entry, head);
	FIELD("rows_entry", disk_rows_entry, tail);
	FIELD("rows_entry", disk_rows_entry, longest);
}

int main(void)
{
	print_header();
	print_header_counters();
	print_records();
	print_layout();
	print_data();
	print_envelope();
	print_rows();
	return 0;
}
