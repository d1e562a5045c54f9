/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c: runs a fuzz target over files and random mutations of them, without libFuzzer. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "tests/fuzz/fuzz.h"

#define INPUTS_MAX 200
#define INPUT_MAX  (256u * 1024)

static struct input {
	void *data;
	size_t size;
} inputs[INPUTS_MAX];
static unsigned inputs_cnt;

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

static void load_file(const char *path)
{
	struct input *in = &inputs[inputs_cnt];

	if (inputs_cnt == INPUTS_MAX ||
	    fs_read(AT_FDCWD, path, INPUT_MAX, &in->data, &in->size) != 0) {
		fprintf(stderr, "cannot load %s\n", path);
		exit(2);
	}
	inputs_cnt++;
	(void)LLVMFuzzerTestOneInput(in->data, in->size);
}

static void load(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[600];

	if (dir == NULL) {
		load_file(path);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		load_file(name);
	}
	(void)closedir(dir);
}

/* Flips, sets, copies, cuts: a few changes, most of them small. */
static size_t mutate(uint8_t *data, size_t size)
{
	for (uint64_t n = 1 + draw(4); n > 0 && size > 0; n--) {
		size_t at = draw(size), to = draw(size), count = 1 + draw(16);

		count = count < size - at ? count : size - at;
		count = count < size - to ? count : size - to;
		switch (draw(6)) {
		case 0:
			data[at] ^= (uint8_t)(1u << draw(8));
			break;
		case 1:
			data[at] = (uint8_t)draw(256);
			break;
		case 2:
			memset(data + at, draw(2) == 0 ? 0 : 0xff, count);
			break;
		case 3:
			memmove(data + to, data + at, count);
			break;
		case 4:
			data[at] = (uint8_t)(data[at] + 1);
			break;
		default:
			if (draw(8) == 0)
				size = at;
		}
	}
	return size;
}

static void run_mutations(uint64_t seed, unsigned count)
{
	uint8_t *data = malloc(INPUT_MAX);

	printf("seed %" PRIu64 "\n", seed);
	random_state = seed * 2 + 1;
	for (unsigned i = 0; data != NULL && inputs_cnt > 0 && i < count; i++) {
		const struct input *in = &inputs[draw(inputs_cnt)];

		memcpy(data, in->data, in->size);
		(void)LLVMFuzzerTestOneInput(data, mutate(data, in->size));
	}
	free(data);
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL);
	unsigned count = 0;
	int i = 1;

	if (argc > 3 && strcmp(argv[1], "-r") == 0) {
		if (strcmp(argv[2], "now") != 0)
			seed = strtoull(argv[2], NULL, 0);
		count = (unsigned)strtoul(argv[3], NULL, 0);
		i = 4;
	}
	for (; i < argc; i++)
		load(argv[i]);
	run_mutations(seed, count);
	printf("%u inputs, %u mutations\n", inputs_cnt, count);
	while (inputs_cnt > 0)
		free(inputs[--inputs_cnt].data);
	return 0;
}
