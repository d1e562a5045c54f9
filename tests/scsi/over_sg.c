/* SPDX-License-Identifier: Apache-2.0 */
/*
 * over_sg.c: all programs of this folder that use the rig, as one, for tests over /dev/sg
 * (tests/support/rig_sg.h): an emulated processor takes seconds to start each of them.
 *
 *   RIG_SG=/dev/sgDRIVE:/dev/sgCHANGER:POOL scsi_over_sg [NAME...]
 *
 * Before each one's output stands a line "# program NAME".  Ends with the number of tests that
 * failed, or 2 where there is no such program.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/rig_sg.h"

/* CMakeLists.txt makes both files; main() of test_NAME.c is called main_NAME() here. */
#include <over_sg_mains.h>

static const struct {
	const char *name;
	int (*main)(void);
} programs[] = {
#define PROGRAM(name) { #name, main_##name },
#include <over_sg_programs.h>
#undef PROGRAM
};

#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static int run_program(size_t i)
{
	time_t begun = time(NULL);
	int failed;

	printf("# program %s\n", programs[i].name);
	failed = programs[i].main();
	printf("# %ld s\n", (long)(time(NULL) - begun));
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (!rig_sg_on()) {
		fprintf(stderr, "RIG_SG is not set (tests/support/rig_sg.h)\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* in the order of stderr */
	for (size_t i = 0; argc < 2 && i < PROGRAMS; i++)
		failed += run_program(i);
	for (int a = 1; a < argc; a++) {
		size_t i = 0;

		while (i < PROGRAMS && strcmp(programs[i].name, argv[a]) != 0)
			i++;
		if (i == PROGRAMS) {
			fprintf(stderr, "there is no %s\n", argv[a]);
			return 2;
		}
		failed += run_program(i);
	}
	return failed > 100 ? 100 : failed;
}
