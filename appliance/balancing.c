#include "appliance/balancing.h"

#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct balancing {
	struct mixdown *mixdown;
	const struct session *session;
	uint32_t rate;
	size_t count, windows;
	struct survey **surveys; /* one a track, as are the others */
	struct r128 **meters;
	struct activity_track *activities;
	struct balance_track *tracks;
	struct unmask *unmasks;
	bool *active; /* `windows` a track */
};

static const struct track_config *config_of(const struct balancing *b, size_t track)
{
	return (const struct track_config *)b->session->tracks.items + track;
}

static int prepare(struct balancing *b, struct error *e)
{
	b->count = b->session->tracks.count;
	b->surveys = memory_array(b->count, sizeof(struct survey *));
	b->meters = memory_array(b->count, sizeof(struct r128 *));
	b->activities = memory_array(b->count, sizeof(*b->activities));
	b->tracks = memory_array(b->count, sizeof(*b->tracks));
	b->unmasks = memory_array(b->count, sizeof(*b->unmasks));
	int result = 0;
	for (size_t i = 0; i < b->count && result == 0; i++) {
		uint32_t channels = b->mixdown->edits->stems->list[i].reel.channels;
		result = survey_create(&b->surveys[i], b->rate, channels, e);
		b->meters[i] = r128_create(b->rate, channels);
		if (result == 0 && !b->meters[i])
			result = error_errno(e, ENOMEM, "balance");
	}
	return result;
}

static void finish(struct balancing *b)
{
	for (size_t i = 0; i < b->count; i++) {
		survey_destroy(b->surveys[i]);
		r128_destroy(b->meters[i]);
	}
	free(b->surveys);
	free(b->meters);
	free(b->activities);
	free(b->tracks);
	free(b->unmasks);
	free(b->active);
}

static void cut(struct balancing *b)
{
	unmask_find(b->tracks, b->count, b->windows, b->session->mix.unmask_db, b->unmasks);
	for (size_t i = 0; i < b->count; i++)
		for (size_t k = 0; k < b->unmasks[i].count; k++)
			mix_cut(b->mixdown->mix, i, b->unmasks[i].cuts[k].frequency_hz, UNMASK_Q,
				b->unmasks[i].cuts[k].gain_db);
}

/* From what was recorded to the gains before the chains and the cuts behind them. */
static void stage(struct balancing *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->activities[i].windows = survey_windows(b->surveys[i], &b->windows);
	b->active = memory_array(b->count * b->windows + 1, sizeof(*b->active));
	for (size_t i = 0; i < b->count; i++) {
		b->activities[i].role = config_of(b, i)->role;
		b->activities[i].active = b->active + i * b->windows;
		b->tracks[i] = (struct balance_track){.activity = &b->activities[i],
			.offset_lu = config_of(b, i)->balance_lu,
			.given_db = config_of(b, i)->gain_db};
	}
	activity_find(b->activities, b->count, b->windows);
	balance_stage(b->tracks, b->count);
	for (size_t i = 0; i < b->count; i++)
		mix_set_input(b->mixdown->mix, i, b->tracks[i].input_db);
	cut(b);
}

/* Nobody hears what is muted: no level, and nothing to set. */
static double loudness_of(const struct balancing *b, size_t track)
{
	size_t count;
	const double *energies = r128_blocks(b->meters[track], &count);
	uint32_t step = b->rate / 10;
	size_t late = (mix_chain_latency(b->mixdown->mix, track) + step / 2) / step;
	return balance_loudness(&b->activities[track], b->windows, energies, count, late);
}

static void solve(struct balancing *b, struct track_balance *results)
{
	for (size_t i = 0; i < b->count; i++)
		b->tracks[i].lufs = loudness_of(b, i);
	balance_solve(b->tracks, b->count, b->windows);
	for (size_t i = 0; i < b->count; i++) {
		const struct balance_track *track = &b->tracks[i];
		mix_set_fader(b->mixdown->mix, i, track->fader_db);
		results[i] = (struct track_balance){.lufs = track->lufs - track->input_db,
			.target_lufs = track->target_lufs,
			.gain_db = track->input_db + track->fader_db,
			.input_db = track->input_db,
			.unmask = b->unmasks[i],
			.plays = track->activity->plays};
	}
}

int balancing_run(struct mixdown *mixdown, const struct session *session, uint32_t rate,
	struct track_balance *results, struct error *e)
{
	struct balancing b = {.mixdown = mixdown, .session = session, .rate = rate};
	int result = prepare(&b, e);
	if (result == 0)
		result = mixdown_survey(mixdown, b.surveys, e);
	if (result == 0) {
		stage(&b);
		result = mixdown_measure(mixdown, b.meters, e);
	}
	if (result == 0)
		solve(&b, results);
	finish(&b);
	return result;
}
