/* Levels and clips of what lies on a tape, against the same figures reckoned sample by sample. */
#include "tests/unit/harness.h"

#include "recorder/level.h"

#include <math.h>

enum { FRAMES = 4096, CYCLE = 1000 };

static float sample(uint64_t n)
{
	static const float peculiar[] = {
		1, -1, 32767.0F / 32768, -32767.0F / 32768, 32766.0F / 32768, NAN, 0};
	return n % 97 == 0 ? peculiar[n / 97 % TABLE_SIZE(peculiar)] : 0.7F * (float)sin(0.1 * (double)n);
}

/* Cycles until the tape has gone round three times; what is left on it begins at *oldest. */
static void fill(struct tape *tape, uint64_t *oldest)
{
	uint64_t n = 0;
	for (int i = 0; i < 3 * FRAMES / CYCLE; i++) {
		float samples[CYCLE];
		struct cycle cycle = {.frames = CYCLE, .rate = 48000, .position = n};
		for (uint64_t k = 0; k < CYCLE; k++)
			samples[k] = sample(n++);
		*oldest = n > FRAMES ? n - FRAMES : 0;
		ring_release(&tape->samples, *oldest);
		ring_release(&tape->marks, ring_filled(&tape->marks));
		tape_record(tape, &cycle, (const float *[]){samples});
		ring_release(&tape->samples, *oldest);
	}
}

static void check(const struct tape *tape, uint64_t position, uint64_t frames)
{
	struct level level = {.peak = 0.25F, .clipped = 5};
	double peak = 0.25, squares = 0;
	uint64_t clipped = 5;
	for (uint64_t n = position; n < position + frames; n++) {
		double x = isnan(sample(n)) ? 0 : fabs((double)sample(n));
		peak = fmax(peak, x);
		squares += x * x;
		clipped += x >= 32767.0 / 32768;
	}
	level_measure(&level, tape, 0, position, frames);
	if (level.clipped != clipped || fabs((double)level.peak - peak) > 0 ||
		fabs(level.squares - squares) > 1e-5 * squares)
		fail_msg("%llu frames from %llu: %f, %f, %llu, not %f, %f, %llu", (unsigned long long)frames,
			(unsigned long long)position, (double)level.peak, level.squares,
			(unsigned long long)level.clipped, peak, squares, (unsigned long long)clipped);
}

static void test_any_stretch_of_a_tape(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {0, 1, 7, 8, 9, 64, 511, 512, 513, 1000, 3000};
	struct tape tape;
	struct error e;
	uint64_t oldest;
	assert_int_equal(tape_init(&tape, 1, FRAMES, &e), 0);
	fill(&tape, &oldest);
	for (size_t i = 0; i < TABLE_SIZE(sizes); i++)
		for (uint64_t first = oldest; first + sizes[i] <= oldest + FRAMES - CYCLE; first += 89)
			check(&tape, first, sizes[i]);
	tape_finish(&tape);
}

static void test_taken_is_moved(void **state)
{
	(void)state;
	struct level sum = {.peak = 0.5F, .squares = 1, .clipped = 2};
	struct level fresh = {.peak = 0.75F, .squares = 2, .clipped = 3};
	level_take(&sum, &fresh);
	assert_true(fabs(level_peak_db(&sum) - 20 * log10(0.75)) < 1e-9);
	assert_true(fabs(level_rms_db(&sum, 12) - 10 * log10(0.25)) < 1e-9);
	assert_int_equal(sum.clipped, 5);
	assert_int_equal(fresh.clipped, 0);
	assert_true(isinf(level_peak_db(&fresh)) && isinf(level_rms_db(&fresh, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_stretch_of_a_tape),
		cmocka_unit_test(test_taken_is_moved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
