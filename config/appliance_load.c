#include "common/file.h"
#include "common/memory.h"
#include "config/appliance.h"
#include "config/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_interface(
	const struct appliance *appliance, size_t index, const struct yaml_node *list, struct faults *faults)
{
	const struct interface_config *interfaces = appliance->interfaces.items;
	const char *name = interfaces[index].name;
	const struct yaml_node *node = yaml_value_of(yaml_item(list, index), "name");
	if (!name || !node)
		return;
	if (strchr(name, '/'))
		faults_add(faults, node->line, node->column,
			"interfaces[%zu].name: \"%s\" has a slash; a name without one", index, name);
	for (size_t i = 0; i < index; i++) {
		if (!interfaces[i].name || strcmp(interfaces[i].name, name) != 0)
			continue;
		faults_add(faults, node->line, node->column,
			"interfaces[%zu].name: \"%s\" is taken by interfaces[%zu]; a name of its own", index,
			name, i);
		return;
	}
}

/* ":PORT" whole. */
static bool is_port(const char *text)
{
	size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;
	return digits > 0 && digits <= 5 && text[1 + digits] == '\0' && atoi(text + 1) <= 65535;
}

/* What follows a host's name or address, "[…]" for IPv6; NULL if there is none. */
static const char *after_host(const char *text)
{
	if (text[0] == '[') {
		size_t length = strspn(text + 1, "0123456789abcdefABCDEF:.%");
		return length > 1 && text[1 + length] == ']' ? text + length + 2 : NULL;
	}
	size_t length = strcspn(text, ":/@?# []");
	return length > 0 ? text + length : NULL;
}

static bool is_broker(const char *url)
{
	static const char *const schemes[] = {"mqtt://", "mqtts://", "tcp://", "ssl://"};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t length = strlen(schemes[i]);
		if (strncmp(url, schemes[i], length) != 0)
			continue;
		const char *rest = after_host(url + length);
		return rest && (*rest == '\0' || strcmp(rest, "/") == 0 || is_port(rest));
	}
	return false;
}

static void check_addresses(
	const struct appliance *appliance, const struct yaml_node *root, struct faults *faults)
{
	const struct yaml_node *url = yaml_value_of(yaml_value_of(root, "mqtt"), "url");
	if (url && appliance->mqtt.url && !is_broker(appliance->mqtt.url))
		faults_add(faults, url->line, url->column,
			"mqtt.url: \"%.80s\" is no broker; mqtt://HOST:PORT or mqtts://HOST:PORT",
			appliance->mqtt.url);
	const struct yaml_node *listen = yaml_value_of(yaml_value_of(root, "http"), "listen");
	if (!listen || !appliance->http.listen)
		return;
	const char *rest = after_host(appliance->http.listen);
	if (!rest || !is_port(rest))
		faults_add(faults, listen->line, listen->column,
			"http.listen: \"%.80s\" is no address; ADDRESS:PORT such as 0.0.0.0:8090",
			appliance->http.listen);
}

/* The rules are told by which key is there, so that `days: 90` needs no second key to say so. */
static void choose_retention(
	struct retention_config *retention, const struct yaml_node *root, struct faults *faults)
{
	static const char *const keys[] = {"keep", "days", "takes", "free"}; /* as enum retention_rule */
	const struct yaml_node *map = yaml_value_of(root, "retention");
	bool found = false;
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
		const struct yaml_pair *pair = &map->pairs[i];
		for (int rule = 0; rule <= RETENTION_FREE; rule++) {
			if (pair->refused || strcmp(pair->key, keys[rule]) != 0)
				continue;
			if (found)
				faults_add(faults, pair->line, pair->column,
					"retention.%s: a second rule; one of keep, days, takes and free",
					pair->key);
			else
				retention->rule = rule;
			found = true;
		}
	}
	if (!found)
		retention->keep = 0;
}

/* Makes a path of the file relative to the file's folder. */
static void resolve(char **path, const char *folder)
{
	if (!*path || (*path)[0] == '/' || strcmp(folder, ".") == 0)
		return;
	char *joined = file_join(folder, *path);
	free(*path);
	*path = joined;
}

static void check_file(const char *path, const char *key, const struct yaml_node *node, struct faults *faults)
{
	/* Someone else may be allowed to read it: only what is certainly not there is a fault. */
	if (path && node && access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		faults_add(faults, node->line, node->column, "%s: no file %s; one that is there", key, path);
}

static void resolve_paths(
	struct appliance *appliance, const char *path, const struct yaml_node *root, struct faults *faults)
{
	char *folder = file_folder(path);
	resolve(&appliance->takes, folder);
	resolve(&appliance->session, folder);
	resolve(&appliance->mqtt.password_file, folder);
	resolve(&appliance->mqtt.ca_file, folder);
	resolve(&appliance->mqtt.cert_file, folder);
	resolve(&appliance->mqtt.key_file, folder);
	resolve(&appliance->http.token_file, folder);
	free(folder);
	check_file(appliance->session, "session", yaml_value_of(root, "session"), faults);
	const struct yaml_node *mqtt = yaml_value_of(root, "mqtt");
	check_file(appliance->mqtt.password_file, "mqtt.password_file", yaml_value_of(mqtt, "password_file"),
		faults);
	check_file(appliance->mqtt.ca_file, "mqtt.ca_file", yaml_value_of(mqtt, "ca_file"), faults);
	check_file(appliance->mqtt.cert_file, "mqtt.cert_file", yaml_value_of(mqtt, "cert_file"), faults);
	check_file(appliance->mqtt.key_file, "mqtt.key_file", yaml_value_of(mqtt, "key_file"), faults);
	const struct yaml_node *key = yaml_value_of(mqtt, "key_file");
	if (key && !appliance->mqtt.cert_file)
		faults_add(faults, key->line, key->column,
			"mqtt.key_file: without cert_file there is nothing that it is the key of; both, or "
			"neither");
}

/* The defaults that depend on what else is there. */
static void complete(struct appliance *appliance, const struct yaml_node *root)
{
	if (yaml_pair_of(root, "mqtt") && !appliance->mqtt.url)
		appliance->mqtt.url = memory_text("mqtt://localhost:1883");
	if (!appliance->http.token_file && appliance->takes)
		appliance->http.token_file = file_join(appliance->takes, "http.token");
}

int appliance_load(struct appliance *appliance, const char *path, struct faults *faults)
{
	*appliance = (struct appliance){0};
	struct yaml_file file = {0};
	int result = path ? yaml_load(&file, path, faults) : 0;
	if (result < 0)
		return result;
	const struct yaml_node *root = file.root;
	schema_load(&appliance_record, appliance, root, NULL, faults);
	for (size_t i = 0; i < appliance->interfaces.count; i++)
		check_interface(appliance, i, yaml_value_of(root, "interfaces"), faults);
	check_addresses(appliance, root, faults);
	choose_retention(&appliance->retention, root, faults);
	if (path)
		resolve_paths(appliance, path, root, faults);
	complete(appliance, root);
	yaml_finish(&file);
	result = faults_result(faults);
	if (result < 0)
		appliance_finish(appliance);
	return result;
}

void appliance_finish(struct appliance *appliance)
{
	schema_finish(&appliance_record, appliance);
	*appliance = (struct appliance){0};
}
