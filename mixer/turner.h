/* A slow sine, one step a frame without a call of libm: a point that turns around a circle. What rounding
 * does to its radius is some 1e-12 an hour. */
#ifndef WOODSHED_MIXER_TURNER_H
#define WOODSHED_MIXER_TURNER_H

#include <math.h>

struct turner {
	double cosine, sine;	       /* now */
	double step_cosine, step_sine; /* a frame */
};

/* At `angle`; `frequency` is in turns a frame. */
static inline struct turner turner_start(double angle, double frequency)
{
	return (struct turner){cos(angle), sin(angle), cos(2 * M_PI * frequency), sin(2 * M_PI * frequency)};
}

/* The sine now; then a step on. */
static inline double turner_next(struct turner *t)
{
	double sine = t->sine;
	t->sine = sine * t->step_cosine + t->cosine * t->step_sine;
	t->cosine = t->cosine * t->step_cosine - sine * t->step_sine;
	return sine;
}

#endif
