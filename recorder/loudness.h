/* How loud a track is while it is recorded: its integrated loudness (ITU-R BS.1770-5 through libebur128), and
 * the energy of every 50 ms window for finding songs. One thread. */
#ifndef WOODSHED_RECORDER_LOUDNESS_H
#define WOODSHED_RECORDER_LOUDNESS_H

#include <stddef.h>
#include <stdint.h>

struct loudness;

/* NULL when out of memory; the other calls then do nothing. `channels` is 1 or 2. */
struct loudness *loudness_create(uint32_t channels, uint32_t rate);
void loudness_destroy(struct loudness *loudness); /* NULL is fine */

/* Planar samples, full scale ±1.0. */
void loudness_add(struct loudness *loudness, const float *const *channels, size_t frames);

double loudness_integrated_lufs(const struct loudness *loudness); /* -INFINITY: nothing above the gate */

/* K-weighted mean square of each whole window of SONGS_WINDOW_S so far; the caller frees `*energy`, which is
 * taken out of `loudness`. Returns how many. */
size_t loudness_take_windows(struct loudness *loudness, float **energy);

#endif
