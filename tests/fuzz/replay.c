/* Runs a fuzz target on every file of the folders given: what fuzzing once found stays found, in each build
 * and without clang. */
#include "fuzz.h"

#include "common/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MOST = 64 << 20 };

/* How many files were run; -1 when one could not be read. */
static int replay(const char *folder)
{
	DIR *entries = opendir(folder);
	int count = 0;
	for (const struct dirent *entry; entries && count >= 0 && (entry = readdir(entries)) != NULL;) {
		struct error e;
		char *path = file_join(folder, entry->d_name), *data = NULL;
		size_t size;
		if (entry->d_name[0] != '.') {
			int result = file_read(path, INPUT_MOST, &data, &size, &e);
			if (result < 0)
				fprintf(stderr, "%s\n", e.text);
			else
				LLVMFuzzerTestOneInput((const uint8_t *)data, size);
			count = result < 0 ? -1 : count + 1;
		}
		free(data);
		free(path);
	}
	if (entries)
		closedir(entries);
	return count;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int count = replay(argv[i]);
		printf("%s: %d inputs\n", argv[i], count);
		if (count <= 0)
			return 1;
	}
	return argc < 2;
}
