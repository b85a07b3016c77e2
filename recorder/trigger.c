#include "recorder/trigger.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

#define FLOOR_START_DB (-45.0)	/* believed of a track before it was heard: the highest that counts */
#define FLOOR_LEAST_DB (-110.0) /* digital silence counts as this */
#define FLOOR_RISE_DB_PER_S 0.5 /* slow: a long note is not noise */
#define FLOOR_RISE_PLAYING_DB_PER_S 0.02 /* an amplifier that was switched on meanwhile, in time */
#define FLOOR_FALL_S 0.5		 /* quick: a quiet moment shows the floor */
#define AUTO_ABOVE_FLOOR_DB 15.0
#define AUTO_LEAST_DB (-45.0)
#define AUTO_MOST_DB (-30.0)
#define HYSTERESIS_DB 6.0

/* A sound this far below the loudest it just was is its own tail. The loudest is forgotten at the rate at
 * which a plucked string decays; a door in a room is faster by far. */
#define TAIL_DB 10.0
#define TAIL_FORGET_DB_PER_S 30.0

/* A window fed late says that something sounded in it, not that it did all along. */
#define WINDOW_MOST_S 0.1

/* Strokes of one rhythm: a count-in from 30 to 300 beats a minute. */
enum { STROKES = 4 };
#define STROKE_LEAST_S 0.2
#define STROKE_MOST_S 2.0

struct listener {
	double floor_db;
	double loudest_db; /* of late */
	double heard_s;	   /* sounding, less what it was silent since */
	bool sounding;
	int strokes;	 /* in a row */
	double stroke_s; /* since the last one */
	double rhythm_s; /* since the first one */
};

struct trigger {
	struct recording_config config;
	size_t count;
	double quiet_s;
	bool playing;
	struct listener tracks[];
};

struct trigger *trigger_create(
	const struct recording_config *config, size_t tracks, const struct trigger *before)
{
	struct trigger *trigger = memory_new(sizeof(*trigger) + tracks * sizeof(struct listener));
	trigger->config = *config;
	trigger->count = tracks;
	trigger->playing = before && before->playing;
	trigger->quiet_s = before ? before->quiet_s : 0;
	for (size_t i = 0; i < tracks; i++)
		trigger->tracks[i] =
			before && i < before->count
				? before->tracks[i]
				: (struct listener){.floor_db = FLOOR_START_DB, .loudest_db = FLOOR_LEAST_DB};
	return trigger;
}

void trigger_destroy(struct trigger *trigger)
{
	free(trigger);
}

static void follow_floor(struct listener *track, double level, double seconds, bool playing)
{
	double rise = playing ? FLOOR_RISE_PLAYING_DB_PER_S : FLOOR_RISE_DB_PER_S;
	if (level < track->floor_db)
		track->floor_db += (level - track->floor_db) * fmin(1, seconds / FLOOR_FALL_S);
	else
		track->floor_db = fmin(level, track->floor_db + rise * seconds);
}

static double start_threshold(const struct trigger *trigger, const struct listener *track)
{
	if (!isnan(trigger->config.start.above_db))
		return trigger->config.start.above_db;
	return fmin(fmax(track->floor_db + AUTO_ABOVE_FLOOR_DB, AUTO_LEAST_DB), AUTO_MOST_DB);
}

/* Never above what starts, or one level would start take after take. */
static double stop_threshold(const struct trigger *trigger, const struct listener *track)
{
	double start = start_threshold(trigger, track);
	if (!isnan(trigger->config.stop.below_db))
		return fmin(trigger->config.stop.below_db, start);
	return start - HYSTERESIS_DB;
}

static void count_stroke(struct listener *track)
{
	if (track->strokes > 0 && track->stroke_s < STROKE_LEAST_S)
		return;
	if (track->stroke_s > STROKE_MOST_S)
		track->strokes = 0;
	if (track->strokes++ == 0)
		track->rhythm_s = 0;
	track->stroke_s = 0;
}

/* Whether this track, by itself, says that somebody plays. */
static bool hear(const struct trigger *trigger, struct listener *track, double level, double seconds)
{
	track->loudest_db = fmax(level, track->loudest_db - TAIL_FORGET_DB_PER_S * seconds);
	bool sounding = level > start_threshold(trigger, track) && level > track->loudest_db - TAIL_DB;
	track->stroke_s += seconds;
	track->rhythm_s += seconds;
	if (sounding && !track->sounding)
		count_stroke(track);
	track->sounding = sounding;
	/* Music has gaps: time below takes a third of what time above gives. */
	track->heard_s = fmax(0, track->heard_s + (sounding ? fmin(seconds, WINDOW_MOST_S) : -seconds / 3));
	double needed = trigger->config.start.for_s;
	return (track->heard_s > 0 && track->heard_s >= needed) ||
	       (track->strokes >= STROKES && track->rhythm_s >= needed);
}

static void forget(struct listener *track)
{
	track->heard_s = 0;
	track->strokes = 0;
}

void trigger_feed(struct trigger *trigger, const double *peak_db, double seconds)
{
	bool heard = false, quiet = true;
	for (size_t i = 0; i < trigger->count; i++) {
		struct listener *track = &trigger->tracks[i];
		double level = fmax(peak_db[i], -INFINITY); /* what is no number is silence */
		follow_floor(track, fmax(level, FLOOR_LEAST_DB), seconds, trigger->playing);
		heard = hear(trigger, track, level, seconds) || heard;
		quiet = quiet && level < stop_threshold(trigger, track);
	}
	trigger->quiet_s = quiet ? trigger->quiet_s + seconds : 0;
	if (!trigger->playing) {
		trigger->playing = heard;
		return;
	}
	if (trigger->quiet_s < trigger->config.stop.for_s)
		return;
	trigger->playing = false;
	for (size_t i = 0; i < trigger->count; i++)
		forget(&trigger->tracks[i]);
}

bool trigger_playing(const struct trigger *trigger)
{
	return trigger->playing;
}

double trigger_quiet_s(const struct trigger *trigger)
{
	return trigger->quiet_s;
}

double trigger_floor_db(const struct trigger *trigger, size_t track)
{
	return trigger->tracks[track].floor_db;
}
