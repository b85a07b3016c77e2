/* What a person watches while a take is recorded: one line on a terminal, redrawn in place. */
#ifndef WOODSHED_APPLIANCE_METERS_H
#define WOODSHED_APPLIANCE_METERS_H

#include "recorder/recorder.h"

#include <stdio.h>

/* Draws the time and a bar for every channel (as many as the terminal is wide for), with clips in red unless
 * NO_COLOR is set. Does nothing where `stream` is no terminal. */
void meters_draw(FILE *stream, struct recorder *recorder, double seconds);

/* Clears the line. */
void meters_clear(FILE *stream);

#endif
