#include "mixer/network.h"

#include "audio/finite.h"
#include "common/units.h"

#include <math.h>
#include <string.h>

/* Where each line listens and speaks: the left side with the even lines, the right with the odd ones; both
 * hear all, each with signs that make of the same sound two without correlation. */
static const signed char in_sign[NETWORK_LINES] = {1, -1, -1, -1, -1, -1, 1, -1, 1, -1, -1, -1, -1, 1, -1, 1};
static const signed char out_sign[BLOCK_CHANNELS][NETWORK_LINES] = {
	{-1, -1, 1, -1, -1, -1, 1, -1, 1, 1, 1, 1, 1, -1, -1, -1},
	{1, -1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, 1, 1, 1, 1},
};

static bool is_prime(unsigned n)
{
	for (unsigned d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n > 1;
}

/* Spread evenly on a logarithmic scale; each a prime, so that echoes of several lines seldom meet. */
static double line_frames(const struct network_design *d, int i)
{
	double ratio = d->longest_s / d->shortest_s, at = (double)i / (NETWORK_LINES - 1);
	unsigned frames = (unsigned)ceil(d->shortest_s * pow(ratio, at) * d->rate);
	while (!is_prime(frames))
		frames++;
	return frames;
}

/* Neighbours in length are far from one another in the matrix. */
static int shuffled(int i)
{
	return i * 7 % NETWORK_LINES;
}

/* Once through a line. What loses more than 60 dB there is gone, however much more it should lose. */
static double loss_db(const struct network_design *d, double frames, double ratio)
{
	return fmax(-60 * frames / (d->rate * d->decay_s * ratio), -60);
}

static void design_filters(struct network_line *line, const struct network_design *d)
{
	double middle = loss_db(d, line->frames, 1);
	double low = loss_db(d, line->frames, d->low_ratio) - middle;
	double high = loss_db(d, line->frames, d->high_ratio) - middle;
	struct biquad *first = &line->filters[0];
	*first = filter_design(FILTER_LOWSHELF, d->low_hz, M_SQRT1_2, low, d->rate);
	line->filters[1] = filter_design(FILTER_HIGHSHELF, d->high_hz, M_SQRT1_2, high, d->rate);
	double gain = units_from_db(middle);
	first->b0 *= gain;
	first->b1 *= gain;
	first->b2 *= gain;
}

/* Half of the lines move, each at a pace of its own, between 0.35 and 0.9 turns a second. */
static void design_turner(struct network_line *line, const struct network_design *d, int i)
{
	line->depth_frames = i & 2 ? d->moving_s * d->rate : 0;
	line->start = turner_start(2.4 * i, (0.35 + 0.55 * i / NETWORK_LINES) / d->rate);
	line->turner = line->start;
}

int network_init(struct network *network, const struct network_design *d)
{
	double kept = 0;
	*network = (struct network){.channels = d->channels};
	moving_init(&network->moving);
	for (int i = 0; i < NETWORK_LINES; i++) {
		struct network_line *line = &network->lines[shuffled(i)];
		line->frames = line_frames(d, i);
		design_filters(line, d);
		design_turner(line, d, i);
		kept += pow(10, loss_db(d, line->frames, 1) / 10) / NETWORK_LINES;
		int result = line_init(
			&line->line, (size_t)(line->frames + line->depth_frames) + 2 * NETWORK_CHUNK);
		if (result < 0) {
			network_finish(network);
			return result;
		}
	}
	/* Energy 1 goes in; a share `kept` of it comes out at the lines' ends, of that again `kept`, … */
	network->in_gain = sqrt((double)d->channels / NETWORK_LINES);
	network->out_gain = sqrt((1 - kept) / (kept * d->channels));
	return 0;
}

void network_finish(struct network *network)
{
	for (int i = 0; i < NETWORK_LINES; i++)
		line_finish(&network->lines[i].line);
}

void network_reset(struct network *network)
{
	for (int i = 0; i < NETWORK_LINES; i++) {
		struct network_line *line = &network->lines[i];
		line_reset(&line->line);
		line->turner = line->start;
		memset(line->memories, 0, sizeof(line->memories));
	}
}

static void hear(struct network *network, struct network_line *line, double *samples, size_t count)
{
	if (line->depth_frames == 0) {
		line_read(&line->line, (size_t)line->frames, samples, count);
	} else {
		double delays[NETWORK_CHUNK];
		for (size_t i = 0; i < count; i++)
			delays[i] = line->frames + line->depth_frames * turner_next(&line->turner);
		moving_read(&network->moving, &line->line, delays, 0, samples, count);
	}
	filter_run_cascade(line->filters, line->memories, NETWORK_FILTERS, samples, count);
}

/* The whole chunk whatever is in it: a fixed count is what compilers turn into vectors. */
static void butterfly(double *restrict a, double *restrict b)
{
	for (int i = 0; i < NETWORK_CHUNK; i++) {
		double sum = a[i] + b[i], difference = a[i] - b[i];
		a[i] = sum;
		b[i] = difference;
	}
}

static void add_signed(double *restrict to, const double *restrict from, double gain)
{
	for (int i = 0; i < NETWORK_CHUNK; i++)
		to[i] += gain * from[i];
}

/* Fast Walsh-Hadamard transform; a quarter of it keeps the energy. */
static void scatter(double lines[NETWORK_LINES][NETWORK_CHUNK])
{
	for (int step = 1; step < NETWORK_LINES; step *= 2)
		for (int i = 0; i < NETWORK_LINES; i++)
			if (!(i & step))
				butterfly(lines[i], lines[i + step]);
}

static void feed(struct network_line *line, double *restrict samples, const double *restrict in, double gain,
	size_t count)
{
	for (int i = 0; i < NETWORK_CHUNK; i++)
		samples[i] = finite_flushed(0.25 * samples[i] + gain * in[i]);
	line_write(&line->line, samples, count);
}

void network_run(
	struct network *network, double in[][NETWORK_CHUNK], double out[][NETWORK_CHUNK], size_t count)
{
	double lines[NETWORK_LINES][NETWORK_CHUNK];
	const uint32_t channels = network->channels < BLOCK_CHANNELS ? network->channels : BLOCK_CHANNELS;
	for (uint32_t c = 0; c < channels; c++)
		memset(out[c], 0, sizeof(out[c]));
	for (int i = 0; i < NETWORK_LINES; i++) {
		memset(lines[i] + count, 0, (NETWORK_CHUNK - count) * sizeof(double));
		hear(network, &network->lines[i], lines[i], count);
		for (uint32_t c = 0; c < channels; c++)
			add_signed(out[c], lines[i], out_sign[c][i] * network->out_gain);
	}
	scatter(lines);
	for (int i = 0; i < NETWORK_LINES; i++)
		feed(&network->lines[i], lines[i], in[(uint32_t)i % channels], in_sign[i] * network->in_gain,
			count);
}
