#include "mastering/softclip.h"

#include "audio/delay.h"
#include "audio/multirate.h"
#include "common/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FACTOR = 4, HIGH = MULTIRATE_CHUNK * FACTOR };

struct curve {
	double knee, top; /* above the knee, up to twice as far as the top is, it bends to the top */
};

struct softclip {
	struct curve curve;
	struct multirate *multirate;
	struct delay dry;
	double most; /* the least that was left of a magnitude, as a share */
};

static struct curve curve_of(double peak, double most_db)
{
	double top = peak * units_from_db(-most_db);
	return (struct curve){fmax(0, 2 * top - peak), top};
}

static double bend(const struct curve *curve, double magnitude)
{
	double room = curve->top - curve->knee, over = fmin(magnitude - curve->knee, 2 * room);
	return over > 0 ? curve->knee + over - over * over / (4 * room) : magnitude;
}

double softclip_curve(double peak, double most_db, double magnitude)
{
	struct curve curve = curve_of(peak, most_db);
	return bend(&curve, magnitude);
}

struct softclip *softclip_create(double peak, double most_db)
{
	struct softclip *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->curve = curve_of(peak, most_db);
	made->most = 1;
	made->multirate = multirate_create(FACTOR);
	if (!made->multirate || delay_init(&made->dry, multirate_latency(made->multirate)) < 0) {
		softclip_destroy(made);
		return NULL;
	}
	return made;
}

void softclip_destroy(struct softclip *softclip)
{
	if (!softclip)
		return;
	multirate_destroy(softclip->multirate);
	delay_finish(&softclip->dry);
	free(softclip);
}

/* From samples to what is to be taken off them. */
static void excess(struct softclip *s, double high[HIGH], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double magnitude = fabs(high[i]);
		if (!(magnitude > s->curve.knee)) {
			high[i] = 0;
			continue;
		}
		double left = bend(&s->curve, magnitude);
		s->most = fmin(s->most, left / magnitude);
		high[i] = copysign(magnitude - left, -high[i]);
	}
}

void softclip_run(struct softclip *s, double *samples, size_t count)
{
	double high[HIGH], off[MULTIRATE_CHUNK];
	for (size_t done = 0, n; done < count; done += n) {
		n = count - done < MULTIRATE_CHUNK ? count - done : MULTIRATE_CHUNK;
		multirate_up(s->multirate, samples + done, n, high);
		excess(s, high, n * FACTOR);
		multirate_down(s->multirate, high, n, off);
		delay_run(&s->dry, samples + done, n);
		for (size_t i = 0; i < n; i++)
			samples[done + i] += off[i];
	}
}

uint32_t softclip_latency(const struct softclip *softclip)
{
	return multirate_latency(softclip->multirate);
}

double softclip_most_db(const struct softclip *softclip)
{
	return -units_to_db(softclip->most);
}
