/* What a session takes over from its mix preset beside the chains: buses, sends, places and gains to be
 * found.
 */
#include "config/session.h"
#include "expect-faults.h"
#include "fake-processors.h"
#include "tests/unit/one-file.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static struct session session;

static void load(const char *text, const char *warnings)
{
	struct faults faults;
	put("f", text);
	faults_init(&faults, "f");
	int result = session_load(&session, "f", &processors, NULL, &faults);
	expect_faults(&faults, warnings);
	assert_int_equal(result, 0);
}

static const struct track_config *track(size_t index)
{
	return (const struct track_config *)session.tracks.items + index;
}

static const struct bus_config *bus(size_t index)
{
	return (const struct bus_config *)session.buses.items + index;
}

static double send_of(size_t index, const char *to)
{
	const struct send_config *sends = track(index)->sends.items;
	for (size_t i = 0; i < track(index)->sends.count; i++)
		if (strcmp(sends[i].to, to) == 0)
			return sends[i].level_db;
	return NAN;
}

static void test_what_is_sent_to_is_there(void **state)
{
	(void)state;
	load("tracks: [{name: v, input: x/1, role: lead-vocal}]\n", "");
	assert_int_equal(session.buses.count, 1);
	assert_string_equal(bus(0)->name, "plate");
	assert_int_equal(bus(0)->kind, BUS_RETURN);
	assert_true(send_of(0, "plate") == -15);
	session_finish(&session);
	load("tracks: [{name: b, input: x/1, role: bass}]\n", "");
	assert_int_equal(session.buses.count, 0);
	session_finish(&session);
}

static void test_the_session_stands(void **state)
{
	(void)state;
	load("tracks:\n"
	     "  - {name: v, input: x/1, role: lead-vocal}\n"
	     "  - {name: w, input: x/2, role: lead-vocal, sends: {}}\n"
	     "  - {name: s, input: x/3, role: snare, sends: {room: -3}}\n"
	     "  - {name: b, input: x/4, role: bass, sends: {room: -30}}\n"
	     "buses: [{name: plate, kind: return, gain: -7}]\n",
		"");
	assert_int_equal(session.buses.count, 2);
	assert_true(bus(0)->gain_db == -7 && bus(0)->chain.count == 0);
	assert_string_equal(bus(1)->name, "room");
	assert_true(send_of(0, "plate") == -15);
	assert_int_equal(track(1)->sends.count, 0);
	assert_int_equal(track(2)->sends.count, 1);
	assert_true(send_of(2, "room") == -3 && send_of(3, "room") == -30);
	session_finish(&session);
}

/* A group of the name is no return: what the role would have sent there is left out. */
static void test_a_group_of_that_name(void **state)
{
	(void)state;
	load("tracks: [{name: v, input: x/1, role: lead-vocal, bus: plate}]\nbuses: [{name: plate}]\n", "");
	assert_int_equal(session.buses.count, 1);
	assert_int_equal(track(0)->sends.count, 0);
	session_finish(&session);
}

#define GUITARS \
	"tracks:\n" \
	"  - {name: a, input: x/1, role: electric-guitar}\n" \
	"  - {name: k, input: x/2, role: kick}\n" \
	"  - {name: b, input: x/3, role: electric-guitar, gain: 2}\n" \
	"  - {name: c, input: [x/4, x/5], role: electric-guitar}\n" \
	"  - {name: d, input: x/6, role: electric-guitar}\n" \
	"  - {name: e, input: x/7, role: electric-guitar, pan: R7}\n"

static void test_spread(void **state)
{
	(void)state;
	load(GUITARS "mix: {balance: auto}\n", "");
	assert_true(track(0)->pan == -60);
	assert_true(track(1)->pan == 0);
	assert_true(fabs(track(2)->pan + 20) < 1e-9);
	assert_true(track(3)->pan == 0);
	assert_true(fabs(track(4)->pan - 20) < 1e-9);
	assert_true(track(5)->pan == 7);
	session_finish(&session);
	load(GUITARS, "");
	for (size_t i = 0; i < 5; i++)
		assert_true(track(i)->pan == 0);
	session_finish(&session);
}

static void test_gains_to_be_found(void **state)
{
	(void)state;
	load(GUITARS "mix: {balance: auto}\n", "");
	assert_true(isnan(track(0)->gain_db) && isnan(track(1)->gain_db));
	assert_true(track(2)->gain_db == 2);
	assert_true(track(0)->balance_lu == -6 && track(1)->balance_lu == -6);
	session_finish(&session);
	load(GUITARS "mix: {preset: none, balance: auto}\n", "f:8:30: warning: mix.balance: the preset none "
							     "leaves the tracks as they are; another preset");
	assert_int_equal(session.mix.balance, MIX_BALANCE_OFF);
	assert_int_equal(session.buses.count, 0);
	assert_true(track(0)->gain_db == 0 && track(0)->pan == 0 && track(0)->sends.count == 0);
	session_finish(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent_to_is_there),
		cmocka_unit_test(test_the_session_stands),
		cmocka_unit_test(test_a_group_of_that_name),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_gains_to_be_found),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
