#include "appliance/render-arrangement.h"

#include "common/log.h"
#include "common/memory.h"
#include "takes/export.h"

#include <stdlib.h>

int render_plan_order(
	struct render_result *result, const char *order, const struct session *session, struct error *e)
{
	if (!order && session->arrangement.order.count == 0)
		return 0;
	int made = arrangement_make(&result->arrangement, order, session, &result->take, e);
	if (made == 0 || order)
		return made;
	log_warning("%s; rendered as it was played", e->text);
	result->unarranged = memory_text(e->text);
	return 0;
}

void render_arrangement_finish(struct render_result *result)
{
	arrangement_finish(&result->arrangement);
	free(result->unarranged);
	json_decref(result->comp);
	result->comp = NULL;
	free((struct cue *)result->cues);
	result->unarranged = NULL;
	result->cues = NULL;
	result->cue_count = 0;
}

void render_find_cues(struct render_result *result, const struct extent *extent)
{
	bool arranged = result->arrangement.plan.count > 0;
	const struct take_marker *markers = arranged ? result->arrangement.markers : result->take.markers;
	size_t count = arranged ? result->arrangement.marker_count : result->take.marker_count;
	struct cue *cues = memory_array(count, sizeof(*cues));
	for (size_t i = 0; i < count; i++)
		if (markers[i].kind != MARKER_USER && markers[i].frame >= extent->first &&
			markers[i].frame - extent->first < extent->frames)
			cues[result->cue_count++] =
				(struct cue){markers[i].frame - extent->first, markers[i].label};
	result->cues = cues;
}

char *render_cue(const struct render_result *result, const struct release *release, uint32_t rate)
{
	struct export_cue *cues = memory_array(release->cue_count, sizeof(*cues));
	for (size_t i = 0; i < release->cue_count; i++)
		cues[i] = (struct export_cue){release->cues[i].frame, release->cues[i].label};
	const char *title = release->title ? release->title : result->take.id;
	char *text = export_cue(
		result->renditions.list[0].file, title, release->artist, rate, cues, release->cue_count);
	free(cues);
	return text;
}

/* ---- the report ---- */

static json_t *report_piece(const struct arrangement *arrangement, size_t index)
{
	const struct arrange_piece *piece = &arrangement->pieces[index];
	return json_pack("{s:s, s:I, s:I, s:I, s:I}", "section", arrangement->words[index].word, "frame",
		(json_int_t)piece->at, "frames", (json_int_t)piece->frames, "source_frame",
		(json_int_t)piece->source, "fade_frames", (json_int_t)piece->fade);
}

json_t *report_arrangement(const struct render_result *result)
{
	const struct arrangement *arrangement = &result->arrangement;
	if (result->unarranged)
		return json_pack("{s:s, s:[]}", "error", result->unarranged, "pieces");
	if (arrangement->plan.count == 0)
		return json_null();
	json_t *pieces = json_array();
	for (size_t i = 0; i < arrangement->plan.count; i++)
		json_array_append_new(pieces, report_piece(arrangement, i));
	return json_pack(
		"{s:n, s:I, s:o}", "error", "frames", (json_int_t)arrangement->plan.frames, "pieces", pieces);
}

json_t *report_cues(const struct render_result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < result->cue_count; i++)
		json_array_append_new(
			list, json_pack("{s:I, s:s}", "frame", (json_int_t)result->cues[i].frame, "label",
				      result->cues[i].label));
	return list;
}
