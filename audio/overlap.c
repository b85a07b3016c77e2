#include "audio/overlap.h"

#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct overlap {
	size_t size, hop;
	struct spectrum *spectrum;
	struct spectrum_bin *bins;
	double *input;	/* the last `size` samples */
	double *output; /* `size` samples that are summed; the first hop of them is complete */
	double *window; /* what one window gives */
	size_t fresh;	/* samples of the newest hop that are there */
	overlap_fn fn;
	void *data;
};

int overlap_create(struct overlap **overlap, size_t size, overlap_fn fn, void *data, struct error *e)
{
	if (size == 0 || size % (2 * OVERLAP_DEPTH) != 0)
		return error_set(e, EINVAL, "windows of %zu samples", size);
	struct overlap *made = memory_new(sizeof(*made));
	int result = spectrum_create(&made->spectrum, size, SPECTRUM_ROOT_HANN, e);
	if (result < 0) {
		free(made);
		return result;
	}
	made->size = size;
	made->hop = size / OVERLAP_DEPTH;
	made->fn = fn;
	made->data = data;
	made->bins = memory_array(spectrum_bins(made->spectrum), sizeof(*made->bins));
	made->input = memory_array(size, sizeof(*made->input));
	made->output = memory_array(size, sizeof(*made->output));
	made->window = memory_array(size, sizeof(*made->window));
	*overlap = made;
	return 0;
}

void overlap_destroy(struct overlap *overlap)
{
	if (!overlap)
		return;
	spectrum_destroy(overlap->spectrum);
	free(overlap->bins);
	free(overlap->input);
	free(overlap->output);
	free(overlap->window);
	free(overlap);
}

uint32_t overlap_latency(const struct overlap *overlap)
{
	return (uint32_t)overlap->size;
}

static void transform(struct overlap *o)
{
	spectrum_forward(o->spectrum, o->input, o->bins);
	o->fn(o->data, o->bins, spectrum_bins(o->spectrum));
}

static void shift(double *samples, size_t size, size_t hop)
{
	memmove(samples, samples + hop, (size - hop) * sizeof(*samples));
}

/* Squared root-Hann windows, four deep, sum to 2. */
static void add_window(struct overlap *o)
{
	spectrum_inverse(o->spectrum, o->bins, o->window);
	shift(o->output, o->size, o->hop);
	memset(o->output + o->size - o->hop, 0, o->hop * sizeof(*o->output));
	for (size_t i = 0; i < o->size; i++)
		o->output[i] += o->window[i] * (2.0 / OVERLAP_DEPTH);
}

/* Takes up to a hop of samples in; `out` gets as many that are complete. Returns how many. */
static size_t step(struct overlap *o, const double *in, double *out, size_t count)
{
	size_t n = o->hop - o->fresh < count ? o->hop - o->fresh : count;
	memcpy(o->input + o->size - o->hop + o->fresh, in, n * sizeof(*in));
	if (out)
		memcpy(out, o->output + o->fresh, n * sizeof(*out));
	o->fresh += n;
	if (o->fresh < o->hop)
		return n;
	transform(o);
	if (out)
		add_window(o);
	shift(o->input, o->size, o->hop);
	o->fresh = 0;
	return n;
}

void overlap_run(struct overlap *overlap, double *samples, size_t count)
{
	for (size_t done = 0; done < count;)
		done += step(overlap, samples + done, samples + done, count - done);
}

void overlap_look(struct overlap *overlap, const double *samples, size_t count)
{
	for (size_t done = 0; done < count;)
		done += step(overlap, samples + done, NULL, count - done);
}

void overlap_reset(struct overlap *overlap)
{
	memset(overlap->input, 0, overlap->size * sizeof(*overlap->input));
	memset(overlap->output, 0, overlap->size * sizeof(*overlap->output));
	overlap->fresh = 0;
}
