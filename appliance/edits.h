/* The tracks of a take as they come out of editing: each through its own chain, on the take's timeline, from
 * the first frame of the extent on. The chains' latencies are made up for here; to who reads them, edited
 * tracks are as raw ones. Without a chain a track passes bit for bit. */
#ifndef WOODSHED_APPLIANCE_EDITS_H
#define WOODSHED_APPLIANCE_EDITS_H

#include "appliance/arranged.h"
#include "appliance/moments.h"
#include "appliance/stems.h"
#include "mixer/chain.h"

/* What a detector of a chain listens to: another track as it was recorded. */
struct edit_key {
	size_t track;
	struct chain_insert *insert; /* NULL: it needs the key no more */
	struct stem stem;
	struct chain_key key;
};

struct edit {
	struct chain chain;
	const struct key_list *inserts; /* what the chain was made of */
	struct edit_key *keys;
	size_t key_count;
	uint32_t latency;
	bool begun;
};

struct edits {
	struct stems *stems;
	struct extent extent;
	struct edit *list;	   /* one a stem */
	struct arranged *arranged; /* what they are read from; NULL: as the take was played */
};

/* `stems` and `session` are used until the end, as is `processors`. -EINVAL with the track and the line where
 * a processor cannot be made. On failure nothing is left to finish. */
int edits_create(struct edits *edits, struct stems *stems, const struct session *session,
	const struct processor_table *processors, const struct extent *extent, struct error *e) MUST_CHECK;
void edits_finish(struct edits *edits); /* a zeroed value is fine */

/* True while some processor has yet to hear the whole of its track. */
bool edits_listen(const struct edits *edits);

/* Has them all hear it, in one pass over the take on `jobs` threads (0: one a core), and goes back to the
 * first frame. `progress` is called on any of the threads, one at a time. The same for any number of threads.
 */
int edits_analyse(struct edits *edits, unsigned jobs, void (*progress)(void *data, double done), void *data,
	struct error *e) MUST_CHECK;

/* Puts what comes out into another arrangement: from now on the extent is that, with its fades, and
 * edits_read gives that. Nothing of them may have been read yet, and the extent is the whole take. As
 * arranged_create. */
int edits_arrange(struct edits *edits, const struct arrange_plan *plan, const char *folder, unsigned jobs,
	void (*progress)(void *data, double done), void *data, struct error *e) MUST_CHECK;

/* Fills the channels of one track with its next `frames` frames. Each track may be read by a thread of its
 * own. */
int edits_read(struct edits *edits, size_t track, double *const *channels, uint32_t frames,
	struct error *e) MUST_CHECK;

/* Back to the first frame of all. */
int edits_rewind(struct edits *edits, struct error *e) MUST_CHECK;

#endif
