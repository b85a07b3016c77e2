/* Which tracks are microphones of one source, by what the session says of them. Pure. */
#ifndef WOODSHED_CONFIG_SOURCES_H
#define WOODSHED_CONFIG_SOURCES_H

#include "config/session.h"

/* The track that `track` is to be brought into step with: the first of its source, however that is known. -1:
 * it is the first itself, or alone, or nothing is known.
 *
 * Of one source are mono tracks of one role of which a band has one (kick, snare, bass), and a `di` with the
 * tracks whose names begin with the same word ("gtr di" and "gtr 57"). Never rooms and overheads, which are
 * there for the distance, nor voices, toms and guitars of one role, which are several players. */
int sources_first(const struct session *session, size_t track);

#endif
