#include "tests/rig/patience.h"

#include "common/clock.h"

/* For so long after a node left or joined, a cycle may stay without an end through nobody's fault, and is not
 * waited for as long as one that a busy machine delays. Who joins may only be slow, so that gets more. All
 * are parts of --patience: 0.2, 0.05, 2 and 0.5 s of its 5. */
#define LEAVING 0.04
#define LEFT_PATIENCE 0.01
#define JOINING 0.4
#define JOINED_PATIENCE 0.1

static int64_t part_of(const struct patience *p, double part)
{
	return (int64_t)(p->whole_s * part * (double)CLOCK_NSEC_PER_SEC);
}

static int64_t whole_ends(const struct patience *p)
{
	return p->trigger_ns + part_of(p, 1);
}

/* Who leaves in the middle of a cycle leaves it without an end, and who joins may be counted on before it
 * listens: then there is no point in waiting long. */
static int64_t ends(const struct patience *p)
{
	if (p->trigger_ns < p->left_ns + part_of(p, LEAVING))
		return p->trigger_ns + part_of(p, LEFT_PATIENCE);
	if (p->trigger_ns < p->joined_ns + part_of(p, JOINING))
		return p->trigger_ns + part_of(p, JOINED_PATIENCE);
	return whole_ends(p);
}

void patience_begin(struct patience *p)
{
	p->trigger_ns = clock_monotonic_ns();
	p->limit_ns = ends(p);
}

bool patience_is_whole(const struct patience *p)
{
	return p->limit_ns == whole_ends(p);
}

int64_t patience_left(struct patience *p)
{
	p->left_ns = clock_monotonic_ns();
	return p->left_ns + part_of(p, LEFT_PATIENCE);
}

int64_t patience_joined(struct patience *p)
{
	p->joined_ns = clock_monotonic_ns();
	return p->joined_ns + part_of(p, JOINED_PATIENCE);
}
