/* Threads that a busy machine must not keep waiting, and that are not real time: they encode and wait for the
 * disk. */
#ifndef WOODSHED_COMMON_PRIORITY_H
#define WOODSHED_COMMON_PRIORITY_H

/* What they ask for: PipeWire's own for what is no real time either. */
enum { PRIORITY_NICE = -11 };

/* Raises the calling thread to PRIORITY_NICE, or as far as RLIMIT_NICE lets it; one that is above stays
 * there. Returns the nice value that it has then. */
int priority_raise(void);

#endif
