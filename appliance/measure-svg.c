/* The picture of a measured file. Every colour is a class, so that one file suits light and dark pages. */
#include "appliance/measure.h"

#include "common/memory.h"
#include "common/text.h"
#include "takes/xml.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 960, HEIGHT = 760, LEFT = 70, PLOT_WIDTH = 850, COLUMNS = 850, SPAN_DB = 60 };

struct plot {
	FILE *to;
	double top, height;	/* pixels */
	double y_most, y_least; /* dB at top and bottom */
};

static const char style[] =
	"<style>\n"
	"svg{font:13px system-ui,sans-serif;--back:#fff;--ink:#1c2430;--dim:#5d6876;--grid:#dde2e8;"
	"--fine:#8fb4dd;--main:#0b5cad;--mark:#b3480b;--pass:#1a7f3c;--warn:#b3480b}\n"
	"@media (prefers-color-scheme:dark){svg{--back:#12161c;--ink:#e8ecf1;--dim:#9aa5b1;--grid:#2b333d;"
	"--fine:#3f6a99;--main:#6db3ff;--mark:#ffa25e;--pass:#5dd184;--warn:#ffa25e}}\n"
	".back{fill:var(--back)}text{fill:var(--ink)}.dim{fill:var(--dim)}.title{font-size:18px;font-weight:"
	"600}"
	".head{font-weight:600}.grid{stroke:var(--grid)}.fine{stroke:var(--fine);fill:none}"
	".main{stroke:var(--main);fill:none;stroke-width:2}.bar{fill:var(--main);opacity:.75}"
	".mark{stroke:var(--mark);fill:none;stroke-width:1.5;stroke-dasharray:6 4}.marked{fill:var(--mark)}"
	".pass{fill:var(--pass);font-weight:600}.warn{fill:var(--warn);font-weight:600}.end{text-anchor:end}"
	".middle{text-anchor:middle}\n</style>\n";

static double y_of(const struct plot *plot, double db)
{
	double share =
		(plot->y_most - fmax(fmin(db, plot->y_most), plot->y_least)) / (plot->y_most - plot->y_least);
	return plot->top + share * plot->height;
}

static void put_frame(const struct plot *plot, const char *head, const char *unit)
{
	fprintf(plot->to, "<text class=\"head\" x=\"%d\" y=\"%.0f\">%s</text>\n", LEFT, plot->top - 12, head);
	for (int line = 0; plot->y_most - 10 * line >= plot->y_least; line++) {
		double db = plot->y_most - 10 * line, y = y_of(plot, db);
		fprintf(plot->to,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"dim end\" x=\"%d\" y=\"%.1f\">%.0f</text>\n",
			LEFT, LEFT + PLOT_WIDTH, y, y, LEFT - 8, y + 4, db);
	}
	fprintf(plot->to, "<text class=\"dim end\" x=\"%d\" y=\"%.0f\">%s</text>\n", LEFT - 8, plot->top - 12,
		unit);
}

/* ---- loudness over time ---- */

static double seconds_between(double seconds)
{
	static const double steps[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (seconds / steps[i] <= 10)
			return steps[i];
	return ceil(seconds / 36000) * 3600;
}

static void put_times(const struct plot *plot, double seconds)
{
	double step = seconds_between(seconds);
	for (int i = 0; i * step <= seconds; i++) {
		int at = (int)(i * step);
		fprintf(plot->to, "<text class=\"dim middle\" x=\"%.1f\" y=\"%.0f\">%d:%02d</text>\n",
			LEFT + at / seconds * PLOT_WIDTH, plot->top + plot->height + 18, at / 60, at % 60);
	}
}

/* The highest of each column: what a person would have seen a meter reach. */
static double highest(const struct measure *m, size_t column, size_t columns, bool momentary)
{
	size_t from = column * m->point_count / columns, to = (column + 1) * m->point_count / columns;
	double most = -INFINITY;
	for (size_t i = from; i < to; i++)
		most = fmax(most,
			(double)(momentary ? m->points[i].momentary_lufs : m->points[i].short_term_lufs));
	return most;
}

static void put_curve(const struct plot *plot, const struct measure *m, bool momentary)
{
	size_t columns = m->point_count < COLUMNS ? m->point_count : COLUMNS;
	bool drawn = false;
	fprintf(plot->to, "<path class=\"%s\" d=\"", momentary ? "fine" : "main");
	for (size_t i = 0; i < columns; i++) {
		double lufs = highest(m, i, columns, momentary);
		if (isfinite(lufs)) {
			fprintf(plot->to, "%c%.1f %.1f", drawn ? 'L' : 'M',
				LEFT + ((double)i + 0.5) / (double)columns * PLOT_WIDTH, y_of(plot, lufs));
			drawn = true;
		}
	}
	fputs("\"/>\n", plot->to);
}

static void put_loudness(FILE *to, const struct measure *m)
{
	struct plot plot = {to, 110, 220, 0, -SPAN_DB};
	put_frame(&plot, "Loudness: momentary (thin), short-term, integrated (dashed)", "LUFS");
	double seconds = (double)m->reading.frames / m->rate;
	if (seconds > 0)
		put_times(&plot, seconds);
	put_curve(&plot, m, true);
	put_curve(&plot, m, false);
	if (isfinite(m->reading.integrated_lufs)) {
		double y = y_of(&plot, m->reading.integrated_lufs);
		fprintf(to, "<path class=\"mark\" d=\"M%d %.1fH%d\"/>\n", LEFT, y, LEFT + PLOT_WIDTH);
	}
}

/* ---- the spectrum ---- */

static double x_of(double hz)
{
	const double least = 17.8, most = 22387;
	return LEFT + log(hz / least) / log(most / least) * PLOT_WIDTH;
}

static void put_bars(const struct plot *plot, const struct translation_reading *r)
{
	double edge = pow(10, 0.05);
	for (size_t i = 0; i < LONGTERM_THIRDS; i++) {
		double hz = longterm_third_hz(i), x = x_of(hz / edge), y = y_of(plot, r->third_db[i]);
		fprintf(plot->to,
			"<rect class=\"bar\" x=\"%.1f\" width=\"%.1f\" y=\"%.1f\" height=\"%.1f\"/>\n", x + 1,
			x_of(hz * edge) - x - 2, y, plot->top + plot->height - y);
	}
}

/* The tilt is of power density; a third octave is as much wider as it is higher, which adds 3 dB an octave.
 */
static void put_tilt(const struct plot *plot, const struct translation_reading *r)
{
	double slope = r->tilt_db_per_octave + 10 * log10(2), mean = 0;
	int count = 0;
	for (size_t i = 7; i <= 27; i++, count++)
		mean += r->third_db[i];
	if (!isfinite(slope) || !isfinite(mean))
		return;
	double middle = mean / count, half = log2(10);
	fprintf(plot->to, "<path class=\"mark\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x_of(100),
		y_of(plot, middle - half * slope), x_of(10000), y_of(plot, middle + half * slope));
	fprintf(plot->to, "<text class=\"marked end\" x=\"%d\" y=\"%.0f\">tilt %.1f dB an octave</text>\n",
		LEFT + PLOT_WIDTH, plot->top - 12, r->tilt_db_per_octave);
}

static void put_spectrum(FILE *to, const struct measure *m)
{
	const struct translation_reading *r = &m->translation;
	double most = -INFINITY;
	for (size_t i = 0; i < LONGTERM_THIRDS; i++)
		most = fmax(most, r->third_db[i]);
	most = isfinite(most) ? ceil(most / 10) * 10 : 0;
	struct plot plot = {to, 400, 160, most, most - SPAN_DB};
	put_frame(&plot, "Spectrum: third octaves over the whole", "dBFS");
	static const struct {
		double hz;
		const char *text;
	} ticks[] = {{31.5, "31.5"}, {63, "63"}, {125, "125"}, {250, "250"}, {500, "500"}, {1000, "1 k"},
		{2000, "2 k"}, {4000, "4 k"}, {8000, "8 k"}, {16000, "16 kHz"}};
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
		fprintf(to, "<text class=\"dim middle\" x=\"%.1f\" y=\"%.0f\">%s</text>\n", x_of(ticks[i].hz),
			plot.top + plot.height + 18, ticks[i].text);
	put_bars(&plot, r);
	put_tilt(&plot, r);
}

/* ---- figures ---- */

static void put_heading(FILE *to, const struct measure *m, const char *title)
{
	const struct meter_reading *r = &m->reading;
	fprintf(to, "<text class=\"title\" x=\"%d\" y=\"34\">", LEFT);
	xml_put_text(to, title);
	if (!isfinite(r->integrated_lufs)) {
		fprintf(to,
			"</text>\n<text class=\"dim\" x=\"%d\" y=\"58\">nothing loud enough to "
			"measure</text>\n",
			LEFT);
		return;
	}
	fprintf(to,
		"</text>\n<text class=\"dim\" x=\"%d\" y=\"58\">%.1f LUFS integrated · %.1f dBTP · LRA %.1f "
		"LU "
		"· PLR %.1f LU · PSR %.1f LU · crest %.1f dB",
		LEFT, r->integrated_lufs, r->true_peak_dbtp, r->lra_lu,
		r->true_peak_dbtp - r->integrated_lufs, r->true_peak_dbtp - r->max_short_term_lufs,
		m->crest_db);
	if (isfinite(r->correlation))
		fprintf(to, " · correlation %.2f", r->correlation);
	fputs("</text>\n", to);
}

static void put_verdict(FILE *to, int row, const char *name, bool passes, const char *what)
{
	int y = 640 + 26 * row;
	fprintf(to,
		"<text x=\"%d\" y=\"%d\">%s</text><text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>"
		"<text x=\"%d\" y=\"%d\">%s</text>\n",
		LEFT, y, name, passes ? "pass" : "warn", LEFT + 110, y, passes ? "✓ pass" : "▲ warn",
		LEFT + 200, y, what);
}

static void put_translation(FILE *to, const struct translation_reading *r)
{
	char what[160];
	fprintf(to, "<text class=\"head\" x=\"%d\" y=\"612\">Translation</text>\n", LEFT);
	snprintf(what, sizeof(what), "loses %.1f LU (2), %.1f dB in the third octave that loses most (6)",
		r->mono_loss_lu, r->mono_worst_db);
	put_verdict(to, 0, "Mono", r->mono, what);
	snprintf(what, sizeof(what), "voice against band %+.1f LU (±3); overtones of the bass %.1f dB (−20)",
		r->phone_voice_lu, r->phone_bass_db);
	put_verdict(to, 1, "Phone", r->phone, what);
	snprintf(what, sizeof(what), "%.1f %% of the time above the noise of driving (95)",
		r->car_above * 100);
	put_verdict(to, 2, "Car", r->car, what);
	snprintf(what, sizeof(what), "%.1f s on end for one ear alone or in opposition (3)", r->earbuds_s);
	put_verdict(to, 3, "Earbuds", r->earbuds, what);
}

char *measure_svg(const struct measure *m, const char *title)
{
	struct text text;
	FILE *to = text_open(&text);
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\">\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	fputs(style, to);
	fprintf(to, "<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
	put_heading(to, m, title);
	put_loudness(to, m);
	if (m->translates && isfinite(m->reading.integrated_lufs)) {
		put_spectrum(to, m);
		put_translation(to, &m->translation);
	}
	fputs("</svg>\n", to);
	return text_close(&text);
}
