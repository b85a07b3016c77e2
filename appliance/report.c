#include "appliance/report.h"

#include "appliance/measure.h"
#include "appliance/render-arrangement.h"
#include "appliance/report-edits.h"
#include "common/memory.h"
#include "mixer/place.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPORT_FORMAT = 1, DIGITS = 6 };

/* Two decimals: a hundredth of a decibel is finer than anyone hears. */
static json_t *figure(double value)
{
	return measure_figure(value);
}

static json_t *levels(double lufs, double dbtp)
{
	return json_pack("{s:o, s:o}", "lufs", figure(lufs), "dbtp", figure(dbtp));
}

/* PLR and PSR: AES TD1008. Both are of the true peak, over integrated and the loudest short-term loudness. */
static json_t *programme(const struct meter_reading *reading)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "lufs", figure(reading->integrated_lufs),
		"max_momentary_lufs", figure(reading->max_momentary_lufs), "max_short_term_lufs",
		figure(reading->max_short_term_lufs), "dbtp", figure(reading->true_peak_dbtp), "lra_lu",
		figure(reading->lra_lu), "plr_lu", figure(reading->true_peak_dbtp - reading->integrated_lufs),
		"psr_lu", figure(reading->true_peak_dbtp - reading->max_short_term_lufs), "correlation",
		figure(reading->correlation));
}

static json_t *interfaces(const struct render_result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < result->take.interface_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o}", "name", result->take.interfaces[i].name, "ppm",
				      figure(result->take.interfaces[i].ppm), "corrected_ppm",
				      figure(result->corrected_ppm[i])));
	return list;
}

/* What a track's place did to it; null for one without. */
static json_t *place(const struct track_config *track, uint32_t rate)
{
	const struct place_config *asked = &track->place;
	struct place place;
	if (asked->width == 0 && asked->depth == 0 && asked->height == 0)
		return json_null();
	place_init(&place, asked, track->pan, rate);
	const struct place_figures *did = &place.figures;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "pan", figure(did->pan), "side_percent",
		figure(did->side * 100), "gain_db", figure(did->gain_db), "treble_db", figure(did->treble_db),
		"bass_db", figure(did->bass_db), "delay_ms", figure(did->delay_s * 1000));
}

static double recorded_lufs(const struct manifest *take, const char *name)
{
	for (size_t i = 0; i < take->track_count; i++)
		if (strcmp(take->tracks[i].name, name) == 0)
			return take->tracks[i].lufs;
	return NAN;
}

/* Measured where something was balanced, after the chain and before any gain: with `gain_db` on top it is at
 * `target_lufs`. As recorded elsewhere. */
static void add_levels(
	json_t *object, const struct render_result *result, const struct track_config *track, size_t index)
{
	const struct track_balance *balance = result->balance ? &result->balance[index] : NULL;
	json_object_set_new(
		object, "lufs", figure(balance ? balance->lufs : recorded_lufs(&result->take, track->name)));
	json_object_set_new(object, "target_lufs", figure(balance ? balance->target_lufs : NAN));
	json_object_set_new(object, "gain_db", figure(balance ? balance->gain_db : track->gain_db));
	json_object_set_new(object, "trim_db", figure(track->trim_db));
	json_object_set_new(object, "pan", figure(track->pan));
	json_object_set_new(object, "input_gain_db", figure(balance ? balance->input_db : 0));
	json_object_set_new(object, "plays", balance ? json_boolean(balance->plays) : json_null());
}

/* What was cut out of a track behind its chain, and for whom. */
static json_t *cuts(const struct render_result *result, const struct session *session, size_t index)
{
	json_t *list = json_array();
	const struct track_config *configs = session->tracks.items;
	const struct unmask *unmask = result->balance ? &result->balance[index].unmask : NULL;
	for (size_t i = 0; unmask && i < unmask->count; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:s}", "frequency_hz", figure(unmask->cuts[i].frequency_hz),
				"gain_db", figure(unmask->cuts[i].gain_db), "for",
				configs[unmask->cuts[i].for_track].name));
	return list;
}

static json_t *tracks(
	const struct render_result *result, const struct session *session, const struct edits *edits)
{
	json_t *list = json_array();
	const struct track_config *configs = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++) {
		json_t *object = json_pack("{s:s, s:s?}", "name", configs[i].name, "role", configs[i].role);
		add_levels(object, result, &configs[i], i);
		json_object_set_new(object, "place", place(&configs[i], result->take.rate));
		json_object_set_new(object, "unmask", cuts(result, session, i));
		json_object_set_new(object, "edits", report_edits(edits, i));
		json_array_append_new(list, object);
	}
	return list;
}

json_t *report_files(const struct renditions *renditions)
{
	json_t *list = json_array();
	for (size_t i = 0; i < renditions->count; i++) {
		const struct rendition *r = &renditions->list[i];
		json_array_append_new(list,
			json_pack("{s:s, s:i, s:o, s:o, s:o}", "file", r->file, "rate", (int)r->rate, "lufs",
				figure(r->reading.integrated_lufs), "dbtp", figure(r->reading.true_peak_dbtp),
				"lowered_db", figure(r->lowered_db)));
	}
	return list;
}

static json_t *reduction(const struct multiband_reduction *taken, double threshold_db)
{
	return json_pack("{s:o, s:o, s:o}", "threshold_db", figure(threshold_db), "most_reduction_db",
		figure(taken->most_db), "mean_reduction_db", figure(taken->mean_db));
}

/* What the chain did; null where nothing was to be done. */
static json_t *chain(const struct master_plan *plan)
{
	const struct shaping_report *did = &plan->chain;
	if (!plan->shaped)
		return json_null();
	json_t *tone = json_array(), *bands = json_array();
	for (size_t i = 0; i < did->tone_count; i++)
		json_array_append_new(tone, json_pack("{s:o, s:o}", "frequency_hz", figure(did->tone_hz[i]),
						    "gain_db", figure(did->tone_db[i])));
	for (size_t i = 0; i < did->band_count; i++) {
		json_t *band = reduction(&did->band[i], did->band_threshold_db[i]);
		json_object_set_new(band, "below_hz", figure(did->band_below_hz[i]));
		json_array_append_new(bands, band);
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "highpass_hz",
		figure(did->highpass_hz > 0 ? did->highpass_hz : NAN), "tone", tone, "multiband", bands,
		"width_percent", figure(did->width_percent), "mono_below_hz",
		figure(did->mono_below_hz > 0 ? did->mono_below_hz : NAN), "glue",
		did->glues ? reduction(&did->glue, did->glue_threshold_db) : json_null(), "soft_clip_db",
		figure(plan->soft_clip_db));
}

static const char *dither_name(const struct master_plan *plan)
{
	return !plan->dithers ? "none" : master_dithers[plan->noise_shaped];
}

void report_add_master(
	json_t *report, const struct master_plan *plan, const struct translation_reading *translation)
{
	json_object_set_new(report, "requested", levels(plan->requested_lufs, plan->requested_dbtp));
	json_object_set_new(report, "achieved", levels(plan->achieved_lufs, plan->master.true_peak_dbtp));
	json_object_set_new(report, "limited_by",
		plan->limited_by == MASTER_LIMIT_NONE ? json_null()
						      : json_string(master_limit_name(plan->limited_by)));
	json_t *master = programme(&plan->master);
	json_object_set_new(master, "gain_db", figure(plan->gain_db));
	json_object_set_new(master, "limiter_ceiling_db", figure(plan->limits ? plan->ceiling_db : NAN));
	json_object_set_new(master, "most_reduction_db", figure(plan->most_reduction_db));
	json_object_set_new(master, "chain", chain(plan));
	json_object_set_new(master, "mix_lufs", figure(plan->mix.integrated_lufs));
	json_object_set_new(master, "mix_lra_lu", figure(plan->mix.lra_lu));
	json_object_set_new(master, "loudness_of", json_string(plan->by_title ? "loudest title" : "whole"));
	json_object_set_new(master, "runs", json_integer(plan->runs));
	json_object_set_new(master, "dither", json_string(dither_name(plan)));
	json_object_set_new(report, "master", master);
	json_object_set_new(report, "lra_lu", figure(plan->master.lra_lu));
	json_object_set_new(
		report, "plr_lu", figure(plan->master.true_peak_dbtp - plan->master.integrated_lufs));
	json_object_set_new(
		report, "psr_lu", figure(plan->master.true_peak_dbtp - plan->master.max_short_term_lufs));
	json_object_set_new(report, "correlation", figure(plan->master.correlation));
	json_object_set_new(report, "tilt_db_per_octave", figure(translation->tilt_db_per_octave));
	json_object_set_new(report, "translation", measure_translation_json(translation));
}

static void add_mix(json_t *report, const struct render_result *result, const struct session *session)
{
	json_t *mix = programme(&result->mix);
	json_object_set_new(mix, "preset", json_string(session->mix.preset));
	json_object_set_new(mix, "missing_marker",
		result->missing_marker ? json_string(result->missing_marker) : json_null());
	json_object_set_new(mix, "clipped", json_integer((json_int_t)result->mix_clipped));
	json_object_set_new(report, "mix", mix);
}

char *report_json(const struct render_result *result, const struct loaded_session *session,
	const struct edits *edits, enum render_stage stage)
{
	static const char *const stages[] = {"edit", "mix", "master"};
	struct hash hash = {0};
	struct error e;
	/* It is in memory: more of that is all that it can lack. */
	if (hash_bytes(session->text, strlen(session->text), &hash, &e) < 0)
		memory_is_out();
	json_t *report = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o}", "format", REPORT_FORMAT, "take",
		result->take.id, "version", WOODSHED_VERSION, "session", session->session.name,
		"session_sha256", hash.sha256, "stage", stages[stage], "tracks",
		tracks(result, &session->session, edits));
	json_object_set_new(report, "interfaces", interfaces(result));
	json_object_set_new(report, "edit", report_extent(edits));
	json_object_set_new(report, "arrangement", report_arrangement(result));
	json_object_set_new(report, "cues", report_cues(result));
	song_told_report(&result->song, &session->session, &result->take, report);
	json_object_set_new(report, "comp", result->comp ? json_incref(result->comp) : json_null());
	if (stage >= RENDER_MIX)
		add_mix(report, result, &session->session);
	if (stage == RENDER_MASTER) {
		report_add_master(report, &result->master, &result->translation);
		json_object_set_new(report, "files", report_files(&result->renditions));
	} else {
		json_object_set_new(report, "tilt_db_per_octave", json_null());
		json_object_set_new(report, "translation", json_null());
	}
	json_object_set_new(report, "seconds", figure(result->seconds));
	char *text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
	json_decref(report);
	char *line = memory_format("%s\n", text);
	free(text);
	return line;
}

static void print_files(const struct renditions *renditions)
{
	for (size_t i = 0; i < renditions->count; i++)
		if (renditions->list[i].lowered_db > 0)
			printf("%-12s %.2f dB lower, for the codec's peaks\n", renditions->list[i].file,
				renditions->list[i].lowered_db);
}

static void print_corrected(const struct render_result *result)
{
	for (size_t i = 0; i < result->take.interface_count; i++)
		if (fabs(result->corrected_ppm[i]) >= 0.005)
			printf("drift    %s ran %+.2f ppm off the first interface; corrected\n",
				result->take.interfaces[i].name, result->corrected_ppm[i]);
}

void report_print(const struct render_result *result, enum render_stage stage)
{
	const struct master_plan *plan = &result->master;
	print_corrected(result);
	if (result->arrangement.plan.count > 0)
		printf("order    %zu pieces, %.3f s\n", result->arrangement.plan.count,
			(double)result->arrangement.plan.frames / result->take.rate);
	if (stage == RENDER_EDIT) {
		printf("edited   %zu tracks; %.1f s of work\n", result->edited, result->seconds);
		return;
	}
	printf("mix      %6.1f LUFS  %5.1f dBTP", result->mix.integrated_lufs, result->mix.true_peak_dbtp);
	if (result->mix_clipped)
		printf("  %llu samples clipped in mix.flac (not in the master)",
			(unsigned long long)result->mix_clipped);
	printf("\n");
	if (stage == RENDER_MIX)
		return;
	printf("master   %6.1f LUFS  %5.1f dBTP", plan->master.integrated_lufs, plan->master.true_peak_dbtp);
	if (isfinite(plan->requested_lufs))
		printf("  (asked for %.1f LUFS, at most %.1f dBTP)", plan->requested_lufs,
			plan->requested_dbtp);
	if (plan->limited_by != MASTER_LIMIT_NONE)
		printf("  limited by %s", master_limit_name(plan->limited_by));
	printf("\ngain     %+6.1f dB, the limiter took off %.1f dB at most; %.1f s of work\n", plan->gain_db,
		plan->most_reduction_db, result->seconds);
	print_files(&result->renditions);
}
