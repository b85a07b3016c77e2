/* woodshed token: what guards the HTTP interface. */
#include "appliance/subcommand.h"
#include "network/auth.h"

#include <stdio.h>

static int run(const struct subcommand *subcommand, const struct arguments *arguments)
{
	struct appliance appliance;
	struct error e;
	const char *path;
	char token[TOKEN_SIZE];
	int status = subcommand_load_appliance(subcommand, arguments, &appliance, &path);
	if (status != EXIT_DONE)
		return status;
	if (token_load(appliance.http.token_file, token, &e) < 0)
		status = subcommand_failed(&e);
	else
		printf("%s\n", token);
	appliance_finish(&appliance);
	return status;
}

const struct subcommand subcommand_token = {
	.name = "token",
	.synopsis = "",
	.help = "print the token that guards the HTTP interface (made if there is none)",
	.options = {SUBCOMMAND_CONFIG_OPTION},
	.run = run,
};
