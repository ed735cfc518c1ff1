/* address: IP addresses as the kernel has them and as people read them.
 *
 * An IPv4 address mapped into IPv6 becomes IPv4 throughout, so that one client is one client
 * whichever socket it came by.
 * SPDX-License-Identifier: ISC */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

static bool from_v4(const struct sockaddr_in *in, struct address *ret)
{
	struct address a = { .sockaddr_len = sizeof(*in), .port = ntohs(in->sin_port) };

	_Static_assert(sizeof(a.sockaddr) >= sizeof(struct sockaddr_in6), "both fit");
	memcpy(a.sockaddr, in, sizeof(*in));
	if (!inet_ntop(AF_INET, &in->sin_addr, a.text, sizeof(a.text)))
		return false;
	*ret = a;
	return true;
}

static bool from_v6(const struct sockaddr_in6 *in6, struct address *ret)
{
	struct address a = { .sockaddr_len = sizeof(*in6),
			     .port = ntohs(in6->sin6_port),
			     .ipv6 = true };

	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = in6->sin6_port };

		memcpy(&in.sin_addr, in6->sin6_addr.s6_addr + 12, 4);
		return from_v4(&in, ret);
	}
	memcpy(a.sockaddr, in6, sizeof(*in6));
	if (!inet_ntop(AF_INET6, &in6->sin6_addr, a.text, sizeof(a.text)))
		return false;
	*ret = a;
	return true;
}

bool address_from_sockaddr(const void *sockaddr, size_t len, struct address *ret)
{
	sa_family_t family;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (len < offsetof(struct sockaddr, sa_family) + sizeof(family))
		return false;
	memcpy(&family, (const char *)sockaddr + offsetof(struct sockaddr, sa_family),
	       sizeof(family));
	if (family == AF_INET && len >= sizeof(in)) {
		memcpy(&in, sockaddr, sizeof(in));
		return from_v4(&in, ret);
	}
	if (family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, sockaddr, sizeof(in6));
		return from_v6(&in6, ret);
	}
	return false;
}

bool address_parse(const char *literal, unsigned port, struct address *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (port > UINT16_MAX)
		return false;
	in.sin_port = in6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, literal, &in.sin_addr) == 1)
		return from_v4(&in, ret);
	if (inet_pton(AF_INET6, literal, &in6.sin6_addr) == 1)
		return from_v6(&in6, ret);
	return false;
}

struct ip address_ip(const struct address *a)
{
	struct ip ip = { .at = { [10] = 0xff, [11] = 0xff } };
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (a->ipv6) {
		memcpy(&in6, a->sockaddr, sizeof(in6));
		memcpy(ip.at, in6.sin6_addr.s6_addr, 16);
	} else {
		memcpy(&in, a->sockaddr, sizeof(in));
		memcpy(ip.at + 12, &in.sin_addr, 4);
	}
	return ip;
}

struct address address_of_ip(const struct ip *ip, unsigned port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct address a = { .port = port };

	memcpy(in6.sin6_addr.s6_addr, ip->at, 16);
	(void)from_v6(&in6, &a); /* fails for want of room only, and there is room */
	return a;
}
