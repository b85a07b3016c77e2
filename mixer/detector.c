#include "mixer/detector.h"

#include "audio/wide.h"

#include <errno.h>
#include <string.h>

static int add_filter(struct cascade *cascade, enum filter_shape shape, const char *name, double frequency_hz,
	uint32_t rate, struct error *e)
{
	if (frequency_hz == 0)
		return 0;
	if (!(frequency_hz > 0 && frequency_hz < rate / 2.0))
		return error_set(
			e, EINVAL, "%s: %g Hz is not below half the rate of %u Hz", name, frequency_hz, rate);
	struct biquad sections[4];
	size_t count = filter_butterworth(shape, 2, frequency_hz, rate, sections);
	memcpy(cascade->sections + cascade->count, sections, count * sizeof(*sections));
	cascade->count += count;
	return 0;
}

int detector_init(
	struct detector *detector, const struct detector_settings *settings, uint32_t rate, struct error *e)
{
	struct cascade *filter = &detector->filter;
	int result = add_filter(filter, FILTER_HIGHPASS, "key_highpass", settings->highpass_hz, rate, e);
	if (result < 0)
		return result;
	return add_filter(filter, FILTER_LOWPASS, "key_lowpass", settings->lowpass_hz, rate, e);
}

void detector_reset(struct detector *detector)
{
	cascade_reset(&detector->filter);
}

/* What is no number, or too large, is MOST_POWER. */
static inline double power_of(double sample)
{
	double power = sample * sample + FLOOR_POWER;
	return power < MOST_POWER ? power : MOST_POWER;
}

static inline void square(const double *samples, size_t count, double *powers)
{
	for (size_t i = 0; i < count; i++)
		powers[i] = power_of(samples[i]);
}

static inline void square_louder(const double *samples, size_t count, double *powers)
{
	for (size_t i = 0; i < count; i++) {
		double power = power_of(samples[i]);
		powers[i] = power > powers[i] ? power : powers[i];
	}
}

/* A count that the compiler knows is what it makes vectors of; so whole chunks go apart. */
WIDE static void measure(const double *samples, size_t count, bool louder, double powers[static CHUNK])
{
	if (count < CHUNK)
		(louder ? square_louder : square)(samples, count, powers);
	else if (louder)
		square_louder(samples, CHUNK, powers);
	else
		square(samples, CHUNK, powers);
}

void detector_run(struct detector *detector, const struct block *key, size_t from, size_t count,
	double powers[static CHUNK])
{
	struct cascade *filter = &detector->filter;
	for (uint32_t c = 0; c < key->channels; c++) {
		const double *samples = key->channel[c] + from;
		double filtered[CHUNK];
		if (filter->count > 0) {
			memcpy(filtered, samples, count * sizeof(*samples));
			filter_run_cascade(
				filter->sections, filter->memories[c], filter->count, filtered, count);
			samples = filtered;
		}
		measure(samples, count, c > 0, powers);
	}
}

static inline void multiply(const double *restrict gains, double *restrict samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		samples[i] *= gains[i];
}

WIDE static void multiply_channels(
	const double gains[static CHUNK], struct block *block, size_t from, size_t count)
{
	for (uint32_t c = 0; c < block->channels; c++) {
		double *samples = block->channel[c] + from;
		if (count == CHUNK)
			multiply(gains, samples, CHUNK);
		else
			multiply(gains, samples, count);
	}
}

void apply_gains(const double gains[static CHUNK], struct block *block, size_t from, size_t count)
{
	multiply_channels(gains, block, from, count);
}

double largest_of(const double values[static CHUNK], size_t count)
{
	double largest[4] = {0};
	size_t i = 0;
	for (; i + 4 <= count; i += 4)
		for (size_t k = 0; k < 4; k++)
			largest[k] = values[i + k] > largest[k] ? values[i + k] : largest[k];
	for (; i < count; i++)
		largest[0] = values[i] > largest[0] ? values[i] : largest[0];
	double one = largest[0] > largest[1] ? largest[0] : largest[1];
	double other = largest[2] > largest[3] ? largest[2] : largest[3];
	return one > other ? one : other;
}

int lookahead_init(struct delay delays[static BLOCK_CHANNELS], uint32_t channels, double time_s, double rate,
	struct error *e)
{
	for (uint32_t i = 0; i < channels; i++) {
		int result = delay_init(&delays[i], (uint32_t)lround(time_s * rate));
		if (result < 0) {
			lookahead_finish(delays);
			return error_errno(e, result, "lookahead: %g s", time_s);
		}
	}
	return 0;
}

void lookahead_run(struct delay delays[static BLOCK_CHANNELS], struct block *block, size_t from, size_t count)
{
	for (uint32_t i = 0; i < block->channels; i++)
		delay_run(&delays[i], block->channel[i] + from, count);
}

void lookahead_reset(struct delay delays[static BLOCK_CHANNELS])
{
	for (uint32_t i = 0; i < BLOCK_CHANNELS; i++)
		delay_reset(&delays[i]);
}

void lookahead_finish(struct delay delays[static BLOCK_CHANNELS])
{
	for (uint32_t i = 0; i < BLOCK_CHANNELS; i++)
		delay_finish(&delays[i]);
}
