/* hum: the mains' hum, subtracted as what it is, a sum of harmonics; no notch touches the music beside it. */
#include "common/units.h"
#include "editing/hum-track.h"
#include "editing/processors.h"

#include <math.h>

/* A hum has to keep its phase so well, in at least so many harmonics, to be believed. */
#define CONFIDENT 0.6
#define HEARD 1e-5 /* -100 dBFS */
enum { FEWEST_HARMONICS = 2 };

static const char *const fundamentals[] = {"auto", "50", "60", NULL};

static const struct key hum_keys[] = {
	{.name = "fundamental",
		.type = KEY_CHOICE,
		.offset = offsetof(struct hum_settings, fundamental),
		.choices = fundamentals,
		.help = "The mains' frequency in Hz; auto takes the one that is heard."},
	{.name = "harmonics",
		.type = KEY_INTEGER,
		.offset = offsetof(struct hum_settings, harmonics),
		.least = 1,
		.most = HUM_HARMONICS_MOST,
		.fallback = "24",
		.help = "How many are looked for, the fundamental included."},
};

static const struct record hum_record = {
	.name = "hum",
	.help = "Subtracts the mains' hum, harmonic by harmonic.",
	.size = sizeof(struct hum_settings),
	.keys = hum_keys,
	.key_count = KEY_COUNT(hum_keys),
};

enum { MAINS = 2 };

static const double mains_hz[MAINS] = {50, 60};

struct hum {
	uint32_t channels;
	struct hum_track *tracks[BLOCK_CHANNELS][MAINS]; /* NULL: not asked for */
	struct hum_track *chosen[BLOCK_CHANNELS];	 /* NULL: no hum */
};

static void hum_finish(void *state)
{
	struct hum *hum = state;
	for (uint32_t c = 0; c < hum->channels; c++)
		for (int m = 0; m < MAINS; m++)
			hum_track_destroy(hum->tracks[c][m]);
}

static int hum_init(void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	const struct hum_settings *wanted = settings;
	struct hum *hum = state;
	(void)e;
	hum->channels = format->channels;
	for (uint32_t c = 0; c < hum->channels; c++)
		for (int m = 0; m < MAINS; m++)
			if (wanted->fundamental == HUM_AUTO || wanted->fundamental == HUM_50 + m)
				hum->tracks[c][m] = hum_track_create(
					format->rate, mains_hz[m], (unsigned)wanted->harmonics);
	return 0;
}

static void hum_analyse(void *state, const struct block *block, const struct block *key)
{
	struct hum *hum = state;
	(void)key;
	for (uint32_t c = 0; c < block->channels; c++)
		for (int m = 0; m < MAINS; m++)
			if (hum->tracks[c][m])
				hum_track_add(hum->tracks[c][m], block->channel[c], block->frames);
}

static struct hum_track *choose(struct hum_track *const tracks[static MAINS])
{
	struct hum_track *best = NULL;
	for (int m = 0; m < MAINS; m++) {
		if (!tracks[m])
			continue;
		hum_track_conclude(tracks[m]);
		if (hum_track_confidence(tracks[m]) < CONFIDENT || hum_track_rms(tracks[m]) < HEARD ||
			hum_track_harmonics(tracks[m]) < FEWEST_HARMONICS)
			continue;
		if (!best || hum_track_rms(tracks[m]) > hum_track_rms(best))
			best = tracks[m];
	}
	return best;
}

static void hum_conclude(void *state)
{
	struct hum *hum = state;
	for (uint32_t c = 0; c < hum->channels; c++)
		hum->chosen[c] = choose(hum->tracks[c]);
}

static void hum_process(void *state, struct block *block)
{
	struct hum *hum = state;
	for (uint32_t c = 0; c < block->channels; c++)
		if (hum->chosen[c])
			hum_track_subtract(hum->chosen[c], block->channel[c], block->frames);
}

static void hum_reset(void *state)
{
	struct hum *hum = state;
	for (uint32_t c = 0; c < hum->channels; c++)
		if (hum->chosen[c])
			hum_track_rewind(hum->chosen[c]);
}

static size_t hum_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	const struct hum *hum = state;
	const struct hum_track *loudest = NULL;
	for (uint32_t c = 0; c < hum->channels; c++)
		if (hum->chosen[c] && (!loudest || hum_track_rms(hum->chosen[c]) > hum_track_rms(loudest)))
			loudest = hum->chosen[c];
	notes[0] = (struct processor_note){"applied", loudest != NULL};
	if (!loudest)
		return 1;
	notes[1] = (struct processor_note){"fundamental_hz", hum_track_hz(loudest)};
	notes[2] = (struct processor_note){"harmonics", hum_track_harmonics(loudest)};
	notes[3] = (struct processor_note){"hum_dbfs", units_to_db(hum_track_rms(loudest))};
	return 4;
}

const struct processor_type hum_type = {
	.settings = &hum_record,
	.state_size = sizeof(struct hum),
	.init = hum_init,
	.process = hum_process,
	.analyse = hum_analyse,
	.conclude = hum_conclude,
	.notes = hum_notes,
	.reset = hum_reset,
	.finish = hum_finish,
};
