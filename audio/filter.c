#include "audio/filter.h"

#include "audio/match.h"

#include <math.h>

/* Prototypes as in R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients"; the tilt
 * is a shelf of first order, of twice the gain, 0 dB at its middle. */
static struct prototype parametric(enum filter_shape shape, double q, double gain_db)
{
	double a = pow(10, gain_db / 40);
	double slope = sqrt(a) / q;
	switch (shape) {
	case FILTER_PEAK:
		return (struct prototype){{1, a / q, 1}, {1, 1 / (a * q), 1}};
	case FILTER_LOWSHELF:
		return (struct prototype){{a * a, a * slope, a}, {1, slope, a}};
	case FILTER_HIGHSHELF:
		return (struct prototype){{a, a * slope, a * a}, {a, slope, 1}};
	case FILTER_NOTCH:
		return (struct prototype){{1, 0, 1}, {1, 1 / q, 1}};
	case FILTER_HIGHPASS:
		return (struct prototype){{0, 0, 1}, {1, 1 / q, 1}};
	case FILTER_TILT:
		return (struct prototype){{1, a * a, 0}, {a * a, 1, 0}};
	case FILTER_BANDPASS:
		return (struct prototype){{0, 1 / q, 0}, {1, 1 / q, 1}};
	case FILTER_LOWPASS:
	default:
		return (struct prototype){{1, 0, 0}, {1, 1 / q, 1}};
	}
}

static struct biquad inverse(const struct biquad *s)
{
	return (struct biquad){1 / s->b0, s->a1 / s->b0, s->a2 / s->b0, s->b1 / s->b0, s->b2 / s->b0};
}

/* A boost is the exact inverse of the same cut; of the two, the one whose poles lie lower and wider is easier
 * to match. */
static bool better_inverted(enum filter_shape shape, double gain_db)
{
	return shape == FILTER_LOWSHELF ? gain_db < 0 : gain_db > 0;
}

struct biquad filter_design(enum filter_shape shape, double frequency, double q, double gain_db, double rate)
{
	double corner = 2 * M_PI * frequency / rate;
	bool has_gain = shape == FILTER_PEAK || shape == FILTER_LOWSHELF || shape == FILTER_HIGHSHELF ||
			shape == FILTER_TILT;
	if (has_gain && gain_db == 0)
		return (struct biquad){.b0 = 1};
	bool inverted = has_gain && better_inverted(shape, gain_db);
	struct prototype prototype = parametric(shape, q, inverted ? -gain_db : gain_db);
	struct biquad section = match_prototype(&prototype, corner);
	return inverted ? inverse(&section) : section;
}

double filter_magnitude(const struct biquad *s, double frequency, double rate)
{
	double w = 2 * M_PI * frequency / rate;
	double c1 = cos(w), s1 = sin(w), c2 = cos(2 * w), s2 = sin(2 * w);
	return hypot(s->b0 + s->b1 * c1 + s->b2 * c2, s->b1 * s1 + s->b2 * s2) /
	       hypot(1 + s->a1 * c1 + s->a2 * c2, s->a1 * s1 + s->a2 * s2);
}

/* The memory is written so that only y1 * a1 and one subtraction lie between a sample and the next: a section
 * is bound by that latency. Every path below does the very same operations in the same order. */
static void run_one(const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	const struct biquad s = *section;
	double pending = memory->pending, x1 = memory->x1, y1 = memory->y1;
	for (size_t i = 0; i < count; i++) {
		double x = samples[i];
		double y = (s.b0 * x + pending) - s.a1 * y1;
		pending = s.b1 * x + (s.b2 * x1 - s.a2 * y1);
		x1 = x;
		y1 = y;
		samples[i] = y;
	}
	memory->pending = pending;
	memory->x1 = x1;
	memory->y1 = y1;
}

/* Two sections side by side in one vector, the second LAG samples behind the first. */
enum { LAG = 4, TWO_LAGS = 2 * LAG, THREE_LAGS = 3 * LAG };

typedef double pair __attribute__((vector_size(16)));

struct lanes {
	pair b0, b1, b2, a1, a2;
	pair pending, x1, y1;
};

static inline struct lanes lanes_load(const struct biquad *s, const struct biquad_memory *m)
{
	return (struct lanes){
		.b0 = {s[0].b0, s[1].b0},
		.b1 = {s[0].b1, s[1].b1},
		.b2 = {s[0].b2, s[1].b2},
		.a1 = {s[0].a1, s[1].a1},
		.a2 = {s[0].a2, s[1].a2},
		.pending = {m[0].pending, m[1].pending},
		.x1 = {m[0].x1, m[1].x1},
		.y1 = {m[0].y1, m[1].y1},
	};
}

static inline void lanes_store(const struct lanes *l, struct biquad_memory *m)
{
	for (int i = 0; i < 2; i++) {
		m[i].pending = l->pending[i];
		m[i].x1 = l->x1[i];
		m[i].y1 = l->y1[i];
	}
}

static inline void lanes_step(struct lanes *l, double *sample)
{
	pair x = {sample[0], sample[-LAG]};
	pair y = (l->b0 * x + l->pending) - l->a1 * l->y1;
	l->pending = l->b1 * x + (l->b2 * l->x1 - l->a2 * l->y1);
	l->x1 = x;
	l->y1 = y;
	sample[0] = y[0];
	sample[-LAG] = y[1];
}

/* Brings each of `n` sections LAG samples further than the one after it, and lets them catch up at the end.
 */
static void run_ahead(const struct biquad *s, struct biquad_memory *m, size_t n, double *samples)
{
	for (size_t i = 0; i + 1 < n; i++)
		run_one(&s[i], &m[i], samples, (n - 1 - i) * LAG);
}

static void catch_up(const struct biquad *s, struct biquad_memory *m, size_t n, double *end)
{
	for (size_t i = 1; i < n; i++)
		run_one(&s[i], &m[i], end - i * LAG, i * LAG);
}

static void run_two(const struct biquad *s, struct biquad_memory *m, double *samples, size_t count)
{
	run_ahead(s, m, 2, samples);
	struct lanes lanes = lanes_load(s, m);
	for (size_t i = LAG; i < count; i++)
		lanes_step(&lanes, samples + i);
	lanes_store(&lanes, m);
	catch_up(s, m, 2, samples + count);
}

static void run_four(const struct biquad *s, struct biquad_memory *m, double *samples, size_t count)
{
	run_ahead(s, m, 4, samples);
	struct lanes front = lanes_load(s, m), back = lanes_load(s + 2, m + 2);
	for (size_t i = THREE_LAGS; i < count; i++) {
		lanes_step(&front, samples + i);
		lanes_step(&back, samples + i - TWO_LAGS);
	}
	lanes_store(&front, m);
	lanes_store(&back, m + 2);
	catch_up(s, m, 4, samples + count);
}

static void run_all(
	const struct biquad *s, struct biquad_memory *m, size_t sections, double *samples, size_t count)
{
	bool wide = count > THREE_LAGS;
	for (; wide && sections >= 4; sections -= 4, s += 4, m += 4)
		run_four(s, m, samples, count);
	for (; wide && sections >= 2; sections -= 2, s += 2, m += 2)
		run_two(s, m, samples, count);
	for (; sections > 0; sections--, s++, m++)
		run_one(s, m, samples, count);
}

/* 600 dB below full scale; long before a denormal. */
static const double inaudible = 1e-30;

/* What no sound reaches; NaN and infinities are beyond it as well. */
static const double absurd = 1e30;

static void flush(struct biquad_memory *m)
{
	bool sound = fabs(m->pending) < absurd && fabs(m->x1) < absurd && fabs(m->y1) < absurd;
	if (!sound || (fabs(m->pending) < inaudible && fabs(m->x1) < inaudible && fabs(m->y1) < inaudible))
		*m = (struct biquad_memory){.age = m->age};
}

/* When to flush is counted in samples since the memory was made, never in blocks. */
enum { FLUSH_EVERY = 256 };

void filter_run_cascade(const struct biquad *sections, struct biquad_memory *memories, size_t section_count,
	double *samples, size_t count)
{
	while (section_count > 0 && count > 0) {
		size_t n = FLUSH_EVERY - memories->age;
		if (n > count)
			n = count;
		run_all(sections, memories, section_count, samples, n);
		memories->age = (uint32_t)((memories->age + n) % FLUSH_EVERY);
		for (size_t i = 0; memories->age == 0 && i < section_count; i++)
			flush(&memories[i]);
		samples += n;
		count -= n;
	}
}

void filter_run(const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	filter_run_cascade(section, memory, 1, samples, count);
}
