#include "audio/soundfile.h"

#include "audio/riff.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct soundfile {
	SNDFILE *file;
	SF_INFO info;
	struct soundfile_format format;
	char name[128];
	char *path;
	int fd; /* of one that is written; libsndfile only borrows it */
	uint64_t at, on_its_way; /* frames; those of a file that is written set out for the disk */
	double *frames; /* interleaved: SOUNDFILE_FRAMES of all channels */
};

/* So much of a WAV file at a time sets out for the disk, which is else idle until the end and then all that is
 * waited for. */
enum { WRITE_FRAMES = 1 << 20 };

static const double surround = 1.41;

/* ---- reading ---- */

static double weight_of(int place)
{
	switch (place) {
	case SF_CHANNEL_MAP_LFE:
		return 0;
	case SF_CHANNEL_MAP_REAR_LEFT:
	case SF_CHANNEL_MAP_REAR_RIGHT:
	case SF_CHANNEL_MAP_SIDE_LEFT:
	case SF_CHANNEL_MAP_SIDE_RIGHT:
		return surround;
	default:
		return 1;
	}
}

static void find_weights(struct soundfile *s)
{
	uint32_t channels = s->format.channels;
	int map[SOUNDFILE_CHANNELS];
	for (uint32_t i = 0; i < channels; i++)
		s->format.weights[i] = 1;
	if (channels <= 2)
		return;
	if (sf_command(s->file, SFC_GET_CHANNEL_MAP_INFO, map, (int)(channels * sizeof(int))) == SF_TRUE) {
		for (uint32_t i = 0; i < channels; i++)
			s->format.weights[i] = weight_of(map[i]);
	} else if (channels == 5 || channels == 6) {
		s->format.weights[3] = channels == 6 ? 0 : surround;
		for (uint32_t i = 4; i < channels; i++)
			s->format.weights[i] = surround;
	}
}

static void find_name(struct soundfile *s)
{
	SF_FORMAT_INFO info = {.format = s->info.format & SF_FORMAT_TYPEMASK};
	SF_FORMAT_INFO sub = {.format = s->info.format & SF_FORMAT_SUBMASK};
	sf_command(NULL, SFC_GET_FORMAT_INFO, &info, sizeof(info));
	sf_command(NULL, SFC_GET_FORMAT_INFO, &sub, sizeof(sub));
	snprintf(s->name, sizeof(s->name), "%s, %s", info.name ? info.name : "unknown",
		sub.name ? sub.name : "unknown");
	s->format.name = s->name;
}

/* libsndfile would say "System error." of a file that is not there. */
static int open_for_reading(struct soundfile *s, const char *path, struct error *e)
{
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return error_errno(e, errno, "%s", path);
	int result = riff_check(s->fd, path, e);
	if (result < 0)
		return result;
	s->file = sf_open_fd(s->fd, SFM_READ, &s->info, SF_FALSE);
	return s->file ? 0
		       : error_set(e, EBADMSG, "%s: no sound file that can be read: %s", path,
				 sf_strerror(NULL));
}

/* Plain numbers in a container that says how many bytes they take. */
static bool is_counted(const SF_INFO *info)
{
	switch (info->format & SF_FORMAT_TYPEMASK) {
	case SF_FORMAT_WAV:
	case SF_FORMAT_WAVEX:
	case SF_FORMAT_RF64:
	case SF_FORMAT_AIFF:
		break;
	default:
		return false;
	}
	switch (info->format & SF_FORMAT_SUBMASK) {
	case SF_FORMAT_PCM_16:
	case SF_FORMAT_PCM_24:
	case SF_FORMAT_PCM_32:
	case SF_FORMAT_FLOAT:
		return info->frames > 0;
	default:
		return false;
	}
}

static int check_format(const struct soundfile *s, struct error *e)
{
	const struct soundfile_format *f = &s->format;
	if (s->info.channels < 1 || s->info.channels > SOUNDFILE_CHANNELS)
		return error_set(e, ENOTSUP, "%s: %d channels; 1 to %d can be read", s->path,
			s->info.channels, SOUNDFILE_CHANNELS);
	if (f->rate < 8000 || f->rate > 384000)
		return error_set(e, ENOTSUP, "%s: a rate of %d Hz; 8 to 384 kHz can be read", s->path,
			s->info.samplerate);
	return 0;
}

static struct soundfile *make(const char *path)
{
	struct soundfile *made = memory_new(sizeof(*made));
	made->fd = -1;
	made->path = memory_text(path);
	return made;
}

int soundfile_open(struct soundfile **soundfile, const char *path, struct error *e)
{
	struct soundfile *made = make(path);
	int result = open_for_reading(made, path, e);
	if (result == 0) {
		made->format.rate = made->info.samplerate > 0 ? (uint32_t)made->info.samplerate : 0;
		made->format.channels = (uint32_t)made->info.channels;
		made->format.frames = made->info.frames > 0 ? (uint64_t)made->info.frames : 0;
		made->format.counted = is_counted(&made->info);
		result = check_format(made, e);
	}
	if (result < 0) {
		soundfile_close(made);
		return result;
	}
	find_weights(made);
	find_name(made);
	made->format.title = sf_get_string(made->file, SF_STR_TITLE);
	made->format.artist = sf_get_string(made->file, SF_STR_ARTIST);
	made->frames = memory_array(SOUNDFILE_FRAMES * made->format.channels, sizeof(double));
	*soundfile = made;
	return 0;
}

void soundfile_close(struct soundfile *soundfile)
{
	if (!soundfile)
		return;
	if (soundfile->file)
		sf_close(soundfile->file);
	if (soundfile->fd >= 0)
		close(soundfile->fd);
	free(soundfile->path);
	free(soundfile->frames);
	free(soundfile);
}

const struct soundfile_format *soundfile_format(const struct soundfile *soundfile)
{
	return &soundfile->format;
}

static int check_end(struct soundfile *s, struct error *e)
{
	if (sf_error(s->file) != SF_ERR_NO_ERROR)
		return error_set(e, EBADMSG, "%s: damaged at frame %llu: %s", s->path,
			(unsigned long long)s->at, sf_strerror(s->file));
	bool counted = (s->info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG; /* those only guess */
	if (counted && s->at < s->format.frames)
		return error_set(e, EBADMSG, "%s: ends at frame %llu of %llu", s->path,
			(unsigned long long)s->at, (unsigned long long)s->format.frames);
	return 0;
}

int soundfile_read(struct soundfile *s, double *const *channels, uint32_t frames, struct error *e)
{
	uint32_t count = s->format.channels;
	sf_count_t n =
		sf_readf_double(s->file, s->frames, frames < SOUNDFILE_FRAMES ? frames : SOUNDFILE_FRAMES);
	if (n <= 0)
		return check_end(s, e);
	for (sf_count_t i = 0; i < n; i++) {
		for (uint32_t c = 0; c < count; c++) {
			double sample = s->frames[(size_t)i * count + c];
			if (!isfinite(sample))
				return error_set(e, EBADMSG, "%s: frame %llu holds what is no number",
					s->path, (unsigned long long)(s->at + (uint64_t)i));
			channels[c][i] = sample;
		}
	}
	s->at += (uint64_t)n;
	return (int)n;
}

/* ---- writing ---- */

static const struct kind {
	const char *name;
	int format;
	double compression; /* of libsndfile: 0 is the best */
	int bitrate_mode;
} kinds[] = {
	[SOUNDFILE_WAV] = {"WAV", SF_FORMAT_RF64, 0, 0},
	[SOUNDFILE_MP3] = {"MP3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 0, SF_BITRATE_MODE_VARIABLE},
	[SOUNDFILE_VORBIS] = {"Vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.2, 0},
	/* From 6 to 256 kbit/s a channel. */
	[SOUNDFILE_OPUS] = {"Opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 1 - (128.0 - 6) / 250, 0},
};

uint32_t soundfile_rate(enum soundfile_kind kind, uint32_t rate)
{
	if (kind == SOUNDFILE_OPUS)
		return 48000;
	if (kind == SOUNDFILE_MP3 && rate > 48000)
		return rate % 11025 == 0 ? 44100 : 48000;
	return rate;
}

static void copy_text(char *into, size_t size, const char *text)
{
	if (text)
		memcpy(into, text, strnlen(text, size));
}

/* Hundredths; what is not known is 0x7FFF (EBU Tech 3285, 2.4). */
static int16_t hundredths(double value)
{
	return isfinite(value) && fabs(value) < 327 ? (int16_t)lround(value * 100) : 0x7FFF;
}

static bool set_broadcast(struct soundfile *s, const struct soundfile_broadcast *b)
{
	SF_BROADCAST_INFO info = {.version = 2,
		.loudness_value = hundredths(b->lufs),
		.loudness_range = hundredths(b->lra_lu),
		.max_true_peak_level = hundredths(b->dbtp),
		.max_momentary_loudness = hundredths(b->max_momentary_lufs),
		.max_shortterm_loudness = hundredths(b->max_short_term_lufs),
		.time_reference_low = (uint32_t)b->time_reference,
		.time_reference_high = (uint32_t)(b->time_reference >> 32)};
	copy_text(info.description, sizeof(info.description), b->title);
	copy_text(info.originator, sizeof(info.originator), b->artist);
	copy_text(info.origination_date, sizeof(info.origination_date), b->date);
	copy_text(info.origination_time, sizeof(info.origination_time), b->time);
	return sf_command(s->file, SFC_SET_BROADCAST_INFO, &info, sizeof(info)) == SF_TRUE;
}

static bool set_up(struct soundfile *s, enum soundfile_kind kind, const struct soundfile_broadcast *broadcast)
{
	const struct kind *k = &kinds[kind];
	double compression = k->compression;
	int mode = k->bitrate_mode;
	if (kind == SOUNDFILE_WAV) {
		sf_command(s->file, SFC_RF64_AUTO_DOWNGRADE, NULL, SF_TRUE);
		sf_command(s->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
		sf_command(s->file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); /* it has the time of writing */
		return !broadcast || set_broadcast(s, broadcast);
	}
	if (sf_command(s->file, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof(compression)) != SF_TRUE)
		return false;
	if (kind != SOUNDFILE_MP3)
		return true;
	/* What this one returns says nothing in libsndfile 1.2; what comes of it does. */
	sf_command(s->file, SFC_SET_BITRATE_MODE, &mode, sizeof(mode));
	return sf_command(s->file, SFC_GET_BITRATE_MODE, NULL, 0) == mode;
}

static int create(struct soundfile **soundfile, const char *path, enum soundfile_kind kind, uint32_t rate,
	uint32_t channels, uint32_t bits, const struct soundfile_broadcast *broadcast, struct error *e)
{
	const struct kind *k = &kinds[kind];
	struct soundfile *made = make(path);
	int word = bits == 16 ? SF_FORMAT_PCM_16 : bits == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_FLOAT;
	made->info = (SF_INFO){.samplerate = (int)rate,
		.channels = (int)channels,
		.format = k->format | (kind == SOUNDFILE_WAV ? word : 0)};
	made->format = (struct soundfile_format){.rate = rate, .channels = channels};
	made->frames = memory_array((size_t)BLOCK_FRAMES * channels, sizeof(double));
	int result = 0;
	if (!sf_format_check(&made->info))
		result = error_set(e, EINVAL, "%s has no rate of %u Hz", k->name, rate);
	if (result == 0 && (made->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
		result = error_errno(e, errno, "%s", path);
	if (result == 0 && !(made->file = sf_open_fd(made->fd, SFM_WRITE, &made->info, SF_FALSE)))
		result = error_set(e, EINVAL, "%s: %s at %u Hz: %s", path, k->name, rate, sf_strerror(NULL));
	if (result == 0 && !set_up(made, kind, broadcast))
		result = error_set(e, EINVAL, "%s: %s: %s", path, k->name, sf_strerror(made->file));
	if (result < 0) {
		soundfile_close(made);
		return result;
	}
	*soundfile = made;
	return 0;
}

int soundfile_create(struct soundfile **soundfile, const char *path, enum soundfile_kind kind, uint32_t rate,
	uint32_t bits, const struct soundfile_broadcast *broadcast, struct error *e)
{
	return create(soundfile, path, kind, rate, BLOCK_CHANNELS, bits, broadcast, e);
}

int soundfile_create_wav(struct soundfile **soundfile, const char *path, uint32_t rate, uint32_t channels,
	uint32_t bits, const struct soundfile_broadcast *broadcast, struct error *e)
{
	return create(soundfile, path, SOUNDFILE_WAV, rate, channels, bits, broadcast, e);
}

/* No promise yet: soundfile_finish gives it, and hears of what went wrong. */
static void send_off(struct soundfile *s)
{
	if (s->at - s->on_its_way < WRITE_FRAMES)
		return;
	sync_file_range(s->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	s->on_its_way = s->at;
}

int soundfile_write(struct soundfile *s, const struct block *block, struct error *e)
{
	for (uint32_t i = 0; i < block->frames; i++)
		for (uint32_t c = 0; c < s->format.channels; c++)
			s->frames[i * s->format.channels + c] = block->channel[c][i];
	errno = 0;
	if (sf_writef_double(s->file, s->frames, block->frames) == block->frames) {
		s->at += block->frames;
		send_off(s);
		return 0;
	}
	return errno ? error_errno(e, errno, "%s", s->path)
		     : error_set(e, EIO, "%s: %s", s->path, sf_strerror(s->file));
}

int soundfile_set_broadcast(struct soundfile *s, const struct soundfile_broadcast *broadcast, struct error *e)
{
	return set_broadcast(s, broadcast) ? 0 : error_set(e, EIO, "%s: %s", s->path, sf_strerror(s->file));
}

int soundfile_finish(struct soundfile *s, struct error *e)
{
	int failure = sf_close(s->file);
	s->file = NULL;
	int result = failure ? error_set(e, EIO, "%s: %s", s->path, sf_error_number(failure)) : 0;
	if (result == 0 && fsync(s->fd) < 0)
		result = error_errno(e, errno, "%s", s->path);
	soundfile_close(s);
	return result;
}
