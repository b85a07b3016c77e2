/* What an edit preset holds: the processors that each track goes through before the mix, and how the ends of
 * a take are cut. Any thread; reads the disk. */
#ifndef WOODSHED_CONFIG_EDIT_PRESET_H
#define WOODSHED_CONFIG_EDIT_PRESET_H

#include "config/edit.h"
#include "config/preset_tree.h"

/* The table of keys of its files. */
extern const struct record edit_preset_record;

struct edit_preset {
	struct preset_request request;
	struct preset_tree tree;
	int align, trim; /* enum edit_align, enum edit_trim; never _PRESET */
	double lead_in_s, lead_out_s, fade_in_s, fade_out_s;
};

/* 0, or -EINVAL with what is wrong in request->faults, at `place` or in the preset's own file. What `request`
 * points to has to last as long as the preset. On failure nothing is left to finish. */
int edit_preset_open(struct edit_preset *preset, const struct preset_request *request, const char *name,
	const struct preset_place *place) MUST_CHECK;
void edit_preset_finish(struct edit_preset *preset); /* a zeroed value is fine */

/* Makes `chain` (of struct key_insert, the caller's) that of a track of `role` (NULL: none): the preset's for
 * the role, else the one for all. 0, or -EINVAL with what is wrong in the request's faults. */
int edit_preset_chain(const struct edit_preset *preset, const char *role, struct key_list *chain) MUST_CHECK;

/* Puts the processor `align`, to the track `to`, in front of `chain`. */
void edit_preset_add_align(
	struct key_list *chain, const struct record_table *processors, const char *to, struct faults *faults);

#endif
