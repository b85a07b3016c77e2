#include "listening/pointer.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REACH = 4, LEAST_STEP = 4, SLACK = 6 };

/* A change of tempo from one beat to the next costs this times the square of its octaves; beginning a bar
 * before the last one is over costs this. */
static const float tightness = 300, stiffness = 2000, turn_cost = 12;

static const float never = -1e30F;

enum { FROM_START = 0 }; /* what a beat came from; otherwise 1 + place × (2 × REACH + 1) + step */

struct pointer {
	const struct pointer_search *search;
	size_t least, steps; /* the shortest step in frames; how many there are */
	size_t ring;	     /* frames that are held */
	float *score;	     /* ring × meter × (steps + 2 × REACH): a beat that so long a step led to */
	size_t row, width;   /* floats a frame; a place */
	float (*cost)[2 * REACH + 1]; /* a step */
	uint16_t *from;		      /* frames × meter × steps, or NULL */
	size_t best_at[3];	      /* frame, place, step */
	double best;
};

static enum place kind_of(int place, int meter)
{
	if (place == 0)
		return PLACE_LINE;
	if (meter != 4)
		return PLACE_BEAT;
	return place == 2 ? PLACE_MIDDLE : PLACE_BACK;
}

static void allowed(const struct pointer *p, size_t frame, size_t *first, size_t *last)
{
	double period = p->search->period(p->search->data, (double)frame);
	*first = (size_t)fmax(LEAST_STEP, ceil(period * (1 - POINTER_REACH)));
	*last = (size_t)fmax((double)*first, floor(period * (1 + POINTER_REACH)));
}

static void measure(struct pointer *p)
{
	size_t least = SIZE_MAX, most = 0;
	for (size_t n = 0; n < p->search->places->frames; n += 8) {
		size_t first, last;
		allowed(p, n, &first, &last);
		least = first < least ? first : least;
		most = last > most ? last : most;
	}
	/* Frames between those may want one more. */
	p->least = least > LEAST_STEP ? least - 1 : least;
	p->steps = most + 2 - p->least;
	p->ring = most + 2;
	p->width = p->steps + 2 * REACH;
	p->row = p->width * (size_t)p->search->meter;
}

static void price(struct pointer *p)
{
	p->cost = memory_array(p->steps, sizeof(*p->cost));
	for (size_t j = 0; j < p->steps; j++)
		for (int d = -REACH; d <= REACH; d++) {
			double from = (double)(p->least + j) + d, to = (double)(p->least + j);
			double off = from > 0 ? log2(from / to) : 9;
			p->cost[j][d + REACH] =
				(p->search->on_first ? stiffness : tightness) * (float)(off * off);
		}
}

/* What lies between a beat and the next. */
static float between(const struct pointer *p, size_t from, size_t step)
{
	float *const *row = p->search->places->row;
	const size_t half = from + step / 2, quarter = from + (step + 2) / 4,
		     last = from + (3 * step + 2) / 4, third = from + (step + 1) / 3,
		     two_thirds = from + (2 * step + 1) / 3;
	switch (p->search->division) {
	case DIVISION_TWO:
		return row[PLACE_HALF][half] + row[PLACE_NO_QUARTER][quarter] + row[PLACE_NO_QUARTER][last];
	case DIVISION_FOUR:
		return row[PLACE_FOUR_HALF][half] + row[PLACE_QUARTER][quarter] + row[PLACE_QUARTER][last];
	case DIVISION_SHUFFLE:
		return row[PLACE_FIRST_THIRD][third] + row[PLACE_LAST_THIRD][two_thirds];
	case DIVISION_THREE:
		return row[PLACE_HALF][third] + row[PLACE_HALF][two_thirds];
	case DIVISION_ONE:
	default:
		return row[PLACE_NO_QUARTER][half];
	}
}

/* The best beat of a place that a step of about this length led to, a change's cost taken off. */
static float best_before(const float *scores, const float *cost, size_t *which)
{
	float best = scores[0] - cost[0];
	*which = 0;
	for (size_t d = 1; d <= 2 * REACH; d++)
		if (scores[d] - cost[d] > best) {
			best = scores[d] - cost[d];
			*which = d;
		}
	return best;
}

/* All places of the beat at `frame` that the step `j` led to. */
static void reach_beat(struct pointer *p, size_t frame, size_t j)
{
	const struct places *places = p->search->places;
	const size_t meter = (size_t)p->search->meter, step = p->least + j;
	const bool starts = frame <= places->begin + (p->search->on_first ? SLACK : step),
		   ends = frame + step >= places->end;
	float came[METER_MOST];
	size_t which[METER_MOST] = {0}, top = 0;
	for (size_t k = 0; k < meter; k++)
		came[k] = never;
	if (frame >= step) {
		const float *before = p->score + (frame - step) % p->ring * p->row;
		const float inside = between(p, frame - step, step);
		for (size_t k = 0; k < meter; k++) {
			came[k] = inside + best_before(before + k * p->width + j, p->cost[j], &which[k]);
			top = came[k] > came[top] ? k : top;
		}
	}
	float *now = p->score + frame % p->ring * p->row + REACH + j;
	for (size_t k = 0; k < meter; k++) {
		size_t from = (k + meter - 1) % meter;
		float best = came[from];
		if (k == 0 && came[top] - turn_cost > best) {
			from = top;
			best = came[top] - turn_cost;
		}
		uint16_t how = FROM_START;
		if (best > (starts ? 0 : never / 2))
			how = (uint16_t)(1 + from * (2 * REACH + 1) + which[from]);
		else if (!starts)
			continue;
		best = (how == FROM_START ? 0 : best) + places->row[kind_of((int)k, (int)meter)][frame];
		now[k * p->width] = best;
		if (p->from)
			p->from[(frame * meter + k) * p->steps + j] = how;
		if (ends && best > p->best) {
			p->best = best;
			p->best_at[0] = frame;
			p->best_at[1] = k;
			p->best_at[2] = j;
		}
	}
}

static void reach_frame(struct pointer *p, size_t frame)
{
	size_t first, last;
	float *now = p->score + frame % p->ring * p->row;
	for (size_t i = 0; i < p->row; i++)
		now[i] = never;
	allowed(p, frame, &first, &last);
	for (size_t step = first; step <= last; step++)
		if (step >= p->least && step - p->least < p->steps)
			reach_beat(p, frame, step - p->least);
}

/* From the best end back to where it began. */
static void follow_back(const struct pointer *p, struct steps *beats)
{
	const size_t meter = (size_t)p->search->meter, room = p->search->places->frames / p->least + 2;
	size_t frame = p->best_at[0], place = p->best_at[1], j = p->best_at[2], at = room;
	double *frames = memory_array(room, sizeof(*frames));
	for (;;) {
		frames[--at] = (double)frame;
		uint16_t how = p->from[(frame * meter + place) * p->steps + j];
		if (how == FROM_START)
			break;
		frame -= p->least + j;
		place = (how - 1U) / (2 * REACH + 1);
		j = j + (how - 1U) % (2 * REACH + 1) - REACH;
	}
	memmove(frames, frames + at, (room - at) * sizeof(*frames));
	*beats = (struct steps){frames, room - at};
}

double pointer_find(const struct pointer_search *search, struct steps *beats)
{
	struct pointer p = {.search = search, .best = never};
	if (beats)
		*beats = (struct steps){0};
	if (search->places->begin >= search->places->end)
		return 0;
	measure(&p);
	price(&p);
	p.score = memory_array(p.ring * p.row, sizeof(*p.score));
	for (size_t i = 0; i < p.ring * p.row; i++)
		p.score[i] = never;
	if (beats)
		p.from = memory_array(
			search->places->frames * (size_t)search->meter * p.steps, sizeof(*p.from));
	for (size_t n = search->places->begin > SLACK ? search->places->begin - SLACK : 0;
		n < search->places->frames && n < search->places->end + SLACK; n++)
		reach_frame(&p, n);
	if (beats && p.best > never / 2)
		follow_back(&p, beats);
	free(p.from);
	free(p.score);
	free(p.cost);
	return p.best;
}
