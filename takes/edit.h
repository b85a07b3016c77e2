/* What people may change of a take: its title, and whether it is kept. A take's manifest is also written by
 * whoever records, recovers or renders it, from what they read long ago; with these calls neither loses what
 * the other wrote. Any thread but control; blocks on the disk. */
#ifndef WOODSHED_TAKES_EDIT_H
#define WOODSHED_TAKES_EDIT_H

#include "takes/manifest.h"

struct take_edit {
	const char *title; /* NULL: as it is */
	const bool *keep;  /* NULL: as it is */
};

/* Changes the take in `folder`, also one that is being recorded or rendered. `*take` becomes the manifest as
 * it is then, the caller's to finish. */
int take_edit(
	const char *folder, const struct take_edit *edit, struct manifest *take, struct error *e) MUST_CHECK;

/* manifest_save for those that own the rest of a manifest (who has take_lock): the title and the keep of the
 * one on the disk stay, and go into `take`. */
int take_save(struct manifest *take, const char *folder, struct error *e) MUST_CHECK;

/* The same with a manifest as text. */
int take_save_text(const char *text, const char *folder, struct error *e) MUST_CHECK;

#endif
