#include "common/clock.h"

#include <errno.h>
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

int clock_parse_rfc3339(const char *text, int64_t *utc_ns)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return -EINVAL;
	int64_t fraction = 0;
	if (*rest == '.') {
		int64_t scale = CLOCK_NSEC_PER_SEC / 10;
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
			fraction += (*rest - '0') * scale;
	}
	if (rest[0] != 'Z' || rest[1] != '\0')
		return -EINVAL;
	*utc_ns = (int64_t)timegm(&tm) * CLOCK_NSEC_PER_SEC + fraction;
	return 0;
}
