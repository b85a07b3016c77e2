/* woodshed measure: what finished files measure. */
#include "appliance/measure.h"
#include "appliance/subcommand.h"
#include "common/file.h"
#include "common/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 10000, DIGITS = 8 };

static void print_figure(const char *name, double value, const char *unit)
{
	if (isfinite(value))
		printf("  %-20s %8.2f %s\n", name, value, unit);
	else
		printf("  %-20s %8s\n", name, "-");
}

static void print_verdict(const char *name, bool passes, const char *what)
{
	printf("  %-10s %s  %s\n", name, passes ? "pass" : "warn", what);
}

static void print_translation(const struct translation_reading *r)
{
	char what[160];
	snprintf(what, sizeof(what), "the fold loses %.1f LU, %.1f dB in the band that loses most",
		r->mono_loss_lu, r->mono_worst_db);
	print_verdict("mono", r->mono, what);
	snprintf(what, sizeof(what), "voice against band changes by %+.1f LU; %s", r->phone_voice_lu,
		r->phone_bass_db == 0			  ? "there is no bass"
		: r->phone_bass_db >= TRANSLATION_BASS_DB ? "the bass is heard by its overtones"
							  : "the bass is not heard");
	print_verdict("phone", r->phone, what);
	snprintf(what, sizeof(what), "%.1f %% of the time above the noise of driving", r->car_above * 100);
	print_verdict("car", r->car, what);
	snprintf(what, sizeof(what), "%.1f s on end for one ear alone or in opposition", r->earbuds_s);
	print_verdict("earbuds", r->earbuds, what);
}

static void print(const char *path, const struct measure *m)
{
	const struct meter_reading *r = &m->reading;
	printf("%s: %s, %u Hz, %u channel%s, %.1f s\n", path, m->format, m->rate, m->channels,
		m->channels == 1 ? "" : "s", (double)r->frames / m->rate);
	print_figure("integrated", r->integrated_lufs, "LUFS");
	print_figure("momentary, at most", r->max_momentary_lufs, "LUFS");
	print_figure("short-term, at most", r->max_short_term_lufs, "LUFS");
	print_figure("loudness range", r->lra_lu, "LU");
	print_figure("true peak", r->true_peak_dbtp, "dBTP");
	print_figure("PLR", r->true_peak_dbtp - r->integrated_lufs, "LU");
	print_figure("PSR", r->true_peak_dbtp - r->max_short_term_lufs, "LU");
	print_figure("crest factor", m->crest_db, "dB");
	print_figure("correlation", r->correlation, "");
	if (!m->translates)
		return;
	print_figure("spectral tilt", m->translation.tilt_db_per_octave, "dB/octave");
	if (isfinite(r->integrated_lufs))
		print_translation(&m->translation);
}

static int draw(const struct measure *m, const char *path, const char *out, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char *svg = measure_svg(m, slash ? slash + 1 : path);
	int result = file_replace(out, svg, strlen(svg), e);
	free(svg);
	return result;
}

/* `list` NULL: for a person. */
static int measure_one(const char *path, json_t *list, const char *svg)
{
	struct measure m;
	struct error e;
	int result = measure_file(&m, path, &e);
	if (result == 0 && svg)
		result = draw(&m, path, svg, &e);
	if (result < 0) {
		measure_finish(&m);
		return subcommand_failed(&e);
	}
	if (list) {
		json_t *one = measure_json(&m);
		json_object_set_new(one, "file", json_string(path));
		json_array_append_new(list, one);
	} else {
		print(path, &m);
	}
	measure_finish(&m);
	return EXIT_DONE;
}

/* One file's figures stand alone, so that a script need not look into a list; several are one. */
static void print_json(json_t *list, int files)
{
	json_t *shown = files == 1 ? json_array_get(list, 0) : list;
	if (shown) {
		json_dumpf(shown, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
		putchar('\n');
	}
	json_decref(list);
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	const char *svg = subcommand_option(command, arguments, "svg");
	json_t *list = subcommand_option(command, arguments, "json") ? json_array() : NULL;
	if (svg && arguments->word_count > 1)
		return subcommand_misused(command, "--svg draws one file, not %d", arguments->word_count);
	int status = EXIT_DONE;
	for (int i = 0; i < arguments->word_count; i++)
		if (measure_one(arguments->words[i], list, svg) != EXIT_DONE)
			status = EXIT_FAILED;
	if (list)
		print_json(list, arguments->word_count);
	return status;
}

const struct subcommand subcommand_measure = {
	.name = "measure",
	.synopsis = "FILE…",
	.least_words = 1,
	.most_words = FILES_MOST,
	.help = "loudness, true peak, spectrum and translation of sound files",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			{"json", NULL, "as JSON: one file's figures, or a list of several files'"},
			{"svg", "OUT", "draw loudness over time, spectrum and translation of one file"},
		},
	.run = run,
};
