/* SPDX-License-Identifier: Apache-2.0 */
/* test_rule.c: parsing, matching and explaining, without a clock or a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/error.h"
#include "policy/rule.h"

#define NOW 1000000

/* An idle cartridge of 5 GB, last used 100 s ago and last written 200 s ago. */
static struct cart_info info;
static struct rule_facts facts;

static int facts_setup(void **state)
{
	(void)state;
	info = (struct cart_info){ .barcode = "TAP001L8",
				   .state = CART_RESIDENT,
				   .stored_bytes = 5000000000,
				   .objects = 7,
				   .last_write_s = NOW - 200 };
	facts = (struct rule_facts){ .library = "lib0",
				     .info = &info,
				     .used_s = NOW - 100,
				     .pool_used = 80,
				     .now_s = NOW,
				     .minute = 12 * 60 };
	return 0;
}

static struct rule *parse(const struct rule_text *text)
{
	g_autoptr(GError) error = NULL;
	struct rule *rule = rule_parse("r", text, &error);

	if (rule == NULL)
		fail_msg("%s", error->message);
	return rule;
}

static bool condition_holds(const char *condition)
{
	struct rule *rule = parse(&(struct rule_text){ .condition = condition, .then = "migrate" });
	bool holds = rule_matches(rule, &facts);

	rule_free(rule);
	return holds;
}

static void each_condition_holds_on_its_side_of_the_limit(void **state)
{
	static const struct {
		const char *condition;
		bool holds;
	} rows[] = {
		{ "not-mounted-for 100s", true },
		{ "not-mounted-for 101s", false },
		{ "not-mounted-for 1m", true },
		{ "not-mounted-for 1h", false },
		{ "not-written-for 200s", true },
		{ "not-written-for 201s", false },
		{ "size-over 4G", true },
		{ "size-over 5G", false },
		{ "size-under 6G", true },
		{ "size-under 5G", false },
		{ "state resident", true },
		{ "state premigrated", false },
		{ "barcode TAP*", true },
		{ "barcode SYS*", false },
		{ "pool-used-over 79%", true },
		{ "pool-used-over 80%", false },
		{ "size-over 4G; state resident", true },
		{ "size-over 4G; state premigrated", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (condition_holds(rows[i].condition) != rows[i].holds)
			fail_msg("%s", rows[i].condition);
}

static void a_cartridge_in_a_drive_is_not_idle(void **state)
{
	(void)state;
	facts.in_drive = true;
	assert_false(condition_holds("not-mounted-for 0s"));
}

static bool matches_at(const char *at, unsigned minute)
{
	struct rule *rule = parse(&(struct rule_text){
		.when = "schedule", .at = at, .condition = "size-over 0", .then = "copy" });
	bool matches;

	facts.minute = minute;
	matches = rule_matches(rule, &facts);
	rule_free(rule);
	return matches;
}

static void a_schedule_holds_between_its_ends(void **state)
{
	(void)state;
	assert_true(matches_at("10:00-12:00", 10 * 60));
	assert_false(matches_at("10:00-12:00", 12 * 60));
	assert_false(matches_at("10:00-12:00", 9 * 60 + 59));
	assert_true(matches_at("22:00-06:00", 23 * 60));
	assert_true(matches_at("22:00-06:00", 0));
	assert_false(matches_at("22:00-06:00", 6 * 60));
	assert_true(matches_at("00:00-24:00", 1439));
}

static void another_library_does_not_match(void **state)
{
	struct rule *rule = parse(&(struct rule_text){
		.library = "lib1", .condition = "size-over 0", .then = "migrate" });

	(void)state;
	assert_false(rule_matches(rule, &facts));
	facts.library = "lib1";
	assert_true(rule_matches(rule, &facts));
	rule_free(rule);
}

static void the_explanation_has_each_condition_with_its_value(void **state)
{
	struct rule *rule = parse(&(struct rule_text){
		.condition = "not-mounted-for 30d; size-over 1G", .then = "migrate" });
	g_autoptr(GString) out = g_string_new(NULL);

	(void)state;
	rule_explain(rule, &facts, out);
	assert_string_equal(out->str, "  library *: yes (lib0)\n"
				      "  not-mounted-for 30d: no (last used 100 s ago)\n"
				      "  size-over 1G: yes (5000000000 bytes)\n");
	rule_free(rule);
}

static void nothing_overrides_an_obstacle(void **state)
{
	(void)state;
	assert_null(rule_obstacle(&facts));
	facts.in_drive = true;
	assert_non_null(rule_obstacle(&facts));
	facts.in_drive = false;
	info.mounted = true;
	assert_non_null(rule_obstacle(&facts));
	info.mounted = false;
	info.objects = 0;
	assert_string_equal(rule_obstacle(&facts), "it is blank");
	info.layout.partitions = 2;
	assert_string_equal(rule_obstacle(&facts),
			    "it has 2 partitions; the native form holds one recording");
	info.layout.partitions = 1;
	info.objects = 1;
	info.state = CART_MIGRATED;
	assert_non_null(rule_obstacle(&facts));
	info.state = CART_RECALLING;
	assert_non_null(rule_obstacle(&facts));
	info.state = CART_DAMAGED;
	assert_non_null(rule_obstacle(&facts));
}

static void only_copies_of_this_generation_are_good(void **state)
{
	(void)state;
	info.generation = 5;
	info.copies_cnt = 3;
	info.copies[0].generation = 5;
	info.copies[1].generation = 4;
	info.copies[2].generation = 5;
	assert_int_equal(rule_good_copies(&info), 2);
}

static void the_defaults_are_one_copy_to_any_drive(void **state)
{
	struct rule *rule =
		parse(&(struct rule_text){ .condition = "size-over 0", .then = "migrate" });

	(void)state;
	assert_int_equal(rule_copies(rule), 1);
	assert_null(rule_drives(rule)[0]);
	assert_int_equal(rule_action(rule), RULE_MIGRATE);
	assert_string_equal(rule_name(rule), "r");
	rule_free(rule);
}

static void drives_are_kept_in_order(void **state)
{
	struct rule *rule = parse(&(struct rule_text){
		.condition = "size-over 0", .then = "copy", .to = "b; a;", .copies = "2" });

	(void)state;
	assert_string_equal(rule_drives(rule)[0], "b");
	assert_string_equal(rule_drives(rule)[1], "a");
	assert_null(rule_drives(rule)[2]);
	assert_int_equal(rule_copies(rule), 2);
	rule_free(rule);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		struct rule_text text;
		const char *part;
	} rows[] = {
		{ { .then = "migrate" }, "has no condition" },
		{ { .condition = " ; ", .then = "migrate" }, "has no condition" },
		{ { .condition = "idle 3s", .then = "migrate" }, "if=idle is wrong" },
		{ { .condition = "not-mounted-for 3", .then = "migrate" }, "as 30d" },
		{ { .condition = "not-mounted-for", .then = "migrate" }, "as 30d" },
		{ { .condition = "not-mounted-for 3y", .then = "migrate" }, "as 30d" },
		{ { .condition = "not-mounted-for -3s", .then = "migrate" }, "as 30d" },
		{ { .condition = "size-over big", .then = "migrate" }, "as 10G" },
		{ { .condition = "pool-used-over 101%", .then = "migrate" }, "as 85%" },
		{ { .condition = "pool-used-over 85", .then = "migrate" }, "as 85%" },
		{ { .condition = "state damaged", .then = "migrate" }, "resident or premigrated" },
		{ { .condition = "barcode", .then = "migrate" }, "a pattern" },
		{ { .condition = "size-over 0" }, "then= is wrong" },
		{ { .condition = "size-over 0", .then = "burn" }, "then=burn is wrong" },
		{ { .condition = "size-over 0", .then = "copy", .copies = "0" }, "copies=0" },
		{ { .condition = "size-over 0", .then = "copy", .copies = "9" }, "copies=9" },
		{ { .condition = "size-over 0", .then = "copy", .to = "a;;b" }, "to=a;;b" },
		{ { .condition = "size-over 0", .then = "copy", .when = "now" }, "when=now" },
		{ { .condition = "size-over 0", .then = "copy", .when = "schedule" }, "at=" },
		{ { .condition = "size-over 0", .then = "copy", .at = "10:00-11:00" }, "at=" },
		{ { .condition = "size-over 0",
		    .then = "copy",
		    .when = "schedule",
		    .at = "25:00-26:00" },
		  "HH:MM-HH:MM" },
		{ { .condition = "size-over 0", .then = "copy", .when = "schedule", .at = "10:00" },
		  "HH:MM-HH:MM" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(rule_parse("r", &rows[i].text, &error));
		assert_int_equal(error->code, POLICY_ERROR_INVALID);
		if (strstr(error->message, rows[i].part) == NULL ||
		    strstr(error->message, "rule r") == NULL)
			fail_msg("row %zu: %s", i, error->message);
	}
}

int main(void)
{
#define facts_test(f) cmocka_unit_test_setup(f, facts_setup)
	const struct CMUnitTest tests[] = {
		facts_test(each_condition_holds_on_its_side_of_the_limit),
		facts_test(a_cartridge_in_a_drive_is_not_idle),
		facts_test(a_schedule_holds_between_its_ends),
		facts_test(another_library_does_not_match),
		facts_test(the_explanation_has_each_condition_with_its_value),
		facts_test(nothing_overrides_an_obstacle),
		facts_test(only_copies_of_this_generation_are_good),
		facts_test(the_defaults_are_one_copy_to_any_drive),
		facts_test(drives_are_kept_in_order),
		facts_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
