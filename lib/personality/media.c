/* SPDX-License-Identifier: Apache-2.0 */
/* media.c: the generation matrix: what a drive makes of a medium. */
#include <string.h>

#include "lib/personality/personality.h"

static const struct medium_use *find_use(const struct drive_model *model, uint8_t density,
					 uint8_t medium_type)
{
	for (unsigned i = 0; i < model->media_cnt; i++) {
		const struct medium_row *m = model->media[i].medium;

		if (m->density == density && (m->medium_type == medium_type || medium_type == 0))
			return &model->media[i];
	}
	return NULL;
}

enum medium_access drive_medium_access(const struct drive_model *model, uint8_t density,
				       uint8_t medium_type)
{
	const struct medium_use *use = find_use(model, density, medium_type);

	return use == NULL ? MEDIUM_REFUSED : use->access;
}

const struct medium_row *drive_medium(const struct drive_model *model, uint8_t density,
				      uint8_t medium_type)
{
	const struct medium_use *use = find_use(model, density, medium_type);

	return use == NULL ? NULL : use->medium;
}

const struct medium_row *drive_told_medium(const struct drive_model *model,
					   const struct medium_row *medium)
{
	for (unsigned i = 0; i < model->tells_cnt; i++)
		if (model->tells[i]->density == medium->density &&
		    model->tells[i]->kind == medium->kind)
			return model->tells[i];
	return medium;
}

const struct density_row *drive_density(const struct drive_model *model, uint8_t code)
{
	for (unsigned i = 0; i < model->densities_cnt; i++)
		if (model->densities[i].code == code)
			return &model->densities[i];
	return NULL;
}

const struct medium_row *drive_default_medium(const struct drive_model *model)
{
	return model->media[0].medium; /* a drive without a medium that it writes is refused */
}

/* LTO label specification, and other makers' alike: CLN begins the barcodes of cleaning cartridges.
 */
#define CLEANING_PREFIX "CLN"

static const struct medium_row *cleaning_medium(const struct drive_model *model)
{
	for (unsigned i = 0; i < model->media_cnt; i++)
		if (model->media[i].access == MEDIUM_CLEANS)
			return model->media[i].medium;
	return NULL;
}

const struct medium_row *drive_medium_of_barcode(const struct drive_model *model,
						 const char *barcode)
{
	const struct medium_row *cleaning = cleaning_medium(model);

	if (cleaning != NULL && g_str_has_prefix(barcode, CLEANING_PREFIX))
		return cleaning; /* their ends are often those of data cartridges */
	for (unsigned i = 0; i < model->media_cnt; i++) {
		const struct medium_row *m = model->media[i].medium;

		if (m->suffix[0] != '\0' && strlen(barcode) > strlen(m->suffix) &&
		    g_str_has_suffix(barcode, m->suffix))
			return m;
	}
	return NULL;
}

char *drive_media_text(const struct drive_model *model)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < model->media_cnt; i++)
		if (model->media[i].access == MEDIUM_READ_WRITE)
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
					       model->media[i].medium->name);
	return g_string_free(text, FALSE);
}
