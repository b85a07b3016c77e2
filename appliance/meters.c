#include "appliance/meters.h"

#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LEVELS_MOST = 256 };

/* −60 dBFS to full scale in eight steps. */
static const char *bar(double peak_db)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	int step = (int)floor((fmax(peak_db, -60) + 60) / 60 * 8);
	return peak_db <= -60 ? "·" : bars[step > 7 ? 7 : step];
}

static int width_of(FILE *stream)
{
	struct winsize size;
	return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void meters_draw(FILE *stream, struct recorder *recorder, double seconds)
{
	if (!isatty(fileno(stream)))
		return;
	struct recorder_level levels[LEVELS_MOST];
	struct recorder_status status;
	size_t count = recorder_levels(recorder, levels, LEVELS_MOST);
	recorder_status(recorder, &status);
	bool colour = !getenv("NO_COLOR");
	double loudest = -INFINITY;
	int left = fprintf(stream, "\r%3d:%04.1f  ", (int)(seconds / 60), fmod(seconds, 60)) - 1;
	int room = width_of(stream) - left - 30;
	for (size_t i = 0; i < count && i < LEVELS_MOST; i++) {
		bool first_of_interface = i > 0 && levels[i].channel == 1;
		if (levels[i].peak_db > loudest)
			loudest = levels[i].peak_db;
		if ((room -= first_of_interface ? 2 : 1) < 0)
			continue;
		bool red = colour && levels[i].clipped > 0;
		fprintf(stream, "%s%s%s%s", first_of_interface ? " " : "", red ? "\033[31m" : "",
			bar(levels[i].peak_db), red ? "\033[0m" : "");
	}
	fprintf(stream, "  %5.1f dBFS  %llu gaps\033[K", fmax(loudest, -99.9),
		(unsigned long long)status.gaps);
	fflush(stream);
}

void meters_clear(FILE *stream)
{
	if (isatty(fileno(stream)))
		fprintf(stream, "\r\033[K");
}
