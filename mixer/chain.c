#include "mixer/chain.h"

#include "common/memory.h"
#include "mixer/cascade.h"
#include "mixer/processors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct processor_type *find_type(
	const struct processor_table *table, const struct record *settings)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->types[i]->settings == settings)
			return table->types[i];
	return NULL;
}

static int insert_create(struct chain_insert *made, const struct key_insert *insert,
	const struct processor_table *table, const struct processor_format *format, struct error *e)
{
	struct error inner;
	const struct processor_type *type = find_type(table, insert->type);
	if (!type)
		return error_set(e, EINVAL, "line %d: %s: the mix has no such processor", insert->line,
			insert->type->name);
	int result = processor_create(&made->processor, type, insert->settings, format, &inner);
	if (result < 0)
		return error_set(e, result, "line %d: %s: %s", insert->line, insert->type->name, inner.text);
	made->line = insert->line;
	made->key_track = processor_key_track(type, insert->settings);
	return 0;
}

/* A processor that is nothing but a cascade, or NULL. */
static struct cascade *cascade_of(const struct chain_insert *insert)
{
	static const struct processor_type *const cascades[] = {&highpass_type, &lowpass_type, &eq_type};
	for (size_t i = 0; i < sizeof(cascades) / sizeof(cascades[0]); i++) {
		const void *state = processor_state(insert->processor, cascades[i]);
		if (state)
			return (struct cascade *)state; /* of a processor that this chain owns */
	}
	return NULL;
}

/* Filters behind one another become one, and the later one is gone. */
static bool join_filters(struct chain_insert *insert, struct chain_insert *behind)
{
	struct cascade *cascade = cascade_of(insert), *more = cascade_of(behind);
	if (!cascade || !more || !cascade_join(cascade, more))
		return false;
	processor_destroy(behind->processor);
	*behind = (struct chain_insert){0};
	return true;
}

static void find_pending(struct chain *chain, size_t from)
{
	chain->pending = from;
	while (chain->pending < chain->count && !processor_analyses(chain->inserts[chain->pending].processor))
		chain->pending++;
}

int chain_init(struct chain *chain, const struct key_list *inserts, const struct processor_table *table,
	const struct processor_format *format, struct error *e)
{
	const struct key_insert *items = inserts->items;
	*chain = (struct chain){.inserts = memory_array(inserts->count, sizeof(*chain->inserts))};
	for (size_t i = 0; i < inserts->count; i++) {
		if (items[i].bypass)
			continue;
		int result = insert_create(&chain->inserts[chain->count], &items[i], table, format, e);
		if (result < 0) {
			chain_finish(chain);
			return result;
		}
		struct chain_insert *made = &chain->inserts[chain->count];
		if (chain->count == 0 || !join_filters(made - 1, made))
			chain->count++;
	}
	find_pending(chain, 0);
	return 0;
}

void chain_finish(struct chain *chain)
{
	for (size_t i = chain->count; i-- > 0;) {
		processor_destroy(chain->inserts[i].processor);
		for (int c = 0; c < BLOCK_CHANNELS; c++)
			delay_finish(&chain->inserts[i].key_delays[c]);
	}
	free(chain->inserts);
	*chain = (struct chain){0};
}

uint32_t chain_latency(const struct chain *chain)
{
	uint32_t latency = 0;
	for (size_t i = 0; i < chain->count; i++)
		latency += processor_latency(chain->inserts[i].processor);
	return latency;
}

int chain_listen(struct chain_insert *insert, const struct chain_key *key, uint32_t late, struct error *e)
{
	insert->key = key;
	for (uint32_t c = 0; c < key->channels; c++) {
		int result = delay_init(&insert->key_delays[c], late);
		if (result < 0)
			return error_errno(e, result, "line %d: key", insert->line);
	}
	return 0;
}

/* What the insert's key was at the block's moment, in a room of the caller's. */
static void fetch_key(struct chain_insert *insert, size_t slot, uint32_t offset, struct block *key)
{
	key->channels = insert->key->channels;
	for (uint32_t c = 0; c < key->channels && c < BLOCK_CHANNELS; c++) {
		memcpy(key->channel[c], insert->key->samples[slot][c] + offset, key->frames * sizeof(double));
		delay_run(&insert->key_delays[c], key->channel[c], key->frames);
	}
}

/* What a processor does with a block, beside changing it. */
enum hearing { LISTENS = 1, PLAYS = 2 };

static void run_insert(
	struct chain_insert *insert, struct block *block, unsigned hearing, size_t slot, uint32_t offset)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	struct block room = {.frames = block->frames, .channel = {samples[0], samples[1]}};
	if (insert->key)
		fetch_key(insert, slot, offset, &room);
	const struct block *key = insert->key ? &room : NULL;
	if (hearing & LISTENS)
		processor_analyse(insert->processor, block, key);
	if (hearing & PLAYS)
		processor_process_keyed(insert->processor, block, key);
}

bool chain_listens(const struct chain *chain)
{
	return chain->pending < chain->count;
}

void chain_process(struct chain *chain, struct block *block, size_t slot, uint32_t offset)
{
	for (size_t i = 0; i < chain->count && i <= chain->pending; i++)
		run_insert(&chain->inserts[i], block, i == chain->pending ? LISTENS : PLAYS, slot, offset);
}

bool chain_alike(const struct chain *chain, const struct chain *other)
{
	if (chain->count != other->count)
		return false;
	for (size_t i = 0; i < chain->count; i++) {
		const struct chain_insert *insert = &chain->inserts[i], *same = &other->inserts[i];
		if (insert->key_track || same->key_track || processor_analyses(insert->processor) ||
			!processor_alike(insert->processor, same->processor))
			return false;
	}
	return true;
}

void chain_process_together(struct chain *const *chains, struct block *const *blocks)
{
	for (size_t i = 0; i < chains[0]->count; i++) {
		struct processor *processors[CHAIN_TOGETHER];
		for (size_t k = 0; k < CHAIN_TOGETHER; k++)
			processors[k] = chains[k]->inserts[i].processor;
		processor_process_together(processors, blocks);
	}
}

void chain_conclude(struct chain *chain)
{
	processor_conclude(chain->inserts[chain->pending].processor);
	find_pending(chain, chain->pending + 1);
}

void chain_analyse(struct chain *chain, struct block *block, size_t slot, uint32_t offset)
{
	size_t end = chain->count;
	while (end > 0 && !processor_analyses(chain->inserts[end - 1].processor))
		end--;
	for (size_t i = 0; i < end; i++)
		run_insert(&chain->inserts[i], block, i < chain->pending ? PLAYS : LISTENS | PLAYS, slot,
			offset);
}

void chain_conclude_all(struct chain *chain)
{
	while (chain_listens(chain))
		chain_conclude(chain);
}

void chain_reset(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		processor_reset(chain->inserts[i].processor);
		for (int c = 0; c < BLOCK_CHANNELS; c++)
			delay_reset(&chain->inserts[i].key_delays[c]);
	}
}
