#include "mixer/lv2-host.h"

#include "audio/finite.h"
#include "common/memory.h"
#include "config/suggest.h"
#include "mixer/lv2-features.h"

#include <lilv/lilv.h>
#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>
#include <lv2/port-props/port-props.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COPIES_MOST = 2, ATOM_BYTES = 8192 };

enum port_kind { PORT_CONTROL, PORT_AUDIO, PORT_ATOM, PORT_NONE /* may stay unconnected */ };

struct port {
	const char *symbol; /* lilv's */
	enum port_kind kind;
	bool input;
	float value;	   /* of a control */
	float least, most; /* NAN: no limit */
	bool whole;
	LV2_Atom_Sequence *atoms; /* ATOM_BYTES */
};

struct lv2_host {
	LilvWorld *world;
	const LilvPlugin *plugin;
	struct lv2_features features;
	struct port *ports;
	uint32_t port_count;
	uint32_t channels, ins, outs; /* of the chain; of the plugin */
	uint32_t latency;
	uint32_t copies;
	LilvInstance *copy[COPIES_MOST];
	float in[BLOCK_CHANNELS][LV2_BLOCK], out[BLOCK_CHANNELS][LV2_BLOCK];
};

static const char *tail_of(const char *uri)
{
	const char *tail = uri;
	for (const char *p = uri; *p; p++)
		if ((*p == '/' || *p == '#') && p[1])
			tail = p + 1;
	return tail;
}

/* By the last part of what was written: that is what people get wrong. */
static int unknown_plugin(const LilvPlugins *plugins, const char *uri, struct error *e)
{
	struct suggestion suggestion = {.word = tail_of(uri)};
	const char *nearest = NULL;
	LILV_FOREACH(plugins, i, plugins)
	{
		const char *candidate = lilv_node_as_uri(lilv_plugin_get_uri(lilv_plugins_get(plugins, i)));
		const char *before = suggestion.best;
		suggestion_offer(&suggestion, tail_of(candidate));
		nearest = suggestion.best == before ? nearest : candidate;
	}
	if (nearest)
		return error_set(
			e, ENOENT, "uri: no plugin <%s> is installed; did you mean <%s>?", uri, nearest);
	return error_set(e, ENOENT, "uri: no plugin <%s> is installed; `lv2ls` lists those that are", uri);
}

static int find_plugin(struct lv2_host *host, const char *uri, struct error *e)
{
	/* Without a scheme it is none, about which the libraries below would talk to stderr. */
	LilvNode *node = strchr(uri, ':') ? lilv_new_uri(host->world, uri) : NULL;
	if (!node)
		return error_set(
			e, EINVAL, "uri: \"%s\" is not a URI such as http://example.org/plugin", uri);
	const LilvPlugins *plugins = lilv_world_get_all_plugins(host->world);
	host->plugin = lilv_plugins_get_by_uri(plugins, node);
	lilv_node_free(node);
	return host->plugin ? 0 : unknown_plugin(plugins, uri, e);
}

static int check_features(const struct lv2_host *host, struct error *e)
{
	LilvNodes *required = lilv_plugin_get_required_features(host->plugin);
	int result = 0;
	LILV_FOREACH(nodes, i, required)
	{
		const char *uri = lilv_node_as_uri(lilv_nodes_get(required, i));
		if (result == 0 && !lv2_features_has(&host->features, uri))
			result = error_set(
				e, ENOTSUP, "uri: the plugin needs <%s>, which is not offered here", uri);
	}
	lilv_nodes_free(required);
	return result;
}

static bool port_is(const struct lv2_host *host, const LilvPort *port, const char *class_uri)
{
	LilvNode *node = lilv_new_uri(host->world, class_uri);
	bool is = lilv_port_is_a(host->plugin, port, node);
	lilv_node_free(node);
	return is;
}

static bool port_has(const struct lv2_host *host, const LilvPort *port, const char *property_uri)
{
	LilvNode *node = lilv_new_uri(host->world, property_uri);
	bool has = lilv_port_has_property(host->plugin, port, node);
	lilv_node_free(node);
	return has;
}

static int describe_port(struct lv2_host *host, uint32_t index, struct port *p, struct error *e)
{
	const LilvPort *port = lilv_plugin_get_port_by_index(host->plugin, index);
	p->symbol = lilv_node_as_string(lilv_port_get_symbol(host->plugin, port));
	p->input = port_is(host, port, LV2_CORE__InputPort);
	p->whole = port_has(host, port, LV2_CORE__integer) || port_has(host, port, LV2_CORE__toggled);
	if (port_is(host, port, LV2_CORE__ControlPort)) {
		p->kind = PORT_CONTROL;
	} else if (port_is(host, port, LV2_CORE__AudioPort)) {
		p->kind = PORT_AUDIO;
		*(p->input ? &host->ins : &host->outs) += 1;
	} else if (port_has(host, port, LV2_CORE__connectionOptional)) {
		p->kind = PORT_NONE;
	} else if (port_is(host, port, LV2_ATOM__AtomPort)) {
		p->kind = PORT_ATOM;
		p->atoms = memory_new(ATOM_BYTES);
	} else {
		return error_set(e, ENOTSUP,
			"uri: the plugin's port %s is of a kind that is not offered here", p->symbol);
	}
	return 0;
}

static void set_ranges(struct lv2_host *host, double rate)
{
	float *least = memory_array(host->port_count, sizeof(float));
	float *most = memory_array(host->port_count, sizeof(float));
	float *usual = memory_array(host->port_count, sizeof(float));
	lilv_plugin_get_port_ranges_float(host->plugin, least, most, usual);
	for (uint32_t i = 0; i < host->port_count; i++) {
		const LilvPort *port = lilv_plugin_get_port_by_index(host->plugin, i);
		float scale = port_has(host, port, LV2_CORE__sampleRate) ? (float)rate : 1;
		struct port *p = &host->ports[i];
		p->least = least[i] * scale;
		p->most = most[i] * scale;
		p->value = !isnan(usual[i]) ? usual[i] * scale : !isnan(least[i]) ? p->least : 0;
	}
	free(least);
	free(most);
	free(usual);
}

static int describe_ports(struct lv2_host *host, double rate, struct error *e)
{
	host->port_count = lilv_plugin_get_num_ports(host->plugin);
	host->ports = memory_array(host->port_count, sizeof(*host->ports));
	for (uint32_t i = 0; i < host->port_count; i++) {
		int result = describe_port(host, i, &host->ports[i], e);
		if (result < 0)
			return result;
	}
	set_ranges(host, rate);
	if (host->ins < 1 || host->ins > 2 || host->outs < 1 || host->outs > 2)
		return error_set(e, ENOTSUP,
			"uri: the plugin has %u audio inputs and %u outputs; 1 or 2 of each", host->ins,
			host->outs);
	return 0;
}

static int unknown_control(const struct lv2_host *host, const char *name, struct error *e)
{
	struct suggestion suggestion = {.word = name};
	char mean[SUGGESTION_SIZE];
	for (uint32_t i = 0; i < host->port_count; i++)
		if (host->ports[i].kind == PORT_CONTROL && host->ports[i].input)
			suggestion_offer(&suggestion, host->ports[i].symbol);
	return error_set(e, EINVAL, "controls: %s: unknown; %s", name, suggestion_text(&suggestion, mean));
}

static int set_control(struct lv2_host *host, const struct key_level *control, struct error *e)
{
	struct port *p = NULL;
	for (uint32_t i = 0; i < host->port_count && !p; i++)
		if (host->ports[i].kind == PORT_CONTROL && host->ports[i].input &&
			strcmp(host->ports[i].symbol, control->name) == 0)
			p = &host->ports[i];
	if (!p)
		return unknown_control(host, control->name, e);
	float value = (float)control->value;
	if (value < p->least || value > p->most)
		return error_set(e, ERANGE, "controls: %s: %g is out of range; %g to %g", p->symbol,
			control->value, (double)p->least, (double)p->most);
	if (p->whole && value != rintf(value))
		return error_set(
			e, EINVAL, "controls: %s: %g is not a whole number", p->symbol, control->value);
	p->value = value;
	return 0;
}

static void connect(struct lv2_host *host, LilvInstance *copy, uint32_t first)
{
	uint32_t in = first, out = first;
	for (uint32_t i = 0; i < host->port_count; i++) {
		struct port *p = &host->ports[i];
		void *to = NULL;
		if (p->kind == PORT_CONTROL)
			to = &p->value;
		else if (p->kind == PORT_ATOM)
			to = p->atoms;
		else if (p->kind == PORT_AUDIO)
			to = p->input ? host->in[in++] : host->out[out++];
		lilv_instance_connect_port(copy, i, to);
	}
}

static int start(struct lv2_host *host, double rate, struct error *e)
{
	host->copies = host->channels == 2 && host->ins == 1 && host->outs == 1 ? 2 : 1;
	for (uint32_t i = 0; i < host->copies; i++) {
		host->copy[i] = lilv_plugin_instantiate(host->plugin, rate, host->features.list);
		if (!host->copy[i])
			return error_set(e, EIO, "uri: the plugin does not start (at %g Hz)", rate);
		connect(host, host->copy[i], i);
		lilv_instance_activate(host->copy[i]);
	}
	return 0;
}

static void stop(struct lv2_host *host)
{
	for (uint32_t i = 0; i < COPIES_MOST && host->copy[i]; i++) {
		lilv_instance_deactivate(host->copy[i]);
		lilv_instance_free(host->copy[i]);
		host->copy[i] = NULL;
	}
}

static void empty_atoms(struct lv2_host *host)
{
	for (uint32_t i = 0; i < host->port_count; i++) {
		struct port *p = &host->ports[i];
		if (p->kind != PORT_ATOM)
			continue;
		const char *type = p->input ? LV2_ATOM__Sequence : LV2_ATOM__Chunk;
		p->atoms->atom.type = lv2_features_number(&host->features, type);
		p->atoms->atom.size =
			p->input ? sizeof(LV2_Atom_Sequence_Body) : ATOM_BYTES - sizeof(LV2_Atom);
		p->atoms->body = (LV2_Atom_Sequence_Body){0, 0};
	}
}

static void run_copies(struct lv2_host *host)
{
	for (uint32_t i = 0; i < host->copies; i++) {
		empty_atoms(host);
		lilv_instance_run(host->copy[i], LV2_BLOCK);
	}
}

/* A plugin knows its latency only once it has run; it then starts anew, for that run was not part of the
 * sound. */
static int find_latency(struct lv2_host *host, double rate, struct error *e)
{
	if (!lilv_plugin_has_latency(host->plugin))
		return 0;
	run_copies(host);
	float frames = host->ports[lilv_plugin_get_latency_port_index(host->plugin)].value;
	if (!(frames >= 0 && (double)frames <= 10 * rate))
		return error_set(e, ENOTSUP, "uri: the plugin says it is %g frames late", (double)frames);
	host->latency = (uint32_t)lrintf(frames);
	stop(host);
	return start(host, rate, e);
}

int lv2_host_open(struct lv2_host **host, const struct lv2_settings *settings,
	const struct processor_format *format, struct error *e)
{
	struct lv2_host *made = memory_new(sizeof(*made));
	const struct key_level *controls = settings->controls.items;
	made->channels = format->channels;
	made->world = lilv_world_new();
	lv2_features_init(&made->features, LV2_BLOCK, format->rate);
	lilv_world_load_all(made->world);
	int result = find_plugin(made, settings->uri, e);
	if (result == 0)
		result = check_features(made, e);
	if (result == 0)
		result = describe_ports(made, format->rate, e);
	for (size_t i = 0; i < settings->controls.count && result == 0; i++)
		result = set_control(made, &controls[i], e);
	if (result == 0)
		result = start(made, format->rate, e);
	if (result == 0)
		result = find_latency(made, format->rate, e);
	if (result < 0)
		lv2_host_close(made);
	else
		*host = made;
	return result;
}

void lv2_host_close(struct lv2_host *host)
{
	if (!host)
		return;
	stop(host);
	for (uint32_t i = 0; i < host->port_count; i++)
		free(host->ports[i].atoms);
	free(host->ports);
	lilv_world_free(host->world);
	lv2_features_finish(&host->features);
	free(host);
}

/* As many of the plugin's inputs as are fed by as many channels: both, one each, or the mean. */
static void give(struct lv2_host *host, double samples[][LV2_BLOCK])
{
	const bool mean = host->channels == 2 && host->ins == 1 && host->copies == 1;
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++) {
		const double *from = samples[host->channels == 2 ? c : 0];
		for (int i = 0; i < LV2_BLOCK; i++) {
			double x = mean ? (samples[0][i] + samples[1][i]) / 2 : from[i];
			host->in[c][i] = (float)finite_sample(x);
		}
	}
}

static void take(struct lv2_host *host, double samples[][LV2_BLOCK])
{
	const uint32_t outs = host->outs * host->copies;
	for (uint32_t c = 0; c < host->channels; c++) {
		const float *first = host->out[outs == 2 ? c : 0];
		const float *second = host->channels == 1 && outs == 2 ? host->out[1] : first;
		for (int i = 0; i < LV2_BLOCK; i++)
			samples[c][i] = finite_sample(((double)first[i] + (double)second[i]) / 2);
	}
}

void lv2_host_run(struct lv2_host *host, double samples[][LV2_BLOCK])
{
	give(host, samples);
	run_copies(host);
	take(host, samples);
}

void lv2_host_reset(struct lv2_host *host)
{
	for (uint32_t i = 0; i < host->copies; i++) {
		lilv_instance_deactivate(host->copy[i]);
		lilv_instance_activate(host->copy[i]);
	}
}

uint32_t lv2_host_latency(const struct lv2_host *host)
{
	return host->latency;
}
