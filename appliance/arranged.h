/* The edited tracks of a take in another arrangement. Edits hear the take as it was played; what comes out of
 * them waits on the disk, in a file without a name, as 32-bit float, to be read in any order. Blocks. */
#ifndef WOODSHED_APPLIANCE_ARRANGED_H
#define WOODSHED_APPLIANCE_ARRANGED_H

#include "editing/arrange.h"

struct arranged;
struct edits;

/* Reads all of `edits` (nothing of it read yet, its extent the whole take) into a file in `folder`, on `jobs`
 * threads (0: one a core), and listens for the tails. `plan` is used until the end. `progress` as in struct
 * mixdown. */
int arranged_create(struct arranged **arranged, const struct arrange_plan *plan, struct edits *edits,
	const char *folder, unsigned jobs, void (*progress)(void *data, double done), void *data,
	struct error *e) MUST_CHECK;
void arranged_destroy(struct arranged *arranged); /* NULL is fine */

/* Fills the channels with the track's next `frames` frames. Each track may be read by a thread of its own. */
int arranged_read(struct arranged *arranged, size_t track, double *const *channels, uint32_t frames,
	struct error *e) MUST_CHECK;

/* Back to the first frame of all. */
void arranged_rewind(struct arranged *arranged);

#endif
