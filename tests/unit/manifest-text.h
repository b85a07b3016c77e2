/* A manifest to load, and ways to spoil it. */
#ifndef WOODSHED_TESTS_UNIT_MANIFEST_TEXT_H
#define WOODSHED_TESTS_UNIT_MANIFEST_TEXT_H

#include "takes/manifest.h"

#include "tests/unit/harness.h"

#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* As manifest_save writes it; spoilt ones change one thing each. */
static const char whole[] = "{\n"
			    "  \"format\": 1,\n"
			    "  \"id\": \"20261122-190311-thursday\",\n"
			    "  \"session\": \"thursday\",\n"
			    "  \"title\": \"Night Bus\",\n"
			    "  \"artist\": null,\n"
			    "  \"state\": \"recorded\",\n"
			    "  \"error\": null,\n"
			    "  \"recovered\": false,\n"
			    "  \"keep\": true,\n"
			    "  \"started\": \"2026-11-22T19:03:11.123456Z\",\n"
			    "  \"rate\": 48000,\n"
			    "  \"frames\": 28800000,\n"
			    "  \"pre_roll_frames\": 480000,\n"
			    "  \"interfaces\": [\n"
			    "    {\n"
			    "      \"name\": \"xr18\",\n"
			    "      \"node\": \"alsa_input.usb\",\n"
			    "      \"frames\": 28798976,\n"
			    "      \"ppm\": 12.4,\n"
			    "      \"clock\": \"shared\",\n"
			    "      \"clock_log\": \"clock/01-xr18.csv\",\n"
			    "      \"gaps\": [\n"
			    "        {\n"
			    "          \"frame\": 96000,\n"
			    "          \"frames\": 1024,\n"
			    "          \"cause\": \"unplugged\"\n"
			    "        }\n"
			    "      ],\n"
			    "      \"gaps_more\": 40,\n"
			    "      \"gap_frames_more\": 10240,\n"
			    "      \"suspected\": [\n"
			    "        {\n"
			    "          \"frame\": 4800,\n"
			    "          \"frames\": 48,\n"
			    "          \"kind\": \"zeros\"\n"
			    "        },\n"
			    "        {\n"
			    "          \"frame\": 9600,\n"
			    "          \"frames\": null,\n"
			    "          \"kind\": \"jump\"\n"
			    "        }\n"
			    "      ],\n"
			    "      \"suspected_total\": 2\n"
			    "    }\n"
			    "  ],\n"
			    "  \"tracks\": [\n"
			    "    {\n"
			    "      \"index\": 1,\n"
			    "      \"name\": \"kick\",\n"
			    "      \"role\": \"kick\",\n"
			    "      \"inputs\": [\n"
			    "        \"xr18/1\"\n"
			    "      ],\n"
			    "      \"file\": \"raw/01-kick.flac\",\n"
			    "      \"segments\": [\n"
			    "        {\n"
			    "          \"frame\": 480000,\n"
			    "          \"file\": \"raw/01-kick.2.flac\",\n"
			    "          \"bytes\": 86400,\n"
			    "          \"sha256\": \"" SHA "\",\n"
			    "          \"crc32\": \"352441c2\"\n"
			    "        },\n"
			    "        {\n"
			    "          \"frame\": 960000,\n"
			    "          \"file\": \"raw/01-kick.3.flac\",\n"
			    "          \"bytes\": 0,\n"
			    "          \"sha256\": null,\n"
			    "          \"crc32\": null\n"
			    "        }\n"
			    "      ],\n"
			    "      \"gaps\": [\n"
			    "        {\n"
			    "          \"frame\": 959000,\n"
			    "          \"frames\": 1000,\n"
			    "          \"cause\": \"disk\"\n"
			    "        }\n"
			    "      ],\n"
			    "      \"frames\": 28800000,\n"
			    "      \"bytes\": 86400000,\n"
			    "      \"sha256\": \"" SHA "\",\n"
			    "      \"crc32\": \"352441c2\",\n"
			    "      \"peak_dbfs\": -6.2,\n"
			    "      \"lufs\": -23.1,\n"
			    "      \"clipped\": 3\n"
			    "    },\n"
			    "    {\n"
			    "      \"index\": 2,\n"
			    "      \"name\": \"keys\",\n"
			    "      \"role\": null,\n"
			    "      \"inputs\": [\n"
			    "        \"xr18/11\",\n"
			    "        \"xr18/12\"\n"
			    "      ],\n"
			    "      \"file\": \"raw/02-keys.flac\",\n"
			    "      \"frames\": 0,\n"
			    "      \"bytes\": 0,\n"
			    "      \"sha256\": null,\n"
			    "      \"crc32\": null,\n"
			    "      \"peak_dbfs\": null,\n"
			    "      \"lufs\": null,\n"
			    "      \"clipped\": 0\n"
			    "    }\n"
			    "  ],\n"
			    "  \"markers\": [\n"
			    "    {\n"
			    "      \"frame\": 4800,\n"
			    "      \"label\": \"chorus\",\n"
			    "      \"kind\": \"section\"\n"
			    "    }\n"
			    "  ],\n"
			    "  \"renders\": [\n"
			    "    {\n"
			    "      \"file\": \"master.flac\",\n"
			    "      \"bytes\": 1,\n"
			    "      \"sha256\": \"" SHA "\",\n"
			    "      \"crc32\": \"352441c2\",\n"
			    "      \"lufs\": -14.0,\n"
			    "      \"dbtp\": -1.0\n"
			    "    }\n"
			    "  ]\n"
			    "}\n";

/* `whole` with the first `from` after `after` made `to`; the caller's to free. */
static inline char *changed(const char *after, const char *from, const char *to)
{
	const char *start = strstr(whole, after);
	const char *place = start ? strstr(start, from) : NULL;
	if (!place) {
		fail_msg("no %s after %s", from, after);
		return NULL;
	}
	return memory_format("%.*s%s%s", (int)(place - whole), whole, to, place + strlen(from));
}

static inline int load_text(
	const char *folder, const char *text, size_t size, struct manifest *manifest, struct error *e)
{
	char *path = file_join(folder, "take.json");
	harness_put(path, text, size);
	free(path);
	return manifest_load(manifest, folder, e);
}

#endif
