#include "listening/evidence.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

static const float most_deviations = 3;

/* Frames either way that count as the same moment. */
enum { NEAR = 2 };

static const double change_span_s = 0.5;

static void spread(float *out, const float *in, size_t frames)
{
	for (size_t n = 0; n < frames; n++) {
		size_t first = n > NEAR ? n - NEAR : 0, last = n + NEAR < frames ? n + NEAR : frames - 1;
		for (size_t i = first; i <= last; i++)
			out[n] = fmaxf(out[n], in[i]);
	}
}

static void standardise(float *row, size_t frames)
{
	double mean = 0, square = 0;
	for (size_t n = 0; n < frames; n++)
		mean += row[n] / (double)frames;
	for (size_t n = 0; n < frames; n++)
		square += (row[n] - mean) * (row[n] - mean) / (double)frames;
	const float scale = (float)(1 / (sqrt(square) + 1e-6));
	for (size_t n = 0; n < frames; n++)
		row[n] = fminf(most_deviations, (row[n] - (float)mean) * scale);
}

void evidence_make(struct evidence *evidence, const struct together *together, const struct harmony *harmony)
{
	const float *rows[] = {together->onset, together->kick, together->snare, together->hat,
		together->bass, together->notes};
	*evidence = (struct evidence){.rate = together->rate, .frames = together->frames};
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++) {
		float *row = evidence->row[kind] = memory_array(together->frames, sizeof(*row));
		if (kind != EVIDENCE_CHANGE)
			spread(row, rows[kind], together->frames);
		for (size_t n = 0; kind == EVIDENCE_CHANGE && n < together->frames; n++)
			row[n] = (float)harmony_change(harmony, (double)n / together->rate, change_span_s);
		standardise(row, together->frames);
	}
}

void evidence_finish(struct evidence *evidence)
{
	for (size_t kind = 0; kind < EVIDENCE_KINDS; kind++)
		free(evidence->row[kind]);
	*evidence = (struct evidence){0};
}

float evidence_at(const struct evidence *evidence, enum evidence_kind kind, double frame)
{
	double last = (double)evidence->frames - 1;
	return evidence->row[kind][(size_t)fmax(0, fmin(last, frame))];
}
