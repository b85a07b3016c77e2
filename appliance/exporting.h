/* A take for other programs: its stems, and a project file that knows them. Blocks. */
#ifndef WOODSHED_APPLIANCE_EXPORTING_H
#define WOODSHED_APPLIANCE_EXPORTING_H

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

enum export_form {
	EXPORT_WAV,	   /* the stems alone */
	EXPORT_REAPER,	   /* TITLE.RPP, audio/ */
	EXPORT_AUDACITY,   /* TITLE.txt: labels, TITLE.lof: the list, audio/ */
	EXPORT_DAWPROJECT, /* TITLE.dawproject, all in one */
	EXPORT_CUE,	   /* the master and a cue sheet of its sections and songs */
	EXPORT_FORMS
};

/* "wav", and back: EXPORT_FORMS for no such form. */
const char *export_form_name(enum export_form form);
enum export_form export_form_of(const char *name);

struct exporting {
	const char *folder;  /* of the take */
	const char *session; /* NULL: the take's own */
	const char *out;     /* made if need be */
	enum export_form form;
	bool force;    /* files that are there already are replaced */
	unsigned jobs; /* threads; 0: one a core */
	void (*progress)(void *data, double done);
	void (*made)(void *data, const char *path); /* a file is there, whole */
	void *data;
	bool wrong_session; /* why it failed: its faults were printed, or it does not fit the take */
};

/* 0 or negative errno: -EEXIST names a file that is there already, and then nothing was written; -EBUSY: it
 * is being recorded; -ENOENT: EXPORT_CUE of a take without a master. */
int export_run(struct exporting *exporting, struct error *e) MUST_CHECK;

#endif
