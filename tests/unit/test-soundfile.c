/* Files of every format there and back: the frames, the level, and what is refused. Loudness of more than two
 * channels is Tech 3341's case 6, through a file. */
#include "audio/convert.h"
#include "audio/soundfile.h"
#include "tests/unit/harness.h"

#include <errno.h>
#include <math.h>

enum { FRAMES = 96000 };

static const struct {
	enum soundfile_kind kind;
	uint32_t rate, bits;
	double within; /* of the samples' difference, rms */
} cases[] = {
	{SOUNDFILE_WAV, 48000, 24, 1e-6},
	{SOUNDFILE_WAV, 44100, 16, 2e-5},
	{SOUNDFILE_WAV, 96000, 32, 1e-7},
	{SOUNDFILE_MP3, 44100, 0, 5e-3},
	{SOUNDFILE_MP3, 48000, 0, 5e-3},
	{SOUNDFILE_VORBIS, 48000, 0, 5e-3},
	{SOUNDFILE_VORBIS, 96000, 0, 5e-3},
	{SOUNDFILE_OPUS, 48000, 0, 5e-3},
};

static double sample(uint32_t rate, uint64_t frame, uint32_t channel)
{
	double t = (double)frame / rate;
	return 0.3 * sin(2 * M_PI * (channel ? 997 : 440) * t) + 0.1 * sin(2 * M_PI * 3000 * t);
}

static void write_file(const char *path, size_t which)
{
	struct soundfile *file;
	struct error e;
	double left[1000], right[1000];
	int created = soundfile_create(
		&file, path, cases[which].kind, cases[which].rate, cases[which].bits, NULL, &e);
	if (created < 0)
		fail_msg("case %zu: %s", which, e.text);
	for (uint64_t frame = 0; frame < FRAMES; frame += 1000) {
		for (uint32_t i = 0; i < 1000; i++) {
			left[i] = sample(cases[which].rate, frame + i, 0);
			right[i] = sample(cases[which].rate, frame + i, 1);
		}
		struct block block = {2, 1000, {left, right}};
		assert_int_equal(soundfile_write(file, &block, &e), 0);
	}
	assert_int_equal(soundfile_finish(file, &e), 0);
}

static void read_file(const char *path, size_t which)
{
	struct soundfile *file;
	struct error e;
	static double left[SOUNDFILE_FRAMES], right[SOUNDFILE_FRAMES];
	double *channels[] = {left, right}, squares = 0;
	uint64_t frame = 0;
	assert_int_equal(soundfile_open(&file, path, &e), 0);
	assert_int_equal(soundfile_format(file)->rate, cases[which].rate);
	assert_int_equal(soundfile_format(file)->channels, 2);
	for (int n; (n = soundfile_read(file, channels, 777, &e)) != 0; frame += (uint64_t)n) {
		assert_true(n > 0);
		for (int i = 0; i < n; i++) {
			uint64_t at = frame + (uint64_t)i;
			bool inside = at > 5000 && at < FRAMES - 5000;
			double l = left[i] - sample(cases[which].rate, at, 0);
			double r = right[i] - sample(cases[which].rate, at, 1);
			squares += inside ? l * l + r * r : 0;
		}
	}
	soundfile_close(file);
	double rms = sqrt(squares / 2 / (FRAMES - 10000));
	if (!(rms <= cases[which].within))
		fail_msg("case %zu: off by %g", which, rms);
	/* An MP3's last frame is filled up. */
	if (frame < FRAMES || frame > FRAMES + (cases[which].kind == SOUNDFILE_MP3 ? 2304 : 0))
		fail_msg("case %zu: %llu frames", which, (unsigned long long)frame);
}

static void there_and_back(void **state)
{
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *path = file_join(*state, "sound");
		write_file(path, i);
		read_file(path, i);
		free(path);
	}
}

static void what_is_refused(void **state)
{
	struct soundfile *file;
	struct error e;
	char *path = file_join(*state, "nothing.wav");
	assert_int_equal(soundfile_open(&file, path, &e), -ENOENT);
	assert_non_null(strstr(e.text, "No such file"));
	assert_int_equal(file_replace(path, "no sound", 8, &e), 0);
	assert_int_equal(soundfile_open(&file, path, &e), -EBADMSG);
	assert_int_equal(soundfile_open(&file, *state, &e), -EBADMSG);
	assert_int_equal(soundfile_create(&file, path, SOUNDFILE_OPUS, 44100, 0, NULL, &e), -EINVAL);
	assert_int_equal(soundfile_rate(SOUNDFILE_OPUS, 44100), 48000);
	assert_int_equal(soundfile_rate(SOUNDFILE_MP3, 88200), 44100);
	assert_int_equal(soundfile_rate(SOUNDFILE_VORBIS, 96000), 96000);
	free(path);
}

/* ---- Tech 3341, case 6, and live readings (cases 11 and 14) ---- */

static void add_tone(struct r128 *r128, uint32_t channels, const double *levels_db, double seconds)
{
	double samples[R128_CHANNELS][480];
	const double *planar[R128_CHANNELS];
	for (uint64_t frame = 0; frame < (uint64_t)lround(seconds * 48000); frame += 480) {
		for (uint32_t c = 0; c < channels; c++) {
			planar[c] = samples[c];
			for (uint32_t i = 0; i < 480; i++)
				samples[c][i] = pow(10, levels_db[c] / 20) *
						sin(2 * M_PI * 1000 / 48000 * (double)(frame + i));
		}
		assert_int_equal(r128_add_planar(r128, planar, 480), 0);
	}
}

static void tech_3341_case_6(void **state)
{
	(void)state;
	static const double weights[] = {1, 1, 1, 1.41, 1.41}, levels[] = {-28, -28, -24, -30, -30};
	struct r128 *r128 = r128_create(48000, 5);
	for (uint32_t c = 0; c < 5; c++)
		r128_set_weight(r128, c, weights[c]);
	add_tone(r128, 5, levels, 20);
	struct r128_reading reading;
	r128_read(r128, &reading);
	r128_destroy(r128);
	assert_true(fabs(reading.integrated_lufs + 23) <= 0.1);
}

struct live {
	double momentary, short_term;
	unsigned polls;
};

static void on_poll(void *data, double momentary, double short_term)
{
	struct live *live = data;
	live->momentary = fmax(live->momentary, momentary);
	live->short_term = fmax(live->short_term, short_term);
	live->polls++;
}

/* Bursts that get louder by 1 dB, each after a silence of its own length; the largest reading of each. */
static void tech_3341_cases_11_and_14(void **state)
{
	(void)state;
	static const struct {
		double step_s, burst_s, tail_s;
		bool momentary;
	} live_cases[] = {{0.15, 3, 1, false}, {0.02, 0.4, 1, true}};
	for (size_t k = 0; k < TABLE_SIZE(live_cases); k++) {
		struct r128 *r128 = r128_create(48000, 2);
		struct live live;
		r128_set_poll(r128, on_poll, &live);
		for (int i = 0; i < 20; i++) {
			double level = -38 + i;
			live = (struct live){-INFINITY, -INFINITY, 0};
			add_tone(r128, 2, (double[]){-200, -200}, live_cases[k].step_s * i);
			add_tone(r128, 2, (double[]){level, level}, live_cases[k].burst_s);
			add_tone(r128, 2, (double[]){-200, -200}, live_cases[k].tail_s);
			double seconds =
				live_cases[k].step_s * i + live_cases[k].burst_s + live_cases[k].tail_s;
			assert_int_equal(live.polls, lround(seconds * R128_POLLS_A_SECOND));
			double found = live_cases[k].momentary ? live.momentary : live.short_term;
			if (!(fabs(found - level) <= 0.1))
				fail_msg("case %zu: %.3f, not %g", k, found, level);
		}
		r128_destroy(r128);
	}
}

/* ---- rate conversion ---- */

struct kept {
	uint32_t rate;
	uint64_t frames;
	double worst;
};

static int keep(void *data, const struct block *block, struct error *e)
{
	(void)e;
	struct kept *kept = data;
	for (uint32_t i = 0; i < block->frames; i++, kept->frames++)
		if (kept->frames > 2000 && kept->frames < 2 * (uint64_t)kept->rate - 2000)
			kept->worst = fmax(kept->worst,
				fabs(block->channel[0][i] - sample(kept->rate, kept->frames, 0)));
	return 0;
}

static void rates_are_converted(void **state)
{
	(void)state;
	static const uint32_t pairs[][2] = {
		{48000, 44100}, {44100, 48000}, {48000, 96000}, {96000, 44100}, {192000, 48000}};
	for (size_t p = 0; p < TABLE_SIZE(pairs); p++) {
		struct kept kept = {.rate = pairs[p][1]};
		struct convert_sink sink = {keep, &kept};
		struct convert *convert;
		struct error e;
		uint64_t frames = 2 * (uint64_t)pairs[p][0];
		assert_int_equal(convert_create(&convert, pairs[p][0], pairs[p][1], &sink, &e), 0);
		double left[1000], right[1000];
		for (uint64_t frame = 0; frame < frames; frame += 1000) {
			for (uint32_t i = 0; i < 1000; i++) {
				left[i] = sample(pairs[p][0], frame + i, 0);
				right[i] = sample(pairs[p][0], frame + i, 1);
			}
			uint64_t left_over = frames - frame;
			struct block block = {
				2, left_over < 1000 ? (uint32_t)left_over : 1000, {left, right}};
			assert_int_equal(convert_write(convert, &block, &e), 0);
		}
		assert_int_equal(convert_end(convert, &e), 0);
		convert_destroy(convert);
		/* The last few thousandths of a second are cut off, and ring. */
		if (kept.frames != 2 * (uint64_t)pairs[p][1] || kept.worst > 1e-6)
			fail_msg("%u to %u: %llu frames, off by %g", pairs[p][0], pairs[p][1],
				(unsigned long long)kept.frames, kept.worst);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_back, harness_make_folder, harness_remove_folder),
		cmocka_unit_test_setup_teardown(what_is_refused, harness_make_folder, harness_remove_folder),
		cmocka_unit_test(tech_3341_case_6),
		cmocka_unit_test(tech_3341_cases_11_and_14),
		cmocka_unit_test(rates_are_converted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
