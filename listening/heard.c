#include "listening/heard.h"

#include "audio/fastmath.h"

#include <math.h>
#include <stdlib.h>

static const double floor_db = -100, steps_a_db = 2;

void heard_finish(struct heard *heard)
{
	free(heard->onset);
	free(heard->low);
	free(heard->mid);
	free(heard->high);
	free(heard->power);
	free(heard->spectrum);
	*heard = (struct heard){0};
}

float heard_amplitude(uint8_t level)
{
	if (level == 0)
		return 0;
	return (float)fast_exp2((floor_db + level / steps_a_db) / FAST_DB_PER_OCTAVE);
}

uint8_t heard_level(float power)
{
	if (!(power > 1e-10F))
		return 0;
	double level = (fast_log2(power) * FAST_DB_PER_OCTAVE / 2 - floor_db) * steps_a_db;
	return (uint8_t)fmax(0, fmin(255, level + 0.5));
}
