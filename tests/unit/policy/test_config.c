/* SPDX-License-Identifier: Apache-2.0 */
/* test_config.c: the configuration file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/config.h"
#include "policy/error.h"

static struct policy_config *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct policy_config *config = policy_config_parse(text, strlen(text), "p.conf", &error);

	if (config == NULL)
		fail_msg("%s", error->message);
	return config;
}

static void everything_is_read(void **state)
{
	struct policy_config *c = parse("[policyd]\ncatalog=/tmp/c.sqlite\nlook=2s\n"
					"scratch=PHY*; OLD1\n"
					"[drive phys1]\ndevice=/dev/nst4\nvolume=PHY001L8\n"
					"[drive disk]\ndevice=/srv/tapes\ncapacity=1T\n"
					"[rule aged]\nif=not-mounted-for 30d\nthen=migrate\n"
					"to=phys1;disk\ncopies=2\n");
	const struct drive_config *d;

	(void)state;
	assert_string_equal(c->catalog, "/tmp/c.sqlite");
	assert_int_equal(c->look_s, 2);
	assert_true(policy_config_is_scratch(c, "PHY7"));
	assert_true(policy_config_is_scratch(c, "OLD1"));
	assert_false(policy_config_is_scratch(c, "OLD2"));
	d = policy_config_drive(c, "phys1");
	assert_string_equal(d->device, "/dev/nst4");
	assert_string_equal(d->volume, "PHY001L8");
	assert_int_equal(policy_config_drive(c, "disk")->capacity_bytes, 1000000000000);
	assert_null(policy_config_drive(c, "phys2"));
	assert_int_equal(c->rules->len, 1);
	assert_int_equal(rule_copies(g_ptr_array_index(c->rules, 0)), 2);
	policy_config_free(c);
}

static void an_empty_file_is_a_policy_without_rules(void **state)
{
	struct policy_config *c = parse("");

	(void)state;
	assert_int_equal(c->rules->len, 0);
	assert_int_equal(c->drives->len, 0);
	assert_int_equal(c->look_s, 10);
	assert_false(policy_config_is_scratch(c, ""));
	assert_false(policy_config_is_scratch(c, "ANY"));
	assert_true(g_str_has_suffix(c->catalog, "/policy/catalogue.sqlite"));
	policy_config_free(c);
}

static void an_empty_scratch_declares_nothing(void **state)
{
	struct policy_config *c = parse("[policyd]\nscratch=;\n");

	(void)state;
	assert_false(policy_config_is_scratch(c, "PHY1"));
	policy_config_free(c);
}

#define DRIVE "[drive d]\ndevice=/dev/nst0\n"
#define RULE  "[rule r]\nif=size-over 1G\nthen=copy\n"

static void mistakes_are_named_with_their_place(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "key=1\n", "p.conf" },
		{ "[disk]\n", "unknown group [disk]" },
		{ "[drivers]\n", "unknown group [drivers]" },
		{ "[policyd x]\n", "unknown group" },
		{ "[policyd]\ncatalogue=/x\n", "did you mean catalog?" },
		{ "[policyd]\ncatalog=x\n", "absolute path" },
		{ "[policyd]\nlook=0s\n", "look=0s" },
		{ "[policyd]\nlook=5\n", "look=5" },
		{ "[drive d]\nvolume=V1\n", "device=" },
		{ "[drive d]\ndevice=nst0\n", "device=nst0" },
		{ "[drive a b]\ndevice=/dev/nst0\n", "a b" },
		{ "[drive ]\ndevice=/dev/nst0\n", "[drive ]" },
		{ DRIVE "volume=v 1\n", "volume=v 1" },
		{ DRIVE "capacity=lots\n", "capacity=lots" },
		{ DRIVE "barcode=V1\n", "unknown key barcode" },
		{ RULE "when=never\n", "when=never" },
		{ RULE "copys=2\n", "did you mean copies?" },
		{ RULE "to=d2\n", "names no drive" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(
			policy_config_parse(rows[i].text, strlen(rows[i].text), "p.conf", &error));
		assert_int_equal(error->code, POLICY_ERROR_INVALID);
		if (strstr(error->message, rows[i].part) == NULL ||
		    !g_str_has_prefix(error->message, "p.conf"))
			fail_msg("row %zu: %s", i, error->message);
	}
}

static void an_absent_file_is_named(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(policy_config_load("/nonexistent/policy.conf", &error));
	assert_non_null(strstr(error->message, "/nonexistent/policy.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(an_empty_file_is_a_policy_without_rules),
		cmocka_unit_test(an_empty_scratch_declares_nothing),
		cmocka_unit_test(mistakes_are_named_with_their_place),
		cmocka_unit_test(an_absent_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
