#include "network/network.h"

#include "common/log.h"
#include "common/memory.h"
#include "network/dnssd.h"
#include "network/homeassistant.h"
#include "network/http.h"
#include "network/mqtt.h"
#include "network/reply.h"
#include "network/requests.h"
#include "network/texts.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct network {
	char *prefix;
	struct snapshots *snapshots;
	struct requests *requests;
	struct mqtt *mqtt;   /* NULL: not configured */
	struct http *http;   /* NULL: not configured */
	struct dnssd *dnssd; /* NULL: nobody else could come */
	const char *name;
	bool introduced;    /* or told that there is nobody to be */
	char *introduction; /* to Home Assistant; NULL: none */
};

static void send_answer(void *data, struct outgoing *message)
{
	struct network *network = data;
	mqtt_send(network->mqtt, message);
}

static void on_message(void *data, const struct inbound *message)
{
	struct network *network = data;
	static const char online[] = "online";
	if (!message->birth)
		requests_handle(network->requests, message);
	else if (!message->too_large && message->size == strlen(online) &&
		 memcmp(message->payload, online, message->size) == 0)
		mqtt_repeat(network->mqtt, OUTBOX_DISCOVERY);
}

static bool is_loopback(const struct network *network)
{
	char url[NETWORK_URL_SIZE];
	network_http_url(network, url);
	return strncmp(url, "http://127.", 11) == 0 || strncmp(url, "http://[::1]", 12) == 0;
}

int network_create(struct network **network, struct loop *loop, const struct appliance *config,
	const char *takes, network_command_fn on_command, void *data, struct error *e)
{
	struct network *made = memory_new(sizeof(*made));
	int result = 0;
	/* A broker or a browser that hangs up is an error of one write, not the end of the program. */
	signal(SIGPIPE, SIG_IGN);
	made->name = config->name;
	made->prefix = memory_format("woodshed/%s", config->name);
	made->snapshots = snapshots_create();
	if (config->http.listen) {
		struct http_setup setup = {
			loop, &config->http, takes, config->name, made->snapshots, on_command, data};
		result = http_create(&made->http, &setup, e);
	}
	if (result == 0 && config->mqtt.url) {
		struct requests_port port = {on_command, data, send_answer, made};
		made->requests = requests_create(made->prefix, &port);
		result = mqtt_create(&made->mqtt, loop, config, made->prefix, on_message, made, e);
	}
	if (result < 0) {
		network_destroy(made);
		return result;
	}
	if (made->http && !is_loopback(made))
		made->dnssd = dnssd_create(loop, config->name, http_port(made->http));
	*network = made;
	return 0;
}

void network_destroy(struct network *network)
{
	if (!network)
		return;
	dnssd_destroy(network->dnssd);
	http_destroy(network->http);
	mqtt_destroy(network->mqtt);
	requests_destroy(network->requests);
	snapshots_destroy(network->snapshots);
	free(network->introduction);
	free(network->prefix);
	free(network);
}

static void tell_pages(struct network *network, enum event_kind kind, const char *text)
{
	if (network->http)
		events_publish(http_events(network->http), kind, text);
}

/* Takes over `text`. */
static void set(struct network *network, enum snapshot_name name, enum outbox_topic topic, char *text)
{
	snapshots_set(network->snapshots, name, text);
	if (network->mqtt)
		mqtt_retain(network->mqtt, topic, text);
	if (name == SNAPSHOT_STATE)
		tell_pages(network, EVENT_STATE, text);
	if (name == SNAPSHOT_HEALTH)
		tell_pages(network, EVENT_HEALTH, text);
	free(text);
}

void network_answer(struct network_reply *reply, int result, json_t *data, const struct error *e)
{
	if (reply)
		reply->answer(reply, result, data, e);
	else
		json_decref(data);
}

void network_set_info(struct network *network, json_t *info)
{
	set(network, SNAPSHOT_INFO, OUTBOX_INFO, text_of(info));
}

void network_set_state(struct network *network, const struct network_state *state)
{
	set(network, SNAPSHOT_STATE, OUTBOX_STATE, text_state(state));
}

void network_set_health(struct network *network, const struct network_health *health)
{
	set(network, SNAPSHOT_HEALTH, OUTBOX_HEALTH, text_health(health));
}

void network_set_latest(struct network *network, const struct manifest *take)
{
	char base[NETWORK_URL_SIZE];
	/* The empty payload takes the retained message away. */
	char *text = take ? text_latest(take, network_http_url(network, base)) : memory_text("");
	set(network, SNAPSHOT_LATEST, OUTBOX_LATEST, text);
}

static char *introduce(const struct network *network, const struct network_home *home)
{
	char url[NETWORK_URL_SIZE];
	struct homeassistant_device device = {.name = network->name,
		.prefix = network->prefix,
		.url = network_http_url(network, url),
		.session = home->session,
		.sessions = home->sessions,
		.session_count = home->session_count,
		.interfaces = home->interfaces,
		.interface_count = home->interface_count,
		.pre_roll_s = home->pre_roll_s};
	return homeassistant_config(&device);
}

void network_set_home(struct network *network, const struct network_home *home)
{
	if (!network->mqtt)
		return;
	char *before = network->introduction, *now = home->discovery ? introduce(network, home) : NULL;
	char *farewell = before && now ? homeassistant_farewell(before, now) : NULL;
	if (farewell)
		mqtt_retain_via(network->mqtt, OUTBOX_DISCOVERY, farewell, now);
	else if (now && (!before || strcmp(before, now) != 0))
		mqtt_retain(network->mqtt, OUTBOX_DISCOVERY, now);
	else if (!now && (before || !network->introduced))
		mqtt_retain_via(network->mqtt, OUTBOX_DISCOVERY, "", NULL); /* takes the device away */
	network->introduced = true;
	network->introduction = now;
	free(farewell);
	free(before);
}

bool network_watched(const struct network *network)
{
	return network->http && events_watched(http_events(network->http));
}

void network_set_levels(
	struct network *network, const struct network_level *levels, size_t count, bool on_mqtt)
{
	char *text = text_levels(levels, count);
	if (network->mqtt && on_mqtt)
		mqtt_pass(network->mqtt, "levels", text);
	tell_pages(network, EVENT_LEVELS, text);
	free(text);
}

void network_set_progress(struct network *network, const char *take, const char *stage, double done)
{
	char *text = text_progress(take, stage, done);
	snapshots_set(network->snapshots, SNAPSHOT_PROGRESS, text);
	tell_pages(network, EVENT_PROGRESS, text);
	free(text);
}

void network_event(struct network *network, const char *type, json_t *fields)
{
	char *text = text_event(type, fields);
	tell_pages(network, EVENT_TAKE, text);
	struct outgoing message = {
		.topic = memory_format("%s/event", network->prefix), .payload = text, .size = strlen(text)};
	if (network->mqtt)
		mqtt_send(network->mqtt, &message);
	else
		outgoing_finish(&message);
}

uint16_t network_http_port(const struct network *network)
{
	return network->http ? http_port(network->http) : 0;
}

char *network_http_url(const struct network *network, char url[static NETWORK_URL_SIZE])
{
	url[0] = '\0';
	return network->http ? http_url(network->http, url) : url;
}
