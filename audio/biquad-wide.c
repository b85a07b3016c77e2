#include "audio/biquad.h"
#include "audio/fused.h"
#include "audio/wide.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <string.h>

/* For processors with AVX2 and fused multiply-add: a multiplication and the addition behind it are one
 * operation there, rounded once, and take four clocks where the two apart take eight. So that a signal comes
 * out the same however it is cut, such a processor runs all sections here, one sample or many.
 *
 * Sections lie side by side, four in a vector, each LAG samples behind the one before it, so that none waits
 * for another: what section k gave four samples ago is what section k + 1 takes in now, and stays in
 * registers. */
enum { LAG = 4, LANES = 4, QUADS = 2, MOST = LANES * QUADS };

/* Of four sections. What came in and what came out lies in rings, so that nothing has to move on: x[i % 2]
 * came in and y[i % LAG] came out at step i. */
struct lanes {
	__m256d b0, b1, b2, a1, a2;
	__m256d x[2], y[LAG];
};

/* Several sections on their way through some samples: before step `at`, section k has done with all samples
 * before at - k * LAG, of which the last LAG wait in `samples` for the next section. */
struct row {
	const struct biquad *sections;
	struct biquad_memory *memories;
	size_t count;
	double *samples;
};

/* biquad_run's operations, in its order, fused. In vectors of which the upper half is idle: a compiler moves
 * those for nothing, and numbers alone not. */
FUSED static void run_alone(
	const struct biquad *section, struct biquad_memory *memory, double *samples, size_t count)
{
	const __m128d b0 = _mm_set_sd(section->b0), b1 = _mm_set_sd(section->b1),
		      b2 = _mm_set_sd(section->b2);
	const __m128d a1 = _mm_set_sd(section->a1), a2 = _mm_set_sd(section->a2);
	__m128d x1 = _mm_set_sd(memory->x1), x2 = _mm_set_sd(memory->x2);
	__m128d y1 = _mm_set_sd(memory->y1), y2 = _mm_set_sd(memory->y2);
	for (size_t i = 0; i < count; i++) {
		__m128d x = _mm_load_sd(&samples[i]);
		__m128d fed = _mm_fmadd_pd(b0, x, _mm_fmadd_pd(b1, x1, _mm_mul_pd(b2, x2)));
		__m128d y = _mm_fnmadd_pd(a1, y1, _mm_fnmadd_pd(a2, y2, fed));
		x2 = x1;
		x1 = x;
		y2 = y1;
		y1 = y;
		_mm_store_sd(&samples[i], y);
	}
	memory->x1 = _mm_cvtsd_f64(x1);
	memory->x2 = _mm_cvtsd_f64(x2);
	memory->y1 = _mm_cvtsd_f64(y1);
	memory->y2 = _mm_cvtsd_f64(y2);
}

/* The slot of a ring for what was `back` steps before step `at`. */
static inline size_t slot(size_t at, size_t back, size_t slots)
{
	return (at - back) % slots;
}

/* Lanes past the last section are all zeros, and nobody takes what they give. */
FUSED static void lanes_load(struct lanes lanes[static QUADS], const struct row *row, size_t at)
{
	memset(lanes, 0, QUADS * sizeof(*lanes));
	for (size_t k = 0; k < row->count; k++) {
		struct lanes *l = &lanes[k / LANES];
		const struct biquad *s = &row->sections[k];
		const struct biquad_memory *m = &row->memories[k];
		const size_t lane = k % LANES;
		LANE_TAKE_SECTION(l, lane, s);
		l->x[slot(at, 1, 2)][lane] = m->x1;
		l->x[slot(at, 2, 2)][lane] = m->x2;
		l->y[slot(at, 1, LAG)][lane] = m->y1;
		l->y[slot(at, 2, LAG)][lane] = m->y2;
		for (size_t back = 3; back <= LAG && k + 1 < row->count; back++)
			l->y[slot(at, back, LAG)][lane] = row->samples[at - k * LAG - back];
	}
}

FUSED static void lanes_store(const struct lanes lanes[static QUADS], const struct row *row, size_t at)
{
	for (size_t k = 0; k < row->count; k++) {
		const struct lanes *l = &lanes[k / LANES];
		struct biquad_memory *m = &row->memories[k];
		const size_t lane = k % LANES;
		m->x1 = l->x[slot(at, 1, 2)][lane];
		m->x2 = l->x[slot(at, 2, 2)][lane];
		m->y1 = l->y[slot(at, 1, LAG)][lane];
		m->y2 = l->y[slot(at, 2, LAG)][lane];
		for (size_t back = 1; back <= LAG && k + 1 < row->count; back++)
			row->samples[at - k * LAG - back] = l->y[slot(at, back, LAG)][lane];
	}
}

/* Step `i`, a constant, modulo LAG. */
FUSED static INLINE void lanes_feed(struct lanes *l, const size_t i, const __m256d *x)
{
	__m256d fed = _mm256_fmadd_pd(
		l->b0, *x, _mm256_fmadd_pd(l->b1, l->x[(i + 1) % 2], _mm256_mul_pd(l->b2, l->x[i % 2])));
	l->x[i % 2] = *x;
	l->y[i] = _mm256_fnmadd_pd(
		l->a1, l->y[(i + LAG - 1) % LAG], _mm256_fnmadd_pd(l->a2, l->y[(i + LAG - 2) % LAG], fed));
}

/* The first lane takes in `first`, which is in all of its lanes; the others what came before them. */
FUSED static INLINE void lanes_step(struct lanes *l, const size_t i, const __m256d *first)
{
	const __m256d before = _mm256_permute4x64_pd(l->y[i], _MM_SHUFFLE(2, 1, 0, 0));
	const __m256d x = _mm256_blend_pd(before, *first, 1);
	lanes_feed(l, i, &x);
}

FUSED static INLINE void put(double *to, const __m256d *from, const int lane)
{
	const __m128d half = lane < 2 ? _mm256_castpd256_pd128(*from) : _mm256_extractf128_pd(*from, 1);
	if (lane % 2)
		_mm_storeh_pd(to, half);
	else
		_mm_store_sd(to, half);
}

/* One step of all sections; `i`, `quads` and `last`, the lane of the last section, are constants. */
FUSED static INLINE void step(struct lanes *front, struct lanes *back, const size_t i, const double *from,
	double *to, const size_t quads, const int last)
{
	const __m256d first = _mm256_broadcast_sd(from);
	const __m256d between = _mm256_permute4x64_pd(front->y[i], _MM_SHUFFLE(3, 3, 3, 3));
	lanes_step(front, i, &first);
	if (quads > 1)
		lanes_step(back, i, &between);
	put(to, quads > 1 ? &back->y[i] : &front->y[i], last);
}

/* Whole rounds of LAG steps from `at` on; returns where they end. */
FUSED static INLINE size_t run_lanes(
	const struct row *row, size_t at, size_t end, const size_t quads, const int last)
{
	const size_t behind = (row->count - 1) * LAG;
	struct lanes lanes[QUADS];
	lanes_load(lanes, row, at);
	struct lanes front = lanes[0], back = lanes[1];
	for (; at + LAG <= end; at += LAG) {
		const double *from = row->samples + at;
		double *to = row->samples + at - behind;
		step(&front, &back, 0, from, to, quads, last);
		step(&front, &back, 1, from + 1, to + 1, quads, last);
		step(&front, &back, 2, from + 2, to + 2, quads, last);
		step(&front, &back, 3, from + 3, to + 3, quads, last);
	}
	lanes[0] = front;
	lanes[1] = back;
	lanes_store(lanes, row, at);
	return at;
}

FUSED static size_t run_row(const struct row *row, size_t at, size_t end)
{
	switch (row->count) {
	case 2:
		return run_lanes(row, at, end, 1, 1);
	case 3:
		return run_lanes(row, at, end, 1, 2);
	case 4:
		return run_lanes(row, at, end, 1, 3);
	case 5:
		return run_lanes(row, at, end, 2, 0);
	case 6:
		return run_lanes(row, at, end, 2, 1);
	case 7:
		return run_lanes(row, at, end, 2, 2);
	default:
		return run_lanes(row, at, end, 2, 3);
	}
}

/* Each section is first brought LAG samples further than the one after it, and they catch up at the end. */
static void run_together(
	const struct biquad *s, struct biquad_memory *m, size_t n, double *samples, size_t count)
{
	const struct row row = {s, m, n, samples};
	for (size_t i = 0; i + 1 < n; i++)
		run_alone(&s[i], &m[i], samples, (n - 1 - i) * LAG);
	size_t done = run_row(&row, (n - 1) * LAG, count);
	for (size_t i = 0; i < n; i++)
		run_alone(&s[i], &m[i], samples + done - i * LAG, count - done + i * LAG);
}

bool biquad_run_wide(const struct biquad *s, struct biquad_memory *m, size_t n, double *samples, size_t count)
{
	if (!can_fuse())
		return false;
	for (size_t together; n > 0; n -= together) {
		together = count <= MOST * LAG ? 1 : n < MOST ? n : MOST;
		if (together == 1)
			run_alone(s, m, samples, count);
		else
			run_together(s, m, together, samples, count);
		s += together;
		m += together;
	}
	return true;
}

/* ---- two sections of two signals ---- */

/* The first section of both signals, then the second. */
FUSED static void pair_load(struct lanes *l, const struct biquad *sections,
	struct biquad_memory *const memories[2], double *const samples[2])
{
	for (size_t lane = 0; lane < LANES; lane++) {
		const struct biquad *s = &sections[lane / 2];
		const struct biquad_memory *m = &memories[lane % 2][lane / 2];
		LANE_TAKE_SECTION(l, lane, s);
		l->x[slot(LAG, 1, 2)][lane] = m->x1;
		l->x[slot(LAG, 2, 2)][lane] = m->x2;
		for (size_t back = 1; back <= LAG; back++)
			l->y[slot(LAG, back, LAG)][lane] = samples[lane % 2][LAG - back];
		l->y[slot(LAG, 1, LAG)][lane] = m->y1;
		l->y[slot(LAG, 2, LAG)][lane] = m->y2;
	}
}

FUSED static void pair_store(
	const struct lanes *l, struct biquad_memory *const memories[2], double *const samples[2], size_t at)
{
	for (size_t lane = 0; lane < LANES; lane++) {
		struct biquad_memory *m = &memories[lane % 2][lane / 2];
		m->x1 = l->x[slot(at, 1, 2)][lane];
		m->x2 = l->x[slot(at, 2, 2)][lane];
		m->y1 = l->y[slot(at, 1, LAG)][lane];
		m->y2 = l->y[slot(at, 2, LAG)][lane];
		for (size_t back = 1; back <= LAG && lane < 2; back++)
			samples[lane][at - back] = l->y[slot(at, back, LAG)][lane];
	}
}

FUSED static INLINE void pair_step(struct lanes *l, const size_t i, double *left, double *right)
{
	const __m128d first = _mm_loadh_pd(_mm_load_sd(left), right);
	const __m128d before = _mm256_castpd256_pd128(l->y[i]);
	const __m256d x = _mm256_insertf128_pd(_mm256_castpd128_pd256(first), before, 1);
	lanes_feed(l, i, &x);
	const __m128d last = _mm256_extractf128_pd(l->y[i], 1);
	_mm_store_sd(left - LAG, last);
	_mm_storeh_pd(right - LAG, last);
}

FUSED static void run_pair(const struct biquad *sections, struct biquad_memory *const memories[2],
	double *const samples[2], size_t count)
{
	struct lanes lanes;
	size_t at = LAG;
	for (size_t c = 0; c < 2; c++)
		run_alone(&sections[0], &memories[c][0], samples[c], LAG);
	pair_load(&lanes, sections, memories, samples);
	struct lanes l = lanes;
	for (; at + LAG <= count; at += LAG) {
		double *left = samples[0] + at, *right = samples[1] + at;
		pair_step(&l, 0, left, right);
		pair_step(&l, 1, left + 1, right + 1);
		pair_step(&l, 2, left + 2, right + 2);
		pair_step(&l, 3, left + 3, right + 3);
	}
	lanes = l;
	pair_store(&lanes, memories, samples, at);
	for (size_t c = 0; c < 2; c++) {
		run_alone(&sections[0], &memories[c][0], samples[c] + at, count - at);
		run_alone(&sections[1], &memories[c][1], samples[c] + at - LAG, count - at + LAG);
	}
}

bool biquad_run_pair(const struct biquad sections[static 2], struct biquad_memory *const memories[static 2],
	double *const samples[static 2], size_t count)
{
	if (count <= (size_t)MOST * LAG || !can_fuse())
		return false;
	run_pair(sections, memories, samples, count);
	return true;
}

#else

bool biquad_run_wide(const struct biquad *s, struct biquad_memory *m, size_t n, double *samples, size_t count)
{
	(void)s, (void)m, (void)n, (void)samples, (void)count;
	return false;
}

bool biquad_run_pair(const struct biquad sections[static 2], struct biquad_memory *const memories[static 2],
	double *const samples[static 2], size_t count)
{
	(void)sections, (void)memories, (void)samples, (void)count;
	return false;
}

#endif
