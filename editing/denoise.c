/* denoise: takes down steady noise, by a profile that it learns where nobody plays.
 *
 * Y. Ephraim and D. Malah, "Speech enhancement using a minimum mean-square error short-time spectral
 * amplitude estimator", IEEE Trans. ASSP 32 (6), 1984: the decision-directed estimate of each bin's signal to
 * noise, which keeps residual noise from turning musical; here with the Wiener gain and a floor. */
#include "audio/delay.h"
#include "audio/overlap.h"
#include "common/memory.h"
#include "common/units.h"
#include "editing/processors.h"
#include "editing/silence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How much of the last window's answer stays (Ephraim and Malah's alpha). */
#define SMOOTHING 0.98F

/* The signal has to stand out from the profile by so much before a bin is believed to be more than noise. */
#define OVER_ESTIMATE 1.5F

static const struct key denoise_keys[] = {
	{.name = "reduce",
		.type = KEY_NUMBER,
		.offset = offsetof(struct denoise_settings, reduce_db),
		.unit = UNIT_DB,
		.least = 1,
		.most = 24,
		.fallback = "9 dB",
		.help = "How far noise is taken down; more than 12 dB is heard."},
};

static const struct record denoise_record = {
	.name = "denoise",
	.help = "Takes down steady noise, which it learns where nobody plays.",
	.size = sizeof(struct denoise_settings),
	.keys = denoise_keys,
	.key_count = KEY_COUNT(denoise_keys),
};

struct denoise_channel {
	struct denoise *owner;
	struct overlap *overlap;
	struct delay delay; /* as long, for what is left as it is */
	struct silence silence;
	float *noise;  /* power of each bin that is noise */
	float *before; /* a priori signal to noise of the last window, as it was let through */
};

struct denoise {
	struct denoise_channel channels[BLOCK_CHANNELS];
	uint32_t count;
	size_t bins;
	float floor; /* gain */
	bool analysing, applied;
};

/* The Wiener gain of each bin. */
static void reduce(struct denoise_channel *channel, struct spectrum_bin *bins, size_t count)
{
	float floor = channel->owner->floor;
	for (size_t k = 0; k < count; k++) {
		float noise = channel->noise[k];
		if (noise <= 0)
			continue;
		float posterior = spectrum_power(bins[k]) / (OVER_ESTIMATE * noise);
		float prior = SMOOTHING * channel->before[k] + (1 - SMOOTHING) * fmaxf(posterior - 1, 0);
		float gain = fmaxf(prior / (1 + prior), floor);
		channel->before[k] = gain * gain * posterior;
		bins[k].re *= gain;
		bins[k].im *= gain;
	}
}

static void on_window(void *data, struct spectrum_bin *bins, size_t count)
{
	struct denoise_channel *channel = data;
	if (channel->owner->analysing)
		silence_add(&channel->silence, bins);
	else
		reduce(channel, bins, count);
}

static void denoise_finish(void *state)
{
	struct denoise *denoise = state;
	for (uint32_t c = 0; c < denoise->count; c++) {
		struct denoise_channel *channel = &denoise->channels[c];
		overlap_destroy(channel->overlap);
		delay_finish(&channel->delay);
		silence_finish(&channel->silence);
		free(channel->noise);
		free(channel->before);
	}
}

/* Some 40 ms: shorter smears less before an attack, longer tells noise from notes better. */
static size_t window_size(uint32_t rate)
{
	size_t size = 2048;
	while (size < rate / 24)
		size *= 2;
	return size;
}

static int channel_init(struct denoise_channel *channel, struct denoise *owner, size_t size, struct error *e)
{
	channel->owner = owner;
	int result = overlap_create(&channel->overlap, size, on_window, channel, e);
	if (result < 0)
		return result;
	silence_init(&channel->silence, owner->bins);
	channel->noise = memory_array(owner->bins, sizeof(float));
	channel->before = memory_array(owner->bins, sizeof(float));
	result = delay_init(&channel->delay, (uint32_t)size);
	return result < 0 ? error_errno(e, result, "delay") : 0;
}

static int denoise_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	const struct denoise_settings *wanted = settings;
	struct denoise *denoise = state;
	size_t size = window_size(format->rate);
	denoise->floor = (float)units_from_db(-wanted->reduce_db);
	denoise->bins = size / 2 + 1;
	for (uint32_t c = 0; c < format->channels; c++) {
		int result = channel_init(&denoise->channels[denoise->count++], denoise, size, e);
		if (result < 0) {
			denoise_finish(denoise);
			return result;
		}
	}
	return 0;
}

static void denoise_analyse(void *state, const struct block *block, const struct block *key)
{
	struct denoise *denoise = state;
	(void)key;
	denoise->analysing = true;
	for (uint32_t c = 0; c < block->channels; c++)
		overlap_look(denoise->channels[c].overlap, block->channel[c], block->frames);
}

static void denoise_reset(void *state)
{
	struct denoise *denoise = state;
	for (uint32_t c = 0; c < denoise->count; c++) {
		overlap_reset(denoise->channels[c].overlap);
		delay_reset(&denoise->channels[c].delay);
		memset(denoise->channels[c].before, 0, denoise->bins * sizeof(float));
	}
}

static void denoise_conclude(void *state)
{
	struct denoise *denoise = state;
	denoise->applied = true;
	for (uint32_t c = 0; c < denoise->count; c++)
		denoise->applied =
			silence_profile(&denoise->channels[c].silence, denoise->channels[c].noise) &&
			denoise->applied;
	denoise->analysing = false;
	denoise_reset(denoise);
}

static void denoise_process(void *state, struct block *block)
{
	struct denoise *denoise = state;
	for (uint32_t c = 0; c < block->channels; c++) {
		struct denoise_channel *channel = &denoise->channels[c];
		if (denoise->applied)
			overlap_run(channel->overlap, block->channel[c], block->frames);
		else
			delay_run(&channel->delay, block->channel[c], block->frames);
	}
}

static size_t denoise_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	const struct denoise *denoise = state;
	double loudest = -INFINITY, size = 2.0 * (double)(denoise->bins - 1);
	for (uint32_t c = 0; c < denoise->count; c++)
		loudest = fmax(loudest, silence_level_db(&denoise->channels[c].silence, size));
	notes[0] = (struct processor_note){"applied", denoise->applied};
	notes[1] = (struct processor_note){"reduce_db", -units_to_db(denoise->floor)};
	notes[2] = (struct processor_note){"noise_dbfs", fmax(loudest, -200)};
	return 3;
}

static uint32_t denoise_latency(const void *state)
{
	return overlap_latency(((const struct denoise *)state)->channels[0].overlap);
}

const struct processor_type denoise_type = {
	.settings = &denoise_record,
	.state_size = sizeof(struct denoise),
	.init = denoise_init,
	.process = denoise_process,
	.analyse = denoise_analyse,
	.conclude = denoise_conclude,
	.notes = denoise_notes,
	.latency = denoise_latency,
	.reset = denoise_reset,
	.finish = denoise_finish,
};
