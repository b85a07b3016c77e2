/* What a master goes through on its way, as a master preset and a session's `master` say it alike. */
#ifndef WOODSHED_CONFIG_MASTERING_H
#define WOODSHED_CONFIG_MASTERING_H

#include "common/key.h"

enum master_dither { MASTER_DITHER_TPDF, MASTER_DITHER_SHAPED };

/* The table and the struct go together. NAN, of `dither` -1: not given; after master_chain_settle nothing is.
 */
struct master_chain {
	double highpass_hz;		      /* 0: none */
	double tone_db;			      /* the most that a band is moved; 0: not at all */
	double multiband_db, multiband_bands; /* off the loud moments of each band; 0: none */
	double width_percent, mono_below_hz;  /* 0 Hz: nowhere */
	double glue_db;			      /* off the loud moments of the whole; 0: none */
	double soft_clip_db;		      /* off the highest peaks; 0: none */
	double lookahead_s, release_s;	      /* of the limiter */
	double max_reduction_db;	      /* of the limiter */
	double min_psr_lu;		      /* 0: any */
	int dither;			      /* enum master_dither */
};

/* The shape of a spectrum, in dB, that tone goes for. */
struct master_curve {
	char *name;	    /* a genre; "default" */
	double slope_db;    /* an octave, of the power density, from 100 Hz to 10 kHz */
	double bass_db;	    /* on top of it, below 100 Hz */
	double presence_db; /* around 3 kHz */
	double air_db;	    /* above 10 kHz */
};

/* The keys of a struct master_chain that is the member `chain` of `type`. */
#define MASTER_CHAIN_KEY(type, name, member, of, from, to, words) \
	{ \
		name, KEY_NUMBER, offsetof(type, chain.member), .unit = (of), .least = (from), .most = (to), \
								.fallback = "", .help = (words) \
	}
#define MASTER_CHAIN_TIME(type, name, member, from, to, words) \
	{ \
		name, KEY_NUMBER, offsetof(type, chain.member), .unit = UNIT_SECONDS, .bare_scale = 1e-3, \
								.least = (from), .most = (to), \
								.fallback = "", .help = (words) \
	}
#define MASTER_CHAIN_KEYS(type) \
	MASTER_CHAIN_KEY(type, "highpass", highpass_hz, UNIT_HZ, 0, 60, \
		"What lies below, and any offset, is taken away; 0 Hz: nothing."), \
		MASTER_CHAIN_KEY(type, "tone", tone_db, UNIT_DB, 0, 4, \
			"The most that a band is moved toward the curve or the reference; 0 dB: nothing."), \
		MASTER_CHAIN_KEY(type, "multiband", multiband_db, UNIT_DB, 0, 6, \
			"What compression takes off each band where it is loud; 0 dB: nothing."), \
		{"multiband_bands", KEY_NUMBER, offsetof(type, chain.multiband_bands), .unit = UNIT_NONE, \
			.least = 3, .most = 5, .step = 1, .fallback = "", .help = "How many bands."}, \
		MASTER_CHAIN_KEY(type, "width", width_percent, UNIT_PERCENT, 0, 200, \
			"The level of what differs between the sides: 0 % is mono, 100 % as it is."), \
		MASTER_CHAIN_KEY(type, "mono_below", mono_below_hz, UNIT_HZ, 0, 300, \
			"Below it both sides are the same; 0 Hz: nowhere."), \
		MASTER_CHAIN_KEY(type, "glue", glue_db, UNIT_DB, 0, 2, \
			"What compression takes off the whole where it is loud; never more than 2 dB."), \
		MASTER_CHAIN_KEY(type, "soft_clip", soft_clip_db, UNIT_DB, 0, 3, \
			"How much the highest peaks are rounded off before the limiter; 0 dB: not at all."), \
		MASTER_CHAIN_TIME(type, "lookahead", lookahead_s, 0.005, 0.02, \
			"How long before a peak the limiter's gain begins to fall."), \
		MASTER_CHAIN_TIME(type, "release", release_s, 0.01, 5, \
			"Time to 63 % of the limiter's recovery after sustained limiting."), \
		MASTER_CHAIN_KEY(type, "max_reduction", max_reduction_db, UNIT_DB, 0, 20, \
			"The most that the limiter may take off; loudness gives way to it."), \
		MASTER_CHAIN_KEY(type, "min_psr", min_psr_lu, UNIT_LU, 0, 20, \
			"The least from the loudest short-term loudness to the true peak; loudness gives " \
			"way to it."), \
	{ \
		"dither", KEY_CHOICE, offsetof(type, chain.dither), \
			.choices = master_dithers, .fallback = "", \
			.help = "Where bits are dropped: tpdf, or shaped to lie where ears hear less (up " \
				"to 48 kHz)." \
	}

extern const char *const master_dithers[];
extern const struct record master_curve_record;

/* Gives `own` what it does not say and `preset` does. */
void master_chain_take_over(struct master_chain *own, const struct master_chain *preset);

/* What nobody said: nothing is done, and the limiter is as it is by itself. */
void master_chain_settle(struct master_chain *chain);

#endif
