/* For loops over samples that a compiler turns into vectors. WIDE has such a function compiled twice, for the
 * vectors that every x86-64 has and for those of AVX2, which the program chooses between when it starts. Both
 * do the same operations on the same numbers (AVX2 alone has no fused multiply-add, and nothing is
 * contracted), so the samples are the same. Elsewhere it is nothing: the vectors of arm64 need no choice.
 *
 * Such a function is static, and no other has its name: clang makes the choice between the two a symbol of
 * the whole program, by that name, and one that is called from another file is not found. */
#ifndef WOODSHED_AUDIO_WIDE_H
#define WOODSHED_AUDIO_WIDE_H

/* The choice is made before a sanitizer is ready for it. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#ifdef __has_feature
#define WIDE_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define WIDE_SANITIZED 0
#endif
#if !WIDE_SANITIZED
#define WIDE __attribute__((target_clones("avx2", "default")))
#endif
#endif

#ifndef WIDE
#define WIDE
#endif

/* Compiled anew in every function that calls it, for that one's vectors and with the constants that it gives.
 */
#define INLINE inline __attribute__((always_inline))

#endif
