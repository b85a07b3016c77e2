/* take.json: what a take is, in memory and on disk (format 1, docs/formats.md). A figure that is not known
 * yet is NAN in memory and null in the file, and so are the peak and loudness of silence. Every pointer is
 * owned by the struct. */
#ifndef WOODSHED_TAKES_MANIFEST_H
#define WOODSHED_TAKES_MANIFEST_H

#include "common/error.h"
#include "takes/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum take_state { TAKE_RECORDING, TAKE_RECORDED, TAKE_RENDERING, TAKE_MASTERED, TAKE_FAILED };
enum gap_cause { GAP_MISSED, GAP_OVERRUN, GAP_UNPLUGGED, GAP_RING, GAP_DRIVER, GAP_DISK };
enum suspect_kind { SUSPECT_ZEROS, SUSPECT_JUMP };
enum marker_kind { MARKER_USER, MARKER_SECTION, MARKER_SONG };

enum take_clock { TAKE_CLOCK_OWN, TAKE_CLOCK_SHARED };

/* A driver that loses something every cycle would fill the manifest. */
enum { TAKE_GAPS_MOST = 1000, TAKE_SUSPECTED_MOST = 1000 };

struct take_gap {
	uint64_t frame, frames;
	enum gap_cause cause;
};

/* A loss that no clock told of: nothing was inserted for it. */
struct take_suspect {
	uint64_t frame, frames; /* frames: 0 where nobody knows how many */
	enum suspect_kind kind;
};

struct take_interface {
	char *name, *node;
	uint64_t frames;       /* captured, without what the gaps were filled with */
	double ppm;	       /* against the system's clock */
	enum take_clock clock; /* shared: runs on the first interface's word clock */
	char *clock_log;       /* a file within the take; NULL: none */
	struct take_gap *gaps; /* the first TAKE_GAPS_MOST */
	size_t gap_count;
	uint64_t gaps_more, gap_frames_more; /* those after them, and their frames */
	struct take_suspect *suspected;	     /* the first TAKE_SUSPECTED_MOST */
	size_t suspected_count;
	uint64_t suspected_total;
};

/* One file of a track, in force from `frame` of the take on and until the next one's: what the file before it
 * may hold past that is passed over, and what no file holds is silence. */
struct take_segment {
	uint64_t frame;
	char *file;
	struct hash
		hash; /* empty strings as well where the file's last sync failed: it may lose its end yet */
	bool unsafe;  /* that it did; in memory alone */
};

struct take_track {
	int index;	   /* from 1 */
	char *name, *role; /* role may be NULL */
	char **inputs;
	size_t input_count;
	char *file;  /* the first; a stereo track keeps both channels in one file */
	bool unsafe; /* as struct take_segment has it, of the first */
	struct take_segment *segments;
	size_t segment_count;
	struct take_gap *gaps; /* of this track alone: what the disk did not take (GAP_DISK) */
	size_t gap_count;
	uint64_t frames;
	uint64_t padded;  /* of them, silence at the end that stands for what a power cut took */
	struct hash hash; /* of the first file; empty strings until the take is closed */
	double peak_dbfs, lufs;
	uint64_t clipped;
};

struct take_marker {
	uint64_t frame;
	char *label;
	enum marker_kind kind;
};

struct take_render {
	char *file;
	struct hash hash;
	double lufs, dbtp;
};

/* A preset of the user's that the session draws on, kept with the take. */
struct take_preset {
	char *file;
	struct hash hash;
};

struct manifest {
	char *id, *session, *title, *artist; /* title and artist may be NULL */
	enum take_state state;
	char *error; /* NULL: none */
	bool recovered, keep;
	int64_t started_ns; /* UTC, of the first frame */
	uint32_t rate;
	uint64_t frames, pre_roll_frames;
	struct take_interface *interfaces;
	size_t interface_count;
	struct take_track *tracks;
	size_t track_count;
	struct take_marker *markers;
	size_t marker_count;
	struct take_render *renders;
	size_t render_count;
	struct take_preset *presets;
	size_t preset_count;
};

void manifest_finish(struct manifest *manifest); /* a zeroed value is fine */

/* Reads FOLDER/take.json strictly: wrong types, missing or negative counts, names that leave the folder and
 * unknown states are refused with a message that names the member. At most 16 MiB. */
int manifest_load(struct manifest *manifest, const char *folder, struct error *e) MUST_CHECK;

/* The same from a text; `path` is what messages call it. */
int manifest_parse(struct manifest *manifest, const char *text, size_t size, const char *path,
	struct error *e) MUST_CHECK;

/* Replaces FOLDER/take.json atomically; a manifest that manifest_load would refuse replaces nothing. */
int manifest_save(const struct manifest *manifest, const char *folder, struct error *e) MUST_CHECK;

/* The manifest as JSON text, the caller's to free: what is saved, and what HTTP and `show --json` give out.
 */
char *manifest_json(const struct manifest *manifest);

/* A track's files in order: its first one, then its segments. What is told of one points into the track. */
size_t take_track_files(const struct take_track *track);
struct take_segment take_track_segment(const struct take_track *track, size_t index);
struct hash *take_track_hash(struct take_track *track, size_t index);

/* The frame of the take at which another file is in force after this one; `end` after the last one. */
uint64_t take_track_segment_end(const struct take_track *track, size_t index, uint64_t end);

/* Adds a segment after the others; `file` becomes the track's. */
void take_track_add_segment(struct take_track *track, uint64_t frame, char *file);

/* Adds a gap; one that continues the last makes that longer. */
void take_track_add_gap(struct take_track *track, uint64_t frame, uint64_t frames);

/* Of all its gaps together. */
uint64_t take_track_gap_frames(const struct take_track *track);

/* Adds or replaces (by file name) one render; copies `render`. */
void manifest_set_render(struct manifest *manifest, const struct take_render *render);

/* The master that people get to hear: the lossless one, or else the first of the other formats; NULL: none.
 */
const struct take_render *manifest_master(const struct manifest *manifest);

const char *take_state_name(enum take_state state);
const char *gap_cause_name(enum gap_cause cause);
const char *suspect_kind_name(enum suspect_kind kind);

#endif
