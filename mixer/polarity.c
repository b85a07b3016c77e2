/* polarity: one side or both, upside down. */
#include "mixer/processors.h"

#include <errno.h>

static const char *const sides[] = {
	[POLARITY_BOTH] = "both", [POLARITY_LEFT] = "left", [POLARITY_RIGHT] = "right", NULL};

static const struct key keys[] = {
	{.name = "side",
		.type = KEY_CHOICE,
		.offset = offsetof(struct polarity_settings, side),
		.choices = sides,
		.fallback = "both",
		.help = "What is turned upside down; one side only of a stereo track."},
};

static const struct record polarity_record = {
	.name = "polarity",
	.help = "Turns the wave upside down, as a microphone on the other side of a drum needs it.",
	.size = sizeof(struct polarity_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

struct polarity {
	bool inverted[BLOCK_CHANNELS];
};

static int polarity_init(
	void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct polarity *p = state;
	const struct polarity_settings *s = data;
	if (s->side != POLARITY_BOTH && format->channels == 1)
		return error_set(e, EINVAL, "side: a mono track has no %s side; both", sides[s->side]);
	p->inverted[0] = s->side != POLARITY_RIGHT;
	p->inverted[1] = s->side != POLARITY_LEFT;
	return 0;
}

static void polarity_process(void *state, struct block *block)
{
	const struct polarity *p = state;
	for (uint32_t c = 0; c < block->channels; c++)
		for (uint32_t i = 0; p->inverted[c] && i < block->frames; i++)
			block->channel[c][i] = -block->channel[c][i];
}

static void polarity_reset(void *state)
{
	(void)state;
}

const struct processor_type polarity_type = {
	.settings = &polarity_record,
	.state_size = sizeof(struct polarity),
	.init = polarity_init,
	.process = polarity_process,
	.reset = polarity_reset,
};
