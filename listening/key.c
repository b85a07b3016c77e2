#include "listening/key.h"

#include "listening/chords.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { KEYS = 24 };

/* How much each step of the scale is heard (D. Temperley, "The Cognition of Basic Musical Structures", 2001).
 */
static const double profile[2][CLASSES] = {
	{5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0},
	{5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0},
};

/* What the lowest tones count for beside all of them, and what the first and the last chord do beside the
 * profile's correlation. */
static const double lowest_weight = 0.45, ends_weight = 0.06;
static const double fit_enough = 0.55, lead_slope = 20;

static double correlation(const double *classes, const double *scale, int tonic)
{
	double mean_c = 0, mean_s = 0, both = 0, of_c = 1e-12, of_s = 1e-12;
	for (int i = 0; i < CLASSES; i++) {
		mean_c += classes[i] / CLASSES;
		mean_s += scale[i] / CLASSES;
	}
	for (int i = 0; i < CLASSES; i++) {
		double c = classes[(i + tonic) % CLASSES] - mean_c, s = scale[i] - mean_s;
		both += c * s;
		of_c += c * c;
		of_s += s * s;
	}
	return both / sqrt(of_c * of_s);
}

/* Songs begin and end at home: 0 to 2. */
static double at_home(const struct chord_span *chords, size_t count, int tonic, bool minor)
{
	const struct chord_span *first = NULL, *last = NULL;
	for (size_t i = 0; i < count; i++) {
		if (chords[i].root < 0)
			continue;
		first = first ? first : &chords[i];
		last = &chords[i];
	}
	double home = 0;
	if (first && first->root == tonic)
		home += first->minor == minor ? 1 : 0.5;
	if (last && last->root == tonic)
		home += last->minor == minor ? 1 : 0.5;
	return home;
}

static void sum_classes(const struct harmony *harmony, double *classes)
{
	double all[CLASSES] = {0}, lowest[CLASSES] = {0}, of_all = 1e-12, of_lowest = 1e-12;
	for (size_t i = 0; i < harmony->spectra * CLASSES; i++) {
		all[i % CLASSES] += harmony->classes[i];
		lowest[i % CLASSES] += harmony->lowest[i];
		of_all += harmony->classes[i];
		of_lowest += harmony->lowest[i];
	}
	for (int c = 0; c < CLASSES; c++)
		classes[c] = all[c] / of_all + lowest_weight * lowest[c] / of_lowest;
}

struct key_found key_find(const struct harmony *harmony, const struct chord_span *chords, size_t count)
{
	double classes[CLASSES], best = -9, next = -9;
	struct key_found found = {0};
	sum_classes(harmony, classes);
	for (int key = 0; key < KEYS; key++) {
		int tonic = key / 2;
		bool minor = key % 2;
		double fit = correlation(classes, profile[minor], tonic) +
			     ends_weight * at_home(chords, count, tonic, minor);
		next = fmax(next, fmin(fit, best));
		if (fit > best) {
			best = fit;
			found.tonic = tonic;
			found.minor = minor;
		}
	}
	/* Noise fits no scale; two scales that fit alike leave it to chance which is taken. */
	found.confidence = fmin(1, fmax(0, best / fit_enough)) / (1 + exp(-lead_slope * (best - next)));
	return found;
}

const char *key_name(int tonic, bool minor)
{
	static const char *const names[CLASSES][2] = {{"C", "Cm"}, {"C#", "C#m"}, {"D", "Dm"}, {"Eb", "Ebm"},
		{"E", "Em"}, {"F", "Fm"}, {"F#", "F#m"}, {"G", "Gm"}, {"Ab", "G#m"}, {"A", "Am"},
		{"Bb", "Bbm"}, {"B", "Bm"}};
	return names[tonic % CLASSES][minor];
}

bool key_parse(const char *text, int *tonic, bool *minor)
{
	static const int steps[] = {['A' - 'A'] = 9,
		['B' - 'A'] = 11,
		['C' - 'A'] = 0,
		['D' - 'A'] = 2,
		['E' - 'A'] = 4,
		['F' - 'A'] = 5,
		['G' - 'A'] = 7};
	if (!text || text[0] < 'A' || text[0] > 'G')
		return false;
	int note = steps[text[0] - 'A'];
	const char *rest = text + 1;
	if (*rest == '#' || *rest == 'b')
		note += *rest++ == '#' ? 1 : CLASSES - 1;
	while (isspace((unsigned char)*rest))
		rest++;
	*tonic = note % CLASSES;
	*minor = strcmp(rest, "m") == 0 || strncmp(rest, "min", 3) == 0;
	return *minor || *rest == '\0' || strncmp(rest, "maj", 3) == 0;
}
