/* What is printed of a configuration loads to the same configuration: print is a fixed point, whatever was in
 * the file. `test-print FOLDER COUNT` writes random files instead, for other programs to look at. */
#include "config/print.h"

#include "appliance/processors.h"
#include "common/text.h"
#include "config/appliance.h"
#include "config/schema.h"
#include "config/session.h"
#include "expect-faults.h"
#include "random-yaml.h"

#include <unistd.h>

enum { ROUNDS = 400 };

static char *random_file(const struct record *record, uint64_t seed)
{
	struct dice dice = {.state = seed, .processors = processors_records()};
	struct text written;
	FILE *stream = text_open(&written);
	write_members(&dice, record, 0, stream);
	return text_close(&written);
}

static char *printed_record(const struct record *record, const void *loaded)
{
	struct text written;
	FILE *stream = text_open(&written);
	print_record(record, loaded, stream);
	return text_close(&written);
}

/* The struct that the text says; the caller finishes and frees it. */
static void *load(const struct record *record, const char *text)
{
	struct faults faults;
	struct yaml_file file;
	void *loaded = calloc(1, record->size);
	faults_init(&faults, "f");
	if (yaml_parse(&file, text, strlen(text), &faults) == 0)
		schema_load(record, loaded, file.root, processors_records(), &faults);
	yaml_finish(&file);
	if (faults.errors > 0) {
		faults_print(&faults, stderr);
		fail_msg("refused:\n%s", text);
	}
	faults_finish(&faults);
	return loaded;
}

static void unload(const struct record *record, void *loaded)
{
	schema_finish(record, loaded);
	free(loaded);
}

static void check_round(const struct record *record, uint64_t seed)
{
	char *text = random_file(record, seed);
	void *first = load(record, text);
	char *once = printed_record(record, first);
	void *second = load(record, once);
	char *twice = printed_record(record, second);
	if (!schema_same(record, first, second))
		fail_msg("seed %llu:\n%s\nis printed\n%s\nwhich loads to something else:\n%s",
			(unsigned long long)seed, text, once, twice);
	assert_string_equal(once, twice);
	unload(record, first);
	unload(record, second);
	free(text);
	free(once);
	free(twice);
}

static void test_sessions(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		check_round(&session_record, seed);
}

/* Here a record that is there or not makes a difference: without `mqtt` there is no MQTT. The loader of the
 * whole file gives it an address. */
static void test_appliances(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		char *text = random_file(&appliance_record, seed);
		struct appliance *first = load(&appliance_record, text);
		bool has = first->mqtt.url != NULL;
		unload(&appliance_record, first);
		free(text);
		if (has)
			check_round(&appliance_record, seed);
	}
}

/* Everything at its default, and every processor. */
static void test_defaults(void **state)
{
	(void)state;
	const struct record_table *table = processors_records();
	for (size_t i = 0; i < table->count; i++)
		for (uint64_t seed = 1; seed < 20; seed++)
			check_round(table->records[i], seed);
	void *session = load(&session_record, "");
	char *text = printed_record(&session_record, session);
	assert_non_null(strstr(text, "woodshed: 1\n"));
	assert_non_null(strstr(text, "master:\n  preset: streaming\n"));
	assert_null(strstr(text, "tempo"));
	free(text);
	unload(&session_record, session);
}

static void test_layout(void **state)
{
	(void)state;
	static const char text[] = "woodshed: 1\n"
				   "name: \"a: b\"\n"
				   "song:\n"
				   "  listen: true\n"
				   "arrangement:\n"
				   "  count_in: 2\n"
				   "  guide: false\n"
				   "  comp: off\n"
				   "tracks:\n"
				   "  - name: \"1\"\n"
				   "    input: [xr18/1, xr18/2]\n"
				   "    chain:\n"
				   "      - highpass: {frequency: 2.5 kHz, slope: 24 dB/oct, bypass: true}\n"
				   "    gain: -3 dB\n"
				   "    pan: L30\n"
				   "    mute: false\n"
				   "    solo: false\n";
	void *session = load(&session_record, text);
	char *again = printed_record(&session_record, session);
	assert_memory_equal(again, text, sizeof(text) - 1);
	free(again);
	unload(&session_record, session);
}

static void write_file(const char *folder, const char *kind, uint64_t seed, const struct record *record)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s-%llu.yaml", folder, kind, (unsigned long long)seed);
	char *text = random_file(record, seed);
	FILE *stream = fopen(path, "w");
	if (!stream)
		abort();
	fprintf(stream, "%s\n", text);
	fclose(stream);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_appliances),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_layout),
	};
	for (int seed = 1; argc == 3 && seed <= atoi(argv[2]); seed++) {
		write_file(argv[1], "session", (uint64_t)seed, &session_record);
		write_file(argv[1], "appliance", (uint64_t)seed, &appliance_record);
	}
	return argc == 3 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
