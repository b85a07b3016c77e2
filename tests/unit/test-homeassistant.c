/* Home Assistant's introduction, held against what it takes: the keys of its device discovery and of each
 * platform's schema (https://www.home-assistant.io/integrations/mqtt/). It drops a whole message for one
 * unknown key at the root, and an entity for one fault of its own. */
#include "network/homeassistant.h"

#include "common/memory.h"
#include "network/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const root_keys[] = {"dev", "o", "cmps", "availability", "availability_mode",
	"availability_template", "availability_topic", "payload_available", "payload_not_available",
	"command_topic", "state_topic", "qos", "encoding", NULL};
static const char *const device_keys[] = {
	"ids", "cns", "mf", "mdl", "mdl_id", "name", "hw", "sn", "sw", "via_device", "sa", "cu", NULL};
static const char *const origin_keys[] = {"name", "sw", "url", NULL};
static const char *const common_keys[] = {"p", "name", "unique_id", "default_entity_id", "icon",
	"entity_category", "entity_picture", "enabled_by_default", "json_attributes_topic",
	"json_attributes_template", "qos", "encoding", "availability", "availability_topic", NULL};
static const char *const categories[] = {"config", "diagnostic", NULL};

static const struct platform {
	const char *name;
	const char *must[3], *may[12], *classes[4];
} platforms[] = {
	{"switch", {"command_topic"},
		{"state_topic", "value_template", "payload_on", "payload_off", "state_on", "state_off",
			"command_template", "optimistic", "retain", "device_class"},
		{"outlet", "switch"}},
	{"button", {"command_topic"}, {"payload_press", "command_template", "retain", "device_class"},
		{"identify", "restart", "update"}},
	{"select", {"command_topic", "options"},
		{"state_topic", "value_template", "command_template", "optimistic", "retain"}, {0}},
	{"sensor", {"state_topic"},
		{"value_template", "unit_of_measurement", "device_class", "state_class", "expire_after",
			"force_update", "suggested_display_precision", "last_reset_value_template",
			"options"},
		{"duration", "timestamp"}},
	{"binary_sensor", {"state_topic"},
		{"value_template", "payload_on", "payload_off", "device_class", "expire_after", "off_delay",
			"force_update"},
		{"problem", "connectivity", "running"}},
	{"event", {"state_topic", "event_types"}, {"value_template", "device_class"}, {"button", "motion"}},
};

static bool among(const char *const *list, size_t most, const char *text)
{
	for (size_t i = 0; i < most && list[i]; i++) {
		if (strcmp(list[i], text) == 0)
			return true;
	}
	return false;
}

static void check_keys(json_t *object, const char *const *allowed)
{
	const char *key;
	json_t *value;
	assert_true(json_is_object(object));
	json_object_foreach(object, key, value)
	{
		if (!among(allowed, 32, key))
			fail_msg("%s is no key here", key);
	}
}

static const char *text_at(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	if (!text || !text[0])
		fail_msg("%s is missing or no text", key);
	return text;
}

static const struct platform *find_platform(const char *name)
{
	for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
		if (strcmp(platforms[i].name, name) == 0)
			return &platforms[i];
	}
	fail_msg("%s is no platform that this knows", name);
	return NULL;
}

/* No wildcards, and below the box's own prefix. */
static void check_topics(json_t *component, const char *prefix)
{
	static const char *const keys[] = {"state_topic", "command_topic", "json_attributes_topic"};
	for (size_t i = 0; i < 3; i++) {
		const char *topic = json_string_value(json_object_get(component, keys[i]));
		if (!topic)
			continue;
		assert_int_equal(strncmp(topic, prefix, strlen(prefix)), 0);
		assert_null(strpbrk(topic, "+# "));
	}
}

static void check_component(const char *id, json_t *component, const char *prefix)
{
	const struct platform *platform = find_platform(text_at(component, "p"));
	const char *key;
	json_t *value;
	json_object_foreach(component, key, value)
	{
		if (!among(common_keys, 32, key) && !among(platform->may, 12, key) &&
			!among(platform->must, 3, key))
			fail_msg("%s: %s is no key of a %s", id, key, platform->name);
		assert_false(strcmp(key, "object_id") == 0);
	}
	for (size_t i = 0; i < 3 && platform->must[i]; i++)
		assert_non_null(json_object_get(component, platform->must[i]));
	const char *category = json_string_value(json_object_get(component, "entity_category"));
	assert_true(!category || among(categories, 3, category));
	const char *class = json_string_value(json_object_get(component, "device_class"));
	assert_true(!class || among(platform->classes, 4, class));
	const char *entity = text_at(component, "default_entity_id");
	size_t length = strlen(platform->name);
	assert_true(strncmp(entity, platform->name, length) == 0 && entity[length] == '.');
	assert_int_equal(strspn(entity + length + 1, "abcdefghijklmnopqrstuvwxyz0123456789_"),
		strlen(entity + length + 1));
	text_at(component, "name");
	check_topics(component, prefix);
}

static void check_unique(json_t *components)
{
	const char *id, *other;
	json_t *a, *b;
	json_object_foreach(components, id, a)
	{
		json_object_foreach(components, other, b)
		{
			if (a == b)
				continue;
			assert_string_not_equal(text_at(a, "unique_id"), text_at(b, "unique_id"));
			assert_string_not_equal(
				text_at(a, "default_entity_id"), text_at(b, "default_entity_id"));
		}
	}
}

/* The caller's reference; checked against everything that Home Assistant asks for. */
static json_t *introduce(const struct homeassistant_device *device)
{
	char *text = homeassistant_config(device);
	json_error_t fault;
	json_t *config = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
	free(text);
	assert_non_null(config);
	check_keys(config, root_keys);
	check_keys(json_object_get(config, "dev"), device_keys);
	check_keys(json_object_get(config, "o"), origin_keys);
	text_at(json_object_get(config, "o"), "name");
	assert_true(json_array_size(json_object_get(json_object_get(config, "dev"), "ids")) > 0);
	json_t *components = json_object_get(config, "cmps"), *component;
	const char *id;
	assert_true(json_object_size(components) > 0);
	json_object_foreach(components, id, component) check_component(id, component, device->prefix);
	check_unique(components);
	return config;
}

static const char *const two_sessions[] = {"default", "thursday"};
static const char *const two_interfaces[] = {"xr18", "um2"};

static struct homeassistant_device a_device(void)
{
	return (struct homeassistant_device){.name = "room-1",
		.prefix = "woodshed/room-1",
		.url = "http://192.168.1.7:8090",
		.session = "thursday",
		.sessions = two_sessions,
		.session_count = 2,
		.interfaces = two_interfaces,
		.interface_count = 2,
		.pre_roll_s = 120};
}

static json_t *find(json_t *config, const char *id)
{
	json_t *component = json_object_get(json_object_get(config, "cmps"), id);
	assert_non_null(component);
	return component;
}

static void has_every_entity(void **state)
{
	(void)state;
	static const char *const wanted[][2] = {{"record", "switch"}, {"marker", "button"},
		{"save", "button"}, {"session", "select"}, {"last_take", "sensor"}, {"time_left", "sensor"},
		{"loudness", "sensor"}, {"recording_since", "sensor"}, {"take_event", "event"},
		{"problem", "binary_sensor"}, {"interface_xr18", "binary_sensor"},
		{"interface_um2", "binary_sensor"}};
	struct homeassistant_device device = a_device();
	json_t *config = introduce(&device);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_string_equal(text_at(find(config, wanted[i][0]), "p"), wanted[i][1]);
	assert_int_equal(json_object_size(json_object_get(config, "cmps")), 12);
	assert_string_equal(text_at(find(config, "save"), "name"), "Save the last 2 min");
	assert_string_equal(
		text_at(find(config, "save"), "command_topic"), "woodshed/room-1/request/record.save");
	assert_string_equal(text_at(find(config, "record"), "unique_id"), "woodshed_room-1_record");
	assert_string_equal(
		text_at(find(config, "record"), "default_entity_id"), "switch.woodshed_room_1_record");
	assert_string_equal(text_at(config, "availability_topic"), "woodshed/room-1/availability");
	assert_string_equal(text_at(json_object_get(config, "dev"), "cu"), "http://192.168.1.7:8090");
	json_t *types = json_object_get(find(config, "take_event"), "event_types");
	assert_int_equal(json_array_size(types), TEXT_EVENT_TYPES);
	for (size_t i = 0; i < TEXT_EVENT_TYPES; i++)
		assert_string_equal(json_string_value(json_array_get(types, i)), text_event_types[i]);
	json_decref(config);
	char *topic = homeassistant_topic("room-1");
	assert_string_equal(topic, "homeassistant/device/woodshed_room-1/config");
	free(topic);
}

/* What Home Assistant shows must be among the options, or it logs an error with every state. */
static void offers_the_session_in_use(void **state)
{
	(void)state;
	static const struct {
		const char *session;
		size_t count, want;
		const char *first;
	} cases[] = {{"thursday", 2, 2, "default"}, {"another", 2, 3, "another"}, {NULL, 2, 2, "default"},
		{"take", 0, 1, "take"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct homeassistant_device device = a_device();
		device.session = cases[i].session;
		device.session_count = cases[i].count;
		json_t *config = introduce(&device);
		json_t *options = json_object_get(find(config, "session"), "options");
		assert_int_equal(json_array_size(options), cases[i].want);
		assert_string_equal(json_string_value(json_array_get(options, 0)), cases[i].first);
		json_decref(config);
	}
}

/* Names of interfaces are people's, or PipeWire's. */
static void survives_any_name(void **state)
{
	(void)state;
	static const char *const names[] = {"alsa_input.usb-BEHRINGER_XR18-00.multichannel-input", "Ünder",
		"a b", "a_b", "a'b\"c\\d", "{{ 1/0 }}", "%}", "", "\xff\xfe"};
	struct homeassistant_device device = a_device();
	device.interfaces = names;
	device.interface_count = sizeof(names) / sizeof(names[0]);
	device.url = "";
	json_t *config = introduce(&device);
	assert_int_equal(json_object_size(json_object_get(config, "cmps")), 10 + device.interface_count);
	assert_null(json_object_get(json_object_get(config, "dev"), "cu"));
	assert_string_equal(text_at(find(config, "interface_a_b_c_d"), "value_template"),
		"{{ 'ON' if value_json.interfaces | selectattr('name', 'eq', \"a'b\\\"c\\\\d\") | "
		"selectattr('live') | list else 'OFF' }}");
	find(config, "interface_a_b_2");
	json_decref(config);
}

static void names_the_pre_roll(void **state)
{
	(void)state;
	static const struct {
		double seconds;
		const char *want;
	} cases[] = {{60, "Save the last 1 min"}, {90, "Save the last 90 s"}, {2, "Save the last 2 s"},
		{600, "Save the last 10 min"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct homeassistant_device device = a_device();
		device.pre_roll_s = cases[i].seconds;
		json_t *config = introduce(&device);
		assert_string_equal(text_at(find(config, "save"), "name"), cases[i].want);
		json_decref(config);
	}
}

static void takes_leave_of_what_is_gone(void **state)
{
	(void)state;
	struct homeassistant_device device = a_device();
	char *before = homeassistant_config(&device);
	device.interface_count = 1;
	char *now = homeassistant_config(&device);
	assert_null(homeassistant_farewell(before, before));
	assert_null(homeassistant_farewell(now, before));
	char *text = homeassistant_farewell(before, now);
	json_t *farewell = json_loads(text, 0, NULL), *rest = json_loads(now, 0, NULL);
	json_t *gone = find(farewell, "interface_um2");
	assert_int_equal(json_object_size(gone), 1);
	assert_string_equal(text_at(gone, "p"), "binary_sensor");
	json_object_del(json_object_get(farewell, "cmps"), "interface_um2");
	assert_true(json_equal(farewell, rest));
	json_decref(farewell);
	json_decref(rest);
	free(text);
	free(before);
	free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_entity),
		cmocka_unit_test(offers_the_session_in_use),
		cmocka_unit_test(survives_any_name),
		cmocka_unit_test(names_the_pre_roll),
		cmocka_unit_test(takes_leave_of_what_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
