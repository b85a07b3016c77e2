#include "appliance/report-edits.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Three decimals: a delay to a microsecond, a mains to a millihertz. */
static json_t *figure(double value)
{
	return isfinite(value) ? json_real(round(value * 1000) / 1000) : json_null();
}

static bool is_flag(const char *name)
{
	return strcmp(name, "applied") == 0 || strcmp(name, "turned") == 0;
}

/* Who asked for insert `index` of a track's. */
static char *origin(const struct session *session, const struct track_config *track, size_t index)
{
	bool preset = track->adopted || index < track->edit_aligned + track->edit_preset;
	return preset ? memory_format("preset %s", session->edit.preset) : memory_text("session");
}

static json_t *report_insert(const struct session *session, const struct track_config *track,
	const struct key_list *inserts, size_t index, const struct processor *processor)
{
	struct processor_note notes[PROCESSOR_NOTES];
	char *from = origin(session, track, index);
	json_t *edit = json_pack("{s:s, s:s}", "edit",
		((const struct key_insert *)inserts->items)[index].type->name, "from", from);
	size_t count = processor_notes(processor, notes);
	for (size_t i = 0; i < count; i++)
		json_object_set_new(edit, notes[i].name,
			is_flag(notes[i].name) ? json_boolean(notes[i].value != 0) : figure(notes[i].value));
	free(from);
	return edit;
}

static json_t *report_cut(const struct stem_cut *cut)
{
	const struct punch *punch = cut->punch;
	uint64_t begin = punch->begin;
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "edit", "punch", "from", "session", "take",
		punch->take.id, "frame", (json_int_t)begin, "frames", (json_int_t)(punch->end - begin),
		"source_frame", (json_int_t)punch->source);
}

json_t *report_edits(const struct edits *edits, size_t track)
{
	const struct session *session = edits->stems->session;
	const struct track_config *config = (const struct track_config *)session->tracks.items + track;
	const struct edit *edit = &edits->list[track];
	const struct key_insert *inserts = edit->inserts->items;
	const struct stem *stem = &edits->stems->list[track];
	json_t *list = json_array();
	for (size_t i = 0; i < stem->cut_count; i++)
		json_array_append_new(list, report_cut(&stem->cuts[i]));
	for (size_t i = 0, made = 0; i < edit->inserts->count; i++)
		if (!inserts[i].bypass)
			json_array_append_new(list, report_insert(session, config, edit->inserts, i,
							    edit->chain.inserts[made++].processor));
	return list;
}

json_t *report_extent(const struct edits *edits)
{
	const struct extent *extent = &edits->extent;
	return json_pack("{s:s, s:I, s:I, s:I, s:I}", "preset", edits->stems->session->edit.preset,
		"first_frame", (json_int_t)extent->first, "frames", (json_int_t)extent->frames,
		"fade_in_frames", (json_int_t)extent->fade_in, "fade_out_frames",
		(json_int_t)extent->fade_out);
}
