/* Is a take on the disk what its manifest says? Any thread but control: reads and decodes every file. */
#ifndef WOODSHED_TAKES_VERIFY_H
#define WOODSHED_TAKES_VERIFY_H

#include "takes/manifest.h"

struct verification {
	const char *file;  /* within the take */
	const char *fault; /* NULL: it is as it should be */
	bool unchecked;	   /* a render under way replaces it: not looked at */
};

typedef void (*verify_fn)(void *data, const struct verification *file);

/* Tells `report` of every file that the manifest names: there, of its size, with its SHA-256 and CRC-32 (of
 * further segments the manifest has none), a whole FLAC file of the take's rate, and the tracks as long as
 * they should be. The result is the number of faults. -EBUSY: the take is not closed; -ENOENT … -EBADMSG: the
 * manifest cannot be read. */
int verify_take(const char *folder, verify_fn report, void *data, struct error *e) MUST_CHECK;

#endif
