#include "editing/processors.h"

static const struct processor_type *const types[] = {
	&align_type, &dc_type, &declick_type, &declip_type, &denoise_type, &hum_type};

const struct processor_table editing_processors = {.types = types, .count = sizeof(types) / sizeof(types[0])};
