#include "takes/retention.h"

#include "common/clock.h"
#include "common/log.h"
#include "takes/lock.h"
#include "takes/manifest.h"
#include "tests/unit/harness.h"
#include "tests/unit/plant.h"

#include <time.h>

/* ---- choosing ---- */

enum { DAY = 24 * 3600, TAKES_MOST = 8 };

#define NOW INT64_C(1795374191) /* 2026-11-22 */
#define GB UINT64_C(1000000000)

/* A take as a table has it: its age in days, what it takes up, and one letter for what it is: `.` nothing
 * special, `k` kept, `o` open, `x` no take. */
struct one {
	double age;
	int gb;
	char kind;
};

struct library {
	struct one takes[TAKES_MOST + 1]; /* newest first; kind 0 ends them */
	int loads, sizes;
};

static int64_t started_of(void *data, size_t i)
{
	return NOW - (int64_t)(((struct library *)data)->takes[i].age * DAY);
}

static bool load(void *data, size_t i, struct retention_take *take)
{
	struct library *library = data;
	char kind = library->takes[i].kind;
	library->loads++;
	*take = (struct retention_take){started_of(data, i), kind == 'k', kind != 'o'};
	return kind != 'x';
}

static uint64_t bytes_of(void *data, size_t i)
{
	struct library *library = data;
	library->sizes++;
	return (uint64_t)library->takes[i].gb * GB;
}

/* What goes, as the takes' numbers, oldest first: "4 2". */
static bool choose(struct library *library, const struct retention_config *config, int64_t now,
	double free_gb, char goes[64])
{
	const struct retention_now at = {now, 100 * GB, (uint64_t)(free_gb * (double)GB)};
	struct retention_view view = {0, started_of, load, bytes_of, library};
	struct retention_choice choice;
	while (library->takes[view.count].kind)
		view.count++;
	retention_choose(&choice, config, &view, &at);
	goes[0] = '\0';
	for (size_t i = 0; i < choice.count; i++)
		sprintf(goes + strlen(goes), "%s%zu", i ? " " : "", choice.goes[i]);
	free(choice.goes);
	return choice.out_of_reach;
}

static const struct {
	const char *name;
	struct retention_config config;
	double free_gb;
	int64_t now_off; /* days */
	struct one takes[TAKES_MOST + 1];
	const char *goes;
	bool out_of_reach;
} cases[] = {
#define DAYS(n) \
	{ \
		.rule = RETENTION_DAYS, .days = n \
	}
#define NEWEST(n) \
	{ \
		.rule = RETENTION_TAKES, .takes = n \
	}
#define ROOM(n) \
	{ \
		.rule = RETENTION_FREE, .free_percent = n \
	}
#define ALL \
	{ \
		.rule = RETENTION_ALL \
	}
	{"all: nothing", ALL, 0, 0, {{0, 1, '.'}, {9999, 99, '.'}}, "", false},
	{"days: an empty library", DAYS(1), 50, 0, {{0}}, "", false},
	{"days: the old ones", DAYS(90), 0, 0, {{1, 1, '.'}, {89, 1, '.'}, {91, 1, '.'}, {400, 1, '.'}},
		"3 2", false},
	{"days: to the day", DAYS(90), 0, 0, {{89.99, 1, '.'}, {90, 1, '.'}, {90.01, 1, '.'}}, "2", false},
	{"days: all of them, if all are old", DAYS(1), 99, 0, {{2, 1, '.'}, {3, 1, '.'}}, "1 0", false},
	{"days: kept ones never", DAYS(1), 0, 0, {{2, 1, 'k'}, {3, 1, '.'}, {4, 1, 'k'}}, "1", false},
	{"days: open ones never", DAYS(1), 0, 0, {{2, 1, '.'}, {3, 1, 'o'}, {4, 1, 'o'}}, "0", false},
	{"days: what is no take never", DAYS(1), 0, 0, {{2, 1, 'x'}, {3, 1, '.'}}, "1", false},
	{"days: from the future never", DAYS(1), 0, 0, {{-400, 1, '.'}, {-1, 1, '.'}, {2, 1, '.'}}, "2",
		false},
	{"days: the clock was set back", DAYS(90), 0, -60,
		{{0, 1, '.'}, {100, 1, '.'}, {149, 1, '.'}, {151, 1, '.'}}, "3", false},
	{"days: the clock starts at nothing", DAYS(1), 0, -20780, {{0, 1, '.'}, {100, 1, '.'}}, "", false},
	{"takes: fewer", NEWEST(3), 0, 0, {{1, 1, '.'}, {2, 1, '.'}}, "", false},
	{"takes: as many", NEWEST(2), 0, 0, {{1, 1, '.'}, {2, 1, '.'}}, "", false},
	{"takes: more", NEWEST(1), 99, 0, {{1, 1, '.'}, {2, 1, '.'}, {3, 1, '.'}}, "2 1", false},
	{"takes: kept ones are not counted", NEWEST(2), 0, 0,
		{{1, 1, 'k'}, {2, 1, '.'}, {3, 1, 'k'}, {4, 1, '.'}, {5, 1, '.'}, {6, 1, 'k'}}, "4", false},
	{"takes: only kept ones", NEWEST(1), 0, 0, {{1, 1, 'k'}, {2, 1, 'k'}, {3, 1, 'k'}}, "", false},
	{"takes: the one that runs counts", NEWEST(1), 0, 0, {{0, 1, 'o'}, {1, 1, '.'}, {2, 1, '.'}}, "2 1",
		false},
	{"takes: an old open one stays", NEWEST(1), 0, 0, {{0, 1, '.'}, {1, 1, 'o'}, {2, 1, '.'}}, "2",
		false},
	{"takes: what is no take is not counted", NEWEST(2), 0, 0,
		{{0, 1, 'x'}, {1, 1, '.'}, {2, 1, 'x'}, {3, 1, '.'}, {4, 1, '.'}}, "4", false},
	{"takes: whatever the clock says", NEWEST(1), 0, -9999, {{-500, 1, '.'}, {0, 1, '.'}}, "1", false},
	{"free: enough", ROOM(20), 20, 0, {{1, 9, '.'}, {2, 9, '.'}}, "", false},
	{"free: one is enough", ROOM(20), 15, 0, {{1, 9, '.'}, {2, 9, '.'}, {3, 9, '.'}}, "2", false},
	{"free: two are", ROOM(20), 5, 0, {{1, 9, '.'}, {2, 9, '.'}, {3, 9, '.'}}, "2 1", false},
	{"free: kept and open ones stay", ROOM(20), 11, 0,
		{{0, 9, '.'}, {1, 9, '.'}, {2, 50, 'o'}, {3, 50, 'k'}, {4, 50, 'x'}}, "1", false},
	{"free: never the newest", ROOM(20), 15, 0, {{1, 9, '.'}}, "", true},
	{"free: something else fills the disk", ROOM(50), 1, 0, {{1, 9, '.'}, {2, 9, '.'}, {3, 9, '.'}}, "",
		true},
	{"free: kept ones fill the disk", ROOM(50), 1, 0, {{1, 9, '.'}, {2, 9, '.'}, {3, 90, 'k'}}, "", true},
	{"free: nothing to remove", ROOM(50), 1, 0, {{0}}, "", true},
	{"free: whatever the clock says", ROOM(20), 15, -9999, {{-9, 9, '.'}, {2, 9, '.'}}, "1", false},
};

static void test_choices(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct library library = {.loads = 0};
		char goes[64];
		memcpy(library.takes, cases[i].takes, sizeof(library.takes));
		bool out_of_reach = choose(
			&library, &cases[i].config, NOW + cases[i].now_off * DAY, cases[i].free_gb, goes);
		if (strcmp(goes, cases[i].goes) != 0 || out_of_reach != cases[i].out_of_reach)
			fail_msg("%s: \"%s\" goes, not \"%s\"", cases[i].name, goes, cases[i].goes);
	}
}

/* A million takes are not read to find out that none of them goes. */
static void test_looks_at_no_more_than_it_must(void **state)
{
	(void)state;
	static const struct one takes[] = {{1, 9, '.'}, {2, 9, '.'}, {3, 9, '.'}, {100, 9, '.'}};
	static const struct {
		struct retention_config config;
		int loads, sizes;
	} counts[] = {{ALL, 0, 0}, {DAYS(90), 1, 0}, {DAYS(200), 0, 0}, {NEWEST(4), 0, 0}, {NEWEST(3), 4, 0},
		{ROOM(10), 0, 0}, {ROOM(20), 1, 1}};
	for (size_t i = 0; i < TABLE_SIZE(counts); i++) {
		struct library library = {.loads = 0};
		char goes[64];
		memcpy(library.takes, takes, sizeof(takes));
		choose(&library, &counts[i].config, NOW, 15, goes);
		assert_int_equal(library.loads, counts[i].loads);
		assert_int_equal(library.sizes, counts[i].sizes);
	}
}

/* ---- the clock ---- */

static void test_clock(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t believed, begun, utc, running; /* days */
		bool sure;
		int64_t now;
	} clocks[] = {
		{"nothing known", 0, 0, 1000, 0, false, 1000},
		{"as it was", 1000, 0, 1000, 0, false, 1000},
		{"off for some days", 1000, 0, 1006, 0, false, 1006},
		{"off for a year, or a year ahead", 1000, 0, 1365, 0, false, 1007},
		{"the same, and a server says so", 1000, 0, 1365, 0, true, 1365},
		{"it has run since", 1000, 5, 1365, 25, false, 1027},
		{"set ahead while it runs", 1000, 5, 9999, 6, false, 1008},
		{"set back", 1000, 0, 900, 3, false, 900},
		{"set back by a server", 1000, 0, 900, 3, true, 900},
		{"back to 1970", 1000, 0, 0, 0, false, 0},
	};
	for (size_t i = 0; i < TABLE_SIZE(clocks); i++) {
		const struct retention_clock clock = {clocks[i].believed * DAY, clocks[i].begun * DAY};
		int64_t now = retention_clock_now(
			&clock, clocks[i].utc * DAY, clocks[i].running * DAY, clocks[i].sure);
		if (now != clocks[i].now * DAY)
			fail_msg("%s: day %f", clocks[i].name, (double)now / DAY);
	}
	const struct retention_clock clock = {.believed_s = 1000 * DAY};
	assert_true(retention_clock_behind(&clock, 900 * DAY, false));
	assert_false(retention_clock_behind(&clock, 900 * DAY, true));
	assert_false(retention_clock_behind(&clock, 1000 * DAY - 60, false));
	assert_false(retention_clock_behind(&clock, 2000 * DAY, false));
	assert_false(retention_clock_behind(&(struct retention_clock){0}, 0, false));
}

/* ---- doing ---- */

static char *plant_aged(const char *takes, double days, enum take_state state, bool keep)
{
	struct manifest take = plant_manifest();
	time_t started = time(NULL) - (time_t)(days * DAY);
	char id[64];
	struct tm tm;
	gmtime_r(&started, &tm);
	strftime(id, sizeof(id), "%Y%m%d-%H%M%S-thursday", &tm);
	take.id = id;
	take.started_ns = started * CLOCK_NSEC_PER_SEC;
	take.state = state;
	take.keep = keep;
	return plant_as(takes, id, &take);
}

static bool stands(const char *folder)
{
	return access(folder, F_OK) == 0;
}

static void test_run(void **state)
{
	const char *takes = *state;
	char *young = plant_aged(takes, 1, TAKE_RECORDED, false);
	char *old[] = {plant_aged(takes, 100, TAKE_MASTERED, false),
		plant_aged(takes, 101, TAKE_FAILED, false), plant_aged(takes, 102, TAKE_RECORDED, false)};
	char *stay[] = {plant_aged(takes, 103, TAKE_MASTERED, true),
		plant_aged(takes, 104, TAKE_RECORDING, false), plant_aged(takes, 105, TAKE_RENDERING, false),
		plant_aged(takes, 106, TAKE_RECORDED, false), plant_aged(takes, 107, TAKE_RECORDED, false)};
	struct error e = {""};
	int lock = take_lock(stay[4], &e);
	struct retention retention = {.takes = takes, .busy = &stay[3], .busy_count = 1};
	log_set_level(LOG_LEVEL_ERROR);
	retention_clock_load(&retention.clock, takes);
	assert_int_equal(retention_run(&retention, &e), 0); /* all */
	assert_true(stands(old[0]));
	retention.config = (struct retention_config)DAYS(90);
	assert_int_equal(retention_run(&retention, &e), 3);
	assert_true(stands(young));
	for (size_t i = 0; i < TABLE_SIZE(old); i++) {
		assert_false(stands(old[i]));
		free(old[i]);
	}
	for (size_t i = 0; i < TABLE_SIZE(stay); i++) {
		assert_true(stands(stay[i]));
	}
	assert_int_equal(retention_run(&retention, &e), 0);
	for (size_t i = 0; i < TABLE_SIZE(stay); i++)
		free(stay[i]);
	close(lock);
	free(young);
}

/* What one run believes, the next one knows. */
static void test_clock_is_kept(void **state)
{
	char *path = file_join(*state, ".clock");
	struct retention retention = {.takes = *state};
	struct error e = {""};
	retention_clock_load(&retention.clock, *state);
	assert_int_equal(retention.clock.believed_s, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(retention_run(&retention, &e), 0);
		retention_clock_load(&retention.clock, *state);
		assert_in_range(retention.clock.believed_s, time(NULL) - 60, time(NULL));
	}
	static const char *const spoilt[] = {"", "yesterday\n", "2026-11-22", "9999-01-01T00:00:00.000000Z\n",
		"2026-11-22T19:03:11.123456Z and more\n"};
	for (size_t i = 0; i < TABLE_SIZE(spoilt); i++) {
		harness_put(path, spoilt[i], strlen(spoilt[i]));
		retention_clock_load(&retention.clock, *state);
		assert_int_equal(retention.clock.believed_s, 0);
	}
	free(path);
}

static void test_protect(void **state)
{
	struct error e = {""};
	char *folder = plant_aged(*state, 1000, TAKE_RECORDING, false);
	struct retention_clock clock = {0};
	struct manifest take;
	assert_int_equal(retention_protect(&clock, folder, &e), 0);
	clock.believed_s = time(NULL) - 2000 * (int64_t)DAY;
	assert_int_equal(retention_protect(&clock, folder, &e), 0);
	assert_int_equal(manifest_load(&take, folder, &e), 0);
	assert_false(take.keep);
	manifest_finish(&take);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_looks_at_no_more_than_it_must),
		cmocka_unit_test(test_clock),
		harness_in_folder(test_run),
		harness_in_folder(test_clock_is_kept),
		harness_in_folder(test_protect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
