/* The song sheet as a page: one file, for a phone on a stand. Nothing is fetched and nothing runs. */
#include "appliance/song-sheet.h"

#include "takes/xml.h"

#include <string.h>

enum { BARS_A_ROW = 4 };

static const char style[] =
	":root{color-scheme:light "
	"dark;--ink:#1b1b1f;--paper:#fdfcf8;--line:#b9b4a7;--quiet:#6a665c;--name:#8a3b12}"
	"@media(prefers-color-scheme:dark){:root{--ink:#ece9e0;--paper:#16161a;--line:#4a4842;--quiet:#"
	"a09b8d;"
	"--name:#f0a873}}"
	"body{margin:0 auto;max-width:46rem;padding:1rem;background:var(--paper);color:var(--ink);"
	"font:1.05rem/1.45 system-ui,sans-serif}"
	"h1{margin:0;font-size:1.7rem}h2{margin:1.6rem 0 .3rem;font-size:1.1rem;color:var(--name)}"
	"h2 small,.facts,.artist{color:var(--quiet);font-weight:400;font-size:.95rem}"
	".artist{margin:.1rem 0}.facts{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.4rem 0;padding:0;"
	"list-style:none}.facts b{color:var(--ink)}"
	".row{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));border-left:2px solid var(--line);"
	"margin-top:.35rem}"
	".bar{border-right:2px solid var(--line);padding:.2rem .5rem;font-weight:600;overflow-wrap:anywhere;"
	"min-height:1.45em}"
	".words{margin:.1rem 0 .1rem .6rem}"
	".order{margin-top:1.8rem;border-top:1px solid var(--line);padding-top:.6rem}"
	"@media print{body{max-width:none;font-size:11pt}h2{break-after:avoid}.row{break-inside:avoid}}";

static void put_fact(FILE *out, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	fprintf(out, "<li>%s <b>", name);
	xml_put_text(out, value);
	fputs("</b></li>", out);
}

static void put_facts(FILE *out, const struct song_sheet *sheet)
{
	const struct song_config *song = &sheet->session->song;
	char number[32] = "", time[32];
	fputs("<ul class=\"facts\">", out);
	put_fact(out, "Key", song->key);
	if (song->tempo_bpm > 0)
		snprintf(number, sizeof(number), "%.10g", song->tempo_bpm);
	put_fact(out, "Tempo", number);
	put_fact(out, "Metre", song->meter ? song->meter : "4/4");
	put_fact(out, "Genre", song->genre);
	if (sheet->played.bars > 0) {
		snprintf(number, sizeof(number), "%d", sheet->played.bars);
		put_fact(out, "Bars", number);
	}
	if (sheet->played.timed)
		put_fact(out, "Length", song_sheet_time(sheet->played.length_s, time, sizeof(time)));
	fputs("</ul>\n", out);
}

static void put_row(FILE *out, const struct grid_section *section, int first, int count)
{
	fputs("<div class=\"row\">", out);
	for (int i = 0; i < count; i++) {
		struct grid_bar chords = grid_chords(section->section, first + i);
		fputs("<div class=\"bar\">", out);
		xml_put(out, chords.text, chords.length);
		fputs("</div>", out);
	}
	fputs("</div>\n", out);
}

static void put_lyrics(FILE *out, const struct section_config *section, size_t from, size_t to)
{
	char *const *lines = section->lyrics.items;
	for (size_t i = from; i < to; i++) {
		fputs("<p class=\"words\">", out);
		xml_put_text(out, lines[i]);
		fputs("</p>\n", out);
	}
}

static void put_heading(FILE *out, const struct grid_section *section)
{
	char tempo[64];
	fputs("<h2>", out);
	xml_put_text(out, section->section->name);
	fprintf(out, " <small>%d bar%s", section->bars, section->bars == 1 ? "" : "s");
	if (song_sheet_tempo(section, tempo, sizeof(tempo))[0])
		fprintf(out, ", tempo %s", tempo);
	if (section->section->meter)
		fprintf(out, ", metre %s", section->section->meter);
	fputs("</small></h2>\n", out);
}

static void put_section(FILE *out, const struct grid_section *section)
{
	size_t lines = section->section->lyrics.count;
	size_t rows = section->section->chords ? ((size_t)section->bars + BARS_A_ROW - 1) / BARS_A_ROW : 0;
	fputs("<section>", out);
	put_heading(out, section);
	for (size_t row = 0; row < rows; row++) {
		int first = (int)row * BARS_A_ROW, left = section->bars - first;
		put_row(out, section, first, left < BARS_A_ROW ? left : BARS_A_ROW);
		put_lyrics(out, section->section, song_sheet_lyrics_before(row, rows, lines),
			song_sheet_lyrics_before(row + 1, rows, lines));
	}
	if (rows == 0)
		put_lyrics(out, section->section, 0, lines);
	fputs("</section>\n", out);
}

void song_sheet_html(const struct song_sheet *sheet, FILE *out)
{
	const struct key_list *order = &sheet->session->arrangement.order;
	char *const *words = order->items;
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>",
		out);
	xml_put_text(out, song_sheet_title(sheet));
	fprintf(out, "</title><style>%s</style></head><body>\n<h1>", style);
	xml_put_text(out, song_sheet_title(sheet));
	fputs("</h1>\n", out);
	if (sheet->session->song.artist) {
		fputs("<p class=\"artist\">", out);
		xml_put_text(out, sheet->session->song.artist);
		fputs("</p>\n", out);
	}
	put_facts(out, sheet);
	for (size_t i = 0; i < sheet->played.count; i++)
		put_section(out, &sheet->played.sections[i]);
	for (size_t i = 0; i < order->count; i++) {
		fputs(i == 0 ? "<p class=\"order\">Order: " : " ", out);
		xml_put_text(out, words[i]);
	}
	fputs(order->count > 0 ? "</p>\n</body></html>\n" : "</body></html>\n", out);
}
