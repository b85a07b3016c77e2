/* What it costs to be in PipeWire's graph at all: one filter an interface, as recorder/links.c has them, that
 * takes each port's block and gives it back.
 *
 * usage: pw-idle SECONDS CHANNELS NAME…
 * Makes a node idle.NAME of CHANNELS ports for each name and prints `ready`; others link them. From the first
 * cycle in which every port of every node has a block, it counts for SECONDS and prints `CPU_SECONDS CYCLES`:
 * user and system time of all its threads. */
#include "bench/cpu-time.h"

#include <pipewire/filter.h>
#include <pipewire/pipewire.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PORTS = 64, MOST_NODES = 8, TICKS_A_SECOND = 10 };

struct node {
	struct pw_filter *filter;
	struct spa_hook listener;
	uint32_t channels;
	void *ports[MOST_PORTS];
	_Atomic bool linked;
	_Atomic unsigned long cycles;
};

struct idle {
	struct pw_main_loop *loop;
	struct node nodes[MOST_NODES];
	size_t count;
	unsigned ticks_left;
	double before_s;
	unsigned long before_cycles;
	bool counting;
};

static void on_process(void *data, struct spa_io_position *position)
{
	(void)position;
	struct node *node = data;
	bool whole = true;
	for (uint32_t c = 0; c < node->channels; c++) {
		struct pw_buffer *buffer = pw_filter_dequeue_buffer(node->ports[c]);
		whole = whole && buffer;
		if (buffer)
			pw_filter_queue_buffer(node->ports[c], buffer);
	}
	if (whole)
		atomic_store(&node->linked, true);
	atomic_fetch_add(&node->cycles, 1);
}

static const struct pw_filter_events events = {PW_VERSION_FILTER_EVENTS, .process = on_process};

static int add_node(struct idle *idle, struct pw_core *core, const char *name, uint32_t channels)
{
	struct node *node = &idle->nodes[idle->count++];
	struct pw_properties *properties = pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio",
		PW_KEY_MEDIA_CATEGORY, "Capture", PW_KEY_NODE_ALWAYS_PROCESS, "true", PW_KEY_NODE_LATENCY,
		"4096/48000", PW_KEY_NODE_AUTOCONNECT, "false", NULL);
	pw_properties_setf(properties, PW_KEY_NODE_NAME, "idle.%s", name);
	pw_properties_setf(properties, PW_KEY_NODE_GROUP, "idle.%s", name);
	node->channels = channels;
	node->filter = pw_filter_new(core, "idle", properties);
	if (!node->filter)
		return -1;
	pw_filter_add_listener(node->filter, &node->listener, &events, node);
	for (uint32_t c = 0; c < channels; c++) {
		struct pw_properties *port =
			pw_properties_new(PW_KEY_FORMAT_DSP, "32 bit float mono audio", NULL);
		pw_properties_setf(port, PW_KEY_PORT_NAME, "input_%u", c + 1);
		node->ports[c] = pw_filter_add_port(
			node->filter, PW_DIRECTION_INPUT, PW_FILTER_PORT_FLAG_MAP_BUFFERS, 0, port, NULL, 0);
	}
	return pw_filter_connect(node->filter, PW_FILTER_FLAG_RT_PROCESS, NULL, 0);
}

static void on_tick(void *data, uint64_t expirations)
{
	(void)expirations;
	struct idle *idle = data;
	bool linked = true;
	unsigned long cycles = 0;
	for (size_t i = 0; i < idle->count; i++) {
		linked = linked && atomic_load(&idle->nodes[i].linked);
		cycles += atomic_load(&idle->nodes[i].cycles);
	}
	if (!linked)
		return;
	if (!idle->counting) {
		idle->counting = true;
		idle->before_s = cpu_s();
		idle->before_cycles = cycles;
	} else if (--idle->ticks_left == 0) {
		printf("%.6f %lu\n", cpu_s() - idle->before_s, cycles - idle->before_cycles);
		pw_main_loop_quit(idle->loop);
	}
}

static int run(struct idle *idle, char **names, size_t count, uint32_t channels)
{
	idle->loop = pw_main_loop_new(NULL);
	struct pw_loop *loop = pw_main_loop_get_loop(idle->loop);
	struct pw_context *context =
		pw_context_new(loop, pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0);
	struct pw_core *core = context ? pw_context_connect(context, NULL, 0) : NULL;
	if (!core) {
		fputs("pw-idle: cannot reach PipeWire\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (add_node(idle, core, names[i], channels) < 0)
			return 1;
	}
	struct timespec tick = {.tv_nsec = 1000000000 / TICKS_A_SECOND};
	struct spa_source *timer = pw_loop_add_timer(loop, on_tick, idle);
	pw_loop_update_timer(loop, timer, &tick, &tick, false);
	puts("ready");
	fflush(stdout);
	pw_main_loop_run(idle->loop);
	for (size_t i = 0; i < count; i++)
		pw_filter_destroy(idle->nodes[i].filter);
	pw_core_disconnect(core);
	pw_context_destroy(context);
	pw_main_loop_destroy(idle->loop);
	return 0;
}

int main(int argc, char **argv)
{
	long seconds = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	long channels = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
	if (seconds < 1 || seconds > 3600 || channels < 1 || channels > MOST_PORTS || argc > 3 + MOST_NODES) {
		fputs("usage: pw-idle SECONDS CHANNELS NAME...\n", stderr);
		return 2;
	}
	pw_init(NULL, NULL);
	struct idle idle = {.ticks_left = (unsigned)seconds * TICKS_A_SECOND};
	int status = run(&idle, argv + 3, (size_t)(argc - 3), (uint32_t)channels);
	pw_deinit();
	return status;
}
