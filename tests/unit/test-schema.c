#include "common/units.h"
#include "config/schema.h"
#include "config/suggest.h"
#include "expect-faults.h"

#include <math.h>

struct band {
	int shape;
	double frequency_hz;
};

struct eq {
	struct key_list bands;
};

struct squash {
	double ratio, attack_s;
	int slope;
};

struct all {
	double number, level, automatic, optional, percent;
	int integer, bits, choice, given;
	bool flag;
	unsigned choices;
	char *text, *name, *even;
	struct eq nested;
	struct key_list eqs, texts, evens, levels, chain;
};

static const char *const shapes[] = {"peak", "lowshelf", "highshelf", NULL};
static const char *const later_shapes[] = {"tilt", NULL};

static bool is_even(const char *text)
{
	return strlen(text) % 2 == 0;
}

static const struct text_form even = {"even text", "2, 4, 6 … letters", "^(..)*$", is_even};

static const struct key band_keys[] = {
	{"shape", KEY_CHOICE, offsetof(struct band, shape), .choices = shapes, .fallback = "highshelf",
		.help = "The shape."},
	{"frequency", KEY_NUMBER, offsetof(struct band, frequency_hz), .unit = UNIT_HZ, .least = 20,
		.most = 20000, .required = true, .help = "The frequency."},
};
static const struct record band_record = {
	"band", "A band.", sizeof(struct band), band_keys, KEY_COUNT(band_keys)};

static const struct key eq_keys[] = {
	{"bands", KEY_RECORDS, offsetof(struct eq, bands), .record = &band_record, .help = "The bands."},
};
static const struct record eq_record = {"eq", "An eq.", sizeof(struct eq), eq_keys, KEY_COUNT(eq_keys)};

static const struct key squash_keys[] = {
	{"ratio", KEY_NUMBER, offsetof(struct squash, ratio), .unit = UNIT_RATIO, .least = 1, .most = 100,
		.fallback = "4:1", .help = "The ratio."},
	{"attack", KEY_NUMBER, offsetof(struct squash, attack_s), .unit = UNIT_SECONDS, .bare_scale = 0.001,
		.least = 0.0003, .most = 0.3, .fallback = "10", .help = "The attack."},
	{"slope", KEY_INTEGER, offsetof(struct squash, slope), .unit = UNIT_SLOPE, .least = 6, .most = 48,
		.step = 6, .fallback = "12", .help = "The slope."},
};
static const struct record squash_record = {
	"squash", "A squash.", sizeof(struct squash), squash_keys, KEY_COUNT(squash_keys)};

static const struct record *const processors[] = {&eq_record, &squash_record};
static const char *const later[] = {"squash", "deesser", NULL};
static const struct record_table table = {processors, 2, later};

#define ALL(member) offsetof(struct all, member)
static const struct key all_keys[] = {
	{"number", KEY_NUMBER, ALL(number), .fallback = "1.5"},
	{"level", KEY_NUMBER, ALL(level), .unit = UNIT_DB, .least = -60, .most = 0},
	{"automatic", KEY_NUMBER, ALL(automatic), .unit = UNIT_DB, .least = -120, .most = 0,
		.automatic = true, .fallback = "auto"},
	{"optional", KEY_NUMBER, ALL(optional), .unit = UNIT_PAN, .least = -100, .most = 100, .fallback = ""},
	{"percent", KEY_NUMBER, ALL(percent), .unit = UNIT_PERCENT, .least = 1, .most = 99,
		.fallback = "30 %"},
	{"integer", KEY_INTEGER, ALL(integer), .least = 1, .most = 64, .fallback = "2"},
	{"bits", KEY_INTEGER, ALL(bits), .unit = UNIT_BITS, .least = 16, .most = 24, .step = 8,
		.fallback = "24"},
	{"choice", KEY_CHOICE, ALL(choice), .choices = shapes, .later = later_shapes},
	{"given", KEY_CHOICE, ALL(given), .choices = shapes, .fallback = ""},
	{"flag", KEY_FLAG, ALL(flag), .fallback = "true"},
	{"choices", KEY_CHOICES, ALL(choices), .choices = shapes, .later = later_shapes,
		.fallback = "lowshelf"},
	{"text", KEY_TEXT, ALL(text), .most = 10, .fallback = "none"},
	{"name", KEY_NAME, ALL(name)},
	{"even", KEY_TEXT, ALL(even), .form = &even},
	{"evens", KEY_TEXTS, ALL(evens), .form = &even, .unused = true},
	{"nested", KEY_RECORD, ALL(nested), .record = &eq_record},
	{"eqs", KEY_RECORDS, ALL(eqs), .record = &eq_record},
	{"texts", KEY_TEXTS, ALL(texts), .fallback = "one"},
	{"levels", KEY_LEVELS, ALL(levels), .unit = UNIT_DB, .least = -60, .most = 12},
	{"chain", KEY_CHAIN, ALL(chain), .most = 8},
	{"reverb", KEY_LATER},
};
static const struct record all_record = {
	"all", "Everything there is.", sizeof(struct all), all_keys, KEY_COUNT(all_keys)};

static struct faults faults;

/* Loads `text` whatever is wrong with it; NULL loads the defaults alone. */
static void load(struct all *all, const char *text)
{
	struct yaml_file file = {0};
	*all = (struct all){0};
	faults_init(&faults, "f");
	if (!text || yaml_parse(&file, text, strlen(text), &faults) == 0)
		schema_load(&all_record, all, file.root, &table, &faults);
	yaml_finish(&file);
}

static void test_defaults(void **state)
{
	(void)state;
	static const char *const texts[] = {NULL, "", "{}", "nested:\n", "nested: {bands: }\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct all all;
		load(&all, texts[i]);
		assert_true(all.number == 1.5);
		assert_true(isnan(all.automatic));
		assert_true(isnan(all.optional));
		assert_true(all.percent == 30);
		assert_int_equal(all.integer, 2);
		assert_int_equal(all.bits, 24);
		assert_int_equal(all.choice, 0);
		assert_int_equal(all.given, -1);
		assert_true(all.flag);
		assert_int_equal(all.choices, 2);
		assert_string_equal(all.text, "none");
		assert_null(all.name);
		assert_null(all.chain.items);
		assert_null(all.eqs.items);
		assert_int_equal(all.texts.count, 1);
		schema_finish(&all_record, &all);
		assert_null(all.text);
		expect_faults(&faults, "");
	}
}

static void test_values(void **state)
{
	(void)state;
	static const char text[] = "number: -2.5e1\n"
				   "level: \"-18 dB\"\n"
				   "automatic: -40\n"
				   "optional: L30\n"
				   "percent: 12 %\n"
				   "integer: 64\n"
				   "bits: 16 bit\n"
				   "choice: lowshelf\n"
				   "flag: false\n"
				   "choices: [peak, highshelf]\n"
				   "text: a b\n"
				   "name: room-1\n"
				   "texts: [a, b]\n"
				   "levels: {plate: -14 dB, hall: -20}\n"
				   "eqs: [{}, {bands: [{frequency: 2.5 kHz}]}]\n";
	struct all all;
	load(&all, text);
	assert_true(all.number == -25 && all.level == -18 && all.automatic == -40);
	assert_true(all.optional == -30 && all.percent == 12);
	assert_int_equal(all.integer, 64);
	assert_int_equal(all.bits, 16);
	assert_int_equal(all.choice, 1);
	assert_false(all.flag);
	assert_int_equal(all.choices, 5);
	assert_string_equal(all.text, "a b");
	assert_string_equal(all.name, "room-1");
	assert_string_equal(((char **)all.texts.items)[1], "b");
	const struct key_level *levels = all.levels.items;
	assert_int_equal(all.levels.count, 2);
	assert_string_equal(levels[1].name, "hall");
	assert_true(levels[0].value == -14);
	const struct eq *eqs = all.eqs.items;
	const struct band *band = eqs[1].bands.items;
	assert_true(band->frequency_hz == 2500);
	assert_int_equal(band->shape, 2);
	schema_finish(&all_record, &all);
	expect_faults(&faults, "");
}

static void test_chain(void **state)
{
	(void)state;
	static const char text[] = "chain:\n"
				   "  - squash: {ratio: 8:1, attack: 3, slope: 24 dB/oct, bypass: true}\n"
				   "  - squash:\n"
				   "  - eq: {bands: [{frequency: 80 Hz}]}\n"
				   "  - squash\n";
	struct all all;
	load(&all, text);
	expect_faults(&faults, "");
	assert_int_equal(all.chain.count, 4);
	const struct key_insert *inserts = all.chain.items;
	const struct squash *squash = inserts[0].settings;
	assert_ptr_equal(inserts[0].type, &squash_record);
	assert_true(inserts[0].bypass);
	assert_int_equal(inserts[0].line, 2);
	assert_int_equal(inserts[0].column, 5);
	assert_true(squash->ratio == 8);
	assert_true(fabs(squash->attack_s - 0.003) < 1e-12);
	assert_int_equal(squash->slope, 24);
	squash = inserts[1].settings;
	assert_true(squash->ratio == 4 && squash->slope == 12 && !inserts[1].bypass);
	assert_ptr_equal(inserts[2].type, &eq_record);
	assert_ptr_equal(inserts[3].type, &squash_record);
	struct all other;
	load(&other, "chain: [eq]");
	schema_append_chain(&all.chain, &other.chain);
	assert_int_equal(all.chain.count, 5);
	assert_null(other.chain.items);
	schema_finish(&all_record, &all);
	schema_finish(&all_record, &other);
	expect_faults(&faults, "");
	load(&all, "chain: []");
	assert_non_null(all.chain.items); /* given, though empty */
	assert_int_equal(all.chain.count, 0);
	schema_finish(&all_record, &all);
	faults_finish(&faults);
}

#define ALL_KEYS \
	"number, level, automatic, optional, percent, integer, bits, choice, given, flag, choices, text, " \
	"name, " \
	"even, evens, nested, eqs, texts, levels, chain"
#define SHAPES "peak, lowshelf, highshelf"

static const struct bad bad_values[] = {
	{"number: abc", "f:1:9: error: number: \"abc\" is not a number; a number"},
	{"number: 0x10", "f:1:9: error: number: \"0x10\" is not a number; a number"},
	{"number: .inf", "f:1:9: error: number: \".inf\" is not a number; a number"},
	{"number: .nan", "f:1:9: error: number: \".nan\" is not a number; a number"},
	{"number: 1e999", "f:1:9: error: number: \"1e999\" is not a number; a number"},
	{"number: 3 dB", "f:1:9: error: number: \"3 dB\" is not a number; a number"},
	{"number:", "f:1:8: error: number: has no value; a number"},
	{"number: ~", "f:1:9: error: number: has no value; a number"},
	{"number: \"\"", "f:1:9: error: number: has no value; a number"},
	{"number: [1]", "f:1:9: error: number: a list is no single value; a number"},
	{"number: {a: 1}", "f:1:9: error: number: a mapping is no single value; a number"},
	{"number: auto", "f:1:9: error: number: \"auto\" is not a number; a number"},
	{"level: 1 dB", "f:1:8: error: level: 1 dB is out of range; -60 dB to 0 dB"},
	{"level: -18 Hz", "f:1:8: error: level: \"-18 Hz\" is not a level such as -18 dB; -60 dB to 0 dB"},
	{"automatic: Auto",
		"f:1:12: error: automatic: \"Auto\" is not a level such as -18 dB; -120 dB to 0 dB, or auto"},
	{"optional: L101",
		"f:1:11: error: optional: \"L101\" is not a place such as L30, C or R100; L100 to R100"},
	{"integer: 2.5", "f:1:10: error: integer: 2.5 is not a whole number; 1 to 64"},
	{"integer: 65", "f:1:10: error: integer: 65 is out of range; 1 to 64"},
	{"integer: 0", "f:1:10: error: integer: 0 is out of range; 1 to 64"},
	{"bits: 20", "f:1:7: error: bits: 20 is between the steps; 16 bit or 24 bit"},
	{"bits: 32", "f:1:7: error: bits: 32 is out of range; 16 bit or 24 bit"},
	{"choice: lowshel",
		"f:1:9: error: choice: \"lowshel\" is unknown; did you mean lowshelf? One of " SHAPES},
	{"choice: bell", "f:1:9: error: choice: \"bell\" is unknown; one of " SHAPES},
	{"flag: yes", "f:1:7: error: flag: \"yes\" is not a yes or no; true or false"},
	{"flag: 1", "f:1:7: error: flag: \"1\" is not a yes or no; true or false"},
	{"choices: [peak, pek]",
		"f:1:17: error: choices[1]: \"pek\" is unknown; did you mean peak? One of " SHAPES},
	{"choices: []", "f:1:10: error: choices: an empty list; at least one"},
	{"text: 12345678901", "f:1:7: error: text: too long; 10 bytes"},
	{"name: Room 1", "f:1:7: error: name: \"Room 1\" is not a name; up to 64 of a-z, 0-9 and -"},
	{"even: abc", "f:1:7: error: even: \"abc\" is no even text; 2, 4, 6 … letters"},
	{"evens: [ab, c]", "f:1:1: warning: evens: nothing in this version uses it yet; it is checked\n"
			   "f:1:13: error: evens[1]: \"c\" is no even text; 2, 4, 6 … letters"},
	{"nested: 3", "f:1:9: error: nested: not a mapping; KEY: VALUE, where KEY is one of bands"},
	{"eqs: {}", "f:1:6: error: eqs: not a list; a list, each item after a dash"},
	{"eqs: [3]", "f:1:7: error: eqs[0]: not a mapping; KEY: VALUE, where KEY is one of bands"},
	{"eqs: [{bands: [{}]}]", "f:1:16: error: eqs[0].bands[0].frequency: missing; The frequency."},
	{"texts: [a, [b]]", "f:1:12: error: texts[1]: a list is no single value; a text or a list of texts"},
	{"levels: [a]", "f:1:9: error: levels: not a mapping; names, each with a level such as -18 dB"},
	{"levels: {a: 90 dB}", "f:1:13: error: levels.a: 90 dB is out of range; -60 dB to 12 dB"},
	{"chain: squash", "f:1:8: error: chain: not a list; a list, each item after a dash"},
	{"chain: [squish]",
		"f:1:9: error: chain[0]: \"squish\" is no processor; did you mean squash? One of eq, squash"},
	{"chain: [phaser]", "f:1:9: error: chain[0]: \"phaser\" is no processor; one of eq, squash"},
	{"chain: [eq, eq, eq, eq, eq, eq, eq, eq, eq]", "f:1:8: error: chain: 9 items; 8 at most"},
	{"chain: [{}]", "f:1:9: error: chain[0]: not one processor; PROCESSOR: {settings}, each after a dash "
			"of its own"},
	{"chain: [[squash]]", "f:1:9: error: chain[0]: not one processor; PROCESSOR: {settings}, each after "
			      "a dash of its own"},
	{"chain:\n  - eq:\n    squash:\n", "f:2:5: error: chain[0]: not one processor; PROCESSOR: "
					   "{settings}, each after a dash of its own"},
	{"chain:\n  -\n", "f:2:4: error: chain[0]: not one processor; PROCESSOR: {settings}, each after a "
			  "dash of its own"},
	{"chain: [{squash: {ratio: 900}}]",
		"f:1:26: error: chain[0].squash.ratio: 900 is out of range; 1:1 to 100:1"},
	{"chain: [{squash: {attack: 0}}]",
		"f:1:27: error: chain[0].squash.attack: 0 is out of range; 300 us to 300 ms"},
	{"chain: [{squash: {slope: 20}}]", "f:1:26: error: chain[0].squash.slope: 20 is between the steps; "
					   "6 dB/oct, 12 dB/oct, 18 dB/oct, 24 dB/oct, 30 dB/oct, "
					   "36 dB/oct, 42 dB/oct or 48 dB/oct"},
	{"chain: [{squash: {bypas: true}}]", "f:1:19: error: chain[0].squash.bypas: unknown key; "
					     "did you mean bypass? One of ratio, attack, slope, bypass"},
	{"chain: [{squash: {bypass: on}}]",
		"f:1:27: error: chain[0].squash.bypass: \"on\" is not a yes or no; true or false"},
	{"chain: [{squash: [1]}]", "f:1:18: error: chain[0].squash: not a mapping; KEY: VALUE, where KEY is "
				   "one of ratio, attack, slope, bypass"},
	{"[1, 2]", "f:1:1: error: not a mapping; KEY: VALUE, where KEY is one of " ALL_KEYS},
	{"just text", "f:1:1: error: not a mapping; KEY: VALUE, where KEY is one of " ALL_KEYS},
	{"nested: {band: []}", "f:1:10: error: nested.band: unknown key; did you mean bands? One of bands"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
		struct all all;
		load(&all, bad_values[i].text);
		schema_finish(&all_record, &all);
		expect_faults(&faults, bad_values[i].faults);
	}
}

/* What is to come is no fault, and leaves the default behind. */
static void test_later(void **state)
{
	(void)state;
	struct all all;
	load(&all, "reverb: {a: [1, 2]}\n"
		   "chain: [eq, {deesser: {x: 1}}, squash, deesser]\n"
		   "choice: tilt\n"
		   "choices: [tilt]\n"
		   "evens: ab\n");
	assert_int_equal(all.chain.count, 2);
	assert_ptr_equal(((struct key_insert *)all.chain.items)[1].type, &squash_record);
	assert_int_equal(all.choice, 0);
	assert_int_equal(all.choices, 2);
	assert_int_equal(all.evens.count, 1);
	schema_finish(&all_record, &all);
	assert_int_equal(faults.errors, 0);
	expect_faults(&faults,
		"f:1:1: warning: reverb: not in this version yet; it changes nothing\n"
		"f:2:14: warning: chain[1]: deesser is not in this version yet and left out\n"
		"f:2:40: warning: chain[3]: deesser is not in this version yet and left out\n"
		"f:3:9: warning: choice: tilt is not in this version yet and left out; one of " SHAPES "\n"
		"f:4:11: warning: choices[0]: tilt is not in this version yet and left out; one of " SHAPES
		"\n"
		"f:5:1: warning: evens: nothing in this version uses it yet; it is checked");
}

static void test_all_at_once(void **state)
{
	(void)state;
	static const char text[] =
		"level: 3\n"
		"flag: no\n"
		"chain:\n"
		"  - squash: {ratio: 0.5, knee: 3}\n"
		"  - {eq: {bands: [{frequency: 1 Hz}, {frequency: 30 kHz, shape: bell}]}}\n"
		"level: 4\n"
		"lvel: 4\n";
	struct all all;
	load(&all, text);
	schema_finish(&all_record, &all);
	expect_faults(&faults,
		"f:1:8: error: level: 3 is out of range; -60 dB to 0 dB\n"
		"f:2:7: error: flag: \"no\" is not a yes or no; true or false\n"
		"f:4:21: error: chain[0].squash.ratio: 0.5 is out of range; 1:1 to 100:1\n"
		"f:4:26: error: chain[0].squash.knee: unknown key; one of ratio, attack, slope, bypass\n"
		"f:5:31: error: chain[1].eq.bands[0].frequency: 1 Hz is out of range; 20 Hz to 20 kHz\n"
		"f:5:50: error: chain[1].eq.bands[1].frequency: 30 kHz is out of range; 20 Hz to 20 kHz\n"
		"f:5:65: error: chain[1].eq.bands[1].shape: \"bell\" is unknown; one of " SHAPES "\n"
		"f:6:1: error: level: given twice; once, and line 1 has it already\n"
		"f:7:1: error: lvel: unknown key; did you mean level? One of " ALL_KEYS);
}

static void test_long_words(void **state)
{
	(void)state;
	char text[4000] = "";
	for (int i = 0; i < 300; i++)
		strcat(text, "long-word-");
	strcat(text, ": {a: 1}");
	struct all all;
	load(&all, text);
	schema_finish(&all_record, &all);
	assert_int_equal(faults.errors, 1);
	assert_true(strlen(faults.list[0].text) < 400);
	faults_finish(&faults);
}

struct guess {
	const char *word, *best;
};

static void test_suggest(void **state)
{
	(void)state;
	static const char *const names[] = {
		"compressor", "highpass", "lowpass", "eq", "lead-vocal", "gain", NULL};
	static const struct guess guesses[] = {{"compresor", "compressor"}, {"comprsesor", "compressor"},
		{"Highpass", "highpass"}, {"higpas", "highpass"}, {"vocal", "lead-vocal"},
		{"lead_vocal", "lead-vocal"}, {"gian", "gain"}, {"qe", "eq"}, {"eqq", "eq"}, {"x", NULL},
		{"", NULL}, {"reverb", NULL}, {"gate", "gain"},
		{"a-very-long-word-that-nobody-would-ever-mean", NULL}};
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		struct suggestion suggestion = {.word = guesses[i].word};
		for (size_t n = 0; names[n]; n++)
			suggestion_offer(&suggestion, names[n]);
		if (guesses[i].best)
			assert_string_equal(suggestion.best, guesses[i].best);
		else if (suggestion.best)
			fail_msg("%s: %s", guesses[i].word, suggestion.best);
		assert_string_equal(
			suggestion.allowed, "compressor, highpass, lowpass, eq, lead-vocal, gain");
	}
	struct suggestion full = {.word = "x"};
	for (int i = 0; i < 200; i++)
		suggestion_offer(&full, "candidate");
	assert_true(strlen(full.allowed) < sizeof(full.allowed));
	assert_string_equal(full.allowed + strlen(full.allowed) - 5, ", ...");
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(schema_find_record(&table, "squash"), &squash_record);
	assert_null(schema_find_record(&table, "squas"));
	assert_null(schema_find_record(NULL, "squash"));
	assert_ptr_equal(schema_find_key(&band_record, "frequency"), &band_keys[1]);
	assert_null(schema_find_key(&band_record, "q"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
