/* address.h: an IP address with port, without <sys/socket.h> for those who only pass it on.
 * SPDX-License-Identifier: ISC */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/cidr.h"

#define ADDRESS_TEXT_MAX 46

struct address {
	_Alignas(8) unsigned char sockaddr[32]; /* struct sockaddr_in or sockaddr_in6 */
	unsigned sockaddr_len;
	unsigned port;
	bool ipv6;
	char text[ADDRESS_TEXT_MAX]; /* "192.0.2.9", "2001:db8::1"; v4-mapped: shown as v4 */
};

/* A literal without brackets; false when it is not one. */
bool address_parse(const char *literal, unsigned port, struct address *ret) MUST_CHECK;
/* From what accept(2), getaddrinfo(3) or getsockname(2) gave; false for other families. */
bool address_from_sockaddr(const void *sockaddr, size_t len, struct address *ret) MUST_CHECK;
/* Its bits, to be looked for in networks. */
struct ip address_ip(const struct address *a);
/* The address of a socket address made of ip. */
struct address address_of_ip(const struct ip *ip, unsigned port);

#endif
