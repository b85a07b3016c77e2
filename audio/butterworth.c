/* Butterworth responses of sections that are fitted together. */
#include "audio/filter.h"
#include "audio/match.h"

#include <math.h>
#include <string.h>

enum { SECTIONS = 4, ROUNDS = 8, POINTS = 120 };

/* The response that counts: up to 18 kHz at 44.1 kHz, and down to -21 dB. */
static const double counted_band = 0.41, counted_power = 0.0075;

/* An error at the corner counts as much as thirteen times that error elsewhere. */
static const double corner_weight = 13;

static const double close_enough_db = 0.1, too_far_db = 0.2;

struct design {
	double corner; /* radians a sample */
	unsigned order;
	bool high;
	size_t count;
	double error;
	struct prototype prototypes[SECTIONS];
	struct biquad sections[SECTIONS];
};

static void place_prototypes(struct design *d)
{
	for (unsigned k = 0; k < d->order / 2; k++) {
		double damping = 2 * sin(M_PI * (2 * k + 1) / (2 * d->order));
		d->prototypes[d->count++] = (struct prototype){{!d->high, 0, d->high}, {1, damping, 1}};
	}
	if (d->order % 2)
		d->prototypes[d->count++] = (struct prototype){{!d->high, d->high, 0}, {1, 1, 0}};
}

/* In dB, at `w` radians a sample. */
static double error_at(const struct design *d, double w)
{
	double power = 1 / (1 + pow(d->high ? d->corner / w : w / d->corner, 2.0 * d->order));
	double magnitude = 1;
	if (power < counted_power)
		return 0;
	for (size_t i = 0; i < d->count; i++)
		magnitude *= filter_magnitude(&d->sections[i], w, 2 * M_PI);
	return fabs(20 * log10(magnitude) - 10 * log10(power));
}

/* Over ten octaves, half of the points in the highest two: there it is hard to follow. */
static double largest_error(const struct design *d)
{
	double worst = corner_weight * error_at(d, d->corner);
	for (int i = 0; i < POINTS; i++) {
		int above = i - POINTS / 2;
		double octaves = above < 0 ? 4.0 * i / POINTS : 2 + 16.0 * above / POINTS;
		worst = fmax(worst, error_at(d, counted_band * 2 * M_PI * exp2(-octaves)));
	}
	return worst;
}

/* Fits section `k` so that it makes up for what the `made` others are off by. */
static void fit(struct design *d, size_t k, const bool made[SECTIONS])
{
	struct prototype prototypes[SECTIONS];
	struct biquad sections[SECTIONS];
	struct match_others others = {prototypes, sections, 0};
	for (size_t i = 0; i < d->count; i++) {
		if (i == k || !made[i])
			continue;
		prototypes[others.count] = d->prototypes[i];
		sections[others.count++] = d->sections[i];
	}
	d->sections[k] = match_among(&d->prototypes[k], d->corner, &others);
}

/* Each section once more, round by round; the best of all is kept in `best`. */
static void refine(struct design *d, struct design *best)
{
	static const bool all[SECTIONS] = {true, true, true, true};
	for (int i = 0; i < ROUNDS * (int)d->count && best->error > close_enough_db; i++) {
		fit(d, (size_t)i % d->count, all);
		d->error = largest_error(d);
		if (d->error < best->error)
			*best = *d;
	}
}

/* One coefficient a little up or down, or all of the numerator; kept where that is better. */
static void nudge(struct design *d, size_t section, size_t which, double step)
{
	struct biquad *s = &d->sections[section], old = *s;
	double *coefficients[] = {&s->b0, &s->b1, &s->b2, &s->a1, &s->a2};
	if (which < 5) {
		*coefficients[which] += step;
	} else {
		s->b0 *= 1 + step;
		s->b1 *= 1 + step;
		s->b2 *= 1 + step;
	}
	double error = largest_error(d);
	if (error < d->error && fabs(s->a2) < 1 && fabs(s->a1) < 1 + s->a2)
		d->error = error;
	else
		*s = old;
}

/* Where the fits alone are too far off: steep low-passes that end near half the rate. */
static void polish(struct design *d)
{
	double step = 0.02;
	while (step > 0.0005) {
		for (size_t i = 0; i < 6 * d->count; i++) {
			nudge(d, i / 6, i % 6, step);
			nudge(d, i / 6, i % 6, -step);
		}
		step *= 0.7;
	}
}

enum start { ALONE, FORWARD, BACKWARD, STARTS };

static void begin(struct design *d, enum start start)
{
	bool made[SECTIONS] = {false};
	for (size_t i = 0; i < d->count; i++) {
		size_t k = start == BACKWARD ? d->count - 1 - i : i;
		fit(d, k, made);
		made[k] = start != ALONE;
	}
}

size_t filter_butterworth(
	enum filter_shape shape, unsigned order, double frequency, double rate, struct biquad out[static 4])
{
	struct design d = {
		.corner = 2 * M_PI * frequency / rate, .order = order, .high = shape == FILTER_HIGHPASS};
	place_prototypes(&d);
	struct design best = {.error = INFINITY};
	for (int start = ALONE; start < STARTS && best.error > close_enough_db; start++) {
		begin(&d, (enum start)start);
		d.error = largest_error(&d);
		if (d.error < best.error)
			best = d;
		if (d.count > 1)
			refine(&d, &best);
	}
	if (d.count > 1 && best.error > too_far_db)
		polish(&best);
	memcpy(out, best.sections, d.count * sizeof(*out));
	return d.count;
}
