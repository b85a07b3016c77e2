/* Processors after one another, as a track or bus of the session names them. */
#ifndef WOODSHED_MIXER_CHAIN_H
#define WOODSHED_MIXER_CHAIN_H

#include "audio/delay.h"
#include "audio/processor.h"
#include "config/session.h"

enum { CHAIN_SLOTS = 2 }; /* chunks of samples that are on their way at a time */

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

/* `block` in place; keys are those of `slot`, from `offset` on. */
void chain_process(struct chain *chain, struct block *block, size_t slot, uint32_t offset);

#endif
