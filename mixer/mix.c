#include "mixer/mix.h"

#include "common/memory.h"
#include "mixer/strip.h"

#include <stdlib.h>
#include <string.h>

struct mix {
	struct strip *strips;
	size_t count;
	struct chain bus;
	uint32_t latency;
};

static bool is_exact(const struct session *session)
{
	return session->mix.preset && strcmp(session->mix.preset, "none") == 0;
}

static int make_strips(struct mix *mix, const struct session *session, uint32_t rate, struct error *e)
{
	const struct track_config *tracks = session->tracks.items;
	mix->strips = memory_array(session->tracks.count, sizeof(*mix->strips));
	for (size_t i = 0; i < session->tracks.count; i++) {
		int result = strip_init(&mix->strips[i], &tracks[i], is_exact(session), rate, e);
		if (result < 0)
			return result;
		mix->count++;
	}
	return 0;
}

/* A muted track is silent even when it is soloed. */
static void choose_silent(struct mix *mix, const struct session *session)
{
	const struct track_config *tracks = session->tracks.items;
	bool any_solo = false;
	for (size_t i = 0; i < mix->count; i++)
		any_solo |= tracks[i].solo;
	for (size_t i = 0; i < mix->count; i++)
		mix->strips[i].silent = tracks[i].mute || (any_solo && !tracks[i].solo);
}

/* Silent strips count too, so that soloing a track does not move it. */
static int align_strips(struct mix *mix, struct error *e)
{
	uint32_t slowest = 0;
	for (size_t i = 0; i < mix->count; i++) {
		uint32_t latency = chain_latency(&mix->strips[i].chain);
		slowest = latency > slowest ? latency : slowest;
	}
	for (size_t i = 0; i < mix->count; i++) {
		struct strip *strip = &mix->strips[i];
		int result = strip_delay(strip, slowest - chain_latency(&strip->chain));
		if (result < 0)
			return error_errno(e, result, "delay of a track");
	}
	mix->latency = slowest;
	return 0;
}

static int make_bus(struct mix *mix, const struct session *session, uint32_t rate, struct error *e)
{
	struct error inner;
	struct processor_format format = {.rate = rate, .channels = 2};
	int result = chain_init(&mix->bus, &session->chain_of_mix, &format, &inner);
	if (result < 0)
		return error_set(e, result, "mix: %s", inner.text);
	mix->latency += chain_latency(&mix->bus);
	return 0;
}

int mix_create(struct mix **mix, const struct session *session, uint32_t rate, struct error *e)
{
	struct mix *made = memory_new(sizeof(*made));
	int result = make_strips(made, session, rate, e);
	if (result < 0)
		goto fail;
	choose_silent(made, session);
	result = align_strips(made, e);
	if (result < 0)
		goto fail;
	result = make_bus(made, session, rate, e);
	if (result < 0)
		goto fail;
	*mix = made;
	return 0;
fail:
	mix_destroy(made);
	return result;
}

void mix_destroy(struct mix *mix)
{
	if (!mix)
		return;
	chain_finish(&mix->bus);
	for (size_t i = 0; i < mix->count; i++)
		strip_finish(&mix->strips[i]);
	free(mix->strips);
	free(mix);
}

void mix_process(struct mix *mix, struct block *tracks, struct block *out)
{
	out->channels = BLOCK_CHANNELS;
	if (mix->count > 0)
		out->frames = tracks[0].frames;
	for (int i = 0; i < BLOCK_CHANNELS; i++)
		memset(out->channel[i], 0, out->frames * sizeof(double));
	for (size_t i = 0; i < mix->count; i++)
		strip_process(&mix->strips[i], &tracks[i], out);
	chain_process(&mix->bus, out);
}

uint32_t mix_latency(const struct mix *mix)
{
	return mix->latency;
}
