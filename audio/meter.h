/* Loudness and true peak of a whole file or stream: ITU-R BS.1770-5, EBU R 128. */
#ifndef WOODSHED_AUDIO_METER_H
#define WOODSHED_AUDIO_METER_H

#include "audio/block.h"
#include "audio/r128.h"
#include "common/error.h"

struct meter;

/* Every figure is -INFINITY where there was nothing loud enough to measure. */
struct meter_reading {
	double integrated_lufs;
	double max_momentary_lufs, max_short_term_lufs; /* polled every 10 ms or more often */
	double lra_lu;					/* 0 where undefined */
	double true_peak_dbtp;
	double sample_peak_dbfs;
	double correlation; /* of left and right over the whole, -1 to 1; 1 for mono and for silence */
	double rms_dbfs;
	uint64_t frames;
};

/* A mono signal is measured as BS.1770 measures one channel (a mono file), not as dual mono. */
int meter_create(struct meter **meter, uint32_t rate, uint32_t channels, struct error *e) MUST_CHECK;
void meter_destroy(struct meter *meter);				  /* NULL is fine */
int meter_add(struct meter *meter, const struct block *block) MUST_CHECK; /* 0 or -ENOMEM */

/* meter_add in parts, which may run at the same time: its power and loudness, and the peaks of each channel.
 * Each part gets all of the samples. */
int meter_add_power(struct meter *meter, const struct block *block) MUST_CHECK;
void meter_add_peaks(struct meter *meter, uint32_t channel, const double *samples, uint32_t frames);
struct r128 *meter_r128(struct meter *meter); /* what measures its loudness, for who wants to listen in */

void meter_read(struct meter *meter, struct meter_reading *reading);

/* Sets the four figures of loudness alone: for who measures more channels than a meter has. */
void meter_read_loudness(const struct r128 *loudness, struct meter_reading *reading);

#endif
