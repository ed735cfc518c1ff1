# shellcheck shell=bash
# apart.sh: the test in a network of its own, where any address may be had and from which there is
# no way out.  Source it before lib.sh: the test begins again in namespaces for network and mounts;
# lib.sh comes behind, for what it sets up would be left behind.
#
#	need_apart	skips the test where that cannot be had
#	has ADDRESS...	these are ours from now on
#	must_be_apart	no packet can have left this machine
# SPDX-License-Identifier: ISC
if [ -z "${MXKEEP_APART:-}" ] && unshare --net --mount true 2>/dev/null; then
	MXKEEP_APART=1 exec unshare --net --mount -- "$0" "$@"
fi

need_apart() {
	need_root "a network of its own"
	need unshare ip
	[ -n "${MXKEEP_APART:-}" ] || skip "no network namespaces here"
	must ip link set lo up
	must_be_apart
}

has() {
	local address
	for address; do
		must ip addr add "$address/32" dev lo
	done
}

# Nothing is up but the loopback, and nothing is sent elsewhere than to ourselves.
must_be_apart() {
	must [ "$(ip -o link show up | cut -d: -f2)" = ' lo' ]
	must [ -z "$(ip route show table all | grep -v ' dev lo ')" ]
	must [ -z "$(ip -6 route show table all | grep -v ' dev lo ')" ]
	(: >/dev/udp/192.0.2.1/53) 2>/dev/null && fail "there is a way out"
	return 0
}
