/* Another arrangement of what was played: pieces of a take one after another, joined at bar lines. Pure.
 *
 * All tracks are cut at the same frames. At a join the piece that ends fades out and the one that begins
 * fades in over the ARRANGE_FADE_S before the bar line, at equal power; where two pieces follow one another
 * in the take too, nothing is faded and the track passes bit for bit. A track on which something still rings
 * over the end of its piece, and on which nothing new is played after it, goes on ringing under the next
 * piece for as long as that holds. */
#ifndef WOODSHED_EDITING_ARRANGE_H
#define WOODSHED_EDITING_ARRANGE_H

#include "audio/block.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

#define ARRANGE_FADE_S 0.02
#define ARRANGE_TAIL_S 2.0   /* that a tail lasts at most */
#define ARRANGE_EDGE_S 0.005 /* fade at the very start and end, where the take goes on before or after */

struct arrange_piece {
	uint64_t source, frames; /* of the take */
	uint64_t at;		 /* frame of the arrangement; arrange_plan_init fills it in */
	uint64_t fade;		 /* of the join before it, frames; 0: it follows on; the same */
};

struct arrange_plan {
	struct arrange_piece *pieces; /* the caller's */
	size_t count;
	uint64_t frames; /* the sum of the pieces' */
	uint64_t edge_in, edge_out;
};

/* `pieces` have source and frames (1 or more), all within a take of `take_frames`; they stay the caller's and
 * in place. */
void arrange_plan_init(struct arrange_plan *plan, struct arrange_piece *pieces, size_t count,
	uint64_t take_frames, uint32_t rate);

/* Fills `block` with the track's frames from `frame` of the take on; what lies before its first or past its
 * last frame is silence. */
struct arrange_source {
	int (*read)(void *data, uint64_t frame, struct block *block, struct error *e);
	void *data;
	uint32_t channels;
	uint64_t frames;
};

/* One track on its way through the arrangement. */
struct arranger {
	const struct arrange_plan *plan;
	struct arrange_source source;
	uint64_t *tails; /* frames that ring on after the end of each piece; of arranger_init */
	uint64_t position;
};

/* Listens for the tails. `plan` is used until the end. On failure nothing is left to finish. */
int arranger_init(struct arranger *arranger, const struct arrange_plan *plan,
	const struct arrange_source *source, uint32_t rate, struct error *e) MUST_CHECK;
void arranger_finish(struct arranger *arranger); /* a zeroed value is fine */

/* The next frames of the arrangement, as many as the block says; silence past its end. */
int arranger_read(struct arranger *arranger, struct block *block, struct error *e) MUST_CHECK;
void arranger_rewind(struct arranger *arranger);

#endif
