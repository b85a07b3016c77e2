/* The clock log on disk: what was written comes back; what a power cut or a hand left of it, too. */
#include "tests/unit/harness.h"

#include "takes/clock-log.h"

#include <errno.h>

static int load(const char *folder, const char *text, size_t *count, struct clock_point **points)
{
	struct error e = {""};
	char *path = file_join(folder, "clock.csv");
	harness_put(path, text, strlen(text));
	int result = clock_log_load(path, points, count, &e);
	if (result < 0)
		assert_non_null(strstr(e.text, path));
	free(path);
	return result;
}

static void test_round_trip(void **state)
{
	static const struct clock_point written[] = {
		{1, -48000, 0},
		{1, 0, 1000000000},
		{2, 1, 1},
		{UINT32_MAX, INT64_C(1) << 40, INT64_C(1) << 61},
	};
	char text[1024] = CLOCK_LOG_HEADER;
	for (size_t i = 0; i < TABLE_SIZE(written); i++) {
		char line[CLOCK_LOG_LINE];
		size_t length = clock_log_format(line, &written[i]);
		assert_int_equal(length, strlen(line));
		strcat(text, line);
	}
	struct clock_point *points;
	size_t count;
	assert_int_equal(load(*state, text, &count, &points), 0);
	assert_int_equal(count, TABLE_SIZE(written));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(points[i].stretch, written[i].stretch);
		assert_int_equal(points[i].frame, written[i].frame);
		assert_int_equal(points[i].nsec, written[i].nsec);
	}
	free(points);
}

/* Two good lines, and then something: two points. */
static void test_what_is_whole_is_read(void **state)
{
	static const char *const ends[] = {
		"",
		"1,2000,300",		 /* cut off */
		"1,2000",		 /* earlier */
		"1,2000,300,4\n",	 /* a column too many */
		"1,2000\n",		 /* one too few */
		"1,1000,300\n",		 /* the same frame again */
		"1,500,300\n",		 /* backwards */
		"0,2000,300\n",		 /* an earlier stretch */
		"1,2000,-1\n",		 /* before the clock began */
		"1,2000,0x10\n",	 /* */
		" 1,2000,300\n",	 /* */
		"1,+2000,300\n",	 /* */
		"one,2000,300\n",	 /* */
		"4294967296,2000,300\n", /* out of range, as the next two */
		"1,99999999999999999999,300\n",
		"1,2000,99999999999999999999\n",
		"\n1,2000,300\n",
		"\xff\xff\xff\xff",
	};
	for (size_t i = 0; i < TABLE_SIZE(ends); i++) {
		struct clock_point *points;
		size_t count;
		char *text = memory_format("%s1,0,100\n1,1000,200\n%s", CLOCK_LOG_HEADER, ends[i]);
		assert_int_equal(load(*state, text, &count, &points), 0);
		if (count != 2)
			fail_msg("'%s': %zu points", ends[i], count);
		free(points);
		free(text);
	}
}

static void test_no_clock_log(void **state)
{
	static const char *const texts[] = {"", "stretch,frame,nsec", "frame,nsec\n1,2\n", "fLaC"};
	struct clock_point *points;
	size_t count;
	for (size_t i = 0; i < TABLE_SIZE(texts); i++)
		assert_int_equal(load(*state, texts[i], &count, &points), -EBADMSG);
	struct error e = {""};
	char *path = file_join(*state, "absent.csv");
	assert_int_equal(clock_log_load(path, &points, &count, &e), -ENOENT);
	free(path);
	assert_int_equal(load(*state, CLOCK_LOG_HEADER, &count, &points), 0);
	assert_int_equal(count, 0);
	assert_null(points);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_round_trip),
		harness_in_folder(test_what_is_whole_is_read),
		harness_in_folder(test_no_clock_log),
	};
	return cmocka_run_group_tests_name("clock-log", tests, NULL, NULL);
}
