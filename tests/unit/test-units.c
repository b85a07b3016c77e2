#include "common/units.h"

#include "tests/unit/harness.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

static bool close_to(double a, double b)
{
	return fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

static const struct {
	const char *text;
	enum unit unit;
	double bare_scale, value;
} parsed[] = {
	{"-18 dB", UNIT_DB, 1, -18},
	{"-18dB", UNIT_DB, 1, -18},
	{"-18", UNIT_DB, 1, -18},
	{"+3.5 db", UNIT_DB, 1, 3.5},
	{"0", UNIT_NONE, 1, 0},
	{"1e3", UNIT_NONE, 1, 1000},
	{".5", UNIT_NONE, 1, 0.5},
	{"-.5", UNIT_NONE, 1, -0.5},
	{"80 Hz", UNIT_HZ, 1, 80},
	{"2.5 kHz", UNIT_HZ, 1, 2500},
	{"2.5k", UNIT_NONE, 1, NAN},
	{"9 khz", UNIT_HZ, 1, 9000},
	{"10 ms", UNIT_SECONDS, 1, 0.01},
	{"250 us", UNIT_SECONDS, 1, 250e-6},
	{"20 s", UNIT_SECONDS, 0.001, 20},
	{"20", UNIT_SECONDS, 0.001, 0.02},
	{"6s", UNIT_SECONDS, 1, 6},
	{"10m", UNIT_SECONDS, 1, 600},
	{"10 min", UNIT_SECONDS, 1, 600},
	{"4 h", UNIT_SECONDS, 1, 14400},
	{"0:00", UNIT_SECONDS, 1, 0},
	{"1:23.5", UNIT_SECONDS, 0.001, 83.5},
	{"90:00", UNIT_SECONDS, 1, 5400},
	{"1:02:03.25", UNIT_SECONDS, 1, 3723.25},
	{"3:1", UNIT_RATIO, 1, 3},
	{"1.5:1", UNIT_RATIO, 1, 1.5},
	{"4", UNIT_RATIO, 1, 4},
	{"30 %", UNIT_PERCENT, 1, 30},
	{"30%", UNIT_PERCENT, 1, 30},
	{"-14 LUFS", UNIT_LUFS, 1, -14},
	{"-14 lufs", UNIT_LUFS, 1, -14},
	{"-1 dBTP", UNIT_DBTP, 1, -1},
	{"C", UNIT_PAN, 1, 0},
	{"c", UNIT_PAN, 1, 0},
	{"L30", UNIT_PAN, 1, -30},
	{"r100", UNIT_PAN, 1, 100},
	{"L0", UNIT_PAN, 1, 0},
	{"-30", UNIT_PAN, 1, -30},
	{"L12.5", UNIT_PAN, 1, -12.5},
	{"24 bit", UNIT_BITS, 1, 24},
	{"24 dB/oct", UNIT_SLOPE, 1, 24},
	{"24", UNIT_SLOPE, 1, 24},
	{"2.5 m", UNIT_METRES, 1, 2.5},
	{"30 cm", UNIT_METRES, 1, 0.3},
	{"1/8", UNIT_NOTE, 1, 0.125},
	{"3/16", UNIT_NOTE, 1, 0.1875},
	{"1/12", UNIT_NOTE, 1, 1.0 / 12},
	{"0.25", UNIT_NOTE, 1, 0.25},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(parsed); i++) {
		double value = NAN;
		int result = units_parse(parsed[i].text, parsed[i].unit, parsed[i].bare_scale, &value);
		bool good = isnan(parsed[i].value) ? result == -EINVAL
						   : result == 0 && close_to(value, parsed[i].value);
		if (!good)
			fail_msg("%s: %d, %.17g", parsed[i].text, result, value);
	}
}

static const struct {
	const char *text;
	enum unit unit;
} refused[] = {
	{"", UNIT_DB},
	{" ", UNIT_DB},
	{"dB", UNIT_DB},
	{"-", UNIT_DB},
	{"-18 Hz", UNIT_DB},
	{"-18 dBFS", UNIT_DB},
	{"18 d", UNIT_DB},
	{"- 18 dB", UNIT_DB},
	{"--18 dB", UNIT_DB},
	{"18,5 dB", UNIT_DB},
	{"18 dB!", UNIT_DB},
	{"18 dB 3", UNIT_DB},
	{"0x10", UNIT_NONE},
	{"-0x10", UNIT_NONE},
	{"nan", UNIT_NONE},
	{"inf", UNIT_NONE},
	{"-inf dB", UNIT_DB},
	{"1e999", UNIT_NONE},
	{"1e308 kHz", UNIT_HZ},
	{"1 2", UNIT_NONE},
	{"5 dB", UNIT_NONE},
	{"1:3", UNIT_RATIO},
	{"3:2", UNIT_RATIO},
	{":1", UNIT_RATIO},
	{"3:10", UNIT_RATIO},
	{"10 sec", UNIT_SECONDS},
	{"1:", UNIT_SECONDS},
	{":30", UNIT_SECONDS},
	{"1:5", UNIT_SECONDS},
	{"1:60", UNIT_SECONDS},
	{"1:023", UNIT_SECONDS},
	{"1:2:3", UNIT_SECONDS},
	{"1:02:03:04", UNIT_SECONDS},
	{"1:02 s", UNIT_SECONDS},
	{"1:1e1", UNIT_SECONDS},
	{"-1:00", UNIT_SECONDS},
	{"1.5:00", UNIT_SECONDS},
	{"1:23.5", UNIT_NONE},
	{"10 days", UNIT_SECONDS},
	{"X30", UNIT_PAN},
	{"L", UNIT_PAN},
	{"L-30", UNIT_PAN},
	{"L0x10", UNIT_PAN},
	{"L101", UNIT_PAN},
	{"R1e9", UNIT_PAN},
	{"L30 %", UNIT_PAN},
	{"Lnan", UNIT_PAN},
	{"center", UNIT_PAN},
	{"24 dB", UNIT_SLOPE},
	{"24 bits", UNIT_BITS},
	{"80 Hz\n", UNIT_HZ},
	{"L30", UNIT_DB},
	{"\xc2\xb5s", UNIT_SECONDS},
	{"1_000", UNIT_NONE},
	{"2 km", UNIT_METRES},
	{"1/0", UNIT_NOTE},
	{"1/-8", UNIT_NOTE},
	{"/8", UNIT_NOTE},
	{"1/", UNIT_NOTE},
	{"1/8/2", UNIT_NOTE},
	{"1 / 8", UNIT_NOTE},
	{"1/8", UNIT_NONE},
	{"1'000", UNIT_NONE},
};

static void test_parse_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(refused); i++) {
		double value;
		if (units_parse(refused[i].text, refused[i].unit, 1, &value) != -EINVAL)
			fail_msg("%s was taken as %.17g", refused[i].text, value);
	}
}

static void test_format(void **state)
{
	(void)state;
	static const struct {
		double value;
		enum unit unit;
		const char *text;
	} cases[] = {
		{-18, UNIT_DB, "-18 dB"},
		{0, UNIT_DB, "0 dB"},
		{2500, UNIT_HZ, "2.5 kHz"},
		{80, UNIT_HZ, "80 Hz"},
		{0, UNIT_HZ, "0 Hz"},
		{0.01, UNIT_SECONDS, "10 ms"},
		{0.3, UNIT_SECONDS, "300 ms"},
		{20, UNIT_SECONDS, "20 s"},
		{120, UNIT_SECONDS, "2 min"},
		{14400, UNIT_SECONDS, "4 h"},
		{0, UNIT_SECONDS, "0 s"},
		{50e-6, UNIT_SECONDS, "50 us"},
		{3, UNIT_RATIO, "3:1"},
		{30, UNIT_PERCENT, "30 %"},
		{-14, UNIT_LUFS, "-14 LUFS"},
		{-1, UNIT_DBTP, "-1 dBTP"},
		{0, UNIT_PAN, "C"},
		{-30, UNIT_PAN, "L30"},
		{100, UNIT_PAN, "R100"},
		{24, UNIT_SLOPE, "24 dB/oct"},
		{24, UNIT_BITS, "24 bit"},
		{0.7071, UNIT_NONE, "0.7071"},
		{0.02, UNIT_METRES, "2 cm"},
		{3.43, UNIT_METRES, "3.43 m"},
		{3.0 / 16, UNIT_NOTE, "3/16"},
		{1.0 / 12, UNIT_NOTE, "1/12"},
		{2, UNIT_NOTE, "2/1"},
		{0.7071, UNIT_NOTE, "0.7071"},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char text[64];
		double again = NAN;
		assert_string_equal(
			units_format(cases[i].value, cases[i].unit, text, sizeof(text)), cases[i].text);
		assert_int_equal(units_parse(text, cases[i].unit, 1, &again), 0);
		assert_true(close_to(again, cases[i].value));
		assert_non_null(units_example(cases[i].unit));
	}
	char small[4];
	assert_string_equal(units_format(-18, UNIT_DB, small, sizeof(small)), "-18");
}

/* The loader reads what the program prints: not one bit may be lost on the way. */
static void test_format_is_exact(void **state)
{
	(void)state;
	static const double values[] = {0.0003, 0.1 + 0.2, 1.0 / 3, 1e-9, 123456.789, 59.999999999,
		3600.0000001, 7e4 / 3, 0.7071067811865476, 1e15 / 7, 44.1};
	for (size_t i = 0; i < TABLE_SIZE(values); i++) {
		for (int unit = UNIT_NONE; unit <= UNIT_SLOPE; unit++) {
			char text[64];
			double again = NAN, value = unit == UNIT_PAN ? fmod(values[i], 100) : values[i];
			units_format(value, (enum unit)unit, text, sizeof(text));
			if (units_parse(text, (enum unit)unit, 1, &again) < 0 || again != value)
				fail_msg("%.17g is written %s and read as %.17g", value, text, again);
			units_format(-value, (enum unit)unit, text, sizeof(text));
			assert_int_equal(units_parse(text, (enum unit)unit, 1, &again), 0);
			assert_true(again == -value);
		}
	}
}

/* 300 us is 0.0003 s, whichever way it is written. */
static void test_ways_to_write_one_value(void **state)
{
	(void)state;
	for (int us = 1; us < 3000; us++) {
		char text[64];
		double a = 0, b = 1, c = 2;
		snprintf(text, sizeof(text), "%d us", us);
		assert_int_equal(units_parse(text, UNIT_SECONDS, 1, &a), 0);
		snprintf(text, sizeof(text), "%d.%03d ms", us / 1000, us % 1000);
		assert_int_equal(units_parse(text, UNIT_SECONDS, 1, &b), 0);
		snprintf(text, sizeof(text), "%d", us);
		assert_int_equal(units_parse(text, UNIT_SECONDS, 1e-6, &c), 0);
		assert_true(fabs(a - b) <= 1e-18 && a == c);
	}
}

static void test_decibels(void **state)
{
	(void)state;
	assert_true(close_to(units_from_db(0), 1) && close_to(units_from_db(-20), 0.1));
	assert_true(close_to(units_to_db(10), 20) && units_to_db(0) == -INFINITY);
	assert_true(units_from_db(-INFINITY) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_is_exact),
		cmocka_unit_test(test_ways_to_write_one_value),
		cmocka_unit_test(test_decibels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
