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

/* What a dynamics processor listens to. */
struct detector_settings {
	char *key;			/* a track; NULL: the sound itself */
	double highpass_hz, lowpass_hz; /* 0: none */
};

enum compressor_detector { COMPRESSOR_PEAK, COMPRESSOR_RMS };

struct compressor_settings {
	double threshold_db;
	double ratio;		    /* n of n:1 */
	double attack_s, release_s; /* NAN: as the crest factor says */
	double knee_db;		    /* the whole width, centred on the threshold */
	double makeup_db;	    /* NAN: from the curve */
	double mix_percent;	    /* of the compressed sound; the rest is the sound as it came in */
	double lookahead_s;
	int detection; /* enum compressor_detector */
	struct detector_settings detector;
};

/* Feed-forward, stereo linked: D. Giannoulis, M. Massberg and J. D. Reiss, "Digital Dynamic Range Compressor
 * Design - A Tutorial and Analysis", JAES 60 (6), 2012. Automatic times and make-up: the same, "Parameter
 * Automation in a Dynamic Range Compressor", JAES 61 (10), 2013. */
extern const struct processor_type compressor_type;

/* Times are to 63 % of the change in dB. Stereo linked. */
struct gate_settings {
	double threshold_db;
	double hysteresis_db; /* 0 or more */
	double range_db;      /* 0 or more */
	double ratio;	      /* n of n:1 */
	double attack_s, hold_s, release_s;
	double lookahead_s;
	struct detector_settings detector;
};

extern const struct processor_type gate_type;

enum polarity_side { POLARITY_BOTH, POLARITY_LEFT, POLARITY_RIGHT };

struct polarity_settings {
	int side; /* enum polarity_side */
};

extern const struct processor_type polarity_type;

enum deesser_mode { DEESSER_RELATIVE, DEESSER_ABSOLUTE };

/* Split band: takes `reduce_db` off the band above `frequency_hz` at most. Stereo linked. */
struct deesser_settings {
	double frequency_hz;
	double reduce_db;    /* 0 or more */
	double threshold_db; /* of the band's mean level: relative to the whole sound's, or to full scale */
	int mode;	     /* enum deesser_mode */
	double attack_s, release_s;
	double lookahead_s;
};

extern const struct processor_type deesser_type;

/* Gains at most, which depend on the sound's shape and not on its level. Stereo linked. */
struct transient_settings {
	double attack_db, sustain_db;
	double lookahead_s;
};

extern const struct processor_type transient_type;

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
