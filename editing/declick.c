/* declick: clicks and crackle, found as what the sound before and after does not predict, and filled in.
 *
 * A click is a burst of a few samples that stands out of the prediction error both forwards and backwards in
 * time, between stretches where the error is small. The attack of a drum or a pick stands out as well, but
 * goes on: what follows is as unpredictable. S. J. Godsill and P. J. W. Rayner, "Digital Audio Restoration",
 * Springer 1998, chapter 5. */
#include "common/median.h"
#include "common/memory.h"
#include "editing/autoregression.h"
#include "editing/processors.h"
#include "editing/repair.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	LONGEST = 48, /* samples of one click, at any rate: a scratch of 1 ms at 48 kHz */
	MARGIN = 2,   /* replaced beside what stood out */
	AROUND = 160, /* samples before and after that tell what is usual */
	PASSES = 2,   /* a click spoils the model that it is found by */
};

/* A median of magnitudes over this is the standard deviation of Gaussian noise. */
#define MEDIAN_OF_GAUSS 0.6745

/* So many times the usual error may be a click's, for the model's sake. */
#define SUSPECT 3.5

/* Below this an error is nothing that anyone hears: -110 dBFS. */
#define HEARD 3e-6

static const struct key declick_keys[] = {
	{.name = "threshold",
		.type = KEY_NUMBER,
		.offset = offsetof(struct declick_settings, threshold),
		.least = 4,
		.most = 50,
		.fallback = "6",
		.help = "How many times the usual prediction error a click has to reach; lower finds more, "
			"crackle "
			"too."},
};

static const struct record declick_record = {
	.name = "declick",
	.help = "Fills in clicks and crackle.",
	.size = sizeof(struct declick_settings),
	.keys = declick_keys,
	.key_count = KEY_COUNT(declick_keys),
};

struct declick {
	double threshold;
	uint32_t channels;
	uint64_t found, samples;
	struct repair repairs[BLOCK_CHANNELS];
};

/* A window under examination. */
struct search {
	struct declick *declick;
	double *window;
	struct autoregression model;
	double clean[REPAIR_WINDOW]; /* without what may be clicks: what the model is fitted to */
	double forward[REPAIR_WINDOW], backward[REPAIR_WINDOW];
	bool unknown[REPAIR_WINDOW];
};

/* The usual size of `errors` over AROUND samples from `from` on. */
static double usual(const double *errors, size_t from)
{
	double sizes[AROUND];
	for (size_t i = 0; i < AROUND; i++)
		sizes[i] = fabs(errors[from + i]);
	return fmax(median(sizes, AROUND) / MEDIAN_OF_GAUSS, HEARD);
}

/* Both errors at a sample: an attack shows forwards only, an end backwards only. */
static double surprise(const struct search *s, size_t at)
{
	return fmin(fabs(s->forward[at]), fabs(s->backward[at]));
}

/* Where the burst that begins at `at` ends: before the first stretch of MARGIN + 1 samples that is usual. */
static size_t end_of(const struct search *s, size_t at, double limit)
{
	size_t end = at + 1;
	for (size_t i = at + 1; i < at + 2 * LONGEST && i < end + MARGIN + 1; i++)
		end = surprise(s, i) > limit ? i + 1 : end;
	return end;
}

/* Looks at the burst that begins at `at`; returns where to go on. */
static size_t examine(struct search *s, size_t at)
{
	double before = usual(s->forward, at - AROUND - MARGIN);
	size_t end = end_of(s, at, before * s->declick->threshold / 3);
	if (end - at > LONGEST)
		return end;
	/* The forward error rings for AR_ORDER samples after a click. */
	double after = usual(s->forward, end + AR_ORDER + MARGIN);
	double peak = 0;
	for (size_t i = at; i < end; i++)
		peak = fmax(peak, surprise(s, i));
	if (peak < s->declick->threshold * fmax(before, after))
		return end;
	for (size_t i = at - MARGIN; i < end + MARGIN; i++)
		s->unknown[i] = true;
	s->declick->found++;
	s->declick->samples += end - at + 2 * MARGIN;
	return end + MARGIN;
}

static bool fill(const struct search *s)
{
	/* A click at the edge of the hop reaches into what is looked at next. */
	enum {
		FROM = REPAIR_CONTEXT - 2 * AR_ORDER,
		TO = REPAIR_CONTEXT + REPAIR_HOP + 2 * LONGEST + 2 * AR_ORDER
	};
	return autoregression_fill(&s->model, s->window + FROM, s->unknown + FROM, TO - FROM);
}

static void find_errors(struct search *s, const double *samples)
{
	autoregression_errors(&s->model, samples + AR_ORDER, REPAIR_WINDOW - 2 * (size_t)AR_ORDER,
		s->forward + AR_ORDER, s->backward + AR_ORDER);
}

static double usual_here(const struct search *s)
{
	double least = INFINITY;
	for (size_t at = REPAIR_CONTEXT; at < REPAIR_CONTEXT + REPAIR_HOP; at += AROUND)
		least = fmin(least, usual(s->forward, at));
	return least;
}

/* A click spoils the model that it is to be found by: whatever might be one is bridged by a straight line
 * before the model is fitted again. */
static void fit(struct search *s)
{
	memcpy(s->clean, s->window, sizeof(s->clean));
	autoregression_fit(&s->model, s->clean, REPAIR_WINDOW);
	find_errors(s, s->window);
	double limit = SUSPECT * usual_here(s);
	for (size_t i = 2 * AR_ORDER; i < REPAIR_WINDOW - 2 * AR_ORDER; i++) {
		size_t from = i - 1;
		while (i < REPAIR_WINDOW - 2 * AR_ORDER && surprise(s, i) > limit)
			i++;
		double step = (s->window[i] - s->window[from]) / (double)(i - from);
		for (size_t k = from + 1; k < i; k++)
			s->clean[k] = s->window[from] + step * (double)(k - from);
	}
	autoregression_fit(&s->model, s->clean, REPAIR_WINDOW);
	find_errors(s, s->window);
}

/* Once over the hop; true when something was filled in. */
static bool search_once(struct search *s)
{
	uint64_t found = s->declick->found, samples = s->declick->samples;
	memset(s->unknown, 0, sizeof(s->unknown));
	fit(s);
	double limit = s->declick->threshold * usual_here(s);
	for (size_t i = REPAIR_CONTEXT; i < REPAIR_CONTEXT + REPAIR_HOP;)
		i = surprise(s, i) > limit / 2 ? examine(s, i) : i + 1;
	if (s->declick->found == found)
		return false;
	if (fill(s))
		return true;
	s->declick->found = found;
	s->declick->samples = samples;
	return false;
}

static bool is_silent(const double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fabs(samples[i]) > HEARD)
			return false;
	return true;
}

static void mend(void *data, double *window)
{
	struct declick *declick = data;
	if (is_silent(window, REPAIR_WINDOW))
		return;
	struct search *s = memory_new(sizeof(*s));
	s->declick = declick;
	s->window = window;
	for (int pass = 0; pass < PASSES && search_once(s); pass++)
		;
	free(s);
}

static int declick_init(
	void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	struct declick *declick = state;
	(void)e;
	declick->threshold = ((const struct declick_settings *)settings)->threshold;
	declick->channels = format->channels;
	return 0;
}

static void declick_process(void *state, struct block *block)
{
	struct declick *declick = state;
	for (uint32_t c = 0; c < block->channels; c++)
		repair_run(&declick->repairs[c], block->channel[c], block->frames, mend, declick);
}

static size_t declick_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	const struct declick *declick = state;
	notes[0] = (struct processor_note){"clicks", (double)declick->found};
	notes[1] = (struct processor_note){"samples", (double)declick->samples};
	return 2;
}

static uint32_t declick_latency(const void *state)
{
	(void)state;
	return REPAIR_LATENCY;
}

static void declick_reset(void *state)
{
	struct declick *declick = state;
	declick->found = declick->samples = 0;
	for (uint32_t c = 0; c < declick->channels; c++)
		repair_reset(&declick->repairs[c]);
}

const struct processor_type declick_type = {
	.settings = &declick_record,
	.state_size = sizeof(struct declick),
	.init = declick_init,
	.process = declick_process,
	.notes = declick_notes,
	.latency = declick_latency,
	.reset = declick_reset,
};
