/* What is cut out of one track for another, by figures alone. */
#include "mixer/unmask.h"
#include "tests/unit/harness.h"

#include <math.h>

enum { WINDOWS = 50 };

struct pair {
	struct survey_window windows[2][WINDOWS];
	bool active[2][WINDOWS];
	struct activity_track activities[2];
	struct balance_track tracks[2];
};

/* Two tracks that play all the time; `db` of each is by bands. */
static void pair_init(struct pair *pair, const double db[2][SURVEY_BANDS], double second_lu)
{
	*pair = (struct pair){0};
	for (size_t t = 0; t < 2; t++) {
		for (size_t w = 0; w < WINDOWS; w++) {
			pair->active[t][w] = true;
			for (size_t band = 0; band < SURVEY_BANDS; band++)
				pair->windows[t][w].bands[band] = (float)pow(10, db[t][band] / 10);
		}
		pair->activities[t] = (struct activity_track){
			.windows = pair->windows[t], .active = pair->active[t], .plays = true};
		pair->tracks[t] = (struct balance_track){.activity = &pair->activities[t],
			.offset_lu = t == 1 ? second_lu : 0,
			.given_db = NAN};
	}
}

static const double voice[SURVEY_BANDS] = {-60, -60, -20, -10, 0, -10, -20, -40};
static const double guitar[SURVEY_BANDS] = {-60, -20, -10, -3, 0, -10, -20, -40};
static const double cymbals[SURVEY_BANDS] = {-60, -60, -60, -50, -40, -20, -3, 0};

static void find(struct pair *pair, const double *first, const double *second, double lu, double most_db,
	struct unmask found[2])
{
	double db[2][SURVEY_BANDS];
	for (size_t band = 0; band < SURVEY_BANDS; band++) {
		db[0][band] = first[band];
		db[1][band] = second[band];
	}
	pair_init(pair, (const double(*)[SURVEY_BANDS])db, lu);
	unmask_find(pair->tracks, 2, WINDOWS, most_db, found);
}

static void test_the_less_important_gives_way(void **state)
{
	(void)state;
	struct pair pair;
	struct unmask found[2];
	find(&pair, voice, guitar, -3, 2, found);
	assert_int_equal(found[0].count, 0);
	assert_int_equal(found[1].count, 1);
	assert_true(found[1].cuts[0].frequency_hz > 900 && found[1].cuts[0].frequency_hz < 1100);
	assert_true(found[1].cuts[0].gain_db < 0 && found[1].cuts[0].gain_db >= -2);
	assert_int_equal(found[1].cuts[0].for_track, 0);
	find(&pair, voice, guitar, 3, 2, found);
	assert_int_equal(found[1].count, 0);
	assert_true(found[0].count > 0);
}

static void test_no_more_than_asked_for(void **state)
{
	(void)state;
	struct pair pair;
	struct unmask found[2];
	find(&pair, voice, guitar, -1.5, 1, found);
	for (size_t i = 0; i < found[1].count; i++)
		assert_true(found[1].cuts[i].gain_db >= -1);
	find(&pair, voice, guitar, -1.5, 0, found);
	assert_int_equal(found[0].count + found[1].count, 0);
}

static void test_what_does_not_meet(void **state)
{
	(void)state;
	struct pair pair;
	struct unmask found[2];
	find(&pair, voice, cymbals, -3, 3, found); /* elsewhere in the spectrum */
	assert_int_equal(found[0].count + found[1].count, 0);
	find(&pair, voice, voice, -0.5, 3, found); /* equals */
	assert_int_equal(found[0].count + found[1].count, 0);
	find(&pair, voice, guitar, -12, 3, found); /* quiet enough */
	assert_int_equal(found[0].count + found[1].count, 0);
	double db[2][SURVEY_BANDS];
	for (size_t band = 0; band < SURVEY_BANDS; band++)
		db[0][band] = db[1][band] = voice[band];
	pair_init(&pair, (const double(*)[SURVEY_BANDS])db, -2);
	for (size_t w = 0; w < WINDOWS; w++) /* one after the other */
		pair.active[w % 2][w] = false;
	unmask_find(pair.tracks, 2, WINDOWS, 3, found);
	assert_int_equal(found[0].count + found[1].count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_less_important_gives_way),
		cmocka_unit_test(test_no_more_than_asked_for),
		cmocka_unit_test(test_what_does_not_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
