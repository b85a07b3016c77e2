#include "network/link.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "network/homeassistant.h"
#include "network/quickack.h"
#include "network/waits.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_S 3
/* A broker whose machine died says nothing, and TCP asks it ever more rarely: with this it is given up soon
 * enough for the state to be right five seconds after it is back. */
#define KEEP_ALIVE_S 4
#define DISCONNECT_MS 300
#define PACKET_LIMIT (1024 * 1024) /* nothing larger is even sent to us by a broker that speaks MQTT 5 */
#define PASSWORD_LIMIT 4096

struct link {
	const struct appliance *config;
	char *client_id, *availability;
	char *topics[5];
	struct inbox *inbox;
	MQTTAsync client;	  /* NULL: none yet for this version */
	int version;		  /* of MQTT */
	int refusal;		  /* why the last connect failed */
	struct quickack quickack; /* of the connection */
	struct waits waits;
	pthread_mutex_t lock; /* guards tls_error */
	char tls_error[256];  /* the last one's; empty: none */
};

/* --- Paho's callbacks: set a flag, wake the thread. --- */

static void on_success(void *context, MQTTAsync_successData *data)
{
	(void)data;
	waits_settle(context, OUTCOME_DONE, 0);
}

static void on_success5(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	waits_settle(context, OUTCOME_DONE, 0);
}

static void on_failure(void *context, MQTTAsync_failureData *data)
{
	waits_settle(context, OUTCOME_FAILED, data ? data->code : MQTTASYNC_FAILURE);
}

static void on_failure5(void *context, MQTTAsync_failureData5 *data)
{
	int code = MQTTASYNC_FAILURE;
	if (data)
		code = data->reasonCode > 0 ? (int)data->reasonCode : data->code;
	waits_settle(context, OUTCOME_FAILED, code);
}

static void on_lost(void *context, char *cause)
{
	(void)cause;
	struct link *link = context;
	waits_set_lost(&link->waits, true);
}

static int on_arrived(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
	struct link *link = context;
	inbox_arrived(link->inbox, topic, topic_size > 0 ? (size_t)topic_size : strlen(topic), message);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

/* OpenSSL's lines are `ID:error:CODE:LIBRARY:FUNCTION:REASON:FILE:…`; the reason is what a person needs. */
static int on_tls_error(const char *line, size_t size, void *context)
{
	struct link *link = context;
	const char *from = line, *end = line + size;
	for (int field = 0; field < 5; field++) {
		const char *colon = memchr(from, ':', (size_t)(end - from));
		if (!colon)
			break;
		from = colon + 1;
	}
	size_t length = (size_t)(end - from);
	const char *colon = memchr(from, ':', length);
	if (colon)
		length = (size_t)(colon - from);
	if (length >= sizeof(link->tls_error))
		length = sizeof(link->tls_error) - 1;
	pthread_mutex_lock(&link->lock);
	memcpy(link->tls_error, from, length);
	link->tls_error[length] = '\0';
	pthread_mutex_unlock(&link->lock);
	return 1;
}

bool link_wait(struct link *link, waits_condition until, void *data)
{
	return waits_until(&link->waits, until, data, 0, true);
}

void link_pause(struct link *link, waits_condition until, void *data, int timeout_ms)
{
	waits_until(&link->waits, until, data, timeout_ms, false);
}

void link_wake(struct link *link)
{
	waits_wake(&link->waits);
}

/* --- Calls into Paho --- */

static bool speaks_5(const struct link *link)
{
	return link->version == MQTTVERSION_5;
}

static int make_client(struct link *link, struct error *e)
{
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
	options.MQTTVersion = link->version;
	int result = MQTTAsync_createWithOptions(&link->client, link->config->mqtt.url, link->client_id,
		MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
	if (result != MQTTASYNC_SUCCESS) {
		link->client = NULL;
		return error_set(e, EIO, "%s: %s", link->config->mqtt.url, MQTTAsync_strerror(result));
	}
	MQTTAsync_setCallbacks(link->client, link, on_lost, on_arrived, NULL);
	return 0;
}

/* Read anew on each try: the file may come, or change, while the broker refuses us. */
static int read_password(const struct mqtt_config *config, char **password, struct error *e)
{
	size_t size;
	*password = NULL;
	if (!config->password_file)
		return 0;
	int result = file_read(config->password_file, PASSWORD_LIMIT, password, &size, e);
	if (result == 0)
		(*password)[strcspn(*password, "\r\n")] = '\0';
	return result;
}

static int start_connect(struct link *link, const char *password, struct operation *operation)
{
	const struct mqtt_config *config = &link->config->mqtt;
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	if (speaks_5(link)) {
		options = options5;
		MQTTProperty limit = {
			.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, .value.integer4 = PACKET_LIMIT};
		MQTTProperties_add(&properties, &limit);
		options.connectProperties = &properties;
		options.onSuccess5 = on_success5;
		options.onFailure5 = on_failure5;
	} else {
		/* Named, because Paho would try 3.1 on its own otherwise and report twice. */
		options.MQTTVersion = MQTTVERSION_3_1_1;
		options.onSuccess = on_success;
		options.onFailure = on_failure;
	}
	will.topicName = link->availability;
	will.message = "offline";
	will.retained = 1;
	will.qos = 1;
	ssl.verify = 1;
	ssl.trustStore = config->ca_file;
	ssl.keyStore = config->cert_file;
	ssl.privateKey = config->key_file;
	ssl.ssl_error_cb = on_tls_error;
	ssl.ssl_error_context = link;
	options.will = &will;
	options.ssl = &ssl;
	options.username = config->username;
	options.password = password;
	options.keepAliveInterval = KEEP_ALIVE_S;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.context = operation;
	int result = MQTTAsync_connect(link->client, &options);
	MQTTProperties_free(&properties);
	return result;
}

static void clear_tls_error(struct link *link)
{
	pthread_mutex_lock(&link->lock);
	link->tls_error[0] = '\0';
	pthread_mutex_unlock(&link->lock);
}

static const char *refusal_text(const struct link *link)
{
	if (speaks_5(link) && link->refusal >= 0x80)
		return MQTTReasonCode_toString((enum MQTTReasonCodes)link->refusal);
	if (link->refusal == 4 || link->refusal == 5)
		return "user name or password refused";
	if (link->tls_error[0])
		return link->tls_error;
	if (link->refusal == -ETIMEDOUT)
		return "no answer in time";
	return "cannot connect";
}

int link_connect(struct link *link, const struct patience *patience, struct error *e)
{
	char *password;
	int result = read_password(&link->config->mqtt, &password, e);
	if (result == 0 && !link->client)
		result = make_client(link, e);
	link->refusal = 0;
	clear_tls_error(link);
	if (result < 0)
		goto out;
	waits_set_lost(&link->waits, false);
	struct operation *operation = waits_begin(&link->waits);
	link->refusal = start_connect(link, password, operation);
	if (link->refusal == MQTTASYNC_SUCCESS)
		link->refusal = waits_end(operation, patience);
	if (link->refusal != 0) {
		pthread_mutex_lock(&link->lock);
		result = error_set(
			e, EIO, "%s: %s (%d)", link->config->mqtt.url, refusal_text(link), link->refusal);
		pthread_mutex_unlock(&link->lock);
	} else {
		quickack_find(&link->quickack, quickack_port(link->config->mqtt.url));
		log_info("mqtt: connected to %s (MQTT %s)", link->config->mqtt.url,
			speaks_5(link) ? "5" : "3.1.1");
	}
out:
	free(password);
	return result;
}

static void drop_client(struct link *link)
{
	if (link->client)
		MQTTAsync_destroy(&link->client);
	link->client = NULL;
}

/* A handle of Paho's keeps its version, so another version is another handle. */
static void choose_version(struct link *link, int version)
{
	if (link->version == version)
		return;
	drop_client(link);
	link->version = version;
}

bool link_try_older(struct link *link)
{
	enum { REFUSED_VERSION = 1, UNSUPPORTED_VERSION = 0x84 };
	bool older =
		speaks_5(link) && (link->refusal == REFUSED_VERSION || link->refusal == UNSUPPORTED_VERSION);
	choose_version(link, older ? MQTTVERSION_3_1_1 : MQTTVERSION_5);
	return older;
}

static MQTTAsync_responseOptions response_options(struct link *link, struct operation *operation)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	options.context = operation;
	if (speaks_5(link)) {
		options.onSuccess5 = on_success5;
		options.onFailure5 = on_failure5;
	} else {
		options.onSuccess = on_success;
		options.onFailure = on_failure;
	}
	return options;
}

bool link_subscribe(struct link *link, const struct patience *patience)
{
	enum { COUNT = sizeof(link->topics) / sizeof(link->topics[0]) };
	/* Retained commands are not wanted: not on subscribing (2), and shown as what they are later. */
	MQTTSubscribe_options each[COUNT];
	int qos[COUNT];
	for (int i = 0; i < COUNT; i++) {
		each[i] = (MQTTSubscribe_options)MQTTSubscribe_options_initializer;
		each[i].retainHandling = 2;
		each[i].retainAsPublished = 1;
		qos[i] = 1;
	}
	struct operation *operation = waits_begin(&link->waits);
	MQTTAsync_responseOptions options = response_options(link, operation);
	if (speaks_5(link)) {
		options.subscribeOptionsCount = COUNT;
		options.subscribeOptionsList = each;
	}
	int result = MQTTAsync_subscribeMany(link->client, COUNT, link->topics, qos, &options);
	if (result == MQTTASYNC_SUCCESS)
		result = waits_end(operation, patience);
	if (result > 0)
		log_warning("mqtt: the broker refused the command topics (reason %d)", result);
	/* State is worth publishing all the same where only commands are forbidden. */
	return result >= 0;
}

static void add_property(MQTTProperties *properties, enum MQTTPropertyCodes code, char *data, size_t size)
{
	MQTTProperty property = {.identifier = code, .value.data = {.len = (int)size, .data = data}};
	MQTTProperties_add(properties, &property);
}

int link_publish(struct link *link, const struct outgoing *outgoing, const struct patience *patience)
{
	MQTTAsync_message message = MQTTAsync_message_initializer;
	message.payload = outgoing->payload;
	message.payloadlen = (int)outgoing->size;
	message.qos = outgoing->passing ? 0 : 1;
	message.retained = outgoing->retained;
	if (speaks_5(link) && outgoing->correlation)
		add_property(&message.properties, MQTTPROPERTY_CODE_CORRELATION_DATA, outgoing->correlation,
			outgoing->correlation_size);
	struct operation *operation = waits_begin(&link->waits);
	MQTTAsync_responseOptions options = response_options(link, operation);
	int result = MQTTAsync_sendMessage(link->client, outgoing->topic, &message, &options);
	MQTTProperties_free(&message.properties);
	if (result == MQTTASYNC_SUCCESS)
		result = waits_end(operation, patience);
	quickack_send(&link->quickack);
	return result;
}

void link_disconnect(struct link *link)
{
	const struct patience patience = {.timeout_ms = 2 * DISCONNECT_MS, .connected = true};
	struct operation *operation = waits_begin(&link->waits);
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;
	if (speaks_5(link)) {
		options = options5;
		options.onSuccess5 = on_success5;
		options.onFailure5 = on_failure5;
	} else {
		options.onSuccess = on_success;
		options.onFailure = on_failure;
	}
	options.context = operation;
	options.timeout = DISCONNECT_MS;
	if (MQTTAsync_disconnect(link->client, &options) == MQTTASYNC_SUCCESS)
		waits_end(operation, &patience);
	choose_version(link, MQTTVERSION_5);
}

/* --- Making one --- */

static bool valid_url(const char *url)
{
	static const char *const schemes[] = {"mqtt://", "mqtts://", "tcp://", "ssl://"};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t length = strlen(schemes[i]);
		if (strncmp(url, schemes[i], length) == 0)
			return url[length] != '\0';
	}
	return false;
}

int link_create(struct link **link, const struct appliance *config, const char *prefix, struct inbox *inbox,
	struct error *e)
{
	enum { COMMANDS = 4 };
	static const char *const commands[COMMANDS] = {
		"record/set", "session/set", "marker/set", "request/+"};
	if (!valid_url(config->mqtt.url))
		return error_set(
			e, EINVAL, "%s: not mqtt://HOST:PORT or mqtts://HOST:PORT", config->mqtt.url);
	struct link *made = memory_new(sizeof(*made));
	made->config = config;
	made->inbox = inbox;
	made->version = MQTTVERSION_5;
	made->client_id = memory_format("woodshed-%s", config->name);
	made->availability = memory_format("%s/availability", prefix);
	for (size_t i = 0; i < COMMANDS; i++)
		made->topics[i] = memory_format("%s/%s", prefix, commands[i]);
	made->topics[COMMANDS] = memory_text(HOMEASSISTANT_STATUS);
	waits_init(&made->waits);
	pthread_mutex_init(&made->lock, NULL);
	MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
	options.do_openssl_init = 1;
	MQTTAsync_global_init(&options);
	*link = made;
	return 0;
}

void link_destroy(struct link *link)
{
	if (!link)
		return;
	drop_client(link);
	waits_finish(&link->waits);
	pthread_mutex_destroy(&link->lock);
	for (size_t i = 0; i < sizeof(link->topics) / sizeof(link->topics[0]); i++)
		free(link->topics[i]);
	free(link->availability);
	free(link->client_id);
	free(link);
}
