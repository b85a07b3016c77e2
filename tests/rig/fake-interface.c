/* A simulated USB audio interface: see --help and README.md. This file is the PipeWire stream and what
 * happens on the main thread; driver.c is the data thread. */
#include "tests/rig/driver.h"

#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <pipewire/filter.h>
#include <spa/param/audio/format-utils.h>

struct interface {
	struct options options;
	struct material *material;
	struct driver *driver;
	struct sink *sink; /* NULL: an input */
	struct pw_main_loop *main_loop;
	struct pw_loop *loop;
	struct pw_context *context;
	struct pw_core *core;
	struct spa_hook core_listener;
	struct pw_registry *registry;
	struct spa_hook registry_listener;
	struct pw_stream *stream;
	struct spa_hook stream_listener;
	struct spa_source *return_timer;
	const struct spa_io_position *position;
	struct pw_filter *keeper;
	struct spa_hook keeper_listener;
	unsigned ports;
	bool said_ready;
	int status;
};

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

static void quit(struct interface *i, int status)
{
	i->status = status;
	pw_main_loop_quit(i->main_loop);
}

/* 0.3.65 neither switches the rate of a driver that lives in a client (it starts over for ever), nor leaves
 * its converter alone at another rate than the graph's. */
static void check_rate(struct interface *i, const struct spa_io_position *position)
{
	if (!position || i->options.any_rate || position->clock.rate.denom == i->options.rate)
		return;
	fprintf(stderr, "fake-interface: the graph has %u Hz, not --rate %lld; set its default.clock.rate\n",
		position->clock.rate.denom, (long long)i->options.rate);
	quit(i, 2);
}

static void on_io_changed(void *data, uint32_t id, void *area, uint32_t size)
{
	struct interface *i = data;
	(void)size;
	if (id == SPA_IO_Clock && !i->options.follow)
		driver_set_clock(i->driver, area);
	if (id == SPA_IO_Position) {
		check_rate(i, area);
		i->position = area;
		driver_set_position(i->driver, area);
	}
}

static void on_state_changed(
	void *data, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
	struct interface *i = data;
	(void)old;
	driver_listen(i->driver, state == PW_STREAM_STATE_STREAMING && !i->options.follow);
	if (state == PW_STREAM_STATE_ERROR) {
		fprintf(stderr, "fake-interface: stream: %s\n", error ? error : "unknown error");
		quit(i, 1);
	}
}

/* The format that it offers: at one rate, or of those that --rate takes `rate` first. */
static const struct spa_pod *build_format(
	struct spa_pod_builder *b, const struct options *o, uint32_t rate, bool any_rate)
{
	uint32_t channels = (uint32_t)o->channels, positions[RIG_MAX_CHANNELS];
	struct spa_pod_frame frame;
	for (uint32_t c = 0; c < channels; c++)
		positions[c] = SPA_AUDIO_CHANNEL_AUX0 + c;
	spa_pod_builder_push_object(b, &frame, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat);
	spa_pod_builder_add(b, SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_audio),
		SPA_FORMAT_mediaSubtype, SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw), SPA_FORMAT_AUDIO_format,
		SPA_POD_Id(SPA_AUDIO_FORMAT_F32P), SPA_FORMAT_AUDIO_channels, SPA_POD_Int(channels),
		SPA_FORMAT_AUDIO_position, SPA_POD_Array(4, SPA_TYPE_Id, channels, positions), 0);
	if (any_rate)
		spa_pod_builder_add(
			b, SPA_FORMAT_AUDIO_rate, SPA_POD_CHOICE_ENUM_Int(4, rate, 44100, 48000, 96000), 0);
	else
		spa_pod_builder_add(b, SPA_FORMAT_AUDIO_rate, SPA_POD_Int(rate), 0);
	return spa_pod_builder_pop(b, &frame);
}

/* As an ALSA device does. Not before its ports are made: 1.4.2 makes none of a format without one rate. */
static void offer_rates(struct interface *i, uint32_t first)
{
	uint8_t buffer[2048];
	struct spa_pod_builder b;
	spa_pod_builder_init(&b, buffer, sizeof(buffer));
	const struct spa_pod *params[] = {build_format(&b, &i->options, first, true)};
	pw_stream_update_params(i->stream, params, 1);
}

/* PipeWire takes the format away: it suspends the node, and will ask for another. From 1.x on the rate that
 * the graph turns to stands in its clock by then, and a device offers that one first; 0.3.65 chooses by
 * itself, and an offer at that moment upsets it. */
static void on_no_format(struct interface *i)
{
#if PW_CHECK_VERSION(1, 0, 0)
	if (i->position)
		offer_rates(i, i->position->clock.target_rate.denom);
#else
	(void)i;
#endif
}

static void on_param_changed(void *data, uint32_t id, const struct spa_pod *param)
{
	struct interface *i = data;
	struct spa_audio_info_raw info = {0};
	if (id != SPA_PARAM_Format || !i->options.any_rate)
		return;
	if (!param)
		on_no_format(i);
	else if (spa_format_audio_raw_parse(param, &info) >= 0 && info.rate > 0)
		driver_set_rate(i->driver, info.rate);
}

static void on_process(void *data)
{
	struct interface *i = data;
	driver_process(i->driver);
}

static void on_trigger_done(void *data)
{
	struct interface *i = data;
	driver_done(i->driver);
}

static const struct pw_stream_events stream_events = {
	PW_VERSION_STREAM_EVENTS,
	.state_changed = on_state_changed,
	.io_changed = on_io_changed,
	.param_changed = on_param_changed,
	.process = on_process,
	.trigger_done = on_trigger_done,
};

static bool changes_rate_unasked(const struct options *o)
{
	for (unsigned n = 0; n < o->gap_count; n++)
		if (o->gaps[n].lapse == LAPSE_RATE)
			return true;
	return false;
}

static struct pw_properties *stream_properties(const struct options *o)
{
	struct pw_properties *p = pw_properties_new(PW_KEY_MEDIA_CLASS,
		o->sink ? "Audio/Sink" : "Audio/Source", PW_KEY_NODE_DRIVER, o->follow ? "false" : "true",
		PW_KEY_NODE_ALWAYS_PROCESS, "true", PW_KEY_NODE_NAME, o->name, PW_KEY_NODE_DESCRIPTION,
		o->description, "node.suspend-on-idle", "false", "node.pause-on-idle", "false",
		/* No session manager sets the ports up: the node does so itself. */
		"adapter.auto-port-config", "{ mode = dsp monitor = false position = aux }", NULL);
	if (!o->follow && !o->any_quantum)
		pw_properties_setf(p, PW_KEY_NODE_FORCE_QUANTUM, "%lld", (long long)o->quantum);
	/* Else the converter of 1.4.2, which was made for the old rate, waits for more frames than a cycle
	 * has. */
	if (changes_rate_unasked(o))
		pw_properties_set(p, "resample.disable", "true");
	pw_properties_setf(p, PW_KEY_NODE_GROUP, "fake.%s", o->follow ? o->follow : o->name);
	return p;
}

/* A follower without ports. PipeWire runs a driver only while something follows it; hardware that is plugged
 * in has its clock running, so the interface brings its own follower. */
static void on_keeper_process(void *data, struct spa_io_position *position)
{
	(void)data, (void)position;
}

static const struct pw_filter_events keeper_events = {PW_VERSION_FILTER_EVENTS, .process = on_keeper_process};

static int make_keeper(struct interface *i)
{
	struct pw_properties *p =
		pw_properties_new(PW_KEY_NODE_ALWAYS_PROCESS, "true", "node.suspend-on-idle", "false", NULL);
	pw_properties_setf(p, PW_KEY_NODE_NAME, "%s.keeper", i->options.name);
	pw_properties_setf(p, PW_KEY_NODE_GROUP, "fake.%s", i->options.name);
	i->keeper = pw_filter_new(i->core, "keeper", p);
	if (!i->keeper)
		return -errno;
	pw_filter_add_listener(i->keeper, &i->keeper_listener, &keeper_events, i);
	return pw_filter_connect(i->keeper, PW_FILTER_FLAG_RT_PROCESS, NULL, 0);
}

static int make_stream(struct interface *i)
{
	i->stream = pw_stream_new(i->core, i->options.name, stream_properties(&i->options));
	if (!i->stream)
		return -errno;
	pw_stream_add_listener(i->stream, &i->stream_listener, &stream_events, i);

	uint8_t buffer[2048];
	struct spa_pod_builder b;
	spa_pod_builder_init(&b, buffer, sizeof(buffer));
	const struct spa_pod *params[] = {build_format(&b, &i->options, (uint32_t)i->options.rate, false)};
	enum pw_direction direction = i->sink ? PW_DIRECTION_INPUT : PW_DIRECTION_OUTPUT;
	enum pw_stream_flags flags = PW_STREAM_FLAG_RT_PROCESS | PW_STREAM_FLAG_MAP_BUFFERS;
	if (!i->options.follow)
		flags |= PW_STREAM_FLAG_DRIVER;
	return pw_stream_connect(i->stream, direction, PW_ID_ANY, flags, params, 1);
}

/* Our own ports, seen in the graph: the event that tests wait for. */
static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
	const struct spa_dict *props)
{
	struct interface *i = data;
	(void)id, (void)permissions, (void)version;
	if (strcmp(type, PW_TYPE_INTERFACE_Link) == 0)
		driver_nudge(i->driver, true);
	const char *node = props ? spa_dict_lookup(props, PW_KEY_NODE_ID) : NULL;
	if (strcmp(type, PW_TYPE_INTERFACE_Port) != 0 || !node || !i->stream)
		return;
	if (strtoul(node, NULL, 10) != pw_stream_get_node_id(i->stream))
		return;
	if (++i->ports < i->options.channels)
		return;
	if (i->options.any_rate)
		offer_rates(i, (uint32_t)i->options.rate);
	driver_plug(i->driver, i->stream);
	if (!i->said_ready)
		say("ready");
	i->said_ready = true;
}

static void on_global_remove(void *data, uint32_t id)
{
	struct interface *i = data;
	(void)id;
	driver_nudge(i->driver, false);
}

static const struct pw_registry_events registry_events = {
	PW_VERSION_REGISTRY_EVENTS, .global = on_global, .global_remove = on_global_remove};

static void on_core_error(void *data, uint32_t id, int seq, int res, const char *message)
{
	struct interface *i = data;
	(void)seq;
	if (id != PW_ID_CORE)
		return;
	fprintf(stderr, "fake-interface: PipeWire: %s (%s)\n", message, strerror(-res));
	quit(i, 1);
}

static const struct pw_core_events core_events = {PW_VERSION_CORE_EVENTS, .error = on_core_error};

/* A connection of its own for each time it is plugged in: 0.3.65 would map the clock of the node that is
 * gone. */
static int plug(struct interface *i, struct error *e)
{
	i->ports = 0;
	i->core = pw_context_connect(i->context, NULL, 0);
	if (!i->core)
		return error_errno(e, errno, "cannot connect to PipeWire");
	pw_core_add_listener(i->core, &i->core_listener, &core_events, i);
	i->registry = pw_core_get_registry(i->core, PW_VERSION_REGISTRY, 0);
	pw_registry_add_listener(i->registry, &i->registry_listener, &registry_events, i);
	int res = make_stream(i);
	if (res == 0)
		res = make_keeper(i);
	return res < 0 ? error_errno(e, res, "cannot make the node") : 0;
}

static void unplug(struct interface *i)
{
	driver_unplug(i->driver);
	if (i->keeper)
		pw_filter_destroy(i->keeper);
	i->keeper = NULL;
	if (i->stream) {
		spa_hook_remove(&i->stream_listener);
		pw_stream_destroy(i->stream);
	}
	i->stream = NULL;
	i->position = NULL;
	if (i->registry)
		pw_proxy_destroy((struct pw_proxy *)i->registry);
	i->registry = NULL;
	if (i->core)
		pw_core_disconnect(i->core);
	i->core = NULL;
}

static void return_later(struct interface *i)
{
	if (i->options.return_after_s < 0)
		return;
	int64_t ns = (int64_t)(i->options.return_after_s * 1e9) + 1;
	struct timespec delay = {.tv_sec = ns / CLOCK_NSEC_PER_SEC, .tv_nsec = ns % CLOCK_NSEC_PER_SEC};
	pw_loop_update_timer(i->loop, i->return_timer, &delay, NULL, false);
}

static void on_return(void *data, uint64_t expirations)
{
	struct interface *i = data;
	(void)expirations;
	struct error e;
	if (plug(i, &e) == 0)
		return;
	fprintf(stderr, "fake-interface: %s\n", e.text);
	quit(i, 1);
}

static void on_notice(void *data, const struct notice *n)
{
	struct interface *i = data;
	char line[128];
	const char *words[] = {[NOTICE_PLAYING] = "playing",
		[NOTICE_DONE] = "done",
		[NOTICE_XRUN] = "xrun",
		[NOTICE_OVERRUN] = "overrun",
		[NOTICE_DRIVER] = "driver",
		[NOTICE_RATE] = "rate",
		[NOTICE_UNPLUG] = "unplugged",
		[NOTICE_RETURN] = "returned",
		[NOTICE_STALLED] = "stalled"};
	if (n->kind == NOTICE_END) {
		quit(i, 0);
		return;
	}
	if (n->kind == NOTICE_UNPLUG)
		unplug(i);
	if (n->frames)
		snprintf(line, sizeof(line), "%s %lld %lld", words[n->kind], (long long)n->frame,
			(long long)n->frames);
	else
		snprintf(line, sizeof(line), "%s %lld", words[n->kind], (long long)n->frame);
	say(line);
	if (n->kind == NOTICE_UNPLUG)
		return_later(i);
	if (n->kind == NOTICE_DONE && i->options.exit_after_play)
		quit(i, 0);
}

static void on_stop_signal(void *data, int signal)
{
	(void)signal;
	quit(data, 0);
}

static void on_play_signal(void *data, int signal)
{
	struct interface *i = data;
	(void)signal;
	driver_play(i->driver);
}

static int make_loop(struct interface *i, struct error *e)
{
	i->main_loop = pw_main_loop_new(NULL);
	i->loop = pw_main_loop_get_loop(i->main_loop);
	pw_loop_add_signal(i->loop, SIGTERM, on_stop_signal, i);
	pw_loop_add_signal(i->loop, SIGINT, on_stop_signal, i);
	pw_loop_add_signal(i->loop, SIGUSR1, on_play_signal, i);
	i->return_timer = pw_loop_add_timer(i->loop, on_return, i);
	i->context =
		pw_context_new(i->loop, pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0);
	if (!i->context)
		return error_errno(e, errno, "cannot make a PipeWire context");
	return 0;
}

static int run(struct interface *i, struct error *e)
{
	int res = make_loop(i, e);
	if (res == 0)
		res = driver_create(&i->driver, i->context, &i->options, i->material, on_notice, i, e);
	if (res == 0 && i->options.sink)
		res = sink_create(&i->sink, i->options.rate, e);
	if (res == 0) {
		driver_give(i->driver, i->sink);
		res = plug(i, e);
	}
	if (res == 0)
		pw_main_loop_run(i->main_loop);
	if (i->driver)
		unplug(i);
	driver_destroy(i->driver);
	if (res == 0 && i->sink)
		res = sink_write(i->sink, i->options.sink, e);
	sink_destroy(i->sink);
	if (i->context)
		pw_context_destroy(i->context);
	pw_main_loop_destroy(i->main_loop);
	return res;
}

int main(int argc, char **argv)
{
	struct interface interface = {0};
	struct error e;
	int res = options_parse(&interface.options, argc, argv, &e);
	if (res > 0)
		return 0;
	if (res == 0)
		res = material_create(&interface.material, &interface.options, &e);
	if (res < 0) {
		fprintf(stderr, "fake-interface: %s\n", e.text);
		return 2;
	}
	pw_init(NULL, NULL);
	res = run(&interface, &e);
	if (res < 0)
		fprintf(stderr, "fake-interface: %s\n", e.text);
	pw_deinit();
	material_destroy(interface.material);
	return res < 0 ? 1 : interface.status;
}
