/* What listening keeps of one track: a few numbers a hundredth of a second, and how strong each pitch is,
 * about twelve times a second. Times are in frames of `rate`; frame n is about the moment n / rate s of what
 * was heard. Owned by the struct. */
#ifndef WOODSHED_LISTENING_HEARD_H
#define WOODSHED_LISTENING_HEARD_H

#include <stddef.h>
#include <stdint.h>

enum {
	HEARD_LOWEST = 24, /* MIDI note of the first pitch: C1, 32.7 Hz */
	HEARD_NOTES = 84,  /* up to B7 */
	HEARD_FINE = 3,	   /* bins a semitone, the middle one being in tune with A = 440 Hz */
	HEARD_BINS = HEARD_NOTES * HEARD_FINE,
	HEARD_SLOW = 8, /* frames a spectrum */
};

struct heard {
	double rate; /* frames a second: about 94 */
	size_t frames;
	float *onset;		 /* how much began at each frame: the growth of the log spectrum, 0 or more */
	float *low, *mid, *high; /* the same below 150 Hz, from there to 1.5 kHz, and above 5 kHz */
	float *power;		 /* mean square */
	size_t spectra;		 /* spectrum n is about frame n × HEARD_SLOW */
	uint8_t *spectrum;	 /* spectra × HEARD_BINS: the peak in each bin, heard_amplitude of it */
	/* Where the peaks lie against A = 440 Hz: the sum of vectors, a turn being a semitone, and of their
	 * lengths. */
	double detune_re, detune_im, detune_weight;
};

void heard_finish(struct heard *heard); /* a zeroed value is fine */

/* 0: nothing. Otherwise half decibels above -100 dBFS. */
float heard_amplitude(uint8_t level);
uint8_t heard_level(float power); /* of a peak: its amplitude squared */

#endif
