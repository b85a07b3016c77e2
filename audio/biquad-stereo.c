#include "audio/biquad.h"
#include "audio/fused.h"
#include "audio/wide.h"

#include <math.h>
#include <string.h>

/* Four sections in a vector, the first of both channels and then the second, which is LAG samples behind:
 * what the first gave two samples ago is what it takes in now. Two such vectors, for one would mostly wait.
 */
enum { LAG = 2, LANES = 4 };

typedef double quad __attribute__((vector_size(LANES * sizeof(double))));

struct lanes {
	quad b0, b1, b2, minus_a1, minus_a2;
	quad x1, x2, y1, y2; /* y2 is what came out before y1 */
};

/* As filter.c runs sections on this processor. */
static void run_short(
	const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	if (!biquad_run_wide(section, memory, 1, samples, count))
		biquad_run(section, memory, samples, count);
}

/* Brings the first sections LAG samples further than the second ones. */
static void begin(struct lanes *lanes, const struct biquad_stereo *s)
{
	memset(lanes, 0, sizeof(*lanes));
	for (size_t c = 0; c < 2; c++) {
		memmove(s->out[c], s->in[c], LAG * sizeof(double));
		run_short(&s->sections[0], &s->memories[c][0], s->out[c], LAG);
		for (size_t k = 0; k < s->count; k++) {
			const struct biquad *section = &s->sections[k];
			const struct biquad_memory *m = &s->memories[c][k];
			const size_t lane = 2 * k + c;
			lanes->b0[lane] = section->b0;
			lanes->b1[lane] = section->b1;
			lanes->b2[lane] = section->b2;
			lanes->minus_a1[lane] = -section->a1;
			lanes->minus_a2[lane] = -section->a2;
			LANE_TAKE_MEMORY(lanes, lane, m);
		}
	}
}

/* The second sections catch up. */
static void end(const struct lanes *lanes, const struct biquad_stereo *s, size_t count)
{
	for (size_t c = 0; c < 2; c++) {
		for (size_t k = 0; k < s->count; k++) {
			struct biquad_memory *m = &s->memories[c][k];
			LANE_GIVE_MEMORY(lanes, 2 * k + c, m);
		}
		if (s->count < 2)
			continue;
		double *last = s->out[c] + count - LAG;
		last[0] = lanes->y2[c];
		last[1] = lanes->y1[c];
		run_short(&s->sections[1], &s->memories[c][1], last, LAG);
	}
}

/* A product and the sum behind it, rounded once or twice; `fused` is a constant. */
static INLINE void add_product(quad *sum, const quad *a, const quad *b, const bool fused)
{
	for (size_t lane = 0; fused && lane < LANES; lane++)
		(*sum)[lane] = fma((*a)[lane], (*b)[lane], (*sum)[lane]);
	if (!fused)
		*sum += *a * *b;
}

/* biquad_run's operations, in its order. */
static INLINE void step(struct lanes *l, double left, double right, const bool fused)
{
	const quad in = {left, right, 0, 0};
	quad x = __builtin_shufflevector(in, l->y2, 0, 1, 4, 5);
	quad y = l->b2 * l->x2;
	add_product(&y, &l->b1, &l->x1, fused);
	add_product(&y, &l->b0, &x, fused);
	add_product(&y, &l->minus_a2, &l->y2, fused);
	add_product(&y, &l->minus_a1, &l->y1, fused);
	l->x2 = l->x1;
	l->x1 = x;
	l->y2 = l->y1;
	l->y1 = y;
}

/* Sample `at` of the only section, or the sample that the second one is at. */
static INLINE void put(const struct lanes *l, const struct biquad_stereo *s, const size_t sections, size_t at)
{
	const size_t lane = sections > 1 ? 2 : 0, to = sections > 1 ? at - LAG : at;
	s->out[0][to] = l->y1[lane];
	s->out[1][to] = l->y1[lane + 1];
}

/* The numbers of sections are constants where this is called. */
static INLINE void run(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, const size_t ones, const size_t others, size_t count,
	const bool fused)
{
	struct lanes a = lanes[0], b = lanes[1];
	for (size_t i = LAG; i < count; i++) {
		const double left = one->in[0][i], right = one->in[1][i];
		const double left_too = other->in[0][i], right_too = other->in[1][i];
		step(&a, left, right, fused);
		step(&b, left_too, right_too, fused);
		put(&a, one, ones, i);
		put(&b, other, others, i);
	}
	lanes[0] = a;
	lanes[1] = b;
}

static INLINE void run_as_many(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count, const bool fused)
{
	if (one->count > 1 && other->count > 1)
		run(lanes, one, other, 2, 2, count, fused);
	else if (one->count > 1)
		run(lanes, one, other, 2, 1, count, fused);
	else if (other->count > 1)
		run(lanes, one, other, 1, 2, count, fused);
	else
		run(lanes, one, other, 1, 1, count, fused);
}

WIDE static void run_apart(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	run_as_many(lanes, one, other, count, false);
}

/* What biquad_run_wide does, where it does. */
#ifdef __x86_64__
FUSED static bool run_fused(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	if (!can_fuse())
		return false;
	run_as_many(lanes, one, other, count, true);
	return true;
}
#else
static bool run_fused(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	(void)lanes, (void)one, (void)other, (void)count;
	return false;
}
#endif

void biquad_run_stereo(const struct biquad_stereo *one, const struct biquad_stereo *other, size_t count)
{
	struct lanes lanes[2];
	begin(&lanes[0], one);
	begin(&lanes[1], other);
	if (!run_fused(lanes, one, other, count))
		run_apart(lanes, one, other, count);
	end(&lanes[0], one, count);
	end(&lanes[1], other, count);
}
