/* width: middle and side (audio/midside.h) in a chain. */
#include "audio/midside.h"
#include "mixer/processors.h"

#include <math.h>

static const struct key keys[] = {
	{.name = "width",
		.type = KEY_NUMBER,
		.offset = offsetof(struct width_settings, width_percent),
		.unit = UNIT_PERCENT,
		.least = 0,
		.most = 200,
		.fallback = "100 %",
		.help = "The level of what differs between the sides: 0 % is mono, 100 % as it is."},
	{.name = "mono_below",
		.type = KEY_NUMBER,
		.offset = offsetof(struct width_settings, mono_below_hz),
		.unit = UNIT_HZ,
		.least = 20,
		.most = 1000,
		.fallback = "",
		.help = "Below it both sides are the same; left out, nowhere."},
};

static const struct record width_record = {
	.name = "width",
	.help = "Makes stereo narrower or wider, and its bass mono.",
	.size = sizeof(struct width_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

struct width {
	bool untouched;
	struct midside midside;
};

static int width_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct width *w = state;
	const struct width_settings *s = data;
	w->untouched = format->channels < 2 || (s->width_percent == 100 && isnan(s->mono_below_hz));
	return midside_init(&w->midside, s->width_percent / 100, s->mono_below_hz, format->rate, e);
}

static void width_process(void *state, struct block *block)
{
	struct width *w = state;
	if (!w->untouched)
		midside_run(&w->midside, block->channel[0], block->channel[1], block->frames);
}

static void width_reset(void *state)
{
	struct width *w = state;
	midside_reset(&w->midside);
}

const struct processor_type width_type = {
	.settings = &width_record,
	.state_size = sizeof(struct width),
	.init = width_init,
	.process = width_process,
	.reset = width_reset,
};
