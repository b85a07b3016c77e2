#include "network/transactions.h"

#include "common/clock.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 64
#define KEPT_NS (600 * CLOCK_NSEC_PER_SEC)

struct transaction {
	char *key, *answer; /* NULL: a free place */
	int64_t done_ns, used_ns;
};

struct transactions {
	struct transaction kept[KEPT];
};

struct transactions *transactions_create(void)
{
	return memory_new(sizeof(struct transactions));
}

static void forget(struct transaction *transaction)
{
	free(transaction->key);
	free(transaction->answer);
	*transaction = (struct transaction){0};
}

void transactions_destroy(struct transactions *transactions)
{
	if (!transactions)
		return;
	for (int i = 0; i < KEPT; i++)
		forget(&transactions->kept[i]);
	free(transactions);
}

char *transaction_key(const char *verb, const json_t *transaction)
{
	char *text = json_dumps(transaction, JSON_ENCODE_ANY);
	char *key = memory_format("%s %s", verb, text ? text : "");
	free(text);
	return key;
}

const char *transactions_find(struct transactions *transactions, const char *key)
{
	int64_t now = clock_monotonic_ns();
	for (int i = 0; i < KEPT; i++) {
		struct transaction *transaction = &transactions->kept[i];
		if (transaction->key && now - transaction->done_ns > KEPT_NS)
			forget(transaction);
		if (transaction->key && strcmp(transaction->key, key) == 0) {
			transaction->used_ns = now;
			return transaction->answer;
		}
	}
	return NULL;
}

void transactions_add(struct transactions *transactions, const char *key, const char *answer)
{
	struct transaction *oldest = &transactions->kept[0];
	for (int i = 1; i < KEPT; i++) {
		if (transactions->kept[i].used_ns < oldest->used_ns)
			oldest = &transactions->kept[i];
	}
	forget(oldest);
	int64_t now = clock_monotonic_ns();
	*oldest = (struct transaction){memory_text(key), memory_text(answer), now, now};
}
