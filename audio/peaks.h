/* Waveforms to look at: the least and the greatest sample of every so many frames, as audiowaveform's JSON
 * format has them (version 2, 8 bit: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md). Any
 * one thread at a time. */
#ifndef WOODSHED_AUDIO_PEAKS_H
#define WOODSHED_AUDIO_PEAKS_H

#include "audio/block.h"

#include <stdint.h>

struct peaks;

/* For a programme of about `frames` frames of `channels` (1 or 2): of them follows how many frames a pixel
 * stands for, a power of two that makes at most PEAKS_PIXELS_MOST of them. More frames may come than were
 * said. */
enum { PEAKS_PIXELS_MOST = 8192, PEAKS_FRAMES_LEAST = 64 };
struct peaks *peaks_create(uint32_t rate, uint32_t channels, uint64_t frames);
void peaks_destroy(struct peaks *peaks); /* NULL is fine */

/* The next frames, in blocks of the channels that were said. What is past full scale is shown at full scale,
 * what is no number as silence. */
void peaks_add(struct peaks *peaks, const struct block *block);

/* The JSON text, the caller's to free. A last pixel of fewer frames counts. */
char *peaks_json(const struct peaks *peaks);

#endif
