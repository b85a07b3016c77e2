/* What the tables cannot say of a song's arrangement: names that must be there, bars that must add up. */
#include "config/choice.h"
#include "config/forms.h"
#include "config/session_check.h"
#include "config/suggest.h"

#include <string.h>

struct check {
	const struct session *session;
	const struct yaml_node *arrangement; /* NULL: none */
	struct faults *faults;
};

static const struct section_config *section_of(const struct check *c, size_t index)
{
	const struct section_config *sections = c->session->arrangement.sections.items;
	return &sections[index];
}

static const struct yaml_node *section_value(const struct check *c, size_t index, const char *key)
{
	return yaml_value_of(yaml_item(yaml_value_of(c->arrangement, "sections"), index), key);
}

static void check_name(const struct check *c, size_t index)
{
	const char *name = section_of(c, index)->name;
	const struct yaml_node *node = section_value(c, index, "name");
	for (size_t i = 0; name && node && i < index; i++) {
		const char *other = section_of(c, i)->name;
		if (!other || strcmp(name, other) != 0)
			continue;
		faults_add(c->faults, node->line, node->column,
			"arrangement.sections[%zu].name: \"%s\" is taken by sections[%zu]; a name of its "
			"own, "
			"and `order` to play a section again",
			index, name, i);
		return;
	}
}

static void check_chords(const struct check *c, size_t index)
{
	const struct section_config *section = section_of(c, index);
	const struct yaml_node *node = section_value(c, index, "chords");
	size_t bars = section->chords ? form_chord_bars(section->chords) : 0;
	size_t most = section->bars > 0 ? (size_t)section->bars : 0;
	if (!node || bars == 0 || most == 0)
		return;
	if (bars > most)
		faults_add(c->faults, node->line, node->column,
			"arrangement.sections[%zu].chords: %zu bars of chords; %zu at most", index, bars,
			most);
	else if (most % bars != 0)
		faults_warn(c->faults, node->line, node->column,
			"arrangement.sections[%zu].chords: %zu bars of chords do not go evenly into %zu; the "
			"last round is cut",
			index, bars, most);
}

static void check_tempo(const struct check *c, size_t index)
{
	const struct section_config *section = section_of(c, index);
	const struct yaml_node *node = section_value(c, index, "tempo_to");
	if (node && section->tempo_to_bpm > 0 && section->tempo_bpm == 0 && c->session->song.tempo_bpm == 0)
		faults_add(c->faults, node->line, node->column,
			"arrangement.sections[%zu].tempo_to: from no tempo; one in the section or in `song`",
			index);
}

static bool has_tempo(const struct check *c)
{
	bool every = c->session->arrangement.sections.count > 0;
	for (size_t i = 0; i < c->session->arrangement.sections.count; i++)
		every = every && section_of(c, i)->tempo_bpm > 0;
	return every || c->session->song.tempo_bpm > 0;
}

static void warn_click(const struct check *c)
{
	const struct yaml_node *node = yaml_value_of(c->arrangement, "click");
	if (node && c->session->arrangement.click && !has_tempo(c))
		faults_warn(c->faults, node->line, node->column,
			"arrangement.click: no tempo to click at; song: {tempo: BPM}");
}

static const struct section_config *find_section(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->session->arrangement.sections.count; i++)
		if (section_of(c, i)->name && strcmp(section_of(c, i)->name, name) == 0)
			return section_of(c, i);
	return NULL;
}

static void no_section(
	const struct check *c, const struct yaml_node *node, const char *path, const char *name)
{
	struct suggestion suggestion = {.word = name};
	for (size_t i = 0; i < c->session->arrangement.sections.count; i++)
		if (section_of(c, i)->name)
			suggestion_offer(&suggestion, section_of(c, i)->name);
	char mean[SUGGESTION_SIZE];
	faults_add(c->faults, node->line, node->column, "%s: no section \"%.40s\"; %s", path, name,
		suggestion_text(&suggestion, mean));
}

static void check_played(const struct check *c, const struct yaml_node *node, const char *path)
{
	struct section_choice choice;
	if (find_section(c, node->text))
		return;
	if (section_parse_choice(node->text, &choice) < 0) {
		if (strpbrk(node->text, "#@"))
			faults_add(c->faults, node->line, node->column,
				"%s: \"%.40s\" is no choice of bars; a section's name, NAME@5-8 for its bars "
				"5 "
				"to 8, NAME#2 for the second time that it is played",
				path, node->text);
		else
			no_section(c, node, path, node->text);
		return;
	}
	const struct section_config *section = find_section(c, choice.name);
	if (!section)
		no_section(c, node, path, choice.name);
	else if (section->bars > 0 && choice.to > section->bars)
		faults_add(c->faults, node->line, node->column, "%s: %s has no bar %d; 1 to %d", path,
			choice.name, choice.to, section->bars);
}

static void check_order(const struct check *c)
{
	const struct yaml_node *order = yaml_value_of(c->arrangement, "order");
	if (order && order->kind == YAML_TEXT && order->text[0] && !yaml_is_null(order))
		check_played(c, order, "arrangement.order");
	for (size_t i = 0; order && order->kind == YAML_LIST && i < order->count; i++) {
		char path[64];
		snprintf(path, sizeof(path), "arrangement.order[%zu]", i);
		const struct yaml_node *item = order->items[i];
		if (item->kind == YAML_TEXT && form_word.fits(item->text) && item->text[0])
			check_played(c, item, path);
	}
}

/* Without tracks of its own a session takes whatever there is. */
static void check_melody(const struct check *c, const struct yaml_node *root)
{
	const struct yaml_node *node = yaml_value_of(yaml_value_of(root, "song"), "melody");
	const struct track_config *tracks = c->session->tracks.items;
	const char *name = c->session->song.melody;
	struct suggestion suggestion = {.word = name};
	if (!node || !name || c->session->tracks.count == 0)
		return;
	for (size_t i = 0; i < c->session->tracks.count; i++) {
		if (tracks[i].name && strcmp(tracks[i].name, name) == 0)
			return;
		if (tracks[i].name)
			suggestion_offer(&suggestion, tracks[i].name);
	}
	char mean[SUGGESTION_SIZE];
	faults_add(c->faults, node->line, node->column, "song.melody: no track \"%.40s\"; %s", name,
		suggestion_text(&suggestion, mean));
}

void song_check(const struct session *session, const struct yaml_node *root, struct faults *faults)
{
	struct check c = {session, yaml_value_of(root, "arrangement"), faults};
	for (size_t i = 0; i < session->arrangement.sections.count; i++) {
		check_name(&c, i);
		check_chords(&c, i);
		check_tempo(&c, i);
	}
	check_melody(&c, root);
	warn_click(&c);
	check_order(&c);
}
