#include "appliance/measure.h"

#include "audio/r128.h"
#include "audio/soundfile.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = (SOUNDFILE_CHANNELS + 1) / BLOCK_CHANNELS };

/* What one file goes through. Loudness is of all channels together, levels of pairs of them. */
struct measuring {
	struct measure *measure;
	struct soundfile *file;
	struct r128 *loudness;
	struct meter *levels[PAIRS];
	struct translation *translation;
	size_t point_room;
	double *samples; /* SOUNDFILE_CHANNELS rows of BLOCK_FRAMES */
};

static void on_poll(void *data, double momentary, double short_term)
{
	struct measuring *m = data;
	struct measure *to = m->measure;
	if (to->point_count == m->point_room) {
		m->point_room = m->point_room ? 2 * m->point_room : 4096;
		to->points = memory_grow(to->points, m->point_room, sizeof(*to->points));
	}
	to->points[to->point_count++] = (struct measure_point){(float)momentary, (float)short_term};
}

static uint32_t channels_of_pair(const struct measure *measure, uint32_t pair)
{
	uint32_t left = measure->channels - BLOCK_CHANNELS * pair;
	return left < BLOCK_CHANNELS ? left : BLOCK_CHANNELS;
}

static int open_meters(struct measuring *m, const struct soundfile_format *format, struct error *e)
{
	struct measure *to = m->measure;
	m->loudness = r128_create(format->rate, format->channels);
	if (!m->loudness)
		return error_errno(e, ENOMEM, "measure");
	for (uint32_t c = 0; c < format->channels; c++)
		r128_set_weight(m->loudness, c, format->weights[c]);
	r128_set_poll(m->loudness, on_poll, m);
	int result = 0;
	for (uint32_t p = 0; p * BLOCK_CHANNELS < format->channels && result == 0; p++)
		result = meter_create(&m->levels[p], format->rate, channels_of_pair(to, p), e);
	if (result == 0 && to->translates)
		result = translation_create(&m->translation, format->rate, format->channels, e);
	return result;
}

static int open_all(struct measuring *m, const char *path, struct error *e)
{
	int result = soundfile_open(&m->file, path, e);
	if (result < 0)
		return result;
	const struct soundfile_format *format = soundfile_format(m->file);
	m->measure->rate = format->rate;
	m->measure->channels = format->channels;
	m->measure->translates = format->channels <= BLOCK_CHANNELS;
	snprintf(m->measure->format, sizeof(m->measure->format), "%s", format->name);
	m->samples = memory_array(SOUNDFILE_CHANNELS * BLOCK_FRAMES, sizeof(double));
	return open_meters(m, format, e);
}

static int add(struct measuring *m, double *const *channels, uint32_t frames, struct error *e)
{
	int result = r128_add_planar(m->loudness, (const double *const *)channels, frames);
	for (uint32_t p = 0; p < PAIRS && m->levels[p] && result == 0; p++) {
		struct block block = {channels_of_pair(m->measure, p), frames, {0}};
		for (uint32_t c = 0; c < block.channels; c++)
			block.channel[c] = channels[p * BLOCK_CHANNELS + c];
		result = meter_add(m->levels[p], &block);
		if (result == 0 && m->translation)
			result = translation_add(m->translation, &block);
	}
	return result < 0 ? error_errno(e, result, "measure") : 0;
}

static int read_all(struct measuring *m, struct error *e)
{
	double *channels[SOUNDFILE_CHANNELS];
	for (size_t c = 0; c < SOUNDFILE_CHANNELS; c++)
		channels[c] = m->samples + c * BLOCK_FRAMES;
	for (;;) {
		int frames = soundfile_read(m->file, channels, BLOCK_FRAMES, e);
		int result = frames > 0 ? add(m, channels, (uint32_t)frames, e) : frames;
		if (frames <= 0 || result < 0)
			return result;
	}
}

/* Peaks are the highest of all channels, power their mean; correlation is of a stereo pair. */
static void conclude(struct measuring *m)
{
	struct meter_reading *to = &m->measure->reading;
	double power = 0;
	*to = (struct meter_reading){
		.true_peak_dbtp = -INFINITY, .sample_peak_dbfs = -INFINITY, .correlation = NAN};
	for (uint32_t p = 0; p < PAIRS && m->levels[p]; p++) {
		struct meter_reading pair;
		meter_read(m->levels[p], &pair);
		to->frames = pair.frames;
		to->true_peak_dbtp = fmax(to->true_peak_dbtp, pair.true_peak_dbtp);
		to->sample_peak_dbfs = fmax(to->sample_peak_dbfs, pair.sample_peak_dbfs);
		to->correlation = m->measure->translates ? pair.correlation : NAN;
		power += pow(10, pair.rms_dbfs / 10) * channels_of_pair(m->measure, p);
	}
	to->rms_dbfs = 10 * log10(power / m->measure->channels);
	meter_read_loudness(m->loudness, to);
	m->measure->crest_db = to->sample_peak_dbfs - to->rms_dbfs;
	if (m->translation)
		translation_read(m->translation, &m->measure->translation);
}

int measure_file(struct measure *measure, const char *path, struct error *e)
{
	*measure = (struct measure){0};
	struct measuring m = {.measure = measure};
	int result = open_all(&m, path, e);
	if (result == 0)
		result = read_all(&m, e);
	if (result == 0)
		conclude(&m);
	else
		measure_finish(measure);
	translation_destroy(m.translation);
	for (size_t p = 0; p < PAIRS; p++)
		meter_destroy(m.levels[p]);
	r128_destroy(m.loudness);
	soundfile_close(m.file);
	free(m.samples);
	return result;
}

void measure_finish(struct measure *measure)
{
	free(measure->points);
	measure->points = NULL;
	measure->point_count = 0;
}

/* ---- JSON ---- */

json_t *measure_figure(double value)
{
	return isfinite(value) ? json_real(round(value * 100) / 100) : json_null();
}

static json_t *verdict(bool passes)
{
	return json_string(passes ? "pass" : "warn");
}

json_t *measure_translation_json(const struct translation_reading *r)
{
	json_t *mono = json_pack("{s:o, s:o, s:o, s:o}", "result", verdict(r->mono), "loss_lu",
		measure_figure(r->mono_loss_lu), "worst_band_db", measure_figure(r->mono_worst_db),
		"worst_band_hz", measure_figure(r->mono_worst_hz));
	json_t *phone = json_pack("{s:o, s:o, s:o}", "result", verdict(r->phone), "voice_change_lu",
		measure_figure(r->phone_voice_lu), "bass_overtones_db", measure_figure(r->phone_bass_db));
	json_t *car = json_pack("{s:o, s:o}", "result", verdict(r->car), "above_noise_percent",
		measure_figure(r->car_above * 100));
	json_t *earbuds = json_pack(
		"{s:o, s:o}", "result", verdict(r->earbuds), "side_only_s", measure_figure(r->earbuds_s));
	return json_pack(
		"{s:o, s:o, s:o, s:o}", "mono", mono, "phone", phone, "car", car, "earbuds", earbuds);
}

static json_t *thirds(const struct translation_reading *r)
{
	json_t *list = json_array();
	for (size_t i = 0; i < LONGTERM_THIRDS; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "hz", measure_figure(longterm_third_hz(i)), "db",
				      measure_figure(r->third_db[i])));
	return list;
}

json_t *measure_json(const struct measure *m)
{
	const struct meter_reading *r = &m->reading;
	const struct {
		const char *name;
		double value;
	} figures[] = {
		{"seconds", (double)r->frames / m->rate},
		{"integrated_lufs", r->integrated_lufs},
		{"max_momentary_lufs", r->max_momentary_lufs},
		{"max_short_term_lufs", r->max_short_term_lufs},
		{"lra_lu", r->lra_lu},
		{"true_peak_dbtp", r->true_peak_dbtp},
		{"sample_peak_dbfs", r->sample_peak_dbfs},
		{"rms_dbfs", r->rms_dbfs},
		{"plr_lu", r->true_peak_dbtp - r->integrated_lufs},
		{"psr_lu", r->true_peak_dbtp - r->max_short_term_lufs},
		{"crest_db", m->crest_db},
		{"correlation", r->correlation},
		{"tilt_db_per_octave", m->translates ? m->translation.tilt_db_per_octave : NAN},
	};
	json_t *all = json_pack("{s:s, s:i, s:i, s:I}", "format", m->format, "rate", (int)m->rate, "channels",
		(int)m->channels, "frames", (json_int_t)r->frames);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(all, figures[i].name, measure_figure(figures[i].value));
	json_object_set_new(all, "third_octaves", m->translates ? thirds(&m->translation) : json_null());
	json_object_set_new(
		all, "translation", m->translates ? measure_translation_json(&m->translation) : json_null());
	return all;
}
