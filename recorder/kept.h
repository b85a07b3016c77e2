/* What a take keeps of how it was meant: the session's text, and the presets of the user's that it draws on,
 * so that a render of the take is the same whatever becomes of them. */
#ifndef WOODSHED_RECORDER_KEPT_H
#define WOODSHED_RECORDER_KEPT_H

#include "common/key.h"
#include "takes/manifest.h"

struct kept {
	char *session_text;
	struct key_list presets; /* of struct preset_file */
};

/* Copies both; `files` is of struct preset_file. */
void kept_init(struct kept *kept, const char *session_text, const struct key_list *files);
void kept_finish(struct kept *kept); /* a zeroed value is fine */

/* Lists the presets in the manifest, with their checksums. */
void kept_describe(const struct kept *kept, struct manifest *manifest);

/* Writes session.yaml and presets/… into the take's folder, durably. Blocks on the disk. */
int kept_write(const struct kept *kept, const char *folder, struct error *e) MUST_CHECK;

/* Takes back what kept_write wrote, as far as it came. */
void kept_remove(const struct kept *kept, const char *folder);

#endif
