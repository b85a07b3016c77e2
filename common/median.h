/* The middle one of a set of values. */
#ifndef WOODSHED_COMMON_MEDIAN_H
#define WOODSHED_COMMON_MEDIAN_H

#include <stddef.h>

/* The upper middle one of `count` (1 or more) in size; they are reordered. Linear time (C. A. R. Hoare,
 * "Algorithm 65: FIND", CACM 4 (7), 1961) but for rows made to defeat it. With NaN among them
 * it is any one of them. */
double median(double *values, size_t count);

#endif
