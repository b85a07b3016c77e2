/* woodshed recover: takes that a power cut left behind, made whole. */
#include "takes/recovery.h"

#include "appliance/subcommand.h"
#include "takes/lock.h"
#include "takes/removal.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *outcome_name(enum recovery_outcome outcome)
{
	static const char *const names[] = {
		[RECOVERY_RECOVERED] = "recovered",
		[RECOVERY_UNRENDERED] = "unrendered",
		[RECOVERY_FAILED] = "failed",
	};
	return names[outcome];
}

static void print_line(void *data, const struct recovery_report *report)
{
	(void)data;
	const struct manifest *take = report->take;
	if (!take) /* the log has the reason */
		printf("%-32s  failed\n", report->id);
	else if (report->outcome == RECOVERY_UNRENDERED)
		printf("%-32s  its render was cut off; it waits for another\n", report->id);
	else
		printf("%-32s  recovered: %zu tracks of %.3f s%s%s\n", report->id, take->track_count,
			(double)take->frames / take->rate, take->error ? "; " : "",
			take->error ? take->error : "");
}

static void add_object(void *data, const struct recovery_report *report)
{
	json_t *list = data;
	const struct manifest *take = report->take;
	json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:s?}", "take", report->id, "outcome",
					    outcome_name(report->outcome), "seconds",
					    take ? (double)take->frames / take->rate : 0, "error",
					    take ? take->error : report->error));
}

static int recover(const struct subcommand *command, const struct arguments *arguments, const char *takes,
	struct error *e)
{
	bool json = subcommand_option(command, arguments, "json");
	json_t *list = json ? json_array() : NULL;
	struct recovery recovery = {.takes = takes, .report = json ? add_object : print_line, .data = list};
	int lock = access(takes, F_OK) < 0 && errno == ENOENT ? -ENOENT : takes_lock(takes, e);
	int result = lock == -ENOENT ? 0 : lock;
	if (lock >= 0) {
		removal_sweep(takes);
		result = recovery_run(&recovery, e);
		close(lock);
	}
	if (json) {
		json_dumpf(list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		printf("\n");
		json_decref(list);
	}
	if (result > 0)
		result = error_set(e, EIO, "%d takes could not be recovered", result);
	return result;
}

const struct subcommand subcommand_recover = {
	.name = "recover",
	.synopsis = "",
	.help = "make takes whole that a power cut left behind; the service does so when it starts",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			SUBCOMMAND_TAKES_OPTION,
			{"json", NULL, "for programs"},
		},
	.run = subcommand_in_takes,
	.in_takes = recover,
};
