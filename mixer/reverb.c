/* reverb: pre-delay → two all-passes → early reflections
 *                                   → two more → delay network (mixer/network.h), and the sum of both. */
#include "audio/finite.h"
#include "common/units.h"
#include "mixer/network.h"
#include "mixer/processors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define KEY(member) .type = KEY_NUMBER, .offset = offsetof(struct reverb_settings, member)
#define PERCENT(member, low, high, text) \
	KEY(member), .unit = UNIT_PERCENT, .least = (low), .most = (high), .fallback = (text)

static const char *const kinds[] = {
	[REVERB_ROOM] = "room", [REVERB_PLATE] = "plate", [REVERB_HALL] = "hall", NULL};

static const struct key keys[] = {
	{.name = "kind",
		.type = KEY_CHOICE,
		.offset = offsetof(struct reverb_settings, kind),
		.choices = kinds,
		.fallback = "plate",
		.help = "room: walls nearby; plate: dense at once, no walls; hall: walls far away, slower to "
			"build."},
	{.name = "size",
		PERCENT(size_percent, 50, 200, "100 %"),
		.help = "How far the walls are, against what is usual for the kind."},
	{.name = "decay",
		KEY(decay_s),
		.unit = UNIT_SECONDS,
		.least = 0.1,
		.most = 30,
		.fallback = "1.5 s",
		.help = "The time in which it falls by 60 dB, between the two crossovers."},
	{.name = "low_decay",
		PERCENT(low_decay_percent, 20, 300, "110 %"),
		.help = "The decay below the low crossover, against the one in the middle."},
	{.name = "high_decay",
		PERCENT(high_decay_percent, 10, 200, "50 %"),
		.help = "The decay above the high crossover, against the one in the middle."},
	{.name = "low_crossover",
		KEY(low_hz),
		.unit = UNIT_HZ,
		.least = 50,
		.most = 1000,
		.fallback = "250 Hz",
		.help = "Where the low decay passes into the middle one."},
	{.name = "high_crossover",
		KEY(high_hz),
		.unit = UNIT_HZ,
		.least = 1000,
		.most = 16000,
		.fallback = "4 kHz",
		.help = "Where the middle decay passes into the high one."},
	{.name = "predelay",
		KEY(predelay_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.5,
		.fallback = "10 ms",
		.help = "How much later than the sound it begins: more of it sets the sound closer."},
	{.name = "early",
		KEY(early_db),
		.unit = UNIT_DB,
		.least = -60,
		.most = 12,
		.fallback = "-6 dB",
		.help = "The level of the first reflections of a room or hall; a plate has none."},
	{.name = "modulation",
		PERCENT(modulation_percent, 0, 100, "50 %"),
		.help = "How much its lines move: more is smoother, much is heard as a chorus."},
	{.name = "width",
		PERCENT(width_percent, 0, 100, "100 %"),
		.help = "From the middle alone to all of the width, in stereo."},
	{.name = "mix",
		PERCENT(mix_percent, 0, 100, "100 %"),
		.help = "The share of the reverberation; the rest is the sound as it came."},
};

static const struct record reverb_record = {
	.name = "reverb",
	.help = "A room, a plate or a hall around the sound.",
	.size = sizeof(struct reverb_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

enum { CHUNK = NETWORK_CHUNK, DIFFUSERS = 4, DIFFUSERS_BEFORE_EARLY = 2, REFLECTIONS = 10 };

struct kind {
	double shortest_s, longest_s; /* of the network's lines */
	double diffuse_s[DIFFUSERS];
	double early_s; /* after which the reflections are over; 0: there are none */
};

static const struct kind kind_of[] = {
	[REVERB_ROOM] = {0.0083, 0.0490, {0.0021, 0.0034, 0.0053, 0.0079}, 0.031},
	[REVERB_PLATE] = {0.0059, 0.0530, {0.0031, 0.0049, 0.0079, 0.0121}, 0},
	[REVERB_HALL] = {0.0213, 0.1130, {0.0037, 0.0053, 0.0079, 0.0109}, 0.074},
};

/* Where the reflections lie between none and the last, and how loud they are: irregular, ever softer, as many
 * up as down. Every second comes from the other side. */
static const struct {
	double at[BLOCK_CHANNELS], gain;
} reflections[REFLECTIONS] = {
	{{0.11, 0.13}, 1},
	{{0.19, 0.23}, -0.86},
	{{0.31, 0.28}, 0.78},
	{{0.37, 0.41}, 0.71},
	{{0.48, 0.46}, -0.62},
	{{0.57, 0.61}, -0.55},
	{{0.66, 0.69}, 0.5},
	{{0.79, 0.76}, -0.44},
	{{0.88, 0.91}, -0.38},
	{{1.00, 0.97}, 0.34},
};

struct diffuser {
	struct line line;
	size_t frames;
};

struct side {
	struct line before, early;
	struct biquad_memory block_dc;
	struct diffuser diffusers[DIFFUSERS];
	size_t reflection_frames[REFLECTIONS];
};

struct reverb {
	uint32_t channels;
	size_t predelay;
	double early, wet, dry, width; /* gains; early 0: no reflections */
	struct biquad highpass;
	struct side side[BLOCK_CHANNELS];
	struct network network;
};

static const double diffusion = 0.67;
static const double moving_most_s = 0.0005;

/* What is still below would only go round and round. */
static const double highpass_hz = 12;

static size_t frames_of(double seconds, uint32_t rate)
{
	return (size_t)lround(seconds * rate);
}

/* The right side's all-passes are a little longer, so that the same sound on both does not stay the same. */
static int side_init(
	struct side *side, const struct kind *kind, double size, size_t predelay, uint32_t rate, int c)
{
	int result = line_init(&side->before, predelay + CHUNK);
	if (result == 0)
		result = line_init(&side->early, frames_of(kind->early_s * size, rate) + CHUNK);
	for (int i = 0; i < DIFFUSERS && result == 0; i++) {
		struct diffuser *diffuser = &side->diffusers[i];
		diffuser->frames = frames_of(kind->diffuse_s[i] * size * (c ? 1.07 : 1), rate);
		if (diffuser->frames < CHUNK)
			diffuser->frames = CHUNK;
		result = line_init(&diffuser->line, diffuser->frames);
	}
	for (int i = 0; i < REFLECTIONS; i++)
		side->reflection_frames[i] = frames_of(kind->early_s * size * reflections[i].at[c], rate);
	return result;
}

static double early_gain(const struct kind *kind, double early_db)
{
	double power = 0;
	for (int i = 0; i < REFLECTIONS; i++)
		power += reflections[i].gain * reflections[i].gain;
	return kind->early_s > 0 ? units_from_db(early_db) / sqrt(power) : 0;
}

static int late_init(struct network *network, const struct kind *kind, const struct reverb_settings *s,
	const struct processor_format *format)
{
	const double size = s->size_percent / 100;
	struct network_design design = {
		.rate = format->rate,
		.channels = format->channels,
		.shortest_s = kind->shortest_s * size,
		.longest_s = kind->longest_s * size,
		.decay_s = s->decay_s,
		.low_ratio = s->low_decay_percent / 100,
		.high_ratio = s->high_decay_percent / 100,
		.low_hz = s->low_hz,
		.high_hz = s->high_hz,
		.moving_s = moving_most_s * s->modulation_percent / 100,
	};
	return network_init(network, &design);
}

static void reverb_finish(void *state)
{
	struct reverb *r = state;
	network_finish(&r->network);
	for (int c = 0; c < BLOCK_CHANNELS; c++) {
		line_finish(&r->side[c].before);
		line_finish(&r->side[c].early);
		for (int i = 0; i < DIFFUSERS; i++)
			line_finish(&r->side[c].diffusers[i].line);
	}
}

static int reverb_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct reverb *r = state;
	const struct reverb_settings *s = data;
	const struct kind *kind = &kind_of[s->kind];
	r->channels = format->channels;
	r->predelay = frames_of(s->predelay_s, format->rate);
	r->early = early_gain(kind, s->early_db);
	r->wet = s->mix_percent / 100;
	r->dry = 1 - r->wet;
	r->width = s->width_percent / 100;
	struct biquad sections[4];
	filter_butterworth(FILTER_HIGHPASS, 1, highpass_hz, format->rate, sections);
	r->highpass = sections[0];
	int result = late_init(&r->network, kind, s, format);
	for (uint32_t c = 0; c < r->channels && result == 0; c++)
		result = side_init(
			&r->side[c], kind, s->size_percent / 100, r->predelay, format->rate, (int)c);
	if (result < 0) {
		reverb_finish(r);
		return error_errno(e, result, "reverb");
	}
	return 0;
}

/* All-pass (M. R. Schroeder, "Natural sounding artificial reverberation", JAES 10 (3), 1962). */
static void diffuse(struct diffuser *diffuser, double *samples, size_t count)
{
	double past[CHUNK], next[CHUNK];
	line_read(&diffuser->line, diffuser->frames, past, count);
	for (size_t i = 0; i < count; i++) {
		next[i] = finite_flushed(samples[i] + diffusion * past[i]);
		samples[i] = past[i] - diffusion * next[i];
	}
	line_write(&diffuser->line, next, count);
}

static void enter(struct reverb *r, struct side *side, double *samples, double in[CHUNK], size_t count)
{
	for (size_t i = 0; i < count; i++)
		samples[i] = finite_sample(samples[i]);
	line_write(&side->before, samples, count);
	line_read(&side->before, r->predelay + count, in, count);
	filter_run(&r->highpass, &side->block_dc, in, count);
	for (int i = 0; i < DIFFUSERS_BEFORE_EARLY; i++)
		diffuse(&side->diffusers[i], in, count);
	line_write(&side->early, in, count);
	for (int i = DIFFUSERS_BEFORE_EARLY; i < DIFFUSERS; i++)
		diffuse(&side->diffusers[i], in, count);
}

static void add_reflections(const struct reverb *r, uint32_t c, double out[CHUNK], size_t count)
{
	double reflected[CHUNK];
	for (uint32_t i = 0; i < REFLECTIONS; i++) {
		uint32_t from = (c + i) % r->channels;
		const double gain = r->early * reflections[i].gain;
		line_read(&r->side[from].early, r->side[c].reflection_frames[i] + count, reflected, count);
		for (size_t k = 0; k < count; k++)
			out[k] += gain * reflected[k];
	}
}

static void narrow(double left[CHUNK], double right[CHUNK], double width)
{
	for (size_t i = 0; i < CHUNK; i++) {
		double middle = (left[i] + right[i]) / 2, side = width * (left[i] - right[i]) / 2;
		left[i] = middle + side;
		right[i] = middle - side;
	}
}

static void process_chunk(struct reverb *r, struct block *block, size_t from, size_t count)
{
	double in[BLOCK_CHANNELS][CHUNK] = {{0}}, wet[BLOCK_CHANNELS][CHUNK];
	for (uint32_t c = 0; c < r->channels; c++)
		enter(r, &r->side[c], block->channel[c] + from, in[c], count);
	network_run(&r->network, in, wet, count);
	for (uint32_t c = 0; c < r->channels && r->early > 0; c++)
		add_reflections(r, c, wet[c], count);
	if (r->channels == 2 && r->width < 1)
		narrow(wet[0], wet[1], r->width);
	for (uint32_t c = 0; c < r->channels; c++) {
		double *samples = block->channel[c] + from;
		for (size_t i = 0; i < count; i++)
			samples[i] = r->dry * samples[i] + r->wet * wet[c][i];
	}
}

static void reverb_process(void *state, struct block *block)
{
	for (size_t from = 0; from < block->frames; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(state, block, from, left < CHUNK ? left : CHUNK);
	}
}

static void reverb_reset(void *state)
{
	struct reverb *r = state;
	network_reset(&r->network);
	for (uint32_t c = 0; c < r->channels; c++) {
		line_reset(&r->side[c].before);
		line_reset(&r->side[c].early);
		r->side[c].block_dc = (struct biquad_memory){0};
		for (int i = 0; i < DIFFUSERS; i++)
			line_reset(&r->side[c].diffusers[i].line);
	}
}

const struct processor_type reverb_type = {
	.settings = &reverb_record,
	.state_size = sizeof(struct reverb),
	.init = reverb_init,
	.process = reverb_process,
	.reset = reverb_reset,
	.finish = reverb_finish,
};
