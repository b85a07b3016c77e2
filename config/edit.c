#include "config/edit.h"

#include "config/preset_search.h"

#define PUNCH(member) offsetof(struct punch_config, member)

enum { LABEL_MOST = 200, NAMES_MOST = 512 };

static const struct key punch_keys[] = {
	{"from", KEY_TEXT, PUNCH(from), .most = 100, .required = true,
		.help = "The take that it is taken from, in the same folder of takes."},
	{"start", KEY_TEXT, PUNCH(start), .most = LABEL_MOST, .required = true,
		.help = "Where it begins in this take: a time such as 1:23.5, or a marker's label."},
	{"end", KEY_TEXT, PUNCH(end), .most = LABEL_MOST, .required = true,
		.help = "Where it ends in this take."},
	{"source", KEY_TEXT, PUNCH(source), .most = LABEL_MOST,
		.help = "Where it begins in the other take; left out: at the same time or label."},
	{"fade", KEY_NUMBER, PUNCH(fade_s), .unit = UNIT_SECONDS, .least = 0.005, .most = 0.02,
		.fallback = "10 ms", .help = "How long each join takes, at equal power."},
	{"tracks", KEY_TEXTS, PUNCH(tracks), .most = 64,
		.help = "The tracks that are taken; all where they are left out, so that they stay one cut."},
};

static const struct record punch_record = {"punch", "A passage from another take.",
	sizeof(struct punch_config), punch_keys, KEY_COUNT(punch_keys)};

static const char *const aligns[] = {"preset", "none", "sources", NULL};
static const char *const trims[] = {"preset", "none", "songs", NULL};

static const char *edit_preset_name(size_t index)
{
	return preset_shipped_name(PRESET_EDIT, index);
}

static const struct key edit_keys[] = {
	{"preset", KEY_TEXT, offsetof(struct edit_config, preset), .fallback = "none",
		.offer = edit_preset_name,
		.help = "The edit preset; what stands beside it replaces what the preset says."},
	EDIT_KEYS(struct edit_config, aligns, trims, "", "", ""),
	{"punch", KEY_RECORDS, offsetof(struct edit_config, punch), .most = EDIT_MOST_PUNCHES,
		.record = &punch_record, .help = "Passages from other takes."},
};

const struct record edit_record = {"edit", "What makes the performance clean.", sizeof(struct edit_config),
	edit_keys, KEY_COUNT(edit_keys)};
