/* A small follower of a simulated interface: links each channel, checks the ramp sample by sample, and prints
 * one JSON object an interface. `probe FRAMES NODE:CHANNELS…`; --help says the rest. What it hears by then,
 * it says on standard error. */
#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pipewire/filter.h>
#include <pipewire/pipewire.h>

#define MAX_CHANNELS 64
#define MAX_INTERFACES 8
#define MAX_BREAKS 64
#define MAX_HEAD 12

/* What one cycle looked like. */
struct cycle {
	uint32_t clock_id;
	uint64_t position, nsec, duration;
	uint32_t empty;	 /* ports without a buffer */
	uint32_t silent; /* ports whose block is the mixer's silence */
	int64_t frame;	 /* that channel 1's first sample carries */
};

/* Left out after the links came to work (README.md, 4). */
enum { STEADY_CYCLES = 2 };

struct jump {
	int64_t seen; /* frames received before it */
	int64_t expected, got;
	struct cycle before, after;
};

struct interface {
	const char *node;
	uint32_t channels;
	int64_t wanted;

	/* Main thread: ids in the registry. */
	uint32_t node_id;
	uint32_t out[MAX_CHANNELS]; /* global ids of the interface's ports, by port.id */
	uint32_t in[MAX_CHANNELS];
	bool linked, told;
	struct pw_proxy *links[MAX_CHANNELS];

	/* Data thread, until the process is over. */
	struct pw_filter *filter;
	void *ports[MAX_CHANNELS];
	int64_t next; /* ramp frame that must follow */
	int64_t first;
	int64_t seen, wrong; /* frames, and samples that differ from channel 1's ramp */
	struct cycle last;
	struct cycle head[MAX_HEAD]; /* the first cycles of all */
	unsigned heads;
	uint64_t cycles, idle_cycles, position_jumps;
	unsigned steady; /* whole cycles in a row */
	bool settled;
	int64_t first_nsec, first_position;
	struct jump jumps[MAX_BREAKS];
	unsigned jump_count;
	atomic_bool heard, done;
};

static struct {
	struct pw_main_loop *main_loop;
	struct pw_context *context;
	struct pw_core *core;
	struct pw_registry *registry;
	struct spa_hook registry_listener;
	struct interface interfaces[MAX_INTERFACES];
	unsigned count;
	struct spa_source *check; /* wakes the main loop when an interface has all its frames */
} probe;

/* The frame that a ramp's sample of channel 1 stands for; it wraps at 2^24. */
static int64_t ramp_frame(float sample)
{
	return (int64_t)(sample * 8388608.0F) & 0xffffff;
}

static float ramp(uint32_t channel, int64_t frame)
{
	uint32_t bits = (uint32_t)(frame + (int64_t)channel * 65536) & 0xffffffU;
	return (float)((int32_t)(bits << 8) >> 8) / 8388608.0F;
}

/* A port's samples of this cycle. `valid` is false while the mixer in front of the port fills in silence,
 * because its link is not at work yet; pw_filter_get_dsp_buffer would not tell that from a silent channel. */
static float *take_block(void *port, bool *valid)
{
	struct pw_buffer *b = pw_filter_dequeue_buffer(port);
	*valid = false;
	if (!b)
		return NULL;
	float *samples = b->buffer->datas[0].data;
	*valid = !((uint32_t)b->buffer->datas[0].chunk->flags & SPA_CHUNK_FLAG_EMPTY);
	pw_filter_queue_buffer(port, b);
	return samples;
}

static void check_cycle(struct interface *f, float *const *blocks, struct cycle *c, uint32_t n)
{
	c->frame = ramp_frame(blocks[0][0]);
	if (f->seen && c->frame != f->next) {
		if (f->jump_count < MAX_BREAKS)
			f->jumps[f->jump_count] = (struct jump){f->seen, f->next, c->frame, f->last, *c};
		f->jump_count++;
	}
	for (uint32_t ch = 0; ch < f->channels; ch++)
		for (uint32_t i = 0; i < n; i++)
			f->wrong += blocks[ch][i] != ramp(ch, c->frame + i);
	if (!f->seen) {
		f->first = c->frame;
		f->first_nsec = (int64_t)c->nsec;
		f->first_position = (int64_t)c->position;
	}
	f->seen += n;
	f->next = (c->frame + n) & 0xffffff;
}

/* The first cycles of all, and each that differs from the one before it. */
static void keep_head(struct interface *f, const struct cycle *c)
{
	bool news = f->heads < 3 || c->empty != f->last.empty || c->silent != f->last.silent ||
		    c->clock_id != f->last.clock_id;
	if (f->heads < MAX_HEAD && news)
		f->head[f->heads++] = *c;
}

static void take_cycle(struct interface *f, struct cycle *c)
{
	uint32_t n = (uint32_t)c->duration;
	float *blocks[MAX_CHANNELS];
	for (uint32_t ch = 0; ch < f->channels; ch++) {
		bool valid;
		blocks[ch] = take_block(f->ports[ch], &valid);
		c->empty += !blocks[ch];
		c->silent += blocks[ch] && !valid;
	}
	if (blocks[0])
		c->frame = ramp_frame(blocks[0][0]);
	keep_head(f, c);
	bool again = f->seen && c->clock_id == f->last.clock_id && c->position == f->last.position;
	f->steady = c->empty || c->silent ? 0 : f->steady + 1;
	f->settled = !c->empty && (f->settled || f->steady > STEADY_CYCLES);
	if (again || !f->settled) {
		f->idle_cycles++;
		return;
	}
	if (f->seen && c->position != f->last.position + f->last.duration)
		f->position_jumps++;
	check_cycle(f, blocks, c, n);
	f->last = *c;
}

static void on_process(void *data, struct spa_io_position *position)
{
	struct interface *f = data;
	if (!position || atomic_load_explicit(&f->done, memory_order_relaxed))
		return;
	const struct spa_io_clock *clock = &position->clock;
	struct cycle c = {clock->id, clock->position, clock->nsec, clock->duration};
	f->cycles++;
	take_cycle(f, &c);
	bool heard = f->seen > 0, done = f->seen >= f->wanted;
	if (heard == atomic_load(&f->heard) && !done)
		return;
	atomic_store(&f->heard, heard);
	atomic_store(&f->done, done);
	pw_loop_signal_event(pw_main_loop_get_loop(probe.main_loop), probe.check);
}

static const struct pw_filter_events filter_events = {PW_VERSION_FILTER_EVENTS, .process = on_process};

static int make_filter(struct interface *f, unsigned index)
{
	struct pw_properties *p = pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY,
		"Capture", PW_KEY_MEDIA_ROLE, "DSP", PW_KEY_NODE_ALWAYS_PROCESS, "true",
		PW_KEY_NODE_LOCK_QUANTUM, "true", PW_KEY_NODE_LOCK_RATE, "true", NULL);
	pw_properties_setf(p, PW_KEY_NODE_NAME, "probe.%u", index);
	pw_properties_setf(p, PW_KEY_NODE_GROUP, "probe.%u.%u", (unsigned)getpid(), index);
	f->filter = pw_filter_new(probe.core, "probe", p);
	if (!f->filter)
		return -errno;
	static struct spa_hook hooks[MAX_INTERFACES];
	pw_filter_add_listener(f->filter, &hooks[index], &filter_events, f);
	for (uint32_t ch = 0; ch < f->channels; ch++) {
		struct pw_properties *pp =
			pw_properties_new(PW_KEY_FORMAT_DSP, "32 bit float mono audio", NULL);
		pw_properties_setf(pp, PW_KEY_PORT_NAME, "in_%u", ch + 1);
		f->ports[ch] = pw_filter_add_port(
			f->filter, PW_DIRECTION_INPUT, PW_FILTER_PORT_FLAG_MAP_BUFFERS, 0, pp, NULL, 0);
	}
	return pw_filter_connect(f->filter, PW_FILTER_FLAG_RT_PROCESS, NULL, 0);
}

static bool complete(const uint32_t *ids, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!ids[i])
			return false;
	return true;
}

static void link_ports(struct interface *f)
{
	if (f->linked || !complete(f->out, f->channels) || !complete(f->in, f->channels))
		return;
	f->linked = true;
	for (uint32_t ch = 0; ch < f->channels; ch++) {
		struct pw_properties *p = pw_properties_new(PW_KEY_OBJECT_LINGER, "false", NULL);
		pw_properties_setf(p, PW_KEY_LINK_OUTPUT_NODE, "%u", f->node_id);
		pw_properties_setf(p, PW_KEY_LINK_OUTPUT_PORT, "%u", f->out[ch]);
		pw_properties_setf(p, PW_KEY_LINK_INPUT_NODE, "%u", pw_filter_get_node_id(f->filter));
		pw_properties_setf(p, PW_KEY_LINK_INPUT_PORT, "%u", f->in[ch]);
		f->links[ch] = pw_core_create_object(
			probe.core, "link-factory", PW_TYPE_INTERFACE_Link, PW_VERSION_LINK, &p->dict, 0);
		pw_properties_free(p);
	}
}

static void add_port(struct interface *f, uint32_t id, uint32_t node, uint32_t port, bool output)
{
	if (port >= f->channels)
		return;
	if (output && node == f->node_id)
		f->out[port] = id;
	else if (!output && node == pw_filter_get_node_id(f->filter))
		f->in[port] = id;
	link_ports(f);
}

static uint32_t number(const struct spa_dict *props, const char *key)
{
	const char *text = spa_dict_lookup(props, key);
	return text ? (uint32_t)strtoul(text, NULL, 10) : SPA_ID_INVALID;
}

static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
	const struct spa_dict *props)
{
	(void)data, (void)permissions, (void)version;
	for (unsigned i = 0; props && i < probe.count; i++) {
		struct interface *f = &probe.interfaces[i];
		const char *name = spa_dict_lookup(props, PW_KEY_NODE_NAME);
		const char *direction = spa_dict_lookup(props, PW_KEY_PORT_DIRECTION);
		if (strcmp(type, PW_TYPE_INTERFACE_Node) == 0 && name && strcmp(name, f->node) == 0)
			f->node_id = id;
		if (strcmp(type, PW_TYPE_INTERFACE_Port) == 0 && direction)
			add_port(f, id, number(props, PW_KEY_NODE_ID), number(props, PW_KEY_PORT_ID),
				strcmp(direction, "out") == 0);
	}
}

static void forget_links(struct interface *f)
{
	for (uint32_t ch = 0; ch < f->channels; ch++) {
		if (f->links[ch])
			pw_proxy_destroy(f->links[ch]);
		f->links[ch] = NULL;
		f->out[ch] = 0;
	}
	f->linked = false;
	f->node_id = 0;
}

static void on_global_remove(void *data, uint32_t id)
{
	(void)data;
	for (unsigned i = 0; i < probe.count; i++)
		if (id == probe.interfaces[i].node_id)
			forget_links(&probe.interfaces[i]);
}

static const struct pw_registry_events registry_events = {
	PW_VERSION_REGISTRY_EVENTS, .global = on_global, .global_remove = on_global_remove};

static void on_check(void *data, uint64_t count)
{
	(void)data, (void)count;
	bool done = true;
	for (unsigned i = 0; i < probe.count; i++) {
		struct interface *f = &probe.interfaces[i];
		bool heard = atomic_load(&f->heard);
		if (heard && !f->told)
			fprintf(stderr, "probe: hears %s\n", f->node);
		f->told = heard;
		done = done && atomic_load(&f->done);
	}
	if (done)
		pw_main_loop_quit(probe.main_loop);
}

static void on_signal(void *data, int signal)
{
	(void)data, (void)signal;
	pw_main_loop_quit(probe.main_loop);
}

static void print_cycle(const struct cycle *c)
{
	printf("{\"clock\": %u, \"position\": %llu, \"nsec\": %llu, \"duration\": %llu, \"empty\": %u, "
	       "\"silent\": %u, \"frame\": %lld}",
		c->clock_id, (unsigned long long)c->position, (unsigned long long)c->nsec,
		(unsigned long long)c->duration, c->empty, c->silent, (long long)c->frame);
}

static void print_jumps(const struct interface *f)
{
	for (unsigned i = 0; i < f->jump_count && i < MAX_BREAKS; i++) {
		const struct jump *j = &f->jumps[i];
		printf("%s{\"seen\": %lld, \"expected\": %lld, \"got\": %lld, \"before\": ", i ? ", " : "",
			(long long)j->seen, (long long)j->expected, (long long)j->got);
		print_cycle(&j->before);
		printf(", \"after\": ");
		print_cycle(&j->after);
		printf("}");
	}
}

static void report(const struct interface *f)
{
	printf("{\"node\": \"%s\", \"frames\": %lld, \"first\": %lld, \"wrong\": %lld, \"cycles\": %llu, "
	       "\"idle_cycles\": %llu, \"position_jumps\": %llu, \"first_position\": %lld, \"first_nsec\": "
	       "%lld, ",
		f->node, (long long)f->seen, (long long)f->first, (long long)f->wrong,
		(unsigned long long)f->cycles, (unsigned long long)f->idle_cycles,
		(unsigned long long)f->position_jumps, (long long)f->first_position,
		(long long)f->first_nsec);
	printf("\"last\": ");
	print_cycle(&f->last);
	printf(", \"discontinuities\": %u, \"jumps\": [", f->jump_count);
	print_jumps(f);
	printf("], \"head\": [");
	for (unsigned i = 0; i < f->heads; i++) {
		printf("%s", i ? ", " : "");
		print_cycle(&f->head[i]);
	}
	printf("]}\n");
}

static int add_interface(char *argument, int64_t frames)
{
	struct interface *f = &probe.interfaces[probe.count];
	char *colon = strrchr(argument, ':');
	if (!colon || probe.count == MAX_INTERFACES)
		return -EINVAL;
	*colon = '\0';
	f->node = argument;
	f->channels = (uint32_t)strtoul(colon + 1, NULL, 10);
	f->wanted = frames;
	probe.count++;
	return f->channels >= 1 && f->channels <= MAX_CHANNELS ? 0 : -EINVAL;
}

static int run(void)
{
	probe.main_loop = pw_main_loop_new(NULL);
	struct pw_loop *loop = pw_main_loop_get_loop(probe.main_loop);
	pw_loop_add_signal(loop, SIGTERM, on_signal, NULL);
	pw_loop_add_signal(loop, SIGINT, on_signal, NULL);
	probe.check = pw_loop_add_event(loop, on_check, NULL);
	probe.context =
		pw_context_new(loop, pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0);
	probe.core = pw_context_connect(probe.context, NULL, 0);
	if (!probe.core) {
		fprintf(stderr, "probe: cannot connect: %s\n", strerror(errno));
		return 1;
	}
	for (unsigned i = 0; i < probe.count; i++)
		if (make_filter(&probe.interfaces[i], i) < 0)
			return 1;
	probe.registry = pw_core_get_registry(probe.core, PW_VERSION_REGISTRY, 0);
	pw_registry_add_listener(probe.registry, &probe.registry_listener, &registry_events, NULL);
	pw_main_loop_run(probe.main_loop);
	return 0;
}

int main(int argc, char **argv)
{
	int64_t frames = argc > 2 ? strtoll(argv[1], NULL, 10) : 0;
	for (int i = 2; i < argc; i++)
		if (add_interface(argv[i], frames) < 0)
			frames = 0;
	if (frames <= 0) {
		fprintf(stderr, "usage: probe FRAMES NODE:CHANNELS…\n");
		return 2;
	}
	pw_init(NULL, NULL);
	int status = run();
	for (unsigned i = 0; i < probe.count; i++) {
		pw_filter_destroy(probe.interfaces[i].filter);
		report(&probe.interfaces[i]);
	}
	pw_core_disconnect(probe.core);
	pw_context_destroy(probe.context);
	pw_main_loop_destroy(probe.main_loop);
	pw_deinit();
	return status;
}
