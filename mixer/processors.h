/* The processors of the mixer, and the settings that each takes from a session. */
#ifndef WOODSHED_MIXER_PROCESSORS_H
#define WOODSHED_MIXER_PROCESSORS_H

#include "audio/filter.h"
#include "audio/processor.h"

/* Butterworth of `slope_db` dB an octave: 6 to 48 in steps of 6. */
struct pass_settings {
	double frequency_hz;
	double slope_db;
};

extern const struct processor_type highpass_type, lowpass_type;

enum { EQ_BANDS = 8 };

struct eq_band {
	int type; /* enum filter_shape */
	double frequency_hz;
	double gain_db;
	double q;
};

struct eq_settings {
	struct key_list bands; /* of struct eq_band, up to EQ_BANDS */
};

extern const struct processor_type eq_type;

enum compressor_detector { COMPRESSOR_PEAK, COMPRESSOR_RMS };

struct compressor_settings {
	double threshold_db;
	double ratio; /* n of n:1 */
	double attack_s, release_s;
	double knee_db; /* the whole width, centred on the threshold */
	double makeup_db;
	double lookahead_s;
	int detector; /* enum compressor_detector */
};

/* Feed-forward, stereo linked: D. Giannoulis, M. Massberg and J. D. Reiss, "Digital Dynamic Range Compressor
 * Design - A Tutorial and Analysis", JAES 60 (6), 2012. */
extern const struct processor_type compressor_type;

enum saturation_kind { SATURATION_SOFT, SATURATION_TAPE, SATURATION_TUBE };

struct saturation_settings {
	int kind; /* enum saturation_kind */
	double drive_db;
	double mix_percent;
	double output_db;
};

/* Oversampled, with antiderivative anti-aliasing; without DC; 91 frames late at 44.1 and 48 kHz. */
extern const struct processor_type saturation_type;

/* One of the first four is given, the others are NAN. */
struct delay_settings {
	double time_s, distance_m, samples;
	double note; /* of a whole one */
	double feedback_percent;
	double highpass_hz, lowpass_hz; /* NAN: none */
	bool ping_pong;
	double mix_percent;
};

/* Meant to be late, so its delay is no latency. Of whole frames, with mix at 100 % and nothing else, it is
 * exact. */
extern const struct processor_type delay_type;

enum { CHORUS_VOICES = 8 };

struct chorus_settings {
	double rate_hz, depth_s, delay_s;
	int voices;
	double spread_percent, mix_percent;
};

extern const struct processor_type chorus_type;

enum reverb_kind { REVERB_ROOM, REVERB_PLATE, REVERB_HALL };

struct reverb_settings {
	int kind; /* enum reverb_kind */
	double size_percent;
	double decay_s;
	double low_decay_percent, high_decay_percent;
	double low_hz, high_hz;
	double predelay_s;
	double early_db;
	double modulation_percent, width_percent, mix_percent;
};

/* White noise comes out about as loud as it went in, whatever the decay. */
extern const struct processor_type reverb_type;

struct width_settings {
	double width_percent;
	double mono_below_hz; /* NAN: nowhere */
};

/* Mono goes through untouched: it has no width. */
extern const struct processor_type width_type;

struct lv2_settings {
	char *uri;
	struct key_list controls; /* of struct key_level */
};

/* Reads files when it is made (lv2-host.h), which no other processor does. */
extern const struct processor_type lv2_type;

#endif
