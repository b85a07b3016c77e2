#include "network/homeassistant.h"

#include "common/memory.h"
#include "network/texts.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE_MOST = 5, SECONDS_PER_MINUTE = 60 };

/* An entity that every box has. Topics are what follows `<p>/`; NULL: it has none. */
struct entity {
	const char *id, *platform, *name, *icon;
	const char *state, *command, *attributes;
	struct {
		const char *key, *value;
	} more[MORE_MOST];
};

/* Templates may meet an empty payload (there is no take any more): value_json is not defined then, and `None`
 * is what Home Assistant takes for unknown. */
static const struct entity entities[] = {
	{"record", "switch", "Record", "mdi:record-rec", "state", "record/set", NULL,
		{{"value_template", "{{ 'ON' if value_json.record == 'recording' else 'OFF' }}"}}},
	{"marker", "button", "Add marker", "mdi:flag-plus", NULL, "marker/set", NULL,
		{{"payload_press", "marker"}}},
	{"save", "button", NULL, "mdi:history", NULL, "request/record.save", NULL, {{"payload_press", "{}"}}},
	{"session", "select", "Session", "mdi:playlist-music", "state", "session/set", NULL,
		{{"value_template", "{{ value_json.session }}"}}},
	{"last_take", "sensor", "Last take", "mdi:album", "take/latest", NULL, "take/latest",
		{{"value_template",
			 "{{ (value_json.title or value_json.id) if value_json is defined else 'None' }}"},
			{"json_attributes_template",
				"{{ value_json | tojson if value_json is defined else '{}' }}"}}},
	{"loudness", "sensor", "Loudness", "mdi:volume-high", "take/latest", NULL, NULL,
		{{"value_template", "{{ value_json.lufs if value_json is defined else 'None' }}"},
			{"unit_of_measurement", "LUFS"}, {"state_class", "measurement"}}},
	{"time_left", "sensor", "Recording time left", "mdi:harddisk", "health", NULL, NULL,
		{{"value_template", "{{ value_json.disk.hours_left }}"}, {"unit_of_measurement", "h"},
			{"device_class", "duration"}, {"state_class", "measurement"},
			{"entity_category", "diagnostic"}}},
	{"recording_since", "sensor", "Recording since", NULL, "state", NULL, NULL,
		{{"value_template", "{{ value_json.since if value_json.record == 'recording' else 'None' }}"},
			{"device_class", "timestamp"}}},
	{"take_event", "event", "Take", "mdi:music-note", "event", NULL, NULL, {{0}}},
	{"problem", "binary_sensor", "Problem", NULL, "health", NULL, "health",
		{{"value_template", "{{ 'OFF' if value_json.ok else 'ON' }}"}, {"device_class", "problem"},
			{"entity_category", "diagnostic"},
			{"json_attributes_template", "{{ {'alerts': value_json.alerts} | tojson }}"}}},
};

/* Home Assistant's ids have no other letters. */
static char *plain(const char *text)
{
	char *made = memory_text(text);
	for (char *c = made; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", *c))
			*c = '_';
	}
	return made;
}

/* Takes over `value`. */
static void set_text(json_t *object, const char *key, char *value)
{
	json_object_set_new(object, key, json_string(value));
	free(value);
}

static void set_topic(
	json_t *object, const char *key, const struct homeassistant_device *device, const char *topic)
{
	if (topic)
		set_text(object, key, memory_format("%s/%s", device->prefix, topic));
}

/* What every component must have. */
static json_t *component(
	const struct homeassistant_device *device, const char *platform, const char *id, const char *name)
{
	json_t *made = json_pack("{s:s, s:s}", "p", platform, "name", name);
	char *box = plain(device->name);
	set_text(made, "unique_id", memory_format("woodshed_%s_%s", device->name, id));
	set_text(made, "default_entity_id", memory_format("%s.woodshed_%s_%s", platform, box, id));
	free(box);
	return made;
}

/* As long as the pre-roll is. */
static char *save_name(double seconds)
{
	double minutes = seconds / SECONDS_PER_MINUTE;
	if (minutes >= 1 && floor(minutes) == minutes)
		return memory_format("Save the last %.0f min", minutes);
	return memory_format("Save the last %.0f s", seconds);
}

static json_t *texts(const char *const *list, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *event_types(void)
{
	json_t *types = json_array();
	for (size_t i = 0; i < TEXT_EVENT_TYPES; i++)
		json_array_append_new(types, json_string(text_event_types[i]));
	return types;
}

static json_t *session_options(const struct homeassistant_device *device)
{
	json_t *options = texts(device->sessions, device->session_count);
	for (size_t i = 0; i < device->session_count; i++) {
		if (device->session && strcmp(device->sessions[i], device->session) == 0)
			return options;
	}
	if (device->session)
		json_array_insert_new(options, 0, json_string(device->session));
	return options;
}

static json_t *entity_json(const struct homeassistant_device *device, const struct entity *entity)
{
	char *save = save_name(device->pre_roll_s);
	json_t *made = component(device, entity->platform, entity->id, entity->name ? entity->name : save);
	free(save);
	if (entity->icon)
		json_object_set_new(made, "icon", json_string(entity->icon));
	set_topic(made, "state_topic", device, entity->state);
	set_topic(made, "command_topic", device, entity->command);
	set_topic(made, "json_attributes_topic", device, entity->attributes);
	for (size_t i = 0; i < MORE_MOST && entity->more[i].key; i++)
		json_object_set_new(made, entity->more[i].key, json_string(entity->more[i].value));
	if (strcmp(entity->platform, "select") == 0)
		json_object_set_new(made, "options", session_options(device));
	if (strcmp(entity->platform, "event") == 0)
		json_object_set_new(made, "event_types", event_types());
	return made;
}

/* The name as a literal of the template's language, which reads JSON's escapes. */
static char *literal(const char *text)
{
	json_t *json = json_string(text);
	char *made = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
	json_decref(json);
	return made ? made : memory_text("\"\"");
}

static json_t *interface_json(
	const struct homeassistant_device *device, const char *id, const char *interface)
{
	char *name = memory_format("Interface %s", interface);
	json_t *made = component(device, "binary_sensor", id, name);
	char *quoted = literal(interface);
	free(name);
	if (!made)
		made = component(device, "binary_sensor", id, "Interface");
	set_topic(made, "state_topic", device, "info");
	set_text(made, "value_template",
		memory_format("{{ 'ON' if value_json.interfaces | selectattr('name', 'eq', %s) | "
			      "selectattr('live') | list else 'OFF' }}",
			quoted));
	json_object_set_new(made, "device_class", json_string("connectivity"));
	json_object_set_new(made, "entity_category", json_string("diagnostic"));
	free(quoted);
	return made;
}

/* Names that differ only in what an id cannot hold are told apart by a number. */
static void add_interfaces(json_t *components, const struct homeassistant_device *device)
{
	for (size_t i = 0; i < device->interface_count; i++) {
		char *name = plain(device->interfaces[i]);
		char *id = memory_format("interface_%s", name);
		for (int number = 2; json_object_get(components, id); number++) {
			free(id);
			id = memory_format("interface_%s_%d", name, number);
		}
		json_object_set_new(components, id, interface_json(device, id, device->interfaces[i]));
		free(id);
		free(name);
	}
}

static json_t *device_json(const struct homeassistant_device *device)
{
	json_t *made = json_pack(
		"{s:s, s:s, s:s}", "mf", "Woodshed", "mdl", "Woodshed recorder", "sw", WOODSHED_VERSION);
	json_t *ids = json_array();
	char *id = memory_format("woodshed_%s", device->name);
	json_array_append_new(ids, json_string(id));
	free(id);
	json_object_set_new(made, "ids", ids);
	set_text(made, "name", memory_format("Woodshed %s", device->name));
	if (device->url[0])
		json_object_set_new(made, "cu", json_string(device->url));
	return made;
}

char *homeassistant_topic(const char *name)
{
	return memory_format("homeassistant/device/woodshed_%s/config", name);
}

char *homeassistant_config(const struct homeassistant_device *device)
{
	json_t *components = json_object();
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		json_object_set_new(components, entities[i].id, entity_json(device, &entities[i]));
	add_interfaces(components, device);
	json_t *config = json_pack("{s:o, s:{s:s, s:s}, s:o, s:i}", "dev", device_json(device), "o", "name",
		"Woodshed", "sw", WOODSHED_VERSION, "cmps", components, "qos", 1);
	set_topic(config, "availability_topic", device, "availability");
	char *text = json_dumps(config, JSON_COMPACT);
	json_decref(config);
	return text;
}

char *homeassistant_farewell(const char *before, const char *now)
{
	json_t *old = json_loads(before, 0, NULL), *new = json_loads(now, 0, NULL);
	json_t *components = json_object_get(new, "cmps"), *gone;
	const char *id;
	char *text = NULL;
	bool any = false;
	json_object_foreach(json_object_get(old, "cmps"), id, gone)
	{
		if (json_object_get(components, id))
			continue;
		json_object_set_new(components, id, json_pack("{s:O}", "p", json_object_get(gone, "p")));
		any = true;
	}
	if (any)
		text = json_dumps(new, JSON_COMPACT);
	json_decref(old);
	json_decref(new);
	return text;
}
