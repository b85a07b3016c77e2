#include "audio/biquad.h"
#include "audio/wide.h"

#include <string.h>

/* Four sections in a vector, the first of both channels and then the second, which is LAG samples behind:
 * what the first gave two samples ago is what it takes in now. Two such vectors, for one would mostly wait.
 */
enum { LAG = 2, LANES = 4 };

typedef double quad __attribute__((vector_size(LANES * sizeof(double))));

struct lanes {
	quad b0, b1, b2, a1, a2;
	quad pending, x1, y1, y2; /* y2 is what came out before y1 */
};

/* Brings the first sections LAG samples further than the second ones. */
static void begin(struct lanes *lanes, const struct biquad_stereo *s)
{
	memset(lanes, 0, sizeof(*lanes));
	for (size_t c = 0; c < 2; c++) {
		memmove(s->out[c], s->in[c], LAG * sizeof(double));
		biquad_run(&s->sections[0], &s->memories[c][0], s->out[c], LAG);
		for (size_t k = 0; k < s->count; k++) {
			const struct biquad *section = &s->sections[k];
			const struct biquad_memory *m = &s->memories[c][k];
			const size_t lane = 2 * k + c;
			lanes->b0[lane] = section->b0;
			lanes->b1[lane] = section->b1;
			lanes->b2[lane] = section->b2;
			lanes->a1[lane] = section->a1;
			lanes->a2[lane] = section->a2;
			lanes->pending[lane] = m->pending;
			lanes->x1[lane] = m->x1;
			lanes->y1[lane] = m->y1;
		}
		lanes->y2[c] = s->out[c][0];
	}
}

/* The second sections catch up. */
static void end(const struct lanes *lanes, const struct biquad_stereo *s, size_t count)
{
	for (size_t c = 0; c < 2; c++) {
		for (size_t k = 0; k < s->count; k++) {
			struct biquad_memory *m = &s->memories[c][k];
			m->pending = lanes->pending[2 * k + c];
			m->x1 = lanes->x1[2 * k + c];
			m->y1 = lanes->y1[2 * k + c];
		}
		if (s->count < 2)
			continue;
		double *last = s->out[c] + count - LAG;
		last[0] = lanes->y2[c];
		last[1] = lanes->y1[c];
		biquad_run(&s->sections[1], &s->memories[c][1], last, LAG);
	}
}

static inline __attribute__((always_inline)) void step(struct lanes *l, double left, double right)
{
	const quad in = {left, right, 0, 0};
	quad x = __builtin_shufflevector(in, l->y2, 0, 1, 4, 5);
	quad y = (l->b0 * x + l->pending) - l->a1 * l->y1;
	l->pending = l->b1 * x + (l->b2 * l->x1 - l->a2 * l->y1);
	l->x1 = x;
	l->y2 = l->y1;
	l->y1 = y;
}

/* Sample `at` of the only section, or the sample that the second one is at. */
static inline __attribute__((always_inline)) void put(
	const struct lanes *l, const struct biquad_stereo *s, const size_t sections, size_t at)
{
	const size_t lane = sections > 1 ? 2 : 0, to = sections > 1 ? at - LAG : at;
	s->out[0][to] = l->y1[lane];
	s->out[1][to] = l->y1[lane + 1];
}

/* The numbers of sections are constants where this is called. */
static inline __attribute__((always_inline)) void run(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, const size_t ones, const size_t others, size_t count)
{
	struct lanes a = lanes[0], b = lanes[1];
	for (size_t i = LAG; i < count; i++) {
		const double left = one->in[0][i], right = one->in[1][i];
		const double left_too = other->in[0][i], right_too = other->in[1][i];
		step(&a, left, right);
		step(&b, left_too, right_too);
		put(&a, one, ones, i);
		put(&b, other, others, i);
	}
	lanes[0] = a;
	lanes[1] = b;
}

WIDE static void run_as_many(struct lanes lanes[2], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	if (one->count > 1 && other->count > 1)
		run(lanes, one, other, 2, 2, count);
	else if (one->count > 1)
		run(lanes, one, other, 2, 1, count);
	else if (other->count > 1)
		run(lanes, one, other, 1, 2, count);
	else
		run(lanes, one, other, 1, 1, count);
}

void biquad_run_stereo(const struct biquad_stereo *one, const struct biquad_stereo *other, size_t count)
{
	struct lanes lanes[2];
	begin(&lanes[0], one);
	begin(&lanes[1], other);
	run_as_many(lanes, one, other, count);
	end(&lanes[0], one, count);
	end(&lanes[1], other, count);
}
