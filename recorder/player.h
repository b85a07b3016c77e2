/* The click's way out: a node of our own that plays to a PipeWire sink, on the sink's clock, at the moments
 * that a take's timeline says. It has a connection and a group of its own, so it is never in the way of
 * capture, and is linked to nothing that is recorded. Control thread only, but for the real-time thread
 * inside. */
#ifndef WOODSHED_RECORDER_PLAYER_H
#define WOODSHED_RECORDER_PLAYER_H

#include "common/error.h"
#include "common/loop.h"
#include "recorder/bearing.h"
#include "recorder/click.h"

struct player;

/* `sink`: a glob on the node.name of nodes whose media.class is Audio/Sink or Audio/Duplex; the first match
 * in name order is taken, and again when it comes back. `changed` (of `data`) when it begins or ceases to be
 * heard. */
int player_open(struct player **player, struct loop *loop, const char *sink, void (*changed)(void *data),
	void *data, struct error *e) MUST_CHECK;
void player_close(struct player *player); /* NULL is fine */

/* It is linked, and its cycles run. */
bool player_is_live(const struct player *player);

/* Where the take's timeline is; told again and again, since crystals drift. */
void player_follow(struct player *player, const struct bearing_line *line);

/* What to play from now on; once. `click` must stand until the player is closed. */
void player_play(struct player *player, const struct click *click);

#endif
