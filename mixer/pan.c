#include "mixer/pan.h"

#include <math.h>

/* The falling side of the constant-power law; exactly 0 at the far end. */
static double side(double pan)
{
	return pan >= 100 ? 0 : cos((pan / 100 + 1) * M_PI / 4);
}

void pan_gains(enum pan_law law, double pan, double gains[static BLOCK_CHANNELS])
{
	gains[0] = side(pan);
	gains[1] = side(-pan);
	if (law == PAN_COMPROMISE) {
		gains[0] = sqrt(gains[0] * (100 - pan) / 200);
		gains[1] = sqrt(gains[1] * (100 + pan) / 200);
	}
	if (law == PAN_UNITY_CENTRE && pan == 0)
		gains[0] = gains[1] = 1;
	if (law == PAN_BALANCE) {
		gains[0] = pan <= 0 ? 1 : M_SQRT2 * gains[0];
		gains[1] = pan >= 0 ? 1 : M_SQRT2 * gains[1];
	}
}
