#include "config/session_check.h"

#include "config/schema.h"
#include "config/suggest.h"

#include <stdlib.h>
#include <string.h>

struct check {
	const struct session *session;
	const struct yaml_node *root;
	const struct appliance *appliance;
	struct faults *faults;
};

struct input {
	char *interface; /* NULL: not one that could be checked */
	int channel;
	const struct yaml_node *node;
	size_t track;
};

static const struct track_config *track_of(const struct check *c, size_t index)
{
	const struct track_config *tracks = c->session->tracks.items;
	return &tracks[index];
}

static const struct yaml_node *track_value(const struct check *c, size_t index, const char *key)
{
	return yaml_value_of(yaml_item(yaml_value_of(c->root, "tracks"), index), key);
}

static void check_name(const struct check *c, size_t index)
{
	const char *name = track_of(c, index)->name;
	const struct yaml_node *node = track_value(c, index, "name");
	for (size_t i = 0; name && node && i < index; i++) {
		const char *other = track_of(c, i)->name;
		if (!other || strcmp(name, other) != 0)
			continue;
		faults_add(c->faults, node->line, node->column,
			"tracks[%zu].name: \"%s\" is taken by tracks[%zu]; a name of its own", index, name,
			i);
		return;
	}
}

static const struct interface_config *find_interface(const struct check *c, const char *name)
{
	const struct interface_config *interfaces = c->appliance->interfaces.items;
	for (size_t i = 0; i < c->appliance->interfaces.count; i++)
		if (interfaces[i].name && strcmp(interfaces[i].name, name) == 0)
			return &interfaces[i];
	return NULL;
}

static void unknown_interface(const struct check *c, const struct input *input)
{
	const struct interface_config *interfaces = c->appliance->interfaces.items;
	struct suggestion suggestion = {.word = input->interface};
	for (size_t i = 0; i < c->appliance->interfaces.count; i++)
		suggestion_offer(&suggestion, interfaces[i].name);
	char mean[SUGGESTION_SIZE];
	faults_add(c->faults, input->node->line, input->node->column,
		"tracks[%zu].input: no interface \"%.40s\"; %s", input->track, input->interface,
		suggestion_text(&suggestion, mean));
}

/* Against the interfaces that the appliance names, if it names any. */
static void check_exists(const struct check *c, const struct input *input)
{
	if (!c->appliance || c->appliance->interfaces.count == 0)
		return;
	const struct interface_config *interface = find_interface(c, input->interface);
	if (!interface)
		unknown_interface(c, input);
	else if (interface->channels > 0 && input->channel > interface->channels)
		faults_add(c->faults, input->node->line, input->node->column,
			"tracks[%zu].input: %s has no channel %d; 1 to %d", input->track, input->interface,
			input->channel, interface->channels);
}

static void read_input(const struct check *c, const struct yaml_node *node, struct input *input)
{
	if (node->kind != YAML_TEXT || !node->text[0] || yaml_is_null(node))
		return;
	if (session_parse_input(node->text, &input->interface, &input->channel) == 0)
		check_exists(c, input);
}

static bool same_input(const struct input *a, const struct input *b)
{
	return a->interface && b->interface && a->channel == b->channel &&
	       strcmp(a->interface, b->interface) == 0;
}

static void check_stereo(const struct check *c, const struct input pair[2])
{
	if (!pair[0].interface || !pair[1].interface)
		return;
	if (strcmp(pair[0].interface, pair[1].interface) != 0)
		faults_add(c->faults, pair[1].node->line, pair[1].node->column,
			"tracks[%zu].input: %s and %s are two interfaces; both sides from one", pair[0].track,
			pair[0].interface, pair[1].interface);
	else if (pair[0].channel == pair[1].channel)
		faults_add(c->faults, pair[1].node->line, pair[1].node->column,
			"tracks[%zu].input: left and right are one channel; two, or one alone for mono",
			pair[0].track);
}

/* Reads a track's one or two inputs into `out`; returns how many. */
static size_t check_inputs(const struct check *c, size_t track, struct input out[2])
{
	const struct yaml_node *node = track_value(c, track, "input");
	if (!node || node->kind == YAML_MAP)
		return 0;
	size_t count = node->kind == YAML_LIST ? node->count : 1;
	if (count < 1 || count > 2) {
		faults_add(c->faults, node->line, node->column,
			"tracks[%zu].input: %zu inputs; one for mono or two for stereo", track, count);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *item = node->kind == YAML_LIST ? node->items[i] : node;
		out[i] = (struct input){.node = item, .track = track};
		read_input(c, item, &out[i]);
	}
	if (count == 2)
		check_stereo(c, out);
	return count;
}

static void warn_shared(const struct check *c, const struct input *inputs, size_t index)
{
	const struct input *input = &inputs[index];
	for (size_t i = 0; i < index; i++) {
		if (inputs[i].track == input->track || !same_input(&inputs[i], input))
			continue;
		faults_warn(c->faults, input->node->line, input->node->column,
			"tracks[%zu].input: %s/%d is the input of tracks[%zu] too", input->track,
			input->interface, input->channel, inputs[i].track);
		return;
	}
}

static void check_all_inputs(const struct check *c)
{
	size_t tracks = c->session->tracks.count, count = 0;
	struct input *inputs = calloc(tracks * 2 + 1, sizeof(*inputs));
	for (size_t i = 0; inputs && i < tracks; i++)
		count += check_inputs(c, i, inputs + count);
	for (size_t i = 0; i < count; i++)
		warn_shared(c, inputs, i);
	for (size_t i = 0; i < count; i++)
		free(inputs[i].interface);
	free(inputs);
}

void session_check(const struct session *session, const struct yaml_node *root,
	const struct appliance *appliance, struct faults *faults)
{
	struct check c = {session, root, appliance, faults};
	song_check(session, root, faults);
	for (size_t i = 0; i < session->tracks.count; i++)
		check_name(&c, i);
	check_all_inputs(&c);
	edit_check(session, root, faults);
}
