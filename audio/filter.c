#include "audio/filter.h"

#include "audio/biquad.h"
#include "audio/match.h"
#include "audio/wide.h"

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

/* Sections side by side, two in a vector, each LAG samples behind the one before it, so that none waits for
 * another: what section k gave two samples ago is what section k + 1 takes in now, and stays in registers. */
enum { LAG = 2, PAIRS_MOST = 4, TOGETHER = 2 * PAIRS_MOST };

typedef double pair __attribute__((vector_size(16)));

struct lanes {
	pair b0, b1, b2, a1, a2;
	pair x1, x2, y1, y2; /* y2 is what came out before y1 */
};

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif

static inline void lane_load(struct lanes *l, int lane, const struct biquad *s, const struct biquad_memory *m)
{
	LANE_TAKE_SECTION(l, lane, s);
	LANE_TAKE_MEMORY(l, lane, m);
}

/* Of a section, the output for the sample before the next section's and the one after are still to be taken
 * in.
 */
static inline void lane_store(const struct lanes *l, int lane, struct biquad_memory *m, double *waiting)
{
	LANE_GIVE_MEMORY(l, lane, m);
	waiting[0] = l->y2[lane];
	waiting[1] = l->y1[lane];
}

static inline void lanes_step(struct lanes *l, pair x)
{
	pair y = ((l->b0 * x + (l->b1 * l->x1 + l->b2 * l->x2)) - l->a2 * l->y2) - l->a1 * l->y1;
	l->x2 = l->x1;
	l->x1 = x;
	l->y2 = l->y1;
	l->y1 = y;
}

/* `pairs` is a constant where this is called, so that each case is a loop of its own with as much in
 * registers as there are. An odd count leaves the last lane without a section: it gives zeros that nobody
 * takes. */
static INLINE void run_lanes(const struct biquad *s, struct biquad_memory *m, const size_t pairs, size_t n,
	double *samples, size_t count)
{
	struct lanes l[PAIRS_MOST];
	const size_t first = (n - 1) * LAG;
	UNROLL for (size_t k = 0; k < pairs; k++)
	{
		l[k] = (struct lanes){{0}};
		for (size_t lane = 0; lane < 2 && 2 * k + lane < n; lane++) {
			size_t section = 2 * k + lane;
			lane_load(&l[k], (int)lane, &s[section], &m[section]);
		}
	}
	const int out = (n - 1) % 2;
	for (size_t i = first; i < count; i++) {
		pair x[PAIRS_MOST];
		x[0] = (pair){samples[i], l[0].y2[0]};
		UNROLL for (size_t k = 1; k < pairs; k++) x[k] = (pair){l[k - 1].y2[1], l[k].y2[0]};
		UNROLL for (size_t k = 0; k < pairs; k++) lanes_step(&l[k], x[k]);
		samples[i - first] = out ? l[pairs - 1].y1[1] : l[pairs - 1].y1[0];
	}
	UNROLL for (size_t k = 0; k < pairs; k++)
	{
		double unused[LAG] = {0};
		for (size_t lane = 0; lane < 2 && 2 * k + lane < n; lane++) {
			size_t section = 2 * k + lane;
			double *waiting = section + 1 < n ? samples + count - (section + 1) * LAG : unused;
			lane_store(&l[k], (int)lane, &m[section], waiting);
		}
	}
}

/* Two to eight sections: each is first brought LAG samples further than the one after it, and they catch up
 * at the end. */
static void run_together(
	const struct biquad *s, struct biquad_memory *m, size_t n, double *samples, size_t count)
{
	for (size_t i = 0; i + 1 < n; i++)
		biquad_run(&s[i], &m[i], samples, (n - 1 - i) * LAG);
	switch ((n + 1) / 2) {
	case 1:
		run_lanes(s, m, 1, 2, samples, count);
		break;
	case 2:
		run_lanes(s, m, 2, n, samples, count);
		break;
	case 3:
		run_lanes(s, m, 3, n, samples, count);
		break;
	default:
		run_lanes(s, m, 4, n, samples, count);
		break;
	}
	for (size_t i = 1; i < n; i++)
		biquad_run(&s[i], &m[i], samples + count - i * LAG, i * LAG);
}

static void run_all(
	const struct biquad *s, struct biquad_memory *m, size_t sections, double *samples, size_t count)
{
	bool wide = count > TOGETHER * LAG;
	if (biquad_run_wide(s, m, sections, samples, count))
		return;
	while (sections > 0) {
		size_t n = !wide ? 1 : sections < TOGETHER ? sections : TOGETHER;
		if (n == 1)
			biquad_run(s, m, samples, count);
		else
			run_together(s, m, n, samples, count);
		sections -= n;
		s += n;
		m += n;
	}
}

/* 600 dB below full scale; long before a denormal. */
static const double inaudible = 1e-30;

/* What no sound reaches; NaN and infinities are beyond it as well. */
static const double absurd = 1e30;

static void flush(struct biquad_memory *m)
{
	const double memory[] = {fabs(m->x1), fabs(m->x2), fabs(m->y1), fabs(m->y2)};
	bool sound = true, heard = false;
	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
		sound = sound && memory[i] < absurd;
		heard = heard || memory[i] >= inaudible;
	}
	if (!sound || !heard)
		*m = (struct biquad_memory){.age = m->age};
}

/* Samples until the next look, but no more than `count`. */
static size_t until_flush(const struct biquad_memory *memories, size_t count)
{
	size_t left = FILTER_FLUSH_EVERY - memories->age;
	return left < count ? left : count;
}

static void grow_older(struct biquad_memory *memories, size_t section_count, size_t samples)
{
	memories->age = (uint32_t)((memories->age + samples) % FILTER_FLUSH_EVERY);
	for (size_t i = 0; memories->age == 0 && i < section_count; i++)
		flush(&memories[i]);
}

void filter_run_cascade(const struct biquad *sections, struct biquad_memory *memories, size_t section_count,
	double *samples, size_t count)
{
	while (section_count > 0 && count > 0) {
		size_t n = until_flush(memories, count);
		run_all(sections, memories, section_count, samples, n);
		grow_older(memories, section_count, n);
		samples += n;
		count -= n;
	}
}

static bool are_of_one_age(struct biquad_memory *const memories[static FILTER_TOGETHER])
{
	for (size_t k = 1; k < FILTER_TOGETHER; k++)
		if (memories[k]->age != memories[0]->age)
			return false;
	return true;
}

void filter_run_together(const struct biquad *const sections[static FILTER_TOGETHER],
	struct biquad_memory *const memories[static FILTER_TOGETHER], size_t section_count,
	double *const samples[static FILTER_TOGETHER], size_t count)
{
	struct biquad_signals signals = {.count = section_count};
	for (size_t done = 0, n; section_count > 0 && done < count; done += n) {
		n = until_flush(memories[0], count - done);
		for (size_t k = 0; k < FILTER_TOGETHER; k++) {
			signals.sections[k] = sections[k];
			signals.memories[k] = memories[k];
			signals.samples[k] = samples[k] + done;
		}
		bool run = are_of_one_age(memories) && biquad_run_together(&signals, n);
		for (size_t k = 0; k < FILTER_TOGETHER; k++) {
			if (run)
				grow_older(memories[k], section_count, n);
			else
				filter_run_cascade(
					sections[k], memories[k], section_count, signals.samples[k], n);
		}
	}
}

void filter_run_pair(const struct biquad sections[static 2], struct biquad_memory *const memories[static 2],
	double *const samples[static 2], size_t count)
{
	for (size_t done = 0, n; done < count; done += n) {
		n = until_flush(memories[0], count - done);
		double *const rest[2] = {samples[0] + done, samples[1] + done};
		bool run =
			memories[0]->age == memories[1]->age && biquad_run_pair(sections, memories, rest, n);
		for (size_t c = 0; c < 2; c++) {
			if (run)
				grow_older(memories[c], 2, n);
			else
				filter_run_cascade(sections, memories[c], 2, rest[c], n);
		}
	}
}

void filter_run(const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	filter_run_cascade(section, memory, 1, samples, count);
}
