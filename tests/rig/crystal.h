/* The crystal of a simulated interface: which frame is when. Every time is computed from the frame's number,
 * so no error adds up. All of it is RT safe. */
#ifndef WOODSHED_RIG_CRYSTAL_H
#define WOODSHED_RIG_CRYSTAL_H

#include <stdint.h>

struct crystal {
	int64_t start_ns; /* CLOCK_MONOTONIC at frame 0 */
	double ns_per_frame;
};

static inline void crystal_init(struct crystal *crystal, int64_t rate, double ppm, int64_t start_ns)
{
	crystal->start_ns = start_ns;
	crystal->ns_per_frame = 1e9 / ((double)rate * (1 + ppm * 1e-6));
}

static inline int64_t crystal_ns(const struct crystal *crystal, int64_t frame)
{
	return crystal->start_ns + (int64_t)((double)frame * crystal->ns_per_frame);
}

/* Another rate from `frame` on, which stays when it was. */
static inline void crystal_retune(struct crystal *crystal, int64_t rate, double ppm, int64_t frame)
{
	int64_t at_ns = crystal_ns(crystal, frame);
	crystal_init(crystal, rate, ppm, 0);
	crystal->start_ns = at_ns - (int64_t)((double)frame * crystal->ns_per_frame);
}

static inline int64_t crystal_frame(const struct crystal *crystal, int64_t ns)
{
	return (int64_t)((double)(ns - crystal->start_ns) / crystal->ns_per_frame);
}

#endif
