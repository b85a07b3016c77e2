#include "listening/steps.h"

#include "common/median.h"
#include "common/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct chain {
	float *score;
	int32_t *before; /* frame; -1: it is the first */
	float *cost;	 /* of a step of so many frames, from `least` on */
	size_t least, most;
	double period; /* that they were made for */
};

static void price(struct chain *chain, const struct steps_search *search, double period)
{
	if (chain->cost && fabs(period - chain->period) < 1e-9)
		return;
	chain->period = period;
	chain->least = (size_t)fmax(1, round(period * search->least));
	chain->most = (size_t)fmax((double)chain->least, round(period * search->most));
	chain->cost = memory_grow(chain->cost, chain->most + 1, sizeof(*chain->cost));
	for (size_t step = chain->least; step <= chain->most; step++) {
		double off = log2((double)step / period);
		chain->cost[step] = (float)(search->tightness * off * off);
	}
}

static void link_frame(struct chain *chain, const struct steps_search *search, size_t frame)
{
	float best = 0;
	int32_t before = -1;
	for (size_t step = chain->least; step <= chain->most && step <= frame; step++) {
		float value = chain->score[frame - step] - chain->cost[step];
		if (value > best) {
			best = value;
			before = (int32_t)(frame - step);
		}
	}
	chain->score[frame] = search->signal[frame] + best;
	chain->before[frame] = before;
}

/* From the best end within the last period back to the first. */
static void follow_back(struct steps *steps, const struct chain *chain, size_t frames)
{
	size_t end = frames - 1, tail = (size_t)chain->period;
	for (size_t n = frames > tail ? frames - tail : 0; n < frames; n++)
		end = chain->score[n] > chain->score[end] ? n : end;
	for (int32_t n = (int32_t)end; n >= 0; n = chain->before[n])
		steps->count++;
	steps->frame = memory_array(steps->count + 1, sizeof(*steps->frame));
	size_t i = steps->count;
	for (int32_t n = (int32_t)end; n >= 0; n = chain->before[n])
		steps->frame[--i] = n;
}

void steps_find(struct steps *steps, const struct steps_search *search)
{
	*steps = (struct steps){0};
	if (search->frames == 0)
		return;
	struct chain chain = {
		memory_array(search->frames, sizeof(float)), memory_array(search->frames, sizeof(int32_t))};
	for (size_t n = 0; n < search->frames; n++) {
		price(&chain, search, search->period(search->data, (double)n));
		link_frame(&chain, search, n);
	}
	follow_back(steps, &chain, search->frames);
	free(chain.score);
	free(chain.before);
	free(chain.cost);
}

void steps_finish(struct steps *steps)
{
	free(steps->frame);
	*steps = (struct steps){0};
}

void steps_straighten(struct steps *steps, size_t side)
{
	double *straight = memory_array(steps->count + 1, sizeof(*straight));
	for (size_t i = 0; i < steps->count; i++) {
		size_t reach = i < side ? i : side;
		reach = steps->count - 1 - i < reach ? steps->count - 1 - i : reach;
		for (size_t k = i - reach; k <= i + reach; k++)
			straight[i] += steps->frame[k] / (double)(2 * reach + 1);
	}
	free(steps->frame);
	steps->frame = straight;
}

double steps_period(const struct steps *steps)
{
	enum { MANY = 8 };
	if (steps->count < 2)
		return 0;
	/* Over several steps at once: one alone is known to a frame. */
	const size_t span = steps->count > 2 * MANY ? MANY : 1, count = steps->count - span;
	double *distances = memory_array(count, sizeof(*distances));
	for (size_t i = 0; i < count; i++)
		distances[i] = (steps->frame[i + span] - steps->frame[i]) / (double)span;
	double middle = median(distances, count);
	free(distances);
	return middle;
}
