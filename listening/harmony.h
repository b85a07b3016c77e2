/* Which notes sound: the peaks of the spectra explained by notes with overtones (non-negative, by the
 * Kullback-Leibler updates of D. D. Lee, H. S. Seung, 2001; M. Mauch, S. Dixon, ISMIR 2010, have the idea of
 * approximate transcription for chords), and what they come to over any span of time. Pure. */
#ifndef WOODSHED_LISTENING_HARMONY_H
#define WOODSHED_LISTENING_HARMONY_H

#include "listening/together.h"

enum { CLASSES = 12 };

struct harmony {
	double rate; /* spectra a second */
	size_t spectra;
	float *notes; /* spectra × HEARD_NOTES: how strong each note is; the strongest of the song is about 1
		       */
	float *classes; /* spectra × CLASSES: the notes, octaves folded, strong ones held back; from C */
	float *lowest;	/* the same of the lowest note alone */
};

/* What sounds over a span: the mean of its spectra. */
struct chroma {
	float classes[CLASSES], lowest[CLASSES];
};

void harmony_make(struct harmony *harmony, const struct together *together);
void harmony_finish(struct harmony *harmony); /* a zeroed value is fine */

/* Between two moments in seconds. */
struct chroma harmony_between(const struct harmony *harmony, double from_s, double to_s);

/* 0 to 2: how much what sounds for `span_s` seconds after the moment differs from what sounded before it. */
double harmony_change(const struct harmony *harmony, double moment_s, double span_s);

#endif
