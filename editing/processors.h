/* The processors of editing: what makes a performance clean before it is mixed. Most decide on the whole
 * track (processor_analyse) before they touch it, and every one tells what it did (processor_notes). */
#ifndef WOODSHED_EDITING_PROCESSORS_H
#define WOODSHED_EDITING_PROCESSORS_H

#include "audio/processor.h"

extern const struct processor_table editing_processors;

/* Takes out what no music has: everything below `frequency_hz`, DC first of all. First order, so that
 * nothing but DC and rumble changes its phase to speak of. */
struct dc_settings {
	double frequency_hz;
};

extern const struct processor_type dc_type;

#endif
