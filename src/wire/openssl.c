/* Words for what OpenSSL says. */
#include <arpa/inet.h>
#include <openssl/err.h>

#include "wire/openssl_int.h"

int wire_openssl_fail(struct rf_err *err, enum rf_code code, const char *what)
{
	unsigned long reason = ERR_get_error();
	const char *text = reason ? ERR_reason_error_string(reason) : NULL;

	ERR_clear_error();
	return rf_err_set(err, code, "%s: %s", what, text ? text : "no reason given");
}

bool wire_is_address(const char *name)
{
	struct in6_addr address;

	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}
