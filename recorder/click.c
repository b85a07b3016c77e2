#include "recorder/click.h"

#include "common/memory.h"
#include "takes/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A click is gone 60 dB after seven times its decay. */
#define HEARD 7.0
#define A4_HZ 440.0
#define ENDLESS_S (4.0 * 3600) /* the longest that a take may be asked for by default */

enum { NOTES_MOST = 5, GUIDE_LOWEST = 48 /* MIDI: C3 */, A4 = 69 };

static const struct click_sound bar = {.hz = 1760, .level = 0.5F, .decay_s = 0.006F};
static const struct click_sound group = {.hz = 1320, .level = 0.35F, .decay_s = 0.006F};
static const struct click_sound beat = {.hz = 1100, .level = 0.25F, .decay_s = 0.006F};
static const struct click_sound tone = {.level = 0.05F, .decay_s = 0.35F};

static void add(struct click *click, const struct click_sound *sound, double at)
{
	double heard = HEARD * (double)sound->decay_s * click->rate;
	click->sounds = memory_grow(click->sounds, click->count + 1, sizeof(*click->sounds));
	click->sounds[click->count] = *sound;
	click->sounds[click->count++].at = at;
	click->longest = fmax(click->longest, heard);
}

/* Eighths and sixteenths by threes are felt in groups: 6/8, 9/8, 12/8. */
static const struct click_sound *sound_of(const struct grid_section *section, int number)
{
	bool compound = section->note >= 8 && section->beats > 3 && section->beats % 3 == 0;
	return number == 0 ? &bar : compound && number % 3 == 0 ? &group : &beat;
}

/* ---- the guide ---- */

/* Semitones above the root of the third, fifth and seventh; 0: none. */
struct quality {
	const char *name;
	int third, fifth, seventh;
};

/* The longest that a chord's name goes on with is taken. */
static const struct quality qualities[] = {
	{"", 4, 7, 0},
	{"m", 3, 7, 0},
	{"min", 3, 7, 0},
	{"-", 3, 7, 0},
	{"maj", 4, 7, 0},
	{"7", 4, 7, 10},
	{"9", 4, 7, 10},
	{"13", 4, 7, 10},
	{"m7", 3, 7, 10},
	{"min7", 3, 7, 10},
	{"-7", 3, 7, 10},
	{"m9", 3, 7, 10},
	{"maj7", 4, 7, 11},
	{"maj9", 4, 7, 11},
	{"M7", 4, 7, 11},
	{"Δ", 4, 7, 11},
	{"6", 4, 7, 9},
	{"m6", 3, 7, 9},
	{"sus", 5, 7, 0},
	{"sus2", 2, 7, 0},
	{"sus4", 5, 7, 0},
	{"7sus4", 5, 7, 10},
	{"dim", 3, 6, 0},
	{"°", 3, 6, 0},
	{"dim7", 3, 6, 9},
	{"°7", 3, 6, 9},
	{"m7b5", 3, 6, 10},
	{"ø", 3, 6, 10},
	{"aug", 4, 8, 0},
	{"+", 4, 8, 0},
	{"5", 0, 7, 0},
};

/* The pitch class of the note at `*at`, which is moved past it; -1 if there is none. */
static int read_note(const char **at, const char *end)
{
	static const int classes[] = {['A' - 'A'] = 9, 11, 0, 2, 4, 5, 7};
	if (*at >= end || **at < 'A' || **at > 'G')
		return -1;
	int note = classes[*(*at)++ - 'A'];
	static const struct {
		const char *sign;
		int by;
	} signs[] = {{"#", 1}, {"♯", 1}, {"b", -1}, {"♭", -1}};
	for (size_t i = 0; i < KEY_COUNT(signs); i++) {
		size_t length = strlen(signs[i].sign);
		if ((size_t)(end - *at) >= length && strncmp(*at, signs[i].sign, length) == 0) {
			*at += length;
			return (note + signs[i].by + 12) % 12;
		}
	}
	return note;
}

static const struct quality *find_quality(const char *text, size_t length)
{
	const struct quality *best = &qualities[0];
	for (size_t i = 0; i < KEY_COUNT(qualities); i++) {
		size_t n = strlen(qualities[i].name);
		if (n <= length && n > strlen(best->name) && strncmp(text, qualities[i].name, n) == 0)
			best = &qualities[i];
	}
	return best;
}

/* MIDI notes of a chord; none of "N.C.". */
static size_t notes_of(const char *text, size_t length, int notes[static NOTES_MOST])
{
	const char *at = text, *end = text + length;
	const char *slash = memchr(text, '/', length);
	int root = read_note(&at, end), bass = -1;
	if (root < 0)
		return 0;
	const struct quality *quality = find_quality(at, (size_t)((slash ? slash : end) - at));
	if (slash && ++slash < end)
		bass = read_note(&slash, end);
	size_t count = 0;
	int low = GUIDE_LOWEST + root;
	if (bass >= 0 && bass != root)
		notes[count++] = GUIDE_LOWEST - 12 + bass;
	notes[count++] = low;
	const int steps[] = {quality->third, quality->fifth, quality->seventh};
	for (size_t i = 0; i < KEY_COUNT(steps); i++)
		if (steps[i] > 0)
			notes[count++] = low + steps[i];
	return count;
}

static void add_chord(struct click *click, const char *text, size_t length, double at)
{
	int notes[NOTES_MOST];
	size_t count = length > 0 ? notes_of(text, length, notes) : 0;
	for (size_t i = 0; i < count; i++) {
		struct click_sound sound = tone;
		sound.hz = (float)(A4_HZ * exp2((notes[i] - A4) / 12.0));
		add(click, &sound, at);
	}
}

/* The chords of a bar share it evenly; "%" is the one before. */
static void add_bar(
	struct click *click, struct grid_bar chords, struct grid_bar *last, double at, double length)
{
	static const char blanks[] = " \t\n";
	size_t count = 0, number = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (const char *word = chords.text, *end = chords.text + chords.length; word < end;) {
			size_t n = 0;
			while (word + n < end && !strchr(blanks, word[n]))
				n++;
			if (n > 0 && pass == 0)
				count++;
			if (n > 0 && pass == 1) {
				if (*word != '%')
					*last = (struct grid_bar){word, n};
				add_chord(click, last->text, last->length,
					at + length * (double)number++ / (double)count);
			}
			word += n + (word + n < end);
		}
	}
}

/* ---- the song ---- */

static void add_section(struct click *click, const struct grid_section *section, double start, bool guide,
	struct grid_bar *last)
{
	for (int b = 0; b < section->bars; b++) {
		int first = b * section->beats;
		double at = start + grid_beat_s(section, first) * click->rate;
		double end = start + grid_beat_s(section, first + section->beats) * click->rate;
		for (int n = 0; n < section->beats; n++)
			add(click, sound_of(section, n),
				start + grid_beat_s(section, first + n) * click->rate);
		if (guide && section->section->chords)
			add_bar(click, grid_chords(section->section, b), last, at, end - at);
	}
}

/* At the tempo that the first section begins with. */
static void add_count_in(struct click *click, const struct grid_section *first, int bars, double bar_1)
{
	double beat_frames = 60 / first->tempo_bpm * click->rate;
	for (int n = bars * first->beats; n > 0; n--)
		add(click, sound_of(first, (bars * first->beats - n) % first->beats),
			bar_1 - n * beat_frames);
}

static int by_place(const void *a, const void *b)
{
	const struct click_sound *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

/* The session's sections, or, of a song with none, one that outlasts every take. */
static void make_times(struct grid *grid, const struct session *session)
{
	static const struct section_config unnamed;
	const struct song_config *song = &session->song;
	grid_make(grid, session, false);
	if (session->arrangement.sections.count > 0 || !(song->tempo_bpm > 0))
		return;
	free(grid->sections);
	grid->sections = memory_array(1, sizeof(*grid->sections));
	struct grid_section *endless = grid->sections;
	*endless = (struct grid_section){.section = &unnamed, .first_bar = 1, .length_s = ENDLESS_S};
	endless->tempo_bpm = endless->tempo_to_bpm = song->tempo_bpm;
	grid_meter(song->meter, &endless->beats, &endless->note);
	endless->bars = (int)(ENDLESS_S / 60 * song->tempo_bpm) / endless->beats;
	*grid = (struct grid){.sections = endless, .count = 1, .timed = true};
}

void click_make(struct click *click, const struct session *session, uint64_t bar_1, uint32_t rate)
{
	struct grid grid;
	struct grid_bar last = {0};
	*click = (struct click){.rate = rate};
	make_times(&grid, session);
	if (grid.timed) {
		add_count_in(click, &grid.sections[0], session->arrangement.count_in, (double)bar_1);
		for (size_t i = 0; i < grid.count; i++)
			add_section(click, &grid.sections[i], (double)bar_1 + grid.sections[i].start_s * rate,
				session->arrangement.guide, &last);
		qsort(click->sounds, click->count, sizeof(*click->sounds), by_place);
	}
	grid_finish(&grid);
}

void click_move(struct click *click, double frames)
{
	for (size_t i = 0; i < click->count; i++)
		click->sounds[i].at += frames;
}

void click_finish(struct click *click)
{
	free(click->sounds);
	*click = (struct click){0};
}

bool click_is_wanted(const struct session *session)
{
	struct grid grid;
	make_times(&grid, session);
	bool wanted = session->arrangement.click && grid.timed;
	grid_finish(&grid);
	return wanted;
}

double click_count_in_s(const struct session *session)
{
	struct grid grid;
	make_times(&grid, session);
	double seconds = grid.timed ? session->arrangement.count_in * grid.sections[0].beats * 60 /
					      grid.sections[0].tempo_bpm
				    : 0;
	grid_finish(&grid);
	return seconds;
}

/* ---- rendering ---- */

/* The first sound that may still be heard at `frame`. */
static size_t first_heard(const struct click *click, double frame)
{
	size_t low = 0, high = click->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (click->sounds[middle].at + click->longest < frame)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_sound(const struct click *click, const struct click_sound *sound, double frame, double step,
	float *out, uint32_t n)
{
	double first = floor((sound->at - frame) / step + 0.5);
	uint32_t from = first > 0 ? (uint32_t)first : 0;
	double heard = HEARD * (double)sound->decay_s;
	for (uint32_t i = from; i < n; i++) {
		double t = (frame + i * step - sound->at) / click->rate;
		if (t > heard)
			return;
		double value = cos(2 * M_PI * (double)sound->hz * t) * exp(-t / (double)sound->decay_s);
		out[i] += (float)((double)sound->level * value);
	}
}

void click_render(const struct click *click, double frame, double step, float *out, uint32_t frames)
{
	double end = frame + frames * step;
	memset(out, 0, frames * sizeof(*out));
	for (size_t i = first_heard(click, frame); i < click->count && click->sounds[i].at < end; i++)
		add_sound(click, &click->sounds[i], frame, step, out, frames);
}
