/* width: middle and side (A. D. Blumlein, British patent 394325, 1931). The bass is brought to the middle by
 * a Linkwitz-Riley high-pass on the side; the middle goes through the all-pass that such a crossover's sum
 * is, so that both stay in phase at every frequency (audio/crossover.h). */
#include "audio/crossover.h"
#include "audio/finite.h"
#include "mixer/processors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

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

enum { CHUNK = 256, SIDE_SECTIONS = 2 };

struct width {
	double side_gain;
	bool mono_below, untouched;
	struct crossover_split split; /* its upper side and its all-pass are used */
	struct biquad_memory middle, side[SIDE_SECTIONS];
};

static int width_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct width *w = state;
	const struct width_settings *s = data;
	w->side_gain = s->width_percent / 100;
	w->mono_below = !isnan(s->mono_below_hz);
	w->untouched = format->channels < 2 || (w->side_gain == 1 && !w->mono_below);
	if (w->mono_below && !(s->mono_below_hz > 0 && s->mono_below_hz < format->rate / 4.0))
		return error_set(e, EINVAL, "mono_below: %g Hz is not below a quarter of the rate of %u Hz",
			s->mono_below_hz, format->rate);
	if (w->mono_below) {
		struct crossover crossover;
		crossover_init(&crossover, 2, &s->mono_below_hz, format->rate);
		w->split = crossover.splits[0];
	}
	return 0;
}

static void process_chunk(struct width *w, double *left, double *right, size_t count)
{
	double middle[CHUNK], side[CHUNK];
	for (size_t i = 0; i < count; i++) {
		double l = finite_sample(left[i]), r = finite_sample(right[i]);
		middle[i] = (l + r) / 2;
		side[i] = w->side_gain * ((l - r) / 2);
	}
	if (w->mono_below) {
		filter_run(&w->split.all, &w->middle, middle, count);
		filter_run_cascade(w->split.high, w->side, SIDE_SECTIONS, side, count);
	}
	for (size_t i = 0; i < count; i++) {
		left[i] = middle[i] + side[i];
		right[i] = middle[i] - side[i];
	}
}

static void width_process(void *state, struct block *block)
{
	struct width *w = state;
	for (size_t from = 0; from < block->frames && !w->untouched; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(
			w, block->channel[0] + from, block->channel[1] + from, left < CHUNK ? left : CHUNK);
	}
}

static void width_reset(void *state)
{
	struct width *w = state;
	memset(w->side, 0, sizeof(w->side));
	w->middle = (struct biquad_memory){0};
}

const struct processor_type width_type = {
	.settings = &width_record,
	.state_size = sizeof(struct width),
	.init = width_init,
	.process = width_process,
	.reset = width_reset,
};
