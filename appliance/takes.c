/* woodshed takes, woodshed show: what is in the library. */
#include "takes/library.h"
#include "takes/take.h"

#include "appliance/subcommand.h"
#include "common/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIST_DEFAULT = 100 };

static void print_length(uint64_t frames, uint32_t rate)
{
	double seconds = rate ? (double)frames / rate : 0;
	printf("%3d:%04.1f", (int)(seconds / 60), fmod(seconds, 60));
}

static void print_line(const struct manifest *take)
{
	const struct take_render *master = manifest_master(take);
	printf("%-32s  %-9s  ", take->id, take_state_name(take->state));
	print_length(take->frames, take->rate);
	printf("  %3zu tracks", take->track_count);
	if (master && isfinite(master->lufs))
		printf("  %6.1f LUFS %5.1f dBTP", master->lufs, master->dbtp);
	printf("%s%s%s\n", take->keep ? "  kept" : "", take->title ? "  " : "",
		take->title ? take->title : "");
}

static void print_list_json(const struct take_list *list)
{
	printf("[");
	for (size_t i = 0; i < list->count; i++) {
		char *text = manifest_json(&list->entries[i].manifest);
		printf("%s%s", i ? ",\n" : "\n", text);
		free(text);
	}
	printf("]\n");
}

static bool is_limit(const char *text)
{
	enum { DIGITS_MOST = 9 };
	size_t digits = strspn(text, "0123456789");
	return digits > 0 && digits <= DIGITS_MOST && text[digits] == '\0';
}

/* What is not part of the list goes to standard error, so that a program reads the list alone. */
static void print_rest(const struct take_list *list)
{
	if (list->unreadable > 0)
		fprintf(stderr, "woodshed: %zu takes could not be read\n", list->unreadable);
	if (list->cursor)
		fprintf(stderr, "woodshed: there are older takes: --before %s goes on, --limit 0 lists all\n",
			list->cursor);
}

static int print_takes(const struct subcommand *command, const struct arguments *arguments, const char *takes,
	struct error *e)
{
	struct take_list list;
	const char *limit = subcommand_option(command, arguments, "limit");
	int result = take_list_load(&list, takes, subcommand_option(command, arguments, "before"),
		limit ? strtoul(limit, NULL, 10) : LIST_DEFAULT, e);
	if (result < 0)
		return result;
	if (subcommand_option(command, arguments, "json"))
		print_list_json(&list);
	else
		for (size_t i = 0; i < list.count; i++)
			print_line(&list.entries[i].manifest);
	print_rest(&list);
	take_list_finish(&list);
	return 0;
}

static int run_takes(const struct subcommand *command, const struct arguments *arguments)
{
	const char *limit = subcommand_option(command, arguments, "limit");
	const char *before = subcommand_option(command, arguments, "before");
	if (limit && !is_limit(limit))
		return subcommand_misused(command, "--limit: a whole number; 0: all takes");
	if (before && !take_id_valid(before))
		return subcommand_misused(command, "--before: %s is not a take's id", before);
	return subcommand_in_takes(command, arguments);
}

static void print_figure(const char *format, double value)
{
	if (isfinite(value))
		printf(format, value);
	else
		printf("%*s", 8, isnan(value) ? "-" : "silent");
}

static void print_segments(const struct take_track *track)
{
	for (size_t i = 0; i < track->segment_count; i++)
		printf("      from frame %llu on in %s\n", (unsigned long long)track->segments[i].frame,
			track->segments[i].file);
	for (size_t i = 0; i < track->gap_count; i++)
		printf("      %llu frames at %llu: %s\n", (unsigned long long)track->gaps[i].frames,
			(unsigned long long)track->gaps[i].frame, gap_cause_name(track->gaps[i].cause));
}

static void print_tracks(const struct manifest *take)
{
	for (size_t i = 0; i < take->track_count; i++) {
		const struct take_track *track = &take->tracks[i];
		printf("  %2d  %-20s %-16s", track->index, track->name, track->role ? track->role : "");
		print_figure(" %6.1f dBFS", track->peak_dbfs);
		print_figure(" %6.1f LUFS", track->lufs);
		if (track->clipped)
			printf("  %llu clipped", (unsigned long long)track->clipped);
		for (size_t k = 0; k < track->input_count; k++)
			printf("%s%s", k ? " + " : "  ", track->inputs[k]);
		printf("\n");
		print_segments(track);
	}
}

static void print_suspected(const struct take_interface *interface)
{
	for (size_t s = 0; s < interface->suspected_count; s++) {
		const struct take_suspect *loss = &interface->suspected[s];
		printf("    suspected at %llu: ", (unsigned long long)loss->frame);
		if (loss->frames)
			printf("%llu frames of %s\n", (unsigned long long)loss->frames,
				suspect_kind_name(loss->kind));
		else
			printf("%s\n", suspect_kind_name(loss->kind));
	}
	if (interface->suspected_total > interface->suspected_count)
		printf("    and %llu more\n",
			(unsigned long long)(interface->suspected_total - interface->suspected_count));
}

static void print_interfaces(const struct manifest *take)
{
	for (size_t i = 0; i < take->interface_count; i++) {
		const struct take_interface *interface = &take->interfaces[i];
		printf("  %-12s", interface->name);
		if (interface->clock == TAKE_CLOCK_SHARED)
			printf(" shared clock");
		else
			print_figure(" %+.1f ppm", interface->ppm);
		printf("  %llu gaps  (%s)\n", (unsigned long long)interface->gap_count + interface->gaps_more,
			interface->node);
		for (size_t g = 0; g < interface->gap_count; g++)
			printf("    %llu frames at %llu: %s\n", (unsigned long long)interface->gaps[g].frames,
				(unsigned long long)interface->gaps[g].frame,
				gap_cause_name(interface->gaps[g].cause));
		if (interface->gaps_more > 0)
			printf("    and %llu more, of %llu frames\n",
				(unsigned long long)interface->gaps_more,
				(unsigned long long)interface->gap_frames_more);
		print_suspected(interface);
	}
}

static void print_take(const struct manifest *take, const char *folder)
{
	char started[CLOCK_RFC3339_SIZE];
	printf("%s%s%s%s%s\n", take->id, take->title ? "  " : "", take->title ? take->title : "",
		take->artist ? ", " : "", take->artist ? take->artist : "");
	printf("  %s, started %s, ", take_state_name(take->state), clock_rfc3339(take->started_ns, started));
	print_length(take->frames, take->rate);
	printf(" at %u Hz\n  in %s\n", take->rate, folder);
	if (take->error)
		printf("  error: %s\n", take->error);
	printf("interfaces\n");
	print_interfaces(take);
	printf("tracks\n");
	print_tracks(take);
	for (size_t i = 0; i < take->marker_count; i++)
		printf("%s  marker at %.3f s: %s\n", i ? "" : "markers\n",
			(double)take->markers[i].frame / (take->rate ? take->rate : 1),
			take->markers[i].label);
	if (take->render_count > 0)
		printf("renders\n");
	for (size_t i = 0; i < take->render_count; i++) {
		printf("  %-24s %9.1f MiB", take->renders[i].file,
			(double)take->renders[i].hash.bytes / (1 << 20));
		print_figure(" %6.1f LUFS", take->renders[i].lufs);
		print_figure(" %6.1f dBTP", take->renders[i].dbtp);
		printf("\n");
	}
}

static int show(const struct subcommand *command, const struct arguments *arguments, const char *folder,
	struct error *e)
{
	struct manifest take;
	int result = manifest_load(&take, folder, e);
	if (result < 0)
		return result;
	if (subcommand_option(command, arguments, "json")) {
		char *text = manifest_json(&take);
		printf("%s", text);
		free(text);
	} else {
		print_take(&take, folder);
	}
	manifest_finish(&take);
	return 0;
}

const struct subcommand subcommand_takes = {
	.name = "takes",
	.synopsis = "",
	.help = "list the takes, newest first",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			SUBCOMMAND_TAKES_OPTION,
			{"limit", "N", "how many, with --json too (default 100; 0: all)"},
			{"before", "TAKE", "only those older than this one, which may be gone"},
			{"json", NULL, "for programs"},
		},
	.run = run_takes,
	.in_takes = print_takes,
};

const struct subcommand subcommand_show = {
	.name = "show",
	.synopsis = "TAKE",
	.least_words = 1,
	.most_words = 1,
	.help = "show one take: its interfaces, gaps, tracks and renders",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			SUBCOMMAND_TAKES_OPTION,
			{"json", NULL, "for programs"},
		},
	.run = subcommand_on_take,
	.on_take = show,
};
