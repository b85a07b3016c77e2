/* Plugins of others, with those of Debian's swh-lv2: mono and stereo either way, controls, latency, and what
 * is refused. */
#include "mixer/processors.h"
#include "tests/unit/effects.h"

#define SWH "http://plugin.org.uk/swh-plugins/"

enum { FRAMES = 9600, BLOCK = 256 };

static double left[FRAMES], right[FRAMES], was[2][FRAMES];

static struct lv2_settings with(char *uri, struct key_level *controls, size_t count)
{
	return (struct lv2_settings){uri, {controls, count}};
}

static size_t run_noise(const struct lv2_settings *settings, uint32_t channels)
{
	struct processor *processor = effect_make(&lv2_type, settings, channels);
	size_t late = processor_latency(processor);
	fill_noise(was[0], FRAMES, 1);
	fill_noise(was[1], FRAMES, 2);
	memcpy(left, was[0], sizeof(left));
	memcpy(right, was[1], sizeof(right));
	run_cut(processor, left, channels == 2 ? right : NULL, FRAMES, 1000);
	processor_destroy(processor);
	return late;
}

static void check_gain(const double *samples, const double *before, size_t late, double gain)
{
	for (size_t i = 0; i < late; i++)
		assert_true(samples[i] == 0);
	for (size_t i = late; i < FRAMES; i++)
		assert_true(fabs(samples[i] - gain * before[i - late]) < 1e-6);
}

/* A mono plugin: as it is, and as two of it. */
static void test_mono_plugin(void **unused)
{
	struct key_level controls[] = {{"gain", -6}};
	struct lv2_settings s = with(SWH "amp", controls, 1);
	(void)unused;
	assert_int_equal(run_noise(&s, 1), BLOCK);
	check_gain(left, was[0], BLOCK, pow(10, -6 / 20.0));
	run_noise(&s, 2);
	check_gain(left, was[0], BLOCK, pow(10, -6 / 20.0));
	check_gain(right, was[1], BLOCK, pow(10, -6 / 20.0));
	s.controls.count = 0; /* its default is 0 dB */
	run_noise(&s, 1);
	check_gain(left, was[0], BLOCK, 1);
}

/* A stereo plugin that makes middle and side; of mono both ins are the same, so its side is nothing. */
static void test_stereo_plugin(void **unused)
{
	struct lv2_settings s = with(SWH "matrixStMS", NULL, 0);
	(void)unused;
	run_noise(&s, 2);
	for (size_t i = BLOCK; i < FRAMES; i++) {
		assert_true(fabs(left[i] - (was[0][i - BLOCK] + was[1][i - BLOCK]) / 2) < 1e-6);
		assert_true(fabs(right[i] - (was[0][i - BLOCK] - was[1][i - BLOCK]) / 2) < 1e-6);
	}
	run_noise(&s, 1);
	check_gain(left, was[0], BLOCK, 0.5); /* the mean of both outs */
}

/* One in, two outs: of stereo it hears the mean. */
static void test_splitting_plugin(void **unused)
{
	struct lv2_settings s = with(SWH "split", NULL, 0);
	(void)unused;
	run_noise(&s, 2);
	for (int i = 0; i < FRAMES; i++)
		was[0][i] = (was[0][i] + was[1][i]) / 2;
	check_gain(left, was[0], BLOCK, 1);
	check_gain(right, was[0], BLOCK, 1);
}

static void test_latency(void **unused)
{
	struct key_level controls[] = {{"delay", 10}};
	struct lv2_settings s = with(SWH "artificialLatency", controls, 1);
	(void)unused;
	assert_int_equal(run_noise(&s, 1), BLOCK + 480);
	/* One that says the truth: what is quiet comes out untouched, so much later. */
	struct key_level lookahead[] = {{"delay_s", 0.02}};
	s = with(SWH "lookaheadLimiter", lookahead, 1);
	struct processor *processor = effect_make(&lv2_type, &s, 2);
	size_t late = processor_latency(processor);
	memset(left, 0, sizeof(left));
	memset(right, 0, sizeof(right));
	left[1000] = 0.5;
	right[1000] = -0.25;
	run_cut(processor, left, right, FRAMES, 333);
	print_message("a look-ahead limiter is %zu frames late\n", late);
	assert_int_equal(late, BLOCK + 960);
	for (size_t i = 0; i < FRAMES; i++) {
		assert_true(fabs(left[i] - (i == 1000 + late ? 0.5 : 0)) < 1e-3);
		assert_true(fabs(right[i] - (i == 1000 + late ? -0.25 : 0)) < 1e-3);
	}
	processor_destroy(processor);
}

static void test_refused(void **unused)
{
	struct key_level slip[] = {{"gian", 3}}, loud[] = {{"gain", 300}}, output[] = {{"output", 1}};
	static const struct {
		char *uri;
		const char *said;
	} plugins[] = {
		{SWH "apm", "did you mean <" SWH "amp>"},
		{"http://example.org/nothing-of-the-kind-at-all", "no plugin"},
		{"amp", "uri"},
		{"", "uri"},
		{SWH "sinCos", "0 audio inputs"},
	};
	(void)unused;
	for (size_t i = 0; i < COUNT(plugins); i++) {
		struct lv2_settings s = with(plugins[i].uri, NULL, 0);
		effect_check_refused(&lv2_type, &s, 1, plugins[i].said);
	}
	struct lv2_settings s = with(SWH "amp", slip, 1);
	effect_check_refused(&lv2_type, &s, 1, "gian: unknown; did you mean gain?");
	s = with(SWH "amp", loud, 1);
	effect_check_refused(&lv2_type, &s, 1, "out of range; -70 to 70");
	s = with(SWH "amp", output, 1); /* an audio port */
	effect_check_refused(&lv2_type, &s, 1, "output: unknown");
}

static void test_robust(void **unused)
{
	struct lv2_settings s = with(SWH "singlePara", NULL, 0);
	(void)unused;
	effect_check_cuts(&lv2_type, &s);
	effect_check_broken(&lv2_type, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mono_plugin),
		cmocka_unit_test(test_stereo_plugin),
		cmocka_unit_test(test_splitting_plugin),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_robust),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
