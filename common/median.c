#include "common/median.h"

static void swap(double *a, double *b)
{
	double value = *a;
	*a = *b;
	*b = value;
}

static double middle_of(double a, double b, double c)
{
	double low = a < b ? a : b, high = a < b ? b : a;
	return c < low ? low : c > high ? high : c;
}

/* Brings all below `pivot` to the front of `count` values; how many they are. No branch depends on a value,
 * since none of them could be foretold. */
static size_t bring_below(double *values, size_t count, double pivot)
{
	size_t below = 0;
	for (size_t i = 0; i < count; i++) {
		double value = values[i];
		values[i] = values[below];
		values[below] = value;
		below += value < pivot;
	}
	return below;
}

/* The same for what equals it. */
static size_t bring_equal(double *values, size_t count, double pivot)
{
	size_t equal = 0;
	for (size_t i = 0; i < count; i++) {
		if (values[i] == pivot)
			swap(&values[i], &values[equal++]);
	}
	return equal;
}

double median(double *values, size_t count)
{
	size_t middle = count / 2;
	for (;;) {
		double pivot = middle_of(values[0], values[count / 2], values[count - 1]);
		size_t below = bring_below(values, count, pivot);
		if (middle < below) {
			count = below;
			continue;
		}
		size_t equal = bring_equal(values + below, count - below, pivot);
		if (middle < below + equal || below + equal == 0) /* NaN equals nothing */
			return pivot;
		values += below + equal;
		count -= below + equal;
		middle -= below + equal;
	}
}
