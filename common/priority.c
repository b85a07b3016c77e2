#include "common/priority.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>

/* Linux keeps a nice value for each thread, and 0 is the calling one. */
static bool set(int nice)
{
	return setpriority(PRIO_PROCESS, 0, nice) == 0;
}

static int get(void)
{
	errno = 0; /* -1 is a nice value as well */
	int nice = getpriority(PRIO_PROCESS, 0);
	return errno ? 0 : nice;
}

/* The limit counts from 1 (nice 19) to 40 (nice -20). */
static int lowest_allowed(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NICE, &limit) < 0)
		return get();
	return limit.rlim_cur > 40 ? -20 : 20 - (int)limit.rlim_cur;
}

int priority_raise(void)
{
	int own = get();
	if (own <= PRIORITY_NICE || set(PRIORITY_NICE))
		return get();
	int allowed = lowest_allowed();
	if (allowed < own)
		(void)set(allowed);
	return get();
}
