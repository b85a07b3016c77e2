#include "recorder/trigger.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

#define FLOOR_START_DB (-75.0)	/* believed of a track before it was heard */
#define FLOOR_LEAST_DB (-110.0) /* digital silence counts as this */
#define FLOOR_RISE_DB_PER_S 0.5 /* slow: a long note is not noise */
#define FLOOR_FALL_S 0.5	/* quick: a quiet moment shows the floor */
#define AUTO_ABOVE_FLOOR_DB 15.0
#define AUTO_LEAST_DB (-60.0)
#define HYSTERESIS_DB 6.0

struct listener {
	double floor_db;
	double heard_s; /* above the start threshold, less what it was below since */
};

struct trigger {
	struct recording_config config;
	size_t count;
	double quiet_s;
	bool playing;
	struct listener tracks[];
};

struct trigger *trigger_create(const struct recording_config *config, size_t tracks)
{
	struct trigger *trigger = memory_new(sizeof(*trigger) + tracks * sizeof(struct listener));
	trigger->config = *config;
	trigger->count = tracks;
	for (size_t i = 0; i < tracks; i++)
		trigger->tracks[i].floor_db = FLOOR_START_DB;
	return trigger;
}

void trigger_destroy(struct trigger *trigger)
{
	free(trigger);
}

static void follow_floor(struct listener *track, double peak_db, double seconds)
{
	double level = fmax(peak_db, FLOOR_LEAST_DB);
	if (level < track->floor_db)
		track->floor_db += (level - track->floor_db) * fmin(1, seconds / FLOOR_FALL_S);
	else
		track->floor_db = fmin(level, track->floor_db + FLOOR_RISE_DB_PER_S * seconds);
}

static double start_threshold(const struct trigger *trigger, const struct listener *track)
{
	if (!isnan(trigger->config.start.above_db))
		return trigger->config.start.above_db;
	return fmax(track->floor_db + AUTO_ABOVE_FLOOR_DB, AUTO_LEAST_DB);
}

static double stop_threshold(const struct trigger *trigger, const struct listener *track)
{
	if (!isnan(trigger->config.stop.below_db))
		return trigger->config.stop.below_db;
	return start_threshold(trigger, track) - HYSTERESIS_DB;
}

void trigger_feed(struct trigger *trigger, const double *peak_db, double seconds)
{
	bool heard = false, quiet = true;
	for (size_t i = 0; i < trigger->count; i++) {
		struct listener *track = &trigger->tracks[i];
		/* While a band plays its level is no floor; only falling back teaches. */
		if (!trigger->playing || peak_db[i] < track->floor_db)
			follow_floor(track, peak_db[i], seconds);
		/* A count-in has gaps between its clicks, so time below only takes a third of what time above
		 * gives. */
		if (peak_db[i] > start_threshold(trigger, track))
			track->heard_s += seconds;
		else
			track->heard_s = fmax(0, track->heard_s - seconds / 3);
		heard = heard || track->heard_s >= trigger->config.start.for_s;
		quiet = quiet && peak_db[i] < stop_threshold(trigger, track);
	}
	trigger->quiet_s = quiet ? trigger->quiet_s + seconds : 0;
	if (trigger->playing && trigger->quiet_s >= trigger->config.stop.for_s) {
		trigger->playing = false;
		for (size_t i = 0; i < trigger->count; i++)
			trigger->tracks[i].heard_s = 0;
	} else if (!trigger->playing && heard) {
		trigger->playing = true;
	}
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
