#include "listening/bars.h"

#include "common/memory.h"
#include "listening/counting.h"
#include "listening/lines.h"
#include "listening/phase.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How much of an onset, in standard deviations, there has to be for a song to have begun or not to be over.
 */
static const float plays = 1;

static const double slack = 6; /* frames */

/* Beats go on as they are next to the first and the last one, as far as the song does. */
static void go_on(struct steps *beats, const struct evidence *evidence)
{
	enum { SPAN = 4 };
	const size_t last = beats->count - 1, span = last < SPAN ? last : SPAN;
	const double first_step = (beats->frame[span] - beats->frame[0]) / (double)span;
	const double last_step = (beats->frame[last] - beats->frame[last - span]) / (double)span;
	const double end = (double)evidence->frames - 1;
	const size_t before = (size_t)((beats->frame[0] + slack) / first_step);
	const size_t behind = (size_t)((end - beats->frame[last]) / last_step);
	const size_t count = before + beats->count + behind;
	double *frames = memory_array(count, sizeof(*frames));
	memcpy(frames + before, beats->frame, beats->count * sizeof(*frames));
	for (size_t i = before; i-- > 0;)
		frames[i] = frames[i + 1] - first_step;
	for (size_t i = before + beats->count; i < count; i++)
		frames[i] = frames[i - 1] + last_step;
	free(beats->frame);
	*beats = (struct steps){frames, count};
}

/* Beats before anyone plays and after everyone stopped are nobody's. */
static void trim(struct steps *beats, const struct evidence *evidence)
{
	const float *onset = evidence->row[EVIDENCE_ONSET];
	size_t begin = 0, last = evidence->frames, first = 0, end = beats->count;
	while (begin + 1 < last && onset[begin] < plays)
		begin++;
	while (last > begin + 1 && onset[last - 1] < plays)
		last--;
	while (first < end && beats->frame[first] < (double)begin - slack)
		first++;
	while (end > first && beats->frame[end - 1] > (double)last + slack)
		end--;
	memmove(beats->frame, beats->frame + first, (end - first) * sizeof(*beats->frame));
	beats->count = end - first;
}

static void place_beats(struct bars *bars, const struct evidence *evidence)
{
	struct steps *beats = &bars->beats;
	if (beats->count < 2)
		return;
	go_on(beats, evidence);
	trim(beats, evidence);
	for (size_t i = 0; i < beats->count; i++)
		bars->strength +=
			evidence_at(evidence, EVIDENCE_ONSET, beats->frame[i]) / (double)beats->count;
	steps_straighten(beats, 2);
}

int bars_find(struct bars *bars, const struct evidence *evidence, const struct harmony *harmony,
	const struct pulse *pulse, const struct bars_known *known)
{
	struct places places;
	struct counted counted;

	*bars = (struct bars){0};
	places_make(&places, evidence, &places_counted);
	const struct counting_song song = {evidence, &places, pulse, *known};
	if (counting_find(&counted, &song)) {
		counting_follow(&bars->beats, &counted.best, &song);
		phase_choose(&bars->beats, evidence, (double)places.begin);
		bars->tempo_sure = counted.sure;
		bars->beats_sure = counted.kin;
		place_beats(bars, evidence);
	}
	places_finish(&places);
	if (bars->beats.count < 4 * METER_MOST) {
		bars_finish(bars);
		return -ENODATA;
	}
	struct lines lines;
	lines_find(&lines, &bars->beats, evidence, harmony, known->meter);
	bars->place = lines.place;
	bars->meter = lines.meter;
	bars->meter_margin = lines.margin;
	return 0;
}

void bars_finish(struct bars *bars)
{
	steps_finish(&bars->beats);
	free(bars->place);
	*bars = (struct bars){0};
}
