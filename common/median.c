#include "common/median.h"

double median(double *values, size_t count)
{
	size_t low = 0, high = count - 1, middle = count / 2;
	while (low < high) {
		double pivot = values[(low + high) / 2];
		size_t i = low, j = high;
		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (pivot < values[j])
				j--;
			if (i <= j) {
				double value = values[i];
				values[i++] = values[j];
				values[j] = value;
				if (j == 0)
					break;
				j--;
			}
		}
		if (middle <= j)
			high = j;
		else if (middle >= i)
			low = i;
		else
			break;
	}
	return values[middle];
}
