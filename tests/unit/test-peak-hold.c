/* The peak hold against a search through the last frames. */
#include "audio/peak-hold.h"
#include "tests/unit/harness.h"
#include "tests/unit/processing.h"

enum { FRAMES = 20000 };

/* fmax() would be a call for each, and nine tenths of the test. */
static double largest_of(const double *values, size_t from, size_t to, double largest)
{
	for (size_t i = from; i < to; i++)
		largest = values[i] > largest ? values[i] : largest;
	return largest;
}

static void fill(double *values, int kind)
{
	fill_noise(values, FRAMES, 1);
	for (size_t i = 0; i < FRAMES; i++) {
		double fall = exp(-(double)(i % 5000) / 1000);
		values[i] = kind == 0	? fabs(values[i])
			    : kind == 1 ? fall
			    : kind == 2 ? 1 - fall
					: i % 4000 == 7;
	}
}

/* Never less than the largest within the time asked for, never more than within a bucket on top. */
static void test_against_search(void **unused)
{
	static const uint32_t rates[] = {44100, 48000, 192000};
	static const double holds[] = {0, 0.0001, 0.002, 0.01, 0.05};
	static double in[FRAMES], out[FRAMES];
	(void)unused;
	for (int kind = 0; kind < 4; kind++) {
		fill(in, kind);
		for (size_t r = 0; r < TABLE_SIZE(rates); r++) {
			for (size_t h = 0; h < TABLE_SIZE(holds); h++) {
				struct peak_hold hold;
				assert_int_equal(peak_hold_init(&hold, holds[h], rates[r]), 0);
				size_t least = (size_t)(holds[h] * rates[r]);
				size_t most = least + 2 * hold.bucket_frames;
				memcpy(out, in, sizeof(in));
				for (size_t i = 0; i < FRAMES; i += 100)
					peak_hold_run(&hold, out + i, 100);
				for (size_t i = 0; i < FRAMES; i++) {
					size_t late = i < least ? 0 : i - least,
					       early = i < most ? 0 : i - most;
					double largest = largest_of(in, late, i + 1, 0);
					assert_true(out[i] >= largest);
					assert_true(out[i] <= largest_of(in, early, late, largest));
				}
				peak_hold_finish(&hold);
			}
		}
	}
}

static void test_cuts_and_reset(void **unused)
{
	static const size_t cuts[] = {1, 7, 64, 1000};
	static double in[FRAMES], expected[FRAMES], out[FRAMES];
	struct peak_hold hold;
	(void)unused;
	fill(in, 0);
	assert_int_equal(peak_hold_init(&hold, 0.01, 48000), 0);
	memcpy(expected, in, sizeof(in));
	peak_hold_run(&hold, expected, FRAMES);
	for (size_t c = 0; c < TABLE_SIZE(cuts); c++) {
		memcpy(out, in, sizeof(in));
		peak_hold_reset(&hold);
		for (size_t i = 0; i < FRAMES; i += cuts[c])
			peak_hold_run(&hold, out + i, i + cuts[c] > FRAMES ? FRAMES - i : cuts[c]);
		assert_memory_equal(out, expected, sizeof(out));
	}
	peak_hold_finish(&hold);
	peak_hold_finish(&hold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_search),
		cmocka_unit_test(test_cuts_and_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
