#include "takes/manifest.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, LARGEST = 16 << 20 };

static const char *const states[] = {"recording", "recorded", "rendering", "mastered", "failed", NULL};
static const char *const causes[] = {"missed", "overrun", "unplugged", "ring", "driver", "disk", NULL};
static const char *const losses[] = {"zeros", "jump", NULL};
static const char *const clocks[] = {"own", "shared", NULL};
static const char *const kinds[] = {"user", "section", "song", NULL};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* One member a line reads as the table that it is. */
/* clang-format off */
#define SHAPE(type, table) {sizeof(struct type), table, COUNT(table)}
#define AT(type, member) .offset = offsetof(struct type, member)
#define LIST(type, member, count) AT(type, member), .count_offset = offsetof(struct type, count)
#define HASH(type) \
	{"bytes", MEMBER_COUNT, AT(type, hash.bytes)}, \
	{"sha256", MEMBER_DIGEST, true, AT(type, hash.sha256), .digits = 64}, \
	{"crc32", MEMBER_DIGEST, true, AT(type, hash.crc32), .digits = 8}

static const struct member gap_members[] = {
	{"frame", MEMBER_COUNT, AT(take_gap, frame)},
	{"frames", MEMBER_COUNT, AT(take_gap, frames)},
	{"cause", MEMBER_CHOICE, AT(take_gap, cause), .choices = causes},
};
static const struct shape gap_shape = SHAPE(take_gap, gap_members);

static const struct member suspect_members[] = {
	{"frame", MEMBER_COUNT, AT(take_suspect, frame)},
	{"frames", MEMBER_LENGTH, true, AT(take_suspect, frames)},
	{"kind", MEMBER_CHOICE, AT(take_suspect, kind), .choices = losses},
};
static const struct shape suspect_shape = SHAPE(take_suspect, suspect_members);

static const struct member interface_members[] = {
	{"name", MEMBER_TEXT, AT(take_interface, name)},
	{"node", MEMBER_TEXT, AT(take_interface, node)},
	{"frames", MEMBER_COUNT, AT(take_interface, frames)},
	{"ppm", MEMBER_FIGURE, true, AT(take_interface, ppm), .decimals = 3},
	{"clock", MEMBER_CHOICE, true, AT(take_interface, clock), .choices = clocks},
	{"clock_log", MEMBER_NAME, true, AT(take_interface, clock_log)},
	{"gaps", MEMBER_OBJECTS, LIST(take_interface, gaps, gap_count), .shape = &gap_shape},
	{"gaps_more", MEMBER_SPARE, true, AT(take_interface, gaps_more)},
	{"gap_frames_more", MEMBER_SPARE, true, AT(take_interface, gap_frames_more)},
	{"suspected", MEMBER_OBJECTS, true, LIST(take_interface, suspected, suspected_count),
		.shape = &suspect_shape},
	{"suspected_total", MEMBER_SPARE, true, AT(take_interface, suspected_total)},
};
static const struct shape interface_shape = SHAPE(take_interface, interface_members);

static const struct member segment_members[] = {
	{"frame", MEMBER_COUNT, AT(take_segment, frame)},
	{"file", MEMBER_NAME, AT(take_segment, file)},
	HASH(take_segment),
};
static const struct shape segment_shape = SHAPE(take_segment, segment_members);

static const struct member track_members[] = {
	{"index", MEMBER_INDEX, AT(take_track, index)},
	{"name", MEMBER_TEXT, AT(take_track, name)},
	{"role", MEMBER_TEXT, true, AT(take_track, role)},
	{"inputs", MEMBER_TEXTS, LIST(take_track, inputs, input_count)},
	{"file", MEMBER_NAME, AT(take_track, file)},
	{"segments", MEMBER_OBJECTS, true, LIST(take_track, segments, segment_count),
		.shape = &segment_shape},
	{"gaps", MEMBER_OBJECTS, true, LIST(take_track, gaps, gap_count), .shape = &gap_shape},
	{"frames", MEMBER_COUNT, AT(take_track, frames)},
	{"padded", MEMBER_SPARE, true, AT(take_track, padded)},
	HASH(take_track),
	{"peak_dbfs", MEMBER_FIGURE, true, AT(take_track, peak_dbfs), .decimals = 2},
	{"lufs", MEMBER_FIGURE, true, AT(take_track, lufs), .decimals = 2},
	{"clipped", MEMBER_COUNT, AT(take_track, clipped)},
};
static const struct shape track_shape = SHAPE(take_track, track_members);

static const struct member marker_members[] = {
	{"frame", MEMBER_COUNT, AT(take_marker, frame)},
	{"label", MEMBER_TEXT, AT(take_marker, label)},
	{"kind", MEMBER_CHOICE, AT(take_marker, kind), .choices = kinds},
};
static const struct shape marker_shape = SHAPE(take_marker, marker_members);

static const struct member render_members[] = {
	{"file", MEMBER_NAME, AT(take_render, file)},
	HASH(take_render),
	{"lufs", MEMBER_FIGURE, true, AT(take_render, lufs), .decimals = 2},
	{"dbtp", MEMBER_FIGURE, true, AT(take_render, dbtp), .decimals = 2},
};
static const struct shape render_shape = SHAPE(take_render, render_members);

static const struct member preset_members[] = {
	{"file", MEMBER_NAME, AT(take_preset, file)},
	HASH(take_preset),
};
static const struct shape preset_shape = SHAPE(take_preset, preset_members);

static const struct member members[] = {
	{"id", MEMBER_ID, AT(manifest, id)},
	{"session", MEMBER_TEXT, AT(manifest, session)},
	{"title", MEMBER_TEXT, true, AT(manifest, title)},
	{"artist", MEMBER_TEXT, true, AT(manifest, artist)},
	{"state", MEMBER_CHOICE, AT(manifest, state), .choices = states},
	{"error", MEMBER_TEXT, true, AT(manifest, error)},
	{"recovered", MEMBER_FLAG, AT(manifest, recovered)},
	{"keep", MEMBER_FLAG, true, AT(manifest, keep)},
	{"started", MEMBER_TIME, AT(manifest, started_ns)},
	{"rate", MEMBER_RATE, AT(manifest, rate)},
	{"frames", MEMBER_COUNT, AT(manifest, frames)},
	{"pre_roll_frames", MEMBER_COUNT, AT(manifest, pre_roll_frames)},
	{"interfaces", MEMBER_OBJECTS, LIST(manifest, interfaces, interface_count),
		.shape = &interface_shape},
	{"tracks", MEMBER_OBJECTS, LIST(manifest, tracks, track_count), .shape = &track_shape},
	{"markers", MEMBER_OBJECTS, LIST(manifest, markers, marker_count), .shape = &marker_shape},
	{"renders", MEMBER_OBJECTS, LIST(manifest, renders, render_count), .shape = &render_shape},
	{"presets", MEMBER_OBJECTS, true, LIST(manifest, presets, preset_count), .shape = &preset_shape},
};
static const struct shape manifest_shape = SHAPE(manifest, members);
/* clang-format on */

void manifest_finish(struct manifest *manifest)
{
	shape_finish(&manifest_shape, manifest);
	*manifest = (struct manifest){0};
}

static int read_root(struct manifest *manifest, const json_t *root, const char *path, struct error *e)
{
	const json_t *format = json_object_get(root, "format");
	if (!json_is_integer(format))
		return error_set(e, EBADMSG, "%s: format: missing; this is not a take's manifest", path);
	if (json_integer_value(format) != FORMAT)
		return error_set(e, EBADMSG, "%s: format: %lld is not known here, only %d", path,
			(long long)json_integer_value(format), FORMAT);
	const struct place place = {.name = path};
	return shape_read(&manifest_shape, root, manifest, &place, e);
}

int manifest_parse(
	struct manifest *manifest, const char *text, size_t size, const char *path, struct error *e)
{
	json_error_t fault;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
	if (!root)
		return error_set(e, EBADMSG, "%s:%d:%d: %s", path, fault.line, fault.column, fault.text);
	*manifest = (struct manifest){0};
	int result = read_root(manifest, root, path, e);
	if (result < 0)
		manifest_finish(manifest);
	json_decref(root);
	return result;
}

int manifest_load(struct manifest *manifest, const char *folder, struct error *e)
{
	char *path = file_join(folder, "take.json");
	char *text;
	size_t size;
	*manifest = (struct manifest){0};
	int result = file_read(path, LARGEST, &text, &size, e);
	if (result == 0) {
		result = manifest_parse(manifest, text, size, path, e);
		free(text);
	}
	free(path);
	return result;
}

/* A manifest that could not be loaded again would cost the take, so it never replaces one that could. */
static int check(const char *text, const char *path, struct error *e)
{
	size_t size = strlen(text);
	if (size > LARGEST)
		return error_set(e, EFBIG, "%s: would be larger than %d bytes", path, LARGEST);
	struct manifest again;
	int result = manifest_parse(&again, text, size, path, e);
	if (result == 0)
		manifest_finish(&again);
	return result;
}

int manifest_save(const struct manifest *manifest, const char *folder, struct error *e)
{
	char *path = file_join(folder, "take.json");
	char *text = manifest_json(manifest);
	int result = check(text, path, e);
	if (result == 0)
		result = file_replace(path, text, strlen(text), e);
	free(text);
	free(path);
	return result;
}

char *manifest_json(const struct manifest *manifest)
{
	json_t *root = json_object();
	json_object_set_new(root, "format", json_integer(FORMAT));
	json_t *rest = shape_write(&manifest_shape, manifest);
	json_object_update(root, rest);
	json_decref(rest);
	/* 15 digits show a rounded figure as it was rounded: -6.2, not -6.2000000000000002. */
	char *json = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(root);
	if (!json) {
		log_error("out of memory for a manifest");
		abort();
	}
	char *text = memory_format("%s\n", json);
	free(json);
	return text;
}

void manifest_set_render(struct manifest *manifest, const struct take_render *render)
{
	size_t i = 0;
	while (i < manifest->render_count && strcmp(manifest->renders[i].file, render->file) != 0)
		i++;
	struct take_render copy = *render;
	copy.file = memory_text(render->file);
	if (i < manifest->render_count) {
		shape_finish(&render_shape, &manifest->renders[i]);
	} else {
		manifest->renders = memory_grow(manifest->renders, i + 1, sizeof(copy));
		manifest->render_count++;
	}
	manifest->renders[i] = copy;
}

const struct take_render *manifest_master(const struct manifest *manifest)
{
	const struct take_render *found = NULL;
	for (size_t i = 0; i < manifest->render_count; i++) {
		const struct take_render *render = &manifest->renders[i];
		if (strcmp(render->file, "master.flac") == 0)
			return render;
		bool sound = strcmp(render->file, "master.cue") != 0;
		if (!found && sound && strncmp(render->file, "master.", strlen("master.")) == 0)
			found = render;
	}
	return found;
}

size_t take_track_files(const struct take_track *track)
{
	return 1 + track->segment_count;
}

struct take_segment take_track_segment(const struct take_track *track, size_t index)
{
	if (index > 0)
		return track->segments[index - 1];
	return (struct take_segment){
		.frame = 0, .file = track->file, .hash = track->hash, .unsafe = track->unsafe};
}

struct hash *take_track_hash(struct take_track *track, size_t index)
{
	return index > 0 ? &track->segments[index - 1].hash : &track->hash;
}

uint64_t take_track_segment_end(const struct take_track *track, size_t index, uint64_t end)
{
	uint64_t next = index < track->segment_count ? track->segments[index].frame : end;
	uint64_t frame = take_track_segment(track, index).frame;
	return next < frame ? frame : next;
}

void take_track_add_segment(struct take_track *track, uint64_t frame, char *file)
{
	track->segments = memory_grow(track->segments, track->segment_count + 1, sizeof(*track->segments));
	track->segments[track->segment_count++] = (struct take_segment){.frame = frame, .file = file};
}

void take_track_add_gap(struct take_track *track, uint64_t frame, uint64_t frames)
{
	struct take_gap *last = track->gap_count > 0 ? &track->gaps[track->gap_count - 1] : NULL;
	if (last && last->frame + last->frames == frame) {
		last->frames += frames;
		return;
	}
	track->gaps = memory_grow(track->gaps, track->gap_count + 1, sizeof(*track->gaps));
	track->gaps[track->gap_count++] =
		(struct take_gap){.frame = frame, .frames = frames, .cause = GAP_DISK};
}

uint64_t take_track_gap_frames(const struct take_track *track)
{
	uint64_t frames = 0;
	for (size_t i = 0; i < track->gap_count; i++)
		frames += track->gaps[i].frames;
	return frames;
}

const char *take_state_name(enum take_state state)
{
	return states[state];
}

const char *suspect_kind_name(enum suspect_kind kind)
{
	return losses[kind];
}

const char *gap_cause_name(enum gap_cause cause)
{
	return causes[cause];
}
