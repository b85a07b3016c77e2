/* What a person watches while a take is recorded: a few lines at the bottom of a terminal, redrawn in place.
 * Time and loudest track; a row of bars for each interface; what clipped, by its track's name; the last loss.
 * Lines that are printed meanwhile scroll by above them. Nothing is drawn where the stream is no
 * terminal. Control thread. */
#ifndef WOODSHED_APPLIANCE_METERS_H
#define WOODSHED_APPLIANCE_METERS_H

#include "recorder/recorder.h"

#include <stdio.h>

struct meters;

struct meters *meters_create(FILE *stream);
void meters_destroy(struct meters *meters); /* NULL is fine */

/* False where the stream is no terminal. */
bool meters_are_seen(const struct meters *meters);

/* The take has begun: its tracks' names are shown from now on, and its losses are counted. */
void meters_begin(struct meters *meters, const struct manifest *take);

/* Losses of the take, of an interface or of one track, which stay visible until the next take. */
void meters_gap(struct meters *meters, const char *of, const struct take_gap *gap);
void meters_suspect(struct meters *meters, const char *interface, const struct take_suspect *loss);

/* Once the take has begun, draws anew, `seconds` into the take: in red what has clipped or was lost, unless
 * NO_COLOR is set; no wider or higher than the terminal is at this moment. */
void meters_draw(struct meters *meters, struct recorder *recorder, double seconds);

/* Takes the lines away, before more than a line is printed. */
void meters_clear(struct meters *meters);

#endif
