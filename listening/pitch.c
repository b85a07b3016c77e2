#include "listening/pitch.h"

#include "audio/fastmath.h"
#include "common/memory.h"
#include "listening/thin.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOP = 256,
	LAGS = 400,   /* of the slowest: 30 Hz at 12 kHz, the lowest string of a bass that has five */
	WINDOW = 384, /* a longer one blurs notes of a tenth of a second */
	HELD = WINDOW + LAGS,
	SHORTEST = 6,
	THRESHOLDS = 64,
	BLOCK = 1024,
};

struct pitch {
	struct thin *thin;
	double rate;
	float held[HELD + HOP]; /* the newest samples at the end of the first HELD */
	size_t waiting;
	float prior[THRESHOLDS]; /* of threshold (i + 1) / THRESHOLDS */
	struct pitch_frame *frames;
	size_t count, room;
};

/* Thresholds are distributed as Beta(2, 18): about 0.1. */
static void lay_prior(struct pitch *pitch)
{
	double sum = 0;
	for (size_t i = 0; i < THRESHOLDS; i++) {
		double x = ((double)i + 0.5) / THRESHOLDS;
		pitch->prior[i] = (float)(x * pow(1 - x, 17));
		sum += pitch->prior[i];
	}
	for (size_t i = 0; i < THRESHOLDS; i++)
		pitch->prior[i] /= (float)sum;
}

int pitch_create(struct pitch **pitch, uint32_t rate, struct error *e)
{
	struct thin *thin = thin_create(rate);
	if (!thin)
		return error_set(e, EINVAL, "pitches at %u Hz; 8 to 384 kHz", rate);
	struct pitch *made = memory_new(sizeof(*made));
	made->thin = thin;
	made->rate = thin_rate(thin);
	lay_prior(made);
	*pitch = made;
	return 0;
}

void pitch_destroy(struct pitch *pitch)
{
	if (!pitch)
		return;
	thin_destroy(pitch->thin);
	free(pitch->frames);
	free(pitch);
}

double pitch_rate(const struct pitch *pitch)
{
	return pitch->rate / HOP;
}

/* How much the window differs from itself `lag` later, by the mean of that of all shorter lags (YIN's steps 2
 * and 3). */
static void differences(const float *x, float *out)
{
	float sum[LAGS] = {0};
	for (size_t i = 0; i < WINDOW; i++)
		for (size_t lag = 0; lag < LAGS; lag++) {
			float off = x[i] - x[i + lag];
			sum[lag] += off * off;
		}
	float all = 0;
	out[0] = 1;
	for (size_t lag = 1; lag < LAGS; lag++) {
		all += sum[lag];
		out[lag] = all > 0 ? sum[lag] * (float)lag / all : 1;
	}
}

static void add_candidate(struct pitch_frame *frame, float note, float probability)
{
	size_t place = PITCH_CANDIDATES;
	while (place > 0 && probability > frame->candidates[place - 1].probability)
		place--;
	if (place == PITCH_CANDIDATES)
		return;
	memmove(frame->candidates + place + 1, frame->candidates + place,
		(PITCH_CANDIDATES - 1 - place) * sizeof(*frame->candidates));
	frame->candidates[place] = (struct pitch_candidate){note, probability};
}

static float note_of(const struct pitch *pitch, const float *d, size_t lag)
{
	double bend = d[lag - 1] - 2 * d[lag] + d[lag + 1];
	double off = bend > 0 ? 0.5 * (d[lag - 1] - d[lag + 1]) / bend : 0;
	return (float)(69 + 12 * fast_log2(pitch->rate / ((double)lag + fmax(-1, fmin(1, off))) / 440));
}

/* A dip's probability is that of all thresholds for which it is the first one below. */
static void find_candidates(const struct pitch *pitch, const float *d, struct pitch_frame *frame)
{
	/* The thresholds below the least dip so far: index of the first that is not. */
	size_t left = THRESHOLDS, lowest = 0;
	for (size_t lag = SHORTEST; lag + 1 < LAGS; lag++) {
		if (!(d[lag] < d[lag - 1] && d[lag] <= d[lag + 1]))
			continue;
		lowest = lowest == 0 || d[lag] < d[lowest] ? lag : lowest;
		size_t first = (size_t)fmaxf(0, d[lag] * THRESHOLDS);
		if (first >= left)
			continue;
		float probability = 0;
		for (size_t i = first; i < left; i++)
			probability += pitch->prior[i];
		left = first;
		add_candidate(frame, note_of(pitch, d, lag), probability);
	}
	/* Where no dip is deep enough, the deepest one is still the best guess, but not much of one. */
	float rest = 0;
	for (size_t i = 0; i < left; i++)
		rest += pitch->prior[i];
	if (lowest > 0)
		add_candidate(frame, note_of(pitch, d, lowest), 0.02F * rest);
}

static void hear_frame(struct pitch *pitch)
{
	if (pitch->count >= pitch->room) {
		pitch->room = pitch->room ? 2 * pitch->room : 4096;
		pitch->frames = memory_grow(pitch->frames, pitch->room, sizeof(*pitch->frames));
	}
	struct pitch_frame *frame = &pitch->frames[pitch->count++];
	float d[LAGS];
	*frame = (struct pitch_frame){0};
	for (size_t i = 0; i < HELD; i++)
		frame->power += pitch->held[i] * pitch->held[i] / HELD;
	if (!(frame->power > 1e-12F))
		return;
	differences(pitch->held, d);
	find_candidates(pitch, d, frame);
}

static void hear(struct pitch *pitch, const double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pitch->held[HELD + pitch->waiting] = (float)samples[i];
		if (++pitch->waiting < HOP)
			continue;
		pitch->waiting = 0;
		memmove(pitch->held, pitch->held + HOP, HELD * sizeof(*pitch->held));
		hear_frame(pitch);
	}
}

void pitch_add(struct pitch *pitch, const double *samples, size_t count)
{
	double thin[THIN_CHUNK];
	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < BLOCK ? count - done : BLOCK;
		hear(pitch, thin, thin_add(pitch->thin, samples + done, n, thin));
	}
}

const struct pitch_frame *pitch_frames(const struct pitch *pitch, size_t *count)
{
	/* The window's middle is HELD / 2 behind its end: that many hops are before the beginning. */
	const size_t early = HELD / 2 / HOP;
	*count = pitch->count > early ? pitch->count - early : 0;
	return pitch->frames + (pitch->count > early ? early : 0);
}
