/* woodshed interfaces: the capture nodes that PipeWire has now. */
#include "appliance/interfaces.h"

#include "appliance/subcommand.h"
#include "common/clock.h"
#include "common/loop.h"
#include "common/memory.h"

#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Ports of a node come one after the other; this long after the last news the picture is complete. */
#define QUIET_NS (CLOCK_NSEC_PER_SEC / 4)

enum { NODES_MOST = 64 };

struct listing {
	struct loop *loop;
	struct loop_source *quiet;
};

static void on_news(void *data)
{
	struct listing *listing = data;
	loop_set_timer(listing->quiet, QUIET_NS, 0);
}

static void on_quiet(void *data)
{
	struct listing *listing = data;
	loop_quit(listing->loop, 0);
}

static const char *configured_name(const struct appliance *appliance, const char *node)
{
	const struct interface_config *list = appliance->interfaces.items;
	for (size_t i = 0; i < appliance->interfaces.count; i++)
		if (fnmatch(list[i].node, node, 0) == 0)
			return list[i].name;
	return NULL;
}

static void print_json(const struct appliance *appliance, const struct source_node *nodes, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *ports = json_array();
		for (uint32_t c = 0; c < nodes[i].channels; c++)
			json_array_append_new(ports, json_string(nodes[i].ports[c]));
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:s?, s:o}", "node", nodes[i].name,
				      "description", nodes[i].description, "class", nodes[i].media_class,
				      "channels", (int)nodes[i].channels, "name",
				      configured_name(appliance, nodes[i].name), "ports", ports));
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(list);
}

static void print_table(const struct appliance *appliance, const struct source_node *nodes, size_t count)
{
	if (count == 0)
		fprintf(stderr, "no interface is there\n");
	for (size_t i = 0; i < count; i++) {
		const char *name = configured_name(appliance, nodes[i].name);
		printf("%-12s %3u channels  %s", name ? name : "-", nodes[i].channels, nodes[i].name);
		printf("  (%s)\n", nodes[i].description);
	}
}

int interfaces_now(
	void (*tell)(void *data, const struct source_node *nodes, size_t count), void *data, struct error *e)
{
	struct listing listing = {0};
	int result = loop_create(&listing.loop, e);
	if (result < 0)
		return result;
	listing.quiet = loop_add_timer(listing.loop, on_quiet, &listing);
	struct source_callbacks callbacks = {.changed = on_news, .ready = on_news, .data = &listing};
	struct source *source;
	result = source_pipewire.open(&source, listing.loop, &callbacks, e);
	if (result == 0) {
		struct source_node nodes[NODES_MOST];
		loop_run(listing.loop);
		size_t count = source_pipewire.nodes(source, nodes, NODES_MOST);
		tell(data, nodes, count < NODES_MOST ? count : NODES_MOST);
		source_pipewire.close(source);
	}
	loop_remove(listing.quiet);
	loop_destroy(listing.loop);
	return result;
}

struct output {
	const struct appliance *appliance;
	bool json;
};

static void print(void *data, const struct source_node *nodes, size_t count)
{
	const struct output *output = data;
	(output->json ? print_json : print_table)(output->appliance, nodes, count);
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct appliance appliance;
	struct error e;
	const char *path;
	int status = subcommand_load_appliance(command, arguments, &appliance, &path);
	if (status != EXIT_DONE)
		return status;
	struct output output = {&appliance, subcommand_option(command, arguments, "json") != NULL};
	if (interfaces_now(print, &output, &e) < 0)
		status = subcommand_failed(&e);
	appliance_finish(&appliance);
	return status;
}

const struct subcommand subcommand_interfaces = {
	.name = "interfaces",
	.synopsis = "",
	.help = "list the interfaces that PipeWire has now, with the names that the configuration gives them",
	.options = {SUBCOMMAND_CONFIG_OPTION, {"json", NULL, "for programs"}},
	.run = run,
};
