/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c: vtl policy explain: asks vtl-policyd. */
#include <stdio.h>

#include "cli/vtl.h"

static enum vtl_exit policy_explain_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *library = NULL, *text = NULL;
	struct control_client *client;
	struct json json;

	if (!vtl_check_barcode(args[0]))
		return VTL_USAGE;
	library = source_library(vtl, args[0], &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (client == NULL || !control_explain(client, library, args[0], &text, &error))
		return vtl_fail(error);
	if (!vtl->json) {
		(void)printf("%s%s", text, g_str_has_suffix(text, "\n") ? "" : "\n");
		return VTL_OK;
	}
	json_init(&json);
	json_open(&json, NULL, '{');
	json_string(&json, "library", library);
	json_string(&json, "barcode", args[0]);
	json_string(&json, "text", text);
	json_close(&json, '}');
	json_end(&json);
	return VTL_OK;
}

const struct vtl_command policy_commands[] = {
	{ .noun = "policy",
	  .verb = "explain",
	  .args = "BARCODE",
	  .min = 1,
	  .max = 1,
	  .summary = "every rule, its conditions, and what would be done",
	  .run = policy_explain_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = NULL },
};
