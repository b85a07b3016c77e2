/* All tracks of one part of a take: samples from the tape (or silence) into their files, many at a time, for
 * that costs far less than one by one. Used by the interface's writer thread alone. */
#ifndef WOODSHED_RECORDER_TRACKS_H
#define WOODSHED_RECORDER_TRACKS_H

#include "recorder/track.h"

struct tracks;

/* Opens `count` tracks. The plans stay the caller's, and as long as the tracks; of `room`, the spans are left
 * out.
 */
struct tracks *tracks_open(const struct track_plan *plans, size_t count, const struct track_room *room);

/* Adds `frames` from tape position `position`, or exact silence, to every track. */
void tracks_add(struct tracks *tracks, uint64_t position, uint64_t frames);
void tracks_add_silence(struct tracks *tracks, uint64_t frames);

/* Sees to files that the disk failed under (track_look). To be called now and then. */
void tracks_look(struct tracks *tracks);

/* Frames at the end that are not safe on the disk in every track, as far as there is a file. */
uint64_t tracks_unsafe(const struct tracks *tracks);

/* The tape has no more of what lies before `position`. */
void tracks_forget(struct tracks *tracks, uint64_t position);

/* Gives the kernel whole FLAC frames of all that was added. */
void tracks_flush(struct tracks *tracks);

/* Closes every file whole and synced, tells what was recorded in results[0 … count], frees the tracks. */
void tracks_close(struct tracks *tracks, struct track_result *results);

#endif
