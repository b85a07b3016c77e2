#include "config/faults.h"

#include "common/memory.h"
#include "config/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
	faults->starved |= other->starved;
	faults->others = memory_grow(faults->others, faults->other_count + 1, sizeof(*faults->others));
	faults->others[faults->other_count++] = *other;
	*other = (struct faults){0};
}

int faults_result(const struct faults *faults)
{
	if (faults->errors == 0)
		return 0;
	return faults->starved ? -ENOMEM : -EINVAL;
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

const struct fault **faults_sorted(const struct faults *faults)
{
	const struct fault **list = memory_array(faults->count, sizeof(struct fault *));
	for (size_t i = 0; i < faults->count; i++)
		list[i] = &faults->list[i];
	qsort(list, faults->count, sizeof(struct fault *), compare);
	return list;
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
	int line = first->line > 0 ? first->line : 1, column = first->line > 0 ? first->column : 1;
	error_set(e, 0, "%.*s:%d:%d: error: %s", (int)sizeof(e->text) / 2, faults->file, line, column,
		first->text);
}
