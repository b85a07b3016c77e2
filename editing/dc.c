/* dc: takes out a converter's offset, and what lies below all music. */
#include "editing/processors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const struct key dc_keys[] = {
	{.name = "frequency",
		.type = KEY_NUMBER,
		.offset = offsetof(struct dc_settings, frequency_hz),
		.unit = UNIT_HZ,
		.least = 1,
		.most = 20,
		.fallback = "5 Hz",
		.help = "The corner of the first-order high-pass."},
};

static const struct record dc_record = {
	.name = "dc",
	.help = "Takes out a constant offset.",
	.size = sizeof(struct dc_settings),
	.keys = dc_keys,
	.key_count = KEY_COUNT(dc_keys),
};

struct dc {
	double pole;
	struct {
		double x, y;
	} last[BLOCK_CHANNELS];
	double offset[BLOCK_CHANNELS]; /* the sum of the samples that were analysed */
	uint64_t analysed;
	uint32_t channels;
};

static int dc_init(void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	const struct dc_settings *wanted = settings;
	struct dc *dc = state;
	(void)e;
	dc->pole = exp(-2 * M_PI * wanted->frequency_hz / format->rate);
	dc->channels = format->channels;
	return 0;
}

static void dc_analyse(void *state, const struct block *block, const struct block *key)
{
	struct dc *dc = state;
	(void)key;
	for (uint32_t c = 0; c < block->channels; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			dc->offset[c] += block->channel[c][i];
	dc->analysed += block->frames;
}

static double offset_of(const struct dc *dc, uint32_t channel)
{
	return dc->analysed ? dc->offset[channel] / (double)dc->analysed : 0;
}

/* The filter begins as if the offset had been there for ever: no step at the start. */
static void dc_reset(void *state)
{
	struct dc *dc = state;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++) {
		dc->last[c].x = offset_of(dc, c);
		dc->last[c].y = 0;
	}
}

static void dc_process(void *state, struct block *block)
{
	struct dc *dc = state;
	for (uint32_t c = 0; c < block->channels; c++) {
		double x1 = dc->last[c].x, y = dc->last[c].y;
		double *samples = block->channel[c];
		for (uint32_t i = 0; i < block->frames; i++) {
			y = samples[i] - x1 + dc->pole * y;
			x1 = samples[i];
			samples[i] = y;
		}
		/* Silence after sound must not decay into denormals. */
		dc->last[c].y = fabs(y) < 1e-30 ? 0 : y;
		dc->last[c].x = x1;
	}
}

static size_t dc_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	const struct dc *dc = state;
	double most = 0;
	for (uint32_t c = 0; c < dc->channels; c++)
		most = fmax(most, fabs(offset_of(dc, c)));
	notes[0] = (struct processor_note){.name = "offset_dbfs", .value = 20 * log10(fmax(most, 1e-10))};
	return 1;
}

const struct processor_type dc_type = {
	.settings = &dc_record,
	.state_size = sizeof(struct dc),
	.init = dc_init,
	.process = dc_process,
	.analyse = dc_analyse,
	.conclude = dc_reset,
	.notes = dc_notes,
	.reset = dc_reset,
};
