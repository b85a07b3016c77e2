/* Numbers below 2.2e-308 make many processors a hundred times slower. Audio that fades out for ever reaches
 * them; taken as zeros they cost nothing. Of the calling thread alone. */
#ifndef WOODSHED_AUDIO_DENORMAL_H
#define WOODSHED_AUDIO_DENORMAL_H

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct denormal_state {
	uint64_t control;
};

/* Denormals count as zero from here on, as operands and as results; returns what was before. Where a machine
 * has no switch for it, nothing changes but the time that it takes. */
static inline struct denormal_state denormal_off(void)
{
	struct denormal_state before = {0};
#if defined(__x86_64__)
	enum { FLUSH_TO_ZERO = 1 << 15, DENORMALS_ARE_ZERO = 1 << 6 };
	before.control = _mm_getcsr();
	_mm_setcsr((unsigned)before.control | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
#elif defined(__aarch64__)
	const uint64_t flush_to_zero = 1 << 24;
	__asm__ volatile("mrs %0, fpcr" : "=r"(before.control));
	__asm__ volatile("msr fpcr, %0" : : "r"(before.control | flush_to_zero));
#endif
	return before;
}

static inline void denormal_restore(struct denormal_state before)
{
#if defined(__x86_64__)
	_mm_setcsr((unsigned)before.control);
#elif defined(__aarch64__)
	__asm__ volatile("msr fpcr, %0" : : "r"(before.control));
#else
	(void)before;
#endif
}

#endif
