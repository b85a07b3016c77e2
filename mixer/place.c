#include "mixer/place.h"

#include <math.h>

/* At the very back: 6 dB less of the direct sound and of its treble, which reaches the ear 10 ms behind what
 * it sends (3.4 m more of a way). At the top and at the bottom: 3 dB less of the other end. */
static const double depth_gain_db = -6, depth_treble_db = -6, depth_delay_s = 0.01;
static const double height_cut_db = -3;
static const double air_hz = 6000, treble_hz = 4000, bass_hz = 250, shelf_q = 0.7071;

static void add_shelf(
	struct place *place, enum filter_shape shape, double frequency_hz, double gain_db, uint32_t rate)
{
	if (gain_db != 0 && frequency_hz < rate * 0.45)
		place->sections[place->section_count++] =
			filter_design(shape, frequency_hz, shelf_q, gain_db, rate);
}

void place_init(struct place *place, const struct place_config *config, double pan, uint32_t rate)
{
	double depth = config->depth / 100, height = config->height / 100;
	double dark = fmax(-height, 0), bright = fmax(height, 0);
	*place = (struct place){.figures = {
					.pan = fmin(fmax(pan + config->width, -100), 100),
					.side = 1 - fabs(config->width) / 100,
					.gain_db = depth_gain_db * depth,
					.treble_db = depth_treble_db * depth + height_cut_db * dark,
					.bass_db = height_cut_db * bright,
					.delay_s = depth_delay_s * depth,
				}};
	add_shelf(place, FILTER_HIGHSHELF, air_hz, depth_treble_db * depth, rate);
	add_shelf(place, FILTER_HIGHSHELF, treble_hz, height_cut_db * dark, rate);
	add_shelf(place, FILTER_LOWSHELF, bass_hz, height_cut_db * bright, rate);
}

void place_cut(struct place *place, double frequency_hz, double q, double gain_db, uint32_t rate)
{
	if (place->section_count < PLACE_SECTIONS && frequency_hz < rate * 0.45)
		place->sections[place->section_count++] =
			filter_design(FILTER_PEAK, frequency_hz, q, gain_db, rate);
}

static void narrow(double *restrict left, double *restrict right, double side, uint32_t frames)
{
	for (uint32_t i = 0; i < frames; i++) {
		double middle = (left[i] + right[i]) / 2, apart = (left[i] - right[i]) / 2 * side;
		left[i] = middle + apart;
		right[i] = middle - apart;
	}
}

void place_process(struct place *place, struct block *block)
{
	for (uint32_t c = 0; c < block->channels; c++)
		filter_run_cascade(place->sections, place->memories[c], place->section_count,
			block->channel[c], block->frames);
	if (block->channels == 2 && place->figures.side != 1)
		narrow(block->channel[0], block->channel[1], place->figures.side, block->frames);
}
