#include "appliance/edits.h"

#include "appliance/pipeline.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

static size_t find_track(const struct session *session, const char *name)
{
	const struct track_config *tracks = session->tracks.items;
	size_t i = 0;
	while (i < session->tracks.count && strcmp(tracks[i].name, name) != 0)
		i++;
	return i;
}

static int listen(
	struct edits *edits, struct edit *edit, struct chain_insert *insert, uint32_t late, struct error *e)
{
	const struct session *session = edits->stems->session;
	struct edit_key *key = &edit->keys[edit->key_count];
	key->track = find_track(session, insert->key_track);
	key->insert = insert;
	if (key->track == session->tracks.count)
		return error_set(e, EINVAL, "line %d: there is no track %s", insert->line, insert->key_track);
	edit->key_count++;
	int result = stem_open(&key->stem, edits->stems, key->track, e);
	key->key.channels = key->stem.reel.channels;
	for (uint32_t c = 0; c < key->key.channels; c++)
		key->key.samples[0][c] = memory_array(BLOCK_FRAMES, sizeof(double));
	return result == 0 ? chain_listen(insert, &key->key, late, e) : result;
}

/* A detector's signal is as late as what lies before the detector makes the track. */
static int listen_to_keys(struct edits *edits, struct edit *edit, struct error *e)
{
	uint32_t late = 0;
	edit->keys = memory_array(edit->chain.count, sizeof(*edit->keys));
	for (size_t i = 0; i < edit->chain.count; i++) {
		struct chain_insert *insert = &edit->chain.inserts[i];
		int result = insert->key_track ? listen(edits, edit, insert, late, e) : 0;
		if (result < 0)
			return result;
		late += processor_latency(insert->processor);
	}
	return 0;
}

static int make_edit(
	struct edits *edits, size_t index, const struct processor_table *processors, struct error *e)
{
	const struct session *session = edits->stems->session;
	const struct track_config *track = (const struct track_config *)session->tracks.items + index;
	struct edit *edit = &edits->list[index];
	struct error inner;
	struct processor_format format = {.rate = edits->stems->take->rate,
		.channels = edits->stems->list[index].reel.channels,
		.tempo_bpm = session->song.tempo_bpm};
	edit->inserts = track->adopted ? &session->edit.chain : &track->edit;
	int result = chain_init(&edit->chain, edit->inserts, processors, &format, &inner);
	edit->latency = chain_latency(&edit->chain);
	if (result == 0)
		result = listen_to_keys(edits, edit, &inner);
	return result < 0 ? error_set(e, result, "track %s: edit: %s", track->name, inner.text) : 0;
}

int edits_create(struct edits *edits, struct stems *stems, const struct session *session,
	const struct processor_table *processors, const struct extent *extent, struct error *e)
{
	int result = 0;
	*edits = (struct edits){.stems = stems, .extent = *extent};
	edits->list = memory_array(session->tracks.count, sizeof(*edits->list));
	for (size_t i = 0; i < session->tracks.count && result == 0; i++)
		result = make_edit(edits, i, processors, e);
	if (result < 0)
		edits_finish(edits);
	return result;
}

static void finish_key(struct edit_key *key)
{
	stem_close(&key->stem);
	for (int c = 0; c < BLOCK_CHANNELS; c++)
		free(key->key.samples[0][c]);
	*key = (struct edit_key){0};
}

void edits_finish(struct edits *edits)
{
	for (size_t i = 0; edits->list && i < edits->stems->count; i++) {
		struct edit *edit = &edits->list[i];
		chain_finish(&edit->chain);
		for (size_t k = 0; k < edit->key_count; k++)
			finish_key(&edit->keys[k]);
		free(edit->keys);
	}
	free(edits->list);
	arranged_destroy(edits->arranged);
	*edits = (struct edits){0};
}

/* ---- reading ---- */

static int read_keys(struct edit *edit, uint32_t frames, struct error *e)
{
	int result = 0;
	for (size_t i = 0; i < edit->key_count && result == 0; i++)
		if (edit->keys[i].insert)
			result = stem_read(&edit->keys[i].stem, edit->keys[i].key.samples[0], frames, e);
	return result;
}

/* One block of the take through a track's chain, keys and all. */
static int run_block(struct edits *edits, size_t track, struct block *block, bool analyse, struct error *e)
{
	struct edit *edit = &edits->list[track];
	int result = stem_read(&edits->stems->list[track], block->channel, block->frames, e);
	if (result == 0)
		result = read_keys(edit, block->frames, e);
	if (result < 0)
		return result;
	if (analyse)
		chain_analyse(&edit->chain, block, 0, 0);
	else
		chain_process(&edit->chain, block, 0, 0);
	return 0;
}

/* What comes out before the first frame of the extent is nobody's: the chain's latency, and what is trimmed
 * off, which the chain hears all the same. */
static int begin(struct edits *edits, size_t track, struct error *e)
{
	struct edit *edit = &edits->list[track];
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	uint64_t left = edits->extent.first + edit->latency;
	int result = 0;
	for (struct block block; left > 0 && result == 0; left -= block.frames) {
		block = (struct block){.channels = edits->stems->list[track].reel.channels,
			.frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES,
			.channel = {&samples[0][0], &samples[1][0]}};
		result = run_block(edits, track, &block, false, e);
	}
	edit->begun = true;
	return result;
}

int edits_read(struct edits *edits, size_t track, double *const *channels, uint32_t frames, struct error *e)
{
	if (edits->arranged)
		return arranged_read(edits->arranged, track, channels, frames, e);
	int result = edits->list[track].begun ? 0 : begin(edits, track, e);
	for (uint32_t done = 0; done < frames && result == 0;) {
		struct block block = {.channels = edits->stems->list[track].reel.channels,
			.frames = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES};
		for (uint32_t c = 0; c < block.channels; c++)
			block.channel[c] = channels[c] + done;
		result = run_block(edits, track, &block, false, e);
		done += block.frames;
	}
	return result;
}

int edits_arrange(struct edits *edits, const struct arrange_plan *plan, const char *folder, unsigned jobs,
	void (*progress)(void *data, double done), void *data, struct error *e)
{
	struct arranged *arranged = NULL;
	int result = arranged_create(&arranged, plan, edits, folder, jobs, progress, data, e);
	if (result < 0)
		return result;
	edits->arranged = arranged;
	edits->extent = extent_whole(plan->frames, edits->stems->take->rate, &edits->stems->session->edit);
	return 0;
}

int edits_rewind(struct edits *edits, struct error *e)
{
	if (edits->arranged) {
		arranged_rewind(edits->arranged);
		return 0;
	}
	int result = stems_rewind(edits->stems, e);
	for (size_t i = 0; i < edits->stems->count; i++) {
		struct edit *edit = &edits->list[i];
		edit->begun = false;
		chain_reset(&edit->chain);
		for (size_t k = 0; k < edit->key_count && result == 0; k++) {
			if (!edit->keys[k].insert)
				continue;
			stem_close(&edit->keys[k].stem);
			result = stem_open(&edit->keys[k].stem, edits->stems, edit->keys[k].track, e);
		}
	}
	return result;
}

/* ---- analysing ---- */

struct analysis {
	struct edits *edits;
	void (*progress)(void *data, double done);
	void *data;
};

static int analyse_block(void *data, size_t stage, size_t track, uint64_t item, struct error *e)
{
	(void)stage;
	struct analysis *analysis = data;
	struct edits *edits = analysis->edits;
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	uint64_t frames = edits->stems->frames, at = item * BLOCK_FRAMES, left = frames - at;
	struct block block = {.channels = edits->stems->list[track].reel.channels,
		.frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES,
		.channel = {samples[0], samples[1]}};
	if (track == 0 && analysis->progress)
		analysis->progress(analysis->data, (double)at / (double)frames);
	if (!chain_listens(&edits->list[track].chain))
		return 0;
	return run_block(edits, track, &block, true, e);
}

bool edits_listen(const struct edits *edits)
{
	for (size_t i = 0; i < edits->stems->count; i++)
		if (chain_listens(&edits->list[i].chain))
			return true;
	return false;
}

/* Those who only wanted their key for the analysis need it no more. */
static void drop_keys(struct edit *edit)
{
	for (size_t i = 0; i < edit->key_count; i++) {
		struct edit_key *key = &edit->keys[i];
		if (!key->insert || processor_keyed(key->insert->processor))
			continue;
		key->insert->key = NULL;
		finish_key(key);
	}
}

int edits_analyse(struct edits *edits, unsigned jobs, void (*progress)(void *data, double done), void *data,
	struct error *e)
{
	struct analysis analysis = {edits, progress, data};
	const struct pipeline_stage stage = {analyse_block, edits->stems->count, 0, 0};
	uint64_t items = (edits->stems->frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
	int result = pipeline_run(&stage, 1, &analysis, items, jobs > 0 ? jobs : pipeline_cores(), e);
	for (size_t i = 0; i < edits->stems->count; i++) {
		chain_conclude_all(&edits->list[i].chain);
		drop_keys(&edits->list[i]);
	}
	return result == 0 ? edits_rewind(edits, e) : result;
}
