/* Processors after one another, as a track or bus of the session names them. */
#ifndef WOODSHED_MIXER_CHAIN_H
#define WOODSHED_MIXER_CHAIN_H

#include "audio/delay.h"
#include "audio/processor.h"
#include "config/session.h"

enum { CHAIN_SLOTS = 4 }; /* chunks of samples that are on their way at a time */

/* A track as it came in, before any chain: what keys listen to. */
struct chain_key {
	uint32_t channels;
	double *samples[CHAIN_SLOTS][BLOCK_CHANNELS];
};

/* A processor, and what its detector listens to. */
struct chain_insert {
	struct processor *processor;
	const char *key_track; /* NULL: the chain's own signal; the session's, valid while that is */
	int line;	       /* in the session's file */
	const struct chain_key *key;
	struct delay key_delays[BLOCK_CHANNELS];
};

struct chain {
	struct chain_insert *inserts;
	size_t count;
	size_t pending; /* the first insert that has yet to hear the whole programme; `count`: none has */
};

/* Makes the processors of `inserts` (of struct key_insert) from those of `table`, without the bypassed ones.
 * On failure nothing is left to finish; the message names the processor and its line in the session. */
int chain_init(struct chain *chain, const struct key_list *inserts, const struct processor_table *table,
	const struct processor_format *format, struct error *e) MUST_CHECK;
void chain_finish(struct chain *chain); /* a zeroed value is fine */

uint32_t chain_latency(const struct chain *chain);

/* Has an insert that wants a key listen to `key` (which lasts as long as the chain), `late` frames later: as
 * late as the chain's signal is there, so that both were played at one moment. */
int chain_listen(
	struct chain_insert *insert, const struct chain_key *key, uint32_t late, struct error *e) MUST_CHECK;

/* True while a processor has yet to hear the whole programme, as all before it in the chain give it. */
bool chain_listens(const struct chain *chain);

/* `block` in place; keys are those of `slot`, from `offset` on. While the chain listens, this goes only as
 * far as the processor that does, and what is in the block then is of no use. */
void chain_process(struct chain *chain, struct block *block, size_t slot, uint32_t offset);

/* CHAIN_TOGETHER chains that are alike, each with its own block of as many frames, in less time than after
 * one another: to the bit what chain_process gives of each. Alike are chains of the same processors in one
 * order, all of which can work side by side and of which none has a key or listens. */
enum { CHAIN_TOGETHER = PROCESSOR_TOGETHER };
bool chain_alike(const struct chain *chain, const struct chain *other);
void chain_process_together(struct chain *const *chains, struct block *const *blocks);

/* At the end of the programme: the one that listened has heard it. */
void chain_conclude(struct chain *chain);

/* The same for all of the chain at once: each one that has yet to hear the programme hears what those before
 * it give on, which themselves have not concluded and leave it as it is. One pass instead of one each;
 * what is in the block then is of no use. */
void chain_analyse(struct chain *chain, struct block *block, size_t slot, uint32_t offset);
void chain_conclude_all(struct chain *chain);

/* Back to the programme's first frame. */
void chain_reset(struct chain *chain);

#endif
