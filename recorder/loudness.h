/* How loud the tracks of one interface are while they are recorded, all of them at once: the K-weighted
 * energy of every 50 ms window (ITU-R BS.1770-5), for finding songs, and from those windows each track's
 * integrated loudness, which is exact, since BS.1770's blocks are eight windows long and begin every two. One
 * thread. */
#ifndef WOODSHED_RECORDER_LOUDNESS_H
#define WOODSHED_RECORDER_LOUDNESS_H

#include <stddef.h>
#include <stdint.h>

struct loudness;

/* channels[t]: how many channels track t has. */
struct loudness *loudness_create(const uint32_t *channels, size_t tracks, uint32_t rate);
void loudness_destroy(struct loudness *loudness); /* NULL is fine */

/* Planar samples, full scale ±1.0; the first track's channels, then the second's, and so on. */
void loudness_add(struct loudness *loudness, const float *const *planes, size_t frames);

/* K-weighted mean square, summed over its channels, of each whole window of SONGS_WINDOW_S that track `track`
 * has had so far; the caller frees `*energy`, which is taken out of `loudness`. Returns how many. */
size_t loudness_take_windows(struct loudness *loudness, size_t track, float **energy);

/* Of such windows; -INFINITY: nothing above the gate. */
double loudness_integrated_lufs(const float *energy, size_t windows);

#endif
