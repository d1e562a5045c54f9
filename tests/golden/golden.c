/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden.c: golden check|write FOLDER: what the changer and a drive of every built-in personality
 * say of themselves, byte by byte, against FOLDER/NAME.golden; write makes the files anew (ninja
 * golden).  The drive is empty and freshly powered on, the serial numbers are GOLDEN00...
 */
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "lib/base/bytes.h"
#include "lib/personality/personality.h"
#include "tests/support/persona_rig.h"

/* What is being described. */
struct subject {
	struct persona_rig *rig;
	struct scsi_unit *unit;
	GString *text;
};

static size_t ask(const struct subject *s, const uint8_t *cdb, size_t cdb_len)
{
	return persona_rig_ask(s->rig, s->unit, cdb, cdb_len);
}

static void put_bytes(const struct subject *s, const char *title, const uint8_t *bytes, size_t size)
{
	g_string_append_printf(s->text, "%s (%zu)\n", title, size);
	for (size_t i = 0; i < size; i++)
		g_string_append_printf(s->text, "%s%02x%s", i % 32 == 0 ? "  " : " ", bytes[i],
				       i % 32 == 31 || i + 1 == size ? "\n" : "");
}

static void put_answer(const struct subject *s, const char *title, const uint8_t *cdb,
		       size_t cdb_len)
{
	size_t size = ask(s, cdb, cdb_len);

	put_bytes(s, title, s->rig->data, size);
}

static void put_inquiry(const struct subject *s)
{
	static const uint8_t standard[6] = { OP_INQUIRY, 0, 0, 0, 0xfc };
	uint8_t list[6] = { OP_INQUIRY, 1, 0, 0, 0xfc }, pages[256];
	size_t size;

	put_answer(s, "INQUIRY", standard, sizeof(standard));
	size = ask(s, list, sizeof(list));
	size = MIN(size, sizeof(pages));
	memcpy(pages, s->rig->data, size);
	for (size_t i = 4; i < size; i++) {
		char title[32];

		list[2] = pages[i];
		g_snprintf(title, sizeof(title), "VPD %02X", pages[i]);
		put_answer(s, title, list, sizeof(list));
	}
}

/* Each page by itself: current, changeable and default where they differ. */
static void put_modes(const struct subject *s)
{
	static const char *const controls[] = { "current", "changeable", "default" };
	uint8_t cdb[10] = { OP_MODE_SENSE_10, 0x08, 0, 0, 0, 0, 0, 0x40 };

	for (unsigned page = 1; page < 0x3f; page++)
		for (unsigned subpage = 0; subpage < 0xff; subpage++)
			for (unsigned pc = 0; pc < 3; pc++) {
				char title[48];
				size_t size;

				cdb[2] = (uint8_t)(pc << 6 | page);
				cdb[3] = (uint8_t)subpage;
				size = ask(s, cdb, sizeof(cdb));
				if (size <= 8)
					break;
				g_snprintf(title, sizeof(title), "MODE %02X/%02X %s", page, subpage,
					   controls[pc]);
				put_bytes(s, title, s->rig->data + 8, size - 8);
			}
}

static void put_log_list(const struct subject *s)
{
	static const uint8_t cdb[10] = { OP_LOG_SENSE, 0, 0x40, 0xff, 0, 0, 0, 0x40 };

	put_answer(s, "LOG PAGES", cdb, sizeof(cdb));
}

/* Operation code and service action of each command, and its recommended timeout. */
static void put_opcodes(const struct subject *s)
{
	static const uint8_t cdb[12] = { OP_MAINTENANCE_IN, 0x0c, 0x80, 0, 0, 0, 0, 0, 0x80 };
	size_t size = ask(s, cdb, sizeof(cdb));
	const uint8_t *data = s->rig->data;
	unsigned n = 0;

	g_string_append(s->text, "COMMANDS\n");
	for (size_t i = 4; i + 20 <= size; i += 20) {
		bool action = (data[i + 5] & 1) != 0;

		g_string_append_printf(s->text, "%s%02x%s", n % 8 == 0 ? "  " : " ", data[i],
				       action ? "/" : "");
		if (action)
			g_string_append_printf(s->text, "%02x", get_be16(data + i + 2));
		g_string_append_printf(s->text, ":%u%s", get_be32(data + i + 16),
				       n % 8 == 7 ? "\n" : "");
		n++;
	}
	if (n % 8 != 0)
		g_string_append_c(s->text, '\n');
}

static void put_drive(const struct subject *s)
{
	static const uint8_t limits[6] = { OP_READ_BLOCK_LIMITS };
	static const uint8_t densities[10] = { OP_REPORT_DENSITY_SUPPORT, 0, 0, 0, 0, 0, 0, 0x40 };
	static const uint8_t types[10] = { OP_REPORT_DENSITY_SUPPORT, 2, 0, 0, 0, 0, 0, 0x40 };

	put_answer(s, "BLOCK LIMITS", limits, sizeof(limits));
	put_answer(s, "DENSITIES", densities, sizeof(densities));
	put_answer(s, "MEDIUM TYPES", types, sizeof(types));
}

static void put_unit(const struct subject *s)
{
	put_inquiry(s);
	put_modes(s);
	put_log_list(s);
	put_opcodes(s);
}

static char *describe(const char *personality, GError **error)
{
	struct persona_rig *rig = persona_rig_new(personality, error);
	struct subject s = { .rig = rig, .text = g_string_new(NULL) };

	if (rig != NULL) {
		g_string_append_printf(s.text, "%s\n\n== drive ==\n", personality);
		s.unit = drive_unit(rig->drive);
		put_unit(&s);
		put_drive(&s);
		g_string_append(s.text, "\n== changer ==\n");
		s.unit = changer_unit(rig->changer);
		put_unit(&s);
	}
	persona_rig_free(rig);
	return g_string_free(s.text, FALSE);
}

/* True where the file is as it is to be; says the first line that differs. */
static bool compare(const char *path, const char *text)
{
	g_autofree char *golden = NULL;
	g_auto(GStrv) is = g_strsplit(text, "\n", -1);
	g_auto(GStrv) was = NULL;

	if (!g_file_get_contents(path, &golden, NULL, NULL)) {
		(void)printf("%s is missing: ninja golden\n", path);
		return false;
	}
	if (strcmp(golden, text) == 0)
		return true;
	was = g_strsplit(golden, "\n", -1);
	for (unsigned i = 0; is[i] != NULL && was[i] != NULL; i++)
		if (strcmp(is[i], was[i]) != 0) {
			(void)printf("%s:%u\n  was %s\n  is  %s\n", path, i + 1, was[i], is[i]);
			return false;
		}
	(void)printf("%s has another length\n", path);
	return false;
}

int main(int argc, char **argv)
{
	bool write = argc == 3 && strcmp(argv[1], "write") == 0;
	g_auto(GStrv) names = NULL;
	int failed = 0;

	if (argc != 3 || (!write && strcmp(argv[1], "check") != 0))
		return 2;
	(void)g_setenv("TCMU_VTL_PERSONALITIES", "/nonexistent", TRUE);
	names = personality_names();
	for (char **name = names; *name != NULL; name++) {
		g_autofree char *path = g_strdup_printf("%s/%s.golden", argv[2], *name);
		g_autoptr(GError) error = NULL;
		g_autofree char *text = describe(*name, &error);

		if (error != NULL || *text == '\0') {
			(void)printf("%s: %s\n", *name,
				     error != NULL ? error->message : "no units");
			failed++;
		} else if (write) {
			failed += g_file_set_contents(path, text, -1, NULL) ? 0 : 1;
		} else {
			failed += compare(path, text) ? 0 : 1;
		}
	}
	(void)printf("%u personalities, %d differ\n", g_strv_length(names), failed);
	return failed != 0;
}
