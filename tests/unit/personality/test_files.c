/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's own files: inheritance, and what is said of each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "lib/personality/personality.h"

static char *folder;

static char *path_of(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void put(const char *name, const char *text)
{
	g_autofree char *path = path_of(name);

	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void take_away(const char *name)
{
	g_autofree char *path = path_of(name);

	assert_int_equal(g_unlink(path), 0);
}

static int setup(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("personality-XXXXXX", NULL);
	if (folder == NULL)
		return -1;
	(void)g_setenv("TCMU_VTL_PERSONALITIES", folder, TRUE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)g_rmdir(folder);
	g_free(folder);
	return 0;
}

/* The only ones of @page that stand at @at. */
static const struct page_bytes *bytes_of(const struct page_patches *patches, uint8_t page,
					 uint16_t at)
{
	const struct page_bytes *found = NULL;

	for (unsigned i = 0; i < patches->cnt; i++) {
		if (patches->rows[i].page != page || patches->rows[i].at != at)
			continue;
		assert_null(found);
		found = &patches->rows[i];
	}
	assert_non_null(found);
	return found;
}

static void a_drive_of_ones_own_is_a_base_and_what_differs(void **state)
{
	const struct personality *p;

	(void)state;
	put("own.personality", "[drive own]\nbase=ibm-ult3580-td8\nrevision=MINE\n"
			       "mode_pages=01 0a 10/01\nmode_bytes.10/01=8:5E 18;14:01\n"
			       "mode.25=25 02 AA BB\nvpd.C0=01 02 03\ninquiry=36:41 42\n"
			       "[personality own]\nbase=ibm-lto8\ndrive=own\n");
	p = personality_find("own");
	assert_non_null(p);
	assert_false(p->builtin);
	assert_string_equal(p->drive->revision, "MINE");
	assert_string_equal(p->drive->product, "ULT3580-TD8");
	assert_ptr_equal(p->library, personality_find("ibm-lto8")->library);
	assert_int_equal(p->drive->mode_pages.cnt, 3);
	assert_int_equal(p->drive->mode_pages.codes[2], 0x1001);
	assert_int_equal(bytes_of(&p->drive->mode_bytes, 0x10, 8)->bytes[1], 0x18);
	assert_int_equal(bytes_of(&p->drive->mode_bytes, 0x10, 14)->bytes[0], 0x01);
	assert_true(bytes_of(&p->drive->mode_bytes, 0x25, 0)->whole);
	assert_int_equal(bytes_of(&p->drive->mode_bytes, 0x25, 0)->size, 4);
	assert_int_equal(bytes_of(&p->drive->vpd_bytes, 0xc0, 0)->size, 3);
	assert_int_equal(p->drive->inquiry_bytes.rows[0].at, 36);
	assert_int_equal(p->drive->densities_cnt, 3);
	take_away("own.personality");
}

static void a_later_key_replaces_the_bytes_of_the_base_at_the_same_place(void **state)
{
	const struct drive_model *d;

	(void)state;
	put("x.personality", "[drive a1]\nbase=ibm-ult3580-td8\nmode_bytes.10=8:5E;9:01\n"
			     "[drive b1]\nbase=a1\nmode_bytes.10=8:60\n");
	d = drive_model_get("b1", NULL);
	assert_int_equal(bytes_of(&d->mode_bytes, 0x10, 9)->bytes[0], 0x01);
	assert_int_equal(bytes_of(&d->mode_bytes, 0x10, 8)->bytes[0], 0x60);
	assert_int_equal(bytes_of(&drive_model_get("a1", NULL)->mode_bytes, 0x10, 8)->bytes[0],
			 0x5e);
	take_away("x.personality");
}
static void a_page_has_texts_runs_and_places_for_what_the_unit_has(void **state)
{
	static const char content[] = "Rev:\0\0\0            \x01\x01X";
	const struct personality *p;
	const struct page_bytes *page;

	(void)state;
	put("own.personality", "[drive own]\nbase=ibm-ult3580-td8\nvpd.C0=none\nvpd.C1=none\n"
			       "vpd.D0=\"Rev:\" 00*3<revision:4><serial:8>01 01 \"X\"\n"
			       "vpd.D1=00*252\n"
			       "[personality own]\nbase=ibm-lto8\ndrive=own\n");
	p = personality_find("own");
	assert_non_null(p);
	assert_int_equal(p->drive->vpd_bytes.cnt, 2);
	page = bytes_of(&p->drive->vpd_bytes, 0xd0, 0);
	assert_int_equal(page->size, sizeof(content) - 1);
	assert_memory_equal(page->bytes, content, sizeof(content) - 1);
	assert_int_equal(page->fields_cnt, 2);
	assert_int_equal(page->fields[0].at, 7);
	assert_int_equal(page->fields[0].size, 4);
	assert_int_equal(page->fields[0].what, PAGE_TEXT_REVISION);
	assert_int_equal(page->fields[1].at, 11);
	assert_int_equal(page->fields[1].what, PAGE_TEXT_SERIAL);
	assert_int_equal(bytes_of(&p->drive->vpd_bytes, 0xd1, 0)->size, 252);
	take_away("own.personality");
}

static void features_and_pages_of_a_base_can_be_added_to_and_taken_away(void **state)
{
	const struct personality *p;
	unsigned base = personality_find("ibm-lto8")->drive->features;

	(void)state;
	put("own.personality", "[drive a]\nbase=ibm-ult3580-td8\nfeatures=+explicit -worm\n"
			       "mode.20=20 01 00\nvpd.D0=01\nvpd_pages=none\n"
			       "[drive b]\nbase=a\nmode.20=none\nvpd.D0=none\nvpd.D5=none\n"
			       "vpd_pages=all\n"
			       "[personality a]\nbase=ibm-lto8\ndrive=a\n"
			       "[personality b]\nbase=ibm-lto8\ndrive=b\n");
	p = personality_find("a");
	assert_non_null(p);
	assert_true((base & DRIVE_WORM) != 0 && (base & DRIVE_EXPLICIT) == 0);
	assert_int_equal(p->drive->features, (base | DRIVE_EXPLICIT) & ~(unsigned)DRIVE_WORM);
	assert_non_null(p->drive->vpd_pages.codes); /* a list, without anything in it */
	assert_int_equal(p->drive->vpd_pages.cnt, 0);
	assert_int_equal(personality_find("b")->drive->mode_bytes.cnt,
			 p->drive->mode_bytes.cnt - 1);
	assert_int_equal(personality_find("b")->drive->vpd_bytes.cnt, p->drive->vpd_bytes.cnt - 1);
	assert_null(personality_find("b")->drive->vpd_pages.codes);
	take_away("own.personality");
}

#define OWN "[drive own]\nbase=ibm-ult3580-td8\n"

/* clang-format off */
static const struct { const char *text, *part; } mistakes[] = {
	{ OWN "revison=1\n",          ":3: [drive own], key revison: is not known; the keys of a drive are base, description, vendor" },
	{ OWN "revision=12345\n",     ":3: [drive own], key revision: '12345' is longer than 4 characters" },
	{ OWN "\n# x\nvendor=\n",     ":5: [drive own], key vendor: '' is empty" },
	{ OWN "ansi_version=1\n",     "is no number from 2 to 7" },
	{ OWN "ansi_version=six\n",   "key ansi_version: 'six' is no number" },
	{ OWN "features=worm flying\n", "use compression worm" },
	{ OWN "features=worm flying\n", "'flying' is none" },
	{ OWN "partitions=5\n",       "is no number from 1 to 4" },
	{ OWN "max_block=0x1000000\n", "is no number from 512 to 16777215" },
	{ OWN "densities=LTO-11\n",   "there is no [density LTO-11]" },
	{ OWN "densities=LTO-8\n",    "takes the medium LTO-8M, but densities= does not have its recording format (code 5Dh)" },
	{ OWN "read_write=\n",        "lacks the key densities or read_write" },
	{ OWN "read_write=LTO-8 LTO-8\n", "names the medium LTO-8 twice" },
	{ OWN "read_write=LTO-CLEAN\n", "cleaning media stand in cleaned_by" },
	{ OWN "mode_pages=01 3f\n",   "has '3f', which is no page" },
	{ OWN "mode_pages=01/ff\n",   "which is no page" },
	{ OWN "mode_bytes.10=5E\n",   "write AT:BYTES;AT:BYTES" },
	{ OWN "mode_bytes.10=251:5E 5E\n", "write AT:BYTES;AT:BYTES" },
	{ OWN "mode_bytes.zz=1:5E\n", "stands for no page" },
	{ OWN "vpd.C0=0\n",           "is no page: write up to 252 bytes in hexadecimal" },
	{ OWN "vpd.C0=\n",            "<serial:12>, or vendor, product or revision for serial; or none" },
	{ OWN "vpd.C0=\"open\n",      "is no page" },
	{ OWN "vpd.C0=<serial>\n",    "is no page" },
	{ OWN "vpd.C0=<serial:0>\n",  "is no page" },
	{ OWN "vpd.C0=<serial:12\n",  "is no page" },
	{ OWN "vpd.C0=<seria:12>\n",  "is no page" },
	{ OWN "vpd.C0=<name:12>\n",   "is no page" },
	{ OWN "vpd.C0=00*253\n",      "is no page" },
	{ OWN "vpd.C0=00*252 00\n",   "is no page" },
	{ OWN "vpd.C0=00*\n",         "is no page" },
	{ OWN "vpd.C0=00*1000\n",     "is no page" },
	{ OWN "mode.25=25 0C <serial:12>\n", "a text in quotes; or none" },
	{ OWN "inquiry=36:<serial:12>\n", "is no list of bytes" },
	{ OWN "features=+flying\n",   "'+flying' is none" },
	{ OWN "features=+hp-status +dlt-status\n", "which are the same log page" },
	{ OWN "features=*worm\n",     "'*worm' is none" },
	{ OWN "serial=hu\n",          "is no form of a serial number" },
	{ OWN "load_time=1s\n",       "is no time" },
	{ OWN "versions=0077 xyz\n",  "is no list of up to 8 version descriptors" },
	{ "[drive own]\nbase=own\n",  "a chain of base= must end" },
	{ "[drive a]\nbase=b\n[drive b]\nbase=a\n", "a chain of base= must end" },
	{ "[drive own]\nbase=nope\n", ":2: [drive own], key base: there is no [drive nope]" },
	{ "[drive own]\nvendor=IBM\n", "lacks one of the keys vendor, product and revision" },
	{ "[drive ibm-ult3580-td8]\n", "is built in; choose another name" },
	{ "[drive a b]\n",            "has no usable name" },
	{ "[drive -a]\n",             "has no usable name" },
	{ "[drive x23456789012345678901234567890123]\n", "has no usable name" },
	{ "[robot x]\n",              "is no group that is known" },
	{ "[drive]\n",                "is no group that is known" },
	{ OWN OWN,                    ":3: [drive own] stands here for the second time" },
	{ OWN "revision=1\nrevision=2\n", ":4: revision stands here for the second time" },
	{ "[medium m]\ndensity=LTO-8\nkind=paper\n", "use data, worm or cleaning" },
	{ "[medium m]\n",             "lacks the key density" },
	{ "[medium m]\nkind=cleaning\n", "lacks the key cleanings" },
	{ "[medium m]\ndensity=LTO-8\ncapacity=12\n", "is no size" },
	{ "[medium m]\ndensity=LTO-8\nearly_warning=13T\n", "early_warning that is not smaller" },
	{ "[medium m]\ndensity=LTO-8\nencryptable=1\n", "is neither yes nor no" },
	{ "[density d]\nname=x\n",    "lacks the key code" },
	{ "[library l]\nvendor=A\nproduct=B\nrevision=C\nslots=1\ndrives=1\n", "two of them are equal" },
	{ "[personality p]\ndrive=ibm-ult3580-td8\n", "lacks the key library or drive" },
	{ "[personality p]\ndrive=ibm-ult3580-td8\nlibrary=\n", "there is no [library ]" },
	{ "nonsense\n",               "write groups as [drive NAME]" },
	{ "[drive x]\nproduct=\xff\n", "is no text" },
	{ OWN "product=\xc3\xa4\n",   "not printable ASCII" },
};
/* clang-format on */

static void each_mistake_is_told_with_line_and_remedy(void **state)
{
	g_autofree char *path = path_of("bad.personality");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(mistakes); i++) {
		g_autoptr(GError) error = NULL;
		char **names = NULL;

		put("bad.personality", mistakes[i].text);
		if (personality_check_file(path, &names, &error))
			fail_msg("%zu was taken: %s", i, mistakes[i].text);
		if (strstr(error->message, mistakes[i].part) == NULL)
			fail_msg("%zu says: %s", i, error->message);
		if (!g_str_has_prefix(error->message, path))
			fail_msg("%zu does not name its file: %s", i, error->message);
	}
	take_away("bad.personality");
}

static void a_bad_file_spoils_only_itself(void **state)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) complaints = NULL;

	(void)state;
	put("a.personality", "[drive own2]\nbase=nope\n");
	put("b.personality", "[personality good2]\nbase=ibm-lto8\n");
	put("c.txt", "not read");
	assert_non_null(personality_find("good2"));
	assert_null(personality_get("own2", &error));
	assert_non_null(strstr(error->message, "there is no personality own2"));
	assert_non_null(strstr(error->message, "there is no [drive nope]"));
	complaints = personality_complaints();
	assert_int_equal(g_strv_length(complaints), 1);
	take_away("a.personality");
	take_away("b.personality");
	take_away("c.txt");
}

static void a_changed_file_is_read_anew_and_what_was_given_out_stays(void **state)
{
	g_autofree char *path = path_of("c.personality");
	const struct personality *before, *after;

	(void)state;
	put("c.personality", "[drive c]\nbase=ibm-ult3580-td8\nrevision=OLD1\n"
			     "[personality c]\nbase=ibm-lto8\ndrive=c\n");
	before = personality_find("c");
	assert_ptr_equal(personality_find("c"), before);
	put("c.personality", "[drive c]\nbase=ibm-ult3580-td8\nrevision=NEW22\n"
			     "[personality c]\nbase=ibm-lto8\ndrive=c\n");
	assert_null(personality_find("c")); /* five characters */
	put("c.personality", "[drive c]\nbase=ibm-ult3580-td8\nrevision=NEW2\n# longer\n"
			     "[personality c]\nbase=ibm-lto8\ndrive=c\n");
	after = personality_find("c");
	assert_string_equal(after->drive->revision, "NEW2");
	assert_string_equal(before->drive->revision, "OLD1");
	take_away("c.personality");
	assert_null(personality_find("c"));
	assert_string_equal(after->drive->revision, "NEW2");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	g_autoptr(GError) error = NULL;
	char **names = NULL;

	(void)state;
	assert_false(personality_check_file("/nonexistent/x", &names, &error));
	assert_non_null(strstr(error->message, "cannot read /nonexistent/x: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drive_of_ones_own_is_a_base_and_what_differs),
		cmocka_unit_test(a_later_key_replaces_the_bytes_of_the_base_at_the_same_place),
		cmocka_unit_test(a_page_has_texts_runs_and_places_for_what_the_unit_has),
		cmocka_unit_test(features_and_pages_of_a_base_can_be_added_to_and_taken_away),
		cmocka_unit_test(each_mistake_is_told_with_line_and_remedy),
		cmocka_unit_test(a_bad_file_spoils_only_itself),
		cmocka_unit_test(a_changed_file_is_read_anew_and_what_was_given_out_stays),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
