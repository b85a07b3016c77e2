/* saturation: a smooth curve at eight times the rate (at 44.1 and 48 kHz; as near 384 kHz at the others),
 * with first-order antiderivative anti-aliasing on top (J. D. Parker, V. Zavalishin and E. Le Bivic,
 * "Reducing the aliasing of nonlinear waveshaping using continuous-time convolution", DAFx-16). The curve is
 * s(x) = x / sqrt(1 + x²): its antiderivative is sqrt(1 + x²), and the difference quotient of that
 * is (x + x1) / (sqrt(1 + x²) + sqrt(1 + x1²)), which never divides by nearly nothing and costs one root. */
#include "audio/delay.h"
#include "audio/finite.h"
#include "audio/multirate.h"
#include "common/units.h"
#include "mixer/processors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *const kinds[] = {
	[SATURATION_SOFT] = "soft", [SATURATION_TAPE] = "tape", [SATURATION_TUBE] = "tube", NULL};

static const struct key keys[] = {
	{.name = "kind",
		.type = KEY_CHOICE,
		.offset = offsetof(struct saturation_settings, kind),
		.choices = kinds,
		.fallback = "tape",
		.help = "The curve: soft is even on both sides, tape the same but earlier for treble, tube "
			"bends "
			"one side first and so adds even harmonics."},
	{.name = "drive",
		.type = KEY_NUMBER,
		.offset = offsetof(struct saturation_settings, drive_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 36,
		.fallback = "6 dB",
		.help = "Gain into the curve; what a level of -12 dB gains by it is taken off again behind."},
	{.name = "mix",
		.type = KEY_NUMBER,
		.offset = offsetof(struct saturation_settings, mix_percent),
		.unit = UNIT_PERCENT,
		.least = 0,
		.most = 100,
		.fallback = "100 %",
		.help = "The share of the saturated sound; the rest is the sound as it came."},
	{.name = "output",
		.type = KEY_NUMBER,
		.offset = offsetof(struct saturation_settings, output_db),
		.unit = UNIT_DB,
		.least = -24,
		.most = 24,
		.fallback = "0 dB",
		.help = "Gain after all else."},
};

static const struct record saturation_record = {
	.name = "saturation",
	.help = "Bends peaks softly, which adds harmonics: warmth, density, edge.",
	.size = sizeof(struct saturation_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

enum { HIGH_CHUNK = MULTIRATE_CHUNK * MULTIRATE_FACTOR_MOST, TILE = 16 };

struct voice {
	struct multirate *multirate;
	struct delay dry;
	double x1, root1; /* of the curve, at the higher rate */
	struct biquad_memory before, after, block_dc;
};

struct saturation {
	uint32_t channels, factor;
	double drive, bias, offset; /* curve: s(drive x + bias) - offset */
	double wet, dry;	    /* gains */
	bool tape, tube;
	struct biquad emphasis, deemphasis, highpass;
	struct voice voice[BLOCK_CHANNELS];
};

/* A treble shelf before and its inverse behind: 6 dB, as tape's record equalisation is about. */
static const double emphasis_hz = 4000, emphasis_db = 6, emphasis_q = 0.5;

static const double tube_bias = 0.5;

/* What the tube's bend adds at 0 Hz goes away here, and next to nothing of the bass. */
static const double dc_hz = 4;

/* A sine at this level keeps it, in RMS: about where a well recorded track's peaks lie. */
static const double reference_db = -12;

static const double oversampled_hz = 352800;

static double bend(double x)
{
	return x / sqrt(1 + x * x);
}

/* The RMS of a sine of amplitude `level` behind the curve, its mean taken off. */
static double bent_rms(const struct saturation *s, double level)
{
	enum { POINTS = 1024 };
	double mean = 0, power = 0;
	for (int i = 0; i < POINTS; i++) {
		double y = bend(s->drive * level * sin(2 * M_PI * i / POINTS) + s->bias) - s->offset;
		mean += y / POINTS;
		power += y * y / POINTS;
	}
	return sqrt(power - mean * mean);
}

static struct biquad inverse(const struct biquad *s)
{
	return (struct biquad){1 / s->b0, s->a1 / s->b0, s->a2 / s->b0, s->b1 / s->b0, s->b2 / s->b0};
}

static int voice_init(struct voice *voice, const struct saturation *s)
{
	*voice = (struct voice){.x1 = s->bias, .root1 = sqrt(1 + s->bias * s->bias)};
	voice->multirate = multirate_create(s->factor);
	return voice->multirate ? delay_init(&voice->dry, multirate_latency(voice->multirate)) : -ENOMEM;
}

static void saturation_finish(void *state)
{
	struct saturation *s = state;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++) {
		multirate_destroy(s->voice[c].multirate);
		delay_finish(&s->voice[c].dry);
	}
}

static void design(struct saturation *s, const struct saturation_settings *settings, uint32_t rate)
{
	const double reference = units_from_db(reference_db), output = units_from_db(settings->output_db);
	s->tape = settings->kind == SATURATION_TAPE;
	s->tube = settings->kind == SATURATION_TUBE;
	s->drive = units_from_db(settings->drive_db);
	s->bias = s->tube ? tube_bias : 0;
	s->offset = bend(s->bias);
	s->wet = output * settings->mix_percent / 100 * reference * M_SQRT1_2 / bent_rms(s, reference);
	s->dry = output * (1 - settings->mix_percent / 100);
	s->emphasis = filter_design(FILTER_HIGHSHELF, emphasis_hz, emphasis_q, emphasis_db, rate);
	s->deemphasis = inverse(&s->emphasis);
	double keep = exp(-2 * M_PI * dc_hz / rate);
	s->highpass = (struct biquad){.b0 = (1 + keep) / 2, .b1 = -(1 + keep) / 2, .a1 = -keep};
}

static int saturation_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	struct saturation *s = state;
	s->channels = format->channels;
	s->factor = 2;
	while (s->factor < MULTIRATE_FACTOR_MOST && s->factor * (double)format->rate < oversampled_hz)
		s->factor *= 2;
	design(s, settings, format->rate);
	for (uint32_t c = 0; c < s->channels; c++) {
		int result = voice_init(&s->voice[c], s);
		if (result < 0) {
			saturation_finish(s);
			return error_errno(e, result, "saturation");
		}
	}
	return 0;
}

/* In place. In tiles of a fixed count, whatever `count` is: that is what compilers turn into vectors, and
 * what lies past the end is room of the caller's that counts for nothing. */
static void bend_all(
	const struct saturation *s, struct voice *voice, double samples[HIGH_CHUNK], size_t count)
{
	double x[1 + HIGH_CHUNK], root[1 + HIGH_CHUNK];
	const double drive = s->drive, bias = s->bias, offset = s->offset;
	x[0] = voice->x1;
	root[0] = voice->root1;
	for (size_t from = 0; from < count; from += TILE) {
		double *to = samples + from, *tile = x + from, *roots = root + from;
		for (int i = 0; i < TILE; i++)
			tile[i + 1] = drive * to[i] + bias;
		for (int i = 0; i < TILE; i++)
			roots[i + 1] = sqrt(1 + tile[i + 1] * tile[i + 1]);
		for (int i = 0; i < TILE; i++)
			to[i] = (tile[i] + tile[i + 1]) / (roots[i] + roots[i + 1]) - offset;
	}
	voice->x1 = x[count];
	voice->root1 = root[count];
}

static void process_chunk(const struct saturation *s, struct voice *voice, double *samples, size_t count)
{
	double wet[MULTIRATE_CHUNK], high[HIGH_CHUNK] = {0};
	for (size_t i = 0; i < count; i++)
		samples[i] = wet[i] = finite_sample(samples[i]);
	if (s->tape)
		filter_run(&s->emphasis, &voice->before, wet, count);
	multirate_up(voice->multirate, wet, count, high);
	bend_all(s, voice, high, count * s->factor);
	multirate_down(voice->multirate, high, count, wet);
	if (s->tape)
		filter_run(&s->deemphasis, &voice->after, wet, count);
	if (s->tube)
		filter_run(&s->highpass, &voice->block_dc, wet, count);
	delay_run(&voice->dry, samples, count);
	for (size_t i = 0; i < count; i++)
		samples[i] = s->dry > 0 ? s->dry * samples[i] + s->wet * wet[i] : s->wet * wet[i];
}

static void delay_only(const struct saturation *s, struct voice *voice, double *samples, size_t count)
{
	delay_run(&voice->dry, samples, count);
	for (size_t i = 0; i < count; i++)
		samples[i] *= s->dry;
}

static void saturation_process(void *state, struct block *block)
{
	struct saturation *s = state;
	for (uint32_t c = 0; c < block->channels; c++) {
		struct voice *voice = &s->voice[c];
		for (size_t from = 0; from < block->frames; from += MULTIRATE_CHUNK) {
			size_t left = block->frames - from;
			size_t count = left < MULTIRATE_CHUNK ? left : MULTIRATE_CHUNK;
			if (s->wet == 0)
				delay_only(s, voice, block->channel[c] + from, count);
			else
				process_chunk(s, voice, block->channel[c] + from, count);
		}
	}
}

static uint32_t saturation_latency(const void *state)
{
	const struct saturation *s = state;
	return multirate_latency(s->voice[0].multirate);
}

static void saturation_reset(void *state)
{
	struct saturation *s = state;
	for (uint32_t c = 0; c < s->channels; c++) {
		struct voice *voice = &s->voice[c];
		multirate_reset(voice->multirate);
		delay_reset(&voice->dry);
		voice->x1 = s->bias;
		voice->root1 = sqrt(1 + s->bias * s->bias);
		voice->before = voice->after = voice->block_dc = (struct biquad_memory){0};
	}
}

const struct processor_type saturation_type = {
	.settings = &saturation_record,
	.state_size = sizeof(struct saturation),
	.init = saturation_init,
	.process = saturation_process,
	.latency = saturation_latency,
	.reset = saturation_reset,
	.finish = saturation_finish,
};
