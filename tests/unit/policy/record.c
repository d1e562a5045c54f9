/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c: for the shell tests.  record POOL BARCODE RECORDING writes a recording (scene.h) to a
 * cartridge; record POOL BARCODE prints its digest; record move LIBRARY BARCODE drive|slot N moves.
 */
#include "tests/unit/policy/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int move(char **args)
{
	g_autoptr(GError) error = NULL;
	struct library *library = library_open(args[0], LIBRARY_OPEN_OWN, &error);
	uint16_t from, to;
	bool ok;

	if (library == NULL) {
		(void)fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	ok = library_find(library, args[1], &from) &&
	     library_address(library,
			     strcmp(args[2], "drive") == 0 ? ELEMENT_DRIVE : ELEMENT_STORAGE,
			     (unsigned)strtoul(args[3], NULL, 10), &to) &&
	     library_move(library, from, to) == 0;
	library_unref(library);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	uint8_t digest[CART_DIGEST_SIZE];
	struct place place = { 0 };
	struct scene scene = { .place = &place };

	if (argc == 6 && strcmp(argv[1], "move") == 0)
		return move(argv + 2);
	if (argc != 3 && argc != 4)
		return 2;
	place.pool = argv[1];
	if (argc == 4) {
		scene_record(&scene, argv[2], argv[3]);
		return 0;
	}
	scene_digest(&scene, argv[2], digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)printf("%02x", digest[i]);
	return puts("") < 0;
}
