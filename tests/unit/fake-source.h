/* A source without hardware: nodes that the test plugs and unplugs, fed from a thread of its own in real
 * time. Their frames are numbered from one epoch, whatever the node, so that tracks of several can be
 * compared. */
#ifndef WOODSHED_TESTS_UNIT_FAKE_SOURCE_H
#define WOODSHED_TESTS_UNIT_FAKE_SOURCE_H

#include "common/clock.h"
#include "recorder/source.h"
#include "tests/unit/ramp.h"

#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { FAKE_NODES = 4, FAKE_CHANNELS = 8, FAKE_CYCLE_MS = 10, FAKE_MOST_CYCLE = 96 * FAKE_CYCLE_MS };

/* Loud enough for every trigger, and far from where the ramp starts again. */
#define FAKE_FIRST_FRAME 1000000

struct fake_node {
	const char *name;
	uint32_t channels, rate;
	bool plugged;

	uint64_t cycles; /* that the feeder made, or left out */
	bool relinked;
	struct capture *capture;
};

struct source {
	struct source_callbacks callbacks;
	struct loop *loop;
	pthread_t thread;
	int64_t epoch_ns;
	pthread_mutex_t lock; /* guards the rest */
	bool stopping;
	bool playing; /* the ramp, else silence */
	uint64_t fed; /* cycles since `playing` changed */
	struct fake_node nodes[FAKE_NODES];
	size_t count;
};

/* What source_fake opens; set before. */
static struct fake_node fake_room[FAKE_NODES];
static struct source *fake; /* while it is open */
static atomic_bool fake_held; /* nodes are linked, and no frames come */

static inline void fake_feed(struct source *source, struct fake_node *node, uint64_t cycle)
{
	float samples[FAKE_CHANNELS][FAKE_MOST_CYCLE];
	const float *channels[FAKE_CHANNELS];
	uint32_t frames = node->rate * FAKE_CYCLE_MS / 1000;
	struct cycle made = {.frames = frames,
		.rate = node->rate,
		.clock_id = (uint32_t)(node - source->nodes) + 1,
		.position = cycle * frames,
		.nsec = source->epoch_ns + (int64_t)cycle * FAKE_CYCLE_MS * 1000000,
		.relinked = node->relinked};
	for (uint32_t c = 0; c < FAKE_CHANNELS; c++) {
		for (uint32_t i = 0; i < frames; i++)
			samples[c][i] = ramp_sample(FAKE_FIRST_FRAME + cycle * frames + i, c, 24);
		channels[c] = source->playing ? samples[c] : NULL;
	}
	node->relinked = false;
	tape_record(node->capture->tape, &made, channels);
}

/* Every cycle whose time has come. */
static inline void *fake_run(void *data)
{
	struct source *source = data;
	for (uint64_t cycle = 0;; cycle++) {
		int64_t due = source->epoch_ns + (int64_t)cycle * FAKE_CYCLE_MS * 1000000;
		struct timespec when = {due / CLOCK_NSEC_PER_SEC, due % CLOCK_NSEC_PER_SEC};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
		pthread_mutex_lock(&source->lock);
		bool stopping = source->stopping;
		for (size_t i = 0; i < FAKE_NODES && !stopping; i++) {
			struct fake_node *node = &source->nodes[i];
			if (node->capture && atomic_load(&node->capture->live) && !fake_held)
				fake_feed(source, node, cycle);
			else
				node->relinked = true;
		}
		source->fed++;
		pthread_mutex_unlock(&source->lock);
		if (stopping)
			return NULL;
	}
}

static inline int fake_open(
	struct source **source, struct loop *loop, const struct source_callbacks *callbacks, struct error *e)
{
	(void)e;
	struct source *made = memory_new(sizeof(*made));
	made->callbacks = *callbacks;
	made->loop = loop;
	made->epoch_ns = clock_monotonic_ns();
	memcpy(made->nodes, fake_room, sizeof(fake_room));
	pthread_mutex_init(&made->lock, NULL);
	assert_int_equal(pthread_create(&made->thread, NULL, fake_run, made), 0);
	*source = fake = made;
	callbacks->ready(callbacks->data);
	return 0;
}

static inline void fake_close(struct source *source)
{
	pthread_mutex_lock(&source->lock);
	source->stopping = true;
	pthread_mutex_unlock(&source->lock);
	pthread_join(source->thread, NULL);
	pthread_mutex_destroy(&source->lock);
	free(source);
	fake = NULL;
}

static inline size_t fake_nodes(struct source *source, struct source_node *nodes, size_t most)
{
	static const char *const ports[FAKE_CHANNELS] = {
		"AUX0", "AUX1", "AUX2", "AUX3", "AUX4", "AUX5", "AUX6", "AUX7"};
	size_t count = 0;
	for (size_t i = 0; i < FAKE_NODES; i++) {
		const struct fake_node *node = &source->nodes[i];
		if (node->plugged && count < most)
			nodes[count++] = (struct source_node){
				node->name, node->name, "Audio/Source", node->channels, ports};
	}
	return count;
}

/* With the lock held. */
static inline void fake_link(struct fake_node *node)
{
	if (node->capture)
		atomic_store(&node->capture->live,
			node->plugged && node->channels >= node->capture->tape->channels);
}

static inline int fake_capture(struct source *source, struct capture *capture, struct error *e)
{
	int result = error_set(e, EIO, "the fake has no such node");
	pthread_mutex_lock(&source->lock);
	for (size_t i = 0; i < FAKE_NODES; i++) {
		struct fake_node *node = &source->nodes[i];
		if (!node->name || fnmatch(capture->node, node->name, 0) != 0)
			continue;
		node->capture = capture;
		fake_link(node);
		result = 0;
		break;
	}
	pthread_mutex_unlock(&source->lock);
	return result;
}

static inline void fake_release(struct source *source, struct capture *capture)
{
	pthread_mutex_lock(&source->lock);
	for (size_t i = 0; i < FAKE_NODES; i++)
		if (source->nodes[i].capture == capture)
			source->nodes[i].capture = NULL;
	pthread_mutex_unlock(&source->lock);
}

static inline bool fake_realtime(struct source *source)
{
	(void)source;
	return false;
}

static const struct source_type source_fake = {
	"fake", fake_open, fake_close, fake_nodes, fake_capture, fake_release, fake_realtime};

/* ---- what the test does with it, on the control thread ---- */

static inline void fake_plug(size_t index, bool plugged, uint32_t rate)
{
	struct fake_node *node = &fake->nodes[index];
	pthread_mutex_lock(&fake->lock);
	node->plugged = plugged;
	node->rate = rate;
	fake_link(node);
	pthread_mutex_unlock(&fake->lock);
	fake->callbacks.changed(fake->callbacks.data);
}

static inline void fake_play(bool playing)
{
	pthread_mutex_lock(&fake->lock);
	fake->playing = playing;
	fake->fed = 0;
	pthread_mutex_unlock(&fake->lock);
}

/* Time of audio since `playing` changed. */
static inline double fake_seconds(void)
{
	pthread_mutex_lock(&fake->lock);
	double seconds = (double)fake->fed * FAKE_CYCLE_MS / 1000;
	pthread_mutex_unlock(&fake->lock);
	return seconds;
}

#endif
