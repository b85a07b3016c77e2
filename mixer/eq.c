/* eq: parametric bands after one another. */
#include "mixer/cascade.h"
#include "mixer/processors.h"

#include <errno.h>

_Static_assert((int)EQ_BANDS <= (int)CASCADE_SECTIONS, "a section a band");

/* In the order of enum filter_shape. */
static const char *const shapes[] = {
	[FILTER_PEAK] = "peak",
	[FILTER_LOWSHELF] = "lowshelf",
	[FILTER_HIGHSHELF] = "highshelf",
	[FILTER_NOTCH] = "notch",
	[FILTER_LOWPASS] = "lowpass",
	[FILTER_HIGHPASS] = "highpass",
	[FILTER_BANDPASS] = "bandpass",
	[FILTER_TILT] = "tilt",
	NULL,
};

static const struct key band_keys[] = {
	{.name = "type",
		.type = KEY_CHOICE,
		.offset = offsetof(struct eq_band, type),
		.choices = shapes,
		.fallback = "peak",
		.help = "The shape of the band's response."},
	{.name = "frequency",
		.type = KEY_NUMBER,
		.offset = offsetof(struct eq_band, frequency_hz),
		.unit = UNIT_HZ,
		.least = 10,
		.most = 40000,
		.required = true,
		.help = "The centre of a peak, notch or bandpass, the middle of a shelf's slope, where "
			"a tilt turns, or the corner."},
	{.name = "gain",
		.type = KEY_NUMBER,
		.offset = offsetof(struct eq_band, gain_db),
		.unit = UNIT_DB,
		.least = -24,
		.most = 24,
		.fallback = "0 dB",
		.help = "How much a peak or shelf raises or lowers; a tilt raises the treble and "
			"lowers the bass by as much. The other shapes have none."},
	{.name = "q",
		.type = KEY_NUMBER,
		.offset = offsetof(struct eq_band, q),
		.unit = UNIT_NONE,
		.least = 0.1,
		.most = 20,
		.fallback = "0.7071",
		.help = "Frequency over bandwidth: the higher, the narrower; 0.7071 is a shelf without "
			"overshoot. A tilt has none."},
};

static const struct record band_record = {
	.name = "band",
	.help = "One band of an equaliser.",
	.size = sizeof(struct eq_band),
	.keys = band_keys,
	.key_count = KEY_COUNT(band_keys),
};

static const struct key eq_keys[] = {
	{.name = "bands",
		.type = KEY_RECORDS,
		.offset = offsetof(struct eq_settings, bands),
		.record = &band_record,
		.help = "Up to eight bands, one after another."},
};

static const struct record eq_record = {
	.name = "eq",
	.help = "Raises and lowers parts of the spectrum with the response of an analogue equaliser.",
	.size = sizeof(struct eq_settings),
	.keys = eq_keys,
	.key_count = KEY_COUNT(eq_keys),
};

static int eq_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct cascade *cascade = state;
	const struct eq_settings *settings = data;
	const struct eq_band *bands = settings->bands.items;
	if (settings->bands.count > EQ_BANDS)
		return error_set(e, EINVAL, "bands: %zu are too many; up to %d are allowed",
			settings->bands.count, EQ_BANDS);
	for (size_t i = 0; i < settings->bands.count; i++) {
		const struct eq_band *band = &bands[i];
		if (!(band->frequency_hz > 0 && band->frequency_hz < format->rate / 2.0))
			return error_set(e, EINVAL,
				"bands: frequency of band %zu: %g Hz is not below half the rate of %u Hz",
				i + 1, band->frequency_hz, format->rate);
		cascade->sections[i] = filter_design((enum filter_shape)band->type, band->frequency_hz,
			band->q, band->gain_db, format->rate);
	}
	cascade->count = settings->bands.count;
	return 0;
}

const struct processor_type eq_type = {
	.settings = &eq_record,
	.state_size = sizeof(struct cascade),
	.init = eq_init,
	.process = cascade_process,
	.process_together = cascade_process_together,
	.reset = cascade_reset,
};
