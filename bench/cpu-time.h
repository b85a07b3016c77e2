/* What a program that measures has used of the processors so far. */
#ifndef WOODSHED_BENCH_CPU_TIME_H
#define WOODSHED_BENCH_CPU_TIME_H

#include <sys/resource.h>

/* User and system time of all threads of the process. */
static inline double cpu_s(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

#endif
