/* Automatic balance without files: tracks made of random notes, in one another's microphones. */
#include "audio/r128.h"
#include "common/units.h"
#include "mixer/balance.h"
#include "tests/unit/harness.h"

#include <math.h>
#include <string.h>

enum { RATE = 16000, SECONDS = 40, FRAMES = RATE * SECONDS, MOST = 6 };

#define expect_near(a, b, off) assert_true(fabs((a) - (b)) <= (off))

static const char *const roles[MOST] = {
	"kick", "bass", "electric-guitar", "keys", "lead-vocal", "backing-vocal"};

static uint64_t seed;

static double chance(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(seed >> 11) / 9007199254740992.0;
}

struct room {
	size_t count;
	double *dry[MOST], *heard[MOST];
	struct survey *surveys[MOST];
	struct activity_track activities[MOST];
	struct balance_track tracks[MOST];
	size_t windows;
};

/* Notes with rests in between, each of its own pitch and loudness. */
static void play(double *out, double low_hz, double high_hz, double from_s, double to_s)
{
	for (double at = from_s; at < to_s;) {
		double hz = low_hz * pow(high_hz / low_hz, chance()), seconds = 0.2 + 0.5 * chance();
		double level = 0.05 + 0.1 * chance();
		for (uint64_t i = 0; i < seconds * RATE && at * RATE + (double)i < to_s * RATE; i++) {
			double t = (double)i / RATE, x = 0;
			for (int h = 1; h <= 6 && h * hz < 0.4 * RATE; h++)
				x += sin(2 * M_PI * hz * h * t) / h;
			out[(uint64_t)(at * RATE) + i] += level * x * exp(-3 * t);
		}
		at += seconds + 0.5 * chance();
	}
}

static void room_init(struct room *room, size_t count)
{
	static const double low_hz[MOST] = {50, 60, 200, 300, 250, 350};
	*room = (struct room){.count = count};
	seed = 7;
	for (size_t i = 0; i < count; i++) {
		room->dry[i] = memory_array(FRAMES, sizeof(double));
		room->heard[i] = memory_array(FRAMES, sizeof(double));
		play(room->dry[i], low_hz[i], 3 * low_hz[i], chance(), SECONDS);
	}
}

/* Everyone in everyone's microphone at `bleed_db`, a noise floor, then the preamplifier's gain. */
static void record(struct room *room, double bleed_db, const double *gains_db)
{
	for (size_t to = 0; to < room->count; to++) {
		double gain = units_from_db(gains_db ? gains_db[to] : 0);
		for (size_t i = 0; i < FRAMES; i++)
			room->heard[to][i] = gain * (room->dry[to][i] + 0.001 * (2 * chance() - 1));
		for (size_t from = 0; from < room->count; from++) {
			size_t late = 40 + 11 * (from > to ? from - to : to - from);
			for (size_t i = late; from != to && i < FRAMES; i++)
				room->heard[to][i] +=
					gain * units_from_db(bleed_db) * room->dry[from][i - late];
		}
	}
}

static void balance(struct room *room)
{
	struct error e;
	for (size_t t = 0; t < room->count; t++) {
		assert_int_equal(survey_create(&room->surveys[t], RATE, 1, &e), 0);
		for (size_t i = 0; i < FRAMES; i += 1000) {
			const struct block block = {1, 1000, {room->heard[t] + i}};
			assert_int_equal(survey_add(room->surveys[t], &block), 0);
		}
		struct activity_track *activity = &room->activities[t];
		activity->windows = survey_windows(room->surveys[t], &room->windows);
		activity->role = roles[t];
		activity->active = memory_array(room->windows, sizeof(bool));
		room->tracks[t] = (struct balance_track){
			.activity = activity, .offset_lu = -2.0 * (double)t, .given_db = NAN};
	}
	activity_find(room->activities, room->count, room->windows);
	balance_stage(room->tracks, room->count);
	for (size_t t = 0; t < room->count; t++) {
		struct r128 *meter = r128_create(RATE, 1);
		double samples[1000];
		for (size_t i = 0; i < FRAMES; i += 1000) {
			for (size_t k = 0; k < 1000; k++)
				samples[k] = room->heard[t][i + k] * units_from_db(room->tracks[t].input_db);
			assert_int_equal(r128_add(meter, &(struct block){1, 1000, {samples}}), 0);
		}
		size_t count;
		const double *energies = r128_blocks(meter, &count);
		room->tracks[t].lufs =
			balance_loudness(&room->activities[t], room->windows, energies, count, 0);
		r128_destroy(meter);
	}
	balance_solve(room->tracks, room->count, room->windows);
}

static void forget(struct room *room)
{
	for (size_t t = 0; t < room->count; t++) {
		survey_destroy(room->surveys[t]);
		free(room->activities[t].active);
	}
}

static void room_finish(struct room *room)
{
	for (size_t i = 0; i < room->count; i++) {
		free(room->dry[i]);
		free(room->heard[i]);
	}
}

static double total_db(const struct room *room, size_t track)
{
	return room->tracks[track].input_db + room->tracks[track].fader_db;
}

static void test_offsets(void **state)
{
	(void)state;
	struct room room;
	room_init(&room, 5);
	record(&room, -24, NULL);
	balance(&room);
	for (size_t i = 0; i < room.count; i++) {
		const struct balance_track *track = &room.tracks[i];
		assert_true(track->activity->plays);
		expect_near(track->lufs + track->fader_db, track->target_lufs, 1e-9);
		expect_near(track->target_lufs - room.tracks[0].target_lufs, track->offset_lu, 1e-9);
	}
	forget(&room);
	room_finish(&room);
}

/* ±15 dB at the preamplifiers: what reaches the mix stays where it was, to a tenth. */
static void test_gains_do_not_matter(void **state)
{
	(void)state;
	static const double gains_db[][MOST] = {
		{15, -15, 3, -7, 11, 0}, {-15, 15, -15, 15, -15, 15}, {-2, -9, 14, 6, -13, 8}};
	struct room room;
	double plain[MOST];
	room_init(&room, 5);
	record(&room, -24, NULL);
	balance(&room);
	for (size_t i = 0; i < room.count; i++)
		plain[i] = total_db(&room, i);
	forget(&room);
	for (size_t run = 0; run < 3; run++) {
		record(&room, -24, gains_db[run]);
		balance(&room);
		for (size_t i = 0; i < room.count; i++)
			expect_near(total_db(&room, i) + gains_db[run][i], plain[i], 0.1);
		forget(&room);
	}
	room_finish(&room);
}

static void silence(struct room *room, size_t track)
{
	memset(room->dry[track], 0, FRAMES * sizeof(double));
}

/* A microphone that nobody sings into, however far its preamplifier is turned up. */
static void test_bleed_is_no_playing(void **state)
{
	(void)state;
	for (double gain_db = -10; gain_db <= 30; gain_db += 20) {
		const double gains_db[MOST] = {[4] = gain_db};
		struct room room;
		room_init(&room, 5);
		silence(&room, 4);
		record(&room, -20, gains_db);
		balance(&room);
		for (size_t i = 0; i < room.count; i++)
			assert_int_equal(room.activities[i].plays, i != 4);
		assert_true(total_db(&room, 4) <= 0);
		assert_true(room.tracks[4].lufs + total_db(&room, 4) < -60);
		assert_true(isnan(room.tracks[4].target_lufs));
		forget(&room);
		room_finish(&room);
	}
}

/* Two lines in 40 s, with the band 12 dB below the voice in between: the loudness is that of the lines. */
static void test_a_few_words(void **state)
{
	(void)state;
	struct room room;
	room_init(&room, 5);
	silence(&room, 4);
	play(room.dry[4], 250, 750, 10, 13);
	play(room.dry[4], 250, 750, 30, 33);
	record(&room, -12, NULL);
	balance(&room);
	assert_true(room.activities[4].plays);
	size_t active = 0;
	for (size_t i = 0; i < room.windows; i++)
		if (room.activities[4].active[i]) {
			double at_s = (double)i * 0.4;
			assert_true((at_s > 9.5 && at_s < 13.5) || (at_s > 29.5 && at_s < 33.5));
			active++;
		}
	assert_in_range(active, 6, 18);
	forget(&room);
	room_finish(&room);
}

static void test_silence(void **state)
{
	(void)state;
	struct room room;
	room_init(&room, 2);
	silence(&room, 1);
	for (size_t i = 0; i < FRAMES; i++)
		room.heard[0][i] = room.dry[0][i];
	balance(&room);
	assert_true(room.activities[0].plays);
	assert_false(room.activities[1].plays);
	assert_true(total_db(&room, 1) == 0);
	forget(&room);
	room_finish(&room);
}

/* An organ that holds one chord, alone in the room, is no bleed; neither are two microphones of one source.
 */
static void test_steady_and_alike(void **state)
{
	(void)state;
	struct room room;
	room_init(&room, 2);
	for (size_t i = 0; i < FRAMES; i++) {
		double t = (double)i / RATE;
		room.heard[0][i] = room.heard[1][i] =
			0.1 * sin(2 * M_PI * 220 * t) + 0.1 * sin(2 * M_PI * 330 * t);
	}
	balance(&room);
	forget(&room);
	assert_true(room.activities[0].plays || room.activities[1].plays);
	room_finish(&room);
}

/* A person's own gain stands, and that of a lead vocal says where all others belong. */
static void test_given(void **state)
{
	(void)state;
	struct activity_track activities[2] = {{.role = "lead-vocal", .plays = true, .peak_db = -30},
		{.role = "bass", .plays = true, .peak_db = -30}};
	bool active[10];
	memset(active, 1, sizeof(active));
	activities[0].active = activities[1].active = active;
	struct balance_track tracks[2] = {
		{.activity = &activities[0], .offset_lu = 0, .given_db = 4, .lufs = -25},
		{.activity = &activities[1], .offset_lu = -5, .given_db = NAN, .lufs = -20}};
	balance_stage(tracks, 2);
	assert_true(tracks[0].input_db == 0);
	expect_near(tracks[1].input_db, 18, 1e-9);
	balance_solve(tracks, 2, 10);
	assert_true(tracks[0].fader_db == 4);
	expect_near(tracks[1].target_lufs, -26, 1e-9);
	expect_near(tracks[1].fader_db, -6, 1e-9);
	tracks[1].lufs = -70;
	balance_solve(tracks, 2, 10);
	assert_true(tracks[1].fader_db == 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_gains_do_not_matter),
		cmocka_unit_test(test_bleed_is_no_playing),
		cmocka_unit_test(test_a_few_words),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_steady_and_alike),
		cmocka_unit_test(test_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
