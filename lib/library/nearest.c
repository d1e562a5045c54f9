/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c: the word that was probably meant. */
#include <string.h>

#include "lib/library/library.h"

#define MAX_WORD 32

/* Levenshtein distance, by rows; words longer than MAX_WORD are far from everything. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t row[MAX_WORD + 1];

	if (la > MAX_WORD || lb > MAX_WORD)
		return MAX_WORD;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(MIN(row[j] + 1, row[j - 1] + 1), change);
		}
	}
	return row[lb];
}

const char *library_nearest(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t limit = strlen(word) < 4 ? 1 : 3; /* more changes than this is another word */

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, words[i]);

		if (d <= limit) {
			limit = d;
			best = words[i];
			if (d == 0)
				break;
			limit = d - 1; /* only a nearer one replaces it */
		}
	}
	return best;
}
