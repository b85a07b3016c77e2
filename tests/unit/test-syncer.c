#include "recorder/syncer.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>

enum { JOBS = 200, FILES = 5, DEADLINE_S = 20 };

/* What the jobs leave behind. */
struct record {
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	int ran, asked;
	bool out_of_order;
	bool open; /* the gate that a job waits at */
};

struct job {
	struct record *record;
	int number;
};

static void init_record(struct record *record)
{
	*record = (struct record){0};
	pthread_mutex_init(&record->lock, NULL);
	pthread_cond_init(&record->changed, NULL);
}

static void finish_record(struct record *record)
{
	pthread_cond_destroy(&record->changed);
	pthread_mutex_destroy(&record->lock);
}

static void run_job(void *data)
{
	struct job *job = data;
	struct record *record = job->record;
	pthread_mutex_lock(&record->lock);
	record->out_of_order = record->out_of_order || record->ran != job->number;
	record->ran++;
	pthread_cond_broadcast(&record->changed);
	pthread_mutex_unlock(&record->lock);
}

static void wait_at_gate(void *data)
{
	struct record *record = data;
	pthread_mutex_lock(&record->lock);
	while (!record->open)
		pthread_cond_wait(&record->changed, &record->lock);
	pthread_mutex_unlock(&record->lock);
}

static void open_gate(struct record *record)
{
	pthread_mutex_lock(&record->lock);
	record->open = true;
	pthread_cond_broadcast(&record->changed);
	pthread_mutex_unlock(&record->lock);
}

static void wait_for(struct record *record, const int *figure, int most)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	int result = 0;
	pthread_mutex_lock(&record->lock);
	while (result == 0 && *figure < most)
		result = pthread_cond_timedwait(&record->changed, &record->lock, &until);
	pthread_mutex_unlock(&record->lock);
	assert_int_equal(result, 0);
}

static struct syncer *make_syncer(double period_s)
{
	struct syncer *syncer;
	struct error e = {""};
	if (syncer_create(&syncer, period_s, &e) < 0)
		fail_msg("%s", e.text);
	return syncer;
}

static struct flac_writer *make_file(const char *folder, int number)
{
	static const struct flac_format format = {48000, 1, 24};
	struct flac_writer *file;
	struct error e = {""};
	char *path = memory_format("%s/%d.flac", folder, number);
	if (flac_writer_create(&file, path, &format, 0, NULL, 0, &e) < 0)
		fail_msg("%s", e.text);
	free(path);
	return file;
}

static void post_all(struct syncer *syncer, struct record *record, struct job *jobs)
{
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){record, i};
		syncer_post(syncer, run_job, &jobs[i]);
	}
}

static void test_jobs_run_in_order(void **state)
{
	(void)state;
	struct record record;
	struct job jobs[JOBS];
	init_record(&record);
	struct syncer *syncer = make_syncer(3600);
	post_all(syncer, &record, jobs);
	wait_for(&record, &record.ran, JOBS);
	syncer_destroy(syncer);
	assert_int_equal(record.ran, JOBS);
	assert_false(record.out_of_order);
	finish_record(&record);
}

static void *open_later(void *data)
{
	open_gate(data);
	return NULL;
}

static void test_destroying_runs_what_is_left(void **state)
{
	(void)state;
	struct record record;
	struct job jobs[JOBS];
	pthread_t opener;
	init_record(&record);
	struct syncer *syncer = make_syncer(0.001);
	syncer_post(syncer, wait_at_gate, &record);
	post_all(syncer, &record, jobs);
	pthread_mutex_lock(&record.lock);
	assert_int_equal(record.ran, 0);
	pthread_mutex_unlock(&record.lock);
	assert_int_equal(pthread_create(&opener, NULL, open_later, &record), 0);
	syncer_destroy(syncer);
	pthread_join(opener, NULL);
	assert_int_equal(record.ran, JOBS);
	assert_false(record.out_of_order);
	syncer_destroy(NULL);
	finish_record(&record);
}

/* Files come and go while the syncer walks over them all the time. */
static void test_watching_while_syncing(void **state)
{
	struct record record;
	init_record(&record);
	struct syncer *syncer = make_syncer(0);
	struct flac_writer *files[FILES] = {0};
	int32_t samples[5000] = {0};
	for (int i = 0; i < 300; i++) {
		struct error e;
		struct flac_writer **file = &files[(i * 7) % FILES];
		if (*file) {
			syncer_unwatch(syncer, *file);
			flac_writer_destroy(*file);
		}
		*file = make_file(*state, i);
		syncer_watch(syncer, *file);
		assert_int_equal(flac_writer_write(*file, (const int32_t *[]){samples}, 5000, &e), 0);
		if (i % 10 == 0)
			syncer_unwatch(syncer, NULL); /* which it does not watch */
	}
	for (int i = 0; i < FILES; i++) {
		syncer_unwatch(syncer, files[i]);
		flac_writer_destroy(files[i]);
	}
	syncer_destroy(syncer);

	finish_record(&record);
}

/* Some rounds of syncs, at least. */
static void wait_rounds(struct syncer *syncer, struct record *record, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct job job = {record, record->ran};
		syncer_post(syncer, run_job, &job);
		wait_for(record, &record->ran, job.number + 1);
	}
}

/* A file whose sync failed is asked no more, though it might say by now that all is well; the others are
 * synced on. */
static void test_failed_sync(void **state)
{
	struct record record;
	struct error e = {""};
	init_record(&record);
	struct flac_writer *good = make_file(*state, 1), *bad = make_file(*state, 2);
	/* The descriptor that the file has becomes one that nothing can be synced to. */
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC), ends[2];
	assert_true(lowest > 0);
	int sound = dup(lowest - 1);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup3(ends[1], lowest - 1, O_CLOEXEC), lowest - 1);
	struct syncer *syncer = make_syncer(0);
	syncer_watch(syncer, bad);
	syncer_watch(syncer, good);
	for (int i = 0; i < 10000 && !flac_writer_sync_failed(bad); i++)
		wait_rounds(syncer, &record, 1);
	assert_int_equal(flac_writer_sync_failed(bad), EINVAL);
	assert_int_equal(dup3(sound, lowest - 1, O_CLOEXEC), lowest - 1);
	int32_t samples[2 * FLAC_BLOCK] = {0};
	const int32_t *channels[] = {samples};
	assert_int_equal(flac_writer_write(good, channels, 2 * FLAC_BLOCK, &e), 0);
	assert_int_equal(flac_writer_write(bad, channels, 2 * FLAC_BLOCK, &e), 0);
	assert_int_equal(flac_writer_flush(good, &e), 0);
	assert_int_equal(flac_writer_frames(good), FLAC_BLOCK);
	for (int i = 0; i < 10000 && flac_writer_synced(good) == 0; i++)
		wait_rounds(syncer, &record, 1);
	wait_rounds(syncer, &record, 50);
	assert_int_equal(flac_writer_synced(good), FLAC_BLOCK);
	assert_int_equal(flac_writer_sync_failed(good), 0);
	assert_int_equal(flac_writer_synced(bad), 0);
	assert_int_equal(flac_writer_sync(bad, &e), -EINVAL);
	syncer_unwatch(syncer, bad);
	syncer_unwatch(syncer, good);
	syncer_destroy(syncer);
	flac_writer_destroy(bad);
	flac_writer_destroy(good);
	close(ends[0]);
	close(ends[1]);
	close(sound);
	close(lowest);
	finish_record(&record);
}

/* ---- suppliers ---- */

struct source {
	struct supplier supplier;
	struct syncer *syncer;
	struct record *record; /* whose `ran` counts what it supplied */
	struct flac_writer *file;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	bool asked, stopping;
};

static void on_ask(void *data)
{
	struct source *source = data;
	pthread_mutex_lock(&source->lock);
	source->asked = true;
	pthread_cond_signal(&source->changed);
	pthread_mutex_unlock(&source->lock);
}

/* A writer that encodes a FLAC frame each time it is asked. */
static void *supply(void *data)
{
	struct source *source = data;
	int32_t samples[FLAC_BLOCK] = {0};
	pthread_mutex_lock(&source->lock);
	while (!source->stopping) {
		if (!source->asked) {
			pthread_cond_wait(&source->changed, &source->lock);
			continue;
		}
		source->asked = false;
		pthread_mutex_unlock(&source->lock);
		struct error e;
		assert_int_equal(
			flac_writer_write(source->file, (const int32_t *[]){samples}, FLAC_BLOCK, &e), 0);
		assert_int_equal(flac_writer_flush(source->file, &e), 0);
		syncer_supplied(source->syncer, &source->supplier);
		pthread_mutex_lock(&source->record->lock);
		source->record->ran++;
		pthread_cond_broadcast(&source->record->changed);
		pthread_mutex_unlock(&source->record->lock);
		pthread_mutex_lock(&source->lock);
	}
	pthread_mutex_unlock(&source->lock);
	return NULL;
}

static void ask_in_vain(void *data)
{
	struct record *record = data;
	pthread_mutex_lock(&record->lock);
	record->asked++;
	pthread_cond_broadcast(&record->changed);
	pthread_mutex_unlock(&record->lock);
}

/* Every round asks for what there is; one that never answers holds up neither the others nor the syncs. */
static void test_suppliers(void **state)
{
	struct record record;
	init_record(&record);
	struct syncer *syncer = make_syncer(0);
	struct source source = {
		.supplier = {.ask = on_ask, .data = &source}, .syncer = syncer, .record = &record};
	struct supplier hanging = {.ask = ask_in_vain, .data = &record};
	pthread_mutex_init(&source.lock, NULL);
	pthread_cond_init(&source.changed, NULL);
	source.file = make_file(*state, 1);
	syncer_add(syncer, &source.supplier);
	assert_int_equal(pthread_create(&source.thread, NULL, supply, &source), 0);
	syncer_watch(syncer, source.file);
	wait_for(&record, &record.ran, 20);
	syncer_add(syncer, &hanging);
	wait_for(&record, &record.asked, 3);
	pthread_mutex_lock(&record.lock);
	int ran = record.ran;
	pthread_mutex_unlock(&record.lock);
	wait_for(&record, &record.ran, ran + 2);
	syncer_remove(syncer, &hanging);
	syncer_remove(syncer, &hanging); /* which it does not know any more */
	wait_for(&record, &record.ran, ran + 20);
	syncer_remove(syncer, &source.supplier);
	pthread_mutex_lock(&source.lock);
	source.stopping = true;
	pthread_cond_signal(&source.changed);
	pthread_mutex_unlock(&source.lock);
	pthread_join(source.thread, NULL);
	syncer_unwatch(syncer, source.file);
	assert_true(flac_writer_frames(source.file) > 0);
	flac_writer_destroy(source.file);
	syncer_destroy(syncer);
	pthread_cond_destroy(&source.changed);
	pthread_mutex_destroy(&source.lock);
	finish_record(&record);
}

/* One that is answered for at once, or never, and notes when it was asked. */
struct in_turn {
	struct supplier supplier;
	struct record *record;
	struct syncer *syncer;
	int64_t asked_ns; /* guarded by the record's lock, as the rest is */
	int64_t least_ns; /* that it was asked after the other one */
	const struct in_turn *other;
};

static void note_turn(void *data)
{
	struct in_turn *own = data;
	pthread_mutex_lock(&own->record->lock);
	own->asked_ns = clock_monotonic_ns();
	int64_t after_ns = own->asked_ns - own->other->asked_ns;
	own->least_ns = after_ns < own->least_ns ? after_ns : own->least_ns;
	pthread_cond_broadcast(&own->record->changed);
	own->record->asked++;
	pthread_mutex_unlock(&own->record->lock);
}

/* Answers each time that `own` is asked, until it has been 20 times. */
static void *answer(void *data)
{
	struct in_turn *own = data;
	for (int64_t known = 0, times = 0; times < 20; times++) {
		pthread_mutex_lock(&own->record->lock);
		while (own->asked_ns == known)
			pthread_cond_wait(&own->record->changed, &own->record->lock);
		known = own->asked_ns;
		pthread_mutex_unlock(&own->record->lock);
		syncer_supplied(own->syncer, &own->supplier);
	}
	return NULL;
}

/* The second is asked as soon as the first has answered, or when his turn is over, never sooner. Both answer
 * at first: who owes an answer since the last round has everybody's turn last. */
static void test_in_turns(void **state)
{
	const int64_t turn_ns = CLOCK_NSEC_PER_SEC / 16;
	struct record record;
	init_record(&record);
	struct syncer *syncer = make_syncer(0);
	struct in_turn second, first = {.supplier = {.ask = note_turn, .data = &first},
				       .record = &record,
				       .syncer = syncer,
				       .least_ns = INT64_MAX,
				       .other = &second};
	second = (struct in_turn){.supplier = {.ask = note_turn, .data = &second},
		.record = &record,
		.syncer = syncer,
		.least_ns = INT64_MAX,
		.other = &first};
	struct flac_writer *file = make_file(*state, 1);
	syncer_add(syncer, &second.supplier); /* the last one added is the first to be asked */
	syncer_add(syncer, &first.supplier);
	pthread_t threads[2];
	assert_int_equal(pthread_create(&threads[0], NULL, answer, &first), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, answer, &second), 0);
	syncer_watch(syncer, file);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	/* From the next whole round on nobody answers. */
	pthread_mutex_lock(&record.lock);
	assert_true(second.least_ns < turn_ns);
	int asked = record.asked;
	pthread_mutex_unlock(&record.lock);
	wait_for(&record, &record.asked, asked + 2);
	pthread_mutex_lock(&record.lock);
	second.least_ns = INT64_MAX;
	asked = record.asked;
	pthread_mutex_unlock(&record.lock);
	wait_for(&record, &record.asked, asked + 4);
	pthread_mutex_lock(&record.lock);
	assert_true(second.least_ns >= turn_ns);
	pthread_mutex_unlock(&record.lock);
	syncer_remove(syncer, &first.supplier);
	syncer_remove(syncer, &second.supplier);
	syncer_unwatch(syncer, file);
	flac_writer_destroy(file);
	syncer_destroy(syncer);
	finish_record(&record);
}

/* Who answers when the round has gone on without him is asked again at once, not a period later. */
static void test_a_late_answer(void **state)
{
	const double period_s = 16;
	struct record record;
	struct error e = {""};
	init_record(&record);
	struct syncer *syncer = make_syncer(period_s);
	struct supplier late = {.ask = ask_in_vain, .data = &record};
	struct flac_writer *file = make_file(*state, 1);
	syncer_add(syncer, &late);
	syncer_watch(syncer, file);
	wait_for(&record, &record.asked, 1);
	wait_rounds(syncer, &record, 1); /* which is when the syncer is done with this one */
	int64_t from = clock_monotonic_ns();
	syncer_supplied(syncer, &late);
	wait_for(&record, &record.asked, 2);
	double waited_s = (double)(clock_monotonic_ns() - from) / (double)CLOCK_NSEC_PER_SEC;
	assert_true(waited_s < period_s / 4);
	syncer_supplied(syncer, &late);
	syncer_remove(syncer, &late);
	syncer_unwatch(syncer, file);
	assert_int_equal(flac_writer_sync(file, &e), 0);
	flac_writer_destroy(file);
	syncer_destroy(syncer);
	finish_record(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_run_in_order),
		cmocka_unit_test(test_destroying_runs_what_is_left),
		harness_in_folder(test_watching_while_syncing),
		harness_in_folder(test_failed_sync),
		harness_in_folder(test_suppliers),
		harness_in_folder(test_in_turns),
		harness_in_folder(test_a_late_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
