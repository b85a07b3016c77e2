#include "common/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t now(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * CLOCK_NSEC_PER_SEC + t.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

int64_t clock_utc_ns(void)
{
	return now(CLOCK_REALTIME);
}

char *clock_rfc3339(int64_t utc_ns, char out[static CLOCK_RFC3339_SIZE])
{
	time_t seconds = (time_t)(utc_ns / CLOCK_NSEC_PER_SEC);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t n = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_RFC3339_SIZE - n, ".%06uZ",
		(unsigned)(utc_ns % CLOCK_NSEC_PER_SEC / 1000) % 1000000U);
	return out;
}

/* strptime skips blanks and takes fewer digits than RFC 3339 asks for. */
static bool has_form(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	for (size_t i = 0; form[i]; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return false;
	}
	return true;
}

static const char *parse_fraction(const char *text, int64_t *fraction)
{
	*fraction = 0;
	if (text[0] != '.' || text[1] < '0' || text[1] > '9')
		return text;
	int64_t scale = CLOCK_NSEC_PER_SEC / 10;
	for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
		*fraction += (*text - '0') * scale;
	return text;
}

int clock_parse_rfc3339(const char *text, int64_t *utc_ns)
{
	enum { FIRST_YEAR = 1970, LAST_YEAR = 2261 }; /* what 64 bits of nanoseconds hold */
	struct tm tm = {0};
	int64_t fraction;
	const char *rest = has_form(text) ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!rest || tm.tm_year + 1900 < FIRST_YEAR || tm.tm_year + 1900 > LAST_YEAR)
		return -EINVAL;
	rest = parse_fraction(rest, &fraction);
	if (rest[0] != 'Z' || rest[1] != '\0')
		return -EINVAL;
	int day = tm.tm_mday;
	time_t seconds = timegm(&tm);
	if (tm.tm_mday != day) /* 31 February became a day of March */
		return -EINVAL;
	*utc_ns = (int64_t)seconds * CLOCK_NSEC_PER_SEC + fraction;
	return 0;
}
