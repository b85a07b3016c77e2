/* Logarithm and exponential to base 2 that are the same on every machine and compiler (libm's differ in the
 * last bit) and that a compiler can run side by side in vectors: no branches, no tables. Errors against the
 * true value: fast_log2 below 2e-9, fast_exp2 below 1e-8 of the value; in levels, well under 0.000001 dB. */
#ifndef WOODSHED_AUDIO_FASTMATH_H
#define WOODSHED_AUDIO_FASTMATH_H

#include <stdint.h>
#include <string.h>

#define FAST_DB_PER_OCTAVE 6.020599913279624 /* 20 log10 2: of an amplitude */

static inline double fast_from_bits(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

static inline uint64_t fast_to_bits(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* Of a normal number above 0. The mantissa m, 1 to 2, goes through log2 m = 1/2 + 2 / ln 2 artanh t with
 * t = (m - sqrt 2) / (m + sqrt 2), whose series converges by a factor of 34 a term. */
static inline double fast_log2(double x)
{
	const double root = 1.4142135623730951, twice_by_ln2 = 2.8853900817779268;
	uint64_t bits = fast_to_bits(x);
	double m = fast_from_bits((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
	/* The exponent as the low bits of 2^52: a conversion that SSE2 has. */
	double exponent = fast_from_bits((bits >> 52) | 0x4330000000000000) - (4503599627370496.0 + 1023);
	double t = (m - root) / (m + root);
	double t2 = t * t;
	double series = 1 + t2 * (1.0 / 3 + t2 * (1.0 / 5 + t2 * (1.0 / 7 + t2 * (1.0 / 9))));
	return (exponent + 0.5) + twice_by_ln2 * t * series;
}

/* Of -1000 to 1000; exactly 1 at 0. */
static inline double fast_exp2(double x)
{
	const double rounder = 6755399441055744.0; /* 1.5 * 2^52: the sum's low bits are the whole part */
	double rounded = x + rounder;
	double f = (x - (rounded - rounder)) * 0.6931471805599453;
	double high = 1.0 / 24 + f * (1.0 / 120 + f * (1.0 / 720 + f * (1.0 / 5040)));
	double series = 1 + f * (1 + f * (1.0 / 2 + f * (1.0 / 6 + f * high)));
	return series * fast_from_bits((fast_to_bits(rounded) + 1023) << 52);
}

#endif
