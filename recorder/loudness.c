#include "recorder/loudness.h"

#include "audio/r128.h"
#include "audio/wide.h"
#include "common/memory.h"
#include "recorder/songs.h"

#include <math.h>
#include <stdlib.h>

/* Channels side by side: a filter waits for its own last sample, but not for its neighbour's. In 64 bit, for
 * rounding in 32 would be heard through a highpass this low; four of those are what most machines have lanes
 * for, and two such rows fill the time in which one waits. */
enum { ROW = 4, ROWS = 2, GROUP = ROWS * ROW, ALIGNMENT = 16 /* of allocated memory */ };
typedef double row __attribute__((vector_size(ROW * sizeof(double)), aligned(ALIGNMENT)));

enum { BLOCK_WINDOWS = 8, STEP_WINDOWS = 2 }; /* 400 ms, every 100 ms */

#define ABSOLUTE_GATE_LUFS (-70.0)
#define RELATIVE_GATE_LU (-10.0)

/* Below all hearing, and far above where numbers get slow. */
#define DECAYED 1e-30

/* BS.1770's two sections: the head's shelf, and a highpass with b = 1, -2, 1. What the shelf's b0 does to the
 * energy waits for the end of a window. */
struct weighting {
	double b1, b2, a1, a2, high_a1, high_a2, gain;
};

/* Of four channels. */
struct memory {
	row shelf1, shelf2, high1, high2; /* transposed direct form II */
	row sum;			  /* of squares, of the window under way */
};

struct windows {
	float *energy;
	size_t count, room;
};

struct loudness {
	struct weighting weighting;
	size_t window; /* frames */
	size_t filled; /* of the window under way */
	size_t channel_count, group_count, track_count;
	struct memory (*groups)[ROWS];
	uint32_t *channels;	/* a track */
	struct windows *tracks; /* `track_count` */
};

static struct weighting design(double rate)
{
	struct biquad sections[2];
	r128_weighting(sections, rate);
	const struct biquad *shelf = &sections[0], *high = &sections[1];
	return (struct weighting){
		.b1 = shelf->b1 / shelf->b0,
		.b2 = shelf->b2 / shelf->b0,
		.a1 = shelf->a1,
		.a2 = shelf->a2,
		.high_a1 = high->a1,
		.high_a2 = high->a2,
		.gain = shelf->b0 * shelf->b0,
	};
}

struct loudness *loudness_create(const uint32_t *channels, size_t tracks, uint32_t rate)
{
	struct loudness *loudness = memory_new(sizeof(*loudness));
	loudness->weighting = design(rate);
	loudness->window = (size_t)lround(rate * SONGS_WINDOW_S);
	loudness->track_count = tracks;
	loudness->channels = memory_array(tracks, sizeof(*loudness->channels));
	loudness->tracks = memory_array(tracks, sizeof(*loudness->tracks));
	for (size_t t = 0; t < tracks; t++) {
		loudness->channels[t] = channels[t];
		loudness->channel_count += channels[t];
	}
	loudness->group_count = (loudness->channel_count + GROUP - 1) / GROUP;
	loudness->groups = memory_array(loudness->group_count, sizeof(*loudness->groups));
	return loudness;
}

void loudness_destroy(struct loudness *loudness)
{
	if (!loudness)
		return;
	for (size_t t = 0; t < loudness->track_count; t++)
		free(loudness->tracks[t].energy);
	free(loudness->tracks);
	free(loudness->channels);
	free(loudness->groups);
	free(loudness);
}

static inline void weigh_row(const struct weighting *w, struct memory *m, const row *x)
{
	row y = *x + m->shelf1;
	m->shelf1 = w->b1 * *x + m->shelf2 - w->a1 * y;
	m->shelf2 = w->b2 * *x - w->a2 * y;
	row z = y + m->high1;
	m->high1 = m->high2 - (y + y) - w->high_a1 * z;
	m->high2 = y - w->high_a2 * z;
	m->sum += z * z;
}

WIDE static void weigh(const struct weighting *weighting, struct memory memory[ROWS],
	const float *const planes[GROUP], size_t frames)
{
	const struct weighting w = *weighting;
	struct memory first = memory[0], second = memory[1];
	const float *const *p = planes, *const *q = planes + ROW;
	for (size_t i = 0; i < frames; i++) {
		row x = {(double)p[0][i], (double)p[1][i], (double)p[2][i], (double)p[3][i]};
		weigh_row(&w, &first, &x);
		x = (row){(double)q[0][i], (double)q[1][i], (double)q[2][i], (double)q[3][i]};
		weigh_row(&w, &second, &x);
	}
	memory[0] = first;
	memory[1] = second;
}

static void add_run(struct loudness *loudness, const float *const *planes, size_t at, size_t frames)
{
	for (size_t g = 0; g < loudness->group_count; g++) {
		const float *own[GROUP];
		/* Lanes without a channel of their own listen to the last one's, for nothing. */
		for (size_t k = 0; k < GROUP; k++) {
			size_t channel = g * GROUP + k, last = loudness->channel_count - 1;
			own[k] = planes[channel < last ? channel : last] + at;
		}
		weigh(&loudness->weighting, loudness->groups[g], own, frames);
	}
}

static void keep(struct windows *windows, float energy)
{
	if (windows->count == windows->room) {
		size_t room = windows->room ? 2 * windows->room : 1024;
		float *grown = realloc(windows->energy, room * sizeof(*grown));
		if (!grown)
			return;
		windows->energy = grown;
		windows->room = room;
	}
	windows->energy[windows->count++] = energy;
}

/* What has decayed is nothing, and what is no number has to end some time. */
static void settle(row *memory)
{
	for (size_t k = 0; k < ROW; k++)
		if (!(fabs((*memory)[k]) > DECAYED && fabs((*memory)[k]) < 1 / DECAYED))
			(*memory)[k] = 0;
}

static void end_window(struct loudness *loudness)
{
	size_t channel = 0;
	for (size_t t = 0; t < loudness->track_count; t++) {
		double sum = 0;
		for (uint32_t c = 0; c < loudness->channels[t]; c++, channel++)
			sum += loudness->groups[channel / GROUP][channel % GROUP / ROW].sum[channel % ROW];
		keep(&loudness->tracks[t],
			isfinite(sum) ? (float)(sum * loudness->weighting.gain / (double)loudness->window)
				      : 0);
	}
	for (size_t i = 0; i < loudness->group_count * ROWS; i++) {
		struct memory *memory = &loudness->groups[i / ROWS][i % ROWS];
		settle(&memory->shelf1);
		settle(&memory->shelf2);
		settle(&memory->high1);
		settle(&memory->high2);
		memory->sum = (row){0};
	}
	loudness->filled = 0;
}

void loudness_add(struct loudness *loudness, const float *const *planes, size_t frames)
{
	for (size_t at = 0; at < frames;) {
		size_t run = loudness->window - loudness->filled;
		if (run > frames - at)
			run = frames - at;
		add_run(loudness, planes, at, run);
		at += run;
		loudness->filled += run;
		if (loudness->filled == loudness->window)
			end_window(loudness);
	}
}

size_t loudness_take_windows(struct loudness *loudness, size_t track, float **energy)
{
	struct windows *windows = &loudness->tracks[track];
	size_t count = windows->count;
	*energy = windows->energy;
	*windows = (struct windows){0};
	return count;
}

static double lufs_of(double energy)
{
	return 10 * log10(energy) - 0.691;
}

/* The mean of all blocks louder than `gate`; 0 if there is none. */
static double gated_mean(const float *energy, size_t windows, double gate_lufs)
{
	double gate = pow(10, (gate_lufs + 0.691) / 10), sum = 0;
	size_t count = 0;
	for (size_t first = 0; first + BLOCK_WINDOWS <= windows; first += STEP_WINDOWS) {
		double block = 0;
		for (size_t i = 0; i < BLOCK_WINDOWS; i++)
			block += (double)energy[first + i] / BLOCK_WINDOWS;
		if (block > gate) {
			sum += block;
			count++;
		}
	}
	return count > 0 ? sum / (double)count : 0;
}

double loudness_integrated_lufs(const float *energy, size_t windows)
{
	double loud = gated_mean(energy, windows, ABSOLUTE_GATE_LUFS);
	double gate = fmax(lufs_of(loud) + RELATIVE_GATE_LU, ABSOLUTE_GATE_LUFS);
	return lufs_of(gated_mean(energy, windows, gate));
}
