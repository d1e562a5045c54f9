/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/library/config.c and nearest.c: every key, good and bad. */
#include "tests/unit/library/place.h"

#include <string.h>

#include "lib/personality/personality.h"

#define GOOD "[library]\nname=lib0\nslots=20\ndrives=2\npool=/srv/vtl/lib0\n"

static struct library_config *parse(const char *text, GError **error)
{
	struct library_config *config = NULL;

	return config_parse(text, strlen(text), "x.conf", &config, error) ? config : NULL;
}

/* Asserts that a description is refused, naming the file and @part. */
static void assert_bad(const char *text, const char *part)
{
	GError *error = NULL;
	struct library_config *config = parse(text, &error);

	assert_null(config);
	assert_true(g_str_has_prefix(error->message, "x.conf: "));
	assert_error(&error, LIBRARY_ERROR_INVALID, part);
}

static void only_five_keys_are_needed(void **state)
{
	struct library_config *c = parse(GOOD, NULL);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->name, "lib0");
	assert_string_equal(c->personality, "generic-lto8");
	assert_string_equal(c->pool, "/srv/vtl/lib0");
	assert_int_equal(c->slots, 20);
	assert_int_equal(c->mail_slots, 0);
	assert_int_equal(c->drives, 2);
	assert_int_equal(c->density, 0x5e);
	assert_int_equal(c->medium_type, 0x88);
	assert_true(c->capacity_bytes == 12000000000000u);
	assert_true(c->early_warning_bytes == 120000000000u);
	assert_int_equal(strlen(c->serial), 10);
	assert_int_equal(g_strv_length(c->barcodes), 0);
	library_config_free(c);
}

static void every_personality_can_be_chosen(void **state)
{
	g_auto(GStrv) names = personality_names();

	(void)state;
	assert_true(g_strv_length(names) >= 3);
	for (char **name = names; *name != NULL; name++) {
		g_autofree char *text = g_strdup_printf(GOOD "personality=%s\n", *name);
		struct library_config *c = parse(text, NULL);

		assert_non_null(c);
		assert_string_equal(c->type,
				    drive_default_medium(personality_find(*name)->drive)->name);
		library_config_free(c);
	}
}

static void drives_of_another_model_are_in_the_library(void **state)
{
	struct library_config *c =
		parse(GOOD "personality=ibm-lto8\ndrive_model=hp-ultrium-6\n", NULL);
	const struct personality *p = library_personality(c);
	g_autofree char *text = config_text(c);
	struct library_config *again = parse(text, NULL);

	(void)state;
	assert_string_equal(c->type, "LTO-6");
	assert_string_equal(p->drive->product, "Ultrium 6-SCSI");
	assert_string_equal(p->library->product, "3573-TL");
	assert_ptr_equal(library_personality(again), p);
	assert_bad(GOOD "drive_model=lto6\n", "key drive_model: 'lto6' is no model of drive");
	library_config_free(c);
	library_config_free(again);
}

static void every_key_is_read(void **state)
{
	struct library_config *c =
		parse("# a comment\n[library]\nname=L\npersonality=ibm-lto8\nslots=3\n"
		      "mail_slots=1\ndrives=4\npool=/a//b/../c/\nserial=SER1\n[media]\n"
		      "barcodes=A1-A2;B9\ntype=LTO-7\ncapacity=1.5G\nearly_warning=10M\n"
		      "codec=zlib\n",
		      NULL);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->personality, "ibm-lto8");
	assert_string_equal(c->pool, "/a/c");
	assert_string_equal(c->serial, "SER1");
	assert_int_equal(c->mail_slots, 1);
	assert_int_equal(c->density, 0x5c);
	assert_true(c->capacity_bytes == 1500000000u);
	assert_true(c->early_warning_bytes == 10000000u);
	assert_int_equal(c->codec, CART_CODEC_ZLIB);
	assert_string_equal(c->barcodes[2], "B9");
	library_config_free(c);
}

static void some_drives_are_as_slow_as_their_model(void **state)
{
	struct library_config *c = parse(GOOD "realistic=1;3 - 4\n", NULL);

	(void)state;
	assert_null(c); /* a range has no blanks */
	for (unsigned i = 0; i < 3; i++) {
		static const char *const words[] = { "1", "no", "yes" };
		g_autofree char *text = NULL, *line = g_strdup_printf(
						      GOOD "realistic=%s\ncleaning=2\n", words[i]);
		struct library_config *again;

		c = parse(line, NULL);
		assert_non_null(c);
		text = config_text(c);
		again = parse(text, NULL);
		assert_non_null(again);
		assert_int_equal(library_drives_have(&c->realistic, 1), i != 1);
		assert_int_equal(library_drives_have(&c->realistic, 2), i == 2);
		assert_int_equal(library_drives_have(&c->cleaning, 2), 1);
		assert_int_equal(library_drives_have(&again->cleaning, 1), 0);
		assert_int_equal(library_drives_have(&again->cleaning, 2), 1);
		assert_int_equal(library_drives_have(&again->realistic, 1), i != 1);
		assert_int_equal(library_drives_have(&again->realistic, 2), i == 2);
		library_config_free(c);
		library_config_free(again);
	}
	assert_bad(GOOD "realistic=3\n", "key realistic: '3' names no drives");
	assert_bad(GOOD "realistic=2-1\n", "key realistic: '2-1' names no drives");
	assert_bad(GOOD "realistic=\n", "key realistic");
	assert_bad(GOOD "realistic=maybe\n", "numbers from 1 to 2 as 1;3-4");
}

static void the_serial_depends_on_the_name(void **state)
{
	struct library_config *a = parse(GOOD, NULL), *b = parse(GOOD, NULL);
	struct library_config *c =
		parse("[library]\nname=lib1\nslots=20\ndrives=2\npool=/srv/vtl/lib1\n", NULL);

	(void)state;
	assert_string_equal(a->serial, b->serial);
	assert_string_not_equal(a->serial, c->serial);
	library_config_free(a);
	library_config_free(b);
	library_config_free(c);
}

static void a_missing_key_is_named_with_an_example(void **state)
{
	(void)state;
	assert_bad("", "group [library] lacks the key name");
	assert_bad("[library]\nname=a\nslots=1\ndrives=1\n",
		   "group [library] lacks the key pool, or its value is no text: add "
		   "pool=/srv/vtl/lib0");
}

static void an_unknown_key_suggests_the_nearest(void **state)
{
	(void)state;
	assert_bad(GOOD "mailslots=2\n",
		   "group [library], key mailslots is not known; did you mean mail_slots?");
	assert_bad(GOOD "colour=red\n", "key colour is not known; use one of name, personality");
	assert_bad(GOOD "[medai]\n", "group [medai] is not known; did you mean media?");
	assert_bad("barcodes=1\n" GOOD, "x.conf: ");
}

static void a_bad_value_is_quoted_with_a_remedy(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ GOOD "slots=0\n", "key slots: '0' is not a number from 1 to 60000" },
		{ GOOD "slots=1e3\n", "key slots: '1e3'" },
		{ GOOD "drives=241\n", "key drives: '241' is not a number from 1 to 240" },
		{ GOOD "mail_slots=-1\n", "key mail_slots: '-1'" },
		{ GOOD "name=../etc\n", "key name: '../etc' is no name" },
		{ GOOD "pool=srv\n", "key pool: 'srv' is no absolute path" },
		{ GOOD "pool=/../\n", "key pool: '/../' is the root folder" },
		{ GOOD "serial=abc\n", "key serial: 'abc' is no serial" },
		{ GOOD "serial=ABCDEFGHIJK\n", "key serial:" },
		{ GOOD "personality=\n", "key personality: ''" },
		{ GOOD "[media]\ntype=LTO8\n", "key type: 'LTO8' is no medium that is known" },
		{ GOOD "[media]\ncapacity=12TB\n", "key capacity: '12TB' is no size" },
		{ GOOD "[media]\ncapacity=100000P\n", "key capacity:" },
		{ GOOD "[media]\ncodec=lzo\n",
		  "key codec: 'lzo' is no codec: use none, lz4, zstd or zlib" },
		{ GOOD "[media]\nbarcodes=A1-B2\n", "key barcodes: 'A1-B2' is wrong: " },
		{ GOOD "[media]\nbarcodes=T01-T21\n", "names 21 cartridges" },
		{ GOOD "[media]\ncapacity=1G\nearly_warning=1G\n", "key early_warning" },
		{ "[library\n", "write groups as [library]" },
		{ GOOD "nonsense\n", "write groups as" },
		{ GOOD "serial=\xff\xfe\n", "key serial" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_bad(rows[i].text, rows[i].part);
}

static void the_saved_text_reads_back_to_the_same(void **state)
{
	struct library_config *a =
		parse(GOOD "serial=S1\n[media]\nbarcodes=A1-A3\ntype=LTO-9\ncapacity=5K\n"
			   "early_warning=7\ncodec=zlib\n",
		      NULL);
	g_autofree char *text = config_text(a);
	struct library_config *b = parse(text, NULL);
	g_autofree char *again = b == NULL ? NULL : config_text(b);

	(void)state;
	assert_non_null(b);
	assert_string_equal(text, again);
	assert_int_equal(b->density, 0x60);
	assert_true(b->capacity_bytes == 5000 && b->early_warning_bytes == 7);
	assert_string_equal(b->barcodes[2], "A3");
	library_config_free(a);
	library_config_free(b);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	struct library_config *config = NULL;
	GError *error = NULL;

	(void)state;
	assert_false(library_config_load("/nonexistent/x.conf", &config, &error));
	assert_error(&error, LIBRARY_ERROR_NOT_FOUND, "cannot read /nonexistent/x.conf: ");
	assert_false(library_config_load("/", &config, &error));
	assert_error(&error, LIBRARY_ERROR_FAILED, "cannot read /: ");
}

static void sizes_are_powers_of_1000(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "0", 0 },       { "4096", 4096 }, { "12T", 12000000000000u },
		     { "1.5K", 1500 }, { "0.001K", 1 },  { "9P", 9000000000000000u } };
	static const char *const bad[] = { "",
					   "T",
					   "-1",
					   "1.",
					   ".5K",
					   "1.5",
					   "1.0001K",
					   "1KK",
					   "1 K",
					   "0x10",
					   "99999999999999999999",
					   "18446744073709551615K",
					   "1.2.3K" };
	uint64_t bytes = 77;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		assert_true(library_parse_size(good[i].text, &bytes));
		assert_true(bytes == good[i].bytes);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (library_parse_size(bad[i], &bytes))
			fail_msg("'%s' was taken for a size", bad[i]);
}

static void only_near_words_are_suggested(void **state)
{
	static const char *const words[] = { "slots", "drives", "load" };

	(void)state;
	assert_string_equal(library_nearest("slot", words, 3), "slots");
	assert_string_equal(library_nearest("dirves", words, 3), "drives");
	assert_string_equal(library_nearest("load", words, 3), "load");
	assert_null(library_nearest("personality", words, 3));
	assert_null(library_nearest("", words, 3));
	assert_null(library_nearest("a very long word that nobody would ever suggest", words, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_five_keys_are_needed),
		cmocka_unit_test(every_personality_can_be_chosen),
		cmocka_unit_test(drives_of_another_model_are_in_the_library),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(some_drives_are_as_slow_as_their_model),
		cmocka_unit_test(the_serial_depends_on_the_name),
		cmocka_unit_test(a_missing_key_is_named_with_an_example),
		cmocka_unit_test(an_unknown_key_suggests_the_nearest),
		cmocka_unit_test(a_bad_value_is_quoted_with_a_remedy),
		cmocka_unit_test(the_saved_text_reads_back_to_the_same),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(sizes_are_powers_of_1000),
		cmocka_unit_test(only_near_words_are_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
