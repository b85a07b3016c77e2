/* Losses that no clock reports: planted into a small band's material and found, and nothing found in what is
 * whole, however hard it bends. */
#include "recorder/suspect.h"

#include "tests/unit/small-band.h"

enum { BLOCK = 256, FOUND_MOST = 4096, SECONDS = 12 };

/* ---- listening ---- */

struct findings {
	struct take_suspect list[FOUND_MOST];
	size_t count;
	uint64_t total;
};

static void on_loss(void *data, const struct take_suspect *loss)
{
	struct findings *findings = data;
	assert_true(findings->count < FOUND_MOST);
	findings->list[findings->count++] = *loss;
}

static struct suspect *listener(const struct sound *sound, struct findings *findings)
{
	const struct suspect_ring ring = {(const float *const *)sound->samples, sound->frames};
	return suspect_create(&ring, sound->channels, on_loss, findings);
}

static void feed(struct suspect *suspect, uint64_t from, uint64_t to, uint64_t moved)
{
	for (uint64_t at = from; at < to; at += BLOCK) {
		uint64_t run = to - at < BLOCK ? to - at : BLOCK;
		suspect_feed(suspect, at, at + moved, (uint32_t)run);
	}
}

static void listen(const struct sound *sound, struct findings *findings)
{
	findings->count = 0;
	struct suspect *suspect = listener(sound, findings);
	feed(suspect, 0, sound->frames, 0);
	findings->total = suspect_count(suspect);
	suspect_destroy(suspect);
}

static void expect_nothing(const struct sound *sound, const char *what)
{
	struct findings findings;
	listen(sound, &findings);
	if (findings.total > 0)
		fail_msg("%s: %llu losses, the first at frame %llu: %s", what,
			(unsigned long long)findings.total, (unsigned long long)findings.list[0].frame,
			suspect_kind_name(findings.list[0].kind));
}

/* ---- planted losses ---- */

enum { PLANTED_MOST = 256 };

struct planted {
	struct take_suspect list[PLANTED_MOST];
	size_t count;
};

/* A loss every 150 to 250 ms, of `least` to `most` frames. A jump shortens the sound. */
static void plant(
	struct sound *sound, enum suspect_kind kind, double least, double most, struct planted *planted)
{
	uint64_t from = 0, to = 0, next = sound->rate / 2;
	planted->count = 0;
	while (from < sound->frames) {
		if (to == next && from + 8000 < sound->frames) {
			uint64_t frames = (uint64_t)(least + (most + 1 - least) * chance());
			planted->list[planted->count++] = (struct take_suspect){
				.frame = to, .frames = kind == SUSPECT_ZEROS ? frames : 0, .kind = kind};
			for (uint32_t c = 0; kind == SUSPECT_ZEROS && c < sound->channels; c++)
				memset(sound->samples[c] + from, 0, frames * sizeof(float));
			from += kind == SUSPECT_JUMP ? frames : 0;
			next += (uint64_t)(sound->rate * (0.15 + 0.1 * chance()));
			assert_true(planted->count < PLANTED_MOST);
		}
		for (uint32_t c = 0; c < sound->channels; c++)
			sound->samples[c][to] = sound->samples[c][from];
		from++;
		to++;
	}
	sound->frames = to;
}

static bool is_same(const struct take_suspect *a, const struct take_suspect *b)
{
	return a->frame == b->frame && a->frames == b->frames && a->kind == b->kind;
}

/* What was found of it, in percent; anything else that was found fails. */
static double found_of(const struct planted *planted, const struct findings *findings)
{
	size_t hits = 0, next = 0;
	for (size_t i = 0; i < planted->count; i++) {
		const struct take_suspect *loss = &planted->list[i];
		while (next < findings->count && findings->list[next].frame < loss->frame)
			next++;
		if (next < findings->count && is_same(&findings->list[next], loss))
			hits++;
	}
	assert_true(findings->count <= hits); /* and each of them where it is */
	return 100.0 * (double)hits / (double)planted->count;
}

static const struct size {
	enum suspect_kind kind;
	double least, most, percent; /* at least so many are found */
} sizes[] = {
	{SUSPECT_ZEROS, 6, 512, 97}, {SUSPECT_ZEROS, 2000, 5000, 97}, {SUSPECT_JUMP, 1, 2000, 95},
	{SUSPECT_JUMP, 1, 16, 20}, /* no longer than the sound's own bends: most of them hide in it */
};

static const struct room {
	uint32_t rate;
	double bleed_db, noise_dbfs;
	int bits;
} rooms[] = {
	{44100, -45, -85, 24},
	{48000, -45, -85, 24},
	{48000, -40, -95, 24},
	{48000, -45, -85, 16},
	{96000, -45, -85, 24},
};

static struct sound copy_of(const struct sound *sound)
{
	struct sound copy = *sound;
	for (uint32_t c = 0; c < sound->channels; c++) {
		copy.samples[c] = memory_array(sound->frames, sizeof(float));
		memcpy(copy.samples[c], sound->samples[c], sound->frames * sizeof(float));
	}
	return copy;
}

static void check_size(const struct sound *whole, const struct size *size)
{
	struct sound sound = copy_of(whole);
	struct planted planted;
	struct findings findings;
	plant(&sound, size->kind, size->least, size->most, &planted);
	listen(&sound, &findings);
	double percent = found_of(&planted, &findings);
	print_message("%u Hz, %s of %.0f to %.0f frames: %.1f %% of %zu\n", sound.rate,
		suspect_kind_name(size->kind), size->least, size->most, percent, planted.count);
	if (percent < size->percent)
		fail_msg("%.1f %% found, not %.0f", percent, size->percent);
	free_sound(&sound);
}

static void test_planted_losses_and_no_others_are_found(void **state)
{
	(void)state;
	for (size_t r = 0; r < TABLE_SIZE(rooms); r++) {
		struct sound sound = band(rooms[r].rate, SECONDS, rooms[r].bleed_db, rooms[r].noise_dbfs);
		quantise(&sound, rooms[r].bits);
		expect_nothing(&sound, "a band");
		for (uint32_t c = 0; c < CHANNELS; c++) {
			struct sound alone = sound;
			alone.channels = 1;
			alone.samples[0] = sound.samples[c];
			expect_nothing(&alone, "one of a band");
		}
		for (size_t s = 0; s < TABLE_SIZE(sizes); s++)
			check_size(&sound, &sizes[s]);
		free_sound(&sound);
	}
}

/* ---- what is whole ---- */

static float square(uint64_t i, double hz, double rate)
{
	return fmod((double)i * hz / rate, 1) < 0.5 ? 1 : -1;
}

static float ramp(uint64_t i, uint32_t channel)
{
	uint32_t bits = (uint32_t)(i + channel * 65536) & 0xffffffU;
	return (float)((int32_t)(bits << 8) >> 8) / 8388608.0F;
}

/* One frame of a channel, each a kind of sound that has hard edges of its own. */
static float silence(const struct sound *sound, uint64_t i, uint32_t channel)
{
	(void)sound, (void)i, (void)channel;
	return 0;
}

static float squares(const struct sound *sound, uint64_t i, uint32_t channel)
{
	return square(i, 30 + 71 * channel, sound->rate);
}

static float same_squares(const struct sound *sound, uint64_t i, uint32_t channel)
{
	(void)channel;
	return i < sound->rate ? 0 : square(i, 40, sound->rate);
}

static float ramps(const struct sound *sound, uint64_t i, uint32_t channel)
{
	(void)sound;
	return ramp(i + 8388608 - 100000, channel);
}

static float clipped(const struct sound *sound, uint64_t i, uint32_t channel)
{
	double x = 4 * sin(2 * M_PI * (60 + 30 * channel) * (double)i / sound->rate);
	return (float)fmax(-1, fmin(1, x));
}

/* A tone in bursts, the same for every channel, with exact silence between: every 250 ms of another length.
 */
static float notes(const struct sound *sound, uint64_t i, uint32_t channel)
{
	uint64_t beat = sound->rate / 4, at = i % beat, length = beat / 3 + i / beat * 17;
	double fade = fmin(1, fmin((double)at, (double)length - (double)at) / 96);
	return at < length ? (float)(fade * 0.3 * sin(0.05 * (1 + channel) * (double)at)) : 0;
}

/* Dies away in its last bits, and begins anew with a bang. */
static float fades(const struct sound *sound, uint64_t i, uint32_t channel)
{
	uint64_t beat = 2 * sound->rate, at = i % beat;
	double x = 0.5 * exp(-(double)at / 4000) * sin(0.011 * (1 + channel) * (double)at + 1);
	return (float)(rint(x * 8388608) / 8388608);
}

static float clicks(const struct sound *sound, uint64_t i, uint32_t channel)
{
	float click = channel == 2 && i % 9973 == 0 ? 0.5F : 0;
	float crackle = channel == 2 && i / 7919 % 2 ? 0.2F : 0;
	return 0.2F * (float)sin(0.02 * (1 + channel) * (double)i / sound->rate * 48000) + click + crackle;
}

/* Hits that reach every channel within a millisecond. */
static float hits(const struct sound *sound, uint64_t i, uint32_t channel)
{
	uint64_t beat = sound->rate / 5, late = 7 * channel % 40;
	double at = (double)((i + beat - late) % beat);
	return (float)(0.7 * exp(-at / 800) * (0.5 * (2 * chance() - 1) + sin(0.03 * at))) +
	       1e-4F * (float)(2 * chance() - 1);
}

static const struct whole {
	const char *name;
	float (*sample)(const struct sound *sound, uint64_t i, uint32_t channel);
	double noise_dbfs; /* 0: none */
} wholes[] = {
	{"silence", silence, 0},
	{"noise", silence, -90},
	{"loud noise", silence, -20},
	{"square waves", squares, 0},
	{"square waves and noise", squares, -70},
	{"the same square wave everywhere", same_squares, 0},
	{"ramps that wrap", ramps, 0},
	{"clipping", clipped, 0},
	{"notes with digital silence between", notes, 0},
	{"fades into digital silence", fades, 0},
	{"clicks on one channel", clicks, 0},
	{"clicks on one channel, and noise", clicks, -70},
	{"hits on every channel", hits, 0},
};

static void test_hard_edges_are_not_suspected(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(wholes); i++) {
		struct sound sound = new_sound(CHANNELS, 48000, SECONDS);
		for (uint32_t c = 0; c < CHANNELS; c++)
			for (uint64_t n = 0; n < sound.frames; n++)
				sound.samples[c][n] = wholes[i].sample(&sound, n, c);
		if (wholes[i].noise_dbfs < 0)
			add_noise(&sound, wholes[i].noise_dbfs);
		expect_nothing(&sound, wholes[i].name);
		free_sound(&sound);
	}
}

/* ---- the rest of what the header says ---- */

/* The same jump, told by the clock: as much time as was lost lies between the frames. */
static void test_a_reported_gap_is_not_told_again(void **state)
{
	(void)state;
	struct findings findings = {.count = 0};
	struct sound sound = band(48000, 4, -30, -80);
	struct suspect *suspect = listener(&sound, &findings);
	feed(suspect, 0, 60000, 0);
	feed(suspect, 60700, 120000, 0);
	for (uint32_t c = 0; c < CHANNELS; c++)
		memset(sound.samples[c] + 119000, 0, 1000 * sizeof(float));
	feed(suspect, 120500, 180000, 300);
	assert_int_equal(findings.count, 0);
	suspect_destroy(suspect);
	free_sound(&sound);
}

/* Nothing is found in the first frames after a gap, but the frames count on. */
static void test_frames_count_as_they_were_given(void **state)
{
	(void)state;
	struct findings findings = {.count = 0};
	struct sound sound = band(48000, 4, -30, -80);
	struct suspect *suspect = listener(&sound, &findings);
	for (uint32_t c = 0; c < CHANNELS; c++)
		memset(sound.samples[c] + 100000, 0, 48 * sizeof(float));
	feed(suspect, 0, 60000, 0);
	feed(suspect, 60000, 180000, 1000000);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.list[0].frame, 1100000);
	assert_int_equal(findings.list[0].frames, 48);
	assert_int_equal(findings.list[0].kind, SUSPECT_ZEROS);
	suspect_destroy(suspect);
	free_sound(&sound);
}

/* The same is found in a ring that just holds the past and what is new, wherever it goes round. */
static void test_a_ring_that_goes_round(void **state)
{
	(void)state;
	enum { FRAMES = SUSPECT_PAST + BLOCK + 37 };
	static float samples[CHANNELS][FRAMES];
	const float *channels[CHANNELS];
	struct findings whole = {.count = 0}, round = {.count = 0};
	struct sound sound = band(48000, 12, -45, -85);
	struct planted planted;
	plant(&sound, SUSPECT_JUMP, 1, 2000, &planted);
	for (uint64_t n = 0; n < sound.frames; n += 9000)
		for (uint32_t c = 0; c < sound.channels; c++)
			memset(sound.samples[c] + n, 0, 48 * sizeof(float));
	listen(&sound, &whole);
	for (uint32_t c = 0; c < sound.channels; c++)
		channels[c] = samples[c];
	struct suspect *suspect =
		suspect_create(&(struct suspect_ring){channels, FRAMES}, sound.channels, on_loss, &round);
	for (uint64_t n = 0; n < sound.frames; n++) {
		for (uint32_t c = 0; c < sound.channels; c++)
			samples[c][n % FRAMES] = sound.samples[c][n];
		if (n % BLOCK == BLOCK - 1)
			suspect_feed(suspect, n + 1 - BLOCK, n + 1 - BLOCK, BLOCK);
	}
	assert_true(whole.count > 50);
	assert_int_equal(round.count, whole.count);
	for (size_t i = 0; i < whole.count; i++)
		assert_true(is_same(&round.list[i], &whole.list[i]));
	suspect_destroy(suspect);
	free_sound(&sound);
}

static void test_bursts_are_counted_but_not_told(void **state)
{
	(void)state;
	struct findings findings;
	struct sound sound = band(48000, 4, -30, -80);
	for (uint32_t c = 0; c < CHANNELS; c++)
		for (uint64_t at = 9600; at + 2000 < sound.frames; at += 1200)
			memset(sound.samples[c] + at, 0, 48 * sizeof(float));
	listen(&sound, &findings);
	assert_in_range(findings.total, 120, 152);
	assert_in_range(findings.count, 30, 40);
	free_sound(&sound);
}

/* A single channel is believed when nothing like it came before. */
static void test_one_channel_alone(void **state)
{
	(void)state;
	struct findings findings;
	struct sound sound = new_sound(1, 48000, 3);
	for (uint64_t i = 0; i < sound.frames; i++)
		sound.samples[0][i] = 0.3F * (float)sin(0.02 * (double)(i < 70000 ? i : i + 100));
	add_noise(&sound, -80);
	listen(&sound, &findings);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.list[0].frame, 70000);
	assert_int_equal(findings.list[0].kind, SUSPECT_JUMP);
	free_sound(&sound);
}

/* What a broken driver may deliver must neither hang nor be believed. */
static void test_what_is_no_number(void **state)
{
	(void)state;
	struct findings findings;
	struct sound sound = band(48000, 2, -30, -80);
	for (uint64_t i = 0; i < sound.frames; i += 997) {
		sound.samples[0][i] = NAN;
		sound.samples[1][i] = INFINITY;
		sound.samples[2][i] = 1e38F;
	}
	listen(&sound, &findings);
	assert_int_equal(findings.total, 0);
	free_sound(&sound);
	suspect_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_losses_and_no_others_are_found),
		cmocka_unit_test(test_hard_edges_are_not_suspected),
		cmocka_unit_test(test_a_reported_gap_is_not_told_again),
		cmocka_unit_test(test_frames_count_as_they_were_given),
		cmocka_unit_test(test_a_ring_that_goes_round),
		cmocka_unit_test(test_bursts_are_counted_but_not_told),
		cmocka_unit_test(test_one_channel_alone),
		cmocka_unit_test(test_what_is_no_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
