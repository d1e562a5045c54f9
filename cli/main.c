/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: vtl: finds the command's row, parses the line by it, runs it. */
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vtl.h"

const struct vtl_command *const vtl_commands[] = {
	library_commands, cartridge_commands, drive_commands,       job_commands,
	policy_commands,  physical_commands,  personality_commands, NULL,
};

/* ---- errors ---- */

enum vtl_exit vtl_fail_code(enum vtl_exit code, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	(void)fflush(stdout); /* what was printed before stays before */
	(void)fprintf(stderr, "vtl: %s\n", text);
	return code;
}

static enum vtl_exit exit_code(const GError *error)
{
	if (error->domain == CONTROL_ERROR) {
		switch ((enum control_error)error->code) {
		case CONTROL_ERROR_NOT_FOUND:
			return VTL_NOT_FOUND;
		case CONTROL_ERROR_BUSY:
			return VTL_REFUSED;
		case CONTROL_ERROR_UNREACHABLE:
		case CONTROL_ERROR_TIMED_OUT:
			return VTL_UNREACHABLE;
		case CONTROL_ERROR_FAILED:
			break;
		}
	} else if (error->domain == LIBRARY_ERROR) {
		switch ((enum library_error)error->code) {
		case LIBRARY_ERROR_NOT_FOUND:
			return VTL_NOT_FOUND;
		case LIBRARY_ERROR_EXISTS:
		case LIBRARY_ERROR_BUSY:
			return VTL_REFUSED;
		case LIBRARY_ERROR_FAILED:
		case LIBRARY_ERROR_INVALID:
			break;
		}
	} else if (error->domain == G_OPTION_ERROR) {
		return VTL_USAGE;
	}
	return VTL_FAILED;
}

enum vtl_exit vtl_fail(GError *error)
{
	enum vtl_exit code = vtl_fail_code(exit_code(error), "%s", error->message);

	g_error_free(error);
	return code;
}

/* ---- output and arguments ---- */

void vtl_print(const struct vtl *vtl, const struct table *table)
{
	struct json json;

	if (!vtl->json) {
		table_print(table);
		return;
	}
	json_init(&json);
	table_json(table, &json, NULL);
	json_end(&json);
}

bool vtl_parse_number(const char *what, const char *text, uint64_t max, uint64_t *ret_number)
{
	guint64 number;

	if (g_ascii_string_to_unsigned(text, 10, 1, max, &number, NULL)) {
		*ret_number = number;
		return true;
	}
	if (max == UINT64_MAX)
		(void)vtl_fail_code(VTL_USAGE, "%s \"%s\" is not a number from 1 on", what, text);
	else
		(void)vtl_fail_code(VTL_USAGE, "%s \"%s\" is not a number from 1 to %" PRIu64, what,
				    text, max);
	return false;
}

bool vtl_check_barcode(const char *barcode)
{
	if (barcode_is_valid(barcode))
		return true;
	(void)vtl_fail_code(VTL_USAGE,
			    "\"%s\" is no barcode: use 1 to 32 of A-Z 0-9 - _ $ # @, beginning "
			    "with a letter or digit, as TAP001L8",
			    barcode);
	return false;
}

const char *vtl_option(const struct vtl *vtl, const char *name)
{
	for (size_t i = 0; i < VTL_MAX_OPTIONS && vtl->command->options[i].name != NULL; i++)
		if (strcmp(vtl->command->options[i].name, name) == 0)
			return vtl->values[i];
	return NULL;
}

/* ---- the line ---- */

/* What the line holds, before it is known to fit a command. */
struct line {
	GPtrArray *words; /* that are no options; borrowed */
	bool help, version, json;
	const char *wrong; /* the first option that nobody knows */
};

static bool is_option(const struct vtl_option *o, const char *word, const char **ret_value)
{
	size_t length = strlen(o->name);

	*ret_value = NULL;
	if (word[0] == '-' && o->letter != '\0' && word[1] == o->letter) {
		if (word[2] != '\0')
			*ret_value = word + 2;
		return word[2] == '\0' || o->value != NULL;
	}
	if (!g_str_has_prefix(word, "--") || strncmp(word + 2, o->name, length) != 0)
		return false;
	if (word[2 + length] == '=' && o->value != NULL)
		*ret_value = word + 2 + length + 1;
	return word[2 + length] == '\0' || *ret_value != NULL;
}

static bool take_global(struct line *line, const char *word)
{
	const char *value;

	for (const struct vtl_option *o = vtl_global_options; o->name != NULL; o++) {
		if (!is_option(o, word, &value))
			continue;
		line->help |= o->letter == 'h';
		line->version |= o->letter == 'V';
		line->json |= o->letter == 'j';
		return true;
	}
	return false;
}

/* TRUE where @word is an option of @vtl's command; *i moves on over its value. */
static bool take_own(struct vtl *vtl, char **argv, int *i)
{
	for (size_t n = 0; n < VTL_MAX_OPTIONS; n++) {
		const struct vtl_option *o = &vtl->command->options[n];
		const char *value;

		if (o->name == NULL)
			return false;
		if (!is_option(o, argv[*i], &value))
			continue;
		if (o->value == NULL)
			value = "";
		else if (value == NULL && argv[*i + 1] != NULL)
			value = argv[++*i];
		vtl->values[n] = value; /* NULL: the value is missing, which the caller reports */
		return o->value == NULL || value != NULL;
	}
	return false;
}

static void parse(struct vtl *vtl, char **argv, int first, struct line *line)
{
	bool options = true;

	for (int i = first; argv[i] != NULL; i++) {
		char *word = argv[i];

		if (!options || word[0] != '-' || word[1] == '\0')
			g_ptr_array_add(line->words, word);
		else if (strcmp(word, "--") == 0)
			options = false;
		else if (!take_global(line, word) &&
			 (vtl->command == NULL || !take_own(vtl, argv, &i)) && line->wrong == NULL)
			line->wrong = word;
	}
	g_ptr_array_add(line->words, NULL);
}

static enum vtl_exit wrong_option(const struct vtl *vtl, const char *word)
{
	const char *words[VTL_MAX_OPTIONS + 3], *near;
	const struct vtl_option *own = vtl->command->options;
	size_t count = 0, length = strcspn(word, "=");
	g_autofree char *name = g_strndup(word, length);

	for (size_t i = 0; i < VTL_MAX_OPTIONS && own[i].name != NULL; i++) {
		const char *value;

		if (is_option(&own[i], word, &value))
			return vtl_fail_code(VTL_USAGE, "%s needs a value: --%s %s", word,
					     own[i].name, own[i].value);
		words[count++] = own[i].name;
	}
	for (const struct vtl_option *o = vtl_global_options; o->name != NULL; o++)
		words[count++] = o->name;
	near = g_str_has_prefix(name, "--") ? library_nearest(name + 2, words, count) : NULL;
	return vtl_fail_code(VTL_USAGE, "there is no option %s%s%s%s (--help lists all)", name,
			     near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
			     near != NULL ? "?" : "");
}

/* ---- the command ---- */

static bool has_noun(const char *noun)
{
	for (size_t i = 0; vtl_commands[i] != NULL; i++)
		for (const struct vtl_command *c = vtl_commands[i]; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0)
				return true;
	return false;
}

static const struct vtl_command *find_command(const char *noun, const char *verb)
{
	for (size_t i = 0; vtl_commands[i] != NULL; i++)
		for (const struct vtl_command *c = vtl_commands[i]; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0 &&
			    (c->verb == NULL || g_strcmp0(c->verb, verb) == 0))
				return c;
	return NULL;
}

/* No such noun (@noun NULL: none is right), or no such verb of @noun. */
static enum vtl_exit wrong_word(const char *noun, const char *word)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	const char *near;

	for (size_t i = 0; vtl_commands[i] != NULL; i++)
		for (const struct vtl_command *c = vtl_commands[i]; c->noun != NULL; c++)
			if (noun == NULL || strcmp(c->noun, noun) == 0)
				g_ptr_array_add(
					words,
					(gpointer)(guintptr)(noun == NULL ? c->noun : c->verb));
	near = library_nearest(word, (const char *const *)words->pdata, words->len);
	return vtl_fail_code(VTL_USAGE, "there is no command \"%s%s%s\"%s%s%s (vtl%s%s --help)",
			     noun == NULL ? "" : noun, noun == NULL ? "" : " ", word,
			     near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
			     near != NULL ? "\"?" : "", noun == NULL ? "" : " ",
			     noun == NULL ? "" : noun);
}

/* Without a command that could run: help, or what is wrong with the words. */
static enum vtl_exit without_command(const struct line *line)
{
	char **words = (char **)line->words->pdata;

	if (words[0] != NULL && !has_noun(words[0]))
		return wrong_word(NULL, words[0]);
	if (words[0] != NULL && words[1] != NULL)
		return wrong_word(words[0], words[1]);
	if (words[0] != NULL)
		help_noun(line->help ? stdout : stderr, words[0]);
	else
		help_map(line->help ? stdout : stderr);
	return line->help ? VTL_OK : VTL_USAGE;
}

static enum vtl_exit run(struct vtl *vtl, const struct line *line)
{
	const struct vtl_command *c = vtl->command;
	unsigned skip = c->verb == NULL ? 1 : 2;
	char **args = (char **)line->words->pdata + skip;
	unsigned count = line->words->len - 1 - skip;

	if (line->help) {
		help_command(stdout, c);
		return VTL_OK;
	}
	if (line->wrong != NULL)
		return wrong_option(vtl, line->wrong);
	if (count < c->min || count > c->max)
		return vtl_fail_code(VTL_USAGE, "usage: vtl %s%s%s%s%s [options] (--help explains)",
				     c->noun, c->verb != NULL ? " " : "",
				     c->verb != NULL ? c->verb : "", *c->args != '\0' ? " " : "",
				     c->args);
	vtl->json = line->json;
	return c->run(vtl, args);
}

static enum vtl_exit vtl_main(char **argv)
{
	g_autoptr(GPtrArray) first_words = g_ptr_array_new(), words = g_ptr_array_new();
	struct line first = { .words = first_words }, line = { .words = words };
	struct vtl vtl = { 0 };
	enum vtl_exit code;
	char **word;

	/* the words before any option's value name the command; its row then says what the rest is
	 */
	parse(&vtl, argv, 1, &first);
	word = (char **)first_words->pdata;
	if (first.version) {
		(void)printf("vtl %s\n", VTL_VERSION);
		return VTL_OK;
	}
	if (word[0] != NULL)
		vtl.command = find_command(word[0], word[1]);
	if (vtl.command == NULL)
		return without_command(&first);
	parse(&vtl, argv, 1, &line);
	code = run(&vtl, &line);
	control_client_free(vtl.client);
	g_clear_error(&vtl.unreachable);
	g_strfreev(vtl.online);
	return code;
}

int main(int argc, char **argv)
{
	enum vtl_exit code;

	(void)argc;
	(void)setlocale(LC_CTYPE, "");
	(void)CONTROL_ERROR; /* a service's errors are understood once the domain is known */
	code = vtl_main(argv);
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == VTL_OK)
		code = vtl_fail_code(VTL_FAILED, "cannot write the output");
	return (int)code;
}
