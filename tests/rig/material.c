#include "tests/rig/material.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

struct material {
	const struct options *options;
	float *channels[RIG_MAX_CHANNELS]; /* of `frames` samples; NULL is silence */
	unsigned channel_count;
	int64_t frames; /* of the longest file */
	float tone_gain;
	float noise_gain;
};

static int check_file(const struct options *options, const char *path, const SF_INFO *info, struct error *e)
{
	if (info->samplerate != options->rate)
		return error_set(e, EINVAL, "%s: has %d Hz, the interface has %lld Hz", path,
			info->samplerate, (long long)options->rate);
	if (info->frames <= 0)
		return error_set(e, EINVAL, "%s: holds no samples", path);
	return 0;
}

/* Lays the interleaved samples of one file on the next free channels. */
static int add_channels(struct material *m, const float *samples, const SF_INFO *info, struct error *e)
{
	size_t width = (size_t)info->channels;
	for (size_t c = 0; c < width; c++) {
		if (m->channel_count == m->options->channels)
			return error_set(e, EINVAL, "the files have more channels than the interface's %lld",
				(long long)m->options->channels);
		float *out = calloc((size_t)m->frames, sizeof(*out));
		if (!out)
			return error_set(e, ENOMEM, "no memory for %lld frames", (long long)m->frames);
		for (size_t i = 0; i < (size_t)info->frames; i++)
			out[i] = samples[i * width + c];
		m->channels[m->channel_count++] = out;
	}
	return 0;
}

static int load_file(struct material *m, const char *path, struct error *e)
{
	SF_INFO info = {0};
	SNDFILE *file = sf_open(path, SFM_READ, &info);
	if (!file)
		return error_set(e, EINVAL, "%s: %s", path, sf_strerror(NULL));
	float *samples = calloc((size_t)info.frames * (size_t)info.channels, sizeof(*samples));
	int res = samples ? 0 : error_set(e, ENOMEM, "%s: no memory", path);
	if (res == 0 && sf_readf_float(file, samples, info.frames) != info.frames)
		res = error_set(e, EIO, "%s: %s", path, sf_strerror(file));
	if (res == 0)
		res = add_channels(m, samples, &info, e);
	free(samples);
	sf_close(file);
	return res;
}

static int measure_file(struct material *m, const char *path, struct error *e)
{
	SF_INFO info = {0};
	SNDFILE *file = sf_open(path, SFM_READ, &info);
	if (!file)
		return error_set(e, EINVAL, "%s: %s", path, sf_strerror(NULL));
	int res = check_file(m->options, path, &info, e);
	if (info.frames > m->frames)
		m->frames = info.frames;
	sf_close(file);
	return res;
}

/* All tracks get the length of the longest, so they are measured before any is read. */
static int load_files(struct material *m, struct error *e)
{
	for (unsigned i = 0; i < m->options->file_count; i++) {
		int res = measure_file(m, m->options->files[i], e);
		if (res < 0)
			return res;
	}
	for (unsigned i = 0; i < m->options->file_count; i++) {
		int res = load_file(m, m->options->files[i], e);
		if (res < 0)
			return res;
	}
	return 0;
}

static float gain(double dbfs)
{
	return (float)pow(10, dbfs / 20);
}

int material_create(struct material **material, const struct options *options, struct error *e)
{
	struct material *m = calloc(1, sizeof(*m));
	if (!m)
		return error_set(e, ENOMEM, "no memory");
	m->options = options;
	m->tone_gain = gain(options->tone_dbfs);
	/* RMS, as a level meter would show it: uniform noise has the square root of a third of its peak. */
	m->noise_gain = gain(options->noise_dbfs) * 1.7320508F;
	int res = load_files(m, e);
	if (res < 0) {
		material_destroy(m);
		return res;
	}
	*material = m;
	return 0;
}

void material_destroy(struct material *m)
{
	if (!m)
		return;
	for (unsigned c = 0; c < m->channel_count; c++)
		free(m->channels[c]);
	free(m);
}

int64_t material_frames(const struct material *m)
{
	return m->frames;
}

static float ramp(unsigned channel, int64_t frame)
{
	uint32_t bits = (uint32_t)(frame + (int64_t)channel * 65536) & 0xffffffU;
	return (float)((int32_t)(bits << 8) >> 8) / 8388608.0F;
}

static float tone(const struct material *m, int64_t frame)
{
	double turns = fmod((double)frame * m->options->tone_hz / (double)m->options->rate, 1);
	return m->tone_gain * (float)sin(2 * M_PI * turns);
}

/* White noise without state: a hash (splitmix64's finisher) of channel and frame. */
static float noise(unsigned channel, int64_t frame)
{
	uint64_t x = ((uint64_t)channel << 48) + (uint64_t)frame + UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (float)((int32_t)(x >> 40) - 8388608) / 8388608.0F;
}

static void fill_file(const struct material *m, unsigned channel, int64_t at, uint32_t frames, float *out)
{
	if (channel >= m->channel_count)
		return;
	for (uint32_t i = 0; i < frames; i++, at++) {
		int64_t from = m->options->loop && at >= 0 ? at % m->frames : at;
		if (from >= 0 && from < m->frames)
			out[i] = m->channels[channel][from];
	}
}

/* A short bell without energy near half the rate, in the middle of which the machine's clock is at a multiple
 * of `clicks_s`. */
static float click(const struct material *m, const struct crystal *crystal, int64_t frame)
{
	int64_t period = (int64_t)(m->options->clicks_s * 1e9);
	double since = fmod(
		(double)(crystal->start_ns % period) + (double)frame * crystal->ns_per_frame, (double)period);
	double away = fmin(since, (double)period - since) / 80e3;
	return away < 8 ? 0.5F * (float)exp(-away * away / 2) : 0;
}

static void fill(const struct material *m, unsigned channel, int64_t frame, int64_t begin, uint32_t frames,
	const struct crystal *crystal, float *out)
{
	memset(out, 0, frames * sizeof(*out));
	int64_t silent = begin > frame ? begin - frame : 0;
	uint32_t first = silent < frames ? (uint32_t)silent : frames;
	if (m->options->ramp)
		for (uint32_t i = first; i < frames; i++)
			out[i] = ramp(channel, frame + i);
	else if (m->options->tone)
		for (uint32_t i = first; i < frames; i++)
			out[i] = tone(m, frame + i);
	else if (m->options->clicks_s > 0)
		for (uint32_t i = first; i < frames; i++)
			out[i] = click(m, crystal, frame + i);
	else if (first < frames)
		fill_file(m, channel, frame + first - begin, frames - first, out + first);
	if (m->options->noise)
		for (uint32_t i = 0; i < frames; i++)
			out[i] += m->noise_gain * noise(channel, frame + i);
}

/* The stretch from `*frame` on that no hole interrupts, at most `frames`. `*silent`: it lies in a hole; else
 * `*frame` becomes the frame that is heard there, since what was left out moves the material on. */
static uint32_t stretch_at(const struct options *options, int64_t *frame, uint32_t frames, bool *silent)
{
	int64_t at = *frame;
	int64_t end = at + frames;
	*silent = false;
	for (unsigned i = 0; i < options->hole_count; i++) {
		const struct hole *hole = &options->holes[i];
		int64_t hole_end = hole->frame + (hole->silent ? hole->frames : 0);
		if (hole->frame > at)
			end = hole->frame < end ? hole->frame : end;
		else if (!hole->silent)
			*frame += hole->frames;
		else if (hole_end > at) {
			*silent = true;
			end = hole_end < end ? hole_end : end;
		}
	}
	return (uint32_t)(end - at);
}

void material_fill(const struct material *m, unsigned channel, int64_t frame, int64_t begin, uint32_t frames,
	const struct crystal *crystal, float *out)
{
	while (frames > 0) {
		bool silent;
		int64_t heard = frame;
		uint32_t run = stretch_at(m->options, &heard, frames, &silent);
		if (silent)
			memset(out, 0, run * sizeof(*out));
		else
			fill(m, channel, heard, begin, run, crystal, out);
		frame += run;
		out += run;
		frames -= run;
	}
}
