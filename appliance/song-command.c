/* woodshed song: the song sheet of a session. */
#include "appliance/processors.h"
#include "appliance/song-sheet.h"
#include "appliance/subcommand.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_PIPED = 80 };

static int columns_of(int fd)
{
	struct winsize size;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_PIPED;
	return size.ws_col;
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	bool html = subcommand_option(command, arguments, "html");
	bool json = subcommand_option(command, arguments, "json");
	if (html && json)
		return subcommand_misused(command, "--html or --json, not both");
	struct session session;
	struct faults faults;
	faults_init(&faults, arguments->words[0]);
	int result = session_load(&session, arguments->words[0], processors_records(), NULL, &faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	if (result < 0)
		return subcommand_unloaded(result);
	struct song_sheet sheet;
	song_sheet_make(&sheet, &session);
	if (html)
		song_sheet_html(&sheet, stdout);
	else if (json)
		song_sheet_json(&sheet, stdout);
	else
		song_sheet_text(&sheet, columns_of(STDOUT_FILENO), stdout);
	song_sheet_finish(&sheet);
	session_finish(&session);
	return EXIT_DONE;
}

const struct subcommand subcommand_song = {
	.name = "song",
	.synopsis = "SESSION",
	.least_words = 1,
	.most_words = 1,
	.help = "the song sheet of a session as a chart: sections, chords, lyrics, order",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			{"html", NULL, "one page for a phone on a stand, without scripts"},
			{"json", NULL, "for programs"},
		},
	.run = run,
};
