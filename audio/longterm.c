#include "audio/longterm.h"

#include "audio/twin-spectrum.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct longterm {
	uint32_t rate, channels;
	size_t size, bins, filled;
	struct twin_spectrum *spectrum;
	double *samples[BLOCK_CHANNELS]; /* the window that is being filled */
	struct longterm_power *powers;	 /* one a bin, summed */
	uint64_t windows, frames;
};

static const double finest_hz = 3;

int longterm_create(struct longterm **longterm, uint32_t rate, uint32_t channels, struct error *e)
{
	struct longterm *made = memory_new(sizeof(*made));
	*made = (struct longterm){.rate = rate, .channels = channels, .size = 1024};
	while ((double)rate / (double)made->size > finest_hz)
		made->size *= 2;
	made->spectrum = twin_spectrum_create(made->size);
	if (!made->spectrum) {
		longterm_destroy(made);
		return error_errno(e, ENOMEM, "the long-term spectrum");
	}
	made->bins = twin_spectrum_bins(made->spectrum);
	made->powers = memory_array(made->bins, sizeof(*made->powers));
	for (uint32_t c = 0; c < channels; c++)
		made->samples[c] = memory_array(made->size, sizeof(double));
	made->filled = made->size / 2; /* silence before it, so that the beginning counts as much */
	*longterm = made;
	return 0;
}

void longterm_destroy(struct longterm *longterm)
{
	if (!longterm)
		return;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		free(longterm->samples[c]);
	free(longterm->powers);
	twin_spectrum_destroy(longterm->spectrum);
	free(longterm);
}

static void count_window(struct longterm *l)
{
	struct twin_powers found = twin_spectrum_run(l->spectrum, l->samples[0], l->samples[l->channels - 1]);
	for (size_t i = 0; i < l->bins; i++) {
		l->powers[i].sides += (double)found.one[i] + (double)found.other[i];
		l->powers[i].mono += (double)found.mean[i];
	}
	for (uint32_t c = 0; c < l->channels; c++)
		memmove(l->samples[c], l->samples[c] + l->size / 2, l->size / 2 * sizeof(double));
	l->filled = l->size / 2;
	l->windows++;
}

void longterm_add(struct longterm *l, const struct block *block)
{
	l->frames += block->frames;
	for (size_t done = 0, n; done < block->frames; done += n) {
		n = l->size - l->filled;
		n = n < block->frames - done ? n : block->frames - done;
		for (uint32_t c = 0; c < l->channels; c++)
			memcpy(l->samples[c] + l->filled, block->channel[c] + done, n * sizeof(double));
		l->filled += n;
		if (l->filled == l->size)
			count_window(l);
	}
}

void longterm_end(struct longterm *l)
{
	for (int i = 0; i < 2; i++) {
		for (uint32_t c = 0; c < l->channels; c++)
			memset(l->samples[c] + l->filled, 0, (l->size - l->filled) * sizeof(double));
		count_window(l);
	}
}

/* From |bin|² to mean squares of the whole: a Hann window and its neighbours add up to 1, so each sample was
 * counted with a weight of 3/4 (the squares of both), in two halves of the spectrum. */
static double scale(const struct longterm *l)
{
	return l->frames == 0 ? 0 : 2 / (0.75 * (double)l->size * (double)l->frames);
}

struct longterm_power longterm_band(
	const struct longterm *l, double from_hz, double to_hz, longterm_weight_fn weight, const void *data)
{
	double bin_hz = (double)l->rate / (double)l->size;
	struct longterm_power sum = {0};
	for (size_t i = (size_t)fmax(0, floor(from_hz / bin_hz)); i < l->bins; i++) {
		double low = fmax(from_hz, ((double)i - 0.5) * bin_hz);
		double high = fmin(to_hz, ((double)i + 0.5) * bin_hz);
		if (low >= to_hz)
			break;
		double share = fmax(0, high - low) / bin_hz;
		share *= weight ? weight(data, (double)i * bin_hz) : 1;
		sum.sides += share * l->powers[i].sides;
		sum.mono += share * l->powers[i].mono;
	}
	return (struct longterm_power){sum.sides * scale(l), sum.mono * scale(l)};
}

double longterm_third_hz(size_t third)
{
	return pow(10, (double)(third + LONGTERM_FIRST_THIRD) / 10);
}

struct longterm_power longterm_third(const struct longterm *l, size_t third)
{
	double middle = longterm_third_hz(third), edge = pow(10, 0.05);
	return longterm_band(l, middle / edge, middle * edge, NULL, NULL);
}

double longterm_tilt(const struct longterm *l)
{
	enum { FROM = 20 - LONGTERM_FIRST_THIRD, TO = 40 - LONGTERM_FIRST_THIRD };
	if (longterm_third_hz(TO + 1) > l->rate / 2.0)
		return NAN;
	double n = 0, x_sum = 0, y_sum = 0, xx = 0, xy = 0;
	for (size_t i = FROM; i <= TO; i++) {
		double hz = longterm_third_hz(i), power = longterm_third(l, i).sides;
		if (!(power > 0))
			return NAN;
		double x = log2(hz), y = 10 * log10(power / hz);
		n++;
		x_sum += x;
		y_sum += y;
		xx += x * x;
		xy += x * y;
	}
	return (n * xy - x_sum * y_sum) / (n * xx - x_sum * x_sum);
}
