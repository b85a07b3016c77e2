#include "audio/metadata.h"

#include <FLAC/metadata.h>

#include <errno.h>
#include <stdbool.h>

enum { LEAD_OUT = 255 };

static bool add_track(FLAC__StreamMetadata *sheet, unsigned at, FLAC__byte number, uint64_t offset)
{
	if (!FLAC__metadata_object_cuesheet_insert_blank_track(sheet, at))
		return false;
	FLAC__StreamMetadata_CueSheet_Track *track = &sheet->data.cue_sheet.tracks[at];
	track->offset = offset;
	track->number = number;
	if (number == LEAD_OUT)
		return true;
	if (!FLAC__metadata_object_cuesheet_track_insert_blank_index(sheet, at, 0))
		return false;
	track = &sheet->data.cue_sheet.tracks[at];
	track->indices[0].offset = 0;
	track->indices[0].number = 1;
	return true;
}

/* The programme begins with a track whether or not a cue is there. */
static FLAC__StreamMetadata *make_sheet(const struct metadata *m)
{
	FLAC__StreamMetadata *sheet = FLAC__metadata_object_new(FLAC__METADATA_TYPE_CUESHEET);
	unsigned count = 0;
	bool fine = sheet != NULL;
	for (size_t i = 0; fine && i < m->cue_count && count < METADATA_CUES; i++) {
		if (i == 0 && m->cues[i].frame > 0) {
			fine = add_track(sheet, count, (FLAC__byte)(count + 1), 0);
			count++;
		}
		if (m->cues[i].frame < m->frames) {
			fine = fine && add_track(sheet, count, (FLAC__byte)(count + 1), m->cues[i].frame);
			count++;
		}
	}
	fine = fine && add_track(sheet, count, LEAD_OUT, m->frames);
	if (!fine && sheet) {
		FLAC__metadata_object_delete(sheet);
		sheet = NULL;
	}
	return sheet;
}

static FLAC__StreamMetadata *make_picture(const struct picture *picture)
{
	FLAC__StreamMetadata *made = FLAC__metadata_object_new(FLAC__METADATA_TYPE_PICTURE);
	if (!made)
		return NULL;
	made->data.picture.type = FLAC__STREAM_METADATA_PICTURE_TYPE_FRONT_COVER;
	if (FLAC__metadata_object_picture_set_mime_type(made, (char *)picture->mime, true) &&
		FLAC__metadata_object_picture_set_data(
			made, (FLAC__byte *)picture->data, (FLAC__uint32)picture->size, true))
		return made;
	FLAC__metadata_object_delete(made);
	return NULL;
}

/* Takes over `block`. */
static bool append(FLAC__Metadata_Iterator *at, FLAC__StreamMetadata *block)
{
	if (block && FLAC__metadata_iterator_insert_block_after(at, block))
		return true;
	if (block)
		FLAC__metadata_object_delete(block);
	return false;
}

int metadata_write_flac(const char *path, const struct metadata *m, struct error *e)
{
	if (m->cue_count == 0 && !m->picture)
		return 0;
	FLAC__Metadata_Chain *chain = FLAC__metadata_chain_new();
	FLAC__Metadata_Iterator *at = FLAC__metadata_iterator_new();
	bool fine = chain && at && FLAC__metadata_chain_read(chain, path);
	if (fine) {
		FLAC__metadata_iterator_init(at, chain);
		while (FLAC__metadata_iterator_next(at))
			;
		fine = (m->cue_count == 0 || append(at, make_sheet(m))) &&
		       (!m->picture || append(at, make_picture(m->picture)));
	}
	fine = fine && FLAC__metadata_chain_write(chain, true, true);
	const char *why =
		chain ? FLAC__Metadata_ChainStatusString[FLAC__metadata_chain_status(chain)] : "memory";
	if (at)
		FLAC__metadata_iterator_delete(at);
	if (chain)
		FLAC__metadata_chain_delete(chain);
	return fine ? 0 : error_set(e, EIO, "%s: its cue sheet and cover: %s", path, why);
}
