#include "listening/fingerprint.h"

#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	EMBED = 8,	/* steps that are compared together: 4 s */
	KEYS_TRIED = 3, /* of twelve transpositions, those in which the sums of both are most alike */
	LEAST = 2 * EMBED,
};

/* Of all pairs of moments, those among the nearest of both, in this part, recur; leaving the way costs. */
static const float nearest_part = 0.1F, leave_cost = 0.5F, stay_away_cost = 0.7F;

void fingerprint_make(struct fingerprint *print, const struct harmony *harmony, double from_s, double to_s)
{
	double last = fmin(to_s, (double)harmony->spectra / harmony->rate);
	size_t steps = last > from_s ? (size_t)((last - from_s) / FINGERPRINT_STEP_S) : 0;
	*print = (struct fingerprint){.steps = steps < FINGERPRINT_MOST ? steps : FINGERPRINT_MOST};
	print->classes = memory_array(print->steps * CLASSES + 1, 1);
	for (size_t s = 0; s < print->steps; s++) {
		double at = from_s + (double)s * FINGERPRINT_STEP_S;
		struct chroma chroma = harmony_between(harmony, at, at + FINGERPRINT_STEP_S);
		float most = 1e-6F;
		for (size_t c = 0; c < CLASSES; c++)
			most = fmaxf(most, chroma.classes[c] + chroma.lowest[c]);
		for (size_t c = 0; c < CLASSES; c++)
			print->classes[s * CLASSES + c] =
				(uint8_t)lroundf(15 * (chroma.classes[c] + chroma.lowest[c]) / most);
	}
}

void fingerprint_finish(struct fingerprint *print)
{
	free(print->classes);
	*print = (struct fingerprint){0};
}

char *fingerprint_text(const struct fingerprint *print)
{
	static const char digits[] = "0123456789abcdef";
	char *text = memory_array(print->steps * CLASSES + 1, 1);
	for (size_t i = 0; i < print->steps * CLASSES; i++)
		text[i] = digits[print->classes[i] & 15];
	return text;
}

int fingerprint_parse(struct fingerprint *print, const char *text)
{
	const size_t length = strlen(text);
	*print = (struct fingerprint){0};
	if (length % CLASSES != 0 || length > (size_t)FINGERPRINT_MOST * CLASSES ||
		strspn(text, "0123456789abcdef") != length)
		return -EINVAL;
	print->steps = length / CLASSES;
	print->classes = memory_array(length + 1, 1);
	for (size_t i = 0; i < length; i++)
		print->classes[i] = (uint8_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	return 0;
}

/* ---- comparing ---- */

static void normalised(const struct fingerprint *print, int up, float *out)
{
	for (size_t s = 0; s < print->steps; s++) {
		float square = 1e-6F;
		for (int c = 0; c < CLASSES; c++)
			square += (float)(print->classes[s * CLASSES + (size_t)c] *
					  print->classes[s * CLASSES + (size_t)c]);
		for (int c = 0; c < CLASSES; c++)
			out[s * CLASSES + (size_t)((c + up) % CLASSES)] =
				(float)print->classes[s * CLASSES + (size_t)c] / sqrtf(square);
	}
}

/* Transpositions of `b` from the most likely on. */
static void rank_keys(const struct fingerprint *a, const struct fingerprint *b, int *keys)
{
	double of_a[CLASSES] = {0}, of_b[CLASSES] = {0}, fit[CLASSES] = {0};
	for (size_t i = 0; i < a->steps * CLASSES; i++)
		of_a[i % CLASSES] += a->classes[i];
	for (size_t i = 0; i < b->steps * CLASSES; i++)
		of_b[i % CLASSES] += b->classes[i];
	for (int up = 0; up < CLASSES; up++)
		for (int c = 0; c < CLASSES; c++)
			fit[up] += of_a[(c + up) % CLASSES] * of_b[c];
	for (int k = 0; k < KEYS_TRIED; k++) {
		int top = 0;
		for (int up = 1; up < CLASSES; up++)
			top = fit[up] > fit[top] ? up : top;
		keys[k] = top;
		fit[top] = -1;
	}
}

struct recurrence {
	size_t rows, columns;
	float *alike;	 /* of the steps; then of EMBED of them from each on */
	uint8_t *recurs; /* 1: among a row's nearest; 2: among a column's */
};

static void compare_steps(struct recurrence *r, const float *a, const float *b)
{
	for (size_t i = 0; i < r->rows; i++)
		for (size_t j = 0; j < r->columns; j++) {
			float sum = 0;
			for (size_t c = 0; c < CLASSES; c++)
				sum += a[i * CLASSES + c] * b[j * CLASSES + c];
			r->alike[i * r->columns + j] = sum;
		}
	for (size_t i = 0; i < r->rows; i++)
		for (size_t j = 0; j < r->columns; j++) {
			float sum = 0;
			for (size_t k = 0; k < EMBED && i + k < r->rows && j + k < r->columns; k++)
				sum += r->alike[(i + k) * r->columns + j + k];
			r->alike[i * r->columns + j] = sum;
		}
}

/* The value that `part` of `count` values, `stride` apart, are above: by counting in fine boxes. */
static float nearest_above(const float *values, size_t count, size_t stride)
{
	enum { BOXES = 512 };
	size_t boxes[BOXES] = {0}, wanted = (size_t)((float)count * nearest_part) + 1, seen = 0;
	for (size_t i = 0; i < count; i++) {
		float box = values[i * stride] * (BOXES - 1) / EMBED;
		boxes[(size_t)fmaxf(0, fminf(BOXES - 1, box))]++;
	}
	size_t box = BOXES;
	while (box > 0 && seen < wanted)
		seen += boxes[--box];
	return (float)box * EMBED / (BOXES - 1);
}

static void mark(struct recurrence *r)
{
	for (size_t i = 0; i < r->rows; i++) {
		float least = nearest_above(r->alike + i * r->columns, r->columns, 1);
		for (size_t j = 0; j < r->columns; j++)
			r->recurs[i * r->columns + j] |= r->alike[i * r->columns + j] >= least;
	}
	for (size_t j = 0; j < r->columns; j++) {
		float least = nearest_above(r->alike + j, r->rows, r->columns);
		for (size_t i = 0; i < r->rows; i++)
			r->recurs[i * r->columns + j] |=
				(uint8_t)(2 * (r->alike[i * r->columns + j] >= least));
	}
}

static float most_of(float a, float b, float c)
{
	return fmaxf(a, fmaxf(b, c));
}

/* The longest way: straight on, or twice as fast in one of both; `alike` is written over. */
static float longest_way(struct recurrence *r)
{
	float longest = 0, *q = r->alike;
	for (size_t i = 0; i < r->rows; i++)
		for (size_t j = 0; j < r->columns; j++) {
			float way = 0;
			if (i >= 2 && j >= 2) {
				const size_t one = (i - 1) * r->columns + j - 1,
					     two = (i - 2) * r->columns + j - 1,
					     half = (i - 1) * r->columns + j - 2;
				if (r->recurs[i * r->columns + j] == 3)
					way = most_of(q[one], q[two], q[half]) + 1;
				else
					way = fmaxf(0,
						most_of(q[one] - (r->recurs[one] == 3 ? leave_cost
										      : stay_away_cost),
							q[two] - (r->recurs[two] == 3 ? leave_cost
										      : stay_away_cost),
							q[half] - (r->recurs[half] == 3 ? leave_cost
											: stay_away_cost)));
			}
			q[i * r->columns + j] = way;
			longest = fmaxf(longest, way);
		}
	return longest;
}

static double way_in_key(const struct fingerprint *a, const struct fingerprint *b, int up)
{
	struct recurrence r = {.rows = a->steps, .columns = b->steps};
	float *rows = memory_array(a->steps * CLASSES, sizeof(*rows));
	float *columns = memory_array(b->steps * CLASSES, sizeof(*columns));
	r.alike = memory_array(r.rows * r.columns, sizeof(*r.alike));
	r.recurs = memory_array(r.rows * r.columns, 1);
	normalised(a, 0, rows);
	normalised(b, up, columns);
	compare_steps(&r, rows, columns);
	mark(&r);
	double way = longest_way(&r);
	free(rows);
	free(columns);
	free(r.alike);
	free(r.recurs);
	return way;
}

struct fingerprint_match fingerprint_compare(const struct fingerprint *a, const struct fingerprint *b)
{
	struct fingerprint_match match = {0};
	int keys[KEYS_TRIED];
	if (a->steps < LEAST || b->steps < LEAST)
		return match;
	rank_keys(a, b, keys);
	for (int k = 0; k < KEYS_TRIED; k++) {
		double way = way_in_key(a, b, keys[k]) / (double)(a->steps < b->steps ? a->steps : b->steps);
		if (way <= match.likeness)
			continue;
		match.likeness = way;
		match.semitones = keys[k] > CLASSES / 2 ? keys[k] - CLASSES : keys[k];
	}
	return match;
}

double fingerprint_confidence(double likeness)
{
	const double even = 0.68, slope = 25;
	return 1 / (1 + exp(-slope * (likeness - even)));
}
