/* The writer of one interface: a thread that drains its tape. It places every cycle on the timeline, keeps
 * the pre-roll, measures levels, and while a take runs encodes its tracks, filling gaps with exact silence.
 */
#ifndef WOODSHED_RECORDER_WRITER_H
#define WOODSHED_RECORDER_WRITER_H

#include "recorder/bearing.h"
#include "recorder/syncer.h"
#include "recorder/tape.h"
#include "recorder/timeline.h"
#include "recorder/track.h"

#include <stdatomic.h>

struct writer;

/* One interface's share of a take. The owner makes it (zeroed but for the first part) and keeps it until
 * `on_done` has been called; what the writer fills in at the end is anyone's to read from then on. */
struct take_part {
	struct track_plan *plans;
	size_t count;
	int64_t origin_ns;  /* monotonic time of the take's frame 0 */
	char *clock_path;   /* of the clock log */
	char *reserve_path; /* a file that makes room where the disk is full; NULL: none */
	uint64_t limit;	    /* frames; 0: until writer_end */
	bool follows;	    /* frame 0 is the very next after the last part's end, whatever the time says */

	/* Between the writer and its callers. */
	struct take_part *next; /* parts that wait for their turn */
	_Atomic uint64_t end;	/* frames; UINT64_MAX: not known yet */
	_Atomic bool placed;	/* `origin` is known and stays */
	int64_t origin;		/* frame 0 on the interface's timeline */

	uint64_t frames;       /* of the take */
	uint64_t captured;     /* of them, not silence for gaps */
	struct take_gap *gaps; /* the first TAKE_GAPS_MOST */
	size_t gap_count;
	double ppm;		      /* NAN: not known */
	struct track_result *results; /* `count` */
};

/* Frees what the writer filled in. */
void take_part_finish(struct take_part *part);

struct writer_config {
	struct tape *tape;
	const _Atomic bool *live; /* cleared by the source while the interface is away */
	struct syncer *syncer;
	double pre_roll_s;
	/* On the writer's thread. */
	void (*on_gap)(void *data, const struct take_gap *gap);
	void (*on_suspect)(void *data, const struct take_suspect *loss);     /* of the take that runs */
	void (*on_trouble)(void *data, const struct track_trouble *trouble); /* as above */
	void (*on_done)(void *data);
	void *data;
};

/* On a tape that holds something already, of a writer before this one, it begins with the first cycle from
 * which on all are at the rate of the newest: a writer follows one rate. Cycles at another come into no take,
 * where silence stands for them (status.newest_rate tells). */
int writer_create(struct writer **writer, const struct writer_config *config, struct error *e) MUST_CHECK;

/* A take that runs has its files closed as they are, and `on_done` is not called any more. NULL is fine. */
void writer_destroy(struct writer *writer);

/* The rest is for the control thread. */

/* What the writer knows of time: 0 rate until the first cycle came. */
struct writer_status {
	uint32_t rate;
	uint32_t newest_rate; /* of the last cycle; another than `rate` is nothing that this writer can follow
			       */
	int64_t oldest_ns, newest_ns; /* of what is on the tape */
	uint64_t gap_frames;	      /* since the writer was made */
	uint64_t gaps;
	uint64_t suspected; /* losses that no clock told of, in a take or not */
	double backlog_s;   /* of the running take, that is on the tape and not in the files */
	double unsafe_s;    /* of the running take, that no sync has made safe: what a power cut cost at */
	int64_t looked_ns;  /* this monotonic time, when the writer last looked */
	double ring_high_percent; /* the fullest the tape has been, past the pre-roll */
	uint64_t rounds;	  /* that the writer has gone; it stands still while it waits for the disk */
	double ppm;
};
void writer_status(struct writer *writer, struct writer_status *status);

/* Of each channel: the largest magnitude (peak_db) and RMS since the last call, dBFS, and the samples at full
 * scale since the last part was begun. */
void writer_levels(struct writer *writer, double *peak_db, double *rms_db, uint64_t *clipped);

/* Keeps everything from `from_ns` on until writer_unhold: making a take's folder may take longer than the
 * tape would wait. Parts that were given to writer_begin hold by themselves what they need. */
void writer_hold(struct writer *writer, int64_t from_ns);
void writer_unhold(struct writer *writer);

/* Begins a take at part->origin_ns, which may lie in the past as far as the tape reaches; behind the parts
 * that are still being written. */
void writer_begin(struct writer *writer, struct take_part *part);

/* The take's frame that was played at `nsec`; 0 before its origin, and while that is not placed yet. */
uint64_t writer_frame_at(struct writer *writer, const struct take_part *part, int64_t nsec);

/* The same, to a fraction of a frame and with the pace of now; false while that is not known. */
bool writer_line(struct writer *writer, const struct take_part *part, struct bearing_line *line) MUST_CHECK;

/* The take ends before frame `frames`. May be told at any time; a frame that lies in the past of what is
 * written ends it at once, where it is. */
void writer_end(struct writer *writer, struct take_part *part, uint64_t frames);

#endif
