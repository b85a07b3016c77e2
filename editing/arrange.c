#include "editing/arrange.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What rings dies away: by 10 dB a second and more, and a little at once. A rise by 6 dB over the quietest
 * window since is something new. */
#define WINDOW_S 0.005
#define RISE 4.0
#define DECAY_A_SECOND 0.1
#define AT_ONCE 0.9
#define SILENT 1e-7	 /* -70 dBFS: there is nothing to carry over */
#define LEAST_TAIL_S 0.1 /* less is not worth another fade than the join's */
enum { WINDOWS_BEFORE = 4 };

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void arrange_plan_init(struct arrange_plan *plan, struct arrange_piece *pieces, size_t count,
	uint64_t take_frames, uint32_t rate)
{
	*plan = (struct arrange_plan){.pieces = pieces, .count = count};
	uint64_t fade = (uint64_t)lround(ARRANGE_FADE_S * rate),
		 edge = (uint64_t)lround(ARRANGE_EDGE_S * rate);
	for (size_t i = 0; i < count; i++) {
		struct arrange_piece *piece = &pieces[i], *last = i > 0 ? &pieces[i - 1] : NULL;
		bool follows = !last || piece->source == last->source + last->frames;
		piece->at = plan->frames;
		piece->fade = follows ? 0 : least(fade, least(last->frames, piece->frames) / 2);
		plan->frames += piece->frames;
	}
	if (count == 0)
		return;
	const struct arrange_piece *end = &pieces[count - 1];
	plan->edge_in = pieces[0].source > 0 ? least(edge, pieces[0].frames / 2) : 0;
	plan->edge_out = end->source + end->frames < take_frames ? least(edge, end->frames / 2) : 0;
}

/* ---- tails ---- */

/* Mean square of one window, all channels. */
static int window_energy(
	const struct arrange_source *source, uint64_t frame, uint32_t frames, double *energy, struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	struct block block = {.channels = source->channels,
		.frames = frames < BLOCK_FRAMES ? frames : BLOCK_FRAMES,
		.channel = {samples[0], samples[1]}};
	int result = source->read(source->data, frame, &block, e);
	*energy = 0;
	for (uint32_t c = 0; c < block.channels && result == 0; c++)
		for (uint32_t i = 0; i < block.frames; i++)
			*energy += samples[c][i] * samples[c][i];
	*energy /= block.frames * block.channels;
	return result;
}

/* The mean energy of the windows just before `end`. */
static int energy_before(
	const struct arrange_source *source, uint64_t end, uint32_t window, double *mean, struct error *e)
{
	uint64_t count = least(end / window, WINDOWS_BEFORE);
	int result = 0;
	*mean = 0;
	for (uint64_t i = 1; i <= count && result == 0; i++) {
		double energy;
		result = window_energy(source, end - i * window, window, &energy, e);
		*mean += energy / (double)count;
	}
	return result;
}

/* For how long what sounds at `end` only dies away, at most `most` frames. */
static int find_tail(const struct arrange_source *source, uint64_t end, uint64_t most, uint32_t rate,
	uint64_t *tail, struct error *e)
{
	uint32_t window = (uint32_t)lround(WINDOW_S * rate);
	uint64_t rings = 0, last = least(end + most, source->frames);
	double before, energy;
	int result = energy_before(source, end, window, &before, e);
	double quietest = before;
	for (uint64_t at = end; at + window <= last && result == 0; at += window) {
		result = window_energy(source, at, window, &energy, e);
		if (energy > RISE * quietest || quietest < SILENT)
			break;
		quietest = fmin(quietest, energy);
		/* The attack of what comes next may have begun within the next window. */
		if (energy <= AT_ONCE * before * pow(DECAY_A_SECOND, (double)(at - end) / rate))
			rings = at - end;
	}
	*tail = (double)rings >= LEAST_TAIL_S * rate ? rings : 0;
	return result;
}

int arranger_init(struct arranger *arranger, const struct arrange_plan *plan,
	const struct arrange_source *source, uint32_t rate, struct error *e)
{
	int result = 0;
	*arranger = (struct arranger){.plan = plan, .source = *source};
	arranger->tails = memory_array(plan->count, sizeof(*arranger->tails));
	for (size_t i = 0; i + 1 < plan->count && result == 0; i++) {
		const struct arrange_piece *piece = &plan->pieces[i], *next = &plan->pieces[i + 1];
		uint64_t most = least((uint64_t)lround(ARRANGE_TAIL_S * rate), next->frames);
		if (next->fade > 0)
			result = find_tail(
				source, piece->source + piece->frames, most, rate, &arranger->tails[i], e);
	}
	if (result < 0)
		arranger_finish(arranger);
	return result;
}

void arranger_finish(struct arranger *arranger)
{
	free(arranger->tails);
	*arranger = (struct arranger){0};
}

/* ---- reading ---- */

static double rise(uint64_t at, uint64_t length)
{
	return sin(M_PI_2 * ((double)at + 0.5) / (double)length);
}

/* The gain of piece `index` at frame `at` of the arrangement, which it is heard at. */
static double gain_of(const struct arranger *arranger, size_t index, uint64_t at)
{
	const struct arrange_plan *plan = arranger->plan;
	const struct arrange_piece *piece = &plan->pieces[index];
	uint64_t end = piece->at + piece->frames;
	double gain = 1;
	if (at < piece->at)
		gain *= rise(at - (piece->at - piece->fade), piece->fade);
	if (index == 0 && at < plan->edge_in)
		gain *= rise(at, plan->edge_in);
	if (index + 1 < plan->count && plan->pieces[index + 1].fade > 0) {
		uint64_t fade = plan->pieces[index + 1].fade, tail = arranger->tails[index];
		if (at >= end - fade)
			gain *= rise(end + tail - at - 1, fade + tail);
	} else if (index + 1 == plan->count && at + plan->edge_out >= end) {
		gain *= rise(end - at - 1, plan->edge_out);
	}
	return gain;
}

/* Adds what of piece `index` is heard within the block, whose first frame is `from`. */
static int add_piece(
	struct arranger *arranger, size_t index, uint64_t from, const struct block *block, struct error *e)
{
	const struct arrange_piece *piece = &arranger->plan->pieces[index];
	uint64_t begin = piece->at - piece->fade, end = piece->at + piece->frames + arranger->tails[index];
	uint64_t first = begin > from ? begin : from, last = least(end, from + block->frames);
	if (first >= last)
		return 0;
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES] = {0};
	/* The fade may lie before the take's first frame. */
	uint64_t position = piece->source + first, early = position < piece->at ? piece->at - position : 0;
	early = least(early, last - first);
	struct block part = {.channels = block->channels,
		.frames = (uint32_t)(last - first - early),
		.channel = {samples[0] + early, samples[1] + early}};
	int result = part.frames > 0 ? arranger->source.read(
					       arranger->source.data, position + early - piece->at, &part, e)
				     : 0;
	for (uint64_t at = first; at < last && result == 0; at++) {
		double gain = gain_of(arranger, index, at);
		for (uint32_t c = 0; c < block->channels; c++)
			block->channel[c][at - from] += gain * samples[c][at - first];
	}
	return result;
}

int arranger_read(struct arranger *arranger, struct block *block, struct error *e)
{
	uint64_t from = arranger->position;
	int result = 0;
	for (uint32_t c = 0; c < block->channels; c++)
		memset(block->channel[c], 0, block->frames * sizeof(double));
	for (size_t i = 0; i < arranger->plan->count && result == 0; i++)
		result = add_piece(arranger, i, from, block, e);
	arranger->position += block->frames;
	return result;
}

void arranger_rewind(struct arranger *arranger)
{
	arranger->position = 0;
}
