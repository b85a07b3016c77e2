#include "mastering/limiter.h"

#include "audio/oversample.h"
#include "audio/wide.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* What is computed is the depth, 1 - gain: 0 is at rest. From detection to gain:
 *
 *   peak (16×) → wanted depth → largest of the look-ahead → two-stage release → three box filters → gain
 *
 * The largest holds each wanted depth for as many frames as the boxes are long together, so their weighted
 * mean reaches it just when its peak comes out of the delay line, and can never be less. The release only
 * ever adds depth. Three boxes make a bell-shaped ramp, whose spectrum falls by 18 dB an octave: little is
 * heard of it. (After P. Hämäläinen, "Smoothing of the control signal without clipped output in digital peak
 * limiters", DAFx-02; the boxes are what several open limiters use.)
 *
 * Depth is linear, not dB: one multiplication a frame instead of a logarithm and a power, and the same bits
 * on every machine. */

enum {
	BOXES = 3,
	/* Frames around a peak on which the gain stands still, so that a peak between the samples, made of
	 * its neighbours, is scaled as the neighbours are. */
	HOLD_FRAMES = 4,
	LOOKAHEAD_FRAMES_LEAST = 32,
	LOOKAHEAD_FRAMES_MOST = 4096,
};

static const double lookahead_least_s = 0.005, lookahead_most_s = 0.02;

/* Depths run through the boxes as integers, so that running sums never drift and come back to exactly 0: 2^31
 * is a depth of 1, and three boxes of 4096 / 3 frames keep their sums under 2^63. */
static const double depth_scale = 0x1p31;

/* The fast stage recovers in a fifth of the release. The slow one takes half a release to charge, so a
 * transient leaves it almost empty, and a sustained low note full. */
static const double fast_share = 0.2, charge_share = 0.5;

struct box {
	uint64_t *ring, sum;
	uint32_t length, at;
};

/* Sliding maximum: depths that fall from front to back, each with the frame it came in (D. Lemire, "Streaming
 * maximum-minimum filter using no more than three comparisons per element", 2006). */
struct candidate {
	double depth;
	uint64_t frame;
};

struct window {
	struct candidate *ring;
	uint32_t length, front, count;
	uint64_t frame;
};

struct release {
	double fast_keep, slow_keep, charge; /* a frame */
	double fast, slow;		     /* depths */
};

struct limiter {
	uint32_t channels;
	double ceiling;
	struct oversample *detector[BLOCK_CHANNELS];
	struct window window;
	struct release release;
	struct box box[BOXES];
	double box_scale;
	double *delay[BLOCK_CHANNELS]; /* rings of `latency` frames */
	uint32_t latency, delay_at;
	double least_gain;
};

static const struct key keys[] = {
	{.name = "ceiling",
		.type = KEY_NUMBER,
		.offset = offsetof(struct limiter_settings, ceiling_db),
		.unit = UNIT_DBTP,
		.least = -40,
		.most = 0,
		.fallback = "-1 dBTP",
		.help = "The true peak that the output keeps below."},
	{.name = "lookahead",
		.type = KEY_NUMBER,
		.offset = offsetof(struct limiter_settings, lookahead_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 1e-3,
		.least = 0.005,
		.most = 0.02,
		.fallback = "5 ms",
		.help = "How long before a peak the gain begins to fall; the delay of the limiter."},
	{.name = "release",
		.type = KEY_NUMBER,
		.offset = offsetof(struct limiter_settings, release_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 1e-3,
		.least = 0.01,
		.most = 5,
		.fallback = "250 ms",
		.help = "Time to 63 % of the recovery after sustained limiting; a fifth of it after a "
			"transient."},
};

static const struct record record = {
	.name = "limiter",
	.help = "True-peak limiter with look-ahead and a two-stage release.",
	.size = sizeof(struct limiter_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

static double lookahead_frames(const struct limiter_settings *settings, const struct processor_format *format)
{
	return ceil(settings->lookahead_s * format->rate);
}

static int check(
	const struct limiter_settings *settings, const struct processor_format *format, struct error *e)
{
	if (!isfinite(settings->ceiling_db))
		return error_set(e, EINVAL, "limiter: the ceiling is not a level");
	if (!(settings->lookahead_s >= lookahead_least_s && settings->lookahead_s <= lookahead_most_s))
		return error_set(e, EINVAL, "limiter: the look-ahead is 5 to 20 ms");
	if (!(settings->release_s > 0 && isfinite(settings->release_s)))
		return error_set(e, EINVAL, "limiter: the release takes some time");
	if (format->channels < 1 || format->channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "limiter: 1 or 2 channels, not %u", format->channels);
	double frames = lookahead_frames(settings, format);
	if (frames < LOOKAHEAD_FRAMES_LEAST || frames > LOOKAHEAD_FRAMES_MOST)
		return error_set(
			e, EINVAL, "limiter: the look-ahead is too short or too long at %u Hz", format->rate);
	return 0;
}

static int box_init(struct box *box, uint32_t length)
{
	box->length = length;
	box->ring = calloc(length, sizeof(*box->ring));
	return box->ring ? 0 : -ENOMEM;
}

/* Three boxes that span `support` frames together, and a window that holds for as long, for both samples
 * around a peak, and the hold on either side. */
static int init_smoothing(struct limiter *limiter, uint32_t support)
{
	uint32_t taps = support + BOXES - 1;
	limiter->box_scale = 1 / depth_scale;
	for (uint32_t i = 0; i < BOXES; i++) {
		uint32_t length = (taps + i) / BOXES;
		limiter->box_scale /= length;
		if (box_init(&limiter->box[i], length) < 0)
			return -ENOMEM;
	}
	limiter->window.length = support + 1 + 2 * HOLD_FRAMES;
	limiter->window.ring = calloc(limiter->window.length, sizeof(*limiter->window.ring));
	return limiter->window.ring ? 0 : -ENOMEM;
}

static int init_channels(struct limiter *limiter)
{
	for (uint32_t c = 0; c < limiter->channels; c++) {
		limiter->detector[c] = oversample_create();
		if (!limiter->detector[c])
			return -ENOMEM;
		oversample_set_floor(limiter->detector[c], limiter->ceiling);
	}
	return 0;
}

static int init_delay(struct limiter *limiter, uint32_t lookahead)
{
	limiter->latency = lookahead + oversample_latency();
	for (uint32_t c = 0; c < limiter->channels; c++) {
		limiter->delay[c] = calloc(limiter->latency, sizeof(*limiter->delay[c]));
		if (!limiter->delay[c])
			return -ENOMEM;
	}
	return 0;
}

static void init_release(struct release *release, double seconds, double rate)
{
	release->slow_keep = exp(-1 / (seconds * rate));
	release->fast_keep = exp(-1 / (seconds * fast_share * rate));
	release->charge = 1 - exp(-1 / (seconds * charge_share * rate));
}

static void limiter_finish(void *state)
{
	struct limiter *limiter = state;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++) {
		oversample_destroy(limiter->detector[c]);
		free(limiter->delay[c]);
	}
	for (uint32_t i = 0; i < BOXES; i++)
		free(limiter->box[i].ring);
	free(limiter->window.ring);
}

static int limiter_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	struct limiter *limiter = state;
	const struct limiter_settings *set = settings;
	int result = check(set, format, e);
	if (result < 0)
		return result;
	uint32_t lookahead = (uint32_t)lookahead_frames(set, format);
	limiter->channels = format->channels;
	limiter->ceiling = units_from_db(set->ceiling_db);
	limiter->least_gain = 1;
	init_release(&limiter->release, set->release_s, format->rate);
	/* The smoothing ends HOLD_FRAMES early, its first frame at the full look-ahead. */
	if (init_smoothing(limiter, lookahead + 1 - HOLD_FRAMES) < 0 || init_channels(limiter) < 0 ||
		init_delay(limiter, lookahead) < 0) {
		limiter_finish(state);
		return error_errno(e, ENOMEM, "limiter");
	}
	return 0;
}

static struct candidate *window_slot(struct window *window, uint32_t from_front)
{
	uint32_t slot = window->front + from_front;
	return &window->ring[slot < window->length ? slot : slot - window->length];
}

/* The largest of the last `length` depths, this one included. */
static double window_largest(struct window *window, double depth)
{
	while (window->count > 0 && window_slot(window, window->count - 1)->depth <= depth)
		window->count--;
	if (window->count > 0 && window_slot(window, 0)->frame + window->length <= window->frame) {
		window->front = (uint32_t)(window_slot(window, 1) - window->ring);
		window->count--;
	}
	*window_slot(window, window->count++) = (struct candidate){depth, window->frame++};
	return window_slot(window, 0)->depth;
}

static double decay(double value, double towards, double keep)
{
	double next = towards + (value - towards) * keep;
	return next < 1 / depth_scale ? 0 : next; /* at rest, not in denormals */
}

static double release_run(struct release *release, double depth)
{
	release->fast = depth >= release->fast ? depth : decay(release->fast, depth, release->fast_keep);
	if (depth > release->slow)
		release->slow += (depth - release->slow) * release->charge;
	else
		release->slow = decay(release->slow, depth, release->slow_keep);
	return release->fast > release->slow ? release->fast : release->slow;
}

/* Whole stretches of a ring at a time, so that nothing is asked a frame. */
static uint32_t stretch_of(uint32_t length, uint32_t at, uint32_t left)
{
	return length - at < left ? length - at : left;
}

static void box_run(struct box *box, uint64_t *restrict values, uint32_t count)
{
	for (uint32_t done = 0, n; done < count; done += n) {
		n = stretch_of(box->length, box->at, count - done);
		uint64_t *restrict ring = box->ring + box->at, sum = box->sum;
		for (uint32_t i = 0; i < n; i++) {
			uint64_t value = values[done + i];
			sum += value - ring[i];
			ring[i] = value;
			values[done + i] = sum;
		}
		box->sum = sum;
		box->at = box->at + n < box->length ? box->at + n : 0;
	}
}

WIDE static void want_depths(double ceiling, double *peaks, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++) {
		double depth = 1 - ceiling / peaks[i];
		peaks[i] = peaks[i] > ceiling ? depth : 0;
	}
}

/* Rounded up. */
static void find_depths(struct limiter *limiter, const double *wanted, uint64_t *depths, uint32_t frames)
{
	struct window window = limiter->window;
	struct release release = limiter->release;
	for (uint32_t i = 0; i < frames; i++) {
		double depth = release_run(&release, window_largest(&window, wanted[i])) * depth_scale;
		int64_t whole = (int64_t)depth;
		depths[i] = (uint64_t)(whole + ((double)whole < depth));
	}
	limiter->window = window;
	limiter->release = release;
}

static void find_gains(struct limiter *limiter, const struct block *block, double *gains)
{
	double *peaks = gains, other[BLOCK_FRAMES];
	uint64_t depths[BLOCK_FRAMES];
	oversample_peaks(limiter->detector[0], block->channel[0], peaks, block->frames);
	if (limiter->channels == 2) {
		oversample_peaks(limiter->detector[1], block->channel[1], other, block->frames);
		for (uint32_t i = 0; i < block->frames; i++)
			peaks[i] = peaks[i] > other[i] ? peaks[i] : other[i];
	}
	want_depths(limiter->ceiling, peaks, block->frames);
	find_depths(limiter, peaks, depths, block->frames);
	for (uint32_t i = 0; i < BOXES; i++)
		box_run(&limiter->box[i], depths, block->frames);
	const double scale = limiter->box_scale;
	double least = limiter->least_gain;
	for (uint32_t i = 0; i < block->frames; i++) {
		gains[i] = 1 - (double)(int64_t)depths[i] * scale;
		least = gains[i] < least ? gains[i] : least;
	}
	limiter->least_gain = least;
}

static void delay_and_scale(const struct limiter *limiter, double *restrict ring, double *restrict samples,
	const double *gains, uint32_t frames)
{
	for (uint32_t done = 0, n, at = limiter->delay_at; done < frames; done += n) {
		n = stretch_of(limiter->latency, at, frames - done);
		for (uint32_t i = 0; i < n; i++) {
			double sample = samples[done + i];
			samples[done + i] = ring[at + i] * gains[done + i];
			ring[at + i] = sample;
		}
		at = at + n < limiter->latency ? at + n : 0;
	}
}

static void limiter_process(void *state, struct block *block)
{
	struct limiter *limiter = state;
	double gains[BLOCK_FRAMES];
	find_gains(limiter, block, gains);
	for (uint32_t c = 0; c < limiter->channels; c++)
		delay_and_scale(limiter, limiter->delay[c], block->channel[c], gains, block->frames);
	limiter->delay_at = (limiter->delay_at + block->frames) % limiter->latency;
}

static uint32_t limiter_latency(const void *state)
{
	return ((const struct limiter *)state)->latency;
}

static void limiter_reset(void *state)
{
	struct limiter *limiter = state;
	for (uint32_t c = 0; c < limiter->channels; c++) {
		oversample_reset(limiter->detector[c]);
		for (uint32_t i = 0; i < limiter->latency; i++)
			limiter->delay[c][i] = 0;
	}
	for (uint32_t b = 0; b < BOXES; b++) {
		struct box *box = &limiter->box[b];
		for (uint32_t i = 0; i < box->length; i++)
			box->ring[i] = 0;
		box->sum = 0;
		box->at = 0;
	}
	limiter->window.front = limiter->window.count = 0;
	limiter->window.frame = 0;
	limiter->release.fast = limiter->release.slow = 0;
	limiter->delay_at = 0;
	limiter->least_gain = 1;
}

const struct processor_type limiter_type = {
	.settings = &record,
	.state_size = sizeof(struct limiter),
	.init = limiter_init,
	.process = limiter_process,
	.latency = limiter_latency,
	.reset = limiter_reset,
	.finish = limiter_finish,
};

double limiter_most_reduction_db(const struct processor *limiter)
{
	const struct limiter *state = processor_state(limiter, &limiter_type);
	return state ? fmax(0, -units_to_db(state->least_gain)) : 0;
}
