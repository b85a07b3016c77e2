/* The one vtable behind everything that editing, mixing and mastering put into a chain: blocks in, blocks
 * out. A processor sees no files, clocks or threads; the same settings and samples give the same samples,
 * however they are cut into blocks. Denormals are its own business (see filter.h). */
#ifndef WOODSHED_AUDIO_PROCESSOR_H
#define WOODSHED_AUDIO_PROCESSOR_H

#include "audio/block.h"
#include "common/error.h"
#include "common/key.h"

#include <stdbool.h>
#include <stddef.h>

struct processor_format {
	uint32_t rate;	   /* Hz */
	uint32_t channels; /* 1 or 2, the same in and out */
	double tempo_bpm;  /* of the song, for times in beats; 0: not known */
};

/* A figure that a processor tells of its work, for report.json. */
struct processor_note {
	const char *name; /* with its unit, such as "delay_ms"; static */
	double value;
};

enum { PROCESSOR_NOTES = 8 }; /* the most that one processor tells */

/* Processors of one type that may work side by side, each on its own block. */
enum { PROCESSOR_TOGETHER = 4 };

struct processor_type {
	const struct record *settings; /* name in a session, help, and the table of parameters */
	size_t state_size;

	/* `state` is `state_size` zeroed bytes; `settings` a checked struct as the record describes, only
	 * read during the call. On failure nothing is left to finish. */
	int (*init)(
		void *state, const void *settings, const struct processor_format *format, struct error *e);
	void (*process)(
		void *state, struct block *block); /* in place, any number of frames up to BLOCK_FRAMES */
	/* The same with a detector that listens to `key` (as many frames, 1 or 2 channels, only read) instead
	 * of the block. NULL: this processor has no such detector. */
	void (*process_keyed)(void *state, struct block *block, const struct block *key);
	/* `process` for PROCESSOR_TOGETHER states, each with its own block of as many frames, in less time:
	 * to the bit what each gives alone. NULL: it would take as long. */
	void (*process_together)(void *const *states, struct block *const *blocks);
	/* The track that `settings` want as the key, a name in the session; NULL: the block itself. The
	 * member itself may be NULL where process_keyed is. */
	const char *(*key_track)(const void *settings);
	/* For processors that decide on the whole programme: they hear all of it, block after block, before
	 * the first `process`, and then conclude. `key` as for process_keyed, NULL where no track is named;
	 * both are only read. A processor that was not given the chance leaves the sound as it is. NULL: it
	 * needs none. */
	void (*analyse)(void *state, const struct block *block, const struct block *key);
	void (*conclude)(void *state);
	/* What it did, or will do once it has concluded; returns how many of `notes` it filled in. NULL: it
	 * has nothing to tell. */
	size_t (*notes)(const void *state, struct processor_note notes[static PROCESSOR_NOTES]);
	uint32_t (*latency)(const void *state); /* frames; NULL: none; the same from init on */
	void (*reset)(void *state);		/* as after init, but what was concluded stays */
	void (*finish)(void *state);		/* NULL: nothing to release */
};

/* A table of processors, as a room exports it. */
struct processor_table {
	const struct processor_type *const *types;
	size_t count;
};

/* An initialised processor. One thread at a time. */
struct processor;

int processor_create(struct processor **processor, const struct processor_type *type, const void *settings,
	const struct processor_format *format, struct error *e) MUST_CHECK;
void processor_destroy(struct processor *processor); /* NULL is fine */
void processor_process(struct processor *processor, struct block *block);
/* `key` NULL, or a processor that has no use for one: as processor_process. */
void processor_process_keyed(struct processor *processor, struct block *block, const struct block *key);
/* PROCESSOR_TOGETHER of one type at once, if that has a process_together; their blocks have as many frames.
 */
void processor_process_together(struct processor *const *processors, struct block *const *blocks);
bool processor_alike(const struct processor *processor, const struct processor *other); /* can so together */
bool processor_analyses(const struct processor *processor); /* wants processor_analyse and -_conclude */
bool processor_keyed(const struct processor *processor);    /* its process_keyed listens to a key */
void processor_analyse(struct processor *processor, const struct block *block, const struct block *key);
void processor_conclude(struct processor *processor);
size_t processor_notes(
	const struct processor *processor, struct processor_note notes[static PROCESSOR_NOTES]);
/* The track that a processor of `type` wants as its key; NULL: none. */
const char *processor_key_track(const struct processor_type *type, const void *settings);
uint32_t processor_latency(const struct processor *processor);
void processor_reset(struct processor *processor);

/* The state of a processor of `type`, for figures that only its own room knows; NULL if it is of another
 * type. */
const void *processor_state(const struct processor *processor, const struct processor_type *type);

#endif
