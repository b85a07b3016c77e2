#include "recorder/suspect.h"

#include "audio/magnitude.h"
#include "audio/wide.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sound is looked at in blocks, and in cells of a block. A block is judged when the next one is there. */
enum {
	CELL = 32,
	BLOCK = 1024,
	BLOCK_CELLS = BLOCK / CELL,
	PAST_CELLS = 2048 / CELL + 2, /* before that of a step, and from there on */
	AHEAD_CELLS = BLOCK / CELL - 1,
	CELLS = 256,
	SIDE = 512, /* whose level must be alike before and after a loss */
};

enum { ZEROS_LEAST = 6, ZEROS_MOST = 65536, EDGE = 8 };

/* Exact zeros that a live channel may have: 1 in so many. */
#define ZEROS_SHARE 32

/* The edge of a loss is not the end of a fade: the last samples come up to this share of the level. */
#define EDGE_SHARE (1.0F / 10)
#define EDGE_LEAST (1.0F / 262144) /* -108 dBFS: below it notes die away in 24-bit zeros */

/* How far a step stands above the bends around it: on each of several channels, and on one alone. */
#define STEP 1.5F
#define STEP_ALONE 8.0F
#define UNEVEN 4.0F /* its two bends: what lies around adds to one and takes from the other */
#define ALIKE 4.0F  /* levels before and after a step */

/* The least that a bend counts for: rounding of 24-bit samples is not a signal. */
#define LEAST_BEND (4.0F / 8388608)
#define LEAST_SLOPE (0.5F / 8388608)

/* What is judged, what lies on either side, what is being filled. */
_Static_assert(SUSPECT_PAST >= 4 * BLOCK, "the past that is judged is kept");

struct suspect {
	struct suspect_ring ring;
	uint32_t channels;
	void (*on_loss)(void *data, const struct take_suspect *loss);
	void *data;
	float *bends;	      /* each cell's largest second difference: [c * CELLS + cell % CELLS] */
	uint64_t offset;      /* what to add to a frame counted here */
	uint64_t position;    /* of frame 0 */
	uint64_t filled;      /* frames since the last start */
	uint64_t scanned;     /* frames looked at for zeros */
	uint32_t loud;	      /* the channel that last had something else than zero */
	bool in_zeros;	      /* a run that goes on */
	bool abrupt;	      /* it began in the middle of a sound */
	uint64_t zeros_first; /* its first frame */
	uint64_t last_jump;
	uint64_t count;
	uint64_t burst_from; /* frames, as told */
	unsigned burst;
};

struct suspect *suspect_create(const struct suspect_ring *ring, uint32_t channels,
	void (*on_loss)(void *data, const struct take_suspect *loss), void *data)
{
	struct suspect *suspect = memory_new(sizeof(*suspect));
	suspect->ring = *ring;
	suspect->channels = channels;
	suspect->on_loss = on_loss;
	suspect->data = data;
	suspect->bends = memory_array((size_t)channels * CELLS, sizeof(float));
	return suspect;
}

void suspect_destroy(struct suspect *suspect)
{
	if (!suspect)
		return;
	free(suspect->bends);
	free(suspect);
}

uint64_t suspect_count(const struct suspect *suspect)
{
	return suspect->count;
}

static float at(const struct suspect *suspect, uint32_t channel, uint64_t frame)
{
	return suspect->ring.channels[channel][(suspect->position + frame) % suspect->ring.frames];
}

static float bend_at(const struct suspect *suspect, uint32_t channel, uint64_t frame)
{
	uint64_t slot = (suspect->position + frame) % suspect->ring.frames;
	const float *x = suspect->ring.channels[channel] + slot;
	if (slot < 2)
		return x[0] - 2 * at(suspect, channel, frame - 1) + at(suspect, channel, frame - 2);
	return x[0] - 2 * x[-1] + x[-2];
}

static void tell(struct suspect *suspect, enum suspect_kind kind, uint64_t frame, uint64_t frames)
{
	struct take_suspect loss = {.frame = suspect->offset + frame, .frames = frames, .kind = kind};
	suspect->count++;
	if (loss.frame - suspect->burst_from >= SUSPECT_BURST_FRAMES) {
		suspect->burst_from = loss.frame;
		suspect->burst = 0;
	}
	if (suspect->burst++ < SUSPECT_BURST)
		suspect->on_loss(suspect->data, &loss);
}

/* ---- exact zeros ---- */

/* The first frame from `from` on, before `end`, in which a channel is not zero; `end` if there is none. */
static uint64_t first_sound(struct suspect *suspect, uint64_t from, uint64_t end)
{
	uint32_t first_loud = suspect->loud;
	for (uint32_t i = 0; i < suspect->channels && from < end; i++) {
		uint32_t channel = (first_loud + i) % suspect->channels;
		for (uint64_t n = from; n < end; n++) {
			if (at(suspect, channel, n) != 0) {
				end = n;
				suspect->loud = channel;
			}
		}
	}
	return end;
}

static bool silent_at(struct suspect *suspect, uint64_t frame)
{
	return first_sound(suspect, frame, frame + 1) > frame;
}

struct stretch {
	unsigned zeros;
	float peak, edge; /* of all of it, and of the samples next to the loss */
	float sum;	  /* of magnitudes */
};

/* `SIDE` frames of a channel, going from `frame` away from the loss. */
static struct stretch measure(const struct suspect *suspect, uint32_t channel, uint64_t frame, int direction)
{
	struct stretch stretch = {0};
	for (unsigned i = 0; i < SIDE; i++) {
		float x = fabsf(at(suspect, channel, direction > 0 ? frame + i : frame - i));
		stretch.zeros += !(x > 0);
		stretch.peak = x > stretch.peak ? x : stretch.peak;
		stretch.sum += x;
		if (i == EDGE - 1)
			stretch.edge = stretch.peak;
	}
	return stretch;
}

/* Whether the sound ends (or begins) abruptly at a run of zeros. Not every live channel shows it: some just
 * cross zero. */
static bool is_abrupt(const struct suspect *suspect, uint64_t frame, int direction)
{
	unsigned live = 0, abrupt = 0;
	for (uint32_t c = 0; c < suspect->channels; c++) {
		struct stretch stretch = measure(suspect, c, frame, direction);
		if (stretch.zeros > SIDE / ZEROS_SHARE)
			continue;
		live++;
		abrupt += stretch.edge > fmaxf(stretch.peak * EDGE_SHARE, EDGE_LEAST);
	}
	return live > 0 && 3 * abrupt >= live;
}

static void begin_zeros(struct suspect *suspect, uint64_t frame)
{
	uint64_t oldest = suspect->filled > SUSPECT_PAST ? suspect->filled - SUSPECT_PAST : 0;
	/* Found by every sixth frame, so that it began a few frames before at the most. */
	while (frame > oldest && silent_at(suspect, frame - 1))
		frame--;
	suspect->in_zeros = true;
	suspect->zeros_first = frame;
	suspect->abrupt = frame >= oldest + SIDE && is_abrupt(suspect, frame - 1, -1);
}

static void end_zeros(struct suspect *suspect, uint64_t frame)
{
	uint64_t frames = frame - suspect->zeros_first;
	suspect->in_zeros = false;
	if (suspect->abrupt && frames >= ZEROS_LEAST && frames <= ZEROS_MOST && is_abrupt(suspect, frame, 1))
		tell(suspect, SUSPECT_ZEROS, suspect->zeros_first, frames);
}

static void judge_zeros(struct suspect *suspect, uint64_t end)
{
	uint64_t n = suspect->scanned;
	while (n < end) {
		if (suspect->in_zeros) {
			n = first_sound(suspect, n, end);
			if (n < end)
				end_zeros(suspect, n);
		} else if (silent_at(suspect, n)) {
			begin_zeros(suspect, n);
		} else {
			n += ZEROS_LEAST;
		}
	}
	suspect->scanned = n;
}

/* ---- jumps ---- */

/* A step at frame n, the first after the loss, bends the waveform twice: up at n, down again at n + 1. */
struct step {
	float size;   /* of the smaller bend; 0: not the shape of a step */
	float around; /* the largest bend near it, and long before and after */
	float slope;  /* of the sound right before: the least that one lost frame steps by */
};

static float largest_cell(const struct suspect *suspect, uint32_t channel, uint64_t first, uint64_t end)
{
	const float *bends = suspect->bends + (size_t)channel * CELLS;
	float most = 0;
	for (uint64_t cell = first; cell < end; cell++)
		most = bends[cell % CELLS] > most ? bends[cell % CELLS] : most;
	return most;
}

static float largest_near(const struct suspect *suspect, uint32_t channel, uint64_t first, uint64_t end)
{
	float most = 0;
	for (uint64_t n = first; n < end; n++) {
		float bend = fabsf(bend_at(suspect, channel, n));
		most = bend > most ? bend : most;
	}
	return most;
}

static struct step step_at(const struct suspect *suspect, uint32_t channel, uint64_t n)
{
	float up = bend_at(suspect, channel, n), down = bend_at(suspect, channel, n + 1);
	float smaller = fminf(fabsf(up), fabsf(down)), larger = fmaxf(fabsf(up), fabsf(down));
	/* Cells that the step is not in end at `own` and begin with `next`. */
	uint64_t own = n / CELL, next = (n + 2) / CELL + 1;
	float around = largest_cell(suspect, channel, own > PAST_CELLS ? own - PAST_CELLS : 0, own);
	around = fmaxf(around, largest_near(suspect, channel, own * CELL, n));
	around = fmaxf(around, largest_near(suspect, channel, n + 2, next * CELL));
	around = fmaxf(around, largest_cell(suspect, channel, next, (n + 1) / CELL + AHEAD_CELLS));
	return (struct step){
		.size = up * down < 0 && UNEVEN * smaller > larger ? smaller : 0,
		.around = around,
		.slope = fabsf(at(suspect, channel, n - 1) - at(suspect, channel, n - 2)),
	};
}

/* A note that begins steps too, but it is another level that goes on. */
static bool is_alike(const struct suspect *suspect, uint32_t channel, uint64_t n)
{
	float before = measure(suspect, channel, n - 1, -1).sum, after = measure(suspect, channel, n, 1).sum;
	return before < ALIKE * after && after < ALIKE * before;
}

static float height(const struct step *step)
{
	return step->size / fmaxf(step->around, LEAST_BEND);
}

static bool is_jump(struct suspect *suspect, uint64_t n)
{
	unsigned with = 0, against = 0;
	float most = 0;
	for (uint32_t c = 0; c < suspect->channels; c++) {
		struct step step = step_at(suspect, c, n);
		if (height(&step) > STEP && is_alike(suspect, c, n)) {
			with++;
			most = fmaxf(most, height(&step));
		} else if (step.slope > STEP * step.around && step.slope > LEAST_SLOPE) {
			against++;
		}
	}
	return with > against && (with >= 2 || most > STEP_ALONE) && !silent_at(suspect, n) &&
	       !silent_at(suspect, n - 1);
}

/* Where in a cell a step may be: its largest bend is one of the two. */
static uint64_t find_step(const struct suspect *suspect, uint32_t channel, uint64_t cell, float most)
{
	uint64_t n = cell * CELL;
	while (n < (cell + 1) * CELL && fabsf(bend_at(suspect, channel, n)) < most)
		n++;
	return fabsf(bend_at(suspect, channel, n - 1)) > fabsf(bend_at(suspect, channel, n + 1)) ? n - 1 : n;
}

static void judge_cell(struct suspect *suspect, uint32_t channel, uint64_t cell, float most)
{
	uint64_t n = find_step(suspect, channel, cell, most);
	struct step step = step_at(suspect, channel, n);
	/* Other channels may have led here before, and so may the cell beside this one. */
	if (height(&step) <= STEP || n < suspect->last_jump + BLOCK || !is_jump(suspect, n))
		return;
	suspect->last_jump = n;
	tell(suspect, SUSPECT_JUMP, n, 0);
}

static void judge_jumps(struct suspect *suspect, uint32_t channel, uint64_t first)
{
	const float *bends = suspect->bends + (size_t)channel * CELLS;
	/* Within the past of every cell of the block: nearly all of them stop here. */
	float past = fmaxf(LEAST_BEND, largest_cell(suspect, channel, first - BLOCK_CELLS, first - 2));
	for (uint64_t cell = first; cell < first + BLOCK_CELLS; cell++) {
		float most = bends[cell % CELLS];
		if (most > STEP * past && most > STEP * bends[(cell - 2) % CELLS] &&
			most > STEP * bends[(cell + 2) % CELLS])
			judge_cell(suspect, channel, cell, most);
	}
}

/* ---- blocks ---- */

/* The largest bend of each of `cells` cells. */
WIDE static void largest_bends(float *bends, const float *x, unsigned cells)
{
	for (unsigned cell = 0; cell < cells; cell++, x += CELL) {
		int32_t largest = 0;
		for (int i = 0; i < CELL; i++) {
			int32_t bend = magnitude_bits(x[i] - 2 * x[i - 1] + x[i - 2]);
			largest = bend > largest ? bend : largest;
		}
		bends[cell] = magnitude_of(largest);
	}
}

/* The first bends need two samples of the block before; where the ring goes round, the piece is put together.
 */
static void bend_block(struct suspect *suspect, uint32_t channel, uint64_t block)
{
	enum { BEFORE = 2 };
	float whole[BEFORE + BLOCK];
	float *bends = suspect->bends + (size_t)channel * CELLS + block * BLOCK_CELLS % CELLS;
	uint64_t first = block * BLOCK, slot = (suspect->position + first) % suspect->ring.frames;
	const float *x = suspect->ring.channels[channel] + slot;
	if (block == 0 || slot < BEFORE || slot + BLOCK > suspect->ring.frames) {
		for (unsigned i = 0; i < BEFORE + BLOCK; i++)
			whole[i] = first + i >= BEFORE ? at(suspect, channel, first + i - BEFORE) : 0;
		x = whole + BEFORE;
	}
	largest_bends(bends, x, BLOCK_CELLS);
}

/* A whole block has come: the one before it can be judged. */
static void judge(struct suspect *suspect)
{
	uint64_t block = suspect->filled / BLOCK - 1;
	for (uint32_t c = 0; c < suspect->channels; c++)
		bend_block(suspect, c, block);
	if (block == 0)
		return;
	judge_zeros(suspect, block * BLOCK);
	if ((block - 1) * BLOCK_CELLS > PAST_CELLS)
		for (uint32_t c = 0; c < suspect->channels; c++)
			judge_jumps(suspect, c, (block - 1) * BLOCK_CELLS);
}

static void start(struct suspect *suspect, uint64_t position, uint64_t frame)
{
	suspect->position = position;
	suspect->offset = frame;
	suspect->filled = suspect->scanned = suspect->last_jump = 0;
	suspect->in_zeros = false;
}

void suspect_feed(struct suspect *suspect, uint64_t position, uint64_t frame, uint32_t frames)
{
	if (frame != suspect->offset + suspect->filled || position != suspect->position + suspect->filled)
		start(suspect, position, frame);
	uint64_t end = suspect->filled + frames;
	while (suspect->filled < end) {
		uint64_t block_end = suspect->filled - suspect->filled % BLOCK + BLOCK;
		suspect->filled = end < block_end ? end : block_end;
		if (suspect->filled == block_end)
			judge(suspect);
	}
}
