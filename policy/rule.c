/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c: see rule.h.  A kind of condition is a row: its word, how its value is read, whether it
 * holds, and what it met.
 */
#include "policy/rule.h"

#include <string.h>

#include "lib/library/library.h"
#include "policy/error.h"

#define DAY_MINUTES 1440

enum value_kind {
	VALUE_DURATION,
	VALUE_SIZE,
	VALUE_PERCENT,
	VALUE_STATE,
	VALUE_PATTERN,
};

struct condition {
	const struct condition_row *row;
	char *text; /* the value as it stands in the file; owned */
	uint64_t number;
};

struct condition_row {
	const char *word;
	enum value_kind kind;
	bool (*holds)(const struct condition *c, const struct rule_facts *f);
	void (*met)(const struct rule_facts *f, GString *out); /* appends the present value */
};

struct rule {
	char *name;
	char *library;      /* pattern */
	bool scheduled;     /* only from `from` to `to` */
	unsigned from, to;  /* minutes of the day; from > to passes midnight */
	GArray *conditions; /* struct condition */
	enum rule_action action;
	char **drives;
	unsigned copies;
};

/* ---- conditions ---- */

static bool idle_holds(const struct condition *c, const struct rule_facts *f)
{
	return !f->in_drive && f->now_s - f->used_s >= (int64_t)c->number;
}

static void idle_met(const struct rule_facts *f, GString *out)
{
	if (f->in_drive)
		g_string_append(out, "in a drive now");
	else
		g_string_append_printf(out, "last used %" G_GINT64_FORMAT " s ago",
				       f->now_s - f->used_s);
}

static bool unwritten_holds(const struct condition *c, const struct rule_facts *f)
{
	return f->now_s - f->info->last_write_s >= (int64_t)c->number;
}

static void unwritten_met(const struct rule_facts *f, GString *out)
{
	if (f->info->last_write_s == 0)
		g_string_append(out, "never written");
	else
		g_string_append_printf(out, "last written %" G_GINT64_FORMAT " s ago",
				       f->now_s - f->info->last_write_s);
}

static bool over_holds(const struct condition *c, const struct rule_facts *f)
{
	return f->info->stored_bytes > c->number;
}

static bool under_holds(const struct condition *c, const struct rule_facts *f)
{
	return f->info->stored_bytes < c->number;
}

static void size_met(const struct rule_facts *f, GString *out)
{
	g_string_append_printf(out, "%" G_GUINT64_FORMAT " bytes", f->info->stored_bytes);
}

static bool state_holds(const struct condition *c, const struct rule_facts *f)
{
	return strcmp(cart_state_name(f->info->state), c->text) == 0;
}

static void state_met(const struct rule_facts *f, GString *out)
{
	g_string_append(out, cart_state_name(f->info->state));
}

static bool barcode_holds(const struct condition *c, const struct rule_facts *f)
{
	return g_pattern_match_simple(c->text, f->info->barcode);
}

static void barcode_met(const struct rule_facts *f, GString *out)
{
	g_string_append(out, f->info->barcode);
}

static bool pool_holds(const struct condition *c, const struct rule_facts *f)
{
	return f->pool_used > c->number;
}

static void pool_met(const struct rule_facts *f, GString *out)
{
	g_string_append_printf(out, "%u%%", f->pool_used);
}

/* clang-format off */
static const struct condition_row rows[] = {
	/* word               value           holds            met */
	{ "not-mounted-for",  VALUE_DURATION, idle_holds,      idle_met },
	{ "not-written-for",  VALUE_DURATION, unwritten_holds, unwritten_met },
	{ "size-over",        VALUE_SIZE,     over_holds,      size_met },
	{ "size-under",       VALUE_SIZE,     under_holds,     size_met },
	{ "state",            VALUE_STATE,    state_holds,     state_met },
	{ "barcode",          VALUE_PATTERN,  barcode_holds,   barcode_met },
	{ "pool-used-over",   VALUE_PERCENT,  pool_holds,      pool_met },
};
/* clang-format on */

static const struct condition_row *find_row(const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return &rows[i];
	return NULL;
}

/* ---- parsing ---- */

bool rule_parse_duration(const char *text, int64_t *ret_s)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	const char *end = text + strspn(text, "0123456789");
	g_autofree char *digits = g_strndup(text, (gsize)(end - text));
	guint64 n;

	if (!g_ascii_string_to_unsigned(digits, 10, 0, INT32_MAX, &n, NULL) || *end == '\0' ||
	    end[1] != '\0')
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (units[i].unit == *end) {
			*ret_s = (int64_t)n * units[i].seconds;
			return true;
		}
	}
	return false;
}

static bool parse_percent(const char *text, uint64_t *ret)
{
	size_t n = strspn(text, "0123456789");
	g_autofree char *digits = g_strndup(text, n);
	guint64 value;

	if (strcmp(text + n, "%") != 0 ||
	    !g_ascii_string_to_unsigned(digits, 10, 0, 100, &value, NULL))
		return false;
	*ret = value;
	return true;
}

static bool is_state(const char *text)
{
	return strcmp(text, cart_state_name(CART_RESIDENT)) == 0 ||
	       strcmp(text, cart_state_name(CART_PREMIGRATED)) == 0;
}

/* NULL, or what a value of this kind looks like. */
static const char *parse_value(struct condition *c)
{
	int64_t seconds;

	switch (c->row->kind) {
	case VALUE_DURATION:
		if (!rule_parse_duration(c->text, &seconds))
			return "a number with s, m, h, d or w, as 30d";
		c->number = (uint64_t)seconds;
		return NULL;
	case VALUE_SIZE:
		return library_parse_size(c->text, &c->number) ? NULL : "a size, as 10G";
	case VALUE_PERCENT:
		return parse_percent(c->text, &c->number) ? NULL : "a percentage, as 85%";
	case VALUE_STATE:
		return is_state(c->text) ? NULL : "resident or premigrated";
	case VALUE_PATTERN:
		return *c->text != '\0' ? NULL : "a pattern with * and ?, as TAP*";
	default:
		return "something else";
	}
}

static gboolean invalid(GError **error, const char *rule, const char *key, const char *value,
			const char *remedy)
{
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID, "rule %s: %s=%s is wrong: use %s",
		    rule, key, value, remedy);
	return FALSE;
}

static gboolean parse_condition(struct rule *rule, char *text, GError **error)
{
	struct condition c = { 0 };
	char *value = strchr(text, ' ');
	const char *remedy;

	if (value != NULL)
		*value++ = '\0';
	c.row = find_row(text);
	if (c.row == NULL)
		return invalid(error, rule->name, "if", text,
			       "conditions of: not-mounted-for, not-written-for, size-over, "
			       "size-under, state, barcode, pool-used-over");
	c.text = g_strdup(value == NULL ? "" : g_strstrip(value));
	remedy = parse_value(&c);
	g_array_append_val(rule->conditions, c);
	if (remedy == NULL)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID, "rule %s: if=%s %s is wrong: use %s",
		    rule->name, text, c.text, remedy);
	return FALSE;
}

static gboolean parse_conditions(struct rule *rule, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text == NULL ? "" : text, ";", -1);

	for (char **p = parts; *p != NULL; p++)
		if (*g_strstrip(*p) != '\0' && !parse_condition(rule, *p, error))
			return FALSE;
	if (rule->conditions->len > 0)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
		    "rule %s has no condition: add one, as if=not-mounted-for 30d", rule->name);
	return FALSE;
}

static bool parse_minute(const char *text, unsigned *ret)
{
	if (strlen(text) != 5 || text[2] != ':' || !g_ascii_isdigit(text[0]) ||
	    !g_ascii_isdigit(text[1]) || !g_ascii_isdigit(text[3]) || !g_ascii_isdigit(text[4]))
		return false;
	*ret = (unsigned)((text[0] - '0') * 600 + (text[1] - '0') * 60 + (text[3] - '0') * 10 +
			  (text[4] - '0'));
	return *ret <= DAY_MINUTES && text[3] < '6';
}

static gboolean parse_when(struct rule *rule, const struct rule_text *text, GError **error)
{
	g_auto(GStrv) ends = NULL;

	rule->scheduled = g_strcmp0(text->when, "schedule") == 0;
	if (text->when != NULL && !rule->scheduled && strcmp(text->when, "idle") != 0)
		return invalid(error, rule->name, "when", text->when, "idle or schedule");
	if (rule->scheduled != (text->at != NULL))
		return invalid(error, rule->name, "at", text->at == NULL ? "" : text->at,
			       "at= together with when=schedule, as at=22:00-06:00");
	if (!rule->scheduled)
		return TRUE;
	ends = g_strsplit(text->at, "-", 2);
	if (g_strv_length(ends) == 2 && parse_minute(ends[0], &rule->from) &&
	    parse_minute(ends[1], &rule->to))
		return TRUE;
	return invalid(error, rule->name, "at", text->at, "HH:MM-HH:MM, as 22:00-06:00");
}

static gboolean parse_then(struct rule *rule, const struct rule_text *text, GError **error)
{
	guint64 copies = 1;

	if (g_strcmp0(text->then, "migrate") == 0)
		rule->action = RULE_MIGRATE;
	else if (g_strcmp0(text->then, "copy") == 0)
		rule->action = RULE_COPY;
	else
		return invalid(error, rule->name, "then", text->then == NULL ? "" : text->then,
			       "migrate or copy");
	if (text->copies != NULL &&
	    !g_ascii_string_to_unsigned(text->copies, 10, 1, CART_MAX_COPIES, &copies, NULL))
		return invalid(error, rule->name, "copies", text->copies, "a number from 1 to 8");
	rule->copies = (unsigned)copies;
	rule->drives = g_strsplit(text->to == NULL ? "" : text->to, ";", -1);
	for (char **d = rule->drives; *d != NULL; d++)
		if (*g_strstrip(*d) == '\0' && d[1] != NULL)
			return invalid(error, rule->name, "to", text->to, "drives, as phys1;phys2");
	/* a ';' at the end, or an empty list, leaves an empty name */
	for (guint n = g_strv_length(rule->drives); n > 0 && *rule->drives[n - 1] == '\0'; n--)
		g_clear_pointer(&rule->drives[n - 1], g_free);
	return TRUE;
}

static void condition_clear(void *data)
{
	struct condition *c = data;

	g_free(c->text);
}

struct rule *rule_parse(const char *name, const struct rule_text *text, GError **error)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->name = g_strdup(name);
	rule->library = g_strdup(text->library == NULL ? "*" : text->library);
	rule->conditions = g_array_new(FALSE, FALSE, sizeof(struct condition));
	g_array_set_clear_func(rule->conditions, condition_clear);
	if (parse_when(rule, text, error) && parse_conditions(rule, text->condition, error) &&
	    parse_then(rule, text, error))
		return rule;
	rule_free(rule);
	return NULL;
}

void rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	g_array_unref(rule->conditions);
	g_strfreev(rule->drives);
	g_free(rule->library);
	g_free(rule->name);
	g_free(rule);
}

/* ---- what it says ---- */

const char *rule_name(const struct rule *rule)
{
	return rule->name;
}

enum rule_action rule_action(const struct rule *rule)
{
	return rule->action;
}

unsigned rule_copies(const struct rule *rule)
{
	return rule->copies;
}

const char *const *rule_drives(const struct rule *rule)
{
	return (const char *const *)rule->drives;
}

unsigned rule_good_copies(const struct cart_info *info)
{
	unsigned good = 0;

	for (unsigned i = 0; i < info->copies_cnt; i++)
		good += info->copies[i].generation == info->generation;
	return good;
}

static const char *const partitioned[CART_PARTITIONS + 1] = {
	[2] = "it has 2 partitions; the native form holds one recording",
	[3] = "it has 3 partitions; the native form holds one recording",
	[4] = "it has 4 partitions; the native form holds one recording",
};

const char *rule_obstacle(const struct rule_facts *f)
{
	if (f->info->state == CART_DAMAGED)
		return "it is damaged";
	if (f->info->state == CART_MIGRATED)
		return "it is migrated already";
	if (f->info->state == CART_RECALLING)
		return "it is being recalled";
	if (f->in_drive || f->info->mounted)
		return "it is in a drive";
	if (f->info->layout.partitions > 1)
		return partitioned[MIN(f->info->layout.partitions, CART_PARTITIONS)];
	if (f->info->objects == 0)
		return "it is blank";
	return NULL;
}

static bool in_window(const struct rule *rule, unsigned minute)
{
	if (rule->from <= rule->to)
		return minute >= rule->from && minute < rule->to;
	return minute >= rule->from || minute < rule->to;
}

bool rule_matches(const struct rule *rule, const struct rule_facts *facts)
{
	if (!g_pattern_match_simple(rule->library, facts->library))
		return false;
	if (rule->scheduled && !in_window(rule, facts->minute))
		return false;
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *c = &g_array_index(rule->conditions, struct condition, i);

		if (!c->row->holds(c, facts))
			return false;
	}
	return true;
}

void rule_explain(const struct rule *rule, const struct rule_facts *facts, GString *out)
{
	bool holds = g_pattern_match_simple(rule->library, facts->library);

	g_string_append_printf(out, "  library %s: %s (%s)\n", rule->library, holds ? "yes" : "no",
			       facts->library);
	if (rule->scheduled)
		g_string_append_printf(out, "  at %02u:%02u-%02u:%02u: %s (it is %02u:%02u)\n",
				       rule->from / 60, rule->from % 60, rule->to / 60,
				       rule->to % 60, in_window(rule, facts->minute) ? "yes" : "no",
				       facts->minute / 60, facts->minute % 60);
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *c = &g_array_index(rule->conditions, struct condition, i);

		g_string_append_printf(out, "  %s %s: %s (", c->row->word, c->text,
				       c->row->holds(c, facts) ? "yes" : "no");
		c->row->met(facts, out);
		g_string_append(out, ")\n");
	}
}
