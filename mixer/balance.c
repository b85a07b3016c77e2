#include "mixer/balance.h"

#include "audio/r128.h"

#include <math.h>
#include <string.h>

static const double nominal_peak_db = -12; /* what the presets are written for */
static const double most_input_db = 40;	   /* of a microphone preamplifier's range */
static const double most_fader_db = 24;	   /* what has to go further is no music */
static const double mix_lufs = -21.5;	   /* bleed and reverberation come on top: about −20 in the end */
static const double unplayed_lu = -40;	   /* against the reference: as good as muted */
static const double absolute_gate_lufs = -70; /* BS.1770-5 */
static const double relative_gate = 0.1;      /* −10 LU */

static const char reference_role[] = "lead-vocal";

static double within(double value, double most)
{
	return fmin(fmax(value, -most), most);
}

void balance_stage(struct balance_track *tracks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct activity_track *activity = tracks[i].activity;
		bool staged = isnan(tracks[i].given_db) && activity->plays && isfinite(activity->peak_db);
		tracks[i].input_db = staged ? within(nominal_peak_db - activity->peak_db, most_input_db) : 0;
	}
}

/* A block lies over four steps; it counts where the two in its middle are of active windows. */
static bool is_active(const struct activity_track *activity, size_t windows, size_t block, size_t late)
{
	if (!activity->plays)
		return true;
	if (block + 1 < late)
		return false;
	size_t first = (block + 1 - late) / SURVEY_STEPS, second = (block + 2 - late) / SURVEY_STEPS;
	return second < windows && activity->active[first] && activity->active[second];
}

double balance_loudness(const struct activity_track *activity, size_t windows, const double *energies,
	size_t count, size_t late)
{
	double gate = pow(10, (absolute_gate_lufs + 0.691) / 10), mean = 0;
	for (int pass = 0; pass < 2; pass++) {
		double sum = 0;
		size_t blocks = 0;
		for (size_t i = 0; i < count; i++) {
			if (energies[i] < gate || !is_active(activity, windows, i, late))
				continue;
			sum += energies[i];
			blocks++;
		}
		mean = blocks > 0 ? sum / (double)blocks : 0;
		gate = fmax(gate, mean * relative_gate);
	}
	return r128_from_energy(mean);
}

/* How loud all that play would be together, with the lead vocal at 0 LUFS: the mean over the windows that
 * are not 10 LU below it. */
static double sum_lu(const struct balance_track *tracks, size_t count, size_t windows)
{
	double gate = 0, mean = 0;
	for (int pass = 0; pass < 2; pass++) {
		double sum = 0;
		size_t loud = 0;
		for (size_t w = 0; w < windows; w++) {
			double energy = 0;
			for (size_t i = 0; i < count; i++)
				if (tracks[i].activity->plays && tracks[i].activity->active[w])
					energy += pow(10, tracks[i].offset_lu / 10);
			if (energy <= gate)
				continue;
			sum += energy;
			loud++;
		}
		mean = loud > 0 ? sum / (double)loud : 1;
		gate = mean * relative_gate;
	}
	return 10 * log10(mean);
}

static bool is_heard(const struct balance_track *track)
{
	return track->activity->plays && isfinite(track->lufs);
}

/* Where 0 LU of the offsets is. A lead vocal whose fader a person set says so itself. */
static double find_reference(const struct balance_track *tracks, size_t count, size_t windows)
{
	for (size_t i = 0; i < count; i++) {
		const char *role = tracks[i].activity->role;
		if (role && strcmp(role, reference_role) == 0 && !isnan(tracks[i].given_db) &&
			is_heard(&tracks[i]))
			return tracks[i].lufs + tracks[i].given_db - tracks[i].offset_lu;
	}
	return mix_lufs - sum_lu(tracks, count, windows);
}

void balance_solve(struct balance_track *tracks, size_t count, size_t windows)
{
	double reference = find_reference(tracks, count, windows);
	for (size_t i = 0; i < count; i++) {
		struct balance_track *track = &tracks[i];
		track->target_lufs = NAN;
		track->fader_db = 0;
		if (is_heard(track)) {
			track->target_lufs = reference + track->offset_lu;
			track->fader_db = within(track->target_lufs - track->lufs, most_fader_db);
		} else if (isfinite(track->lufs)) {
			track->fader_db = fmin(reference + unplayed_lu - track->lufs, 0);
		}
		if (!isnan(track->given_db))
			track->fader_db = track->given_db;
	}
}
