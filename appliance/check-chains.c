#include "appliance/check-chains.h"

#include "appliance/processors.h"

#include <errno.h>
#include <stdio.h>

static const struct processor_type *type_of(const struct key_insert *insert)
{
	const struct processor_table *table = processors_all();
	for (size_t i = 0; i < table->count; i++)
		if (table->types[i]->settings == insert->type)
			return table->types[i];
	return NULL;
}

/* `at`: where its chain stands, "tracks[2].edit". */
static void check_insert(const struct key_insert *insert, const struct processor_format *format,
	const char *at, struct faults *faults)
{
	const struct processor_type *type = type_of(insert);
	struct processor *processor = NULL;
	struct error e;
	if (!type || insert->bypass)
		return;
	int result = processor_create(&processor, type, insert->settings, format, &e);
	faults->starved |= result == -ENOMEM;
	if (result < 0)
		faults_add(
			faults, insert->line, insert->column, "%s: %s: %s", at, type->settings->name, e.text);
	processor_destroy(processor);
}

static void check_chain(const struct key_list *chain, const struct processor_format *format, const char *list,
	size_t index, const char *key, struct faults *faults)
{
	char at[64];
	const struct key_insert *inserts = chain->items;
	snprintf(at, sizeof(at), "%s[%zu].%s", list, index, key);
	for (size_t i = 0; i < chain->count; i++)
		check_insert(&inserts[i], format, at, faults);
}

int check_chains(const struct session *session, uint32_t rate, struct faults *faults)
{
	const struct track_config *tracks = session->tracks.items;
	const struct bus_config *buses = session->buses.items;
	const size_t before = faults->errors;
	struct processor_format format = {.rate = rate, .tempo_bpm = session->song.tempo_bpm};
	for (size_t i = 0; i < session->tracks.count; i++) {
		format.channels = tracks[i].input.count == 2 ? 2 : 1;
		check_chain(&tracks[i].edit, &format, "tracks", i, "edit", faults);
		check_chain(&tracks[i].chain, &format, "tracks", i, "chain", faults);
	}
	format.channels = 2;
	for (size_t i = 0; i < session->buses.count; i++)
		check_chain(&buses[i].chain, &format, "buses", i, "chain", faults);
	return faults->errors > before ? faults_result(faults) : 0;
}
