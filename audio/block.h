/* A block of audio on its way through the render: planar, 64-bit, full scale at ±1.0, mono or stereo. The
 * samples are the owner's; a processor works in place. */
#ifndef WOODSHED_AUDIO_BLOCK_H
#define WOODSHED_AUDIO_BLOCK_H

#include <stdint.h>

enum { BLOCK_CHANNELS = 2, BLOCK_FRAMES = 1024 }; /* the most of each that one block holds */

struct block {
	uint32_t channels; /* 1 or 2 */
	uint32_t frames;   /* 0 to BLOCK_FRAMES */
	double *channel[BLOCK_CHANNELS];
};

#endif
