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
	FRAMES = 4 * BLOCK, /* kept: what is judged, what lies on either side, what is being filled */
	PAST_CELLS = 2048 / CELL,
	AHEAD_CELLS = BLOCK / CELL,
	CELLS = 256,
	NEAR = 2 * CELL, /* looked at sample by sample on either side of a step */
	SIDE = 512,	 /* whose level must be alike before and after a loss */
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

struct suspect {
	uint32_t channels;
	void (*on_loss)(void *data, const struct take_suspect *loss);
	void *data;
	float *samples;	      /* channel c's frame n is samples[c * FRAMES + n % FRAMES] */
	float *bends;	      /* each cell's largest second difference: [c * CELLS + cell % CELLS] */
	uint64_t offset;      /* what to add to a frame counted here */
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

struct suspect *suspect_create(
	uint32_t channels, void (*on_loss)(void *data, const struct take_suspect *loss), void *data)
{
	struct suspect *suspect = memory_new(sizeof(*suspect));
	suspect->channels = channels;
	suspect->on_loss = on_loss;
	suspect->data = data;
	suspect->samples = memory_array((size_t)channels * FRAMES, sizeof(float));
	suspect->bends = memory_array((size_t)channels * CELLS, sizeof(float));
	return suspect;
}

void suspect_destroy(struct suspect *suspect)
{
	if (!suspect)
		return;
	free(suspect->samples);
	free(suspect->bends);
	free(suspect);
}

uint64_t suspect_count(const struct suspect *suspect)
{
	return suspect->count;
}

static float at(const struct suspect *suspect, uint32_t channel, uint64_t frame)
{
	return suspect->samples[(size_t)channel * FRAMES + frame % FRAMES];
}

static float bend_at(const struct suspect *suspect, uint32_t channel, uint64_t frame)
{
	return at(suspect, channel, frame) - 2 * at(suspect, channel, frame - 1) +
	       at(suspect, channel, frame - 2);
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
	uint64_t oldest = suspect->filled > FRAMES ? suspect->filled - FRAMES : 0;
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
	uint64_t first = (n - NEAR) / CELL, last = (n + 1 + NEAR) / CELL;
	float around =
		fmaxf(largest_cell(suspect, channel, first > PAST_CELLS ? first - PAST_CELLS : 0, first),
			largest_cell(suspect, channel, last + 1, last + 1 + AHEAD_CELLS - NEAR / CELL - 2));
	around = fmaxf(around, largest_near(suspect, channel, first * CELL, n));
	around = fmaxf(around, largest_near(suspect, channel, n + 2, (last + 1) * CELL));
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

static void bend_block(struct suspect *suspect, uint32_t channel, uint64_t block)
{
	const float *x = suspect->samples + (size_t)channel * FRAMES + block * BLOCK % FRAMES;
	float *bends = suspect->bends + (size_t)channel * CELLS + block * BLOCK_CELLS % CELLS;
	/* The first cell needs two samples of the block before, which may lie at the other end. */
	float first[CELL + 2];
	for (unsigned i = 0; i < CELL + 2; i++)
		first[i] = block * BLOCK + i >= 2 ? at(suspect, channel, block * BLOCK + i - 2) : 0;
	largest_bends(bends, first + 2, 1);
	largest_bends(bends + 1, x + CELL, BLOCK_CELLS - 1);
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

static void start(struct suspect *suspect, uint64_t frame)
{
	suspect->offset = frame;
	suspect->filled = suspect->scanned = suspect->last_jump = 0;
	suspect->in_zeros = false;
}

void suspect_feed(struct suspect *suspect, const float *const *channels, uint64_t frame, uint32_t frames)
{
	if (frame != suspect->offset + suspect->filled)
		start(suspect, frame);
	for (uint32_t done = 0; done < frames;) {
		uint32_t room = BLOCK - (uint32_t)(suspect->filled % BLOCK);
		uint32_t run = frames - done < room ? frames - done : room;
		for (uint32_t c = 0; c < suspect->channels; c++)
			memcpy(suspect->samples + (size_t)c * FRAMES + suspect->filled % FRAMES,
				channels[c] + done, run * sizeof(float));
		suspect->filled += run;
		done += run;
		if (suspect->filled % BLOCK == 0)
			judge(suspect);
	}
}
