#include "network/outbox.h"

#include "common/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void push(struct outbox *outbox, const char *payload)
{
	struct outgoing message = {
		.topic = memory_text("p/event"), .payload = memory_text(payload), .size = strlen(payload)};
	outbox_push(outbox, &message);
}

/* Takes the next message as sent and checks it; NULL: there is none. */
static void expect(struct outbox *outbox, const char *topic, const char *payload)
{
	struct outgoing message = {0};
	assert_int_equal(outbox_next(outbox, &message), topic != NULL);
	if (!topic)
		return;
	assert_string_equal(message.topic, topic);
	assert_string_equal(message.payload, payload);
	outbox_sent(outbox, message.id);
	outgoing_finish(&message);
}

static void keeps_the_newest_state(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	assert_true(outbox_retain(outbox, OUTBOX_AVAILABILITY, "online"));
	assert_true(outbox_retain(outbox, OUTBOX_STATE, "1"));
	assert_true(outbox_retain(outbox, OUTBOX_STATE, "2"));
	assert_false(outbox_retain(outbox, OUTBOX_STATE, "2"));
	push(outbox, "e");
	expect(outbox, "p/state", "2");
	expect(outbox, "p/availability", "online");
	expect(outbox, "p/event", "e");
	expect(outbox, NULL, NULL);
	outbox_renew(outbox);
	expect(outbox, "p/state", "2");
	expect(outbox, "p/availability", "online");
	expect(outbox, NULL, NULL);
	outbox_destroy(outbox);
}

static void replaced_while_under_way(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	struct outgoing message;
	outbox_retain(outbox, OUTBOX_STATE, "1");
	assert_true(outbox_next(outbox, &message));
	outbox_retain(outbox, OUTBOX_STATE, "2");
	outbox_sent(outbox, message.id); /* of the old one: the new one is still to go */
	outgoing_finish(&message);
	expect(outbox, "p/state", "2");
	expect(outbox, NULL, NULL);
	outbox_destroy(outbox);
}

static void drops_the_oldest(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	char number[16];
	for (int i = 0; i < 300; i++) {
		snprintf(number, sizeof(number), "%d", i);
		push(outbox, number);
	}
	assert_int_equal(outbox_dropped(outbox), 44);
	assert_int_equal(outbox_dropped(outbox), 0);
	for (int i = 44; i < 300; i++) {
		snprintf(number, sizeof(number), "%d", i);
		expect(outbox, "p/event", number);
	}
	expect(outbox, NULL, NULL);
	outbox_destroy(outbox);
}

static void bounds_the_bytes(void **state)
{
	(void)state;
	enum { LARGE = 3 * 1024 * 1024 };
	struct outbox *outbox = outbox_create("p", "h/config");
	char *large = memory_new(LARGE + 1);
	memset(large, 'x', LARGE);
	push(outbox, large);
	push(outbox, large);
	assert_int_equal(outbox_dropped(outbox), 1);
	expect(outbox, "p/event", large);
	expect(outbox, NULL, NULL);
	free(large);
	push(outbox, "left behind");
	outbox_destroy(outbox);
	outbox_destroy(NULL);
}

static void passes_only_the_newest(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	struct outgoing message;
	assert_false(outbox_waiting(outbox));
	outbox_pass(outbox, "levels", "1");
	assert_true(outbox_waiting(outbox));
	outbox_pass(outbox, "levels", "2");
	push(outbox, "e");
	expect(outbox, "p/event", "e"); /* what must not be lost goes first */
	assert_true(outbox_next(outbox, &message));
	assert_true(message.passing && !message.retained);
	outbox_pass(outbox, "levels", "3");
	outbox_sent(outbox, message.id); /* of the one before */
	outgoing_finish(&message);
	expect(outbox, "p/levels", "3");
	expect(outbox, NULL, NULL);
	outbox_pass(outbox, "levels", "4");
	outbox_renew(outbox); /* the connection that it was for is gone */
	expect(outbox, NULL, NULL);
	outbox_pass(outbox, "levels", "left behind");
	outbox_destroy(outbox);
}

/* Somebody who watches for it hears that all is as it was. */
static void tells_of_health_again(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	for (int i = 0; i < 2; i++) {
		assert_true(outbox_retain(outbox, OUTBOX_HEALTH, "well"));
		expect(outbox, "p/health", "well");
		expect(outbox, NULL, NULL);
	}
	outbox_destroy(outbox);
}

static void says_one_thing_once(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	outbox_retain_via(outbox, OUTBOX_DISCOVERY, "", NULL);
	outbox_renew(outbox); /* the broker was not there yet */
	expect(outbox, "h/config", "");
	expect(outbox, NULL, NULL);
	outbox_renew(outbox);
	outbox_repeat(outbox, OUTBOX_DISCOVERY);
	expect(outbox, NULL, NULL);
	assert_true(outbox_retain(outbox, OUTBOX_DISCOVERY, "a"));
	expect(outbox, "h/config", "a");
	outbox_retain_via(outbox, OUTBOX_DISCOVERY, "b", "c");
	expect(outbox, "h/config", "b");
	expect(outbox, "h/config", "c");
	expect(outbox, NULL, NULL);
	outbox_repeat(outbox, OUTBOX_DISCOVERY);
	expect(outbox, "h/config", "c");
	expect(outbox, NULL, NULL);
	outbox_destroy(outbox);
}

/* What was to come after it is not said when something else came before it could be. */
static void newer_word_counts(void **state)
{
	(void)state;
	struct outbox *outbox = outbox_create("p", "h/config");
	outbox_retain_via(outbox, OUTBOX_DISCOVERY, "b", "c");
	assert_true(outbox_retain(outbox, OUTBOX_DISCOVERY, "b"));
	expect(outbox, "h/config", "b");
	expect(outbox, NULL, NULL);
	outbox_retain_via(outbox, OUTBOX_DISCOVERY, "b", "c");
	outbox_retain_via(outbox, OUTBOX_DISCOVERY, "d", "e");
	expect(outbox, "h/config", "d");
	expect(outbox, "h/config", "e");
	expect(outbox, NULL, NULL);
	outbox_destroy(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_newest_state),
		cmocka_unit_test(replaced_while_under_way),
		cmocka_unit_test(drops_the_oldest),
		cmocka_unit_test(bounds_the_bytes),
		cmocka_unit_test(passes_only_the_newest),
		cmocka_unit_test(tells_of_health_again),
		cmocka_unit_test(says_one_thing_once),
		cmocka_unit_test(newer_word_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
