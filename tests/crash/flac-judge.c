/* Looks at FLAC files with libFLAC and nothing of ours.
 *
 *   flac-judge --decode OUT FILE…     writes OUT/<name>.pcm: what a whole file holds, 32 bits a sample
 *   flac-judge REFERENCE FILE…        a line for each file: its name, whether it is whole (checksums, count
 * and MD5; 0 or 1), its frames, how many from the first on are those of REFERENCE/<name>.pcm, and the frame
 * from which on there is only silence
 *
 * Files of one channel. */
#include <FLAC/stream_decoder.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct judge {
	const int32_t *reference;
	uint64_t reference_frames;
	FILE *out;
	uint64_t frames, same, silent_from;
	bool faults;
};

static FLAC__StreamDecoderWriteStatus on_write(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
	const FLAC__int32 *const channels[], void *client)
{
	(void)decoder;
	struct judge *judge = client;
	const int32_t *block = channels[0];
	uint32_t count = frame->header.blocksize;
	if (judge->out)
		judge->faults = fwrite(block, sizeof(*block), count, judge->out) != count || judge->faults;
	for (uint32_t i = 0; i < count; i++, judge->frames++) {
		if (judge->same == judge->frames && judge->frames < judge->reference_frames &&
			block[i] == judge->reference[judge->frames])
			judge->same++;
		if (block[i] != 0)
			judge->silent_from = judge->frames + 1;
	}
	return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void on_error(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *client)
{
	(void)decoder, (void)status;
	((struct judge *)client)->faults = true;
}

/* True for a whole file. */
static bool decode(struct judge *judge, const char *path)
{
	FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
	FLAC__stream_decoder_set_md5_checking(decoder, true);
	bool whole = FLAC__stream_decoder_init_file(decoder, path, on_write, NULL, on_error, judge) ==
			     FLAC__STREAM_DECODER_INIT_STATUS_OK &&
		     FLAC__stream_decoder_process_until_end_of_stream(decoder);
	uint64_t told = FLAC__stream_decoder_get_total_samples(decoder);
	whole = FLAC__stream_decoder_finish(decoder) && whole && !judge->faults && told == judge->frames;
	FLAC__stream_decoder_delete(decoder);
	return whole;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void map_reference(struct judge *judge, const char *folder, const char *path)
{
	char name[4096];
	struct stat status;
	snprintf(name, sizeof(name), "%s/%s.pcm", folder, base_name(path));
	int fd = open(name, O_RDONLY);
	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size == 0) {
		perror(name);
		exit(2);
	}
	void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED) {
		perror(name);
		exit(2);
	}
	judge->reference = data;
	judge->reference_frames = (uint64_t)status.st_size / sizeof(int32_t);
}

static void judge_file(const char *folder, const char *path)
{
	struct judge judge = {0};
	map_reference(&judge, folder, path);
	bool whole = decode(&judge, path);
	printf("%s %d %llu %llu %llu\n", base_name(path), whole, (unsigned long long)judge.frames,
		(unsigned long long)judge.same, (unsigned long long)judge.silent_from);
	munmap((void *)(uintptr_t)judge.reference, (size_t)judge.reference_frames * sizeof(int32_t));
}

static bool decode_file(const char *folder, const char *path)
{
	char name[4096];
	snprintf(name, sizeof(name), "%s/%s.pcm", folder, base_name(path));
	struct judge judge = {.out = fopen(name, "wb")};
	return judge.out && decode(&judge, path) && fclose(judge.out) == 0;
}

int main(int argc, char **argv)
{
	bool decoding = argc > 2 && strcmp(argv[1], "--decode") == 0;
	int first = decoding ? 3 : 2;
	if (argc <= first)
		return 2;
	for (int i = first; i < argc; i++) {
		if (!decoding) {
			judge_file(argv[1], argv[i]);
		} else if (!decode_file(argv[2], argv[i])) {
			fprintf(stderr, "%s is not whole\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
