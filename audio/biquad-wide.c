#include "audio/biquad.h"

#ifdef __x86_64__

#include <string.h>

/* Sections side by side, four in a vector, each LAG samples behind the one before it, so that none waits for
 * another: what section k gave three samples ago is what section k + 1 takes in now, and stays in registers.
 */
enum { LAG = 3, LANES = 4, QUADS = 2, LEAST = LANES + 1, MOST = LANES * QUADS };

typedef double quad __attribute__((vector_size(LANES * sizeof(double))));

struct lanes {
	quad b0, b1, b2, a1, a2;
	quad pending, x1, y1, y2, y3; /* y2 and y3 are what came out before y1 */
};

/* Several sections on their way through some samples. Of section k the outputs for sample
 * `at` - (k + 1) * LAG and the two after it wait in `samples` for the next section to take them in. */
struct row {
	const struct biquad *sections;
	struct biquad_memory *memories;
	size_t count;
	double *samples;
};

/* Lanes past the last section are all zeros, and nobody takes what they give. */
static void lanes_load(struct lanes lanes[static QUADS], const struct row *row, size_t at)
{
	memset(lanes, 0, QUADS * sizeof(*lanes));
	for (size_t k = 0; k < row->count; k++) {
		struct lanes *l = &lanes[k / LANES];
		const struct biquad *s = &row->sections[k];
		const struct biquad_memory *m = &row->memories[k];
		const double *waiting = row->samples + at - (k + 1) * LAG;
		const size_t lane = k % LANES;
		l->b0[lane] = s->b0;
		l->b1[lane] = s->b1;
		l->b2[lane] = s->b2;
		l->a1[lane] = s->a1;
		l->a2[lane] = s->a2;
		l->pending[lane] = m->pending;
		l->x1[lane] = m->x1;
		l->y1[lane] = m->y1;
		if (k + 1 < row->count) {
			l->y3[lane] = waiting[0];
			l->y2[lane] = waiting[1];
		}
	}
}

static void lanes_store(const struct lanes lanes[static QUADS], const struct row *row, size_t at)
{
	for (size_t k = 0; k < row->count; k++) {
		const struct lanes *l = &lanes[k / LANES];
		struct biquad_memory *m = &row->memories[k];
		double *waiting = row->samples + at - (k + 1) * LAG;
		const size_t lane = k % LANES;
		m->pending = l->pending[lane];
		m->x1 = l->x1[lane];
		m->y1 = l->y1[lane];
		if (k + 1 < row->count) {
			waiting[0] = l->y3[lane];
			waiting[1] = l->y2[lane];
			waiting[2] = l->y1[lane];
		}
	}
}

/* The first lane takes in `first`, which is in all of its lanes; the others what came before them. */
static inline __attribute__((always_inline)) void lanes_step(struct lanes *l, const quad *first)
{
	quad x = __builtin_shufflevector(l->y3, *first, 4, 0, 1, 2);
	quad y = (l->b0 * x + l->pending) - l->a1 * l->y1;
	l->pending = l->b1 * x + (l->b2 * l->x1 - l->a2 * l->y1);
	l->x1 = x;
	l->y3 = l->y2;
	l->y2 = l->y1;
	l->y1 = y;
}

__attribute__((target("avx2"))) static void run(const struct row *row, size_t end)
{
	const size_t behind = (row->count - 1) * LAG, last = row->count - 1 - LANES;
	struct lanes lanes[QUADS];
	lanes_load(lanes, row, behind);
	struct lanes front = lanes[0], back = lanes[1];
	for (size_t i = behind; i < end; i++) {
		const double sample = row->samples[i];
		const quad first = {sample, sample, sample, sample};
		const quad between = __builtin_shufflevector(front.y3, front.y3, 3, 3, 3, 3);
		lanes_step(&front, &first);
		lanes_step(&back, &between);
		row->samples[i - behind] = back.y1[last];
	}
	lanes[0] = front;
	lanes[1] = back;
	lanes_store(lanes, row, end);
}

/* Each section is first brought LAG samples further than the one after it, and they catch up at the end. Up
 * to four fill no second vector, and pairs are as fast. */
bool biquad_run_wide(const struct biquad *s, struct biquad_memory *m, size_t n, double *samples, size_t count)
{
	const struct row row = {s, m, n, samples};
	if (n < LEAST || n > MOST || count <= MOST * LAG || !__builtin_cpu_supports("avx2"))
		return false;
	for (size_t i = 0; i + 1 < n; i++)
		biquad_run(&s[i], &m[i], samples, (n - 1 - i) * LAG);
	run(&row, count);
	for (size_t i = 1; i < n; i++)
		biquad_run(&s[i], &m[i], samples + count - i * LAG, i * LAG);
	return true;
}

#else

bool biquad_run_wide(const struct biquad *s, struct biquad_memory *m, size_t n, double *samples, size_t count)
{
	(void)s, (void)m, (void)n, (void)samples, (void)count;
	return false;
}

#endif
