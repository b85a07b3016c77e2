#include "config/suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 40

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

static int letter(const char *word, size_t i)
{
	return tolower((unsigned char)word[i]);
}

/* Optimal string alignment: three rows of the table are enough. Both words are LONGEST at most. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1];
	size_t length = strlen(b);
	for (size_t j = 0; j <= length; j++)
		rows[0][j] = j;
	size_t *row = rows[0];
	for (size_t i = 1; a[i - 1]; i++) {
		size_t *above = rows[(i - 1) % 3], *second = rows[(i + 1) % 3];
		row = rows[i % 3];
		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t change = letter(a, i - 1) != letter(b, j - 1);
			row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
			if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
				letter(a, i - 2) == letter(b, j - 1))
				row[j] = smallest(row[j], second[j - 2] + 1, row[j]);
		}
	}
	return row[length];
}

static void list(struct suggestion *suggestion, const char *candidate)
{
	size_t used = strlen(suggestion->allowed), room = sizeof(suggestion->allowed) - used;
	if (used > 0 && suggestion->allowed[used - 1] == '.')
		return;
	const char *comma = used ? ", " : "";
	if (used + strlen(candidate) + sizeof(", , ...") < sizeof(suggestion->allowed))
		snprintf(suggestion->allowed + used, room, "%s%s", comma, candidate);
	else
		snprintf(suggestion->allowed + used, room, "%s...", comma);
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
	list(suggestion, candidate);
	const char *word = suggestion->word;
	size_t length = strlen(word), other = strlen(candidate);
	if (length == 0 || length > LONGEST || other > LONGEST)
		return;
	size_t limit = length / 3 > 2 ? length / 3 : 2;
	size_t found = distance(word, candidate);
	if (length >= 3 && found > limit && strstr(candidate, word))
		found = limit;
	if (found > limit || found >= length || found >= other)
		return;
	if (!suggestion->best || found < suggestion->distance) {
		suggestion->best = candidate;
		suggestion->distance = found;
	}
}

char *suggestion_text(const struct suggestion *suggestion, char out[static SUGGESTION_SIZE])
{
	const char *allowed = suggestion->allowed;
	if (suggestion->best)
		snprintf(out, SUGGESTION_SIZE, "did you mean %s? One of %s", suggestion->best, allowed);
	else if (allowed[0])
		snprintf(out, SUGGESTION_SIZE, "one of %s", allowed);
	else
		snprintf(out, SUGGESTION_SIZE, "there are none");
	return out;
}
