/* Eight numbers of 32 bit side by side: one vector where a processor has AVX2, two elsewhere. */
#ifndef WOODSHED_AUDIO_LANES_H
#define WOODSHED_AUDIO_LANES_H

#include "audio/wide.h"

#include <stddef.h>

enum { LANES = 8 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Rows become columns. */
static INLINE void lanes_turn(lanes r[static LANES])
{
	lanes t[LANES], u[LANES];
	for (size_t i = 0; i < LANES; i += 2) {
		t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (size_t i = 0; i < LANES; i += 4) {
		for (size_t k = 0; k < 2; k++) {
			const lanes a = t[i + k], b = t[i + k + 2];
			u[i + 2 * k] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
			u[i + 2 * k + 1] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
		}
	}
	for (size_t i = 0; i < LANES / 2; i++) {
		r[i] = __builtin_shufflevector(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		r[i + 4] = __builtin_shufflevector(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
}

#endif
