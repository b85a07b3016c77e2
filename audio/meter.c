#include "audio/meter.h"

#include "audio/oversample.h"
#include "audio/r128.h"
#include "audio/wide.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SUMS = 8 };

struct meter {
	uint32_t channels;
	struct r128 *loudness;
	struct oversample *oversample[BLOCK_CHANNELS];
	uint64_t frames;
	double sample_peak[BLOCK_CHANNELS];
	double squares[BLOCK_CHANNELS][SUMS], products[SUMS]; /* sums over the whole */
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

WIDE static double largest_of(const double *samples, uint32_t count, double before)
{
	double most[8];
	for (uint32_t k = 0; k < 8; k++)
		most[k] = before;
	uint32_t i = 0;
	for (; i + 8 <= count; i += 8) {
		for (uint32_t k = 0; k < 8; k++) {
			double magnitude = fabs(samples[i + k]);
			most[k] = magnitude > most[k] ? magnitude : most[k];
		}
	}
	for (; i < count; i++)
		most[0] = fabs(samples[i]) > most[0] ? fabs(samples[i]) : most[0];
	for (uint32_t k = 1; k < 8; k++)
		most[0] = most[k] > most[0] ? most[k] : most[0];
	return most[0];
}

void meter_add_peaks(struct meter *meter, uint32_t channel, const double *samples, uint32_t frames)
{
	oversample_largest(meter->oversample[channel], samples, frames);
	meter->sample_peak[channel] = largest_of(samples, frames, meter->sample_peak[channel]);
}

struct r128 *meter_r128(struct meter *meter)
{
	return meter->loudness;
}

/* Eight sums, for one would wait for its own last addition; frame `at` goes into the one that is its own, so
 * that the sums are the same however the signal is cut. */
WIDE static void add_powers(
	double sums[static SUMS], uint64_t at, const double *a, const double *b, uint32_t count)
{
	uint32_t i = 0;
	for (; i < count && (at + i) % SUMS != 0; i++)
		sums[(at + i) % SUMS] += a[i] * b[i];
	for (; i + SUMS <= count; i += SUMS)
		for (uint32_t k = 0; k < SUMS; k++)
			sums[k] += a[i + k] * b[i + k];
	for (; i < count; i++)
		sums[(at + i) % SUMS] += a[i] * b[i];
}

static double sum_of(const double sums[static SUMS])
{
	double sum = 0;
	for (uint32_t k = 0; k < SUMS; k++)
		sum += sums[k];
	return sum;
}

int meter_add_power(struct meter *meter, const struct block *block)
{
	const uint64_t at = meter->frames;
	double *const *channel = block->channel;
	for (uint32_t c = 0; c < meter->channels; c++)
		add_powers(meter->squares[c], at, channel[c], channel[c], block->frames);
	if (meter->channels == 2)
		add_powers(meter->products, at, channel[0], channel[1], block->frames);
	meter->frames += block->frames;
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
	double left = sum_of(meter->squares[0]), right = sum_of(meter->squares[1]);
	if (meter->channels == 1 || (left == 0 && right == 0))
		return 1;
	double power = sqrt(left) * sqrt(right);
	return power > 0 ? fmax(-1, fmin(1, sum_of(meter->products) / power)) : 0;
}

void meter_read_loudness(const struct r128 *loudness, struct meter_reading *reading)
{
	struct r128_reading read;
	r128_read(loudness, &read);
	reading->integrated_lufs = read.integrated_lufs;
	reading->max_momentary_lufs = read.max_momentary_lufs;
	reading->max_short_term_lufs = read.max_short_term_lufs;
	reading->lra_lu = read.range_lu;
}

void meter_read(struct meter *meter, struct meter_reading *reading)
{
	*reading = (struct meter_reading){.frames = meter->frames};
	meter_read_loudness(meter->loudness, reading);
	reading->true_peak_dbtp = units_to_db(true_peak(meter));
	reading->sample_peak_dbfs = units_to_db(sample_peak(meter));
	reading->correlation = correlation(meter);
	double samples = (double)meter->frames * meter->channels;
	double power = samples > 0 ? (sum_of(meter->squares[0]) + sum_of(meter->squares[1])) / samples : 0;
	reading->rms_dbfs = units_to_db(sqrt(power));
}
