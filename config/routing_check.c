/* What the tables of keys cannot say of the routing: every name exists and is of the right kind, and no sound
 * comes back to where it went through. */
#include "common/memory.h"
#include "common/units.h"
#include "config/session_check.h"
#include "config/suggest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const struct session *session;
	const struct yaml_node *root;
	struct faults *faults;
};

/* A track, bus or VCA group, for messages: what it is called there and where it stands. */
struct owner {
	char path[128];
	const struct yaml_node *node;
};

static const struct bus_config *bus_of(const struct check *c, size_t index)
{
	const struct bus_config *buses = c->session->buses.items;
	return &buses[index];
}

/* -1: none of that name. */
static int find_bus(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->session->buses.count; i++)
		if (bus_of(c, i)->name && strcmp(bus_of(c, i)->name, name) == 0)
			return (int)i;
	return -1;
}

static struct owner owner_in(const struct check *c, const char *list, size_t index)
{
	struct owner owner = {.node = yaml_item(yaml_value_of(c->root, list), index)};
	snprintf(owner.path, sizeof(owner.path), "%s[%zu]", list, index);
	return owner;
}

static void offer_buses(const struct check *c, enum bus_kind kind, struct suggestion *suggestion)
{
	for (size_t i = 0; i < c->session->buses.count; i++)
		if (bus_of(c, i)->name && bus_of(c, i)->kind == (int)kind)
			suggestion_offer(suggestion, bus_of(c, i)->name);
}

/* ---- names ---- */

static void check_bus_name(const struct check *c, size_t index)
{
	const char *name = bus_of(c, index)->name;
	struct owner owner = owner_in(c, "buses", index);
	const struct yaml_node *node = yaml_value_of(owner.node, "name");
	if (!name || !node)
		return;
	int first = find_bus(c, name);
	if (strcmp(name, BUS_MASTER) == 0)
		faults_add(c->faults, node->line, node->column,
			"%s.name: " BUS_MASTER " is the mix itself; another name", owner.path);
	else if (first >= 0 && (size_t)first < index)
		faults_add(c->faults, node->line, node->column,
			"%s.name: \"%s\" is taken by buses[%d]; a name of its own", owner.path, name, first);
}

static void check_output(const struct check *c, const struct owner *owner, const char *bus)
{
	const struct yaml_node *node = yaml_value_of(owner->node, "bus");
	if (!bus || !node || strcmp(bus, BUS_MASTER) == 0)
		return;
	int found = find_bus(c, bus);
	if (found >= 0 && bus_of(c, (size_t)found)->kind == BUS_GROUP)
		return;
	char mean[SUGGESTION_SIZE];
	struct suggestion suggestion = {.word = bus};
	offer_buses(c, BUS_GROUP, &suggestion);
	suggestion_offer(&suggestion, BUS_MASTER);
	faults_add(c->faults, node->line, node->column, "%s.bus: \"%.40s\" is %s; %s", owner->path, bus,
		found >= 0 ? "a return, to be sent to" : "no bus", suggestion_text(&suggestion, mean));
}

static void check_send(const struct check *c, const struct owner *owner, const char *to)
{
	const struct yaml_pair *pair = yaml_pair_of(yaml_value_of(owner->node, "sends"), to);
	int found = find_bus(c, to);
	if (!pair || (found >= 0 && bus_of(c, (size_t)found)->kind == BUS_RETURN))
		return;
	char mean[SUGGESTION_SIZE];
	struct suggestion suggestion = {.word = to};
	offer_buses(c, BUS_RETURN, &suggestion);
	faults_add(c->faults, pair->line, pair->column, "%s.sends: \"%.40s\" is %s; %s", owner->path, to,
		found >= 0 ? "a bus but no return (kind: return)" : "no return",
		suggestion_text(&suggestion, mean));
}

static void check_sends(const struct check *c, const struct owner *owner, const struct key_list *sends)
{
	const struct send_config *items = sends->items;
	for (size_t i = 0; i < sends->count; i++)
		check_send(c, owner, items[i].to);
}

static bool is_vca(const struct check *c, const char *name, struct suggestion *suggestion)
{
	const struct vca_config *vcas = c->session->vcas.items;
	for (size_t i = 0; i < c->session->vcas.count; i++) {
		if (strcmp(vcas[i].name, name) == 0)
			return true;
		suggestion_offer(suggestion, vcas[i].name);
	}
	return false;
}

static void check_vcas(const struct check *c, const struct owner *owner, const struct key_list *names)
{
	char *const *items = names->items;
	const struct yaml_node *value = yaml_value_of(owner->node, "vca");
	for (size_t i = 0; value && i < names->count; i++) {
		char mean[SUGGESTION_SIZE];
		struct suggestion suggestion = {.word = items[i]};
		if (is_vca(c, items[i], &suggestion))
			continue;
		const struct yaml_node *item = yaml_item(value, i);
		const struct yaml_node *node = item ? item : value;
		faults_add(c->faults, node->line, node->column, "%s.vca: \"%.40s\" is no VCA group; %s",
			owner->path, items[i], suggestion_text(&suggestion, mean));
	}
}

/* ---- moments ---- */

static void check_moment(const struct check *c, const struct owner *owner, const char *list, size_t index,
	const char *key, const char *text)
{
	const struct yaml_node *item =
		yaml_item(yaml_value_of(yaml_value_of(owner->node, "automation"), list), index);
	const struct yaml_node *node = yaml_value_of(item, key);
	if (!text || !node)
		return;
	double time_s;
	bool is_time = units_parse(text, UNIT_SECONDS, 1, &time_s) == 0;
	/* A slip in a time is no marker's label. */
	bool like_time = isdigit((unsigned char)text[0]) && strchr(text, ':');
	if (is_time ? time_s < 0 : like_time)
		faults_add(c->faults, node->line, node->column,
			"%s.automation.%s[%zu].%s: \"%.40s\" is no moment; a time such as 1:23.5, or a "
			"marker's label",
			owner->path, list, index, key, text);
}

static void check_automation(
	const struct check *c, const struct owner *owner, const struct automation_config *automation)
{
	const struct gain_point *points = automation->gain.items;
	const struct mute_range *ranges = automation->mute.items;
	for (size_t i = 0; i < automation->gain.count; i++)
		check_moment(c, owner, "gain", i, "at", points[i].at);
	for (size_t i = 0; i < automation->mute.count; i++) {
		check_moment(c, owner, "mute", i, "from", ranges[i].from);
		check_moment(c, owner, "mute", i, "to", ranges[i].to);
	}
}

/* ---- circles ---- */

static bool leads_to(const struct check *c, int from, int to, bool *seen);

static bool step_leads_to(const struct check *c, const char *name, int to, bool *seen)
{
	int next = name ? find_bus(c, name) : -1;
	return next >= 0 && leads_to(c, next, to, seen);
}

static bool leads_to(const struct check *c, int from, int to, bool *seen)
{
	if (from == to)
		return true;
	if (seen[from])
		return false;
	seen[from] = true;
	const struct bus_config *bus = bus_of(c, (size_t)from);
	const struct send_config *sends = bus->sends.items;
	for (size_t i = 0; i < bus->sends.count; i++)
		if (step_leads_to(c, sends[i].to, to, seen))
			return true;
	return step_leads_to(c, bus->bus, to, seen);
}

/* A circle has at least one step that does not lead on to a bus further down the list; told there, it is
 * told once. */
static void check_step(const struct check *c, size_t index, const char *name, int line, int column)
{
	int next = name ? find_bus(c, name) : -1;
	if (next < 0 || (size_t)next > index)
		return;
	bool seen[SESSION_MOST_BUSES] = {false};
	if (leads_to(c, next, (int)index, seen))
		faults_add(c->faults, line, column,
			"buses[%zu]: %s feeds %s, which leads back to it; a way that ends in the mix", index,
			bus_of(c, index)->name, name);
}

static void check_circles(const struct check *c, size_t index)
{
	const struct bus_config *bus = bus_of(c, index);
	const struct owner owner = owner_in(c, "buses", index);
	const struct yaml_node *output = yaml_value_of(owner.node, "bus");
	const struct send_config *sends = bus->sends.items;
	if (output)
		check_step(c, index, bus->bus, output->line, output->column);
	for (size_t i = 0; i < bus->sends.count; i++) {
		const struct yaml_pair *pair = yaml_pair_of(yaml_value_of(owner.node, "sends"), sends[i].to);
		if (pair)
			check_step(c, index, sends[i].to, pair->line, pair->column);
	}
}

static void check_track(const struct check *c, size_t index)
{
	const struct track_config *tracks = c->session->tracks.items;
	const struct track_config *track = &tracks[index];
	struct owner owner = owner_in(c, "tracks", index);
	check_output(c, &owner, track->bus);
	check_sends(c, &owner, &track->sends);
	check_vcas(c, &owner, &track->vca);
	check_automation(c, &owner, &track->automation);
}

static void check_bus(const struct check *c, size_t index)
{
	const struct bus_config *bus = bus_of(c, index);
	struct owner owner = owner_in(c, "buses", index);
	check_bus_name(c, index);
	check_output(c, &owner, bus->bus);
	check_sends(c, &owner, &bus->sends);
	check_vcas(c, &owner, &bus->vca);
	check_automation(c, &owner, &bus->automation);
	check_circles(c, index);
}

void routing_check(const struct session *session, const struct yaml_node *root, struct faults *faults)
{
	struct check c = {session, root, faults};
	const struct vca_config *vcas = session->vcas.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		check_track(&c, i);
	for (size_t i = 0; i < session->buses.count; i++)
		check_bus(&c, i);
	for (size_t i = 0; i < session->vcas.count; i++) {
		struct owner owner = {.node = yaml_value_of(yaml_value_of(root, "vcas"), vcas[i].name)};
		snprintf(owner.path, sizeof(owner.path), "vcas.%.64s", vcas[i].name);
		check_automation(&c, &owner, &vcas[i].automation);
	}
}
