/* The processors of editing: what makes a performance clean before it is mixed. Most decide on the whole
 * track (processor_analyse) before they touch it, and every one tells what it did (processor_notes). */
#ifndef WOODSHED_EDITING_PROCESSORS_H
#define WOODSHED_EDITING_PROCESSORS_H

#include "audio/processor.h"

extern const struct processor_table editing_processors;

/* Takes out what no music has: everything below `frequency_hz`, DC first of all. First order, so that
 * nothing but DC and rumble changes its phase to speak of. */
struct dc_settings {
	double frequency_hz;
};

extern const struct processor_type dc_type;

enum align_polarity { ALIGN_POLARITY_AUTO, ALIGN_POLARITY_KEEP };

/* Moves a microphone onto another of the same source, by whole frames, and turns its polarity where that
 * makes them add up. The delay is where the generalised cross-correlation peaks: C. H. Knapp and G. C.
 * Carter, "The generalized correlation method for estimation of time delay", IEEE Trans. ASSP 24 (4), 1976,
 * with the phase transform weighted by coherence, from 80 Hz to 8 kHz. Nothing is moved unless the peak is
 * decisive and the sum of both gains by it. */
struct align_settings {
	char *to; /* the track to align with */
	double within_s;
	int polarity; /* enum align_polarity */
};

extern const struct processor_type align_type;

struct denoise_settings {
	double reduce_db; /* 1 or more */
};

/* Steady noise down by `reduce_db`; nothing where no stretch of silence shows what the noise is. */
extern const struct processor_type denoise_type;

struct declick_settings {
	double threshold; /* over the usual prediction error */
};

extern const struct processor_type declick_type;

struct declip_settings {
	double ceiling_db; /* NAN: found */
};

/* Runs of samples at the converter's ceiling, drawn anew and never below it; by autoregression. */
extern const struct processor_type declip_type;

enum hum_fundamental { HUM_AUTO, HUM_50, HUM_60 };

struct hum_settings {
	int fundamental; /* enum hum_fundamental */
	int harmonics;	 /* 1 to 40 */
};

extern const struct processor_type hum_type;

#endif
