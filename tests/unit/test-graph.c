/* The mix as a graph: buses, sends, returns, keys, solo and VCA groups. Its own processors make every way as
 * late as a test wants. */
#include "common/units.h"
#include "mixer/graph.h"
#include "mixer/mix.h"
#include "tests/unit/graph-processors.h"
#include "tests/unit/processing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(text) ((char *)(text))

enum { RATE = 48000, FRAMES = 9000, HIT = 1234, TRACKS_MOST = 8, BUSES_MOST = 8 };

/* ---- a session of up to eight tracks and buses ---- */

static char *inputs[] = {TEXT("a/1"), TEXT("a/2")};
static struct late_settings settings[TRACKS_MOST + BUSES_MOST + 1][2];
static struct key_insert inserts[TRACKS_MOST + BUSES_MOST + 1][2];
static struct track_config tracks[TRACKS_MOST];
static struct bus_config buses[BUSES_MOST];
static struct send_config sends[TRACKS_MOST + BUSES_MOST][BUSES_MOST];
static struct session session;

static struct key_list late_chain(size_t node, uint32_t frames, const char *key)
{
	settings[node][0] = (struct late_settings){frames / 3, NULL};
	settings[node][1] = (struct late_settings){frames - frames / 3, key};
	for (int i = 0; i < 2; i++)
		inserts[node][i] = (struct key_insert){&late_record, &settings[node][i], false, 12, 3};
	return (struct key_list){inserts[node], 2};
}

static const char *const names[] = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"};
static const char *const bus_names[] = {"b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"};

static void start_session(size_t track_count, size_t bus_count)
{
	session = (struct session){.tracks = {tracks, track_count},
		.buses = {buses, bus_count},
		.mix = {.preset = TEXT("none")}};
	for (size_t i = 0; i < track_count; i++)
		tracks[i] = (struct track_config){.name = TEXT(names[i]), .input = {inputs, 1}};
	for (size_t i = 0; i < bus_count; i++)
		buses[i] = (struct bus_config){.name = TEXT(bus_names[i])};
}

static struct key_list *sends_of(size_t node)
{
	return node < session.tracks.count ? &tracks[node].sends : &buses[node - session.tracks.count].sends;
}

static void add_send(size_t node, size_t bus, double level_db, bool pre)
{
	struct key_list *list = sends_of(node);
	buses[bus].kind = BUS_RETURN;
	list->items = sends[node];
	sends[node][list->count++] = (struct send_config){buses[bus].name, level_db, pre};
}

static double left[FRAMES + 20000], right[FRAMES + 20000];

static void run_hit(struct mix *mix, size_t cut)
{
	for (size_t i = 0; i < FRAMES + mix_latency(mix); i += cut) {
		double samples[BLOCK_FRAMES] = {0};
		struct block blocks[TRACKS_MOST];
		struct block out = {.channel = {left + i, right + i}};
		size_t rest = FRAMES + mix_latency(mix) - i;
		uint32_t n = (uint32_t)(rest < cut ? rest : cut);
		if (i <= HIT && HIT < i + n)
			samples[HIT - i] = 1;
		for (size_t t = 0; t < session.tracks.count; t++)
			blocks[t] = (struct block){1, n, {samples, samples}};
		mix_process(mix, blocks, &out);
	}
}

static unsigned passes; /* of the last mix, for those that listen */

/* Mixes a hit of 1 in every track, in blocks of `cut`; returns the latency. */
static uint32_t mix_hit(size_t cut)
{
	struct mix *mix;
	struct error e;
	struct mix_setup setup = {&session, &table, {NULL, 0}, RATE};
	int result = mix_create(&mix, &setup, &e);
	if (result < 0)
		print_error("%s\n", e.text);
	assert_int_equal(result, 0);
	uint32_t latency = mix_latency(mix);
	assert_true(latency < 20000);
	for (passes = 0; mix_listens(mix); passes++) {
		run_hit(mix, cut);
		mix_conclude(mix);
	}
	run_hit(mix, cut);
	mix_destroy(mix);
	return latency;
}

/* All of the hit comes at once, on both sides, and nothing else does. */
static void expect_hit(uint32_t latency, double level)
{
	for (size_t i = 0; i < FRAMES + latency; i++) {
		double wanted = i == HIT + latency ? level : 0;
		if (fabs(left[i] - wanted) > 1e-12 * fmax(1, level) || left[i] != right[i]) {
			print_error("frame %zu: %g %g, not %g\n", i, left[i], right[i], wanted);
			fail();
		}
	}
}

/* ---- latency ---- */

static uint32_t random_below(unsigned *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

/* What of a hit of 1 a node gives on, before its fader, on one side. */
static double level_of(size_t node);

static double given(const char *to, size_t node)
{
	size_t count = session.tracks.count;
	const char *output = node < count ? tracks[node].bus : buses[node - count].bus;
	double fader = units_from_db(node < count ? tracks[node].gain_db : buses[node - count].gain_db);
	double sum = 0;
	if (output ? to && strcmp(output, to) == 0 : !to)
		sum += fader;
	const struct send_config *items = sends_of(node)->items;
	for (size_t i = 0; to && i < sends_of(node)->count; i++)
		if (strcmp(items[i].to, to) == 0)
			sum += (items[i].pre ? 1 : fader) * units_from_db(items[i].level_db);
	return sum > 0 ? sum * level_of(node) : 0;
}

static double sum_into(const char *bus)
{
	double sum = 0;
	for (size_t i = 0; i < session.tracks.count + session.buses.count; i++)
		sum += given(bus, i);
	return sum;
}

static double level_of(size_t node)
{
	return node < session.tracks.count ? 1 : sum_into(buses[node - session.tracks.count].name);
}

/* Buses feed only those after them in `order`, which is not the order of the session. */
static void random_session(unsigned seed)
{
	size_t order[BUSES_MOST], bus_count = random_below(&seed, BUSES_MOST + 1);
	size_t count = 1 + random_below(&seed, TRACKS_MOST);
	start_session(count, bus_count);
	for (size_t i = 0; i < bus_count; i++) {
		size_t k = random_below(&seed, (uint32_t)i + 1);
		order[i] = order[k];
		order[k] = i;
		buses[i].kind = random_below(&seed, 2) ? BUS_RETURN : BUS_GROUP;
	}
	for (size_t i = 0; i < count + bus_count; i++) {
		size_t from = i < count ? 0 : i - count + 1;
		size_t node = i < count ? i : count + order[i - count];
		char **output = node < count ? &tracks[node].bus : &buses[node - count].bus;
		double *gain_db = node < count ? &tracks[node].gain_db : &buses[node - count].gain_db;
		*gain_db = -(double)random_below(&seed, 12);
		for (size_t k = from; k < bus_count; k++) {
			struct bus_config *bus = &buses[order[k]];
			bool chosen = random_below(&seed, 3) == 0;
			if (chosen && bus->kind == BUS_GROUP)
				*output = bus->name;
			else if (chosen)
				add_send(node, order[k], -(double)random_below(&seed, 20),
					random_below(&seed, 2));
		}
		struct key_list chain = late_chain(node, random_below(&seed, 900), NULL);
		*(node < count ? &tracks[node].chain : &buses[node - count].chain) = chain;
	}
	session.chain_of_mix = late_chain(TRACKS_MOST + BUSES_MOST, random_below(&seed, 900), NULL);
}

static void test_every_way_meets(void **unused)
{
	(void)unused;
	for (unsigned seed = 0; seed < 200; seed++) {
		random_session(seed);
		expect_hit(mix_hit(seed % 5 ? 1024 : 700), sum_into(NULL));
	}
}

/* The key's hit meets the track's on a late track, within a chain and on a bus behind late tracks. */
static void test_keys_meet(void **unused)
{
	(void)unused;
	start_session(3, 1);
	tracks[0].chain = late_chain(0, 900, NULL);
	tracks[0].mute = true; /* of no matter to a key */
	tracks[1].chain = late_chain(1, 600, "t0");
	tracks[1].bus = tracks[2].bus = buses[0].name;
	tracks[2].chain = late_chain(2, 1500, NULL);
	buses[0].chain = late_chain(3, 333, "t0");
	uint32_t latency = mix_hit(1000);
	assert_int_equal(latency, 1500 + 333);
	expect_hit(latency, 2);
	settings[1][1].key = "t9";
	struct mix *mix = NULL;
	struct error e;
	struct mix_setup setup = {&session, &table, {NULL, 0}, RATE};
	assert_int_equal(mix_create(&mix, &setup, &e), -EINVAL);
	assert_string_equal(e.text, "t1: line 12: key: there is no track t9");
	assert_null(mix);
}

/* Two that listen behind one another on a track, one on another track, and one on their bus: three passes,
 * each of them hearing what those before it have settled. */
static void test_listeners(void **unused)
{
	static double wanted[] = {3, 5, 2, 28};
	struct key_insert levels[COUNT(wanted)];
	(void)unused;
	for (size_t i = 0; i < COUNT(wanted); i++)
		levels[i] = (struct key_insert){&level_record, &wanted[i], false, 1, 1};
	start_session(4, 1);
	struct key_insert first[] = {levels[0], {&late_record, &settings[0][0], false, 1, 1}, levels[1]};
	settings[0][0].frames = 100;
	settings[0][0].key = NULL;
	tracks[0].chain = (struct key_list){first, 3};
	tracks[1].chain = (struct key_list){&levels[2], 1};
	tracks[0].bus = tracks[1].bus = buses[0].name;
	buses[0].chain = (struct key_list){&levels[3], 1};
	tracks[3].chain = tracks[1].chain;
	tracks[3].mute = true;
	uint32_t latency = mix_hit(1024);
	assert_int_equal(latency, 5 + 100 + 5 + 5);
	assert_int_equal(passes, 3);
	expect_hit(latency, 28 + 1);
	buses[0].chain.count = 0;
	expect_hit(mix_hit(300), 5 + 2 + 1);
	assert_int_equal(passes, 2);
}

/* ---- what is heard ---- */

/* t0 and t1 go through b0, t2 straight; t0 and t2 send to the return b1, t1 to the return b2, which goes
 * through b0. Each hit has its own weight. */
struct heard_case {
	const char *soloed, *muted; /* names, in one text */
	double level;
};

enum { T0 = 1, T1 = 10, T2 = 100, B1 = 1000, B2 = 10000 };

static const struct heard_case heard_cases[] = {
	{"", "", T0 + T1 + T2 + B1 *(T0 + T2) + B2 *T1},
	{"t0", "", T0 + B1 *T0},
	{"t1", "", T1 + B2 *T1},
	{"t2", "", T2 + B1 *T2},
	{"t0 t2", "", T0 + T2 + B1 *(T0 + T2)},
	{"b0", "", T0 + T1 + B1 *T0 + B2 *T1},
	{"b1", "", B1 *(T0 + T2)},
	{"b2", "", B2 *T1},
	{"b1 t1", "", T1 + B2 *T1 + B1 *(T0 + T2)},
	{"", "t0", T1 + T2 + B1 *T2 + B2 *T1},
	{"t0", "t0", 0},
	{"", "b0", T2 + B1 *(T0 + T2)},
	{"", "b1", T0 + T1 + T2 + B2 *T1},
	{"t0", "b1", T0},
	{"b0", "t1", T0 + B1 *T0},
	{"b1", "t2", B1 *T0},
	{"", "t0 t1 t2", 0},
};

static void test_heard(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(heard_cases); i++) {
		const struct heard_case *c = &heard_cases[i];
		start_session(3, 3);
		for (size_t t = 0; t < 3; t++)
			tracks[t].gain_db = 20 * (double)t;
		tracks[0].bus = tracks[1].bus = buses[2].bus = buses[0].name;
		add_send(0, 1, 60, false);
		add_send(1, 2, 80, false);
		add_send(2, 1, 60, false);
		for (size_t n = 0; n < 3; n++) {
			tracks[n].solo = strstr(c->soloed, tracks[n].name) != NULL;
			buses[n].solo = strstr(c->soloed, buses[n].name) != NULL;
			tracks[n].mute = strstr(c->muted, tracks[n].name) != NULL;
			buses[n].mute = strstr(c->muted, buses[n].name) != NULL;
		}
		print_message("solo %s, mute %s\n", c->soloed, c->muted);
		expect_hit(mix_hit(1024), c->level);
	}
}

/* A track that nobody hears moves nothing: the others are as late as they were. */
static void test_solo_moves_nothing(void **unused)
{
	(void)unused;
	start_session(2, 0);
	tracks[0].chain = late_chain(0, 700, NULL);
	assert_int_equal(mix_hit(1024), 700);
	tracks[1].solo = true;
	assert_int_equal(mix_hit(1024), 700);
	expect_hit(700, 1);
}

static void test_vcas(void **unused)
{
	static char *both[] = {TEXT("one"), TEXT("two")};
	struct vca_config vcas[] = {
		{.name = TEXT("one"), .gain_db = -20}, {.name = TEXT("two"), .gain_db = 40}};
	(void)unused;
	start_session(2, 1);
	session.vcas = (struct key_list){vcas, 2};
	tracks[0].vca = (struct key_list){both, 2};
	tracks[1].vca = (struct key_list){both, 1};
	tracks[1].trim_db = 40;
	add_send(0, 0, -40, false);
	add_send(1, 0, 0, true);
	buses[0].vca = (struct key_list){both + 1, 1};
	/* A send before the fader does not know of the group, but a mute is for all. */
	expect_hit(mix_hit(1024), 10 + 10 + 100 * (0.1 + 1));
	vcas[0].mute = true;
	expect_hit(mix_hit(1024), 0);
	vcas[0].mute = false;
	vcas[1].mute = true;
	expect_hit(mix_hit(1024), 10);
}

/* A send after the fader is as far to one side as its track, one before it is in the middle. */
static void test_send_pan(void **unused)
{
	(void)unused;
	start_session(1, 2);
	tracks[0].pan = 100;
	add_send(0, 0, 0, false);
	mix_hit(1024);
	assert_true(left[HIT] == 0 && right[HIT] == 2);
	add_send(0, 1, 0, true);
	mix_hit(1024);
	assert_true(left[HIT] == 1 && right[HIT] == 3);
	session.mix.preset = TEXT("rock");
	tracks[0].pan = 0;
	mix_hit(1024);
	assert_true(fabs(left[HIT] - 3 * M_SQRT1_2) < 1e-12 && left[HIT] == right[HIT]);
}

/* ---- plans that cannot be ---- */

static void refuse(int result, const char *text)
{
	struct graph graph;
	struct error e;
	assert_int_equal(graph_plan(&graph, &session, &e), result);
	assert_string_equal(e.text, text);
	assert_null(graph.nodes);
}

static void test_refused(void **unused)
{
	static char *vca[] = {TEXT("none")};
	(void)unused;
	start_session(1, 3);
	tracks[0].bus = TEXT("b9");
	refuse(-EINVAL, "t0: no bus b9");
	tracks[0].bus = buses[0].name;
	add_send(3, 1, 0, false);
	sends[3][0].to = TEXT("b9");
	refuse(-EINVAL, "b2: no return b9");
	sends[3][0].to = buses[2].name;
	refuse(-ELOOP, "the buses feed each other in a circle");
	sends[3][0].to = buses[1].name;
	buses[1].bus = buses[0].name;
	buses[0].bus = buses[2].name;
	refuse(-ELOOP, "the buses feed each other in a circle");
	buses[0].bus = NULL;
	tracks[0].vca = (struct key_list){vca, 1};
	refuse(-EINVAL, "t0: no VCA group none");
}

/* Levels: a bus stands above all that feed it, wherever the session has it; the master above all. */
static void test_levels(void **unused)
{
	struct graph graph;
	struct error e;
	(void)unused;
	start_session(2, 4);
	buses[0].bus = buses[3].name;
	buses[3].bus = buses[1].name;
	tracks[0].bus = buses[0].name;
	assert_int_equal(graph_plan(&graph, &session, &e), 0);
	static const uint32_t levels[] = {0, 0, 1, 3, 1, 2, 4};
	for (size_t i = 0; i < COUNT(levels); i++)
		assert_int_equal(graph.nodes[i].level, levels[i]);
	assert_int_equal(graph.levels, 5);
	graph_finish(&graph);
	graph_finish(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_way_meets),
		cmocka_unit_test(test_keys_meet),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_heard),
		cmocka_unit_test(test_solo_moves_nothing),
		cmocka_unit_test(test_vcas),
		cmocka_unit_test(test_send_pan),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_levels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
