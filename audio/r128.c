#include "audio/r128.h"

#include "audio/filter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEPS_A_SECOND = R128_POLLS_A_SECOND,
	STEP_MOST = 3840, /* frames, at the highest rate */
	BLOCK_STEPS = 40, /* 400 ms: a gating block, and the momentary window */
	BLOCK_EVERY = 10, /* three quarters of a block overlap the one before */
	SHORT_TERM_STEPS = 300,
	RANGE_EVERY = 100, /* Tech 3342 wants at least 2 s of overlap between 3 s */
	SECTIONS = 2,
};

/* Mean squares, as they came. */
struct energies {
	double *list;
	size_t count, room;
};

struct r128 {
	uint32_t channels, step_frames, filled;
	struct biquad weighting[SECTIONS];
	double weights[R128_CHANNELS];
	r128_poll_fn poll; /* NULL: nobody asks */
	void *poll_data;
	r128_weighted_fn weighted; /* NULL: nobody asks */
	void *weighted_data;
	struct biquad_memory memories[R128_CHANNELS][SECTIONS];
	double samples[R128_CHANNELS][STEP_MOST]; /* of the step that is being filled */
	/* Energies of the last steps, of their last tens, and of ten such tens: rings. */
	double steps[SHORT_TERM_STEPS], tens[SHORT_TERM_STEPS], hundreds[SHORT_TERM_STEPS];
	uint64_t step_count;
	double max_momentary, max_short_term; /* energies */
	struct energies blocks, short_terms;
};

/* BS.1770-5's two stages for any rate, from the analogue prototypes behind its table of coefficients for 48
 * kHz (as B. De Man found them: "Evaluation of implementations of the EBU R128 loudness measurement", 2018).
 */
void r128_weighting(struct biquad weighting[static 2], double rate)
{
	double k = tan(M_PI * 1681.974450955533 / rate), q = 0.7071752369554196;
	double high = pow(10, 3.999843853973347 / 20), band = pow(high, 0.4996667741545416);
	double a0 = 1 + k / q + k * k;
	weighting[0] = (struct biquad){.b0 = (high + band * k / q + k * k) / a0,
		.b1 = 2 * (k * k - high) / a0,
		.b2 = (high - band * k / q + k * k) / a0,
		.a1 = 2 * (k * k - 1) / a0,
		.a2 = (1 - k / q + k * k) / a0};
	k = tan(M_PI * 38.13547087602444 / rate);
	q = 0.5003270373238773;
	a0 = 1 + k / q + k * k;
	weighting[1] = (struct biquad){
		.b0 = 1, .b1 = -2, .b2 = 1, .a1 = 2 * (k * k - 1) / a0, .a2 = (1 - k / q + k * k) / a0};
}

struct r128 *r128_create(uint32_t rate, uint32_t channels)
{
	struct r128 *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->channels = channels;
	made->step_frames = rate / STEPS_A_SECOND;
	for (uint32_t c = 0; c < channels; c++)
		made->weights[c] = 1;
	r128_weighting(made->weighting, rate);
	return made;
}

void r128_destroy(struct r128 *r128)
{
	if (!r128)
		return;
	free(r128->blocks.list);
	free(r128->short_terms.list);
	free(r128);
}

static int keep(struct energies *energies, double energy)
{
	if (energies->count == energies->room) {
		size_t room = energies->room ? 2 * energies->room : 256;
		double *list = reallocarray(energies->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		energies->list = list;
		energies->room = room;
	}
	energies->list[energies->count++] = energy;
	return 0;
}

/* Four sums, for one would wait for its own last addition. */
static double sum_of_squares(const double *samples, uint32_t count)
{
	double sums[4] = {0};
	uint32_t i = 0;
	for (; i + 4 <= count; i += 4)
		for (uint32_t k = 0; k < 4; k++)
			sums[k] += samples[i + k] * samples[i + k];
	for (; i < count; i++)
		sums[0] += samples[i] * samples[i];
	return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Of a ring, `count` values, `apart` from each other, the last of them the one of the last step. */
static double sum_back(
	const struct r128 *l, const double ring[SHORT_TERM_STEPS], unsigned count, unsigned apart)
{
	double sum = 0;
	unsigned at = (unsigned)((l->step_count - 1) % SHORT_TERM_STEPS);
	for (unsigned i = 0; i < count; i++) {
		sum += ring[at];
		at = at >= apart ? at - apart : at + SHORT_TERM_STEPS - apart;
	}
	return sum;
}

/* Windows are added up from tens of steps and tens of these, a few additions each; no sum runs on, so no
 * error adds up. */
static void keep_step(struct r128 *l, double energy)
{
	unsigned at = (unsigned)(l->step_count++ % SHORT_TERM_STEPS);
	l->steps[at] = energy;
	l->tens[at] = sum_back(l, l->steps, 10, 1);
	l->hundreds[at] = sum_back(l, l->tens, 10, 10);
}

void r128_set_weight(struct r128 *r128, uint32_t channel, double weight)
{
	r128->weights[channel] = weight;
}

void r128_set_poll(struct r128 *r128, r128_poll_fn poll, void *data)
{
	r128->poll = poll;
	r128->poll_data = data;
}

void r128_set_weighted(struct r128 *r128, r128_weighted_fn weighted, void *data)
{
	r128->weighted = weighted;
	r128->weighted_data = data;
}

/* A window that is not full yet is no reading (Tech 3341, 2.2). */
int r128_add_step(struct r128 *l, double energy)
{
	keep_step(l, energy);
	int result = 0;
	double momentary = 0, short_term = 0;
	if (l->step_count >= BLOCK_STEPS) {
		momentary = sum_back(l, l->tens, BLOCK_STEPS / 10, 10) / BLOCK_STEPS;
		l->max_momentary = fmax(l->max_momentary, momentary);
		if (l->step_count % BLOCK_EVERY == 0)
			result = keep(&l->blocks, momentary);
	}
	if (l->step_count >= SHORT_TERM_STEPS) {
		short_term = sum_back(l, l->hundreds, SHORT_TERM_STEPS / 100, 100) / SHORT_TERM_STEPS;
		l->max_short_term = fmax(l->max_short_term, short_term);
		if (l->step_count % RANGE_EVERY == 0 && result == 0)
			result = keep(&l->short_terms, short_term);
	}
	if (l->poll)
		l->poll(l->poll_data, r128_from_energy(momentary), r128_from_energy(short_term));
	return result;
}

static void weigh(struct r128 *l)
{
	struct biquad_memory *const memories[2] = {l->memories[0], l->memories[1]};
	double *const samples[2] = {l->samples[0], l->samples[1]};
	if (l->channels == 2)
		filter_run_pair(l->weighting, memories, samples, l->step_frames);
	else
		for (uint32_t c = 0; c < l->channels; c++)
			filter_run_cascade(
				l->weighting, l->memories[c], SECTIONS, l->samples[c], l->step_frames);
}

static int step_done(struct r128 *l)
{
	double sum = 0;
	weigh(l);
	for (uint32_t c = 0; c < l->channels; c++) {
		sum += l->weights[c] * sum_of_squares(l->samples[c], l->step_frames);
		if (l->weighted)
			l->weighted(l->weighted_data, c, l->samples[c], l->step_frames);
	}
	l->filled = 0;
	return r128_add_step(l, sum / l->step_frames);
}

int r128_add(struct r128 *l, const struct block *block)
{
	return r128_add_planar(l, (const double *const *)block->channel, block->frames);
}

int r128_add_planar(struct r128 *l, const double *const *channels, uint32_t frames)
{
	int result = 0;
	for (uint32_t done = 0, n; done < frames && result == 0; done += n) {
		n = l->step_frames - l->filled;
		n = n < frames - done ? n : frames - done;
		for (uint32_t c = 0; c < l->channels; c++)
			memcpy(l->samples[c] + l->filled, channels[c] + done, n * sizeof(double));
		l->filled += n;
		if (l->filled == l->step_frames)
			result = step_done(l);
	}
	return result;
}

const double *r128_blocks(const struct r128 *l, size_t *count)
{
	*count = l->blocks.count;
	return l->blocks.list;
}

double r128_from_energy(double energy)
{
	return energy > 0 ? 10 * log10(energy) - 0.691 : -INFINITY;
}

static double energy_of(double lufs)
{
	return pow(10, (lufs + 0.691) / 10);
}

/* The mean of those at least as loud as the gate; 0 where none is. */
static double gated_mean(const struct energies *energies, double gate)
{
	double sum = 0;
	size_t count = 0;
	for (size_t i = 0; i < energies->count; i++) {
		if (energies->list[i] >= gate) {
			sum += energies->list[i];
			count++;
		}
	}
	return count > 0 ? sum / (double)count : 0;
}

static const double absolute_gate_lufs = -70;

static double integrated(const struct energies *blocks)
{
	double absolute = energy_of(absolute_gate_lufs), relative = gated_mean(blocks, absolute) / 10;
	return r128_from_energy(gated_mean(blocks, fmax(absolute, relative)));
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Tech 3342: between the 10th and the 95th percentile of what is not 20 LU below the mean. */
static double range(const struct energies *short_terms)
{
	double absolute = energy_of(absolute_gate_lufs), relative = gated_mean(short_terms, absolute) / 100;
	double gate = fmax(absolute, relative);
	double *loud = calloc(short_terms->count + 1, sizeof(*loud));
	size_t count = 0;
	for (size_t i = 0; loud && i < short_terms->count; i++)
		if (short_terms->list[i] >= gate)
			loud[count++] = short_terms->list[i];
	double lu = 0;
	if (count > 0) {
		qsort(loud, count, sizeof(*loud), by_value);
		double high = loud[(size_t)((double)(count - 1) * 0.95 + 0.5)];
		double low = loud[(size_t)((double)(count - 1) * 0.1 + 0.5)];
		lu = 10 * log10(high / low);
	}
	free(loud);
	return lu;
}

void r128_read(const struct r128 *l, struct r128_reading *reading)
{
	*reading = (struct r128_reading){
		.integrated_lufs = integrated(&l->blocks),
		.max_momentary_lufs = r128_from_energy(l->max_momentary),
		.max_short_term_lufs = r128_from_energy(l->max_short_term),
		.range_lu = range(&l->short_terms),
	};
}
