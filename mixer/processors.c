#include "mixer/processors.h"

#include "mixer/mix.h"

static const struct processor_type *const types[] = {
	&highpass_type,
	&lowpass_type,
	&polarity_type,
	&eq_type,
	&gate_type,
	&compressor_type,
	&deesser_type,
	&transient_type,
	&saturation_type,
	&delay_type,
	&reverb_type,
	&chorus_type,
	&width_type,
	&lv2_type,
};

const struct processor_table mixer_processors = {types, sizeof(types) / sizeof(types[0])};
