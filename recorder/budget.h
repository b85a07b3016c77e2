/* How long an interface's tape shall be: pre-roll and stall buffer in one (capture rule 7), as long as the
 * configuration wishes and the machine has memory for. Tapes are faulted in at once, so what is not there
 * must be noticed before: Linux gives the addresses all the same, and kills somebody later. */
#ifndef WOODSHED_RECORDER_BUDGET_H
#define WOODSHED_RECORDER_BUDGET_H

#include "common/error.h"

#include <stdint.h>

/* Storage may hang for 30 s; the rest is the writer's catching up. The least has a second for that, and what
 * is wished is wished where there is memory. */
#define BUDGET_STALL_S 40.0
#define BUDGET_STALL_LEAST_S 32.0

/* Left to everything else on the machine: the service itself, a render, the disk's cache. */
#define BUDGET_RESERVE_BYTES (UINT64_C(128) << 20)

/* Memory that this process may still have, and what says so, for people. */
struct budget_left {
	uint64_t bytes;
	const char *limit;
};

/* What the machine has (MemAvailable), what each memory control group (v2) above this process leaves, and
 * what RLIMIT_AS leaves: the least of them. A limit that cannot be read is none. `root` is where /proc and
 * /sys are: "" but for tests. */
void budget_read(struct budget_left *left, const char *root);

struct budget_wish {
	double pre_roll_s;
	uint32_t channels, rate; /* of the tape */
	uint32_t open_channels;	 /* of all the tapes that are still to be made, this one included */
};

/* How long the tape is to be in seconds: pre_roll + BUDGET_STALL_S, shorter by up to what is between that and
 * BUDGET_STALL_LEAST_S where there is too little memory. Its share of what is `left` without the reserve is
 * as large as its channels'. -ENOMEM with the pre-roll that would fit in the message; pure. */
int budget_tape(double *seconds, const struct budget_wish *wish, const struct budget_left *left,
	struct error *e) MUST_CHECK;

#endif
