/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c: the keys of each kind of group, as rows, and what must hold of a whole group.
 * tcmu-vtl-personality(5) has the same list for people; a test compares the two.
 */
#include <stddef.h>
#include <string.h>

#include "lib/personality/values.h"

#define MEDIA_MAX     64 /* of one drive */
#define CLEAN_VOLUMES 50 /* full ones between two cleanings, where a maker tells nothing */

#define FIELD(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

/* ---- references from one group to another ---- */

/* A list of names of @kind into an array at row->at, its count right behind in row->min. */
static char *use_list(struct catalogue *catalogue, const struct key_row *row, void *object,
		      const char *value, enum kind kind)
{
	g_auto(GStrv) words = value_split(value);
	unsigned cnt = g_strv_length(words);
	const void **list = catalogue_alloc(catalogue, cnt * sizeof(*list));
	unsigned count = cnt;

	if (cnt > MEDIA_MAX)
		return g_strdup_printf("has more than %d names", MEDIA_MAX);
	for (unsigned i = 0; i < cnt; i++) {
		char *why = NULL;

		list[i] = catalogue_use(catalogue, kind, words[i], &why);
		if (why != NULL)
			return why;
		if (list[i] == NULL)
			return g_strdup_printf("names '%s', which cannot be read", words[i]);
	}
	memcpy((char *)object + row->at, &list, sizeof(list));
	memcpy((char *)object + row->min, &count, sizeof(count));
	return NULL;
}

static VALUE_READER(read_formats)
{
	(void)rest;
	return use_list(catalogue, row, object, value, KIND_DENSITY);
}

static VALUE_READER(read_media)
{
	(void)rest;
	return use_list(catalogue, row, object, value, KIND_MEDIUM);
}

/* One name of the kind row->min, a pointer at row->at. */
static VALUE_READER(read_one)
{
	char *why = NULL;
	const void *found = catalogue_use(catalogue, (enum kind)row->min, value, &why);

	(void)rest;
	if (found != NULL)
		memcpy((char *)object + row->at, &found, sizeof(found));
	return why;
}

/* ---- rows ---- */

/* clang-format off */
static const struct key_row density_keys[] = {
	{ "code",         value_number, FIELD(density_row, code),         0, 0xff },
	{ "secondary",    value_number, FIELD(density_row, secondary),    0, 0xff },
	{ "bits_per_mm",  value_number, FIELD(density_row, bits_per_mm),  0, 0xffffff },
	{ "width",        value_number, FIELD(density_row, media_width),  0, 0xffff },
	{ "tracks",       value_number, FIELD(density_row, tracks),       0, 0xffff },
	{ "wraps",        value_number, FIELD(density_row, wraps),        0, 10000 },
	{ "capacity",     value_bytes,  FIELD(density_row, capacity_mb),  0, 0 },
	{ "organization", value_text,   FIELD(density_row, organization), 0, 8 },
	{ "name",         value_text,   FIELD(density_row, name),         0, 8 },
	{ "description",  value_text,   FIELD(density_row, description),  0, 20 },
};

static const struct key_row medium_keys[] = {
	{ "density",       read_one,     offsetof(struct medium_draft, format), 0, KIND_DENSITY, 0 },
	{ "kind",          value_kind,   FIELD(medium_row, kind),            0, 0 },
	{ "barcode",       value_text,   FIELD(medium_row, suffix),          0, 4 },
	{ "medium_type",   value_number, FIELD(medium_row, medium_type),     0, 0xff },
	{ "capacity",      value_bytes,  FIELD(medium_row, capacity_bytes),  0, 0 },
	{ "early_warning", value_bytes,  FIELD(medium_row, early_warning_bytes), 0, 0 },
	{ "encryptable",   value_flag,   FIELD(medium_row, encryptable),     0, 0 },
	{ "partitions",    value_number, FIELD(medium_row, max_partitions),  1, 4 },
	{ "cleanings",     value_number, FIELD(medium_row, cleanings),       1, 0xffff },
	{ "width",         value_number, FIELD(medium_row, width),           0, 0xffff },
	{ "length",        value_number, FIELD(medium_row, length),          0, 0xffff },
	{ "organization",  value_text,   FIELD(medium_row, organization),    0, 8 },
	{ "name",          value_text,   FIELD(medium_row, type_name),       0, 8 },
	{ "description",   value_text,   FIELD(medium_row, description),     0, 20 },
	{ "personality",   value_text,   FIELD(medium_row, personality),     0, 9 },
};

static const struct key_row drive_keys[] = {
	{ "description",  value_text,     FIELD(drive_model, description),     0, 80 },
	{ "vendor",       value_text,     FIELD(drive_model, vendor),          1, 8 },
	{ "product",      value_text,     FIELD(drive_model, product),         1, 16 },
	{ "revision",     value_text,     FIELD(drive_model, revision),        1, 4 },
	{ "ansi_version", value_number,   FIELD(drive_model, ansi_version),    2, 7 },
	{ "versions",     value_words,    FIELD(drive_model, versions),        0, 0 },
	{ "serial",       value_serial,   FIELD(drive_model, serial),          8, 12 },
	{ "features",     value_features, FIELD(drive_model, features),        0, 0 },
	{ "partitions",   value_number,   FIELD(drive_model, max_partitions),  1, 4 },
	{ "max_block",    value_number,   FIELD(drive_model, max_block_bytes), 512, 0xffffff },
	{ "min_block",    value_number,   FIELD(drive_model, min_block_bytes), 1, 0xffff },
	{ "granularity",  value_number,   FIELD(drive_model, granularity),     0, 9 },
	{ "densities",    read_formats,   offsetof(struct drive_draft, formats), 0, offsetof(struct drive_draft, formats_cnt), 0 },
	{ "read_write",   read_media,     offsetof(struct drive_draft, writes), 0, offsetof(struct drive_draft, writes_cnt), 0 },
	{ "read_only",    read_media,     offsetof(struct drive_draft, reads), 0, offsetof(struct drive_draft, reads_cnt), 0 },
	{ "cleaned_by",   read_media,     offsetof(struct drive_draft, cleans), 0, offsetof(struct drive_draft, cleans_cnt), 0 },
	{ "tells",        read_media,     offsetof(struct drive_model, tells), 0, offsetof(struct drive_model, tells_cnt), 0 },
	{ "mode_pages",   value_pages,    FIELD(drive_model, mode_pages),      0, 0x3e },
	{ "log_pages",    value_pages,    FIELD(drive_model, log_pages),       0, 0x3f },
	{ "vpd_pages",    value_pages,    FIELD(drive_model, vpd_pages),       0, 0xff },
	{ "mode_bytes.",  value_patch,    FIELD(drive_model, mode_bytes),      0, 0x3e },
	{ "mode_mask.",   value_patch,    FIELD(drive_model, mode_bytes),      1, 0x3e },
	{ "mode.",        value_page,     FIELD(drive_model, mode_bytes),      0, 0x3e },
	{ "vpd.",         value_page,     FIELD(drive_model, vpd_bytes),       1, 0xff },
	{ "inquiry",      value_patch,    FIELD(drive_model, inquiry_bytes),   0, 0 },
	{ "meanwhile",    value_meanwhile, FIELD(drive_model, meanwhile),      0, 0 },
	{ "timeouts",     value_number,   FIELD(drive_model, timeout_percent), 10, 1000 },
	{ "load_time",    value_seconds,  FIELD(drive_model, timing.load_ms),  0, 0 },
	{ "unload_time",  value_seconds,  FIELD(drive_model, timing.unload_ms), 0, 0 },
	{ "seek_time",    value_seconds,  FIELD(drive_model, timing.seek_ms),  0, 0 },
	{ "rewind_time",  value_seconds,  FIELD(drive_model, timing.rewind_ms), 0, 0 },
	{ "cleaning_time", value_seconds, FIELD(drive_model, timing.cleaning_ms), 0, 0 },
	{ "clean_loads",  value_number,   FIELD(drive_model, clean_loads),     1, 1000000 },
	{ "clean_bytes",  value_bytes,    FIELD(drive_model, clean_bytes),     0, 0 },
	{ "rate",         value_number,   FIELD(drive_model, timing.rate_kb_s), 1, 100000000 },
	{ "wraps",        value_number,   FIELD(drive_model, timing.wraps),    1, 10000 },
	{ "u_kad",        value_number,   FIELD(drive_model, u_kad_max),       0, 255 },
	{ "a_kad",        value_number,   FIELD(drive_model, a_kad_max),       0, 255 },
};

static const struct key_row library_keys[] = {
	{ "description",  value_text,   FIELD(library_model, description),       0, 80 },
	{ "vendor",       value_text,   FIELD(library_model, vendor),            1, 8 },
	{ "product",      value_text,   FIELD(library_model, product),           1, 16 },
	{ "revision",     value_text,   FIELD(library_model, revision),          1, 4 },
	{ "ansi_version", value_number, FIELD(library_model, ansi_version),      2, 7 },
	{ "versions",     value_words,  FIELD(library_model, versions),          0, 0 },
	{ "transport",    value_number, FIELD(library_model, transport_address), 0, 0xfffe },
	{ "slots",        value_number, FIELD(library_model, slot_address),      0, 0xfffe },
	{ "mail_slots",   value_number, FIELD(library_model, mail_address),      0, 0xfffe },
	{ "drives",       value_number, FIELD(library_model, drive_address),     0, 0xfffe },
	{ "mode.",        value_page,   FIELD(library_model, mode_bytes),        0, 0x3e },
	{ "vpd.",         value_page,   FIELD(library_model, vpd_bytes),         1, 0xff },
	{ "inquiry",      value_patch,  FIELD(library_model, inquiry_bytes),     0, 0 },
};

static const struct key_row personality_keys[] = {
	{ "description",  value_text, FIELD(personality, description),     0, 80 },
	{ "library",      read_one,   offsetof(struct personality, library), 0, KIND_LIBRARY, 0 },
	{ "drive",        read_one,   offsetof(struct personality, drive),   0, KIND_DRIVE, 0 },
};
/* clang-format on */

/* ---- whole groups ---- */

static const char *text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static char *finish_density(struct catalogue *catalogue, void *object, const char *name,
			    const char *where)
{
	struct density_row *d = object;

	(void)catalogue;
	(void)where;
	d->id = name;
	if (d->code == 0)
		return g_strdup("lacks the key code, the primary density code; add code=0x5E");
	if (d->secondary == 0)
		d->secondary = d->code;
	d->organization = text_or_empty(d->organization);
	d->name = text_or_empty(d->name);
	d->description = text_or_empty(d->description);
	return NULL;
}

static char *finish_medium(struct catalogue *catalogue, void *object, const char *name,
			   const char *where)
{
	struct medium_draft *draft = object;
	struct medium_row *m = object;

	(void)catalogue;
	(void)where;
	m->name = name;
	m->suffix = text_or_empty(m->suffix);
	m->organization = text_or_empty(m->organization);
	m->type_name = text_or_empty(m->type_name);
	m->description = text_or_empty(m->description);
	if (m->personality == NULL)
		m->personality = m->type_name;
	if (m->max_partitions == 0)
		m->max_partitions = 1;
	if (m->kind == MEDIUM_CLEANING) {
		m->density = 0;
		m->capacity_bytes = 0;
		return m->cleanings > 0 ? NULL
					: g_strdup("lacks the key cleanings, how often it can be "
						   "used; add cleanings=50");
	}
	if (draft->format == NULL)
		return g_strdup("lacks the key density, the name of a [density] group");
	m->density = draft->format->code;
	if (m->capacity_bytes == 0)
		m->capacity_bytes = (uint64_t)draft->format->capacity_mb * 1000000;
	if (m->capacity_bytes == 0)
		return g_strdup("lacks the key capacity; add capacity=12T");
	if (m->early_warning_bytes >= m->capacity_bytes)
		return g_strdup("has an early_warning that is not smaller than its capacity");
	return NULL;
}

static bool knows_density(const struct drive_draft *d, uint8_t code)
{
	for (unsigned i = 0; i < d->formats_cnt; i++)
		if (d->formats[i]->code == code)
			return true;
	return false;
}

static char *add_uses(struct drive_draft *d, struct medium_use *uses,
		      const struct medium_row **list, unsigned cnt, enum medium_access access)
{
	for (unsigned i = 0; i < cnt; i++) {
		bool cleans = access == MEDIUM_CLEANS;

		if (cleans != (list[i]->kind == MEDIUM_CLEANING))
			return g_strdup_printf("has %s in the wrong list: cleaning media stand in "
					       "cleaned_by, and only they",
					       list[i]->name);
		if (!cleans && !knows_density(d, list[i]->density))
			return g_strdup_printf("takes the medium %s, but densities= does not have "
					       "its recording format (code %02Xh)",
					       list[i]->name, list[i]->density);
		for (unsigned j = 0; j < d->model.media_cnt; j++)
			if (uses[j].medium == list[i])
				return g_strdup_printf("names the medium %s twice", list[i]->name);
		uses[d->model.media_cnt++] = (struct medium_use){ list[i], access };
	}
	return NULL;
}

/* The drive's own copies: whether it writes a format, and what its media call themselves. */
static void copy_densities(struct catalogue *catalogue, struct drive_draft *d)
{
	struct density_row *rows = catalogue_alloc(catalogue, d->formats_cnt * sizeof(*rows));

	for (unsigned i = 0; i < d->formats_cnt; i++) {
		rows[i] = *d->formats[i];
		rows[i].writable = false;
		for (unsigned m = 0; m < d->model.media_cnt; m++) {
			const struct medium_use *use = &d->model.media[m];

			if (use->access == MEDIUM_CLEANS || use->medium->density != rows[i].code)
				continue;
			if (use->access == MEDIUM_READ_WRITE)
				rows[i].writable = true;
			if (rows[i].medium_type == 0)
				rows[i].medium_type = use->medium->medium_type;
		}
	}
	d->model.densities = rows;
	d->model.densities_cnt = d->formats_cnt;
}

static char *finish_media(struct catalogue *catalogue, struct drive_draft *d)
{
	unsigned all = d->writes_cnt + d->reads_cnt + d->cleans_cnt;
	struct medium_use *uses = catalogue_alloc(catalogue, all * sizeof(*uses));
	char *why;

	d->model.media = uses;
	d->model.media_cnt = 0;
	why = add_uses(d, uses, d->writes, d->writes_cnt, MEDIUM_READ_WRITE);
	if (why == NULL)
		why = add_uses(d, uses, d->reads, d->reads_cnt, MEDIUM_READ_ONLY);
	if (why == NULL)
		why = add_uses(d, uses, d->cleans, d->cleans_cnt, MEDIUM_CLEANS);
	if (why == NULL)
		copy_densities(catalogue, d);
	return why;
}

static char *finish_drive(struct catalogue *catalogue, void *object, const char *name,
			  const char *where)
{
	struct drive_draft *d = object;
	struct drive_model *m = &d->model;
	unsigned same_page =
		m->features & (DRIVE_HP_STATUS | DRIVE_DLT_STATUS | DRIVE_QUANTUM_STATISTICS);

	(void)where;
	m->name = name;
	m->description = text_or_empty(m->description);
	if (m->vendor == NULL || m->product == NULL || m->revision == NULL)
		return g_strdup("lacks one of the keys vendor, product and revision");
	if (same_page & (same_page - 1))
		return g_strdup("has more than one of the features hp-status, dlt-status and "
				"quantum-statistics, which are the same log page: take the base's "
				"away, as features=-hp-status +dlt-status");
	if (d->formats_cnt == 0 || d->writes_cnt == 0)
		return g_strdup("lacks the key densities or read_write; add the native one at "
				"least, as densities=LTO-8 and read_write=LTO-8");
	if (m->max_block_bytes == 0)
		return g_strdup("lacks the key max_block, in bytes; add max_block=16777215");
	m->min_block_bytes = m->min_block_bytes > 0 ? m->min_block_bytes : 1;
	m->ansi_version = m->ansi_version > 0 ? m->ansi_version : 6;
	m->timeout_percent = m->timeout_percent > 0 ? m->timeout_percent : 100;
	if (m->max_partitions == 0 || (m->features & DRIVE_PARTITIONS) == 0)
		m->max_partitions = 1;
	if (m->clean_loads == 0 && m->clean_bytes == 0)
		m->clean_bytes = (uint64_t)d->formats[0]->capacity_mb * 1000000 * CLEAN_VOLUMES;
	return finish_media(catalogue, d);
}

static char *finish_library(struct catalogue *catalogue, void *object, const char *name,
			    const char *where)
{
	struct library_model *m = object;

	(void)catalogue;
	(void)where;
	m->name = name;
	m->description = text_or_empty(m->description);
	m->ansi_version = m->ansi_version > 0 ? m->ansi_version : 6;
	if (m->vendor == NULL || m->product == NULL || m->revision == NULL)
		return g_strdup("lacks one of the keys vendor, product and revision");
	if (m->slot_address == m->drive_address || m->slot_address == m->mail_address ||
	    m->drive_address == m->mail_address || m->transport_address == m->slot_address ||
	    m->transport_address == m->drive_address || m->transport_address == m->mail_address)
		return g_strdup("lacks one of the keys transport, slots, mail_slots and drives "
				"(first element addresses), or two of them are equal");
	return NULL;
}

static char *finish_personality(struct catalogue *catalogue, void *object, const char *name,
				const char *where)
{
	struct personality *p = object;
	size_t size = strlen(where) + 1;

	p->name = name;
	p->description = p->description != NULL ? p->description : "";
	p->source = memcpy(catalogue_alloc(catalogue, size), where, size);
	p->builtin = g_str_has_prefix(where, BUILT_IN);
	if (p->library == NULL || p->drive == NULL)
		return g_strdup("lacks the key library or drive; add both, or base=NAME");
	return NULL;
}

#define KEYS(rows) rows, G_N_ELEMENTS(rows)

/* clang-format off */
const struct kind_row kind_rows[KINDS] = {
	[KIND_DENSITY]     = { "density",     sizeof(struct density_row),   KEYS(density_keys),     finish_density },
	[KIND_MEDIUM]      = { "medium",      sizeof(struct medium_draft),  KEYS(medium_keys),      finish_medium },
	[KIND_DRIVE]       = { "drive",       sizeof(struct drive_draft),   KEYS(drive_keys),       finish_drive },
	[KIND_LIBRARY]     = { "library",     sizeof(struct library_model), KEYS(library_keys),     finish_library },
	[KIND_PERSONALITY] = { "personality", sizeof(struct personality),   KEYS(personality_keys), finish_personality },
};
/* clang-format on */
