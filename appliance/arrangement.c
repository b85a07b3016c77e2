#include "appliance/arrangement.h"

#include "appliance/sections.h"
#include "common/memory.h"
#include "config/choice.h"
#include "config/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " ,\t\n"

static int no_section(
	const struct take_sections *sections, const char *word, const struct manifest *take, struct error *e)
{
	struct suggestion suggestion = {.word = word};
	char mean[SUGGESTION_SIZE];
	for (size_t i = 0; i < sections->count; i++)
		suggestion_offer(&suggestion, sections->list[i].label);
	return error_set(e, EINVAL, "take %s has no section \"%.40s\"; %s", take->id, word,
		suggestion_text(&suggestion, mean));
}

/* ---- pieces ---- */

/* Where bar `bar` (from 0) begins, from the section's start. */
static uint64_t bar_frame(const struct take_section *section, int bar)
{
	return (uint64_t)llround(section_beat(section, bar * section->grid->beats));
}

static int add_piece(struct arrangement *arrangement, const char *word, const struct take_section *section,
	const struct section_choice *choice, struct error *e)
{
	struct arrange_piece piece = {.source = section->frame, .frames = section->frames};
	struct arrangement_piece said = {.from = choice->from};
	if (choice->from > 0) {
		if (!section->grid)
			return error_set(e, EINVAL,
				"%s: the session does not say how many bars %s has, so none can be chosen",
				word, section->label);
		if (choice->to > section->grid->bars)
			return error_set(e, EINVAL, "%s: %s has no bar %d; 1 to %d", word, section->label,
				choice->to, section->grid->bars);
		uint64_t from = bar_frame(section, choice->from - 1), to = bar_frame(section, choice->to);
		if (to <= from)
			return error_set(e, EINVAL, "%s: those bars were not played", word);
		piece.source += from;
		piece.frames = to - from;
		said.bars = choice->to - choice->from + 1;
	}
	said.word = memory_text(word);
	size_t count = arrangement->plan.count++;
	arrangement->pieces = memory_grow(arrangement->pieces, count + 1, sizeof(piece));
	arrangement->words = memory_grow(arrangement->words, count + 1, sizeof(said));
	arrangement->pieces[count] = piece;
	arrangement->words[count] = said;
	return 0;
}

static int add_word(struct arrangement *arrangement, const char *word, const struct take_sections *sections,
	const struct manifest *take, struct error *e)
{
	struct section_choice choice = {.occurrence = 1};
	const struct take_section *section = sections_get(sections, word, 1);
	if (!section && section_parse_choice(word, &choice) < 0)
		return strpbrk(word, "#@")
			       ? error_set(e, EINVAL,
					 "\"%.40s\" is no choice of bars; NAME@5-8 for bars 5 to 8, "
					 "NAME#2 for the second time that it is played",
					 word)
			       : no_section(sections, word, take, e);
	if (!section)
		section = sections_get(sections, choice.name, choice.occurrence);
	if (!section && choice.occurrence > 1 && sections_get(sections, choice.name, 1))
		return error_set(e, EINVAL, "take %s does not have %s %d times", take->id, choice.name,
			choice.occurrence);
	return section ? add_piece(arrangement, word, section, &choice, e)
		       : no_section(sections, choice.name, take, e);
}

/* ---- markers ---- */

static void add_marker(
	struct arrangement *arrangement, uint64_t frame, const char *label, enum marker_kind kind)
{
	size_t count = arrangement->marker_count++;
	arrangement->markers = memory_grow(arrangement->markers, count + 1, sizeof(*arrangement->markers));
	arrangement->markers[count] = (struct take_marker){frame, memory_text(label), kind};
}

static void add_markers(struct arrangement *arrangement, const struct manifest *take)
{
	for (size_t i = 0; i < arrangement->plan.count; i++) {
		const struct arrange_piece *piece = &arrangement->pieces[i];
		struct section_choice choice;
		const char *word = arrangement->words[i].word;
		bool parts = arrangement->words[i].from > 0 || strchr(word, '#');
		const char *label = parts && section_parse_choice(word, &choice) == 0 ? choice.name : word;
		add_marker(arrangement, piece->at, label, MARKER_SECTION);
		for (size_t k = 0; k < take->marker_count; k++) {
			const struct take_marker *marker = &take->markers[k];
			if (marker->kind == MARKER_USER && marker->frame >= piece->source &&
				marker->frame - piece->source < piece->frames)
				add_marker(arrangement, piece->at + (marker->frame - piece->source),
					marker->label, MARKER_USER);
		}
	}
}

/* ---- the whole ---- */

static int add_words(struct arrangement *arrangement, const char *order, const struct session *session,
	const struct take_sections *sections, const struct manifest *take, struct error *e)
{
	char *const *words = session->arrangement.order.items;
	int result = 0;
	if (!order) {
		for (size_t i = 0; i < session->arrangement.order.count && result == 0; i++)
			result = add_word(arrangement, words[i], sections, take, e);
		return result;
	}
	char *copy = memory_text(order), *rest = copy;
	for (char *word; result == 0 && (word = strsep(&rest, SEPARATORS));)
		if (word[0])
			result = add_word(arrangement, word, sections, take, e);
	free(copy);
	if (result == 0 && arrangement->plan.count == 0)
		result = error_set(e, EINVAL, "the order is empty; sections' names, such as \"intro verse\"");
	return result;
}

int arrangement_make(struct arrangement *arrangement, const char *order, const struct session *session,
	const struct manifest *take, struct error *e)
{
	struct take_sections sections;
	*arrangement = (struct arrangement){0};
	sections_find(&sections, session, take);
	int result = 0;
	if (sections.count == 0)
		result = error_set(e, ENOENT,
			"take %s has no section markers, so there is nothing to arrange it by; a click or "
			"finding its sections sets them",
			take->id);
	if (result == 0)
		result = add_words(arrangement, order, session, &sections, take, e);
	sections_finish(&sections);
	if (result < 0) {
		arrangement_finish(arrangement);
		return result;
	}
	arrange_plan_init(
		&arrangement->plan, arrangement->pieces, arrangement->plan.count, take->frames, take->rate);
	add_markers(arrangement, take);
	return 0;
}

void arrangement_finish(struct arrangement *arrangement)
{
	for (size_t i = 0; i < arrangement->plan.count; i++)
		free(arrangement->words[i].word);
	for (size_t i = 0; i < arrangement->marker_count; i++)
		free(arrangement->markers[i].label);
	free(arrangement->words);
	free(arrangement->pieces);
	free(arrangement->markers);
	*arrangement = (struct arrangement){0};
}
