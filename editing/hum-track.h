/* Mains hum over time: where its fundamental is, to a thousandth of a hertz, and how strong each harmonic is
 * and with which phase. Heard in folds of the nominal period, so that everything but the mains' own
 * frequencies averages out; followed by medians, so that notes which pass over it do not move it. One thread.
 */
#ifndef WOODSHED_EDITING_HUM_TRACK_H
#define WOODSHED_EDITING_HUM_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HUM_HARMONICS_MOST = 40 };

struct hum_track;

/* `nominal_hz` is 50 or 60. */
struct hum_track *hum_track_create(uint32_t rate, double nominal_hz, unsigned harmonics);
void hum_track_destroy(struct hum_track *track); /* NULL is fine */

void hum_track_add(struct hum_track *track, const double *samples, size_t count);

/* Works out the hum of what was added, which can then be synthesised. */
void hum_track_conclude(struct hum_track *track);

/* How sure it is that there is any: the largest share of a harmonic that keeps its phase, 0 to 1. */
double hum_track_confidence(const struct hum_track *track);
double hum_track_hz(const struct hum_track *track);	     /* the mean fundamental */
double hum_track_rms(const struct hum_track *track);	     /* of all harmonics, mean over the track */
unsigned hum_track_harmonics(const struct hum_track *track); /* that are found */

/* Subtracts the hum from the next `count` samples; the first call begins where hum_track_add did. */
void hum_track_subtract(struct hum_track *track, double *samples, size_t count);
void hum_track_rewind(struct hum_track *track);

#endif
