#include "config/session.h"

#include "config/forms.h"
#include "config/preset_search.h"
#include "config/schema.h"

#define SESSION(member) offsetof(struct session, member)
#define SONG(member) offsetof(struct song_config, member)
#define SECTION(member) offsetof(struct section_config, member)
#define ARRANGEMENT(member) offsetof(struct arrangement_config, member)
#define TRACK(member) offsetof(struct track_config, member)
#define MASTER(member) offsetof(struct master_config, member)
#define RECORD(text, type, table) \
	{ \
		text, table##_help, sizeof(type), table, KEY_COUNT(table) \
	}

static const char *const balances[] = {"off", "auto", NULL};
static const char *const formats[] = {"flac", "wav", "mp3", "vorbis", "opus", NULL};
static const char *const comps[] = {"off", "best", NULL};
static const char *const later_formats[] = {"aiff", NULL};

/* Names for an editor to offer; a folder of the user's may have more presets. */
static const char *role_name(size_t index)
{
	return preset_shipped_name(PRESET_ROLES, index);
}

static const char *mix_preset_name(size_t index)
{
	return preset_shipped_name(PRESET_MIX, index);
}

static const char *master_preset_name(size_t index)
{
	return preset_shipped_name(PRESET_MASTER, index);
}

static const char song_keys_help[] = "What is played.";
static const struct key song_keys[] = {
	{"title", KEY_TEXT, SONG(title), .most = 200, .help = "The song's title."},
	{"artist", KEY_TEXT, SONG(artist), .most = 200, .help = "Who plays it."},
	{"genre", KEY_TEXT, SONG(genre), .most = 100, .help = "What kind of music it is."},
	{"key", KEY_TEXT, SONG(key), .most = 24, .form = &form_musical_key,
		.help = "The musical key, such as Em, F# or C# minor."},
	{"tempo", KEY_NUMBER, SONG(tempo_bpm), .least = 20, .most = 400, .help = "Beats a minute."},
	{"meter", KEY_TEXT, SONG(meter), .most = 16, .form = &form_meter,
		.help = "Beats a bar over the beat's note, such as 4/4."},
	{"listen", KEY_FLAG, SONG(listen), .fallback = "true",
		.help = "A render listens to the take: its beats, key, chords, sections, and which song it is."},
	{"melody", KEY_TEXT, SONG(melody), .most = 64,
		.help = "The track whose melody is written down; the first lead vocal where it is left out."},
};
static const struct record song_record = RECORD("song", struct song_config, song_keys);

static const char section_keys_help[] = "A part of the song.";
static const struct key section_keys[] = {
	{"name", KEY_TEXT, SECTION(name), .most = 64, .required = true, .form = &form_word,
		.help = "What `order` calls it, without blanks."},
	{"bars", KEY_INTEGER, SECTION(bars), .least = 1, .most = 999, .required = true,
		.help = "How many bars it lasts."},
	{"chords", KEY_TEXT, SECTION(chords), .most = 4000, .form = &form_chords,
		.help = "Its chords, bars between |; fewer bars than it has are played again."},
	{"lyrics", KEY_TEXTS, SECTION(lyrics), .most = 1000, .help = "What is sung, line by line."},
	{"tempo", KEY_NUMBER, SECTION(tempo_bpm), .least = 20, .most = 400,
		.help = "Beats a minute; the song's where it is left out."},
	{"tempo_to", KEY_NUMBER, SECTION(tempo_to_bpm), .least = 20, .most = 400,
		.help = "The tempo that it ends with, reached evenly; its own where it is left out."},
	{"meter", KEY_TEXT, SECTION(meter), .most = 16, .form = &form_meter,
		.help = "Beats a bar over the beat's note; the song's where it is left out."},
};
static const struct record section_record = RECORD("section", struct section_config, section_keys);

static const char arrangement_keys_help[] = "Sections, their order and the click.";
static const struct key arrangement_keys[] = {
	{"count_in", KEY_INTEGER, ARRANGEMENT(count_in), .least = 0, .most = 16, .fallback = "2",
		.help = "Bars of click before bar 1."},
	{"click", KEY_TEXT, ARRANGEMENT(click),
		.help = "A glob on the node.name of the PipeWire sink that the click is played to; no "
			"click where it is left out."},
	{"guide", KEY_FLAG, ARRANGEMENT(guide),
		.help = "Whether the click plays the tones of the chords too, softly."},
	{"sections", KEY_RECORDS, ARRANGEMENT(sections), .most = 200, .record = &section_record,
		.help = "The parts of the song, as they are played."},
	{"comp", KEY_CHOICE, ARRANGEMENT(comp), .choices = comps,
		.help = "best: a render says in report.json of each section in which take it was played "
			"tightest."},
	{"order", KEY_TEXTS, ARRANGEMENT(order), .most = 64, .form = &form_word,
		.help = "Names of sections in the order of the arranged render; as they are played where "
			"it is left out."},
};
static const struct record arrangement_record =
	RECORD("arrangement", struct arrangement_config, arrangement_keys);

static const char track_keys_help[] = "An input or two, and what they go through.";
static const struct key track_keys[] = {
	{"name", KEY_TEXT, TRACK(name), .most = 64, .required = true, .help = "The track's name."},
	{"input", KEY_TEXTS, TRACK(input), .most = 96, .required = true, .form = &form_input,
		.help = "INTERFACE/CHANNEL, or a list of two of them for a stereo track."},
	{"role", KEY_TEXT, TRACK(role), .most = 64, .offer = role_name,
		.help = "What is on it; the role's strip comes from the mix preset."},
	{"chain", KEY_CHAIN, TRACK(chain), .most = 32, .help = "Processors instead of the role's."},
	{"chain+", KEY_CHAIN, TRACK(chain_added), .most = 32, .help = "Processors after the role's."},
	{"gain", KEY_NUMBER, TRACK(gain_db), .unit = UNIT_DB, .least = -120, .most = 24, .fallback = "",
		.help = "The fader, after the chain; the role's where it is left out."},
	{"pan", KEY_NUMBER, TRACK(pan), .unit = UNIT_PAN, .least = -100, .most = 100, .fallback = "",
		.help = "The place between left and right; the role's where it is left out."},
	{"mute", KEY_FLAG, TRACK(mute), .help = "Keep it out of the mix."},
	{"solo", KEY_FLAG, TRACK(solo), .help = "Keep all that are not soloed out of the mix."},
	{"trim", KEY_NUMBER, TRACK(trim_db), .unit = UNIT_DB, .least = -24, .most = 24, .fallback = "0 dB",
		.help = "On top of the gain, also of one found by measuring."},
	{"bus", KEY_TEXT, TRACK(bus), .most = 64,
		.help = "The bus it goes to; the mix where it is left out."},
	{"sends", KEY_MAP, TRACK(sends), .most = SESSION_MOST_BUSES, .record = &send_record,
		.help = "RETURN: how much goes to it, or {level, pre}."},
	{"vca", KEY_TEXTS, TRACK(vca), .most = 64, .help = "The VCA groups it follows."},
	{"automation", KEY_RECORD, TRACK(automation), .record = &automation_record,
		.help = "What the fader does while the take runs."},
	{"place", KEY_RECORD, TRACK(place), .record = &place_record,
		.help = "Where it stands in the picture, as one gesture."},
	{"edit", KEY_CHAIN, TRACK(edit), .most = 32,
		.help = "Processors before the mix, instead of the edit preset's."},
	{"edit+", KEY_CHAIN, TRACK(edit_added), .most = 32,
		.help = "Processors before the mix, after the edit preset's."},
};
static const struct record track_record = RECORD("track", struct track_config, track_keys);

static const char mix_keys_help[] = "How the tracks become stereo.";
static const struct key mix_keys[] = {
	{"preset", KEY_TEXT, offsetof(struct mix_config, preset), .fallback = "rock",
		.offer = mix_preset_name, .help = "The mix preset; none sums the tracks as they are."},
	{"balance", KEY_CHOICE, offsetof(struct mix_config, balance), .choices = balances,
		.help = "Whether gains that the session does not give are found by measuring the tracks."},
	{"pan_law", KEY_NUMBER, offsetof(struct mix_config, pan_law_db), .unit = UNIT_DB, .least = -4.5,
		.most = -3, .step = 1.5, .fallback = "-3 dB",
		.help = "How loud a mono track in the centre is on each side, against all the way to one: -3 "
			"dB "
			"keeps its power, -4.5 dB gives way to how both add up in mono. Not with preset "
			"none."},
};
static const struct record mix_record = RECORD("mix", struct mix_config, mix_keys);

static const char master_keys_help[] = "Where the master is to land.";
static const struct key master_keys[] = {
	{"preset", KEY_TEXT, MASTER(preset), .fallback = "streaming", .offer = master_preset_name,
		.help = "The master preset."},
	{"loudness", KEY_NUMBER, MASTER(loudness_lufs), .unit = UNIT_LUFS, .least = -60, .most = -3,
		.fallback = "", .help = "The integrated loudness; the preset's where it is left out."},
	{"true_peak", KEY_NUMBER, MASTER(true_peak_dbtp), .unit = UNIT_DBTP, .least = -20, .most = 0,
		.fallback = "", .help = "The true peak never to pass; the preset's where it is left out."},
	{"album_loudness", KEY_NUMBER, MASTER(album_lufs), .unit = UNIT_LUFS, .least = -60, .most = -3,
		.fallback = "",
		.help = "Where several files are mastered: what the loudest of them is to reach, instead of "
			"`loudness` of them all."},
	{"formats", KEY_CHOICES, MASTER(formats), .choices = formats, .later = later_formats,
		.fallback = "flac", .help = "The files to make."},
	{"bits", KEY_NUMBER, MASTER(bits), .unit = UNIT_BITS, .least = 16, .most = 24, .step = 8,
		.fallback = "",
		.help = "Word length of FLAC and WAV; the preset's, else 24, where it is left "
			"out."},
	{"rate", KEY_NUMBER, MASTER(rate_hz), .unit = UNIT_HZ, .least = 44100, .most = 192000, .fallback = "",
		.help = "Frames a second; the preset's, else the recording's, where it is left "
			"out. Opus is 48 kHz always."},
	MASTER_CHAIN_KEYS(struct master_config),
	{"curve", KEY_TEXT, MASTER(curve), .most = 64,
		.help = "Which of the preset's curves tone goes for; that of song.genre, else `default`, "
			"where it is left out."},
	{"reference", KEY_TEXT, MASTER(reference), .most = 4096,
		.help = "A sound file whose spectrum tone goes for instead; relative to this file."},
};
static const struct record master_record = RECORD("master", struct master_config, master_keys);

static const char session_keys_help[] = "The song, the tracks and what is to become of them.";
static const struct key session_keys[] = {
	{"woodshed", KEY_INTEGER, SESSION(woodshed), .least = 1, .most = 1, .fallback = "1",
		.help = "The format of this file."},
	{"name", KEY_TEXT, SESSION(name), .most = 64,
		.help = "The session's name; the file's where it is left out."},
	{"song", KEY_RECORD, SESSION(song), .record = &song_record, .help = song_keys_help},
	{"arrangement", KEY_RECORD, SESSION(arrangement), .record = &arrangement_record,
		.help = arrangement_keys_help},
	{"tracks", KEY_RECORDS, SESSION(tracks), .most = SESSION_MOST_TRACKS, .record = &track_record,
		.help = "The tracks; one a channel where there are none."},
	{"edit", KEY_RECORD, SESSION(edit), .record = &edit_record,
		.help = "What makes the performance clean."},
	{"mix", KEY_RECORD, SESSION(mix), .record = &mix_record, .help = mix_keys_help},
	{"buses", KEY_RECORDS, SESSION(buses), .most = SESSION_MOST_BUSES, .record = &bus_record,
		.help = "Groups of tracks, and returns that they send to."},
	{"vcas", KEY_MAP, SESSION(vcas), .most = SESSION_MOST_VCAS, .record = &vca_record,
		.help = "GROUP: the gain of all that name it, or {gain, mute, automation}."},
	{"master", KEY_RECORD, SESSION(master), .record = &master_record, .help = master_keys_help},
};
const struct record session_record = RECORD("session", struct session, session_keys);
