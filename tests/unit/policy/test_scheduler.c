/* SPDX-License-Identifier: Apache-2.0 */
/* test_scheduler.c: plans from facts, without a clock, a disk or a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/scheduler.h"

#define NOW 1000000

static char full[] = "full", one[] = "reason one", two[] = "reason two";

/* Two drives phys1 with V1 and phys2 with V2, both free and fit; no cartridge, no job. */
struct facts {
	struct policy_config *config;
	struct world world;
	struct scheduler_drive drives[2];
	struct scheduler_input in;
	int64_t not_before, recalled;
};

static int64_t not_before(void *ctx, const char *library, const char *barcode)
{
	(void)library;
	(void)barcode;
	return ((struct facts *)ctx)->not_before;
}

static int64_t recalled(void *ctx, const char *library, const char *barcode)
{
	(void)library;
	(void)barcode;
	return ((struct facts *)ctx)->recalled;
}

static void configure(struct facts *f, const char *rules)
{
	g_autofree char *text = g_strconcat(
		"[drive phys1]\ndevice=/dev/nst0\n[drive phys2]\ndevice=/dev/nst1\n", rules, NULL);
	g_autoptr(GError) error = NULL;

	policy_config_free(f->config);
	f->config = policy_config_parse(text, strlen(text), "test", &error);
	if (f->config == NULL)
		fail_msg("%s", error->message);
	f->in.config = f->config;
	for (guint i = 0; i < 2; i++)
		f->drives[i].config = g_ptr_array_index(f->config->drives, i);
}

static int facts_setup(void **state)
{
	struct facts *f = g_new0(struct facts, 1);

	f->world.carts = g_ptr_array_new_with_free_func(g_free);
	f->world.problems = g_ptr_array_new();
	f->in = (struct scheduler_input){
		.world = &f->world,
		.drives = f->drives,
		.drives_cnt = 2,
		.jobs = g_array_new(FALSE, FALSE, sizeof(struct scheduler_job)),
		.not_before = not_before,
		.recalled = recalled,
		.ctx = f,
		.now_s = NOW,
	};
	configure(f, "[rule all]\nif=not-mounted-for 60s\nthen=migrate\n");
	g_strlcpy(f->drives[0].volume, "V1", BARCODE_SIZE);
	g_strlcpy(f->drives[1].volume, "V2", BARCODE_SIZE);
	*state = f;
	return 0;
}

static int facts_teardown(void **state)
{
	struct facts *f = *state;

	policy_config_free(f->config);
	g_ptr_array_unref(f->world.carts);
	g_ptr_array_unref(f->world.problems);
	g_array_unref(f->in.jobs);
	g_free(f);
	return 0;
}

/* A written cartridge of lib0 that was last used @idle_s ago. */
static struct world_cart *add_cart(struct facts *f, const char *barcode, int64_t idle_s)
{
	struct world_cart *cart = g_new0(struct world_cart, 1);

	g_strlcpy(cart->library, "lib0", sizeof(cart->library));
	g_strlcpy(cart->info.barcode, barcode, BARCODE_SIZE);
	cart->info.state = CART_RESIDENT;
	cart->info.objects = 5;
	cart->info.generation = 3;
	cart->used_s = NOW - idle_s;
	g_ptr_array_add(f->world.carts, cart);
	return cart;
}

static void add_copy(struct world_cart *cart, const char *volume, uint64_t generation)
{
	struct cart_copy *copy = &cart->info.copies[cart->info.copies_cnt++];

	g_strlcpy(copy->volume, volume, BARCODE_SIZE);
	copy->generation = generation;
}

static struct world_cart *add_migrated(struct facts *f, const char *barcode, const char *volume,
				       unsigned drive)
{
	struct world_cart *cart = add_cart(f, barcode, 100);

	cart->info.state = CART_MIGRATED;
	cart->drive = drive;
	add_copy(cart, volume, 3);
	return cart;
}

static void add_job(struct facts *f, const struct job *job, bool running)
{
	struct scheduler_job sj = { .job = job, .running = running };

	g_array_append_val(f->in.jobs, sj);
}

/* The plans in words, as "migrate T1 phys1; recall T2 -"; "wait" instead of a drive. */
static void expect(struct facts *f, const char *words)
{
	const struct scheduler_drive before[2] = { f->drives[0], f->drives[1] };
	g_autoptr(GPtrArray) plans = scheduler_plan(&f->in);
	g_autoptr(GString) said = g_string_new(NULL);

	memcpy(f->drives, before, sizeof(before)); /* the plans took drives: the next begins anew */

	for (guint i = 0; i < plans->len; i++) {
		const struct plan *p = g_ptr_array_index(plans, i);

		g_string_append_printf(said, "%s%s %s %s", i > 0 ? "; " : "",
				       job_kind_name(p->kind), p->barcode,
				       p->drop            ? "drop"
				       : p->wait != NULL  ? "wait"
				       : p->drive != NULL ? p->drive->config->name
							  : "-");
	}
	assert_string_equal(said->str, words);
}

static void an_idle_cartridge_goes_to_the_first_drive(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 60);
	expect(f, "migrate T1 phys1");
}

static void a_cartridge_in_use_stays(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 59);
	add_cart(f, "T2", 100)->drive = 1;
	add_cart(f, "T3", 100)->info.objects = 0;
	expect(f, "");
}

static void the_longest_unused_goes_first(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 100);
	add_cart(f, "T2", 300);
	add_cart(f, "T3", 200);
	expect(f, "migrate T2 phys1; migrate T3 phys2");
}

static void a_recall_is_a_use(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 100);
	f->recalled = NOW - 10;
	expect(f, "");
}

static void after_a_failure_nothing_is_planned_for_a_while(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 100);
	f->not_before = NOW + 1;
	expect(f, "");
	f->not_before = NOW;
	expect(f, "migrate T1 phys1");
}

static void drives_of_a_rule_are_tried_in_its_order(void **state)
{
	struct facts *f = *state;

	configure(f, "[rule r]\nif=size-under 1T\nthen=migrate\nto=phys2;phys1\n");
	add_cart(f, "T1", 100);
	expect(f, "migrate T1 phys2");
	f->drives[1].unfit = full;
	expect(f, "migrate T1 phys1");
}

static void no_fit_drive_no_job(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 100);
	f->drives[0].busy = true;
	f->drives[1].unfit = full;
	expect(f, "");
}

static void the_first_rule_that_matches_decides(void **state)
{
	struct facts *f = *state;
	struct world_cart *cart = add_cart(f, "T1", 100);

	configure(f, "[rule keep]\nif=barcode T1\nthen=copy\n"
		     "[rule all]\nif=barcode T*\nthen=migrate\n");
	add_copy(cart, "V9", 3);
	cart->info.state = CART_PREMIGRATED;
	expect(f, ""); /* it has its copy; the second rule is not asked */
}

static void with_enough_copies_only_the_disk_is_freed(void **state)
{
	struct facts *f = *state;
	struct world_cart *cart = add_cart(f, "T1", 100);

	add_copy(cart, "V9", 3);
	cart->info.state = CART_PREMIGRATED;
	expect(f, "migrate T1 -");
}

static void copies_of_an_older_recording_do_not_count(void **state)
{
	struct facts *f = *state;

	add_copy(add_cart(f, "T1", 100), "V9", 2);
	expect(f, "migrate T1 phys1");
}

static void a_mounted_migrated_cartridge_is_recalled_from_its_volume(void **state)
{
	struct facts *f = *state;

	add_migrated(f, "T1", "V2", 1);
	expect(f, "recall T1 phys2");
}

static void a_migrated_cartridge_in_a_slot_is_left_there(void **state)
{
	struct facts *f = *state;

	add_migrated(f, "T1", "V2", 0);
	expect(f, "");
}

static void a_recall_comes_before_a_migration(void **state)
{
	struct facts *f = *state;

	add_cart(f, "T1", 1000);
	f->drives[1].unfit = full;
	add_migrated(f, "T2", "V1", 1);
	expect(f, "recall T2 phys1");
}

static void a_recall_waits_for_an_absent_volume_and_for_a_busy_drive(void **state)
{
	struct facts *f = *state;

	add_migrated(f, "T1", "V7", 1);
	add_migrated(f, "T2", "V1", 2);
	f->drives[0].busy = true;
	expect(f, "recall T1 wait; recall T2 wait");
}

static void a_recall_takes_the_copy_that_can_be_read_now(void **state)
{
	struct facts *f = *state;
	struct world_cart *cart = add_migrated(f, "T1", "V7", 1);

	add_copy(cart, "V1", 3);
	add_copy(cart, "V2", 3);
	f->drives[0].failed = true;
	expect(f, "recall T1 phys2");
}

static void a_volume_that_failed_is_the_last_choice_but_one(void **state)
{
	struct facts *f = *state;

	add_migrated(f, "T1", "V1", 1);
	f->drives[0].failed = true;
	expect(f, "recall T1 phys1");
}

static void an_old_copy_is_never_recalled(void **state)
{
	struct facts *f = *state;
	struct world_cart *cart = add_migrated(f, "T1", "V1", 1);

	cart->info.copies[0].generation = 2;
	expect(f, "recall T1 wait");
}

static void a_cartridge_with_a_job_gets_no_other(void **state)
{
	struct facts *f = *state;
	const struct job job = { .id = 1, .kind = JOB_MIGRATE, .library = "lib0", .barcode = "T1" };

	add_cart(f, "T1", 100);
	add_job(f, &job, true);
	expect(f, "");
}

static void a_waiting_migration_gets_a_free_drive(void **state)
{
	struct facts *f = *state;
	const struct job job = {
		.id = 1, .kind = JOB_MIGRATE, .library = "lib0", .barcode = "T1", .copies = 1
	};

	add_cart(f, "T1", 0);
	add_job(f, &job, false);
	f->drives[0].busy = true;
	expect(f, "migrate T1 phys2");
}

static void a_verification_needs_its_own_volume(void **state)
{
	struct facts *f = *state;
	struct job job = { .id = 1,
			   .kind = JOB_MIGRATE,
			   .state = JOB_VERIFYING,
			   .library = "lib0",
			   .barcode = "T1",
			   .volume = "V2" };

	add_cart(f, "T1", 0);
	add_job(f, &job, false);
	expect(f, "migrate T1 phys2");
	job.volume[1] = '7';
	expect(f, "migrate T1 wait");
}

static void a_release_needs_no_drive(void **state)
{
	struct facts *f = *state;
	const struct job job = { .id = 1,
				 .kind = JOB_MIGRATE,
				 .state = JOB_RELEASING,
				 .library = "lib0",
				 .barcode = "T1",
				 .volume = "V7" };

	add_cart(f, "T1", 0);
	add_job(f, &job, false);
	expect(f, "migrate T1 -");
}

static void an_import_needs_its_volume(void **state)
{
	struct facts *f = *state;
	struct job job = {
		.id = 1, .kind = JOB_IMPORT, .library = "lib0", .barcode = "NEW1", .volume = "V2"
	};

	add_job(f, &job, false);
	expect(f, "import NEW1 phys2");
	job.volume[1] = '7';
	expect(f, "import NEW1 wait");
}

static void a_recall_for_a_mount_ends_with_it(void **state)
{
	struct facts *f = *state;
	struct job job = {
		.id = 1, .kind = JOB_RECALL, .library = "lib0", .barcode = "T1", .for_mount = true
	};

	add_migrated(f, "T1", "V1", 0);
	add_job(f, &job, false);
	expect(f, "recall T1 drop");
	job.for_mount = false; /* a person wants it */
	expect(f, "recall T1 phys1");
}

static void the_explanation_ends_with_the_decision(void **state)
{
	struct facts *f = *state;
	struct world_cart *cart = add_cart(f, "T1", 100);
	g_autofree char *can = scheduler_explain(&f->in, cart);
	g_autofree char *cannot = NULL;

	assert_non_null(strstr(can, "rule all: matches and decides\n"));
	assert_non_null(strstr(can, "decision: migrate by rule all, 0 of 1 copies exist; to volume "
				    "V1 in drive phys1\n"));
	f->drives[0].unfit = one;
	f->drives[1].unfit = two;
	cannot = scheduler_explain(&f->in, cart);
	assert_non_null(strstr(cannot, "cannot begin: drive phys1: reason one\n"));
}

int main(void)
{
#define facts_test(f) cmocka_unit_test_setup_teardown(f, facts_setup, facts_teardown)
	const struct CMUnitTest tests[] = {
		facts_test(an_idle_cartridge_goes_to_the_first_drive),
		facts_test(a_cartridge_in_use_stays),
		facts_test(the_longest_unused_goes_first),
		facts_test(a_recall_is_a_use),
		facts_test(after_a_failure_nothing_is_planned_for_a_while),
		facts_test(drives_of_a_rule_are_tried_in_its_order),
		facts_test(no_fit_drive_no_job),
		facts_test(the_first_rule_that_matches_decides),
		facts_test(with_enough_copies_only_the_disk_is_freed),
		facts_test(copies_of_an_older_recording_do_not_count),
		facts_test(a_mounted_migrated_cartridge_is_recalled_from_its_volume),
		facts_test(a_migrated_cartridge_in_a_slot_is_left_there),
		facts_test(a_recall_comes_before_a_migration),
		facts_test(a_recall_waits_for_an_absent_volume_and_for_a_busy_drive),
		facts_test(a_recall_takes_the_copy_that_can_be_read_now),
		facts_test(a_volume_that_failed_is_the_last_choice_but_one),
		facts_test(an_old_copy_is_never_recalled),
		facts_test(a_cartridge_with_a_job_gets_no_other),
		facts_test(a_waiting_migration_gets_a_free_drive),
		facts_test(a_verification_needs_its_own_volume),
		facts_test(a_release_needs_no_drive),
		facts_test(an_import_needs_its_volume),
		facts_test(a_recall_for_a_mount_ends_with_it),
		facts_test(the_explanation_ends_with_the_decision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
