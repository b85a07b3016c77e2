/* The delay: exact where it can be, smooth between frames, echoes where and as loud as asked, and the places
 * where a session is refused. */
#include "mixer/processors.h"
#include "tests/unit/effects.h"

enum { FRAMES = 96000 };

static const struct delay_settings none = {
	.time_s = NAN,
	.distance_m = NAN,
	.samples = NAN,
	.note = NAN,
	.highpass_hz = NAN,
	.lowpass_hz = NAN,
	.mix_percent = 100,
};

static double left[FRAMES], right[FRAMES], expected[FRAMES];

static void run(const struct delay_settings *settings, uint32_t channels)
{
	struct processor *processor = effect_make(&delay_type, settings, channels);
	assert_int_equal(processor_latency(processor), 0);
	run_cut(processor, left, channels == 2 ? right : NULL, FRAMES, 1000);
	processor_destroy(processor);
}

static void impulse(void)
{
	memset(left, 0, sizeof(left));
	memset(right, 0, sizeof(right));
	left[0] = right[0] = 1;
}

static void test_exact(void **unused)
{
	static const struct {
		double time_s, distance_m, samples, note;
		size_t frames;
	} ways[] = {{0, NAN, NAN, NAN, 0}, {NAN, NAN, 1, NAN, 1}, {NAN, NAN, 48, NAN, 48},
		{0.35, NAN, NAN, NAN, 16800}, {NAN, 3.43, NAN, NAN, 480}, {NAN, NAN, NAN, 1.0 / 8, 12000},
		{NAN, NAN, NAN, 3.0 / 16, 18000}, {NAN, NAN, NAN, 1.0 / 12, 8000}};
	(void)unused;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct delay_settings s = none;
		s.time_s = ways[i].time_s;
		s.distance_m = ways[i].distance_m;
		s.samples = ways[i].samples;
		s.note = ways[i].note; /* at the 120 bpm of effect_make */
		fill_noise(expected, FRAMES, 1);
		memcpy(left, expected, sizeof(left));
		run(&s, 1);
		for (size_t k = 0; k < ways[i].frames; k++)
			assert_true(left[k] == 0);
		assert_memory_equal(
			left + ways[i].frames, expected, (FRAMES - ways[i].frames) * sizeof(double));
	}
}

/* Sines behind a delay of a broken number of frames, against the same sine later. */
static void test_between_frames(void **unused)
{
	static const double frames[] = {30.5, 100.25, 480.03, 4800.9};
	double worst = 0;
	(void)unused;
	for (size_t d = 0; d < COUNT(frames); d++) {
		for (double frequency = 20; frequency < 19000; frequency *= 1.7) {
			struct delay_settings s = none;
			s.samples = frames[d];
			fill_sine(left, FRAMES, 1, frequency, 48000);
			run(&s, 1);
			for (int i = 10000; i < FRAMES; i++)
				worst = fmax(worst,
					fabs(left[i] - sin(2 * M_PI * frequency / 48000 * (i - frames[d]))));
		}
	}
	print_message("between frames within %.1f dB up to 19 kHz\n", 20 * log10(worst));
	assert_true(worst < 0.001);
}

/* As short as there is hardly room for its neighbours: still the right time for what is not treble. */
static void test_short(void **unused)
{
	static const double frames[] = {0.4, 1.5, 2.3, 5.7};
	(void)unused;
	for (size_t d = 0; d < COUNT(frames); d++) {
		struct delay_settings s = none;
		s.samples = frames[d];
		fill_sine(left, FRAMES, 1, 500, 48000);
		run(&s, 1);
		for (int i = 1000; i < FRAMES; i++)
			assert_true(fabs(left[i] - sin(2 * M_PI * 500 / 48000 * (i - frames[d]))) < 0.002);
	}
}

static void test_echoes(void **unused)
{
	struct delay_settings s = none;
	(void)unused;
	s.time_s = 0.25;
	s.feedback_percent = 50;
	s.mix_percent = 40;
	impulse();
	run(&s, 1);
	assert_true(fabs(left[0] - 0.6) < 1e-12);
	for (int i = 1; i < FRAMES; i++)
		assert_true(fabs(left[i] - (i % 12000 ? 0 : 0.4 * pow(0.5, i / 12000 - 1))) < 1e-12);
}

static void test_ping_pong(void **unused)
{
	struct delay_settings s = none;
	(void)unused;
	s.time_s = 0.25;
	s.feedback_percent = 50;
	s.ping_pong = true;
	impulse();
	run(&s, 2);
	for (int i = 0; i < FRAMES; i++) {
		int echo = i % 12000 ? 0 : i / 12000;
		double level = pow(0.5, echo - 1);
		assert_true(fabs(left[i] - (echo % 2 == 1 ? level : 0)) < 1e-12);
		assert_true(fabs(right[i] - (echo > 0 && echo % 2 == 0 ? level : 0)) < 1e-12);
	}
}

/* Each echo loses another 3 dB at the corner. */
static void test_filters(void **unused)
{
	struct delay_settings s = none;
	(void)unused;
	s.time_s = 0.5;
	s.feedback_percent = 90;
	s.highpass_hz = 300;
	s.lowpass_hz = 3000;
	for (int i = 0; i < 2; i++) {
		impulse();
		run(&s, 1);
		double corner = (i ? 300 : 3000) / 48000.0;
		for (int echo = 1; echo <= 3; echo++) {
			double re = 0, im = 0;
			for (int k = 0; k < 20000; k++) {
				re += left[24000 * echo + k] * cos(2 * M_PI * corner * k);
				im += left[24000 * echo + k] * sin(2 * M_PI * corner * k);
			}
			double db = 20 * log10(hypot(re, im));
			double due = -3.054 * echo + 20 * log10(0.9) * (echo - 1);
			if (fabs(db - due) > 0.2)
				fail_msg("echo %d: %.2f dB, not %.2f dB", echo, db, due);
			if (echo == 3)
				break;
		}
	}
}

static void test_refused(void **unused)
{
	struct delay_settings s = none;
	(void)unused;
	effect_check_refused(&delay_type, &s, 1, "none of time");
	s.time_s = 0.1;
	s.samples = 3;
	effect_check_refused(&delay_type, &s, 1, "more than one");
	s = none;
	s.note = 0.25; /* effect_check_refused has no tempo */
	effect_check_refused(&delay_type, &s, 1, "tempo");
	s = none;
	s.samples = 48;
	s.ping_pong = true;
	effect_check_refused(&delay_type, &s, 1, "ping_pong");
	s.ping_pong = false;
	s.lowpass_hz = 24000;
	effect_check_refused(&delay_type, &s, 1, "lowpass");
	s = none;
	s.samples = 0.5;
	s.feedback_percent = 10;
	effect_check_refused(&delay_type, &s, 1, "frame");
}

static void test_robust(void **unused)
{
	struct delay_settings s = none;
	(void)unused;
	s.samples = 2.7;
	s.feedback_percent = 95;
	s.highpass_hz = 100;
	effect_check(&delay_type, &s, 4);
	s.samples = 1;
	s.mix_percent = 50;
	effect_check(&delay_type, &s, 4);
	s.samples = 333.3;
	s.lowpass_hz = 5000;
	effect_check(&delay_type, &s, 12);
	s.feedback_percent = 0;
	effect_check(&delay_type, &s, 4);
}

static void test_ping_pong_robust(void **unused)
{
	struct delay_settings s = none;
	(void)unused;
	s.time_s = 0.0123;
	s.feedback_percent = 80;
	s.ping_pong = true;
	s.mix_percent = 30;
	effect_check_broken(&delay_type, &s);
	effect_check_silence(&delay_type, &s, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_between_frames),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_echoes),
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_robust),
		cmocka_unit_test(test_ping_pong_robust),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
