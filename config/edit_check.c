/* What the tables of keys cannot say of editing: a passage comes from a take in the same folder, and its
 * tracks are the session's. */
#include "config/session_check.h"
#include "config/suggest.h"

#include <string.h>

static bool has_track(const struct session *session, const char *name)
{
	const struct track_config *tracks = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		if (tracks[i].name && strcmp(tracks[i].name, name) == 0)
			return true;
	return false;
}

static void unknown_track(const struct session *session, const char *name, size_t punch, size_t index,
	const struct yaml_node *at, struct faults *faults)
{
	const struct track_config *tracks = session->tracks.items;
	struct suggestion suggestion = {.word = name};
	for (size_t i = 0; i < session->tracks.count; i++)
		if (tracks[i].name)
			suggestion_offer(&suggestion, tracks[i].name);
	char mean[SUGGESTION_SIZE];
	faults_add(faults, at->line, at->column, "edit.punch[%zu].tracks[%zu]: no track \"%.40s\"; %s", punch,
		index, name, suggestion_text(&suggestion, mean));
}

/* Without tracks of its own, a session takes those of the take, which nobody knows here. */
static void check_tracks(const struct session *session, const struct punch_config *punch, size_t index,
	const struct yaml_node *node, struct faults *faults)
{
	const struct yaml_node *list = yaml_value_of(node, "tracks");
	char *const *names = punch->tracks.items;
	for (size_t i = 0; list && session->tracks.count > 0 && i < punch->tracks.count; i++) {
		const struct yaml_node *item = list->kind == YAML_LIST ? yaml_item(list, i) : list;
		if (item && names[i] && !has_track(session, names[i]))
			unknown_track(session, names[i], index, i, item, faults);
	}
}

void edit_check(const struct session *session, const struct yaml_node *root, struct faults *faults)
{
	const struct punch_config *punches = session->edit.punch.items;
	const struct yaml_node *list = yaml_value_of(yaml_value_of(root, "edit"), "punch");
	for (size_t i = 0; i < session->edit.punch.count; i++) {
		const struct yaml_node *node = yaml_item(list, i), *from = yaml_value_of(node, "from");
		const char *take = punches[i].from;
		if (from && take && (take[0] == '.' || take[0] == '\0' || strchr(take, '/')))
			faults_add(faults, from->line, from->column,
				"edit.punch[%zu].from: \"%.60s\" is no take; a take's id, such as "
				"20261122-190311-thursday",
				i, take);
		check_tracks(session, &punches[i], i, node, faults);
	}
}
