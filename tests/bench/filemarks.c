/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filemarks.c: N times one block of 80 bytes and one filemark, by Linux's st driver.  Prints the
 * seconds that it took, from the first write to the last filemark.
 *
 * Use: filemarks DEVICE N sync|immediate
 *
 * "immediate" is MTWEOFI: WRITE FILEMARKS with IMMED, which a drive may answer before the mark is
 * on the medium.  The file is closed outside of the timing: st writes no filemark of its own then,
 * because the last operation was one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mtio.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 80

#ifndef MTWEOFI
#define MTWEOFI 35 /* since Linux 2.6.37; older headers have no name for it */
#endif

static int fail(const char *what)
{
	(void)fprintf(stderr, "filemarks: %s: %s\n", what, strerror(errno));
	return 1;
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct mtop mark = { .mt_op = MTWEOF, .mt_count = 1 };
	const struct mtop wait = { .mt_op = MTWEOF }, rewind = { .mt_op = MTREW };
	char block[BLOCK];
	double begun;
	long count;
	int fd;

	if (argc != 4) {
		(void)fprintf(stderr, "Use: filemarks DEVICE N sync|immediate\n");
		return 2;
	}
	count = strtol(argv[2], NULL, 10);
	if (strcmp(argv[3], "immediate") == 0)
		mark.mt_op = MTWEOFI;
	memset(block, 'b', sizeof(block));
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, MTIOCTOP, &rewind) != 0)
		return fail(argv[1]);
	begun = now();
	for (long i = 0; i < count; i++) {
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			return fail("write");
		if (ioctl(fd, MTIOCTOP, &mark) != 0)
			return fail(argv[3]);
	}
	if (mark.mt_op == MTWEOFI && ioctl(fd, MTIOCTOP, &wait) != 0)
		return fail("flush");
	printf("%.3f\n", now() - begun);
	return close(fd) == 0 ? 0 : fail("close");
}
