#include "network/quickack.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void reads_the_port(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		uint16_t port;
	} cases[] = {{"mqtt://localhost:1884", 1884}, {"mqtt://localhost", 1883}, {"tcp://a:1", 1},
		{"mqtts://localhost", 8883}, {"ssl://localhost", 8883}, {"ssl://h:65535", 65535},
		{"mqtt://[::1]", 1883}, {"mqtt://[fe80::1]:99", 99}, {"mqtts://[::1]:8884/", 8884},
		{"mqtt://h:0", 1883}, {"mqtt://h:99999", 1883}, {"mqtt://h:", 1883}, {"mqtt://h:x", 1883}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(quickack_port(cases[i].url), cases[i].port);
}

static void finds_its_connections(void **state)
{
	(void)state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct quickack quickack = {.count = 3};
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
	uint16_t port = ntohs(address.sin_port);
	quickack_find(&quickack, port);
	assert_int_equal(quickack.count, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	quickack_find(&quickack, port);
	assert_int_equal(quickack.count, 1);
	assert_int_equal(quickack.fds[0], client);
	quickack_send(&quickack);
	close(client);
	quickack_send(&quickack); /* does no harm */
	close(server);
	quickack_find(&quickack, port);
	assert_int_equal(quickack.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_port),
		cmocka_unit_test(finds_its_connections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
