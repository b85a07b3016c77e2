/* delay: from moving one microphone by a few samples to echoes in time with the song. */
#include "audio/filter.h"
#include "audio/finite.h"
#include "audio/sinc.h"
#include "mixer/line.h"
#include "mixer/processors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define PLACE(member) .type = KEY_NUMBER, .offset = offsetof(struct delay_settings, member), .fallback = ""
#define PERCENT(member, text, highest) \
	.type = KEY_NUMBER, .offset = offsetof(struct delay_settings, member), .unit = UNIT_PERCENT, \
	.least = 0, .most = (highest), .fallback = (text)

static const struct key keys[] = {
	{.name = "time",
		PLACE(time_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 10,
		.help = "How much later. One of time, distance, samples and note is wanted."},
	{.name = "distance",
		PLACE(distance_m),
		.unit = UNIT_METRES,
		.least = 0,
		.most = 1000,
		.help = "The same as the way that sound makes in that time, at 343 m/s."},
	{.name = "samples",
		PLACE(samples),
		.least = 0,
		.most = 1000000,
		.help = "The same in frames of the take's rate."},
	{.name = "note",
		PLACE(note),
		.unit = UNIT_NOTE,
		.least = 1.0 / 128,
		.most = 2,
		.help = "The same as a note's length at the song's tempo, a quarter being a beat; 3/16 is a "
			"dotted "
			"eighth, 1/12 one of a triplet."},
	{.name = "feedback",
		PERCENT(feedback_percent, "0 %", 95),
		.help = "How much of each echo comes back as the next one; 0 % makes one echo."},
	{.name = "highpass",
		PLACE(highpass_hz),
		.unit = UNIT_HZ,
		.least = 10,
		.most = 20000,
		.help = "Each echo loses what lies below, at 6 dB/oct."},
	{.name = "lowpass",
		PLACE(lowpass_hz),
		.unit = UNIT_HZ,
		.least = 100,
		.most = 20000,
		.help = "Each echo loses what lies above, at 6 dB/oct."},
	{.name = "ping_pong",
		.type = KEY_FLAG,
		.offset = offsetof(struct delay_settings, ping_pong),
		.help = "Echoes change sides, the first on the left; for stereo."},
	{.name = "mix",
		PERCENT(mix_percent, "100 %", 100),
		.help = "The share of the echoes; the rest is the sound as it came."},
};

static const struct record delay_record = {
	.name = "delay",
	.help = "Makes a sound come later: to set a microphone back, or as echoes beside it.",
	.size = sizeof(struct delay_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

enum { CHUNK = 128, TAPS_MOST = 32, FILTERS_MOST = 2 };

static const double metres_a_second = 343;
static const double seconds_most = 60;

struct channel {
	struct line line;
	struct biquad_memory memories[FILTERS_MOST];
};

struct echo {
	size_t frames;	  /* the whole part */
	size_t taps;	  /* of the interpolation between two frames; 0: on a frame */
	size_t at_a_time; /* that the loop can be run before it hears itself */
	double tap[TAPS_MOST];
	size_t filters;
	struct biquad filter[FILTERS_MOST];
	double feedback, wet, dry;
	bool loop;  /* what comes out goes in again */
	bool exact; /* nothing but the delay itself, bit for bit */
	bool ping_pong;
	uint32_t channels;
	struct channel channel[BLOCK_CHANNELS];
};

/* In frames, or -EINVAL. */
static int find_frames(const struct delay_settings *s, const struct processor_format *format, double *frames,
	struct error *e)
{
	const double rate = format->rate, bar_s = format->tempo_bpm > 0 ? 4 * 60 / format->tempo_bpm : 0;
	const double ways[] = {
		s->time_s * rate, s->distance_m / metres_a_second * rate, s->samples, s->note * bar_s * rate};
	int given = 0;
	for (size_t i = 0; i < KEY_COUNT(ways); i++) {
		if (isnan(ways[i]))
			continue;
		*frames = ways[i];
		given++;
	}
	if (given != 1)
		return error_set(e, EINVAL, "%s of time, distance, samples and note; one is wanted",
			given ? "more than one" : "none");
	if (!isnan(s->note) && bar_s == 0)
		return error_set(e, EINVAL, "note: the song has no tempo; give song: {tempo: …} or a time");
	if (!(*frames >= 0 && *frames <= seconds_most * rate))
		return error_set(e, EINVAL, "longer than %g s", seconds_most);
	return 0;
}

/* The polynomial through all `count` samples, at `fraction` behind the one before the middle. */
static void lagrange_design(double *taps, size_t count, double fraction)
{
	const size_t half = count / 2;
	const double x = (double)half - 1 + fraction;
	for (size_t k = 0; k < count; k++) {
		taps[k] = 1;
		for (size_t j = 0; j < count; j++)
			taps[k] *= j == k ? 1 : (x - (double)j) / ((double)k - (double)j);
	}
}

/* What lies between two frames comes from a windowed sinc around it; where the past (with feedback: what was
 * before this sample) is too short for one, from the polynomial through as much as there is. */
static int set_time(struct echo *echo, double frames, struct error *e)
{
	static const double kaiser_beta = 7;
	const bool loop = echo->loop, whole = fabs(frames - round(frames)) < 1e-6;
	const double fraction = 1 - (frames - floor(frames));
	echo->frames = (size_t)(whole ? round(frames) : floor(frames));
	if (loop && echo->frames < 1)
		return error_set(e, EINVAL, "less than one frame of delay cannot be fed back");
	size_t reach = whole ? 0 : echo->frames + !loop;
	echo->taps = 2 * reach < TAPS_MOST ? 2 * reach : TAPS_MOST;
	if (echo->taps == TAPS_MOST)
		sinc_design(echo->tap, echo->taps, fraction, kaiser_beta);
	else
		lagrange_design(echo->tap, echo->taps, fraction);
	size_t before = echo->frames - echo->taps / 2 + !whole;
	echo->at_a_time = loop && before < CHUNK ? before : CHUNK;
	return 0;
}

static int set_filters(struct echo *echo, const struct delay_settings *s,
	const struct processor_format *format, struct error *e)
{
	const double corners[] = {s->highpass_hz, s->lowpass_hz};
	static const enum filter_shape shapes[] = {FILTER_HIGHPASS, FILTER_LOWPASS};
	for (int i = 0; i < FILTERS_MOST; i++) {
		struct biquad sections[4];
		if (isnan(corners[i]))
			continue;
		if (!(corners[i] > 0 && corners[i] < format->rate / 2.0))
			return error_set(e, EINVAL, "%s: %g Hz is not below half the rate of %u Hz",
				i == 0 ? "highpass" : "lowpass", corners[i], format->rate);
		filter_butterworth(shapes[i], 1, corners[i], format->rate, sections);
		echo->filter[echo->filters++] = sections[0];
	}
	return 0;
}

static void echo_finish(void *state)
{
	struct echo *echo = state;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		line_finish(&echo->channel[c].line);
}

static int echo_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct echo *echo = state;
	const struct delay_settings *s = data;
	double frames = 0;
	echo->channels = format->channels;
	echo->feedback = s->feedback_percent / 100;
	echo->wet = s->mix_percent / 100;
	echo->dry = 1 - echo->wet;
	echo->ping_pong = s->ping_pong;
	echo->loop = s->ping_pong || echo->feedback > 0;
	if (s->ping_pong && format->channels < 2)
		return error_set(e, EINVAL, "ping_pong: wants two sides; this is mono");
	int result = find_frames(s, format, &frames, e);
	if (result == 0)
		result = set_time(echo, frames, e);
	if (result == 0)
		result = set_filters(echo, s, format, e);
	if (result < 0)
		return result;
	echo->exact = echo->taps == 0 && !echo->loop && echo->filters == 0 && echo->wet == 1;
	for (uint32_t c = 0; c < echo->channels; c++) {
		result = line_init(&echo->channel[c].line, echo->frames + TAPS_MOST + CHUNK);
		if (result < 0) {
			echo_finish(echo);
			return error_errno(e, result, "delay of %zu frames", echo->frames);
		}
	}
	return 0;
}

/* The whole chunk whatever counts of it: a fixed number is what compilers turn into vectors. */
static void add_tap(double *restrict sum, double tap, const double *restrict past)
{
	for (int i = 0; i < CHUNK; i++)
		sum[i] += tap * past[i];
}

/* `ahead` samples of the chunk are in the line already. */
static void hear(
	const struct echo *echo, struct channel *channel, size_t ahead, double wet[CHUNK], size_t count)
{
	if (echo->taps == 0) {
		line_read(&channel->line, echo->frames + ahead, wet, count);
	} else {
		double past[CHUNK + TAPS_MOST] = {0};
		line_read(
			&channel->line, echo->frames + echo->taps / 2 + ahead, past, count + echo->taps - 1);
		memset(wet, 0, CHUNK * sizeof(*wet));
		for (size_t k = 0; k < echo->taps; k++)
			add_tap(wet, echo->tap[k], past + k);
	}
	filter_run_cascade(echo->filter, channel->memories, echo->filters, wet, count);
}

static void mix(const struct echo *echo, const double *wet, double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		samples[i] = echo->dry * samples[i] + echo->wet * wet[i];
}

/* What goes into a line: what came, and `back` of the last echo. */
static void feed(struct line *line, const double *in, const double *echoed, double back, size_t count)
{
	double samples[CHUNK];
	for (size_t i = 0; i < count; i++)
		samples[i] = finite_flushed(in[i] + back * echoed[i]);
	line_write(line, samples, count);
}

static void clean(double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		samples[i] = finite_sample(samples[i]);
}

/* Without feedback the line is fed first, so that a delay may be shorter than the chunk. */
static void run_once(const struct echo *echo, struct channel *channel, double *samples, size_t count)
{
	double wet[CHUNK];
	if (!echo->exact)
		clean(samples, count);
	line_write(&channel->line, samples, count);
	if (echo->exact) {
		line_read(&channel->line, echo->frames + count, samples, count);
		return;
	}
	hear(echo, channel, count, wet, count);
	mix(echo, wet, samples, count);
}

static void run_loop(const struct echo *echo, struct channel *channel, double *samples, size_t count)
{
	double wet[CHUNK];
	clean(samples, count);
	hear(echo, channel, 0, wet, count);
	feed(&channel->line, samples, wet, echo->feedback, count);
	mix(echo, wet, samples, count);
}

/* The left line hears both sides and what comes back from the right one; the right one only the left. */
static void run_ping_pong(struct echo *echo, double *left, double *right, size_t count)
{
	double wet[2][CHUNK], both[CHUNK];
	static const double nothing[CHUNK];
	clean(left, count);
	clean(right, count);
	for (size_t i = 0; i < count; i++)
		both[i] = (left[i] + right[i]) / 2;
	hear(echo, &echo->channel[0], 0, wet[0], count);
	hear(echo, &echo->channel[1], 0, wet[1], count);
	feed(&echo->channel[0].line, both, wet[1], echo->feedback, count);
	feed(&echo->channel[1].line, nothing, wet[0], echo->feedback, count);
	mix(echo, wet[0], left, count);
	mix(echo, wet[1], right, count);
}

static void echo_process(void *state, struct block *block)
{
	struct echo *echo = state;
	for (size_t from = 0; from < block->frames;) {
		size_t left = block->frames - from, count = left < echo->at_a_time ? left : echo->at_a_time;
		for (uint32_t c = 0; c < block->channels && !echo->ping_pong; c++)
			(echo->loop ? run_loop : run_once)(
				echo, &echo->channel[c], block->channel[c] + from, count);
		if (echo->ping_pong)
			run_ping_pong(echo, block->channel[0] + from, block->channel[1] + from, count);
		from += count;
	}
}

static void echo_reset(void *state)
{
	struct echo *echo = state;
	for (uint32_t c = 0; c < echo->channels; c++) {
		line_reset(&echo->channel[c].line);
		memset(echo->channel[c].memories, 0, sizeof(echo->channel[c].memories));
	}
}

const struct processor_type delay_type = {
	.settings = &delay_record,
	.state_size = sizeof(struct echo),
	.init = echo_init,
	.process = echo_process,
	.reset = echo_reset,
	.finish = echo_finish,
};
