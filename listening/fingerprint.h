/* Which song is it? What sounds in it, half a second at a time, small enough to keep beside a take; and how
 * much of two songs is the same, however fast and in whatever key: the longest way along which both recur (J.
 * Serrà, X. Serra, R. G. Andrzejak, "Cross recurrence quantification for cover song identification", New J.
 * Phys. 11, 2009: Qmax). Pure. */
#ifndef WOODSHED_LISTENING_FINGERPRINT_H
#define WOODSHED_LISTENING_FINGERPRINT_H

#include "listening/harmony.h"

#define FINGERPRINT_STEP_S 0.5

enum { FINGERPRINT_MOST = 4096 }; /* steps: 34 minutes; what comes later is left out */

struct fingerprint {
	size_t steps;
	uint8_t *classes; /* steps × CLASSES, 0 to 15 */
};

/* Between two moments in seconds. */
void fingerprint_make(struct fingerprint *print, const struct harmony *harmony, double from_s, double to_s);
void fingerprint_finish(struct fingerprint *print); /* a zeroed value is fine */

/* As text, a hexadecimal digit a class: the caller's to free. And back: 0, or -EINVAL for what is none. */
char *fingerprint_text(const struct fingerprint *print);
int fingerprint_parse(struct fingerprint *print, const char *text);

struct fingerprint_match {
	double likeness; /* the way's length, by the shorter one's: up to 0.6 for two songs, nearly 1 for one
			  */
	int semitones;	 /* that `a` is above `b` */
};

struct fingerprint_match fingerprint_compare(const struct fingerprint *a, const struct fingerprint *b);

/* What a likeness says: 0 to 1, at least 0.5 where it is rather the same song than another one. */
double fingerprint_confidence(double likeness);

#endif
