/* Rounds off the highest peaks: a curve of second order from a knee on, as smooth as it can be, at four times
 * the rate so that the harmonics that it makes do not fold. Only what the curve takes off goes through the
 * filters of the way there and back: what stays below the knee comes out bit by bit, delayed. One channel. */
#ifndef WOODSHED_MASTERING_SOFTCLIP_H
#define WOODSHED_MASTERING_SOFTCLIP_H

#include <stddef.h>
#include <stdint.h>

struct softclip;

/* What peaks at `peak` (above 0, linear) comes out at `peak` less `most_db` (above 0, up to 3), the knee as
 * far below that; what is higher still as high. NULL when out of memory. */
struct softclip *softclip_create(double peak, double most_db);
void softclip_destroy(struct softclip *softclip); /* NULL is fine */

/* In place. Bit-identical however the signal is cut. */
void softclip_run(struct softclip *softclip, double *samples, size_t count);

/* Frames by which it delays. */
uint32_t softclip_latency(const struct softclip *softclip);

/* The most that was taken off so far, in dB. */
double softclip_most_db(const struct softclip *softclip);

/* What becomes of a magnitude. */
double softclip_curve(double peak, double most_db, double magnitude);

#endif
