#include "audio/meter.h"

#include "audio/oversample.h"
#include "audio/r128.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

struct meter {
	uint32_t channels;
	struct r128 *loudness;
	struct oversample *oversample[BLOCK_CHANNELS];
	uint64_t frames;
	double sample_peak[BLOCK_CHANNELS];
	double squares[BLOCK_CHANNELS], products; /* sums over the whole */
};

int meter_create(struct meter **meter, uint32_t rate, uint32_t channels, struct error *e)
{
	if (channels < 1 || channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "a meter measures 1 or 2 channels, not %u", channels);
	if (rate < 8000 || rate > 384000)
		return error_set(e, EINVAL, "a meter works at 8 to 384 kHz, not at %u Hz", rate);
	struct meter *made = calloc(1, sizeof(*made));
	if (!made)
		return error_errno(e, ENOMEM, "meter");
	made->channels = channels;
	made->loudness = r128_create(rate, channels);
	bool whole = made->loudness != NULL;
	for (uint32_t c = 0; c < channels; c++) {
		made->oversample[c] = oversample_create();
		whole = whole && made->oversample[c];
	}
	if (!whole) {
		meter_destroy(made);
		return error_errno(e, ENOMEM, "meter");
	}
	*meter = made;
	return 0;
}

void meter_destroy(struct meter *meter)
{
	if (!meter)
		return;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		oversample_destroy(meter->oversample[c]);
	r128_destroy(meter->loudness);
	free(meter);
}

void meter_add_peaks(struct meter *meter, uint32_t channel, const double *samples, uint32_t frames)
{
	double peak = meter->sample_peak[channel];
	oversample_largest(meter->oversample[channel], samples, frames);
	for (uint32_t i = 0; i < frames; i++) {
		double magnitude = fabs(samples[i]);
		peak = magnitude > peak ? magnitude : peak;
	}
	meter->sample_peak[channel] = peak;
}

struct r128 *meter_r128(struct meter *meter)
{
	return meter->loudness;
}

int meter_add_power(struct meter *meter, const struct block *block)
{
	meter->frames += block->frames;
	for (uint32_t c = 0; c < meter->channels; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			meter->squares[c] += block->channel[c][i] * block->channel[c][i];
	if (meter->channels == 2)
		for (uint32_t i = 0; i < block->frames; i++)
			meter->products += block->channel[0][i] * block->channel[1][i];
	return r128_add(meter->loudness, block);
}

int meter_add(struct meter *meter, const struct block *block)
{
	for (uint32_t c = 0; c < meter->channels; c++)
		meter_add_peaks(meter, c, block->channel[c], block->frames);
	return meter_add_power(meter, block);
}

static double sample_peak(const struct meter *meter)
{
	return fmax(meter->sample_peak[0], meter->sample_peak[1]);
}

static double true_peak(const struct meter *meter)
{
	double peak = sample_peak(meter);
	for (uint32_t c = 0; c < meter->channels; c++)
		peak = fmax(peak, oversample_largest_to_end(meter->oversample[c]));
	return peak;
}

static double correlation(const struct meter *meter)
{
	if (meter->channels == 1 || (meter->squares[0] == 0 && meter->squares[1] == 0))
		return 1;
	double power = sqrt(meter->squares[0]) * sqrt(meter->squares[1]);
	return power > 0 ? fmax(-1, fmin(1, meter->products / power)) : 0;
}

void meter_read(struct meter *meter, struct meter_reading *reading)
{
	*reading = (struct meter_reading){.frames = meter->frames};
	struct r128_reading loudness;
	r128_read(meter->loudness, &loudness);
	reading->integrated_lufs = loudness.integrated_lufs;
	reading->max_momentary_lufs = loudness.max_momentary_lufs;
	reading->max_short_term_lufs = loudness.max_short_term_lufs;
	reading->lra_lu = loudness.range_lu;
	reading->true_peak_dbtp = units_to_db(true_peak(meter));
	reading->sample_peak_dbfs = units_to_db(sample_peak(meter));
	reading->correlation = correlation(meter);
	double samples = (double)meter->frames * meter->channels;
	double power = samples > 0 ? (meter->squares[0] + meter->squares[1]) / samples : 0;
	reading->rms_dbfs = units_to_db(sqrt(power));
}
