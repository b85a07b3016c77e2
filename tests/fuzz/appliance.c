/* An appliance file: whatever its bytes are, it is loaded or its faults are told. */
#include "fuzz.h"

#include "config/appliance.h"

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
		appliance_finish(&appliance);
	}
	fuzz_check_faults(result, &faults);
	return 0;
}
