/* What a strip's processors cost, one by one, on one core, mono at 48 kHz with the settings that they have by
 * themselves (an equaliser gets four bands): in noise, and in the digital silence that follows it.
 *
 * usage: processor-cost
 * Prints `NAME NOISE SILENCE` for each, in nanoseconds of processor time a sample. */
#include "appliance/processors.h"
#include "audio/denormal.h"
#include "audio/processor.h"
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RATE = 48000, BLOCKS = 96, REPETITIONS = 9 };

/* What a processor needs to have anything to do. */
static const struct settings_text {
	const char *name, *text;
} texts[] = {
	{"eq", "bands: [{frequency: 120, gain: 2}, {frequency: 400, gain: -3}, {frequency: 2500, gain: 2.5}, "
	       "{type: highshelf, frequency: 8000, gain: 1.5}]\n"},
	{"compressor", "threshold: -30\n"},
	{"delay", "{note: 1/8, feedback: 30 %, lowpass: 6 kHz, mix: 30 %}\n"},
};

static const char *text_for(const char *name)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].text;
	return "{}\n";
}

/* NULL: it cannot be had without being told more. */
static struct processor *make(const struct processor_type *type)
{
	struct processor_format format = {.rate = RATE, .channels = 1, .tempo_bpm = 120};
	const char *text = text_for(type->settings->name);
	struct processor *processor = NULL;
	struct yaml_file file = {0};
	struct faults faults;
	struct error e;
	void *settings = calloc(1, type->settings->size);
	faults_init(&faults, type->settings->name);
	if (yaml_parse(&file, text, strlen(text), &faults) == 0)
		schema_load(type->settings, settings, file.root, processors_records(), &faults);
	if (faults.errors > 0 || processor_create(&processor, type, settings, &format, &e) < 0)
		processor = NULL;
	schema_finish(type->settings, settings);
	yaml_finish(&file);
	faults_finish(&faults);
	free(settings);
	return processor;
}

static double now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The fastest of some rounds: what slows a round down is not the processor. */
static double cost_ns(struct processor *processor, double level)
{
	static double noise[BLOCKS][BLOCK_FRAMES], samples[BLOCKS][BLOCK_FRAMES];
	double best = 1e9;
	for (size_t i = 0; i < BLOCKS; i++)
		for (size_t k = 0; k < BLOCK_FRAMES; k++)
			noise[i][k] = level * (rand() / (double)RAND_MAX - 0.5);
	for (int round = 0; round < REPETITIONS; round++) {
		memcpy(samples, noise, sizeof(samples));
		double begun = now_ns();
		for (size_t i = 0; i < BLOCKS; i++) {
			struct block block = {1, BLOCK_FRAMES, {samples[i]}};
			processor_process(processor, &block);
		}
		double ns = (now_ns() - begun) / (BLOCKS * BLOCK_FRAMES);
		best = ns < best ? ns : best;
	}
	return best;
}

int main(void)
{
	const struct processor_table *all = processors_all();
	denormal_off(); /* as a render does */
	for (size_t i = 0; i < all->count; i++) {
		struct processor *processor = make(all->types[i]);
		if (!processor)
			continue;
		double noise = cost_ns(processor, 1), silence = cost_ns(processor, 0);
		printf("%s %.4f %.4f\n", all->types[i]->settings->name, noise, silence);
		processor_destroy(processor);
	}
	return 0;
}
