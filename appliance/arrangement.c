#include "appliance/arrangement.h"

#include "common/memory.h"
#include "config/choice.h"
#include "config/suggest.h"
#include "takes/grid.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " ,\t\n"

/* A section of the take. */
struct part {
	const char *label;
	uint64_t frame, frames;
	const struct grid_section *grid; /* the session's of that name; NULL: none */
};

struct parts {
	struct part *list;
	size_t count;
	struct grid grid;
};

/* ---- the take's sections ---- */

static const struct grid_section *find_grid(const struct grid *grid, const char *label)
{
	for (size_t i = 0; i < grid->count; i++)
		if (strcmp(grid->sections[i].section->name, label) == 0)
			return &grid->sections[i];
	return NULL;
}

static uint64_t next_marker(
	const struct manifest *take, uint64_t after, enum marker_kind kind, uint64_t otherwise)
{
	uint64_t found = otherwise;
	for (size_t i = 0; i < take->marker_count; i++) {
		uint64_t frame = take->markers[i].frame;
		if (take->markers[i].kind == kind && frame > after && frame < found)
			found = frame;
	}
	return found;
}

/* Where a section ends that no other follows. */
static uint64_t end_of_last(const struct part *part, const struct manifest *take)
{
	if (part->grid && part->grid->tempo_bpm > 0) {
		uint64_t frames = (uint64_t)llround(part->grid->length_s * take->rate);
		if (part->frame + frames < take->frames)
			return part->frame + frames;
	}
	return next_marker(take, part->frame, MARKER_SONG, take->frames);
}

static int by_frame(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static void find_parts(struct parts *parts, const struct session *session, const struct manifest *take)
{
	grid_make(&parts->grid, session, false);
	parts->list = memory_array(take->marker_count, sizeof(*parts->list));
	for (size_t i = 0; i < take->marker_count; i++) {
		const struct take_marker *marker = &take->markers[i];
		if (marker->kind == MARKER_SECTION && marker->frame < take->frames)
			parts->list[parts->count++] = (struct part){
				marker->label, marker->frame, 0, find_grid(&parts->grid, marker->label)};
	}
	if (parts->count > 0)
		qsort(parts->list, parts->count, sizeof(*parts->list), by_frame);
	for (size_t i = 0; i < parts->count; i++) {
		struct part *part = &parts->list[i];
		uint64_t end = i + 1 < parts->count ? parts->list[i + 1].frame : end_of_last(part, take);
		part->frames = end - part->frame;
	}
}

static void finish_parts(struct parts *parts)
{
	free(parts->list);
	grid_finish(&parts->grid);
}

static const struct part *find_part(const struct parts *parts, const char *label, int occurrence)
{
	for (size_t i = 0; i < parts->count; i++)
		if (parts->list[i].frames > 0 && strcmp(parts->list[i].label, label) == 0 &&
			--occurrence == 0)
			return &parts->list[i];
	return NULL;
}

static int no_part(const struct parts *parts, const char *word, const struct manifest *take, struct error *e)
{
	struct suggestion suggestion = {.word = word};
	char mean[SUGGESTION_SIZE];
	for (size_t i = 0; i < parts->count; i++)
		suggestion_offer(&suggestion, parts->list[i].label);
	return error_set(e, EINVAL, "take %s has no section \"%.40s\"; %s", take->id, word,
		suggestion_text(&suggestion, mean));
}

/* ---- bars ---- */

/* Where bar `bar` (from 0) of a part begins, from its start: as the grid has it, stretched to how the part
 * was played; evenly without a tempo. */
static uint64_t bar_frame(const struct part *part, int bar)
{
	const struct grid_section *grid = part->grid;
	double share = grid->length_s > 0 ? grid_beat_s(grid, bar * grid->beats) / grid->length_s
					  : (double)bar / grid->bars;
	return (uint64_t)llround(share * (double)part->frames);
}

static int add_piece(struct arrangement *arrangement, const char *word, const struct part *part,
	const struct section_choice *choice, struct error *e)
{
	struct arrange_piece piece = {.source = part->frame, .frames = part->frames};
	struct arrangement_piece said = {.from = choice->from};
	if (choice->from > 0) {
		if (!part->grid)
			return error_set(e, EINVAL,
				"%s: the session does not say how many bars %s has, so none can be chosen",
				word, part->label);
		if (choice->to > part->grid->bars)
			return error_set(e, EINVAL, "%s: %s has no bar %d; 1 to %d", word, part->label,
				choice->to, part->grid->bars);
		uint64_t from = bar_frame(part, choice->from - 1), to = bar_frame(part, choice->to);
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

static int add_word(struct arrangement *arrangement, const char *word, const struct parts *parts,
	const struct manifest *take, struct error *e)
{
	struct section_choice choice = {.occurrence = 1};
	const struct part *part = find_part(parts, word, 1);
	if (!part && section_parse_choice(word, &choice) < 0)
		return strpbrk(word, "#@")
			       ? error_set(e, EINVAL,
					 "\"%.40s\" is no choice of bars; NAME@5-8 for bars 5 to 8, "
					 "NAME#2 for the second time that it is played",
					 word)
			       : no_part(parts, word, take, e);
	if (!part)
		part = find_part(parts, choice.name, choice.occurrence);
	if (!part && choice.occurrence > 1 && find_part(parts, choice.name, 1))
		return error_set(e, EINVAL, "take %s does not have %s %d times", take->id, choice.name,
			choice.occurrence);
	return part ? add_piece(arrangement, word, part, &choice, e) : no_part(parts, choice.name, take, e);
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
	const struct parts *parts, const struct manifest *take, struct error *e)
{
	char *const *words = session->arrangement.order.items;
	int result = 0;
	if (!order) {
		for (size_t i = 0; i < session->arrangement.order.count && result == 0; i++)
			result = add_word(arrangement, words[i], parts, take, e);
		return result;
	}
	char *copy = memory_text(order), *rest = copy;
	for (char *word; result == 0 && (word = strsep(&rest, SEPARATORS));)
		if (word[0])
			result = add_word(arrangement, word, parts, take, e);
	free(copy);
	if (result == 0 && arrangement->plan.count == 0)
		result = error_set(e, EINVAL, "the order is empty; sections' names, such as \"intro verse\"");
	return result;
}

int arrangement_make(struct arrangement *arrangement, const char *order, const struct session *session,
	const struct manifest *take, struct error *e)
{
	struct parts parts = {0};
	*arrangement = (struct arrangement){0};
	find_parts(&parts, session, take);
	int result = 0;
	if (parts.count == 0)
		result = error_set(e, ENOENT,
			"take %s has no section markers, so there is nothing to arrange it by; a click or "
			"finding its sections sets them",
			take->id);
	if (result == 0)
		result = add_words(arrangement, order, session, &parts, take, e);
	finish_parts(&parts);
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
