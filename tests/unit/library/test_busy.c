/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_busy.c: a drive that is at a long command stops who wants that drive, and nobody else.
 *
 * The drive here does not answer until the test lets it; a library that waits for it with its lock
 * held would stop the test, which then dies by its alarm.
 */
#include "tests/unit/library/place.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 60

struct slow_drive {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned gates;  /* calls that are to be held, of any kind */
	unsigned inside; /* calls that are held now */
	unsigned loads, ejects, polls;
	int eject_result;
	int detached; /* atomic */
};

/* Counts, and waits while the test wants it to. */
static void be_called(struct slow_drive *d, unsigned *counter)
{
	(void)pthread_mutex_lock(&d->lock);
	++*counter;
	d->inside++;
	(void)pthread_cond_broadcast(&d->changed);
	while (d->gates > 0)
		(void)pthread_cond_wait(&d->changed, &d->lock);
	d->inside--;
	(void)pthread_cond_broadcast(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);
}

static void slow_load(void *ctx, const char *barcode)
{
	struct slow_drive *d = ctx;

	(void)barcode;
	be_called(d, &d->loads);
}

static int slow_eject(void *ctx)
{
	struct slow_drive *d = ctx;

	be_called(d, &d->ejects);
	return d->eject_result;
}

static void slow_poll(void *ctx)
{
	struct slow_drive *d = ctx;

	be_called(d, &d->polls);
}

static uint64_t slow_alert(void *ctx, uint64_t set, uint64_t clear)
{
	struct slow_drive *d = ctx;
	unsigned ignored = 0;

	(void)clear;
	be_called(d, &ignored);
	return set;
}

static const struct library_drive_ops slow_ops = {
	.load = slow_load, .eject = slow_eject, .poll = slow_poll, .alert = slow_alert
};

/* From now on the drive holds whoever calls it. */
static void hold(struct slow_drive *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->gates = 1;
	(void)pthread_mutex_unlock(&d->lock);
}

static void let_go(struct slow_drive *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->gates = 0;
	(void)pthread_cond_broadcast(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);
}

static void await_caller(struct slow_drive *d)
{
	(void)pthread_mutex_lock(&d->lock);
	while (d->inside == 0)
		(void)pthread_cond_wait(&d->changed, &d->lock);
	(void)pthread_mutex_unlock(&d->lock);
}

/* ---- lib0, owned, with both drives attached, T1 in drive 1 ---- */

struct bench {
	struct place *place;
	struct library *library;
	struct slow_drive drive[2];
};

static int setup(void **state)
{
	struct bench *b = g_new0(struct bench, 1);
	void *place = NULL;

	(void)alarm(PATIENCE_S);
	if (place_setup_lib0(&place) != 0)
		return -1;
	b->place = place;
	b->library = place_open(LIBRARY_OPEN_OWN);
	for (unsigned i = 0; i < 2; i++) {
		(void)pthread_mutex_init(&b->drive[i].lock, NULL);
		(void)pthread_cond_init(&b->drive[i].changed, NULL);
		if (library_attach_drive(b->library, i + 1, &slow_ops, &b->drive[i]) != 0)
			return -1;
	}
	*state = b;
	return library_move(b->library, SLOT_1, DRIVE_1);
}

static int teardown(void **state)
{
	struct bench *b = *state;
	void *place = b->place;

	for (unsigned i = 0; i < 2; i++) {
		library_detach_drive(b->library, i + 1);
		(void)pthread_mutex_destroy(&b->drive[i].lock);
		(void)pthread_cond_destroy(&b->drive[i].changed);
	}
	library_unref(b->library);
	g_free(b);
	return place_teardown(&place);
}

/* ---- a move in a thread of its own ---- */

struct mover {
	struct library *library;
	uint16_t source, destination;
	GThread *thread;
};

static gpointer mover_run(gpointer data)
{
	const struct mover *m = data;

	return GINT_TO_POINTER(library_move(m->library, m->source, m->destination));
}

static struct mover *mover_start(struct bench *b, uint16_t source, uint16_t destination)
{
	struct mover *m = g_new0(struct mover, 1);

	*m = (struct mover){ .library = b->library, .source = source, .destination = destination };
	m->thread = g_thread_new("mover", mover_run, m);
	return m;
}

static int mover_end(struct mover *m)
{
	int r = GPOINTER_TO_INT(g_thread_join(m->thread));

	g_free(m);
	return r;
}

static const char *state_of(struct bench *b, uint16_t address, struct library_element *e)
{
	assert_true(library_element(b->library, address, e));
	return e->drive_state;
}

/* ---- tests ---- */

static void everything_else_goes_on_while_a_drive_is_waited_for(void **state)
{
	struct bench *b = *state;
	struct mover *m;
	uint64_t flags = 0;
	uint16_t address = 0;

	hold(&b->drive[0]);
	m = mover_start(b, DRIVE_1, SLOT_5);
	await_caller(&b->drive[0]);
	assert_holds(b->library, DRIVE_1, "T1");
	assert_true(library_is_owned(b->library));
	assert_true(library_find(b->library, "T1", &address));
	assert_int_equal(address, DRIVE_1);
	assert_int_equal(library_move(b->library, SLOT_2, SLOT_4), 0);
	assert_int_equal(library_move(b->library, SLOT_3, DRIVE_2), 0);
	library_drive_note(b->library, 2, DRIVE_LOADING, false);
	library_poll(b->library);
	assert_int_equal(b->drive[1].polls, 1);
	assert_int_equal(library_drive_alert(b->library, 2, 4, 0, &flags), 0);
	assert_int_equal(flags, 4);
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(m), 0);
	assert_holds(b->library, SLOT_5, "T1");
	assert_holds(b->library, SLOT_4, "T2");
	assert_holds(b->library, DRIVE_2, "T3");
}

static void a_destination_that_is_promised_is_given_to_nobody_else(void **state)
{
	struct bench *b = *state;
	const struct cart_params params[] = { { .barcode = "N1" }, { .barcode = "N2" } };
	struct mover *first, *second;
	uint16_t address = 0;

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(cart_create(b->place->pool, &params[i]), 0);
	assert_int_equal(library_move(b->library, SLOT_3, SLOT_1), 0);
	hold(&b->drive[0]);
	first = mover_start(b, DRIVE_1, SLOT_3);
	await_caller(&b->drive[0]);
	second = mover_start(b, SLOT_2, SLOT_3);
	assert_int_equal(library_import(b->library, "N1", false, &address), 0);
	assert_int_equal(address, SLOT_4);
	assert_int_equal(library_import(b->library, "N2", false, &address), 0);
	assert_int_equal(address, SLOT_5);
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(first), 0);
	assert_int_equal(mover_end(second), LIBRARY_E_DESTINATION_FULL);
	assert_holds(b->library, SLOT_3, "T1");
	assert_holds(b->library, SLOT_2, "T2");
}

static void a_cartridge_on_its_way_is_not_taken_twice(void **state)
{
	struct bench *b = *state;
	struct mover *first, *second;

	hold(&b->drive[0]);
	first = mover_start(b, DRIVE_1, SLOT_5);
	await_caller(&b->drive[0]);
	second = mover_start(b, DRIVE_1, SLOT_4);
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(first), 0);
	assert_int_equal(mover_end(second), LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(b->drive[0].ejects, 1);
	assert_holds(b->library, SLOT_5, "T1");
	assert_holds(b->library, SLOT_4, "");
}

static void what_was_promised_is_free_again_after_a_refusal(void **state)
{
	struct bench *b = *state;
	struct mover *first, *second;

	hold(&b->drive[0]);
	b->drive[0].eject_result = LIBRARY_E_PREVENTED;
	first = mover_start(b, DRIVE_1, SLOT_5);
	await_caller(&b->drive[0]);
	second = mover_start(b, SLOT_2, SLOT_5);
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(first), LIBRARY_E_PREVENTED);
	assert_int_equal(mover_end(second), 0);
	assert_holds(b->library, DRIVE_1, "T1");
	assert_holds(b->library, SLOT_5, "T2");
}

static void a_drive_that_is_slow_to_load_is_loading(void **state)
{
	struct bench *b = *state;
	struct library_element e;
	struct mover *m;

	hold(&b->drive[1]);
	m = mover_start(b, SLOT_2, DRIVE_2);
	await_caller(&b->drive[1]);
	assert_string_equal(state_of(b, DRIVE_2, &e), "loading");
	assert_string_equal(e.barcode, "T2");
	assert_holds(b->library, SLOT_2, "");
	assert_int_equal(library_move(b->library, SLOT_3, SLOT_2), 0);
	let_go(&b->drive[1]);
	assert_int_equal(mover_end(m), 0);
}

static void a_drive_that_gave_its_cartridge_back_is_unloaded_until_it_is_gone(void **state)
{
	struct bench *b = *state;
	struct library_element e;
	struct mover *m;

	library_drive_note(b->library, 1, DRIVE_READY, false);
	hold(&b->drive[0]);
	m = mover_start(b, DRIVE_1, SLOT_5);
	await_caller(&b->drive[0]);
	assert_string_equal(state_of(b, DRIVE_1, &e), "ready");
	library_drive_note(b->library, 1, DRIVE_EMPTY, false); /* as a drive does when it ejects */
	assert_string_equal(state_of(b, DRIVE_1, &e), "unloaded");
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(m), 0);
	assert_string_equal(state_of(b, DRIVE_1, &e), "empty");
}

static void a_library_that_was_removed_meanwhile_moves_nothing(void **state)
{
	struct bench *b = *state;
	g_autofree char *lock = place_file(b->place, LOCK_FILE);
	struct mover *m;

	hold(&b->drive[0]);
	m = mover_start(b, DRIVE_1, SLOT_5);
	await_caller(&b->drive[0]);
	assert_int_equal(unlink(lock), 0);
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(m), LIBRARY_E_NOT_OWNER);
	assert_int_equal(b->drive[0].loads, 2); /* it has its cartridge again */
	assert_holds(b->library, DRIVE_1, "T1");
}

static gpointer detach(gpointer data)
{
	struct bench *b = data;

	library_detach_drive(b->library, 1);
	g_atomic_int_set(&b->drive[0].detached, 1);
	return NULL;
}

static void a_drive_is_not_detached_under_who_calls_it(void **state)
{
	struct bench *b = *state;
	struct mover *m;
	GThread *thread;

	hold(&b->drive[0]);
	m = mover_start(b, DRIVE_1, SLOT_5);
	await_caller(&b->drive[0]);
	thread = g_thread_new("detach", detach, b);
	g_usleep(50000);
	assert_int_equal(g_atomic_int_get(&b->drive[0].detached), 0);
	let_go(&b->drive[0]);
	assert_int_equal(mover_end(m), 0);
	(void)g_thread_join(thread);
	assert_int_equal(g_atomic_int_get(&b->drive[0].detached), 1);
	assert_holds(b->library, SLOT_5, "T1");
}

static gpointer attach(gpointer data)
{
	struct bench *b = data;

	return GINT_TO_POINTER(library_attach_drive(b->library, 1, &slow_ops, &b->drive[0]));
}

static void nobody_robs_a_drive_that_is_being_attached(void **state)
{
	struct bench *b = *state;
	struct library_element e;
	struct mover *m;
	GThread *thread;

	library_detach_drive(b->library, 1);
	hold(&b->drive[0]);
	thread = g_thread_new("attach", attach, b);
	await_caller(&b->drive[0]);
	assert_string_equal(state_of(b, DRIVE_1, &e), "loading");
	assert_int_equal(library_move(b->library, SLOT_2, SLOT_4), 0);
	m = mover_start(b, DRIVE_1, SLOT_5);
	g_usleep(50000);
	assert_int_equal(b->drive[0].ejects, 0);
	let_go(&b->drive[0]);
	assert_int_equal(GPOINTER_TO_INT(g_thread_join(thread)), 0);
	assert_int_equal(mover_end(m), 0);
	assert_int_equal(b->drive[0].ejects, 1);
	assert_holds(b->library, SLOT_5, "T1");
}

static gpointer wander(gpointer data)
{
	static const uint16_t places[] = {
		SLOT_1, SLOT_2, SLOT_3, SLOT_4, DRIVE_1, DRIVE_2, MAIL_1
	};
	struct bench *b = data;
	g_autoptr(GRand) random = g_rand_new_with_seed(GPOINTER_TO_UINT(g_thread_self()));

	for (unsigned i = 0; i < 60; i++) {
		uint16_t from = places[g_rand_int_range(random, 0, G_N_ELEMENTS(places))];
		uint16_t to = places[g_rand_int_range(random, 0, G_N_ELEMENTS(places))];
		uint16_t on = places[g_rand_int_range(random, 0, G_N_ELEMENTS(places))];

		/* refused or not: no cartridge may be lost */
		if (i % 3 == 0)
			ignore_result(library_exchange(b->library, from, to, on));
		else
			ignore_result(library_move(b->library, from, to));
	}
	return NULL;
}

static void many_robots_lose_nothing(void **state)
{
	static const char *const barcodes[] = { "T1", "T2", "T3" };
	struct bench *b = *state;
	GThread *threads[4];
	unsigned full = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("robot", wander, b);
	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		(void)g_thread_join(threads[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(barcodes); i++) {
		uint16_t address = 0;

		assert_true(library_find(b->library, barcodes[i], &address));
	}
	for (unsigned a = MAIL_1; a <= SLOT_5; a++) {
		struct library_element e;

		if (library_element(b->library, (uint16_t)a, &e) && e.full)
			full++;
	}
	assert_int_equal(full, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(everything_else_goes_on_while_a_drive_is_waited_for),
		T(a_destination_that_is_promised_is_given_to_nobody_else),
		T(a_cartridge_on_its_way_is_not_taken_twice),
		T(what_was_promised_is_free_again_after_a_refusal),
		T(a_drive_that_is_slow_to_load_is_loading),
		T(a_drive_that_gave_its_cartridge_back_is_unloaded_until_it_is_gone),
		T(a_library_that_was_removed_meanwhile_moves_nothing),
		T(a_drive_is_not_detached_under_who_calls_it),
		T(nobody_robs_a_drive_that_is_being_attached),
		T(many_robots_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
