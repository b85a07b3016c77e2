/* The mix: exact sums, pans, mute and solo, chains, latencies and cuts. */
#include "common/units.h"
#include "mixer/mix.h"
#include "mixer/pan.h"
#include "mixer/processors.h"
#include "tests/unit/processing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RATE = 48000, TRACKS = 36, FRAMES = 6000 };

static char *one_input[] = {(char *)"a/1"}, *two_inputs[] = {(char *)"a/1", (char *)"a/2"};

static struct key_list inputs_of(int channels)
{
	return channels == 2 ? (struct key_list){two_inputs, 2} : (struct key_list){one_input, 1};
}

static struct session session_of(struct track_config *tracks, size_t count, const char *preset)
{
	return (struct session){.tracks = {tracks, count}, .mix = {(char *)preset}};
}

static struct mix *make(const struct session *session)
{
	struct mix *mix;
	struct error e = {{0}};
	struct mix_setup setup = {session, &mixer_processors, {NULL, 0}, RATE};
	int result = mix_create(&mix, &setup, &e);
	if (result < 0)
		print_error("%s\n", e.text);
	assert_int_equal(result, 0);
	return mix;
}

/* Mixes `frames` frames of tracks[t][channel][frame] into out[channel][frame], in blocks of `cut`. */
static void run_mix(
	struct mix *mix, double (*tracks)[2][FRAMES], size_t count, double out[2][FRAMES], size_t cut)
{
	static double scratch[TRACKS][2][BLOCK_FRAMES];
	for (size_t i = 0; i < FRAMES; i += cut) {
		size_t n = FRAMES - i < cut ? FRAMES - i : cut;
		struct block blocks[TRACKS], sum = {.channel = {out[0] + i, out[1] + i}};
		sum.frames = (uint32_t)n;
		for (size_t t = 0; t < count; t++) {
			blocks[t] = (struct block){2, (uint32_t)n, {scratch[t][0], scratch[t][1]}};
			for (int c = 0; c < 2; c++)
				memcpy(scratch[t][c], tracks[t][c] + i, n * sizeof(double));
		}
		mix_process(mix, blocks, &sum);
		assert_int_equal(sum.frames, n);
		assert_int_equal(sum.channels, 2);
	}
}

static double signals[TRACKS][2][FRAMES], mixed[2][FRAMES], again[2][FRAMES];
static int32_t integers[TRACKS][2][FRAMES];

static void fill_signals(void)
{
	srand(7);
	for (int t = 0; t < TRACKS; t++) {
		for (int c = 0; c < 2; c++) {
			for (int i = 0; i < FRAMES; i++) {
				integers[t][c][i] = (int32_t)((unsigned)rand() & 0xffffff) - 0x800000;
				signals[t][c][i] = integers[t][c][i] / 8388608.0;
			}
		}
	}
}

/* The preset "none" is the sum of the integers, to the last bit. */
static void test_null(void **unused)
{
	struct track_config tracks[TRACKS] = {{0}};
	(void)unused;
	fill_signals();
	for (int t = 0; t < TRACKS; t++)
		tracks[t] =
			(struct track_config){.name = (char *)"t", .input = inputs_of(t % 5 == 0 ? 2 : 1)};
	struct session session = session_of(tracks, TRACKS, "none");
	struct mix *mix = make(&session);
	assert_int_equal(mix_latency(mix), 0);
	run_mix(mix, signals, TRACKS, mixed, BLOCK_FRAMES);
	for (int c = 0; c < 2; c++) {
		for (int i = 0; i < FRAMES; i++) {
			int64_t sum = 0;
			for (int t = 0; t < TRACKS; t++)
				sum += integers[t][t % 5 == 0 ? c : 0][i];
			assert_true(mixed[c][i] * 8388608.0 == (double)sum);
		}
	}
	mix_destroy(mix);
}

struct pan_case {
	const char *preset;
	int channels;
	double pan, gain_db;
	double left, right;
	double pan_law_db; /* 0: as in a session that was made without */
};

static const struct pan_case pan_cases[] = {
	{"none", 1, 0, 0, 1, 1},
	{"none", 2, 0, 0, 1, 1},
	{"none", 1, 0, -6.020599913279624, 0.5, 0.5},
	{"none", 1, -100, 0, 1, 0},
	{"none", 1, 100, 0, 0, 1},
	{"rock", 1, 0, 0, 0.70710678, 0.70710678},
	{"rock", 1, -100, 0, 1, 0},
	{"rock", 1, 100, 0, 0, 1},
	{"rock", 1, -50, 0, 0.92387953, 0.38268343},
	{"rock", 1, 50, 0, 0.38268343, 0.92387953},
	{"rock", 1, 0, 6.020599913279624, 1.41421356, 1.41421356},
	{"rock", 2, 0, 0, 1, 1},
	{"rock", 2, 100, 0, 0, 1},
	{"rock", 2, -100, 0, 1, 0},
	{"rock", 2, 50, 0, 0.5411961, 1},
	{"rock", 2, -50, 0, 1, 0.5411961},
	{NULL, 1, 0, 0, 0.70710678, 0.70710678},
	{"rock", 1, 0, 0, 0.70710678, 0.70710678, -3},
	{"rock", 1, 0, 0, 0.59460356, 0.59460356, -4.5},
	{"rock", 1, -50, 0, 0.83241195, 0.30930706, -4.5},
	{"rock", 1, -100, 0, 1, 0, -4.5},
	{"rock", 2, 50, 0, 0.5411961, 1, -4.5},
	{"none", 1, 0, 0, 1, 1, -4.5},
};

static void test_pan(void **unused)
{
	static double ones[1][2][FRAMES];
	(void)unused;
	for (int i = 0; i < FRAMES; i++)
		ones[0][0][i] = ones[0][1][i] = 1;
	for (size_t i = 0; i < COUNT(pan_cases); i++) {
		const struct pan_case *c = &pan_cases[i];
		struct track_config track = {.name = (char *)"t",
			.input = inputs_of(c->channels),
			.gain_db = c->gain_db,
			.pan = c->pan};
		struct session session = session_of(&track, 1, c->preset);
		session.mix.pan_law_db = c->pan_law_db;
		struct mix *mix = make(&session);
		run_mix(mix, ones, 1, mixed, BLOCK_FRAMES);
		assert_true(fabs(mixed[0][9] - c->left) < 1e-8);
		assert_true(fabs(mixed[1][9] - c->right) < 1e-8);
		mix_destroy(mix);
	}
}

/* A mono track keeps its power wherever it is put. */
static void test_pan_power(void **unused)
{
	double gains[BLOCK_CHANNELS];
	(void)unused;
	for (double pan = -100; pan <= 100; pan += 1) {
		pan_gains(PAN_CONSTANT_POWER, pan, gains);
		assert_true(fabs(gains[0] * gains[0] + gains[1] * gains[1] - 1) < 1e-12);
	}
	pan_gains(PAN_COMPROMISE, 0, gains);
	assert_true(fabs(20 * log10(gains[0]) + 4.515) < 0.001 && gains[0] == gains[1]);
	pan_gains(PAN_COMPROMISE, -100, gains);
	assert_true(gains[0] == 1 && gains[1] == 0);
	pan_gains(PAN_COMPROMISE, 100, gains);
	assert_true(gains[0] == 0 && gains[1] == 1);
	pan_gains(PAN_UNITY_CENTRE, 0, gains);
	assert_true(gains[0] == 1 && gains[1] == 1);
	pan_gains(PAN_BALANCE, 0, gains);
	assert_true(gains[0] == 1 && gains[1] == 1);
}

struct solo_case {
	bool mute[3], solo[3];
	bool heard[3];
};

static const struct solo_case solo_cases[] = {
	{{false, false, false}, {false, false, false}, {true, true, true}},
	{{false, true, false}, {false, false, false}, {true, false, true}},
	{{false, false, false}, {false, true, false}, {false, true, false}},
	{{false, false, false}, {true, true, false}, {true, true, false}},
	{{false, true, false}, {false, true, false}, {false, false, false}},
	{{true, true, true}, {false, false, false}, {false, false, false}},
};

static void test_mute_and_solo(void **unused)
{
	static double levels[3][2][FRAMES];
	(void)unused;
	for (int t = 0; t < 3; t++)
		for (int i = 0; i < FRAMES; i++)
			levels[t][0][i] = 1 << t;
	for (size_t i = 0; i < COUNT(solo_cases); i++) {
		const struct solo_case *c = &solo_cases[i];
		struct track_config tracks[3];
		double wanted = 0;
		for (int t = 0; t < 3; t++) {
			tracks[t] = (struct track_config){.name = (char *)"t",
				.input = inputs_of(1),
				.mute = c->mute[t],
				.solo = c->solo[t]};
			wanted += c->heard[t] ? 1 << t : 0;
		}
		struct session session = session_of(tracks, 3, "none");
		struct mix *mix = make(&session);
		run_mix(mix, levels, 3, mixed, BLOCK_FRAMES);
		assert_true(mixed[0][5] == wanted && mixed[1][5] == wanted);
		mix_destroy(mix);
	}
}

static struct compressor_settings late_settings = {.threshold_db = 0,
	.ratio = 1,
	.attack_s = 0.01,
	.release_s = 0.1,
	.mix_percent = 100,
	.lookahead_s = 0.01};
static struct compressor_settings later_settings = {.threshold_db = 0,
	.ratio = 1,
	.attack_s = 0.01,
	.release_s = 0.1,
	.mix_percent = 100,
	.lookahead_s = 0.0201};
static struct compressor_settings hard_settings = {.threshold_db = -30,
	.ratio = 8,
	.attack_s = 0.001,
	.release_s = 0.05,
	.knee_db = 6,
	.makeup_db = 3,
	.mix_percent = 100};
static struct pass_settings high_settings = {90, 24};

static struct key_insert insert_of(const struct processor_type *type, void *settings)
{
	return (struct key_insert){.type = type->settings, .settings = settings, .line = 12, .column = 3};
}

/* Tracks with different look-ahead (none, 480, 965, and 480 that is bypassed) stay together to the sample. */
static void test_latency(void **unused)
{
	struct key_insert late = insert_of(&compressor_type, &late_settings), bypassed = late;
	struct key_insert later = insert_of(&compressor_type, &later_settings), bus = late;
	struct track_config tracks[4];
	(void)unused;
	bypassed.bypass = true;
	struct key_list chains[] = {{NULL, 0}, {&late, 1}, {&later, 1}, {&bypassed, 1}};
	fill_signals();
	for (int t = 0; t < 4; t++)
		tracks[t] = (struct track_config){
			.name = (char *)"t", .input = inputs_of(t == 2 ? 2 : 1), .chain = chains[t]};
	struct session session = session_of(tracks, 4, "none");
	session.chain_of_mix = (struct key_list){&bus, 1};
	struct mix *mix = make(&session);
	uint32_t latency = mix_latency(mix);
	assert_int_equal(latency, 965 + 480);
	run_mix(mix, signals, 4, mixed, 333);
	for (int c = 0; c < 2; c++) {
		for (uint32_t i = 0; i < FRAMES; i++) {
			int32_t sum = 0;
			for (int t = 0; t < 4 && i >= latency; t++)
				sum += integers[t][t == 2 ? c : 0][i - latency];
			assert_true(mixed[c][i] * 8388608.0 == sum);
		}
	}
	mix_destroy(mix);
}

static void test_cuts(void **unused)
{
	static const size_t cuts[] = {1, 7, 64, 1024};
	struct key_insert chain[] = {insert_of(&highpass_type, &high_settings),
		insert_of(&compressor_type, &hard_settings), insert_of(&compressor_type, &late_settings)};
	struct track_config tracks[TRACKS];
	(void)unused;
	fill_signals();
	for (int t = 0; t < TRACKS; t++)
		tracks[t] = (struct track_config){.name = (char *)"t",
			.input = inputs_of(t % 3 == 0 ? 2 : 1),
			.chain = {chain, (size_t)t % 4},
			.gain_db = -t / 3.0,
			.pan = t * 5 - 90};
	struct session session = session_of(tracks, TRACKS, "rock");
	session.chain_of_mix = (struct key_list){chain, 2};
	struct mix *mix = make(&session);
	run_mix(mix, signals, TRACKS, mixed, 1000);
	mix_destroy(mix);
	for (size_t c = 0; c < COUNT(cuts); c++) {
		mix = make(&session);
		run_mix(mix, signals, TRACKS, again, cuts[c]);
		mix_destroy(mix);
		assert_memory_equal(again, mixed, sizeof(mixed));
	}
}

/* Tracks whose chains are alike are worked on side by side, and come out as each does alone, to the last bit;
 * loud ones beside silent ones, mono beside stereo, and some that have no one beside them. */
static void test_together(void **unused)
{
	enum { ALIKE = 11 };
	static double sum[2][FRAMES];
	struct pass_settings passes[ALIKE];
	struct compressor_settings compressors[ALIKE];
	struct key_insert chains[ALIKE][2];
	struct track_config tracks[ALIKE] = {{0}};
	(void)unused;
	fill_signals();
	memset(sum, 0, sizeof(sum));
	for (int t = 0; t < ALIKE; t++) {
		passes[t] = (struct pass_settings){50 + 20 * t, 12};
		compressors[t] = (struct compressor_settings){.threshold_db = -12 - 4 * t,
			.ratio = 1.5 + t,
			.attack_s = 0.001 * t,
			.release_s = 0.03 * (t + 1),
			.knee_db = t,
			.makeup_db = t == 3 ? 2 : 0,
			.mix_percent = 100 - t,
			.detection = t % 2};
		chains[t][0] = insert_of(&highpass_type, &passes[t]);
		chains[t][1] = insert_of(&compressor_type, &compressors[t]);
		tracks[t] = (struct track_config){.name = (char *)"t",
			.input = inputs_of(t % 5 == 0 ? 2 : 1),
			.chain = {chains[t], t == 6 ? 1 : 2}};
		for (int i = 0; i < FRAMES; i++)
			signals[t][0][i] *= i / 1500 % 2 == t % 2 ? 0.5 : 1e-3;
		struct session alone = session_of(&tracks[t], 1, "none");
		struct mix *mix = make(&alone);
		run_mix(mix, &signals[t], 1, mixed, 1000);
		for (int i = 0; i < FRAMES; i++)
			for (int c = 0; c < 2; c++)
				sum[c][i] += mixed[c][i];
		mix_destroy(mix);
	}
	struct session session = session_of(tracks, ALIKE, "none");
	struct mix *mix = make(&session);
	assert_int_equal(mix_width(mix, 0), 5); /* four, four, and three that are alone */
	run_mix(mix, signals, ALIKE, mixed, BLOCK_FRAMES);
	assert_memory_equal(mixed, sum, sizeof(sum));
	mix_destroy(mix);
}

static void test_nothing(void **unused)
{
	struct session session = session_of(NULL, 0, "rock");
	(void)unused;
	struct mix *mix = make(&session);
	mixed[0][0] = 1;
	run_mix(mix, signals, 0, mixed, BLOCK_FRAMES);
	assert_true(mixed[0][0] == 0);
	mix_destroy(mix);
	mix_destroy(NULL);
}

static void refuse(const struct session *session, const char *text)
{
	struct mix *mix = NULL;
	struct error e = {{0}};
	struct mix_setup setup = {session, &mixer_processors, {NULL, 0}, RATE};
	assert_true(mix_create(&mix, &setup, &e) < 0);
	assert_null(mix);
	print_message("%s\n", e.text);
	assert_non_null(strstr(e.text, text));
}

static void test_refused(void **unused)
{
	static const struct record stranger = {.name = "stranger"};
	struct pass_settings too_high = {30000, 12};
	struct key_insert good = insert_of(&compressor_type, &late_settings);
	struct key_insert bad[] = {good, insert_of(&lowpass_type, &too_high)};
	struct key_insert unknown[] = {good, {.type = &stranger, .line = 4}};
	struct track_config tracks[] = {
		{.name = (char *)"kick", .input = {one_input, 1}, .chain = {&good, 1}},
		{.name = (char *)"vox", .input = {one_input, 1}}};
	struct session session = session_of(tracks, 2, "rock");
	(void)unused;
	tracks[1].chain = (struct key_list){bad, 2};
	refuse(&session,
		"track vox: line 12: lowpass: frequency: 30000 Hz is not below half the rate of 48000 Hz");
	tracks[1].chain = (struct key_list){unknown, 2};
	refuse(&session, "track vox: line 4: stranger: ");
	tracks[1].chain = (struct key_list){NULL, 0};
	session.chain_of_mix = (struct key_list){bad, 2};
	refuse(&session, "mix: line 12: lowpass: frequency: 30000 Hz");
}

/* Every default is a value of its unit and lies in its range. */
static void test_tables(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < mixer_processors.count; i++) {
		const struct record *record = mixer_processors.types[i]->settings;
		assert_true(record->help[0] && record->size > 0);
		for (size_t k = 0; k < record->key_count; k++) {
			const struct key *key = &record->keys[k];
			double value;
			assert_true(key->name[0] && key->help[0] && key->offset < record->size);
			if (key->type != KEY_NUMBER || !key->fallback || !key->fallback[0])
				continue;
			assert_int_equal(units_parse(key->fallback, key->unit, key->bare_scale, &value), 0);
			assert_true(value >= key->least && value <= key->most);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_pan),
		cmocka_unit_test(test_pan_power),
		cmocka_unit_test(test_mute_and_solo),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
