/* What a master may be asked for together: loudness, true peak, and the formats that it is delivered in. */
#include "common/file.h"
#include "common/memory.h"
#include "config/session_check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A limiter that has to bring the loudness this close under the true peak leaves nothing of a drum's attack.
 */
#define PLR_LEAST 6.0

/* AES TD1008 and every streaming service's own advice: a lossy codec's samples pass the peaks of what went
 * in. */
#define LOSSY_TRUE_PEAK (-1.0)

/* EBU R 128: the programme's loudness, what it may be off by, and the largest true peak. */
#define R128_LUFS (-23.0)
#define R128_OFF 0.5
#define R128_TRUE_PEAK (-1.0)

struct check {
	const struct master_config *master;
	const struct yaml_node *node; /* of `master`; NULL: none */
	struct faults *faults;
};

/* Where the key stands, or else the mapping; false where the session has no `master`. */
static bool place_of(const struct check *c, const char *key, int *line, int *column)
{
	const struct yaml_node *value = yaml_value_of(c->node, key);
	const struct yaml_node *at = value ? value : c->node;
	if (!at)
		return false;
	*line = at->line;
	*column = at->column;
	return true;
}

static void check_headroom(const struct check *c)
{
	double loudness = c->master->loudness_lufs, peak = c->master->true_peak_dbtp;
	int line, column;
	/* Of presets alone nothing is wrong. */
	bool asked = yaml_value_of(c->node, "loudness") || yaml_value_of(c->node, "true_peak");
	if (!asked || isnan(loudness) || isnan(peak) ||
		!place_of(c, yaml_value_of(c->node, "loudness") ? "loudness" : "true_peak", &line, &column))
		return;
	if (loudness >= peak)
		faults_add(c->faults, line, column,
			"master.loudness: %g LUFS is not below the true peak of %g dBTP; below %g LUFS",
			loudness, peak, peak);
	else if (peak - loudness < PLR_LEAST)
		faults_warn(c->faults, line, column,
			"master.loudness: %g LUFS leaves %g dB below the true peak of %g dBTP, which only "
			"heavy "
			"limiting reaches; %g LUFS or less",
			loudness, peak - loudness, peak, peak - PLR_LEAST);
}

static bool is_lossy(const struct yaml_node *node)
{
	static const char *const lossy[] = {"mp3", "opus", "vorbis", "ogg"};
	for (size_t i = 0; node->kind == YAML_TEXT && i < sizeof(lossy) / sizeof(lossy[0]); i++)
		if (strcmp(node->text, lossy[i]) == 0)
			return true;
	return false;
}

static void warn_lossy(const struct check *c, const struct yaml_node *format)
{
	if (is_lossy(format) && c->master->true_peak_dbtp > LOSSY_TRUE_PEAK)
		faults_warn(c->faults, format->line, format->column,
			"master.formats: %s passes full scale when a master at %g dBTP is decoded; a "
			"true_peak "
			"of %g dBTP or less",
			format->text, c->master->true_peak_dbtp, LOSSY_TRUE_PEAK);
}

static void warn_broadcast(const struct check *c)
{
	int line, column;
	if (!c->master->preset || strcmp(c->master->preset, "broadcast") != 0)
		return;
	if (fabs(c->master->loudness_lufs - R128_LUFS) > R128_OFF && place_of(c, "loudness", &line, &column))
		faults_warn(c->faults, line, column,
			"master.loudness: a broadcaster refuses %g LUFS; EBU R 128 is %g LUFS, %g LU more or "
			"less",
			c->master->loudness_lufs, R128_LUFS, R128_OFF);
	if (c->master->true_peak_dbtp > R128_TRUE_PEAK && place_of(c, "true_peak", &line, &column))
		faults_warn(c->faults, line, column,
			"master.true_peak: a broadcaster refuses %g dBTP; EBU R 128 is %g dBTP at most",
			c->master->true_peak_dbtp, R128_TRUE_PEAK);
}

/* Only a warning: what is played is recorded all the same, and the record may be there when it is needed. */
static void warn_missing(const struct check *c, const char *path)
{
	const struct yaml_node *node = yaml_value_of(c->node, "reference");
	if (!node || !c->master->reference)
		return;
	char *folder = path ? file_folder(path) : memory_text(".");
	char *file = file_join(folder, c->master->reference);
	if (access(file, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		faults_warn(c->faults, node->line, node->column,
			"master.reference: no file %s now; one that is there when it is mastered", file);
	free(file);
	free(folder);
}

void delivery_check(
	const struct session *session, const char *path, const struct yaml_node *root, struct faults *faults)
{
	struct check c = {&session->master, yaml_value_of(root, "master"), faults};
	const struct yaml_node *formats = yaml_value_of(c.node, "formats");
	check_headroom(&c);
	warn_broadcast(&c);
	warn_missing(&c, path);
	if (formats && formats->kind == YAML_TEXT)
		warn_lossy(&c, formats);
	for (size_t i = 0; formats && formats->kind == YAML_LIST && i < formats->count; i++)
		warn_lossy(&c, formats->items[i]);
}
