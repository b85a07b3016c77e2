/* An interface that changes its rate in the middle of a take. Where all that are there changed alike, the
 * take ends with the last frame before, and another begins with the first one after; where only some did,
 * they are silent in the take, which goes on for the others. */
#include "recorder/listen.h"

#include "common/clock.h"
#include "common/log.h"

#include <stdio.h>

/* The next take waits so long for the last one's files and for its interfaces. */
#define RESUME_NS (10 * CLOCK_NSEC_PER_SEC)

/* What the interfaces of the running take do. */
struct rates {
	size_t staying, straying;
	uint32_t newest;      /* rate of the strays */
	bool several;	      /* of them, at rates that differ */
	int64_t last_ns;      /* the end of what was captured at the take's rate */
	const char *newcomer; /* one that strays since the last look */
};

static struct rates look(const struct recorder *recorder)
{
	struct rates rates = {0};
	struct transport *take = recorder->current;
	for (size_t i = 0; i < take->count; i++) {
		struct writer_status status;
		writer_status(take->interfaces[i]->writer, &status);
		bool strays = status.newest_rate > 0 && status.newest_rate != take->manifest.rate;
		if (!atomic_load(&take->interfaces[i]->capture.live))
			continue;
		rates.staying += !strays;
		if (status.newest_ns > rates.last_ns)
			rates.last_ns = status.newest_ns;
		if (strays) {
			rates.straying++;
			rates.several = rates.several || (rates.newest && rates.newest != status.newest_rate);
			rates.newest = status.newest_rate;
			if (!take->strays[i])
				rates.newcomer = take->interfaces[i]->name;
		}
		take->strays[i] = strays;
	}
	return rates;
}

/* What the take that ends now would still have recorded. */
static double left_s(const struct transport *take, int64_t end_ns)
{
	uint64_t done = transport_frame_at(take, end_ns);
	return take->limit > done ? (double)(take->limit - done) / take->manifest.rate : 0;
}

static void tell(struct recorder *recorder, const char *text)
{
	log_error("%s", text);
	recorder->callbacks.alert(recorder->callbacks.data, text);
}

void recorder_watch_rates(struct recorder *recorder, int64_t now)
{
	char text[256];
	if (!recorder->current || !recorder->current->begun || recorder->current->ending)
		return;
	struct rates rates = look(recorder);
	uint32_t rate = recorder->current->manifest.rate;
	if (rates.straying > 0 && rates.staying == 0 && !rates.several) {
		recorder->resume_s = left_s(recorder->current, rates.last_ns);
		if (recorder->current->limit && recorder->resume_s <= 0)
			return; /* it has all that it was to have */
		snprintf(recorder->resume_why, sizeof(recorder->resume_why),
			"the rate changed from %u Hz to %u Hz: the take ends, another begins", rate,
			rates.newest);
		recorder->resume_until_ns = now + RESUME_NS;
		recorder->resume_heard = recorder->current->heard;
		recorder_end_take_at(recorder, rates.last_ns);
		log_error("%s", recorder->resume_why);
	} else if (rates.newcomer) {
		snprintf(text, sizeof(text),
			"interface %s changed its rate to %u Hz: it is silent in this take of %u Hz",
			rates.newcomer, rates.newest, rate);
		tell(recorder, text);
	}
}

bool recorder_writers_idle(const struct recorder *recorder)
{
	for (const struct transport *take = recorder->closing; take; take = take->next)
		if (take->parts_left > 0)
			return false;
	return !recorder->current;
}

void recorder_resume(struct recorder *recorder, int64_t now)
{
	struct error e;
	if (recorder->resume_until_ns == 0 || (!recorder->current && !recorder_writers_idle(recorder)))
		return;
	if (!recorder->current && recorder_missing(recorder, &e) && now < recorder->resume_until_ns)
		return;
	recorder->resume_until_ns = 0;
	if (recorder->current)
		return;
	const struct recorder_start start = {
		.follow = true, .seconds = recorder->resume_s, .title = recorder->title};
	if (recorder_begin(recorder, &start, &e) == 0) {
		recorder->current->heard = recorder->resume_heard;
		return;
	}
	recorder->resume_why[0] = '\0';
	struct manifest none = {0};
	recorder_tell_none(recorder, &none, e.text);
	manifest_finish(&none);
	recorder_update_state(recorder);
}
