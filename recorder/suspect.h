/* Losses that no clock reports, found in the sound itself, as some USB controllers make them: a few exact
 * zeros on every channel in the middle of the sound ("zeros"), or samples that are missing with nothing in
 * their place ("jump"). Both are suspicions: nothing is inserted for them. Told of are
 *
 * - zeros: 6 frames (a USB micro-frame at 48 kHz) to 65536 in which every channel is exactly zero, where the
 *   channels that carry a signal hardly have a zero before and after, and do not fade out or in.
 * - jump: at one frame a step, and nothing but a step, higher than 1.5 times the largest bend (second
 *   difference) of the waveform in 2048 frames before and 1024 after, with much the same level on either
 *   side: on two channels or more, and on more of them than go on smoothly at a slope that could not hide
 *   it; on one channel only 8 times as high.
 *
 * What keeps coming is the sound's own, such as the edges of a square wave: of several jumps within 2048
 * frames only one that is higher than the others is told, and never two within 1024. A ramp that wraps steps
 * like a loss: on one channel of many the others speak against it; a channel alone is believed. No more than
 * SUSPECT_BURST losses within SUSPECT_BURST_FRAMES are told, the others are only counted.
 *
 * One interface; planar blocks of any size; pure; memory of about 1 KiB a channel, for the sound is looked at
 * where it lies. A loss is told of at the latest when SUSPECT_DELAY frames have come after its end. */
#ifndef WOODSHED_RECORDER_SUSPECT_H
#define WOODSHED_RECORDER_SUSPECT_H

#include "takes/manifest.h"

#include <stdint.h>

enum { SUSPECT_DELAY = 2048, SUSPECT_PAST = 4096, SUSPECT_BURST = 10, SUSPECT_BURST_FRAMES = 48000 };

struct suspect;

/* Where the sound lies: channel c's sample at position p is channels[c][p % frames]. The caller's, and stays;
 * of what was fed, the last SUSPECT_PAST frames are looked at again. */
struct suspect_ring {
	const float *const *channels;
	uint64_t frames;
};

/* `on_loss` is called within suspect_feed; its frame counts as suspect_feed's does. */
struct suspect *suspect_create(const struct suspect_ring *ring, uint32_t channels,
	void (*on_loss)(void *data, const struct take_suspect *loss), void *data);
void suspect_destroy(struct suspect *suspect); /* NULL is fine */

/* `frames` samples of every channel from `position` on; the first of them is frame `frame`. A frame or a
 * position that does not follow the last one (a gap that the clock did report) begins anew: the join is no
 * loss, and nothing is told until there is a past again to judge by. */
void suspect_feed(struct suspect *suspect, uint64_t position, uint64_t frame, uint32_t frames);

/* Losses found so far, told or not. */
uint64_t suspect_count(const struct suspect *suspect);

#endif
