/* lv2: a plugin always gets whole blocks of one size, so that what it makes does not depend on how the mix is
 * cut; the block that has to be gathered for it first is part of the latency. */
#include "mixer/lv2-host.h"
#include "mixer/lv2-settings.h"
#include "mixer/processors.h"

#include <string.h>

struct lv2 {
	struct lv2_host *host;
	uint32_t channels;
	size_t gathered;			   /* of the next block; as many of the last one are out */
	double samples[BLOCK_CHANNELS][LV2_BLOCK]; /* the new ones, then the last block's rest */
};

static int lv2_init(void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	struct lv2 *lv2 = state;
	lv2->channels = format->channels;
	return lv2_host_open(&lv2->host, settings, format, e);
}

static void swap(double *restrict kept, double *restrict samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double old = kept[i];
		kept[i] = samples[i];
		samples[i] = old;
	}
}

static void lv2_process(void *state, struct block *block)
{
	struct lv2 *lv2 = state;
	for (size_t from = 0; from < block->frames;) {
		size_t left = block->frames - from, room = LV2_BLOCK - lv2->gathered;
		size_t count = left < room ? left : room;
		for (uint32_t c = 0; c < lv2->channels; c++)
			swap(lv2->samples[c] + lv2->gathered, block->channel[c] + from, count);
		lv2->gathered += count;
		from += count;
		if (lv2->gathered == LV2_BLOCK) {
			lv2_host_run(lv2->host, lv2->samples);
			lv2->gathered = 0;
		}
	}
}

static uint32_t lv2_latency(const void *state)
{
	const struct lv2 *lv2 = state;
	return LV2_BLOCK + lv2_host_latency(lv2->host);
}

static void lv2_reset(void *state)
{
	struct lv2 *lv2 = state;
	memset(lv2->samples, 0, sizeof(lv2->samples));
	lv2->gathered = 0;
	lv2_host_reset(lv2->host);
}

static void lv2_finish(void *state)
{
	struct lv2 *lv2 = state;
	lv2_host_close(lv2->host);
}

const struct processor_type lv2_type = {
	.settings = &lv2_record,
	.state_size = sizeof(struct lv2),
	.init = lv2_init,
	.process = lv2_process,
	.latency = lv2_latency,
	.reset = lv2_reset,
	.finish = lv2_finish,
};
