#include "mixer/strip.h"

#include "common/memory.h"
#include "common/units.h"
#include "mixer/mix.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const struct processor_type *type_of(const struct record *settings)
{
	for (size_t i = 0; i < mixer_processors.count; i++)
		if (mixer_processors.types[i]->settings == settings)
			return mixer_processors.types[i];
	return NULL;
}

static int insert_create(struct processor **processor, const struct key_insert *insert,
	const struct processor_format *format, struct error *e)
{
	struct error inner;
	const struct processor_type *type = type_of(insert->type);
	if (!type)
		return error_set(e, EINVAL, "line %d: %s: the mix has no such processor", insert->line,
			insert->type->name);
	int result = processor_create(processor, type, insert->settings, format, &inner);
	if (result < 0)
		error_set(e, result, "line %d: %s: %s", insert->line, insert->type->name, inner.text);
	return result;
}

int chain_init(struct chain *chain, const struct key_list *inserts, const struct processor_format *format,
	struct error *e)
{
	const struct key_insert *items = inserts->items;
	*chain = (struct chain){.processors = memory_array(inserts->count, sizeof(struct processor *))};
	for (size_t i = 0; i < inserts->count; i++) {
		if (items[i].bypass)
			continue;
		int result = insert_create(&chain->processors[chain->count], &items[i], format, e);
		if (result < 0) {
			chain_finish(chain);
			return result;
		}
		chain->count++;
	}
	return 0;
}

void chain_finish(struct chain *chain)
{
	for (size_t i = chain->count; i-- > 0;)
		processor_destroy(chain->processors[i]);
	free(chain->processors);
	*chain = (struct chain){0};
}

void chain_process(struct chain *chain, struct block *block)
{
	for (size_t i = 0; i < chain->count; i++)
		processor_process(chain->processors[i], block);
}

uint32_t chain_latency(const struct chain *chain)
{
	uint32_t latency = 0;
	for (size_t i = 0; i < chain->count; i++)
		latency += processor_latency(chain->processors[i]);
	return latency;
}

/* The falling side of the constant-power law; exactly 0 at the far end. */
static double side(double pan)
{
	return pan >= 100 ? 0 : cos((pan / 100 + 1) * M_PI / 4);
}

void pan_gains(enum pan_law law, double pan, double gains[static BLOCK_CHANNELS])
{
	gains[0] = side(pan);
	gains[1] = side(-pan);
	if (law == PAN_UNITY_CENTRE && pan == 0)
		gains[0] = gains[1] = 1;
	if (law == PAN_BALANCE) {
		gains[0] = pan <= 0 ? 1 : M_SQRT2 * gains[0];
		gains[1] = pan >= 0 ? 1 : M_SQRT2 * gains[1];
	}
}

int strip_init(
	struct strip *strip, const struct track_config *track, bool exact, uint32_t rate, struct error *e)
{
	struct error inner;
	uint32_t channels = track->input.count == 2 ? 2 : 1;
	struct processor_format format = {.rate = rate, .channels = channels};
	*strip = (struct strip){.channels = channels};
	int result = chain_init(&strip->chain, &track->chain, &format, &inner);
	if (result < 0)
		return error_set(e, result, "track %s: %s", track->name, inner.text);
	enum pan_law law = channels == 2 ? PAN_BALANCE : exact ? PAN_UNITY_CENTRE : PAN_CONSTANT_POWER;
	pan_gains(law, track->pan, strip->gains);
	for (int i = 0; i < BLOCK_CHANNELS; i++)
		strip->gains[i] *= units_from_db(track->gain_db);
	return 0;
}

void strip_finish(struct strip *strip)
{
	for (int i = 0; i < BLOCK_CHANNELS; i++)
		delay_finish(&strip->delays[i]);
	chain_finish(&strip->chain);
}

int strip_delay(struct strip *strip, uint32_t frames)
{
	for (uint32_t i = 0; i < strip->channels; i++) {
		int result = delay_init(&strip->delays[i], frames);
		if (result < 0)
			return result;
	}
	return 0;
}

static void add(const double *restrict from, double gain, double *restrict to, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++)
		to[i] += gain * from[i];
}

void strip_process(struct strip *strip, struct block *track, struct block *out)
{
	if (strip->silent)
		return;
	chain_process(&strip->chain, track);
	for (uint32_t i = 0; i < strip->channels; i++)
		delay_run(&strip->delays[i], track->channel[i], track->frames);
	for (uint32_t i = 0; i < BLOCK_CHANNELS; i++)
		add(track->channel[strip->channels == 2 ? i : 0], strip->gains[i], out->channel[i],
			track->frames);
}
