/* An appliance file: whatever its bytes are, it is loaded or its faults are told. */
#include "fuzz.h"

#include "config/appliance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is printed of it loads to the same. */
static void check_printed(const struct appliance *appliance)
{
	struct appliance again;
	struct faults faults;
	char *text = fuzz_print(&appliance_record, appliance);
	const char *path = fuzz_file((const uint8_t *)text, strlen(text));
	faults_init(&faults, path);
	int result = appliance_load(&again, path, &faults);
	if (result < 0)
		faults_print(&faults, stderr);
	REQUIRE(result == 0);
	char *second = fuzz_print(&appliance_record, &again);
	if (strcmp(text, second) != 0)
		fprintf(stderr, "%s----\n%s", text, second);
	REQUIRE(strcmp(text, second) == 0);
	appliance_finish(&again);
	faults_finish(&faults);
	free(second);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	struct appliance appliance;
	struct faults faults;
	faults_init(&faults, path);
	int result = appliance_load(&appliance, path, &faults);
	if (result == 0) {
		REQUIRE(appliance.name && appliance.takes && appliance.http.listen &&
			appliance.http.token_file);
		REQUIRE(appliance.recording.bit_depth == 16 || appliance.recording.bit_depth == 24);
		REQUIRE(appliance.recording.sync_every_s > 0 && appliance.recording.max_length_s > 0);
		check_printed(&appliance);
		appliance_finish(&appliance);
	}
	fuzz_check_faults(result, &faults);
	return 0;
}
