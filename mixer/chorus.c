/* chorus: voices that read the sound's past at places that move as sines, each at another point of its turn.
 */
#include "audio/finite.h"
#include "mixer/line.h"
#include "mixer/moving.h"
#include "mixer/processors.h"
#include "mixer/turner.h"

#include <errno.h>
#include <math.h>

#define KEY(member) .type = KEY_NUMBER, .offset = offsetof(struct chorus_settings, member)

static const struct key keys[] = {
	{.name = "rate",
		KEY(rate_hz),
		.unit = UNIT_HZ,
		.least = 0.01,
		.most = 10,
		.fallback = "0.6 Hz",
		.help = "How often a second the voices go up and down."},
	{.name = "depth",
		KEY(depth_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.01,
		.fallback = "2 ms",
		.help = "How far they go to either side, half of the delay at most."},
	{.name = "delay",
		KEY(delay_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0.001,
		.most = 0.05,
		.fallback = "12 ms",
		.help = "How much later than the sound they are; several stand around it, apart by up to "
			"half of it."},
	{.name = "voices",
		.type = KEY_INTEGER,
		.offset = offsetof(struct chorus_settings, voices),
		.least = 1,
		.most = CHORUS_VOICES,
		.fallback = "3",
		.help = "How many there are."},
	{.name = "spread",
		KEY(spread_percent),
		.unit = UNIT_PERCENT,
		.least = 0,
		.most = 100,
		.fallback = "100 %",
		.help = "How far apart the same voice is on both sides, in stereo: half a turn at most."},
	{.name = "mix",
		KEY(mix_percent),
		.unit = UNIT_PERCENT,
		.least = 0,
		.most = 100,
		.fallback = "50 %",
		.help = "The share of the voices; the rest is the sound as it came."},
};

static const struct record chorus_record = {
	.name = "chorus",
	.help = "Makes one sound into several that are never quite in tune with one another.",
	.size = sizeof(struct chorus_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

enum { CHUNK = MOVING_CHUNK };

struct side {
	struct line line;
	struct turner turners[CHORUS_VOICES], starts[CHORUS_VOICES];
};

struct chorus {
	uint32_t channels;
	int voices;
	double delay_frames, depth_frames;
	double wet, dry; /* gains; wet of one voice */
	struct moving moving;
	struct side side[BLOCK_CHANNELS];
};

/* Voices apart in time as well: otherwise all would add up in the bass, and only there. */
static double middle(const struct chorus *chorus, int voice)
{
	return chorus->delay_frames * (0.5 + (voice + 0.5) / chorus->voices);
}

static void chorus_finish(void *state)
{
	struct chorus *chorus = state;
	for (int c = 0; c < BLOCK_CHANNELS; c++)
		line_finish(&chorus->side[c].line);
}

/* Voices are spread evenly over the turn, and the right side's are half a turn from the left's at most. */
static void set_turners(struct chorus *chorus, const struct chorus_settings *s, uint32_t rate)
{
	for (int c = 0; c < BLOCK_CHANNELS; c++) {
		for (int v = 0; v < s->voices; v++) {
			double turn = (double)v / s->voices + c * s->spread_percent / 200;
			chorus->side[c].starts[v] = turner_start(2 * M_PI * turn, s->rate_hz / rate);
			chorus->side[c].turners[v] = chorus->side[c].starts[v];
		}
	}
}

static int chorus_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct chorus *chorus = state;
	const struct chorus_settings *s = data;
	chorus->channels = format->channels;
	chorus->voices = s->voices;
	chorus->delay_frames = s->delay_s * format->rate;
	chorus->depth_frames = s->depth_s * format->rate;
	if (s->depth_s > s->delay_s / 2)
		return error_set(e, EINVAL, "depth: %g ms is more than half of the delay of %g ms",
			s->depth_s * 1000, s->delay_s * 1000);
	if (2 * M_PI * s->rate_hz * s->depth_s > 0.9)
		return error_set(e, EINVAL, "rate: at %g Hz the depth can be %.3g ms at most", s->rate_hz,
			900 / (2 * M_PI * s->rate_hz));
	chorus->depth_frames = fmin(chorus->depth_frames, middle(chorus, 0) - MOVING_AROUND);
	chorus->dry = 1 - s->mix_percent / 100;
	chorus->wet = s->mix_percent / 100 / sqrt(s->voices);
	moving_init(&chorus->moving);
	set_turners(chorus, s, format->rate);
	for (uint32_t c = 0; c < chorus->channels; c++) {
		size_t longest = (size_t)(middle(chorus, s->voices - 1) + chorus->depth_frames);
		int result = line_init(&chorus->side[c].line, longest + 2 * CHUNK);
		if (result < 0) {
			chorus_finish(chorus);
			return error_errno(e, result, "chorus");
		}
	}
	return 0;
}

static void process_chunk(struct chorus *chorus, struct side *side, double *samples, size_t count)
{
	double delays[CHUNK], voice[CHUNK], sum[CHUNK] = {0};
	for (size_t i = 0; i < count; i++)
		samples[i] = finite_sample(samples[i]);
	line_write(&side->line, samples, count);
	for (int v = 0; v < chorus->voices; v++) {
		const double around = middle(chorus, v);
		for (size_t i = 0; i < count; i++)
			delays[i] = around + chorus->depth_frames * turner_next(&side->turners[v]);
		moving_read(&chorus->moving, &side->line, delays, count, voice, count);
		for (size_t i = 0; i < count; i++)
			sum[i] += voice[i];
	}
	for (size_t i = 0; i < count; i++)
		samples[i] = chorus->dry * samples[i] + chorus->wet * sum[i];
}

static void chorus_process(void *state, struct block *block)
{
	struct chorus *chorus = state;
	for (uint32_t c = 0; c < block->channels; c++) {
		for (size_t from = 0; from < block->frames; from += CHUNK) {
			size_t left = block->frames - from;
			process_chunk(chorus, &chorus->side[c], block->channel[c] + from,
				left < CHUNK ? left : CHUNK);
		}
	}
}

static void chorus_reset(void *state)
{
	struct chorus *chorus = state;
	for (uint32_t c = 0; c < chorus->channels; c++) {
		line_reset(&chorus->side[c].line);
		for (int v = 0; v < chorus->voices; v++)
			chorus->side[c].turners[v] = chorus->side[c].starts[v];
	}
}

const struct processor_type chorus_type = {
	.settings = &chorus_record,
	.state_size = sizeof(struct chorus),
	.init = chorus_init,
	.process = chorus_process,
	.reset = chorus_reset,
	.finish = chorus_finish,
};
