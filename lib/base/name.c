/* SPDX-License-Identifier: Apache-2.0 */
/* name.c: see name.h. No locale: the sets are of ASCII characters. */
#include "lib/base/name.h"

#include <stddef.h>
#include <string.h>

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

bool barcode_is_valid(const char *barcode)
{
	size_t n;

	if (barcode == NULL || !(is_upper(barcode[0]) || is_digit(barcode[0])))
		return false;
	for (n = 0; n < BARCODE_SIZE && barcode[n] != '\0'; n++)
		if (!is_upper(barcode[n]) && !is_digit(barcode[n]) &&
		    strchr("-_$#@", barcode[n]) == NULL)
			return false;
	return n < BARCODE_SIZE;
}

bool library_name_is_valid(const char *name)
{
	size_t n;

	if (name == NULL || !(is_upper(name[0]) || is_lower(name[0])))
		return false;
	for (n = 0; n < LIBRARY_NAME_SIZE && name[n] != '\0'; n++)
		if (!is_upper(name[n]) && !is_lower(name[n]) && !is_digit(name[n]) &&
		    name[n] != '_')
			return false;
	return n < LIBRARY_NAME_SIZE;
}
