/* "Did you mean …?": the candidate nearest to what was written. */
#ifndef WOODSHED_CONFIG_SUGGEST_H
#define WOODSHED_CONFIG_SUGGEST_H

#include <stddef.h>

/* Start with {.word = what was written}, then offer every candidate, the likeliest first. */
struct suggestion {
	const char *word;
	const char *best; /* NULL: nothing near enough */
	size_t distance;
	char allowed[512]; /* all candidates, "a, b, c"; cut with … when they are too many */
};

/* Near is at most 2 edits, or a third of the word's length (Damerau and Levenshtein's, an exchange of
 * neighbours counting as one, case not at all), or being a whole part of the candidate. `candidate` must last
 * as long as the suggestion. */
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

/* What a message ends with: "did you mean BEST? One of A, B, C", "one of A, B, C" or "there are none";
 * returns `out`. */
#define SUGGESTION_SIZE 640

char *suggestion_text(const struct suggestion *suggestion, char out[static SUGGESTION_SIZE]);

#endif
