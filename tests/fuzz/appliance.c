/* An appliance file: whatever its bytes are, it is loaded or its faults are told. */
#include "fuzz.h"

#include "config/appliance.h"

static int load(void *loaded, const char *path, struct faults *faults)
{
	return appliance_load(loaded, path, faults);
}

static void finish(void *loaded)
{
	appliance_finish(loaded);
}

static const struct fuzz_kind kind = {&appliance_record, load, finish};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	struct appliance appliance;
	struct faults faults;
	faults_init(&faults, path);
	int result = load(&appliance, path, &faults);
	if (result == 0) {
		REQUIRE(appliance.name && appliance.takes && appliance.http.listen &&
			appliance.http.token_file);
		REQUIRE(appliance.recording.bit_depth == 16 || appliance.recording.bit_depth == 24);
		REQUIRE(appliance.recording.sync_every_s > 0 && appliance.recording.max_length_s > 0);
		fuzz_check_printed(&kind, &appliance);
		appliance_finish(&appliance);
	}
	fuzz_check_faults(result, &faults);
	return 0;
}
