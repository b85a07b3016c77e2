#include "config/sources.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A band has one of them, however many microphones. */
static const char *const single_roles[] = {"kick", "snare", "bass"};

/* Heard from afar, or by several microphones at a distance that is meant. */
static const char *const far_roles[] = {"room", "overhead"};

static bool is_in(const char *role, const char *const *roles, size_t count)
{
	for (size_t i = 0; role && i < count; i++)
		if (strcmp(roles[i], role) == 0)
			return true;
	return false;
}

static size_t word_length(const char *name)
{
	size_t length = 0;
	while (isalnum((unsigned char)name[length]) || (name[length] & 0x80))
		length++;
	return length;
}

static bool same_first_word(const char *a, const char *b)
{
	size_t length = word_length(a);
	return length > 0 && word_length(b) == length && strncasecmp(a, b, length) == 0;
}

static bool is_di(const struct track_config *track)
{
	return track->role && strcmp(track->role, "di") == 0;
}

static bool is_mono(const struct track_config *track)
{
	return track->input.count == 1 && track->name;
}

static bool same_source(const struct track_config *a, const struct track_config *b)
{
	if (!is_mono(a) || !is_mono(b) || !a->role || !b->role)
		return false;
	if (is_in(a->role, far_roles, KEY_COUNT(far_roles)) ||
		is_in(b->role, far_roles, KEY_COUNT(far_roles)))
		return false;
	if (is_di(a) != is_di(b))
		return same_first_word(a->name, b->name);
	return strcmp(a->role, b->role) == 0 && is_in(a->role, single_roles, KEY_COUNT(single_roles));
}

int sources_first(const struct session *session, size_t track)
{
	const struct track_config *tracks = session->tracks.items;
	size_t first = track;
	/* What is known of the source through another of its tracks counts, too: all go to one. */
	for (size_t i = first; i-- > 0;)
		if (same_source(&tracks[i], &tracks[first]))
			first = i;
	return first < track ? (int)first : -1;
}
