/* highpass and lowpass: Butterworth. */
#include "mixer/cascade.h"
#include "mixer/processors.h"

#include <errno.h>
#include <math.h>

#define FREQUENCY(text) \
	{ \
		.name = "frequency", .type = KEY_NUMBER, \
		.offset = offsetof(struct pass_settings, frequency_hz), .unit = UNIT_HZ, .least = 10, \
		.most = 40000, .fallback = (text), .help = "The corner, where the response is 3 dB down." \
	}

#define SLOPE(text) \
	{ \
		.name = "slope", .type = KEY_NUMBER, .offset = offsetof(struct pass_settings, slope_db), \
		.unit = UNIT_SLOPE, .least = 6, .most = 48, .step = 6, .fallback = (text), \
		.help = "How steeply the response falls, in steps of 6 dB/oct." \
	}

static const struct key highpass_keys[] = {FREQUENCY("80 Hz"), SLOPE("12 dB/oct")};
static const struct key lowpass_keys[] = {FREQUENCY("18 kHz"), SLOPE("12 dB/oct")};

static const struct record highpass_record = {
	.name = "highpass",
	.help = "Takes away what lies below a frequency: rumble, stand noise, breath.",
	.size = sizeof(struct pass_settings),
	.keys = highpass_keys,
	.key_count = KEY_COUNT(highpass_keys),
};

static const struct record lowpass_record = {
	.name = "lowpass",
	.help = "Takes away what lies above a frequency: hiss, spill of cymbals.",
	.size = sizeof(struct pass_settings),
	.keys = lowpass_keys,
	.key_count = KEY_COUNT(lowpass_keys),
};

static int pass_init(struct cascade *cascade, enum filter_shape shape, const struct pass_settings *settings,
	const struct processor_format *format, struct error *e)
{
	double order = settings->slope_db / 6;
	if (!(settings->frequency_hz > 0 && settings->frequency_hz < format->rate / 2.0))
		return error_set(e, EINVAL, "frequency: %g Hz is not below half the rate of %u Hz",
			settings->frequency_hz, format->rate);
	if (!(order >= 1 && order <= 8) || order != floor(order))
		return error_set(e, EINVAL, "slope: %g dB/oct is not 6, 12, 18, 24, 30, 36, 42 or 48 dB/oct",
			settings->slope_db);
	cascade->count = filter_butterworth(
		shape, (unsigned)order, settings->frequency_hz, format->rate, cascade->sections);
	return 0;
}

static int highpass_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	return pass_init(state, FILTER_HIGHPASS, settings, format, e);
}

static int lowpass_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	return pass_init(state, FILTER_LOWPASS, settings, format, e);
}

const struct processor_type highpass_type = {
	.settings = &highpass_record,
	.state_size = sizeof(struct cascade),
	.init = highpass_init,
	.process = cascade_process,
	.process_together = cascade_process_together,
	.reset = cascade_reset,
};

const struct processor_type lowpass_type = {
	.settings = &lowpass_record,
	.state_size = sizeof(struct cascade),
	.init = lowpass_init,
	.process = cascade_process,
	.process_together = cascade_process_together,
	.reset = cascade_reset,
};
