#include "audio/processor.h"

#include "common/memory.h"

#include <stdlib.h>

struct processor {
	const struct processor_type *type;
	_Alignas(max_align_t) unsigned char state[];
};

int processor_create(struct processor **processor, const struct processor_type *type, const void *settings,
	const struct processor_format *format, struct error *e)
{
	struct processor *made = memory_new(sizeof(*made) + type->state_size);
	made->type = type;
	int result = type->init(made->state, settings, format, e);
	if (result < 0) {
		free(made);
		return result;
	}
	*processor = made;
	return 0;
}

void processor_destroy(struct processor *processor)
{
	if (!processor)
		return;
	if (processor->type->finish)
		processor->type->finish(processor->state);
	free(processor);
}

void processor_process(struct processor *processor, struct block *block)
{
	processor->type->process(processor->state, block);
}

void processor_process_keyed(struct processor *processor, struct block *block, const struct block *key)
{
	if (key && processor->type->process_keyed)
		processor->type->process_keyed(processor->state, block, key);
	else
		processor_process(processor, block);
}

void processor_process_together(struct processor *const *processors, struct block *const *blocks)
{
	void *states[PROCESSOR_TOGETHER];
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++)
		states[k] = processors[k]->state;
	processors[0]->type->process_together(states, blocks);
}

bool processor_alike(const struct processor *processor, const struct processor *other)
{
	return processor->type == other->type && processor->type->process_together;
}

bool processor_analyses(const struct processor *processor)
{
	return processor->type->analyse;
}

bool processor_keyed(const struct processor *processor)
{
	return processor->type->process_keyed;
}

void processor_analyse(struct processor *processor, const struct block *block, const struct block *key)
{
	if (processor->type->analyse)
		processor->type->analyse(processor->state, block, key);
}

void processor_conclude(struct processor *processor)
{
	if (processor->type->conclude)
		processor->type->conclude(processor->state);
}

size_t processor_notes(const struct processor *processor, struct processor_note notes[static PROCESSOR_NOTES])
{
	return processor->type->notes ? processor->type->notes(processor->state, notes) : 0;
}

const char *processor_key_track(const struct processor_type *type, const void *settings)
{
	return type->key_track ? type->key_track(settings) : NULL;
}

uint32_t processor_latency(const struct processor *processor)
{
	return processor->type->latency ? processor->type->latency(processor->state) : 0;
}

void processor_reset(struct processor *processor)
{
	processor->type->reset(processor->state);
}

const void *processor_state(const struct processor *processor, const struct processor_type *type)
{
	return processor->type == type ? processor->state : NULL;
}
