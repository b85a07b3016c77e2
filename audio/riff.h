/* A look at a WAV file's lists before libsndfile parses them: 1.2.0 goes round for ever in a LIST chunk whose
 * members are longer than it. Any thread; reads the disk. */
#ifndef WOODSHED_AUDIO_RIFF_H
#define WOODSHED_AUDIO_RIFF_H

#include "common/error.h"

/* Every member of every LIST chunk lies within its list, or the file is no WAV file at all: 0. Else -EBADMSG
 * with the byte at which the wrong one begins. `fd` is left where it stands; `path` is what the message calls
 * it. */
int riff_check(int fd, const char *path, struct error *e) MUST_CHECK;

#endif
