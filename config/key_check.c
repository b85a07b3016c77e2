/* What the tables of keys cannot say of chains: the tracks that processors listen to are tracks of the
 * session. What a preset names is not told here, since it has no place in the session's file. */
#include "config/schema.h"
#include "config/session_check.h"
#include "config/suggest.h"

#include <string.h>

static void check_track_name(
	const struct session *session, const struct yaml_node *node, const char *path, struct faults *faults)
{
	const struct track_config *tracks = session->tracks.items;
	struct suggestion suggestion = {.word = node->text};
	char mean[SUGGESTION_SIZE];
	for (size_t i = 0; i < session->tracks.count; i++) {
		if (!tracks[i].name)
			continue;
		if (strcmp(tracks[i].name, node->text) == 0)
			return;
		suggestion_offer(&suggestion, tracks[i].name);
	}
	faults_add(faults, node->line, node->column, "%s: no track \"%.40s\"; %s", path, node->text,
		suggestion_text(&suggestion, mean));
}

/* `item` is {processor: {settings}}, or else a fault already. */
static void check_insert(const struct session *session, const struct yaml_node *item,
	const struct record_table *processors, const char *path, struct faults *faults)
{
	const struct yaml_pair *insert = item->kind == YAML_MAP && item->count == 1 ? item->pairs : NULL;
	const struct record *type = insert ? schema_find_record(processors, insert->key) : NULL;
	for (size_t i = 0; type && i < type->key_count; i++) {
		const struct key *key = &type->keys[i];
		const struct yaml_node *node = yaml_value_of(insert->value, key->name);
		char at[160];
		if (!key->track || !node || node->kind != YAML_TEXT || yaml_is_null(node))
			continue;
		snprintf(at, sizeof(at), "%s.%s.%s", path, type->name, key->name);
		check_track_name(session, node, at, faults);
	}
}

void key_check(const struct session *session, const struct yaml_node *root,
	const struct record_table *processors, struct faults *faults)
{
	static const struct {
		const char *list, *chain;
	} places[] = {{"tracks", "edit"}, {"tracks", "edit+"}, {"tracks", "chain"}, {"tracks", "chain+"},
		{"buses", "chain"}};
	/* Without tracks of its own a session takes those of the take, which nobody knows here. */
	for (size_t p = 0; session->tracks.count > 0 && p < sizeof(places) / sizeof(places[0]); p++) {
		const struct yaml_node *list = yaml_value_of(root, places[p].list), *owner;
		for (size_t i = 0; (owner = yaml_item(list, i)) != NULL; i++) {
			const struct yaml_node *chain = yaml_value_of(owner, places[p].chain), *item;
			for (size_t k = 0; (item = yaml_item(chain, k)) != NULL; k++) {
				char path[96];
				snprintf(path, sizeof(path), "%s[%zu].%s[%zu]", places[p].list, i,
					places[p].chain, k);
				check_insert(session, item, processors, path, faults);
			}
		}
	}
}
