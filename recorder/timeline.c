#include "recorder/timeline.h"

#include "common/clock.h"

#include <math.h>

void timeline_init(struct timeline *timeline, uint32_t rate)
{
	*timeline = (struct timeline){.rate = rate};
}

/* By the crystal's measured rate: at its nominal one a minute without the interface would be some frames too
 * long or too short, and what follows would have slipped. */
static int64_t frames_in(const struct timeline *timeline, int64_t nsec)
{
	double rate = timeline->rate * (1 + timeline_ppm(timeline) * 1e-6);
	return llround((double)nsec * rate / (double)CLOCK_NSEC_PER_SEC);
}

/* Frames lost by the nsec of two cycles: what counts when no one clock's positions span both. */
static uint64_t lost_by_time(const struct timeline *timeline, const struct cycle *cycle)
{
	int64_t frames = frames_in(timeline, cycle->nsec - timeline->next_nsec);
	return frames > 0 ? (uint64_t)frames : 0;
}

/* An overrun on 0.3.65 leaves no jump in position: time runs ahead of it. Drivers' nsec wander a little, a
 * lost cycle is a step of at least one whole cycle; where the driver says itself that it lost something, less
 * is believed. */
static uint64_t lost_in_driver(const struct timeline *timeline, const struct cycle *cycle)
{
	uint64_t ahead = lost_by_time(timeline, cycle);
	uint32_t quarter = cycle->frames / 4;
	return ahead >= (cycle->overrun ? quarter : cycle->frames - quarter) ? ahead : 0;
}

/* The two cycles are of one count. A driver that starts its count anew, at whatever number, must not fill the
 * disk with silence. */
static bool counts_on(const struct timeline *timeline, const struct cycle *cycle)
{
	if (cycle->clock_id != timeline->clock_id || cycle->position < timeline->next_position)
		return false;
	return cycle->position - timeline->next_position <=
	       2 * lost_by_time(timeline, cycle) + timeline->rate;
}

static struct timeline_step gap_before(const struct timeline *timeline, const struct stamp *stamp)
{
	const struct cycle *cycle = &stamp->cycle;
	if (!timeline->started)
		return (struct timeline_step){.new_clock = true};
	if (cycle->relinked || !counts_on(timeline, cycle))
		return (struct timeline_step){.silence = lost_by_time(timeline, cycle),
			.cause = cycle->relinked ? GAP_UNPLUGGED : GAP_DRIVER,
			.new_clock = true};
	uint64_t jump = cycle->position - timeline->next_position;
	if (jump > 0 && stamp->lost > 0)
		return (struct timeline_step){.silence = jump, .cause = GAP_RING};
	if (jump > 0)
		return (struct timeline_step){
			.silence = jump, .cause = cycle->overrun ? GAP_OVERRUN : GAP_MISSED};
	uint64_t silence = lost_in_driver(timeline, cycle);
	return (struct timeline_step){.silence = silence, .cause = GAP_OVERRUN, .new_clock = silence > 0};
}

struct timeline_step timeline_advance(struct timeline *timeline, const struct stamp *stamp)
{
	const struct cycle *cycle = &stamp->cycle;
	struct timeline_step step = gap_before(timeline, stamp);
	step.frame = timeline->frames + step.silence;
	if (step.new_clock) {
		timeline->known_ppm = timeline_ppm(timeline);
		timeline->first_nsec = cycle->nsec;
		timeline->first_frame = step.frame;
	}
	timeline->started = true;
	timeline->clock_id = cycle->clock_id;
	timeline->last_nsec = cycle->nsec;
	timeline->last_frame = step.frame;
	timeline->frames = step.frame + cycle->frames;
	timeline->next_position = cycle->position + cycle->frames;
	timeline->next_nsec = cycle->nsec + (int64_t)cycle->frames * CLOCK_NSEC_PER_SEC / timeline->rate;
	return step;
}

double timeline_ppm(const struct timeline *timeline)
{
	double seconds = (double)(timeline->last_nsec - timeline->first_nsec) / (double)CLOCK_NSEC_PER_SEC;
	if (seconds < 2)
		return timeline->known_ppm;
	double frames = (double)(timeline->last_frame - timeline->first_frame);
	return (frames / seconds / timeline->rate - 1) * 1e6;
}
