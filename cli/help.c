/* SPDX-License-Identifier: Apache-2.0 */
/* help.c: --help at each level, from the same rows that the line is parsed by. */
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"

const struct vtl_option vtl_global_options[] = {
	{ "json", 'j', NULL, "print JSON, for programs" },
	{ "help", 'h', NULL, "show this help" },
	{ "version", 'V', NULL, "show the version" },
	{ NULL, '\0', NULL, NULL },
};

static char *command_line(const struct vtl_command *c)
{
	return g_strdup_printf("%s%s%s%s%s", c->noun, c->verb != NULL ? " " : "",
			       c->verb != NULL ? c->verb : "", *c->args != '\0' ? " " : "",
			       c->args);
}

static void print_command(FILE *out, const struct vtl_command *c)
{
	g_autofree char *line = command_line(c);

	(void)fprintf(out, "  %-38s %s\n", line, c->summary);
}

static void print_option(FILE *out, const struct vtl_option *o)
{
	g_autofree char *text = g_strdup_printf(
		"%s%c%s--%s%s%s", o->letter != '\0' ? "-" : "", o->letter != '\0' ? o->letter : ' ',
		o->letter != '\0' ? ", " : "   ", o->name, o->value != NULL ? " " : "",
		o->value != NULL ? o->value : "");

	(void)fprintf(out, "  %-28s %s\n", text, o->help);
}

static void print_options(FILE *out, const struct vtl_command *command)
{
	(void)fputs("\nOptions:\n", out);
	for (size_t i = 0; command != NULL && i < VTL_MAX_OPTIONS; i++) {
		if (command->options[i].name == NULL)
			break;
		print_option(out, &command->options[i]);
	}
	for (const struct vtl_option *o = vtl_global_options; o->name != NULL; o++)
		print_option(out, o);
}

void help_map(FILE *out)
{
	(void)fputs("vtl: the command of tcmu-vtl, an open virtual tape library\n\n"
		    "Usage: vtl COMMAND [arguments] [options]\n",
		    out);
	for (size_t i = 0; vtl_commands[i] != NULL; i++) {
		(void)fputc('\n', out);
		for (const struct vtl_command *c = vtl_commands[i]; c->noun != NULL; c++)
			print_command(out, c);
	}
	print_options(out, NULL);
	(void)fputs(
		"\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 busy or refused,\n"
		"5 the service that has to do it does not run.\n"
		"\nvtl-lio(8) exports a library through LIO.  \"vtl COMMAND --help\" and vtl(1) say "
		"more.\n",
		out);
}

void help_noun(FILE *out, const char *noun)
{
	(void)fprintf(out, "Usage: vtl %s VERB [arguments] [options]\n\n", noun);
	for (size_t i = 0; vtl_commands[i] != NULL; i++)
		for (const struct vtl_command *c = vtl_commands[i]; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0)
				print_command(out, c);
	print_options(out, NULL);
}

void help_command(FILE *out, const struct vtl_command *command)
{
	g_autofree char *line = command_line(command);

	(void)fprintf(out, "Usage: vtl %s [options]\n\n%c%s.\n", line,
		      g_ascii_toupper(command->summary[0]), command->summary + 1);
	if (command->details != NULL)
		(void)fprintf(out, "%s\n", command->details);
	print_options(out, command);
}
