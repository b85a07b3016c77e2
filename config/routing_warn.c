/* Buses that stand ready for nobody: no error, but seldom meant. */
#include "config/session_check.h"

#include <string.h>

static bool sends_to(const struct key_list *sends, const char *name)
{
	const struct send_config *items = sends->items;
	for (size_t i = 0; i < sends->count; i++)
		if (strcmp(items[i].to, name) == 0)
			return true;
	return false;
}

static bool is_fed(const struct session *session, const char *name)
{
	const struct track_config *tracks = session->tracks.items;
	const struct bus_config *buses = session->buses.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		if ((tracks[i].bus && strcmp(tracks[i].bus, name) == 0) || sends_to(&tracks[i].sends, name))
			return true;
	for (size_t i = 0; i < session->buses.count; i++)
		if ((buses[i].bus && strcmp(buses[i].bus, name) == 0) || sends_to(&buses[i].sends, name))
			return true;
	return false;
}

void routing_warn(const struct session *session, const struct yaml_node *root, struct faults *faults)
{
	const struct bus_config *buses = session->buses.items;
	for (size_t i = 0; i < session->buses.count; i++) {
		const struct yaml_node *node =
			yaml_value_of(yaml_item(yaml_value_of(root, "buses"), i), "name");
		if (node && buses[i].name && !is_fed(session, buses[i].name))
			faults_warn(faults, node->line, node->column,
				buses[i].kind == BUS_RETURN
					? "buses[%zu]: nothing goes to %s; sends: {%s: LEVEL} on a track"
					: "buses[%zu]: nothing goes to %s; bus: %s on a track",
				i, buses[i].name, buses[i].name);
	}
}
