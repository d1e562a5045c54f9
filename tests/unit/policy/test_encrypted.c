/* SPDX-License-Identifier: Apache-2.0 */
/* test_encrypted.c: encrypted blocks go to a volume and come back, and nobody here has the key. */
#include "tests/unit/policy/scene.h"

#include <string.h>

#define SIZE 20000u

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

static const struct cart_params new_params = { .barcode = "NEW1", .density = 0x5e };
static uint8_t block[SIZE + CRYPT_OVERHEAD], expected[SIZE];

static struct cart *open_cart(struct scene *s, const char *barcode, unsigned flags)
{
	struct cart *c;

	assert_int_equal(cart_open(s->place->pool, barcode, flags, &c), 0);
	return c;
}

static void set_key(struct cart *c, bool encrypt, enum cart_decrypt decrypt)
{
	static const uint8_t key[CRYPT_KEY_SIZE] = "a key that policy never sees";
	struct cart_crypt crypt = { .encrypt = encrypt, .decrypt = decrypt };

	assert_int_equal(crypt_key_new(key, &crypt.key), 0);
	assert_int_equal(cart_set_crypt(c, &crypt), 0);
	crypt_key_unref(crypt.key);
}

static void put(struct cart *c, uint8_t fill)
{
	const struct iovec iov = { block, SIZE };

	memset(block, fill, SIZE);
	assert_int_equal(cart_write(c, &iov, 1, SIZE), 0);
}

/* Encrypted, a filemark, plain, encrypted. */
static void record(struct scene *s)
{
	struct cart *c = open_cart(s, "T1", CART_OPEN_WRITE);
	uint32_t written;

	set_key(c, true, CART_DECRYPT_OFF);
	put(c, 1);
	assert_int_equal(cart_write_filemarks(c, 1, &written), 0);
	assert_int_equal(cart_set_crypt(c, NULL), 0);
	put(c, 2);
	set_key(c, true, CART_DECRYPT_OFF);
	put(c, 3);
	assert_int_equal(cart_close(c), 0);
}

static void get(struct cart *c, uint8_t fill)
{
	const struct iovec iov = { block, SIZE };
	size_t length;

	assert_int_equal(cart_read(c, &iov, 1, SIZE, &length), 0);
	assert_int_equal(length, SIZE);
	memset(expected, fill, SIZE);
	assert_memory_equal(block, expected, SIZE);
}

/* The recording is there, and needs the key. */
static void expect_recording(struct scene *s, const char *barcode)
{
	struct cart *c = open_cart(s, barcode, CART_OPEN_READ);
	const struct iovec iov = { block, SIZE };
	size_t length;

	assert_int_equal(cart_read(c, &iov, 1, SIZE, &length), CART_E_ENCRYPTED);
	set_key(c, false, CART_DECRYPT_MIXED);
	get(c, 1);
	assert_int_equal(cart_read(c, &iov, 1, SIZE, &length), CART_E_FILEMARK);
	get(c, 2);
	get(c, 3);
	assert_int_equal(cart_close(c), 0);
}

static void a_migrated_cartridge_comes_back_as_it_was(void **state)
{
	struct scene *s = *state;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	const struct cart_info *info;
	struct stage g;

	record(s);
	scene_digest(s, "T1", before);
	scene_migrate(s, "T1", "V1");
	info = scene_stat(s, "T1");
	assert_int_equal(info->state, CART_MIGRATED);
	assert_int_equal(info->copies[0].form, CART_FORM_ENVELOPES);
	assert_int_equal(info->copies[0].bytes, 3 * SIZE);
	assert_memory_equal(info->copies[0].digest, before, sizeof(before));
	stage_init(&g, s, JOB_RECALL, "T1");
	g.job->copy = info->copies[0];
	stage_run(&g);
	stage_clear(&g);
	scene_digest(s, "T1", after);
	assert_memory_equal(before, after, sizeof(before));
	expect_recording(s, "T1");
}

static void the_volume_alone_is_enough(void **state)
{
	struct scene *s = *state;
	struct stage g;

	record(s);
	scene_migrate(s, "T1", "V1");
	stage_init(&g, s, JOB_IMPORT, "NEW1");
	g.step.params = &new_params;
	stage_run(&g);
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "NEW1")->copies[0].form, CART_FORM_ENVELOPES);
	expect_recording(s, "NEW1");
}

static void a_changed_byte_of_the_volume_is_no_recall(void **state)
{
	struct scene *s = *state;
	struct stage g;

	record(s);
	scene_migrate(s, "T1", "V1");
	scene_flip(s, "V1", 4 + 500 + SIZE); /* behind the first block, which names the volume */
	stage_init(&g, s, JOB_RECALL, "T1");
	g.job->copy = scene_stat(s, "T1")->copies[0];
	stage_run_fails(&g, POLICY_ERROR_VOLUME_BAD, "differ");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
}

/* What a host read raw from T1 and writes to it as data, in the very place. */
static void what_nobody_could_tell_apart_is_refused(void **state)
{
	struct scene *s = *state;
	struct cart_content content;
	const struct iovec whole = { block, sizeof(block) };
	struct iovec iov = whole;
	struct cart *c;
	struct stage g;

	record(s);
	c = open_cart(s, "T1", CART_OPEN_WRITE);
	assert_int_equal(cart_read_content(c, &whole, 1, sizeof(block), &content), 0);
	assert_true(content.encrypted);
	assert_int_equal(cart_locate(c, 0), 0);
	iov.iov_len = content.size;
	assert_int_equal(cart_write(c, &iov, 1, content.size), 0); /* plain */
	set_key(c, true, CART_DECRYPT_OFF);
	put(c, 1);
	assert_int_equal(cart_close(c), 0);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	stage_run_fails(&g, POLICY_ERROR_INVALID, "looks like an encrypted block");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
}

/* In a cartridge without encrypted blocks the same is only data. */
static void data_that_looks_encrypted_comes_back_as_data(void **state)
{
	struct scene *s = *state;
	struct cart_content content;
	struct iovec iov = { block, sizeof(block) };
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart *c;
	struct stage g;

	record(s);
	c = open_cart(s, "T1", CART_OPEN_READ);
	assert_int_equal(cart_read_content(c, &iov, 1, sizeof(block), &content), 0);
	assert_int_equal(cart_close(c), 0);
	c = open_cart(s, "T2", CART_OPEN_WRITE);
	iov.iov_len = content.size;
	assert_int_equal(cart_write(c, &iov, 1, content.size), 0);
	assert_int_equal(cart_close(c), 0);
	scene_digest(s, "T2", before);
	scene_migrate(s, "T2", "V2");
	assert_int_equal(scene_stat(s, "T2")->copies[0].form, CART_FORM_NATIVE);
	stage_init(&g, s, JOB_RECALL, "T2");
	g.job->copy = scene_stat(s, "T2")->copies[0];
	memcpy(g.job->volume, "V2", 3);
	stage_run(&g);
	stage_clear(&g);
	scene_digest(s, "T2", after);
	assert_memory_equal(before, after, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(a_migrated_cartridge_comes_back_as_it_was),
		scene_test(the_volume_alone_is_enough),
		scene_test(a_changed_byte_of_the_volume_is_no_recall),
		scene_test(what_nobody_could_tell_apart_is_refused),
		scene_test(data_that_looks_encrypted_comes_back_as_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
