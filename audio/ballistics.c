#include "audio/ballistics.h"

#include "audio/fused.h"
#include "audio/wide.h"

#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* What is left of a reduction of 1 at `t` after it is no longer wanted: release, then attack, one after the
 * other. */
static double left_after(double t, double release_s, double attack_s)
{
	double difference = release_s - attack_s;
	if (fabs(difference) < 1e-6 * attack_s)
		return (1 + t / attack_s) * exp(-t / attack_s);
	return (release_s * exp(-t / release_s) - attack_s * exp(-t / attack_s)) / difference;
}

/* The decoupled detector's fall is slowed by its attack. The release pole that makes the whole reach 63 % in
 * the time asked for, by bisection; 0 where the attack alone is as slow. */
static double release_pole(double release_s, double attack_s)
{
	if (attack_s == 0)
		return release_s;
	double low = 0, high = release_s;
	if (release_s <= attack_s)
		return 0;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;
		if (left_after(release_s, middle, attack_s) > exp(-1))
			high = middle;
		else
			low = middle;
	}
	return (low + high) / 2;
}

void ballistics_init(struct ballistics *b, double attack_s, double release_s, double rate)
{
	*b = (struct ballistics){
		.attack_keep = keep_of(attack_s, rate),
		.release_keep = keep_of(release_pole(release_s, attack_s), rate),
	};
}

/* A product and the sum behind it, rounded once or twice; `fused` is a constant. */
static INLINE double add_product(double sum, double a, double b, const bool fused)
{
	return fused ? fma(a, b, sum) : a * b + sum;
}

static INLINE void run_one(struct ballistics *b, double *values, size_t count, const bool fused)
{
	const double release = b->release_keep, attack = b->attack_keep;
	double held = b->held, reduction = b->reduction;
	for (size_t i = 0; i < count; i++) {
		double rise = (1 - release) * values[i] - DECAY_DB;
		double fallen = add_product(rise, release, held, fused);
		held = values[i] > fallen ? values[i] : fallen;
		double approach = (1 - attack) * held - DECAY_DB;
		double next = add_product(approach, attack, reduction, fused);
		reduction = next > 0 ? next : 0;
		values[i] = reduction;
	}
	b->held = held;
	b->reduction = reduction;
}

/* Each step waits for the one before it, and less where a processor multiplies and adds in one operation.
 * Such a processor does so wherever it runs ballistics. */
#ifdef __x86_64__
FUSED static void run_one_fused(struct ballistics *b, double *values, size_t count)
{
	run_one(b, values, count, true);
}
#endif

void ballistics_run(struct ballistics *b, double *values, size_t count)
{
#ifdef __x86_64__
	if (can_fuse()) {
		run_one_fused(b, values, count);
		return;
	}
#endif
	run_one(b, values, count, false);
}

/* A lane is one's. */
typedef double four __attribute__((vector_size(BALLISTICS_TOGETHER * sizeof(double))));
typedef int64_t mask __attribute__((vector_size(BALLISTICS_TOGETHER * sizeof(int64_t))));

/* Rows become columns. */
static INLINE void turn(four rows[static BALLISTICS_TOGETHER])
{
	four ab_even = __builtin_shufflevector(rows[0], rows[1], 0, 4, 2, 6);
	four ab_odd = __builtin_shufflevector(rows[0], rows[1], 1, 5, 3, 7);
	four cd_even = __builtin_shufflevector(rows[2], rows[3], 0, 4, 2, 6);
	four cd_odd = __builtin_shufflevector(rows[2], rows[3], 1, 5, 3, 7);
	rows[0] = __builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5);
	rows[1] = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5);
	rows[2] = __builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7);
	rows[3] = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7);
}

/* What a step needs and leaves. */
struct lanes {
	four release, attack, held, reduction;
};

typedef void step_function(struct lanes *l, four *value);

static inline void step_plain(struct lanes *l, four *value)
{
	four fallen = l->release * l->held + ((1 - l->release) * *value - DECAY_DB);
	mask rises = *value > fallen;
	l->held = (four)((rises & (mask)*value) | (~rises & (mask)fallen));
	four next = l->attack * l->reduction + ((1 - l->attack) * l->held - DECAY_DB);
	l->reduction = (four)((mask)next & (next > 0));
	*value = l->reduction;
}

/* `step` is a constant where this is called. */
static INLINE void run_steps(
	struct lanes *lanes, double *const values[static BALLISTICS_TOGETHER], step_function *const step)
{
	enum { COUNT = BALLISTICS_TOGETHER };
	struct lanes l = *lanes;
	for (size_t i = 0; i < CHUNK; i += COUNT) {
		four rows[COUNT];
		for (size_t k = 0; k < COUNT; k++)
			memcpy(&rows[k], values[k] + i, sizeof(rows[k]));
		turn(rows);
		for (size_t k = 0; k < COUNT; k++)
			step(&l, &rows[k]);
		turn(rows);
		for (size_t k = 0; k < COUNT; k++)
			memcpy(values[k] + i, &rows[k], sizeof(rows[k]));
	}
	*lanes = l;
}

#ifdef __x86_64__
/* The larger of two is one instruction there, where a comparison and a blend are three that the next step
 * waits for. It is what `a > b ? a : b` is, not a number included. */
FUSED static inline void step_fused(struct lanes *l, four *value)
{
	four risen = (1 - l->release) * *value - DECAY_DB;
	__m256d fallen = _mm256_fmadd_pd((__m256d)l->release, (__m256d)l->held, (__m256d)risen);
	l->held = (four)_mm256_max_pd((__m256d)*value, fallen);
	four approached = (1 - l->attack) * l->held - DECAY_DB;
	__m256d next = _mm256_fmadd_pd((__m256d)l->attack, (__m256d)l->reduction, (__m256d)approached);
	l->reduction = (four)_mm256_max_pd(next, _mm256_setzero_pd());
	*value = l->reduction;
}

FUSED static void run_steps_fused(struct lanes *lanes, double *const values[static BALLISTICS_TOGETHER])
{
	run_steps(lanes, values, step_fused);
}
#endif

static void run_lanes(struct lanes *lanes, double *const values[static BALLISTICS_TOGETHER])
{
#ifdef __x86_64__
	if (can_fuse()) {
		run_steps_fused(lanes, values);
		return;
	}
#endif
	run_steps(lanes, values, step_plain);
}

void ballistics_run_together(struct ballistics *const b[static BALLISTICS_TOGETHER],
	double *const values[static BALLISTICS_TOGETHER])
{
	struct lanes lanes = {{0}};
	for (size_t k = 0; k < BALLISTICS_TOGETHER; k++) {
		lanes.release[k] = b[k]->release_keep;
		lanes.attack[k] = b[k]->attack_keep;
		lanes.held[k] = b[k]->held;
		lanes.reduction[k] = b[k]->reduction;
	}
	run_lanes(&lanes, values);
	for (size_t k = 0; k < BALLISTICS_TOGETHER; k++) {
		b[k]->held = lanes.held[k];
		b[k]->reduction = lanes.reduction[k];
	}
}
