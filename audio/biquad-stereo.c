#include "audio/biquad.h"
#include "audio/fused.h"
#include "audio/wide.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* The first sections of two signals of two channels each lie side by side in a vector, and so do the second
 * ones: what comes out of the one vector is what goes into the other, lane by lane. The second is still at a
 * sample when the first goes on to the next; each waits only for itself. */
enum { LANES = 4, SECTIONS = 2 };

typedef double quad __attribute__((vector_size(LANES * sizeof(double))));

struct lanes {
	quad b0, b1, b2, minus_a1, minus_a2;
	quad x1, x2, y1, y2; /* y2 is what came out before y1 */
};

/* Lanes without a section are all zeros, and nobody takes what they give. */
static void load(struct lanes lanes[static SECTIONS], const struct biquad_stereo *s, size_t first)
{
	for (size_t k = 0; k < s->count; k++) {
		struct lanes *l = &lanes[k];
		const struct biquad *section = &s->sections[k];
		for (size_t c = 0; c < 2; c++) {
			const struct biquad_memory *m = &s->memories[c][k];
			const size_t lane = first + c;
			l->b0[lane] = section->b0;
			l->b1[lane] = section->b1;
			l->b2[lane] = section->b2;
			l->minus_a1[lane] = -section->a1;
			l->minus_a2[lane] = -section->a2;
			LANE_TAKE_MEMORY(l, lane, m);
		}
	}
}

static void store(const struct lanes lanes[static SECTIONS], const struct biquad_stereo *s, size_t first)
{
	for (size_t k = 0; k < s->count; k++) {
		for (size_t c = 0; c < 2; c++) {
			struct biquad_memory *m = &s->memories[c][k];
			LANE_GIVE_MEMORY(&lanes[k], first + c, m);
		}
	}
}

/* Sample `at` of what both take in; of the other only where there is one. */
static INLINE void take(const struct biquad_stereo *one, const struct biquad_stereo *other,
	const size_t others, size_t at, quad *x)
{
	const double *left = others > 0 ? other->in[0] : one->in[0];
	const double *right = others > 0 ? other->in[1] : one->in[1];
	*x = (quad){one->in[0][at], one->in[1][at], left[at], right[at]};
}

/* What came of a signal, whose lanes are `first` and the next. */
static INLINE void put(const struct biquad_stereo *s, const struct lanes *l, const size_t first, size_t at)
{
	s->out[0][at] = l->y1[first];
	s->out[1][at] = l->y1[first + 1];
}

/* The numbers of sections are constants. */
static INLINE void put_both(const struct lanes lanes[static SECTIONS], const struct biquad_stereo *one,
	const struct biquad_stereo *other, const size_t ones, const size_t others, size_t at)
{
	put(one, &lanes[ones - 1], 0, at);
	if (others > 0)
		put(other, &lanes[others - 1], 2, at);
}

static INLINE void move_on(struct lanes *l, const quad *x, const quad *y)
{
	l->x2 = l->x1;
	l->x1 = *x;
	l->y2 = l->y1;
	l->y1 = *y;
}

/* biquad_run's operations, in its order. */
static INLINE void step(struct lanes *l, const quad *x)
{
	quad y = l->b0 * *x + (l->b1 * l->x1 + l->b2 * l->x2);
	y += l->minus_a2 * l->y2;
	y += l->minus_a1 * l->y1;
	move_on(l, x, &y);
}

static INLINE void run_as_many(struct lanes lanes[static SECTIONS], const struct biquad_stereo *one,
	const struct biquad_stereo *other, const size_t ones, const size_t others, size_t count)
{
	struct lanes l[SECTIONS] = {lanes[0], lanes[1]};
	for (size_t i = 0; i < count; i++) {
		quad x;
		take(one, other, others, i, &x);
		step(&l[0], &x);
		if (ones > 1 || others > 1)
			step(&l[1], &l[0].y1);
		put_both(l, one, other, ones, others, i);
	}
	lanes[0] = l[0];
	lanes[1] = l[1];
}

WIDE static void run_stereo_apart(struct lanes lanes[static SECTIONS], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	if (one->count > 1 && other->count > 1)
		run_as_many(lanes, one, other, 2, 2, count);
	else if (one->count > 1 && other->count > 0)
		run_as_many(lanes, one, other, 2, 1, count);
	else if (one->count > 1)
		run_as_many(lanes, one, other, 2, 0, count);
	else if (other->count > 0)
		run_as_many(lanes, one, other, 1, 1, count);
	else
		run_as_many(lanes, one, other, 1, 0, count);
}

/* What biquad_run_wide does, where it does: a compiler takes four fma() for four numbers. */
#ifdef __x86_64__

FUSED static INLINE void step_fused(struct lanes *l, const quad *x)
{
	const __m256d fed = _mm256_fmadd_pd((__m256d)l->b0, (__m256d)*x,
		_mm256_fmadd_pd(
			(__m256d)l->b1, (__m256d)l->x1, _mm256_mul_pd((__m256d)l->b2, (__m256d)l->x2)));
	const __m256d y = _mm256_fmadd_pd((__m256d)l->minus_a1, (__m256d)l->y1,
		_mm256_fmadd_pd((__m256d)l->minus_a2, (__m256d)l->y2, fed));
	const quad out = (quad)y;
	move_on(l, x, &out);
}

FUSED static INLINE void run_fused_as_many(struct lanes lanes[static SECTIONS],
	const struct biquad_stereo *one, const struct biquad_stereo *other, const size_t ones,
	const size_t others, size_t count)
{
	struct lanes l[SECTIONS] = {lanes[0], lanes[1]};
	for (size_t i = 0; i < count; i++) {
		quad x;
		take(one, other, others, i, &x);
		step_fused(&l[0], &x);
		if (ones > 1 || others > 1)
			step_fused(&l[1], &l[0].y1);
		put_both(l, one, other, ones, others, i);
	}
	lanes[0] = l[0];
	lanes[1] = l[1];
}

FUSED static bool run_fused(struct lanes lanes[static SECTIONS], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	if (!can_fuse())
		return false;
	if (one->count > 1 && other->count > 1)
		run_fused_as_many(lanes, one, other, 2, 2, count);
	else if (one->count > 1 && other->count > 0)
		run_fused_as_many(lanes, one, other, 2, 1, count);
	else if (one->count > 1)
		run_fused_as_many(lanes, one, other, 2, 0, count);
	else if (other->count > 0)
		run_fused_as_many(lanes, one, other, 1, 1, count);
	else
		run_fused_as_many(lanes, one, other, 1, 0, count);
	return true;
}

#else

static bool run_fused(struct lanes lanes[static SECTIONS], const struct biquad_stereo *one,
	const struct biquad_stereo *other, size_t count)
{
	(void)lanes, (void)one, (void)other, (void)count;
	return false;
}

#endif

void biquad_run_stereo(const struct biquad_stereo *one, const struct biquad_stereo *other, size_t count)
{
	struct lanes lanes[SECTIONS] = {{{0}}};
	load(lanes, one, 0);
	load(lanes, other, 2);
	if (!run_fused(lanes, one, other, count))
		run_stereo_apart(lanes, one, other, count);
	store(lanes, one, 0);
	store(lanes, other, 2);
}
