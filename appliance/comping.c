#include "appliance/comping.h"

#include "appliance/alignment.h"
#include "appliance/reel.h"
#include "appliance/sections.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "editing/tightness.h"
#include "takes/library.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lines a beat: what is played is quarters, eighths and sixteenths of a bar of quarters. */
enum { LINES_A_BEAT = 4, LEAST_ONSETS = 8, LISTED_MOST = 200 };

/* One section of one take, all of its tracks. */
struct attempt {
	const char *take; /* id */
	double spread_ms; /* NAN: not to be told */
	uint64_t clipped, lost;
	double noise_dbfs;
};

struct attempts {
	struct attempt *list;
	size_t count;
};

/* ---- listening ---- */

static double *lines_of(const struct take_section *section, size_t *count)
{
	size_t beats = (size_t)section->grid->bars * (size_t)section->grid->beats;
	double *lines = memory_array(beats * LINES_A_BEAT + 1, sizeof(*lines));
	*count = 0;
	for (size_t b = 0; b < beats; b++) {
		double at = section_beat(section, (int)b), next = section_beat(section, (int)b + 1);
		for (int n = 0; n < LINES_A_BEAT; n++)
			lines[(*count)++] = at + (next - at) * n / LINES_A_BEAT;
	}
	lines[(*count)++] = (double)section->frames;
	return lines;
}

static int hear_track(struct tightness *heard, const struct take_section *section,
	const struct take_track *track, const struct warp *warp, const char *folder, struct error *e)
{
	struct reel reel;
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	double *const channels[BLOCK_CHANNELS] = {samples[0], samples[1]};
	int result = reel_open(&reel, track, warp, folder, e);
	if (result == 0)
		result = reel_skip(&reel, section->frame, e);
	for (uint64_t left = section->frames; left > 0 && result == 0;) {
		uint32_t frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES;
		const struct block block = {reel.channels, frames, {channels[0], channels[1]}};
		result = reel_read(&reel, channels, frames, e);
		if (result == 0)
			tightness_add(heard, &block);
		left -= frames;
	}
	reel_close(&reel);
	return result;
}

static uint64_t overlap(uint64_t begin, uint64_t frames, const struct take_section *section)
{
	uint64_t from = begin > section->frame ? begin : section->frame;
	uint64_t end = begin + frames, last = section->frame + section->frames;
	uint64_t to = end < last ? end : last;
	return to > from ? to - from : 0;
}

static uint64_t lost_in(const struct manifest *take, const struct take_section *section)
{
	uint64_t lost = 0;
	for (size_t i = 0; i < take->interface_count; i++)
		for (size_t g = 0; g < take->interfaces[i].gap_count; g++)
			lost += overlap(take->interfaces[i].gaps[g].frame, take->interfaces[i].gaps[g].frames,
				section);
	return lost;
}

/* The mean square of each track's spread: a player who stands still all along weighs as one who rushes. */
static int hear_take(struct attempt *made, const struct take_section *section, const struct manifest *take,
	const char *folder, struct error *e)
{
	struct alignment alignment;
	size_t line_count, told = 0;
	double *lines = lines_of(section, &line_count), squares = 0, noise = 0;
	int result = 0;
	alignment_load(&alignment, take, folder);
	for (size_t i = 0; i < take->track_count && result == 0; i++) {
		const struct take_track *track = &take->tracks[i];
		struct tightness heard;
		tightness_init(&heard, take->rate);
		result = hear_track(&heard, section, track, alignment_of(&alignment, track), folder, e);
		double spread = tightness_spread(heard.onsets, heard.count, lines, line_count, LEAST_ONSETS);
		if (isfinite(spread)) {
			squares += spread * spread;
			told++;
		}
		made->clipped += heard.clipped;
		noise += isfinite(heard.quietest) ? heard.quietest : 0;
		tightness_finish(&heard);
	}
	made->spread_ms = told > 0 ? 1000 * sqrt(squares / (double)told) / take->rate : NAN;
	made->noise_dbfs = noise > 0 ? 10 * log10(noise) : NAN;
	made->lost = lost_in(take, section);
	alignment_finish(&alignment);
	free(lines);
	return result;
}

static void try_take(struct attempts *attempts, const struct session *session, const char *label,
	const struct manifest *take, const char *folder)
{
	struct take_sections sections;
	struct error e;
	sections_find(&sections, session, take);
	const struct take_section *section = sections_get(&sections, label, 1);
	struct attempt made = {.take = take->id};
	if (section && section->grid && hear_take(&made, section, take, folder, &e) == 0) {
		attempts->list = memory_grow(attempts->list, attempts->count + 1, sizeof(made));
		attempts->list[attempts->count++] = made;
	} else if (section && section->grid) {
		log_warning("best-of: %s of take %s is left out: %s", label, take->id, e.text);
	}
	sections_finish(&sections);
}

/* ---- choosing ---- */

static bool is_whole(const struct attempt *attempt)
{
	return attempt->clipped == 0 && attempt->lost == 0;
}

static bool is_better(const struct attempt *a, const struct attempt *b)
{
	if (is_whole(a) != is_whole(b))
		return is_whole(a);
	if (isfinite(a->spread_ms) != isfinite(b->spread_ms))
		return isfinite(a->spread_ms);
	if (isfinite(a->spread_ms) && a->spread_ms != b->spread_ms)
		return a->spread_ms < b->spread_ms;
	return a->noise_dbfs < b->noise_dbfs;
}

static const struct attempt *choose(const struct attempts *attempts)
{
	const struct attempt *best = NULL;
	for (size_t i = 0; i < attempts->count; i++)
		if (!best || is_better(&attempts->list[i], best))
			best = &attempts->list[i];
	return best;
}

static char *reason(const struct attempts *attempts, const struct attempt *best)
{
	size_t broken = 0;
	for (size_t i = 0; i < attempts->count; i++)
		broken += !is_whole(&attempts->list[i]);
	if (!isfinite(best->spread_ms))
		return memory_text("nobody played enough to tell by");
	char *others = broken > 0 && is_whole(best)
			       ? memory_format("; %zu of %zu are clipped or have lost frames", broken,
					 attempts->count)
			       : memory_text(is_whole(best) ? "" : "; all are clipped or have lost frames");
	char *text = memory_format(
		"onsets spread by %.1f ms around the grid, the least%s", best->spread_ms, others);
	free(others);
	return text;
}

/* ---- the report ---- */

static json_t *figure(double value)
{
	return isfinite(value) ? json_real(round(value * 100) / 100) : json_null();
}

static json_t *section_json(const char *label, const struct attempts *attempts)
{
	const struct attempt *best = choose(attempts);
	json_t *takes = json_array();
	for (size_t i = 0; i < attempts->count; i++)
		json_array_append_new(
			takes, json_pack("{s:s, s:o, s:I, s:I, s:o}", "take", attempts->list[i].take,
				       "spread_ms", figure(attempts->list[i].spread_ms), "clipped",
				       (json_int_t)attempts->list[i].clipped, "lost_frames",
				       (json_int_t)attempts->list[i].lost, "noise_dbfs",
				       figure(attempts->list[i].noise_dbfs)));
	char *why = best ? reason(attempts, best) : memory_text("no take has this section");
	json_t *object = json_pack("{s:s, s:s?, s:s, s:o}", "section", label, "take",
		best ? best->take : NULL, "why", why, "takes", takes);
	free(why);
	return object;
}

static bool is_rival(const struct manifest *other, const struct manifest *take)
{
	return strcmp(other->id, take->id) != 0 && strcmp(other->session, take->session) == 0 &&
	       other->state != TAKE_RECORDING && other->frames > 0;
}

json_t *comping_report(const struct session *session, const struct manifest *take, const char *folder)
{
	const struct section_config *sections = session->arrangement.sections.items;
	char *takes = file_join(folder, "..");
	struct take_list list = {0};
	struct error e;
	json_t *report = json_array();
	if (take_list_load(&list, takes, NULL, LISTED_MOST, &e) < 0)
		log_warning("best-of: %s", e.text);
	for (size_t s = 0; s < session->arrangement.sections.count; s++) {
		struct attempts attempts = {0};
		try_take(&attempts, session, sections[s].name, take, folder);
		for (size_t i = 0; i < list.count && attempts.count < COMPING_TAKES; i++) {
			const struct take_entry *entry = &list.entries[i];
			char *beside = file_join(takes, entry->id);
			if (is_rival(&entry->manifest, take))
				try_take(&attempts, session, sections[s].name, &entry->manifest, beside);
			free(beside);
		}
		json_array_append_new(report, section_json(sections[s].name, &attempts));
		free(attempts.list);
	}
	take_list_finish(&list);
	free(takes);
	return report;
}
