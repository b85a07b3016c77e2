/* For what waits for its own last value: x86-64 processors with AVX2 and FMA multiply and add in one
 * operation, which takes half the time and rounds once, not twice. So that a signal comes out the same
 * however it is cut, such a processor goes the fused way wherever there is one, and others never. */
#ifndef WOODSHED_AUDIO_FUSED_H
#define WOODSHED_AUDIO_FUSED_H

#include <stdbool.h>

#ifdef __x86_64__
#define FUSED __attribute__((target("avx2,fma")))
#endif

/* Whether FUSED functions can be called here. RT safe. */
static inline bool can_fuse(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
	return false;
#endif
}

#endif
