#include "common/units.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct suffix {
	enum unit unit;
	const char *text;	 /* compared without case, but for SI prefixes people never mix up here */
	double multiply, divide; /* two, so that 300 us is the very number that 0.0003 is */
};

/* The first suffix of a unit whose scaled value is at least 1 is what units_format likes best. */
static const struct suffix suffixes[] = {
	{UNIT_DB, "dB", 1, 1},
	{UNIT_LUFS, "LUFS", 1, 1},
	{UNIT_LU, "LU", 1, 1},
	{UNIT_DBTP, "dBTP", 1, 1},
	{UNIT_HZ, "kHz", 1000, 1},
	{UNIT_HZ, "Hz", 1, 1},
	{UNIT_SECONDS, "h", 3600, 1},
	{UNIT_SECONDS, "min", 60, 1},
	{UNIT_SECONDS, "m", 60, 1},
	{UNIT_SECONDS, "s", 1, 1},
	{UNIT_SECONDS, "ms", 1, 1000},
	{UNIT_SECONDS, "us", 1, 1000000},
	{UNIT_PERCENT, "%", 1, 1},
	{UNIT_RATIO, ":1", 1, 1},
	{UNIT_BITS, "bit", 1, 1},
	{UNIT_SLOPE, "dB/oct", 1, 1},
	{UNIT_METRES, "m", 1, 1},
	{UNIT_METRES, "cm", 1, 100},
};

static const size_t suffix_count = sizeof(suffixes) / sizeof(suffixes[0]);

static const char *const examples[] = {
	[UNIT_NONE] = "a number",
	[UNIT_DB] = "a level such as -18 dB",
	[UNIT_LUFS] = "a loudness such as -14 LUFS",
	[UNIT_LU] = "a difference in loudness such as -3 LU",
	[UNIT_DBTP] = "a true peak such as -1 dBTP",
	[UNIT_HZ] = "a frequency such as 80 Hz or 2.5 kHz",
	[UNIT_SECONDS] = "a time such as 10 ms, 20 s or 4 h",
	[UNIT_RATIO] = "a ratio such as 3:1",
	[UNIT_PERCENT] = "a share such as 30 %",
	[UNIT_PAN] = "a place such as L30, C or R100",
	[UNIT_BITS] = "a word length such as 24 bit",
	[UNIT_SLOPE] = "a slope such as 24 dB/oct",
	[UNIT_METRES] = "a distance such as 2.5 m or 30 cm",
	[UNIT_NOTE] = "a note such as 1/8 or 3/16",
};

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", NULL);
}

/* strtod in the C locale, whatever the process has; takes no hexadecimal, infinity or NaN. */
static double parse_number(const char *text, const char **end)
{
	const char *digits = text + (*text == '-' || *text == '+');
	*end = text;
	if (!isdigit((unsigned char)digits[*digits == '.']) || (digits[0] == '0' && (digits[1] | 32) == 'x'))
		return 0;
	pthread_once(&c_locale_once, make_c_locale);
	char *stop;
	double number = strtod_l(text, &stop, c_locale);
	*end = stop;
	return number;
}

static int parse_pan(const char *text, double *value)
{
	if (strcasecmp(text, "C") == 0) {
		*value = 0;
		return 0;
	}
	int side = toupper((unsigned char)text[0]);
	if ((side != 'L' && side != 'R') || !isdigit((unsigned char)text[1]))
		return -EINVAL;
	const char *end;
	double amount = parse_number(text + 1, &end);
	if (end == text + 1 || *end != '\0' || amount > 100)
		return -EINVAL;
	*value = side == 'L' ? -amount : amount;
	return 0;
}

/* "3/16"; whole notes alone are bare numbers. */
static int parse_note(const char *text, double *value)
{
	const char *slash, *end;
	double upper = parse_number(text, &slash);
	if (slash == text || *slash != '/')
		return -EINVAL;
	double lower = parse_number(slash + 1, &end);
	if (end == slash + 1 || *end != '\0' || !(lower > 0))
		return -EINVAL;
	*value = upper / lower;
	return isfinite(*value) ? 0 : -EINVAL;
}

static bool format_note(double value, char *out, size_t size)
{
	for (int lower = 1; lower <= 192; lower++) {
		double upper = round(value * lower);
		if (upper > 0 && fabs(value * lower - upper) < 1e-9) {
			snprintf(out, size, "%.0f/%d", upper, lower);
			return true;
		}
	}
	return false;
}

/* "1:23.5", "1:02:03": all but the first in two digits below 60. */
static int parse_clock(const char *text, double *value)
{
	double total = 0;
	for (int field = 0; field < 3; field++) {
		size_t digits = strspn(text, "0123456789");
		if (digits == 0 || (field == 0 ? digits > 6 : digits != 2))
			return -EINVAL;
		bool last = text[digits] != ':';
		const char *end = text + digits;
		double number = last ? parse_number(text, &end) : atoi(text);
		if (field > 0 && number >= 60)
			return -EINVAL;
		total = total * 60 + number;
		if (last && (*end != '\0' || field == 0))
			return -EINVAL;
		if (last) {
			*value = total;
			return 0;
		}
		text += digits + 1;
	}
	return -EINVAL;
}

int units_parse(const char *text, enum unit unit, double bare_scale, double *value)
{
	if (unit == UNIT_PAN && parse_pan(text, value) == 0)
		return 0;
	if (unit == UNIT_NOTE && parse_note(text, value) == 0)
		return 0;
	if (unit == UNIT_SECONDS && parse_clock(text, value) == 0)
		return 0;
	const char *rest;
	double number = parse_number(text, &rest);
	if (rest == text || !isfinite(number))
		return -EINVAL;
	while (*rest == ' ')
		rest++;
	if (*rest == '\0') {
		*value = bare_scale < 1 ? number / round(1 / bare_scale) : number * bare_scale;
		return isfinite(*value) ? 0 : -EINVAL;
	}
	for (size_t i = 0; i < suffix_count; i++) {
		if (suffixes[i].unit == unit && strcasecmp(rest, suffixes[i].text) == 0) {
			*value = number * suffixes[i].multiply / suffixes[i].divide;
			return isfinite(*value) ? 0 : -EINVAL;
		}
	}
	return -EINVAL;
}

/* With as few digits as read back as the very same number, `most` of them at most. */
static bool format_exactly(
	double value, const struct suffix *suffix, int least, int most, char *out, size_t size)
{
	const char *gap = suffix->unit == UNIT_RATIO ? "" : " ";
	for (int digits = least; digits <= most; digits++) {
		double again;
		snprintf(out, size, "%.*g%s%s", digits, value * suffix->divide / suffix->multiply, gap,
			suffix->text);
		if (units_parse(out, suffix->unit, 1, &again) == 0 && again == value)
			return true;
	}
	return false;
}

static void format_bare(double value, const char *before, char *out, size_t size)
{
	double again = NAN;
	for (int digits = 10; digits <= 17 && again != value; digits++) {
		char number[32];
		snprintf(number, sizeof(number), "%.*g", digits, value);
		const char *end;
		again = parse_number(number, &end);
		snprintf(out, size, "%s%s", before, number);
	}
}

char *units_format(double value, enum unit unit, char *out, size_t size)
{
	if (unit == UNIT_NOTE && format_note(value, out, size))
		return out;
	const struct suffix *best = NULL, *base = NULL;
	for (size_t i = 0; i < suffix_count; i++) {
		const struct suffix *suffix = &suffixes[i];
		if (suffix->unit != unit)
			continue;
		bool whole = suffix->multiply == 1 && suffix->divide == 1;
		if (!best || fabs(value) < best->multiply / best->divide)
			best = value == 0 && !whole ? best : suffix;
		base = whole ? suffix : base;
	}
	if (unit == UNIT_PAN && value == 0)
		snprintf(out, size, "C");
	else if (unit == UNIT_PAN)
		format_bare(fabs(value), value < 0 ? "L" : "R", out, size);
	else if (!best)
		format_bare(value, "", out, size);
	else if (!format_exactly(value, best, 10, 12, out, size))
		format_exactly(value, base, 10, 17, out, size);
	return out;
}

const char *units_example(enum unit unit)
{
	return examples[unit];
}

const char *units_base(enum unit unit)
{
	for (size_t i = 0; i < suffix_count; i++)
		if (suffixes[i].unit == unit && suffixes[i].multiply == 1 && suffixes[i].divide == 1)
			return suffixes[i].text;
	return "";
}

const char *units_suffix(enum unit unit, size_t index)
{
	for (size_t i = 0; i < suffix_count; i++)
		if (suffixes[i].unit == unit && index-- == 0)
			return suffixes[i].text;
	return NULL;
}

double units_from_db(double db)
{
	return pow(10, db / 20);
}

double units_to_db(double gain)
{
	return 20 * log10(gain);
}
