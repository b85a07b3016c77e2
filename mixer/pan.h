/* How a place between left and right becomes two gains. */
#ifndef WOODSHED_MIXER_PAN_H
#define WOODSHED_MIXER_PAN_H

#include "audio/block.h"

enum pan_law {
	PAN_CONSTANT_POWER, /* mono: -3 dB to each side in the centre */
	PAN_COMPROMISE,	    /* mono: -4.5 dB, half-way (in dB) to where the sum of both sides is constant */
	PAN_UNITY_CENTRE,   /* mono of the preset "none": the same, but exactly 1.0 in the centre */
	PAN_BALANCE,	    /* stereo: the far side falls, the near one stays at 1.0 */
};

/* `pan` is -100 (left) to 100 (right). */
void pan_gains(enum pan_law law, double pan, double gains[static BLOCK_CHANNELS]);

#endif
