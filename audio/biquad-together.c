#include "audio/biquad.h"
#include "audio/fused.h"
#include "audio/wide.h"

#ifdef __x86_64__

#include <immintrin.h>

/* As biquad-wide.c, on the same processors and to the same bits, but a lane is a signal's: every lane works,
 * where five sections side by side leave three of eight idle.
 *
 * Signals are turned a piece at a time into steps, each a sample of every signal, and run through a few
 * sections at once: as many as leave their memories in registers, and enough to fill the time in which each
 * waits for its own last value. */
enum { LANES = FILTER_TOGETHER, PIECE = 256, GROUP = 3 };

struct lanes {
	__m256d b0, b1, b2, a1, a2;
	__m256d x1, x2, y1, y2;
};

FUSED static void lanes_load(struct lanes *l, const struct biquad_signals *signals, size_t section)
{
	for (size_t lane = 0; lane < LANES; lane++) {
		const struct biquad *s = &signals->sections[lane][section];
		const struct biquad_memory *m = &signals->memories[lane][section];
		LANE_TAKE_SECTION(l, lane, s);
		LANE_TAKE_MEMORY(l, lane, m);
	}
}

FUSED static void lanes_store(const struct lanes *l, const struct biquad_signals *signals, size_t section)
{
	for (size_t lane = 0; lane < LANES; lane++) {
		struct biquad_memory *m = &signals->memories[lane][section];
		LANE_GIVE_MEMORY(l, lane, m);
	}
}

/* biquad-wide.c's operations, in its order. */
FUSED static INLINE void lanes_step(struct lanes *l, __m256d *x)
{
	const __m256d fed =
		_mm256_fmadd_pd(l->b0, *x, _mm256_fmadd_pd(l->b1, l->x1, _mm256_mul_pd(l->b2, l->x2)));
	const __m256d y = _mm256_fnmadd_pd(l->a1, l->y1, _mm256_fnmadd_pd(l->a2, l->y2, fed));
	l->x2 = l->x1;
	l->x1 = *x;
	l->y2 = l->y1;
	l->y1 = y;
	*x = y;
}

/* `sections` is a constant where this is called. */
FUSED static INLINE void run_sections(
	struct lanes *lanes, const size_t sections, __m256d *steps, size_t count)
{
	struct lanes a = lanes[0], b = lanes[sections > 1 ? 1 : 0], c = lanes[sections > 2 ? 2 : 0];
	for (size_t i = 0; i < count; i++) {
		__m256d x = steps[i];
		lanes_step(&a, &x);
		if (sections > 1)
			lanes_step(&b, &x);
		if (sections > 2)
			lanes_step(&c, &x);
		steps[i] = x;
	}
	lanes[0] = a;
	if (sections > 1)
		lanes[1] = b;
	if (sections > 2)
		lanes[2] = c;
}

/* One section alone would wait, so four are two and two. */
FUSED static void run_all(struct lanes *lanes, size_t sections, __m256d *steps, size_t count)
{
	for (size_t done = 0, left = sections, n; left > 0; left -= n, done += n) {
		n = left == 4 ? 2 : left < GROUP ? left : GROUP;
		if (n == 3)
			run_sections(lanes + done, 3, steps, count);
		else if (n == 2)
			run_sections(lanes + done, 2, steps, count);
		else
			run_sections(lanes + done, 1, steps, count);
	}
}

/* Rows become columns. */
FUSED static INLINE void turn(__m256d rows[static LANES])
{
	const __m256d ab_even = _mm256_unpacklo_pd(rows[0], rows[1]);
	const __m256d ab_odd = _mm256_unpackhi_pd(rows[0], rows[1]);
	const __m256d cd_even = _mm256_unpacklo_pd(rows[2], rows[3]);
	const __m256d cd_odd = _mm256_unpackhi_pd(rows[2], rows[3]);
	rows[0] = _mm256_permute2f128_pd(ab_even, cd_even, 0x20);
	rows[1] = _mm256_permute2f128_pd(ab_odd, cd_odd, 0x20);
	rows[2] = _mm256_permute2f128_pd(ab_even, cd_even, 0x31);
	rows[3] = _mm256_permute2f128_pd(ab_odd, cd_odd, 0x31);
}

/* `count` is a multiple of LANES. */
FUSED static void take_in(double *const *samples, size_t from, __m256d *steps, size_t count)
{
	for (size_t i = 0; i < count; i += LANES) {
		__m256d rows[LANES];
		for (size_t k = 0; k < LANES; k++)
			rows[k] = _mm256_loadu_pd(samples[k] + from + i);
		turn(rows);
		for (size_t k = 0; k < LANES; k++)
			steps[i + k] = rows[k];
	}
}

FUSED static void give_out(double *const *samples, size_t from, const __m256d *steps, size_t count)
{
	for (size_t i = 0; i < count; i += LANES) {
		__m256d rows[LANES];
		for (size_t k = 0; k < LANES; k++)
			rows[k] = steps[i + k];
		turn(rows);
		for (size_t k = 0; k < LANES; k++)
			_mm256_storeu_pd(samples[k] + from + i, rows[k]);
	}
}

FUSED static void run(const struct biquad_signals *signals, size_t count)
{
	struct lanes lanes[BIQUAD_TOGETHER_MOST];
	__m256d steps[PIECE];
	for (size_t i = 0; i < signals->count; i++)
		lanes_load(&lanes[i], signals, i);
	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < PIECE ? count - done : PIECE;
		take_in(signals->samples, done, steps, n);
		run_all(lanes, signals->count, steps, n);
		give_out(signals->samples, done, steps, n);
	}
	for (size_t i = 0; i < signals->count; i++)
		lanes_store(&lanes[i], signals, i);
}

bool biquad_run_together(const struct biquad_signals *signals, size_t count)
{
	if (!can_fuse())
		return false;
	if (signals->count > BIQUAD_TOGETHER_MOST)
		return false;
	const size_t whole = count - count % LANES;
	bool fused = true;
	if (whole > 0)
		run(signals, whole);
	for (size_t k = 0; k < LANES && whole < count; k++)
		fused &= biquad_run_wide(signals->sections[k], signals->memories[k], signals->count,
			signals->samples[k] + whole, count - whole);
	return fused;
}

#else

bool biquad_run_together(const struct biquad_signals *signals, size_t count)
{
	(void)signals, (void)count;
	return false;
}

#endif
