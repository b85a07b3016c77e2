/* What pitches one voice may have at each moment: probabilistic YIN (M. Mauch, S. Dixon, "pYIN: A fundamental
 * frequency estimator using probabilistic threshold distributions", ICASSP 2014; A. de Cheveigné, H.
 * Kawahara, 2002). Pure; one thread. */
#ifndef WOODSHED_LISTENING_PITCH_H
#define WOODSHED_LISTENING_PITCH_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

enum { PITCH_CANDIDATES = 6 };

struct pitch_candidate {
	float note; /* MIDI, fractions too; A = 440 Hz is 69 */
	float probability;
};

struct pitch_frame {
	struct pitch_candidate candidates[PITCH_CANDIDATES]; /* unused ones at the end have probability 0 */
	float power;					     /* mean square */
};

struct pitch;

/* For a voice between 30 Hz and 2 kHz at `rate` (8 to 384 kHz). -EINVAL or -ENOMEM. */
int pitch_create(struct pitch **pitch, uint32_t rate, struct error *e) MUST_CHECK;
void pitch_destroy(struct pitch *pitch); /* NULL is fine */

/* The next samples, as many as there are. */
void pitch_add(struct pitch *pitch, const double *samples, size_t count);

/* What came of it, frame n being about n / pitch_rate s: owned by `pitch`, until more is added. */
const struct pitch_frame *pitch_frames(const struct pitch *pitch, size_t *count);
double pitch_rate(const struct pitch *pitch); /* frames a second */

#endif
