/* Automation: gain along straight lines in dB, mutes, moments at markers; what a place does. */
#include "common/units.h"
#include "mixer/mix.h"
#include "tests/unit/processing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(text) ((char *)(text))

enum { RATE = 48000, FRAMES = 3 * RATE, RAMP = 240 };

static const struct mix_marker marker_items[] = {
	{"verse", 24000}, {"chorus", 48000}, {"chorus", 96000}, {"take #2", 120000}};
static const struct mix_markers markers = {marker_items, COUNT(marker_items)};

struct moment_case {
	const char *text;
	double frame; /* below 0: there is none */
};

static const struct moment_case moment_cases[] = {
	{"0", 0},
	{"1.5", 72000},
	{"0:01.5", 72000},
	{"250 ms", 12000},
	{"verse", 24000},
	{"verse#1", 24000},
	{"chorus", 48000},
	{"chorus#1", 48000},
	{"chorus#2", 96000},
	{"take #2", 120000},
	{"chorus#3", -1},
	{"chorus#0", -1},
	{"chorus#", -1},
	{"chorus#x", -1},
	{"chorus#99999999999", -1},
	{"#2", -1},
	{"Chorus", -1},
	{"choru", -1},
	{"", -1},
};

static void test_moments(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(moment_cases); i++) {
		const struct moment_case *c = &moment_cases[i];
		double frame = -1;
		int result = automation_moment(c->text, RATE, &markers, &frame);
		assert_int_equal(result, c->frame < 0 ? -ENOENT : 0);
		assert_true(result < 0 || frame == c->frame);
	}
}

static double gains[FRAMES], again[FRAMES];

/* What one track at unity becomes, sample by sample. */
static void run_one(const struct track_config *track, const char *missing, size_t cut, double out[FRAMES])
{
	static double right[BLOCK_FRAMES];
	struct session session = {.tracks = {(void *)track, 1}, .mix = {.preset = TEXT("none")}};
	struct mix_setup setup = {&session, &mixer_processors, markers, RATE};
	struct mix *mix;
	struct error e;
	assert_int_equal(mix_create(&mix, &setup, &e), 0);
	if (missing)
		assert_string_equal(mix_missing_moment(mix), missing);
	else
		assert_null(mix_missing_moment(mix));
	for (size_t i = 0; i < FRAMES; i += cut) {
		double ones[BLOCK_FRAMES];
		uint32_t n = (uint32_t)(FRAMES - i < cut ? FRAMES - i : cut);
		struct block block = {1, n, {ones}}, sum = {.channel = {out + i, right}};
		for (uint32_t k = 0; k < n; k++)
			ones[k] = 1;
		mix_process(mix, &block, &sum);
	}
	mix_destroy(mix);
}

static char *input[] = {TEXT("a/1")};

static struct track_config track_of(
	struct gain_point *points, size_t count, struct mute_range *mutes, size_t mute_count)
{
	return (struct track_config){
		.name = TEXT("t"), .input = {input, 1}, .automation = {{points, count}, {mutes, mute_count}}};
}

static void test_gain(void **unused)
{
	struct gain_point points[] = {
		{TEXT("2"), -30}, {TEXT("verse"), 0}, {TEXT("chorus"), -12}, {TEXT("nowhere"), 20}};
	struct track_config track = track_of(points, 4, NULL, 0);
	(void)unused;
	run_one(&track, "nowhere", 1024, gains);
	for (size_t i = 0; i < FRAMES; i++) {
		double at = (double)i, db = -30;
		if (i < 24000)
			db = 0;
		else if (i < 48000)
			db = (at - 24000) / 24000 * -12;
		else if (i < 96000)
			db = -12 + (at - 48000) / 48000 * -18;
		assert_true(fabs(units_to_db(gains[i]) - db) < 1e-6);
	}
	/* Exactly nothing where there is nothing to do. */
	for (size_t i = 0; i <= 24000; i++)
		assert_true(gains[i] == 1);
	run_one(&track, "nowhere", 77, again);
	assert_memory_equal(gains, again, sizeof(gains));
}

/* A jump takes 5 ms, so no step is more than a 240th of it. */
static void test_jump(void **unused)
{
	struct gain_point points[] = {{TEXT("1"), 0}, {TEXT("1"), -48}};
	struct track_config track = track_of(points, 2, NULL, 0);
	(void)unused;
	run_one(&track, NULL, 1024, gains);
	assert_true(gains[RATE] == 1);
	assert_true(fabs(units_to_db(gains[RATE + RAMP / 2]) + 24) < 1e-6);
	assert_true(fabs(units_to_db(gains[RATE + RAMP]) + 48) < 1e-6);
	for (size_t i = 1; i < FRAMES; i++)
		assert_true(fabs(gains[i] - gains[i - 1]) < 0.03);
}

static void test_mute(void **unused)
{
	struct mute_range mutes[] = {{TEXT("2"), NULL}, {TEXT("0:00.5"), TEXT("chorus")},
		{TEXT("0.6"), TEXT("0.7")}, {TEXT("1.5"), TEXT("1.5001")}, {TEXT("1.6"), TEXT("1.55")},
		{TEXT("1.2"), TEXT("never")}};
	struct track_config track = track_of(NULL, 0, mutes, COUNT(mutes));
	(void)unused;
	run_one(&track, "never", 1024, gains);
	for (size_t i = 0; i < FRAMES; i++) {
		bool silent = (i >= 24000 + RAMP && i <= 48000) || i == 72000 + RAMP || i >= 96000 + RAMP;
		bool full = i <= 24000 || (i >= 48000 + RAMP && i <= 72000) ||
			    (i >= 72000 + 2 * RAMP && i <= 96000);
		assert_true(!silent || gains[i] == 0);
		assert_true(!full || gains[i] == 1);
		assert_true(silent || full || (gains[i] > 0 && gains[i] < 1));
		assert_true(i == 0 || fabs(gains[i] - gains[i - 1]) < 1.0 / RAMP + 1e-12);
	}
	run_one(&track, "never", 1000, again);
	assert_memory_equal(gains, again, sizeof(gains));
}

static void test_mute_from_the_start(void **unused)
{
	struct mute_range mutes[] = {{TEXT("0"), TEXT("verse")}};
	struct track_config track = track_of(NULL, 0, mutes, 1);
	(void)unused;
	run_one(&track, NULL, 1024, gains);
	for (size_t i = 0; i < FRAMES; i++)
		assert_true(i <= 24000 ? gains[i] == 0 : i < 24000 + RAMP || gains[i] == 1);
}

/* The quietest and loudest that a file may say, of a track and of VCA groups together. */
static void test_extremes(void **unused)
{
	struct gain_point points[] = {{TEXT("1"), -120}, {TEXT("1.5"), 24}};
	char *names[] = {TEXT("a"), TEXT("b"), TEXT("c"), TEXT("d"), TEXT("e"), TEXT("f")};
	struct vca_config vcas[COUNT(names)];
	struct track_config track = track_of(points, 2, NULL, 0);
	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++)
		vcas[i] = (struct vca_config){.name = names[i], .automation = track.automation};
	track.vca = (struct key_list){names, COUNT(names)};
	struct session session = {
		.tracks = {&track, 1}, .vcas = {vcas, COUNT(names)}, .mix = {.preset = TEXT("none")}};
	struct mix_setup setup = {&session, &mixer_processors, markers, RATE};
	struct mix *mix;
	struct error e;
	assert_int_equal(mix_create(&mix, &setup, &e), 0);
	for (size_t i = 0; i < FRAMES; i += BLOCK_FRAMES) {
		double ones[BLOCK_FRAMES], left[BLOCK_FRAMES], right[BLOCK_FRAMES];
		struct block block = {1, BLOCK_FRAMES, {ones}}, sum = {.channel = {left, right}};
		for (uint32_t k = 0; k < BLOCK_FRAMES; k++)
			ones[k] = 1;
		mix_process(mix, &block, &sum);
		for (uint32_t k = 0; k < BLOCK_FRAMES; k++)
			assert_true(isfinite(left[k]) && left[k] >= 0 && left[k] < 2.6e8);
		assert_true(i > RATE || left[0] < 1e-29);
	}
	mix_destroy(mix);
}

/* ---- place ---- */

static double level_db_at(double frequency, struct place_config config, uint32_t channels, double difference)
{
	static double samples[BLOCK_CHANNELS][RATE];
	struct place place;
	fill_sine(samples[0], RATE, 0.5, frequency, RATE);
	for (int i = 0; i < RATE; i++)
		samples[1][i] = samples[0][i] * difference;
	place_init(&place, &config, 0, RATE);
	for (uint32_t i = 0; i < RATE; i += 1000) {
		struct block block = {channels, 1000, {samples[0] + i, samples[1] + i}};
		place_process(&place, &block);
	}
	double power = 0;
	for (int i = RATE / 2; i < RATE; i++)
		power += samples[0][i] * samples[0][i];
	return units_to_db(sqrt(power / (RATE / 2) * 2) / 0.5);
}

static void test_place(void **unused)
{
	struct place place;
	(void)unused;
	place_init(&place, &(struct place_config){0}, 30, RATE);
	assert_true(place.figures.pan == 30 && place.figures.side == 1 && place.figures.gain_db == 0);
	assert_true(place.figures.delay_s == 0 && place.section_count == 0);
	place_init(&place, &(struct place_config){.width = 80, .depth = 50}, 30, RATE);
	assert_true(place.figures.pan == 100 && fabs(place.figures.side - 0.2) < 1e-12);
	assert_true(place.figures.gain_db == -3 && place.figures.delay_s == 0.005);
	assert_true(fabs(level_db_at(16000, (struct place_config){.depth = 100}, 1, 1) + 6) < 0.3);
	assert_true(fabs(level_db_at(200, (struct place_config){.depth = 100}, 1, 1)) < 0.1);
	assert_true(fabs(level_db_at(40, (struct place_config){.height = 100}, 1, 1) + 3) < 0.3);
	assert_true(fabs(level_db_at(4000, (struct place_config){.height = 100}, 1, 1)) < 0.1);
	assert_true(fabs(level_db_at(16000, (struct place_config){.height = -100}, 1, 1) + 3) < 0.3);
	assert_true(fabs(level_db_at(1000, (struct place_config){.width = 60}, 2, 1)) < 1e-9);
	assert_true(fabs(level_db_at(1000, (struct place_config){.width = -60}, 2, -1) - units_to_db(0.4)) <
		    1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_gain),
		cmocka_unit_test(test_jump),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_mute_from_the_start),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
