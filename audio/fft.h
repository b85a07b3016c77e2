/* The discrete Fourier transform of complex numbers in 32 bit, eight at a time: several times as fast as
 * kissfft (audio/spectrum.h), which takes any size and one number after the other. For long programmes that
 * are looked at window by window. The same operations whatever vectors a machine has. One thread each. */
#ifndef WOODSHED_AUDIO_FFT_H
#define WOODSHED_AUDIO_FFT_H

#include <stddef.h>

struct fft;

struct fft_numbers {
	float *re, *im; /* `size` of each */
};

enum { FFT_SIZE_LEAST = 64, FFT_SIZE_MOST = 1 << 20 };

/* `size` is a power of two. NULL when out of memory. */
struct fft *fft_create(size_t size);
void fft_destroy(struct fft *fft); /* NULL is fine */

/* Where what is to be transformed goes; fft_run leaves nothing of it. */
struct fft_numbers fft_in(struct fft *fft);

/* Number k is the sum of number n of what went in times exp(-2 pi i k n / size). Valid until the next. */
struct fft_numbers fft_run(struct fft *fft);

#endif
