#include "audio/meter.h"

#include "audio/oversample.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* libebur128 has an `enum error`, which C cannot tell from our `struct error`. */
#define error ebur128_error
#include <ebur128.h>
#undef error

enum {
	STEPS_A_SECOND = 100,
	MOMENTARY_STEPS = 40,	/* 400 ms */
	SHORT_TERM_STEPS = 300, /* 3 s */
	FACTOR = 16,		/* under-reads a tone at 0.45 of the rate by 0.03 dB at the worst phase */
};

struct meter {
	uint32_t channels, step_frames, step_filled;
	ebur128_state *loudness;
	struct oversample *oversample[BLOCK_CHANNELS];
	double energy[SHORT_TERM_STEPS]; /* K-weighted, of the last steps; a ring */
	uint64_t steps, frames;
	double max_momentary, max_short_term; /* energies */
	double sample_peak;
	double squares[BLOCK_CHANNELS], products; /* sums over the whole */
};

int meter_create(struct meter **meter, uint32_t rate, uint32_t channels, struct error *e)
{
	if (channels < 1 || channels > BLOCK_CHANNELS)
		return error_set(e, EINVAL, "a meter measures 1 or 2 channels, not %u", channels);
	if (rate < 8000 || rate > 384000)
		return error_set(e, EINVAL, "a meter works at 8 to 384 kHz, not at %u Hz", rate);
	struct meter *made = calloc(1, sizeof(*made));
	if (!made)
		return error_errno(e, ENOMEM, "meter");
	made->channels = channels;
	made->step_frames = rate / STEPS_A_SECOND;
	made->loudness = ebur128_init(channels, rate, EBUR128_MODE_I | EBUR128_MODE_LRA);
	bool whole = made->loudness != NULL;
	for (uint32_t c = 0; c < channels; c++) {
		made->oversample[c] = oversample_create(FACTOR);
		whole = whole && made->oversample[c];
	}
	if (!whole) {
		meter_destroy(made);
		return error_errno(e, ENOMEM, "meter");
	}
	*meter = made;
	return 0;
}

void meter_destroy(struct meter *meter)
{
	if (!meter)
		return;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		oversample_destroy(meter->oversample[c]);
	if (meter->loudness)
		ebur128_destroy(&meter->loudness);
	free(meter);
}

/* Mean energy of the last `count` steps; 0 until there are so many, since a window that is not full yet is
 * no reading (EBU Tech 3341, 2.2). */
static double window_energy(const struct meter *meter, unsigned count)
{
	if (meter->steps < count)
		return 0;
	double sum = 0;
	for (unsigned i = 1; i <= count; i++)
		sum += meter->energy[(meter->steps - i) % SHORT_TERM_STEPS];
	return sum / count;
}

/* Asking libebur128 for the whole 3 s every 10 ms would add up 144,000 squares each time; the energy of the
 * last step alone does, as both windows are whole numbers of steps. */
static void step_done(struct meter *meter)
{
	double lufs;
	int result = ebur128_loudness_window(meter->loudness, 1000 / STEPS_A_SECOND, &lufs);
	double energy = result == EBUR128_SUCCESS && isfinite(lufs) ? pow(10, (lufs + 0.691) / 10) : 0;
	meter->energy[meter->steps++ % SHORT_TERM_STEPS] = energy;
	meter->max_momentary = fmax(meter->max_momentary, window_energy(meter, MOMENTARY_STEPS));
	meter->max_short_term = fmax(meter->max_short_term, window_energy(meter, SHORT_TERM_STEPS));
	meter->step_filled = 0;
}

static int add_loudness(struct meter *meter, const struct block *block)
{
	double interleaved[BLOCK_FRAMES * BLOCK_CHANNELS];
	for (uint32_t done = 0, n; done < block->frames; done += n) {
		n = meter->step_frames - meter->step_filled;
		if (n > block->frames - done)
			n = block->frames - done;
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t c = 0; c < meter->channels; c++)
				interleaved[i * meter->channels + c] = block->channel[c][done + i];
		if (ebur128_add_frames_double(meter->loudness, interleaved, n) != EBUR128_SUCCESS)
			return -ENOMEM;
		meter->step_filled += n;
		if (meter->step_filled == meter->step_frames)
			step_done(meter);
	}
	return 0;
}

static void add_levels(struct meter *meter, const struct block *block)
{
	for (uint32_t c = 0; c < meter->channels; c++) {
		const double *samples = block->channel[c];
		oversample_largest(meter->oversample[c], samples, block->frames);
		for (uint32_t i = 0; i < block->frames; i++) {
			meter->squares[c] += samples[i] * samples[i];
			if (fabs(samples[i]) > meter->sample_peak)
				meter->sample_peak = fabs(samples[i]);
		}
	}
	if (meter->channels == 2)
		for (uint32_t i = 0; i < block->frames; i++)
			meter->products += block->channel[0][i] * block->channel[1][i];
}

int meter_add(struct meter *meter, const struct block *block)
{
	meter->frames += block->frames;
	add_levels(meter, block);
	return add_loudness(meter, block);
}

/* BS.1770-5, annex 1, equation 2. */
static double energy_to_lufs(double energy)
{
	return energy > 0 ? 10 * log10(energy) - 0.691 : -INFINITY;
}

static double true_peak(const struct meter *meter)
{
	double peak = meter->sample_peak;
	for (uint32_t c = 0; c < meter->channels; c++)
		peak = fmax(peak, oversample_largest_to_end(meter->oversample[c]));
	return peak;
}

static double correlation(const struct meter *meter)
{
	if (meter->channels == 1 || (meter->squares[0] == 0 && meter->squares[1] == 0))
		return 1;
	double power = sqrt(meter->squares[0]) * sqrt(meter->squares[1]);
	return power > 0 ? fmax(-1, fmin(1, meter->products / power)) : 0;
}

void meter_read(struct meter *meter, struct meter_reading *reading)
{
	*reading = (struct meter_reading){.frames = meter->frames};
	if (ebur128_loudness_global(meter->loudness, &reading->integrated_lufs) != EBUR128_SUCCESS)
		reading->integrated_lufs = -INFINITY;
	if (ebur128_loudness_range(meter->loudness, &reading->lra_lu) != EBUR128_SUCCESS)
		reading->lra_lu = 0;
	reading->max_momentary_lufs = energy_to_lufs(meter->max_momentary);
	reading->max_short_term_lufs = energy_to_lufs(meter->max_short_term);
	reading->true_peak_dbtp = units_to_db(true_peak(meter));
	reading->sample_peak_dbfs = units_to_db(meter->sample_peak);
	reading->correlation = correlation(meter);
	double samples = (double)meter->frames * meter->channels;
	double power = samples > 0 ? (meter->squares[0] + meter->squares[1]) / samples : 0;
	reading->rms_dbfs = units_to_db(sqrt(power));
}
