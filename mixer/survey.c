#include "mixer/survey.h"

#include "audio/spectrum.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_A_SECOND = 10, FRAME_MOST = 32768 };

static const double first_band_hz = 63;

struct survey {
	uint32_t channels, step_frames, filled;
	size_t frame; /* of the spectrum: the middle of a step */
	size_t bin_band[FRAME_MOST / 2 + 1];
	struct spectrum *spectrum;
	struct spectrum_bin *bins;
	double *step[BLOCK_CHANNELS]; /* of step_frames */
	struct survey_window *windows;
	size_t count, room; /* of whole windows */
	struct survey_window sum;
	unsigned steps; /* in `sum` */
};

double survey_band_hz(size_t band)
{
	return first_band_hz * pow(2, (double)band);
}

/* Half an octave around the middle of each. */
static size_t band_of(double hz)
{
	double octave = hz > 0 ? round(log2(hz / first_band_hz)) : 0;
	return (size_t)fmin(fmax(octave, 0), SURVEY_BANDS - 1);
}

int survey_create(struct survey **survey, uint32_t rate, uint32_t channels, struct error *e)
{
	struct survey *made = calloc(1, sizeof(*made));
	if (!made)
		return error_errno(e, ENOMEM, "survey");
	made->channels = channels;
	made->step_frames = rate / STEPS_A_SECOND;
	made->frame = 256;
	while (made->frame * 2 <= made->step_frames && made->frame < FRAME_MOST)
		made->frame *= 2;
	int result = spectrum_create(&made->spectrum, made->frame, SPECTRUM_HANN, e);
	size_t bins = made->frame / 2 + 1;
	made->bins = calloc(bins, sizeof(*made->bins));
	for (uint32_t c = 0; c < channels; c++)
		made->step[c] = calloc(made->step_frames + made->frame, sizeof(double));
	for (size_t i = 0; i < bins; i++)
		made->bin_band[i] = band_of((double)i * rate / (double)made->frame);
	if (result == 0 && (!made->bins || !made->step[0] || (channels > 1 && !made->step[1])))
		result = error_errno(e, ENOMEM, "survey");
	if (result < 0) {
		survey_destroy(made);
		return result;
	}
	*survey = made;
	return 0;
}

void survey_destroy(struct survey *survey)
{
	if (!survey)
		return;
	spectrum_destroy(survey->spectrum);
	free(survey->bins);
	for (int c = 0; c < BLOCK_CHANNELS; c++)
		free(survey->step[c]);
	free(survey->windows);
	free(survey);
}

/* One channel of a step; the first bins are the window's own leakage. */
static void add_spectrum(struct survey *s, const double *samples)
{
	static const double nothing = 1e-30;
	double logs = 0, sum = 0;
	size_t bins = s->frame / 2;
	spectrum_forward(s->spectrum,
		samples + (s->step_frames > s->frame ? s->step_frames - s->frame : 0) / 2, s->bins);
	for (size_t i = 2; i < bins; i++) {
		double power = spectrum_power(s->bins[i]);
		s->sum.bands[s->bin_band[i]] += (float)(power / ((double)s->frame * (double)s->frame));
		logs += log2(power + nothing);
		sum += power + nothing;
	}
	double count = (double)(bins - 2);
	s->sum.flatness += (float)(exp2(logs / count) / (sum / count) / SURVEY_STEPS / s->channels);
}

static int keep_window(struct survey *s)
{
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 128;
		struct survey_window *windows = reallocarray(s->windows, room, sizeof(*windows));
		if (!windows)
			return -ENOMEM;
		s->windows = windows;
		s->room = room;
	}
	s->windows[s->count++] = s->sum;
	s->sum = (struct survey_window){0};
	s->steps = 0;
	return 0;
}

static int step_done(struct survey *s)
{
	for (uint32_t c = 0; c < s->channels; c++) {
		add_spectrum(s, s->step[c]);
		for (uint32_t i = 0; i < s->step_frames; i++)
			s->sum.peak = fmaxf(s->sum.peak, (float)fabs(s->step[c][i]));
	}
	s->filled = 0;
	return ++s->steps == SURVEY_STEPS ? keep_window(s) : 0;
}

int survey_add(struct survey *s, const struct block *block)
{
	int result = 0;
	for (uint32_t done = 0, n; done < block->frames && result == 0; done += n) {
		n = s->step_frames - s->filled;
		n = n < block->frames - done ? n : block->frames - done;
		for (uint32_t c = 0; c < s->channels; c++)
			memcpy(s->step[c] + s->filled, block->channel[c] + done, n * sizeof(double));
		s->filled += n;
		if (s->filled == s->step_frames)
			result = step_done(s);
	}
	return result;
}

const struct survey_window *survey_windows(const struct survey *survey, size_t *count)
{
	*count = survey->count;
	return survey->windows;
}
