#include "config/forms.h"

#include "config/session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n"

/* Past the longest of the words that `text` begins with; the list ends with NULL. */
static const char *skip_word(const char *text, const char *const *words)
{
	size_t longest = 0;
	for (size_t i = 0; words[i]; i++) {
		size_t length = strlen(words[i]);
		if (length > longest && strncmp(text, words[i], length) == 0)
			longest = length;
	}
	return text + longest;
}

/* Past "C", "F#" or "Bb"; NULL if there is no note. */
static const char *skip_note(const char *text)
{
	static const char *const accidentals[] = {"#", "b", "♯", "♭", NULL};
	return text[0] >= 'A' && text[0] <= 'G' ? skip_word(text + 1, accidentals) : NULL;
}

static bool is_input(const char *text)
{
	char *interface;
	int channel;
	if (session_parse_input(text, &interface, &channel) < 0)
		return false;
	free(interface);
	return true;
}

/* Reads a whole number from 1 to `most` and what follows it; 0 if there is none. */
static long read_count(const char *text, long most, const char **rest)
{
	char *end;
	if (!isdigit((unsigned char)text[0]))
		return 0;
	long count = strtol(text, &end, 10);
	*rest = end;
	return count <= most ? count : 0;
}

/* Beats over 1, 2, 4, 8, 16 or 32. */
static bool is_meter(const char *text)
{
	const char *rest = text;
	if (read_count(text, 64, &rest) == 0 || *rest != '/')
		return false;
	long note = read_count(rest + 1, 32, &rest);
	return note > 0 && (note & (note - 1)) == 0 && *rest == '\0';
}

static bool is_musical_key(const char *text)
{
	static const char *const modes[] = {"m", "min", "minor", "maj", "major", "ionian", "dorian",
		"phrygian", "lydian", "mixolydian", "aeolian", "locrian", NULL};
	const char *mode = skip_note(text);
	if (!mode || *mode == '\0')
		return mode != NULL;
	mode += *mode == ' ';
	const char *end = skip_word(mode, modes);
	return end > mode && *end == '\0';
}

/* A root, its quality and perhaps another bass: C, F#m7b5, Gsus4, Bb/D; or one of the signs. */
static bool is_chord(const char *text, size_t length)
{
	static const char quality[] = "abdgijmnosu0123456789#+-()°øΔ♯♭M";
	static const char *const signs[] = {"%", "N.C.", "NC", "-"};
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strlen(signs[i]) == length && strncmp(text, signs[i], length) == 0)
			return true;
	const char *rest = skip_note(text);
	if (!rest || rest > text + length)
		return false;
	rest += strspn(rest, quality);
	if (rest < text + length && *rest == '/')
		rest = skip_note(rest + 1);
	return rest == text + length;
}

/* Bars between |, at least a chord in each; one may stand at either end too, as on paper. */
static bool is_chords(const char *text)
{
	size_t in_bar = 0;
	bool first = true;
	for (const char *at = text + strspn(text, BLANKS); *at; at += strspn(at, BLANKS)) {
		if (*at == '|') {
			if (in_bar == 0 && !first)
				return false;
			in_bar = 0;
			at++;
		} else {
			size_t length = strcspn(at, BLANKS "|");
			if (!is_chord(at, length))
				return false;
			in_bar++;
			at += length;
		}
		first = false;
	}
	return form_chord_bars(text) > 0;
}

size_t form_chord_bars(const char *chords)
{
	size_t bars = 0;
	for (const char *at = chords; *at;) {
		size_t length = strcspn(at, "|");
		bars += strspn(at, BLANKS) < length;
		at += length + (at[length] == '|');
	}
	return bars;
}

static bool is_word(const char *text)
{
	return strpbrk(text, BLANKS) == NULL;
}

#define NOTE "[A-G](#|b|♯|♭)?"

const struct text_form form_input = {
	"input", "INTERFACE/CHANNEL such as xr18/1", "^[^/]+/[1-9][0-9]{0,3}$", is_input};

const struct text_form form_meter = {
	"meter", "beats over a note, such as 4/4 or 6/8", "^0*[1-9][0-9]?/0*(1|2|4|8|16|32)$", is_meter};

const struct text_form form_musical_key = {"key", "a note and its mode, such as Em, F#, Bb or C# minor",
	"^" NOTE "( ?(m|min|minor|maj|major|ionian|dorian|phrygian|lydian|mixolydian|aeolian|locrian))?$",
	is_musical_key};

const struct text_form form_chords = {
	"row of chords", "bars between |, such as Em | C G | % | N.C.", "[A-GN%-]", is_chords};

const struct text_form form_word = {"name of a section", "a word without blanks", "^[^ \\t\\n]+$", is_word};
