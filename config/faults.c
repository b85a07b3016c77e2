#include "config/faults.h"

#include "common/memory.h"
#include "config/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void faults_init(struct faults *faults, const char *file)
{
	*faults = (struct faults){.file = memory_text(file)};
	utf8_make_visible(faults->file);
}

void faults_finish(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		free(faults->list[i].text);
	for (size_t i = 0; i < faults->other_count; i++)
		faults_finish(&faults->others[i]);
	free(faults->others);
	free(faults->list);
	free(faults->source);
	free(faults->file);
	*faults = (struct faults){0};
}

static void add(struct faults *faults, bool warning, int line, int column, const char *format, va_list args)
{
	faults->errors += !warning;
	if (faults->count >= FAULTS_MOST) {
		faults->more++;
		return;
	}
	char text[1024];
	vsnprintf(text, sizeof(text), format, args);
	utf8_make_visible(text);
	faults->list = memory_grow(faults->list, faults->count + 1, sizeof(*faults->list));
	faults->list[faults->count++] = (struct fault){warning, line, column, memory_text(text)};
}

void faults_add(struct faults *faults, int line, int column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(faults, false, line, column, format, args);
	va_end(args);
}

void faults_warn(struct faults *faults, int line, int column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(faults, true, line, column, format, args);
	va_end(args);
}

static bool has_other(const struct faults *faults, const char *file)
{
	for (size_t i = 0; i < faults->other_count; i++)
		if (strcmp(faults->others[i].file, file) == 0)
			return true;
	return false;
}

void faults_join(struct faults *faults, struct faults *other)
{
	if (other->count == 0 || has_other(faults, other->file)) {
		faults_finish(other);
		return;
	}
	faults->errors += other->errors;
	faults->others = memory_grow(faults->others, faults->other_count + 1, sizeof(*faults->others));
	faults->others[faults->other_count++] = *other;
	*other = (struct faults){0};
}

/* By place; what stands at one place stays in the order it was found. */
static int compare(const void *a, const void *b)
{
	const struct fault *x = *(const struct fault *const *)a, *y = *(const struct fault *const *)b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x < y ? -1 : 1;
}

static const struct fault **sorted(const struct faults *faults)
{
	const struct fault **list = memory_array(faults->count, sizeof(struct fault *));
	for (size_t i = 0; i < faults->count; i++)
		list[i] = &faults->list[i];
	qsort(list, faults->count, sizeof(struct fault *), compare);
	return list;
}

static void format_place(const struct faults *faults, const struct fault *fault, char *out, size_t size)
{
	if (fault->line > 0)
		snprintf(out, size, "%s:%d:%d: ", faults->file, fault->line, fault->column);
	else
		snprintf(out, size, "%s: ", faults->file);
}

/* The fault's line of the file; NULL when there is none or it is too long to be of help. */
static char *source_line(const struct faults *faults, int line)
{
	const char *start = line > 0 ? faults->source : NULL;
	while (start && --line > 0) {
		start = strchr(start, '\n');
		start = start ? start + 1 : NULL;
	}
	size_t length = start ? strcspn(start, "\r\n") : 0;
	if (length == 0 || length > 200)
		return NULL;
	char *text = memory_format("%.*s", (int)length, start);
	for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	utf8_make_visible(text);
	return text;
}

static void print_source(const struct faults *faults, const struct fault *fault, bool colour, FILE *stream)
{
	char *text = source_line(faults, fault->line);
	if (!text)
		return;
	const char *on = fault->warning ? "\033[33m" : "\033[31m";
	fprintf(stream, "    %s\n    %*s%s^%s\n", text, fault->column - 1, "", colour ? on : "",
		colour ? "\033[0m" : "");
	free(text);
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	return !(no && *no) && !(terminal && strcmp(terminal, "dumb") == 0);
}

static void print_fault(
	const struct faults *faults, const struct fault *fault, bool terminal, bool colour, FILE *stream)
{
	char place[4200];
	format_place(faults, fault, place, sizeof(place));
	const char *kind = fault->warning ? "warning" : "error";
	const char *on = fault->warning ? "\033[1;33m" : "\033[1;31m";
	if (colour)
		fprintf(stream, "\033[1m%s%s%s:\033[0m %s\n", place, on, kind, fault->text);
	else
		fprintf(stream, "%s%s: %s\n", place, kind, fault->text);
	if (terminal)
		print_source(faults, fault, colour, stream);
}

void faults_print(const struct faults *faults, FILE *stream)
{
	bool terminal = isatty(fileno(stream));
	bool colour = terminal && wants_colour();
	const struct fault **list = sorted(faults);
	for (size_t i = 0; i < faults->count; i++)
		print_fault(faults, list[i], terminal, colour, stream);
	free(list);
	if (faults->more > 0)
		fprintf(stream, "%s: error: %zu more faults are not shown\n", faults->file, faults->more);
	for (size_t i = 0; i < faults->other_count; i++)
		faults_print(&faults->others[i], stream);
}

void faults_first(const struct faults *faults, struct error *e)
{
	const struct fault *first = NULL;
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->list[i];
		if (!fault->warning && (!first || compare(&fault, &first) < 0))
			first = fault;
	}
	for (size_t i = 0; !first && i < faults->other_count; i++)
		if (faults->others[i].errors > 0) {
			faults_first(&faults->others[i], e);
			return;
		}
	if (!first)
		return;
	char place[sizeof(e->text) / 2];
	format_place(faults, first, place, sizeof(place));
	error_set(e, 0, "%serror: %s", place, first->text);
}
