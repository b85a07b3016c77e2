#include "audio/md5.h"

#include "audio/wide.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

/* Lane i of a word is stream i's. As many as two vectors of AVX2 have: while one waits for its last step, the
 * other goes on. */
typedef uint32_t lanes __attribute__((vector_size(MD5_LANES * sizeof(uint32_t))));

enum { WORDS = MD5_BLOCK / 4, STEPS = 64 };

/* The least that is both whole samples of 24 bits and whole blocks. */
enum { SAMPLE = 3, SPAN_FRAMES = MD5_BLOCK, SPAN_BLOCKS = SAMPLE };

/* floor(2^32 × |sin(i + 1)|) */
static const uint32_t sines[STEPS] = {0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
	0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
	0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9,
	0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5,
	0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235,
	0x2ad7d2bb, 0xeb86d391};

void md5_init(struct md5 *md5)
{
	*md5 = (struct md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

/* Four words of four streams. */
typedef uint32_t square __attribute__((vector_size(4 * sizeof(uint32_t))));

static square load(const unsigned char *data)
{
	square words;
	memcpy(&words, data, sizeof(words));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	words = (words & 0xff00ff00) >> 8 | (words & 0x00ff00ff) << 8;
	words = words >> 16 | words << 16;
#endif
	return words;
}

/* Rows of four streams become columns: a word of each. */
static inline void turn(square rows[4])
{
	square ab_low = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5),
	       ab = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
	square cd_low = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5),
	       cd = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
	rows[0] = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
	rows[1] = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
	rows[2] = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
	rows[3] = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/* `words` of four streams into their lanes, from `lane` on. */
static inline void place(const square *columns, size_t count, lanes *words, size_t lane)
{
	for (size_t i = 0; i < count; i++)
		memcpy((unsigned char *)&words[i] + lane * sizeof(uint32_t), &columns[i], sizeof(*columns));
}

/* A block of each stream. */
static void load_block(lanes words[WORDS], const unsigned char *const *data, size_t at)
{
	for (size_t i = 0; i < WORDS; i += 4) {
		for (size_t k = 0; k < MD5_LANES; k += 4) {
			square four[4];
			for (size_t row = 0; row < 4; row++)
				four[row] = load(data[k + row] + at + i * sizeof(uint32_t));
			turn(four);
			place(four, 4, &words[i], k);
		}
	}
}

/* SPAN_FRAMES samples of each stream, of which four are three words. */
static void load_samples(lanes words[SPAN_BLOCKS * WORDS], const int32_t *const *data, size_t at)
{
	const uint32_t low = 0xffffff;
	for (size_t k = 0; k < MD5_LANES; k += 4) {
		for (size_t i = 0; i < SPAN_FRAMES; i += 4) {
			square s[4];
			for (size_t row = 0; row < 4; row++)
				memcpy(&s[row], data[k + row] + at + i, sizeof(s[row]));
			turn(s);
			const square packed[SAMPLE] = {
				(s[0] & low) | s[1] << 24,
				(s[1] & low) >> 8 | s[2] << 16,
				(s[2] & low) >> 16 | s[3] << 8,
			};
			place(packed, SAMPLE, &words[i / 4 * SAMPLE], k);
		}
	}
}

/* One step of RFC 1321, 3.4, whose four words change places each time. */
#define STEP(mix, a, b, c, d, word, turn, i) \
	do { \
		(a) += mix(b, c, d) + words[(word) % WORDS] + sines[i]; \
		(a) = ((a) << (turn) | (a) >> (32 - (turn))) + (b); \
	} while (0)

#define FOUR_STEPS(mix, i, by, from, t0, t1, t2, t3) \
	do { \
		STEP(mix, a, b, c, d, (by) * (i) + (from), t0, i); \
		STEP(mix, d, a, b, c, (by) * ((i) + 1) + (from), t1, (i) + 1); \
		STEP(mix, c, d, a, b, (by) * ((i) + 2) + (from), t2, (i) + 2); \
		STEP(mix, b, c, d, a, (by) * ((i) + 3) + (from), t3, (i) + 3); \
	} while (0)

#define SIXTEEN_STEPS(mix, i, by, from, t0, t1, t2, t3) \
	do { \
		FOUR_STEPS(mix, i, by, from, t0, t1, t2, t3); \
		FOUR_STEPS(mix, (i) + 4, by, from, t0, t1, t2, t3); \
		FOUR_STEPS(mix, (i) + 8, by, from, t0, t1, t2, t3); \
		FOUR_STEPS(mix, (i) + 12, by, from, t0, t1, t2, t3); \
	} while (0)

#define MIX_F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MIX_G(x, y, z) ((y) ^ ((z) & ((x) ^ (y))))
#define MIX_H(x, y, z) ((x) ^ (y) ^ (z))
#define MIX_I(x, y, z) ((y) ^ ((x) | ~(z)))

/* Of as many streams as a word of `type` has lanes. */
#define DEFINE_ADD_BLOCK(how, name, type) \
	how static void name(type state[4], const type words[WORDS]) \
	{ \
		type a = state[0], b = state[1], c = state[2], d = state[3]; \
		SIXTEEN_STEPS(MIX_F, 0, 1, 0, 7, 12, 17, 22); \
		SIXTEEN_STEPS(MIX_G, 16, 5, 1, 5, 9, 14, 20); \
		SIXTEEN_STEPS(MIX_H, 32, 3, 5, 4, 11, 16, 23); \
		SIXTEEN_STEPS(MIX_I, 48, 7, 0, 6, 10, 15, 21); \
		state[0] += a; \
		state[1] += b; \
		state[2] += c; \
		state[3] += d; \
	}

DEFINE_ADD_BLOCK(WIDE, add_block, lanes)
DEFINE_ADD_BLOCK(, add_block_alone, uint32_t)

/* One stream needs no lanes: seven in eight would work for nothing. */
static void add_blocks_alone(struct md5_input *input, size_t blocks)
{
	for (size_t block = 0; block < blocks; block++) {
		uint32_t words[WORDS];
		for (size_t i = 0; i < WORDS; i += 4) {
			square four = load(input->data + block * MD5_BLOCK + 4 * i);
			memcpy(&words[i], &four, sizeof(four));
		}
		add_block_alone(input->md5->state, words);
	}
	input->data += blocks * MD5_BLOCK;
	input->size -= blocks * MD5_BLOCK;
}

/* Lanes past `count` work on the first stream's, for nothing. */
static size_t stream_of(size_t lane, size_t count)
{
	return lane < count ? lane : 0;
}

/* `blocks` whole blocks of each. */
static void add_blocks(struct md5_input *inputs, size_t count, size_t blocks)
{
	const unsigned char *data[MD5_LANES];
	lanes state[4], words[WORDS];
	for (size_t k = 0; k < MD5_LANES; k++) {
		const struct md5_input *input = &inputs[stream_of(k, count)];
		data[k] = input->data;
		for (size_t i = 0; i < 4; i++)
			state[i][k] = input->md5->state[i];
	}
	for (size_t block = 0; block < blocks; block++) {
		load_block(words, data, block * MD5_BLOCK);
		add_block(state, words);
	}
	for (size_t k = 0; k < count; k++) {
		for (size_t i = 0; i < 4; i++)
			inputs[k].md5->state[i] = state[i][k];
		inputs[k].data += blocks * MD5_BLOCK;
		inputs[k].size -= blocks * MD5_BLOCK;
	}
}

/* The blocks that all of them have, then those that some still have. */
static void add_whole(struct md5_input *inputs, size_t count)
{
	for (;;) {
		struct md5_input *have[MD5_LANES], now[MD5_LANES];
		size_t n = 0, least = SIZE_MAX;
		for (size_t k = 0; k < count; k++) {
			size_t blocks = inputs[k].size / MD5_BLOCK;
			if (blocks == 0)
				continue;
			have[n] = &inputs[k];
			now[n++] = inputs[k];
			least = blocks < least ? blocks : least;
		}
		if (n == 0)
			return;
		if (n == 1)
			add_blocks_alone(now, least);
		else
			add_blocks(now, n, least);
		for (size_t k = 0; k < n; k++)
			*have[k] = now[k];
	}
}

/* What fits behind the rest of last time; true if that makes a block. */
static bool fill_rest(struct md5_input *input)
{
	struct md5 *md5 = input->md5;
	size_t filled = (size_t)(md5->bytes % MD5_BLOCK), room = MD5_BLOCK - filled;
	size_t more = input->size < room ? input->size : room;
	if (filled == 0)
		return false;
	memcpy(md5->rest + filled, input->data, more);
	md5->bytes += more;
	input->data += more;
	input->size -= more;
	return more == room;
}

void md5_add(const struct md5_input *inputs, size_t count)
{
	struct md5_input rests[MD5_LANES], bodies[MD5_LANES];
	size_t full = 0;
	for (size_t k = 0; k < count; k++) {
		bodies[k] = inputs[k];
		if (fill_rest(&bodies[k]))
			rests[full++] = (struct md5_input){bodies[k].md5, bodies[k].md5->rest, MD5_BLOCK};
	}
	add_whole(rests, full);
	for (size_t k = 0; k < count; k++)
		bodies[k].md5->bytes += bodies[k].size;
	add_whole(bodies, count);
	for (size_t k = 0; k < count; k++)
		if (bodies[k].size > 0)
			memcpy(bodies[k].md5->rest, bodies[k].data, bodies[k].size);
}

/* ---- samples ---- */

/* Four samples are twelve bytes. */
static void pack_24(const int32_t *samples, size_t frames, unsigned char *out)
{
	size_t whole = frames - frames % 4;
	for (size_t i = 0; i < whole; i += 4, out += 4 * (size_t)SAMPLE) {
		const uint32_t low = 0xffffff;
		uint64_t first = ((uint32_t)samples[i] & low) |
				 (uint64_t)((uint32_t)samples[i + 1] & low) << 24 |
				 (uint64_t)(uint32_t)samples[i + 2] << 48;
		uint32_t second = ((uint32_t)samples[i + 2] & low) >> 16 | (uint32_t)samples[i + 3] << 8;
		first = htole64(first);
		second = htole32(second);
		memcpy(out, &first, sizeof(first));
		memcpy(out + sizeof(first), &second, sizeof(second));
	}
	for (size_t i = whole; i < frames; i++, out += SAMPLE) {
		uint32_t sample = htole32((uint32_t)samples[i]);
		memcpy(out, &sample, SAMPLE);
	}
}

/* From frame `at` on. */
static void add_packed(const struct md5_samples *inputs, size_t count, size_t at, size_t frames)
{
	enum { PIECE = 1024 };
	unsigned char bytes[MD5_LANES][PIECE * SAMPLE];
	size_t step = 0;
	for (size_t end = at + frames; at < end; at += step) {
		struct md5_input packed[MD5_LANES];
		step = end - at < PIECE ? end - at : PIECE;
		for (size_t k = 0; k < count; k++) {
			pack_24(inputs[k].samples + at, step, bytes[k]);
			packed[k] = (struct md5_input){inputs[k].md5, bytes[k], step * SAMPLE};
		}
		md5_add(packed, count);
	}
}

/* Of streams that all are between two blocks. */
static void add_spans(const struct md5_samples *inputs, size_t count, size_t at, size_t spans)
{
	const int32_t *data[MD5_LANES];
	lanes state[4], words[SPAN_BLOCKS * WORDS];
	for (size_t k = 0; k < MD5_LANES; k++) {
		const struct md5_samples *input = &inputs[stream_of(k, count)];
		data[k] = input->samples;
		for (size_t i = 0; i < 4; i++)
			state[i][k] = input->md5->state[i];
	}
	for (size_t span = 0; span < spans; span++) {
		load_samples(words, data, at + span * SPAN_FRAMES);
		for (size_t block = 0; block < SPAN_BLOCKS; block++)
			add_block(state, words + block * WORDS);
	}
	for (size_t k = 0; k < count; k++) {
		for (size_t i = 0; i < 4; i++)
			inputs[k].md5->state[i] = state[i][k];
		inputs[k].md5->bytes += spans * SPAN_BLOCKS * MD5_BLOCK;
	}
}

/* Frames until all of them are between two blocks; SIZE_MAX: they never are at once. */
static size_t frames_to_block(const struct md5_samples *inputs, size_t count)
{
	size_t filled = (size_t)(inputs[0].md5->bytes % MD5_BLOCK), frames = 0;
	for (size_t k = 1; k < count; k++)
		if (inputs[k].md5->bytes % MD5_BLOCK != filled)
			return SIZE_MAX;
	while ((filled + frames * SAMPLE) % MD5_BLOCK != 0)
		frames++;
	return frames;
}

void md5_add_24(const struct md5_samples *inputs, size_t count, size_t frames)
{
	size_t before = count > 1 ? frames_to_block(inputs, count) : SIZE_MAX;
	before = before < frames ? before : frames;
	size_t spans = (frames - before) / SPAN_FRAMES, after = before + spans * SPAN_FRAMES;
	add_packed(inputs, count, 0, before);
	add_spans(inputs, count, before, spans);
	add_packed(inputs, count, after, frames - after);
}

void md5_finish(struct md5 *md5, unsigned char digest[MD5_SIZE])
{
	static const unsigned char one[MD5_BLOCK] = {0x80};
	uint64_t bits = md5->bytes * 8;
	unsigned char length[8];
	for (unsigned i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)(bits >> (8 * i));
	size_t filled = (size_t)(md5->bytes % MD5_BLOCK);
	size_t block = MD5_BLOCK, padding = (filled < block - 8 ? block : 2 * block) - 8 - filled;
	md5_add(&(struct md5_input){md5, one, padding < MD5_BLOCK ? padding : MD5_BLOCK}, 1);
	if (padding > MD5_BLOCK) {
		static const unsigned char zeros[MD5_BLOCK];
		md5_add(&(struct md5_input){md5, zeros, padding - MD5_BLOCK}, 1);
	}
	md5_add(&(struct md5_input){md5, length, sizeof(length)}, 1);
	for (unsigned i = 0; i < MD5_SIZE; i++)
		digest[i] = (unsigned char)(md5->state[i / 4] >> (8 * (i % 4)));
}
