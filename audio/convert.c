#include "audio/convert.h"

#include "common/memory.h"

#include <errno.h>
#include <soxr.h>
#include <stdlib.h>

struct convert {
	soxr_t soxr;
	struct convert_sink sink;
	double out[BLOCK_CHANNELS][BLOCK_FRAMES];
};

int convert_create(struct convert **convert, uint32_t from, uint32_t to, const struct convert_sink *sink,
	struct error *e)
{
	struct convert *made = memory_new(sizeof(*made));
	soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT64_S, SOXR_FLOAT64_S);
	soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
	soxr_error_t failure;
	made->sink = *sink;
	made->soxr = soxr_create(from, to, BLOCK_CHANNELS, &failure, &io, &quality, NULL);
	if (!made->soxr) {
		free(made);
		return error_set(e, EINVAL, "from %u to %u Hz: %s", from, to, soxr_strerror(failure));
	}
	*convert = made;
	return 0;
}

void convert_destroy(struct convert *convert)
{
	if (!convert)
		return;
	soxr_delete(convert->soxr);
	free(convert);
}

/* `block` NULL: the end. */
static int run(struct convert *c, const struct block *block, struct error *e)
{
	size_t left = block ? block->frames : 0, made;
	const double *in[BLOCK_CHANNELS] = {0};
	for (uint32_t i = 0; block && i < BLOCK_CHANNELS; i++)
		in[i] = block->channel[i];
	double *out[BLOCK_CHANNELS] = {c->out[0], c->out[1]};
	do {
		size_t used = 0;
		soxr_error_t failure =
			soxr_process(c->soxr, block ? in : NULL, left, &used, out, BLOCK_FRAMES, &made);
		if (failure)
			return error_set(e, ENOMEM, "rate conversion: %s", soxr_strerror(failure));
		struct block done = {BLOCK_CHANNELS, (uint32_t)made, {out[0], out[1]}};
		int result = made > 0 ? c->sink.write(c->sink.data, &done, e) : 0;
		if (result < 0)
			return result;
		left -= used;
		for (uint32_t i = 0; block && i < BLOCK_CHANNELS; i++)
			in[i] += used;
	} while (left > 0 || made > 0);
	return 0;
}

int convert_write(struct convert *convert, const struct block *block, struct error *e)
{
	return block->frames > 0 ? run(convert, block, e) : 0;
}

int convert_end(struct convert *convert, struct error *e)
{
	return run(convert, NULL, e);
}
