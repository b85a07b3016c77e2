#include "mixer/strip.h"

#include "audio/fastmath.h"
#include "audio/wide.h"
#include "common/memory.h"
#include "common/units.h"
#include "mixer/pan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Quieter than this is silence, and the fastest power of two ends before 1000 octaves. */
static const double quietest_db = -600;

/* ---- making ---- */

static void add_automation(
	struct strip *strip, const struct automation_config *config, struct strip_setup *setup)
{
	if (config->gain.count == 0 && config->mute.count == 0)
		return;
	struct automation *made = &strip->automations[strip->automation_count++];
	const char *missing = automation_init(made, config, setup->mix->rate, &setup->mix->markers);
	if (!setup->missing)
		setup->missing = missing;
}

static void init_fader(struct strip *strip, const struct graph_node *node, struct strip_setup *setup)
{
	const struct key_list *names = graph_vcas(node);
	strip->automations = memory_array(1 + names->count, sizeof(*strip->automations));
	if (node->track) {
		strip->gain_db = isnan(node->track->gain_db) ? 0 : node->track->gain_db;
		strip->fader_db = strip->gain_db + node->track->trim_db;
		add_automation(strip, &node->track->automation, setup);
	} else if (node->bus) {
		strip->fader_db = node->bus->gain_db;
		strip->pan = node->bus->pan;
		add_automation(strip, &node->bus->automation, setup);
	}
	for (size_t i = 0; i < names->count; i++) {
		const struct vca_config *vca =
			graph_find_vca(setup->mix->session, ((char *const *)names->items)[i]);
		strip->fader_db += vca->gain_db;
		add_automation(strip, &vca->automation, setup);
	}
}

static void init_place(struct strip *strip, const struct track_config *track, uint32_t rate)
{
	place_init(&strip->place, &track->place, track->pan, rate);
	strip->pan = strip->place.figures.pan;
	strip->stands = track->place.width != 0 || strip->place.section_count > 0;
}

static int init_chain(
	struct strip *strip, const struct graph_node *node, const struct mix_setup *setup, struct error *e)
{
	struct error inner;
	const struct key_list *inserts = node->track ? &node->track->chain
					 : node->bus ? &node->bus->chain
						     : &setup->session->chain_of_mix;
	struct processor_format format = {.rate = setup->rate,
		.channels = strip->channels,
		.tempo_bpm = setup->session->song.tempo_bpm};
	int result = chain_init(&strip->chain, inserts, setup->processors, &format, &inner);
	if (result == 0)
		return 0;
	if (!node->track && !node->bus)
		return error_set(e, result, "mix: %s", inner.text);
	return error_set(e, result, "%s %s: %s", node->track ? "track" : "bus", node->name, inner.text);
}

int strip_init(struct strip *strip, const struct graph_node *node, struct strip_setup *setup, struct error *e)
{
	*strip = (struct strip){
		.channels = node->track && node->track->input.count != 2 ? 1 : 2, .input_gain = 1};
	int result = init_chain(strip, node, setup->mix, e);
	if (result < 0)
		return result;
	if (node->track)
		init_place(strip, node->track, setup->mix->rate);
	init_fader(strip, node, setup);
	strip->first = strip->position = setup->mix->first;
	return 0;
}

void strip_finish(struct strip *strip)
{
	chain_finish(&strip->chain);
	for (size_t i = 0; i < strip->automation_count; i++)
		automation_finish(&strip->automations[i]);
	free(strip->automations);
	for (size_t i = 0; i < strip->way_count; i++)
		for (int c = 0; c < BLOCK_CHANNELS; c++)
			delay_finish(&strip->ways[i].delays[c]);
	free(strip->ways);
	for (size_t slot = 0; slot < MIX_SLOTS; slot++) {
		for (int c = 0; c < BLOCK_CHANNELS; c++) {
			free(strip->samples[slot][c]);
			free(strip->key.samples[slot][c]);
		}
	}
	*strip = (struct strip){0};
}

static int make_room(double *room[MIX_SLOTS][BLOCK_CHANNELS], uint32_t channels)
{
	for (size_t slot = 0; slot < MIX_SLOTS; slot++) {
		for (uint32_t c = 0; c < channels; c++) {
			if (!room[slot][c])
				room[slot][c] = calloc(MIX_CHUNK, sizeof(double));
			if (!room[slot][c])
				return -ENOMEM;
		}
	}
	return 0;
}

int strip_make_room(struct strip *strip)
{
	return make_room(strip->samples, strip->channels);
}

int strip_listen(struct strip *strip)
{
	strip->key.channels = strip->channels;
	return make_room(strip->key.samples, strip->channels);
}

/* Before the fader nothing of it counts, its place included. */
static double way_gain(const struct graph_edge *edge, const struct strip *from)
{
	double level_db = edge->send ? edge->send->level_db : from->place.figures.gain_db;
	bool pre = edge->send && edge->send->pre;
	return units_from_db(pre ? level_db : level_db + from->fader_db);
}

/* How a mono strip is panned. */
static enum pan_law mono_law(const struct strip_setup *setup)
{
	if (setup->exact)
		return PAN_UNITY_CENTRE;
	return setup->mix->session->mix.pan_law_db < -4 ? PAN_COMPROMISE : PAN_CONSTANT_POWER;
}

void way_level(struct way *way, const struct strip *from)
{
	pan_gains(way->law, way->pre ? 0 : from->pan, way->gains);
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		way->gains[c] *= way_gain(way->edge, from);
}

int way_init(struct way *way, const struct graph_edge *edge, const struct strip *from,
	const struct strip_setup *setup)
{
	*way = (struct way){.from = edge->from,
		.pre = edge->send && edge->send->pre,
		.law = from->channels == 2 ? PAN_BALANCE : mono_law(setup),
		.edge = edge};
	way_level(way, from);
	uint32_t behind = edge->send ? 0 : (uint32_t)lround(from->place.figures.delay_s * setup->mix->rate);
	int result = 0;
	for (uint32_t c = 0; c < from->channels && result == 0; c++)
		result = delay_init(&way->delays[c], edge->delay + behind);
	return result;
}

void strip_reset(struct strip *strip)
{
	chain_reset(&strip->chain);
	memset(strip->place.memories, 0, sizeof(strip->place.memories));
	for (size_t i = 0; i < strip->way_count; i++)
		for (int c = 0; c < BLOCK_CHANNELS; c++)
			delay_reset(&strip->ways[i].delays[c]);
	strip->position = strip->first;
}

/* ---- running ---- */

/* The moving part of a strip's gain at `frames` frames of the take from `first` on; false: there is none. */
static bool fill_curve(
	const struct strip *strip, bool pre, double first, double curve[BLOCK_FRAMES], uint32_t frames)
{
	if (strip->automation_count == 0)
		return false;
	memset(curve, 0, frames * sizeof(*curve));
	for (size_t i = 0; !pre && i < strip->automation_count; i++)
		automation_add(&strip->automations[i].gain, first, curve, frames);
	for (uint32_t i = 0; i < frames; i++) {
		double db = curve[i] > quietest_db ? curve[i] : quietest_db;
		curve[i] = fast_exp2(db * (1 / FAST_DB_PER_OCTAVE));
	}
	for (size_t i = 0; i < strip->automation_count; i++)
		automation_scale(&strip->automations[i].mute, first, curve, frames);
	return true;
}

WIDE static void add(const double *restrict from, double gain, double *restrict to, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++)
		to[i] += gain * from[i];
}

static void multiply(double *restrict samples, const double *restrict curve, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++)
		samples[i] *= curve[i];
}

/* One channel of a way's source: its own samples, or a copy where something is done to them. */
static const double *fetch(struct way *way, uint32_t channel, const double *samples, const double *curve,
	double *copy, uint32_t frames)
{
	if (way->delays[channel].frames == 0 && !curve)
		return samples;
	memcpy(copy, samples, frames * sizeof(*copy));
	delay_run(&way->delays[channel], copy, frames);
	if (curve)
		multiply(copy, curve, frames);
	return copy;
}

static void way_add(struct way *way, const struct strip *from, size_t slot, uint32_t offset, double first,
	struct block *out)
{
	double curve[BLOCK_FRAMES], copies[BLOCK_CHANNELS][BLOCK_FRAMES];
	const double *sources[BLOCK_CHANNELS] = {NULL};
	bool moves = fill_curve(from, way->pre, first, curve, out->frames);
	for (uint32_t c = 0; c < from->channels && c < BLOCK_CHANNELS; c++)
		sources[c] = fetch(way, c, from->samples[slot][c] + offset, moves ? curve : NULL, copies[c],
			out->frames);
	for (uint32_t c = 0; c < out->channels && c < BLOCK_CHANNELS; c++) {
		const double *source = sources[from->channels == 2 ? c : 0];
		if (source)
			add(source, way->gains[c], out->channel[c], out->frames);
	}
}

/* The room of a slot from `offset` on. */
static struct block block_of(const struct strip *strip, size_t slot, uint32_t offset, uint32_t frames)
{
	struct block block = {.channels = strip->channels, .frames = frames};
	for (uint32_t c = 0; c < strip->channels; c++)
		block.channel[c] = strip->samples[slot][c] + offset;
	return block;
}

static void move_on(struct strip *strip, struct block *block)
{
	if (strip->stands)
		place_process(&strip->place, block);
	strip->position += block->frames;
}

void strip_process(
	struct strip *strip, const struct strip *strips, size_t slot, uint32_t offset, uint32_t frames)
{
	struct block block = block_of(strip, slot, offset, frames);
	double first = (double)strip->position - strip->arrival;
	for (size_t i = 0; i < strip->way_count; i++)
		way_add(&strip->ways[i], &strips[strip->ways[i].from], slot, offset, first, &block);
	chain_process(&strip->chain, &block, slot, offset);
	move_on(strip, &block);
}

/* Nothing leads to a track. */
void strip_process_together(struct strip *const *strips, size_t slot, uint32_t offset, uint32_t frames)
{
	struct block blocks[CHAIN_TOGETHER], *block[CHAIN_TOGETHER];
	struct chain *chains[CHAIN_TOGETHER];
	for (size_t k = 0; k < CHAIN_TOGETHER; k++) {
		blocks[k] = block_of(strips[k], slot, offset, frames);
		block[k] = &blocks[k];
		chains[k] = &strips[k]->chain;
	}
	chain_process_together(chains, block);
	for (size_t k = 0; k < CHAIN_TOGETHER; k++)
		move_on(strips[k], &blocks[k]);
}
