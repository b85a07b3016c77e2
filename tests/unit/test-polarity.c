/* Polarity: exact, per side, and refused where there is no such side. */
#include "mixer/processors.h"
#include "tests/unit/dynamics.h"

static void test_sides(void **unused)
{
	static const double signs[][2] = {
		[POLARITY_BOTH] = {-1, -1}, [POLARITY_LEFT] = {-1, 1}, [POLARITY_RIGHT] = {1, -1}};
	enum { FRAMES = 3000 };
	static double in[2][FRAMES], out[2][FRAMES];
	(void)unused;
	for (int side = POLARITY_BOTH; side <= POLARITY_RIGHT; side++) {
		struct polarity_settings settings = {side};
		struct processor *processor = dynamics_make(&polarity_type, &settings, 48000, 2);
		assert_int_equal(processor_latency(processor), 0);
		for (int c = 0; c < 2; c++) {
			fill_noise(in[c], FRAMES, 1 + (unsigned)c);
			memcpy(out[c], in[c], sizeof(in[c]));
		}
		run_cut(processor, out[0], out[1], FRAMES, 100);
		for (int i = 0; i < FRAMES; i++)
			for (int c = 0; c < 2; c++)
				assert_true(out[c][i] == signs[side][c] * in[c][i]);
		processor_reset(processor);
		processor_destroy(processor);
	}
}

static void test_mono(void **unused)
{
	struct polarity_settings settings = {POLARITY_BOTH};
	double samples[] = {0.5, -0.25, 0};
	(void)unused;
	struct processor *processor = dynamics_make(&polarity_type, &settings, 48000, 1);
	run_cut(processor, samples, NULL, 3, 3);
	assert_true(samples[0] == -0.5 && samples[1] == 0.25 && samples[2] == 0);
	processor_destroy(processor);
	settings.side = POLARITY_LEFT;
	dynamics_check_refused(&polarity_type, &settings, 1, "side: a mono track has no left side; both");
	settings.side = POLARITY_RIGHT;
	dynamics_check_refused(&polarity_type, &settings, 1, "side: a mono track has no right side; both");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_mono),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
