/* A take's clock log on its way to the disk. The writer only hands lines over; the syncer's thread makes the
 * file, appends and makes durable, so a slow disk never holds the writer up. */
#ifndef WOODSHED_RECORDER_CLOCK_FILE_H
#define WOODSHED_RECORDER_CLOCK_FILE_H

#include "recorder/pace.h"
#include "recorder/syncer.h"

struct clock_file;

/* The folder of `path` is made where it is not there. NULL: no file is kept, only the ppm. */
struct clock_file *clock_file_open(const char *path, struct syncer *syncer);

/* Adds what is new of the interface's pace, from a minute before `origin` (the take's frame 0 on the
 * interface's timeline) on, where it ran that early: what a short take cannot tell of its crystal, that does.
 * Lines go to the disk in batches, the first at once, later ones about every ten seconds: a log that lacks
 * its last seconds is as good. */
void clock_file_follow(struct clock_file *file, const struct pace *pace, int64_t origin);

/* Hands the rest over. Returns the take's ppm (timebase_ppm). What was wrong with the disk is logged: a take
 * without its clock log is still a take. */
double clock_file_close(struct clock_file *file, uint32_t rate);

#endif
