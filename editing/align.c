/* align: microphones of one source, brought into step. */
#include "audio/delay.h"
#include "editing/correlation.h"
#include "editing/processors.h"

#include <errno.h>
#include <math.h>

/* What a peak needs to be believed. Microphones of one source
 * stand well above, tracks that only share bleed or beats below (tests/unit/test-align.c). */
#define DECISIVE 1.5
#define COHERENT 0.5
#define GAIN_LEAST_DB 0.6

static const char *const polarities[] = {"auto", "keep", NULL};

static const struct key align_keys[] = {
	{.name = "to",
		.type = KEY_TEXT,
		.offset = offsetof(struct align_settings, to),
		.most = 64,
		.required = true,
		.track = true,
		.help = "The track to bring this one into step with: another microphone of the same source."},
	{.name = "within",
		.type = KEY_NUMBER,
		.offset = offsetof(struct align_settings, within_s),
		.unit = UNIT_SECONDS,
		.least = 0.001,
		.most = 0.05,
		.fallback = "20 ms",
		.help = "How far it may be moved, either way."},
	{.name = "polarity",
		.type = KEY_CHOICE,
		.offset = offsetof(struct align_settings, polarity),
		.choices = polarities,
		.help = "Whether the polarity may be turned."},
};

static const struct record align_record = {
	.name = "align",
	.help = "Moves a microphone onto another of the same source, so that they add up.",
	.size = sizeof(struct align_settings),
	.keys = align_keys,
	.key_count = KEY_COUNT(align_keys),
};

struct align {
	struct correlation *correlation;
	struct correlation_peak peak;
	bool keeps_polarity, applied;
	uint32_t rate, within, channels;
	double sign;
	struct delay delays[BLOCK_CHANNELS];
};

static void release(struct align *align)
{
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		delay_finish(&align->delays[c]);
	correlation_destroy(align->correlation);
}

/* The latency is `within`: that much earlier a track can be moved. */
static int set_delays(struct align *align)
{
	int32_t moved = align->applied ? align->peak.delay : 0;
	for (uint32_t c = 0; c < align->channels; c++) {
		delay_finish(&align->delays[c]);
		int result = delay_init(&align->delays[c], (uint32_t)((int32_t)align->within - moved));
		if (result < 0)
			return result;
	}
	return 0;
}

static int align_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	const struct align_settings *wanted = settings;
	struct align *align = state;
	align->rate = format->rate;
	align->within = (uint32_t)llround(wanted->within_s * format->rate);
	align->channels = format->channels;
	align->keeps_polarity = wanted->polarity == ALIGN_POLARITY_KEEP;
	align->sign = 1;
	int result = correlation_create(&align->correlation, format->rate, align->within, e);
	if (result < 0)
		return result;
	result = set_delays(align);
	if (result < 0) {
		release(align);
		return error_errno(e, result, "delay");
	}
	return 0;
}

static const char *align_key_track(const void *settings)
{
	return ((const struct align_settings *)settings)->to;
}

/* A stereo track is heard as its sum. */
static const double *mono_of(const struct block *block, double room[static BLOCK_FRAMES])
{
	if (block->channels == 1)
		return block->channel[0];
	for (uint32_t i = 0; i < block->frames; i++)
		room[i] = 0.5 * (block->channel[0][i] + block->channel[1][i]);
	return room;
}

static void align_analyse(void *state, const struct block *block, const struct block *key)
{
	struct align *align = state;
	double own[BLOCK_FRAMES], other[BLOCK_FRAMES];
	if (key)
		correlation_add(align->correlation, mono_of(key, other), mono_of(block, own), block->frames);
}

static void align_conclude(void *state)
{
	struct align *align = state;
	struct correlation_peak *peak = &align->peak;
	correlation_find(align->correlation, align->keeps_polarity, peak);
	align->applied = peak->decisiveness >= DECISIVE && peak->coherence >= COHERENT &&
			 peak->sum_gain_db >= GAIN_LEAST_DB;
	align->sign = align->applied && peak->turned ? -1 : 1;
	/* Only ever shorter or up to twice as long; without memory the track stays where it is. */
	if (set_delays(align) < 0)
		align->applied = false;
}

static void align_process(void *state, struct block *block)
{
	struct align *align = state;
	for (uint32_t c = 0; c < block->channels; c++) {
		delay_run(&align->delays[c], block->channel[c], block->frames);
		for (uint32_t i = 0; align->sign < 0 && i < block->frames; i++)
			block->channel[c][i] = -block->channel[c][i];
	}
}

static size_t align_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	const struct align *align = state;
	const struct correlation_peak *peak = &align->peak;
	notes[0] = (struct processor_note){"applied", align->applied};
	notes[1] = (struct processor_note){"delay_ms", 1000.0 * peak->delay / align->rate};
	notes[2] = (struct processor_note){"turned", peak->turned};
	notes[3] = (struct processor_note){"decisiveness", peak->decisiveness};
	notes[4] = (struct processor_note){"coherence", peak->coherence};
	notes[5] = (struct processor_note){"sum_gain_db", peak->sum_gain_db};
	return 6;
}

static uint32_t align_latency(const void *state)
{
	return ((const struct align *)state)->within;
}

static void align_reset(void *state)
{
	struct align *align = state;
	for (uint32_t c = 0; c < align->channels; c++)
		delay_reset(&align->delays[c]);
}

static void align_finish(void *state)
{
	release(state);
}

const struct processor_type align_type = {
	.settings = &align_record,
	.state_size = sizeof(struct align),
	.init = align_init,
	.process = align_process,
	.key_track = align_key_track,
	.analyse = align_analyse,
	.conclude = align_conclude,
	.notes = align_notes,
	.latency = align_latency,
	.reset = align_reset,
	.finish = align_finish,
};
