#include "mixer/mix.h"

#include "common/memory.h"
#include "common/units.h"
#include "mixer/strip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mix {
	struct graph graph;
	struct strip *strips; /* one a node of the graph */
	/* The parts of stage 0: tracks, in their order but for those that are processed together. */
	struct row {
		size_t tracks[CHAIN_TOGETHER], count; /* 1 or CHAIN_TOGETHER */
	} * rows;
	size_t row_count;
	const char *missing;
	uint32_t rate;
};

static int make_strips(struct mix *mix, struct strip_setup *setup, struct error *e)
{
	mix->strips = memory_array(mix->graph.node_count, sizeof(*mix->strips));
	for (size_t i = 0; i < mix->graph.node_count; i++) {
		int result = strip_init(&mix->strips[i], &mix->graph.nodes[i], setup, e);
		if (result < 0)
			return result;
		mix->graph.nodes[i].latency = chain_latency(&mix->strips[i].chain);
	}
	mix->missing = setup->missing;
	return 0;
}

/* The strip of a track; NULL if there is none. */
static struct strip *find_track(const struct mix *mix, const char *name)
{
	for (size_t i = 0; i < mix->graph.track_count; i++)
		if (strcmp(mix->graph.nodes[i].name, name) == 0)
			return &mix->strips[i];
	return NULL;
}

static int connect_key(struct mix *mix, struct chain_insert *insert, uint32_t late, struct error *e)
{
	struct strip *track = find_track(mix, insert->key_track);
	if (!track)
		return error_set(
			e, EINVAL, "line %d: key: there is no track %s", insert->line, insert->key_track);
	if (strip_listen(track) < 0)
		return error_errno(e, ENOMEM, "line %d: key", insert->line);
	return chain_listen(insert, &track->key, late, e);
}

/* A detector's signal is as late as what comes in, and what lies before the detector adds to it. */
static int connect_keys(struct mix *mix, size_t index, struct error *e)
{
	struct error inner;
	struct strip *strip = &mix->strips[index];
	uint32_t late = strip->arrival;
	for (size_t i = 0; i < strip->chain.count; i++) {
		struct chain_insert *insert = &strip->chain.inserts[i];
		int result = insert->key_track ? connect_key(mix, insert, late, &inner) : 0;
		if (result < 0)
			return error_set(e, result, "%s: %s", mix->graph.nodes[index].name, inner.text);
		late += processor_latency(insert->processor);
	}
	return 0;
}

static int open_ways(struct mix *mix, size_t index, const struct strip_setup *setup)
{
	const struct graph_node *node = &mix->graph.nodes[index];
	struct strip *strip = &mix->strips[index];
	strip->ways = memory_array(node->edge_count, sizeof(*strip->ways));
	for (size_t i = 0; i < node->edge_count; i++) {
		const struct graph_edge *edge = &mix->graph.edges[node->first_edge + i];
		if (!edge->open)
			continue;
		struct way *way = &strip->ways[strip->way_count++];
		int result = way_init(way, edge, &mix->strips[edge->from], setup);
		if (result < 0)
			return result;
	}
	return 0;
}

/* What nobody hears needs neither room nor ways. */
static int connect_strips(struct mix *mix, const struct strip_setup *setup, struct error *e)
{
	graph_align(&mix->graph);
	for (size_t i = 0; i < mix->graph.node_count; i++) {
		mix->strips[i].arrival = mix->graph.nodes[i].arrival;
		int result = connect_keys(mix, i, e);
		if (result < 0)
			return result;
	}
	for (size_t i = 0; i < mix->graph.node_count; i++) {
		int result = 0;
		if (mix->graph.nodes[i].used || mix->strips[i].key.samples[0][0])
			result = strip_make_room(&mix->strips[i]);
		if (mix->graph.nodes[i].used && result == 0)
			result = open_ways(mix, i, setup);
		if (result < 0)
			return error_errno(e, result, "the mix");
	}
	return 0;
}

/* By levels, so that what a strip waits for is known before the strip. */
static void find_waiting(struct mix *mix)
{
	for (uint32_t level = 1; level < mix->graph.levels; level++) {
		for (size_t i = mix->graph.track_count; i < mix->graph.node_count; i++) {
			struct strip *strip = &mix->strips[i];
			if (mix->graph.nodes[i].level != level)
				continue;
			strip->waits = false;
			for (size_t k = 0; k < strip->way_count; k++) {
				const struct strip *from = &mix->strips[strip->ways[k].from];
				strip->waits |= from->waits || chain_listens(&from->chain);
			}
		}
	}
}

/* Tracks of `row`, as many as there are of CHAIN_TOGETHER: `from` and later ones that are used, that nobody
 * took yet and whose chains are alike. */
static void find_alike(const struct mix *mix, size_t from, const bool *taken, struct row *row)
{
	const struct chain *chain = &mix->strips[from].chain;
	*row = (struct row){.tracks = {from}, .count = 1};
	for (size_t i = from + 1; i < mix->graph.track_count && row->count < CHAIN_TOGETHER; i++)
		if (!taken[i] && mix->graph.nodes[i].used && chain_alike(chain, &mix->strips[i].chain))
			row->tracks[row->count++] = i;
	if (row->count < CHAIN_TOGETHER || chain->count == 0 || !mix->graph.nodes[from].used)
		row->count = 1;
}

static void make_rows(struct mix *mix)
{
	bool *taken = memory_array(mix->graph.track_count, sizeof(*taken));
	mix->rows = memory_array(mix->graph.track_count, sizeof(*mix->rows));
	for (size_t i = 0; i < mix->graph.track_count; i++) {
		struct row *row = &mix->rows[mix->row_count];
		if (taken[i])
			continue;
		find_alike(mix, i, taken, row);
		for (size_t k = 0; k < row->count; k++)
			taken[row->tracks[k]] = true;
		mix->row_count++;
	}
	free(taken);
}

int mix_create(struct mix **mix, const struct mix_setup *setup, struct error *e)
{
	const char *preset = setup->session->mix.preset;
	struct strip_setup strips = {.mix = setup, .exact = preset && strcmp(preset, "none") == 0};
	struct mix *made = memory_new(sizeof(*made));
	made->rate = setup->rate;
	int result = graph_plan(&made->graph, setup->session, e);
	if (result == 0)
		result = make_strips(made, &strips, e);
	if (result == 0)
		result = connect_strips(made, &strips, e);
	if (result < 0) {
		mix_destroy(made);
		return result;
	}
	find_waiting(made);
	make_rows(made);
	*mix = made;
	return 0;
}

void mix_destroy(struct mix *mix)
{
	if (!mix)
		return;
	for (size_t i = 0; mix->strips && i < mix->graph.node_count; i++)
		strip_finish(&mix->strips[i]);
	free(mix->strips);
	free(mix->rows);
	graph_finish(&mix->graph);
	free(mix);
}

uint32_t mix_latency(const struct mix *mix)
{
	return mix->graph.latency;
}

const char *mix_missing_moment(const struct mix *mix)
{
	return mix->missing;
}

void mix_set_input(struct mix *mix, size_t track, double gain_db)
{
	mix->strips[track].input_gain = units_from_db(gain_db);
}

void mix_set_fader(struct mix *mix, size_t track, double gain_db)
{
	struct strip *strip = &mix->strips[track];
	strip->fader_db += gain_db - strip->gain_db;
	strip->gain_db = gain_db;
	for (size_t i = mix->graph.track_count; i < mix->graph.node_count; i++)
		for (size_t k = 0; k < mix->strips[i].way_count; k++)
			if (mix->strips[i].ways[k].from == track)
				way_level(&mix->strips[i].ways[k], strip);
}

void mix_cut(struct mix *mix, size_t track, double frequency_hz, double q, double gain_db)
{
	struct strip *strip = &mix->strips[track];
	place_cut(&strip->place, frequency_hz, q, gain_db, mix->rate);
	strip->stands = true;
}

uint32_t mix_chain_latency(const struct mix *mix, size_t track)
{
	return mix->graph.nodes[track].latency;
}

bool mix_needs(const struct mix *mix, size_t track)
{
	return mix->strips[track].samples[0][0] != NULL;
}

double *const *mix_samples(struct mix *mix, size_t track, size_t slot)
{
	return mix->strips[track].samples[slot];
}

double *const *mix_output(struct mix *mix, size_t slot)
{
	return mix->strips[mix->graph.node_count - 1].samples[slot];
}

static void amplify(double *restrict samples, double gain, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++)
		samples[i] *= gain;
}

void mix_take_in(struct mix *mix, size_t track, size_t slot, uint32_t frames)
{
	struct strip *strip = &mix->strips[track];
	for (uint32_t c = 0; c < strip->channels; c++)
		if (strip->input_gain != 1 && strip->samples[slot][c])
			amplify(strip->samples[slot][c], strip->input_gain, frames);
	for (uint32_t c = 0; c < strip->channels; c++)
		if (strip->key.samples[slot][c])
			memcpy(strip->key.samples[slot][c], strip->samples[slot][c], frames * sizeof(double));
}

size_t mix_stages(const struct mix *mix)
{
	return mix->graph.levels;
}

bool mix_listens(const struct mix *mix)
{
	for (size_t i = 0; i < mix->graph.node_count; i++)
		if (mix->graph.nodes[i].used && chain_listens(&mix->strips[i].chain))
			return true;
	return false;
}

void mix_conclude(struct mix *mix)
{
	for (size_t i = 0; i < mix->graph.node_count; i++) {
		struct strip *strip = &mix->strips[i];
		if (mix->graph.nodes[i].used && !strip->waits && chain_listens(&strip->chain))
			chain_conclude(&strip->chain);
		strip_reset(strip);
	}
	find_waiting(mix);
}

void mix_rewind(struct mix *mix)
{
	for (size_t i = 0; i < mix->graph.node_count; i++)
		strip_reset(&mix->strips[i]);
}

/* Of a stage of buses, which need not lie side by side in the session. */
static size_t node_of(const struct mix *mix, size_t stage, size_t part)
{
	size_t i = mix->graph.track_count;
	while (mix->graph.nodes[i].level != stage || part-- > 0)
		i++;
	return i;
}

size_t mix_width(const struct mix *mix, size_t stage)
{
	size_t width = 0;
	for (size_t i = mix->graph.track_count; i < mix->graph.node_count; i++)
		width += mix->graph.nodes[i].level == stage;
	return stage == 0 ? mix->row_count : width;
}

static void run_row(struct mix *mix, const struct row *row, size_t slot, uint32_t frames)
{
	struct strip *strips[CHAIN_TOGETHER];
	for (size_t k = 0; k < row->count; k++)
		strips[k] = &mix->strips[row->tracks[k]];
	if (!mix->graph.nodes[row->tracks[0]].used)
		return;
	for (uint32_t offset = 0, n; offset < frames; offset += n) {
		n = frames - offset < BLOCK_FRAMES ? frames - offset : BLOCK_FRAMES;
		if (row->count > 1)
			strip_process_together(strips, slot, offset, n);
		else
			strip_process(&mix->strips[row->tracks[0]], mix->strips, slot, offset, n);
	}
}

static void run_bus(struct mix *mix, size_t index, size_t slot, uint32_t frames)
{
	struct strip *strip = &mix->strips[index];
	if (!mix->graph.nodes[index].used || strip->waits)
		return;
	for (uint32_t c = 0; c < strip->channels; c++)
		memset(strip->samples[slot][c], 0, frames * sizeof(double));
	for (uint32_t offset = 0, n; offset < frames; offset += n) {
		n = frames - offset < BLOCK_FRAMES ? frames - offset : BLOCK_FRAMES;
		strip_process(strip, mix->strips, slot, offset, n);
	}
}

void mix_run(struct mix *mix, size_t stage, size_t part, size_t slot, uint32_t frames)
{
	if (stage == 0)
		run_row(mix, &mix->rows[part], slot, frames);
	else
		run_bus(mix, node_of(mix, stage, part), slot, frames);
}

/* ---- one block after another ---- */

static void take_block(struct mix *mix, size_t track, const struct block *block)
{
	double *const *samples = mix_samples(mix, track, 0);
	if (!mix_needs(mix, track))
		return;
	for (uint32_t c = 0; c < mix->strips[track].channels; c++)
		memcpy(samples[c], block->channel[c], block->frames * sizeof(double));
	mix_take_in(mix, track, 0, block->frames);
}

void mix_process(struct mix *mix, const struct block *tracks, struct block *out)
{
	out->channels = BLOCK_CHANNELS;
	if (mix->graph.track_count > 0)
		out->frames = tracks[0].frames;
	for (size_t i = 0; i < mix->graph.track_count; i++)
		take_block(mix, i, &tracks[i]);
	for (size_t stage = 0; stage < mix_stages(mix); stage++)
		for (size_t part = 0; part < mix_width(mix, stage); part++)
			mix_run(mix, stage, part, 0, out->frames);
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		memcpy(out->channel[c], mix_output(mix, 0)[c], out->frames * sizeof(double));
}
