# shellcheck shell=bash
# roots.sh: an Internet in small: the addresses of the root servers as they stand in libunbound,
# top level domains, their customers, the reverse tree, a DNS list, and servers that are mute.  To
# be sourced behind apart.sh, lib.sh and nameserver.sh, in that order.
#
#	zone NAME [NS...]	$T/NAME.zone from standard input, below a SOA; $T/NAME for "."
#	sign NAME [option...]	signed by a key of its own; its DS in $T/NAME.ds
#	serve NAME ADDRESSES ZONE...	NSD on port 53
#	mute ADDRESS...		takes what comes, a line each in $T/mute.log, and says nothing
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034 # what it sets is for the tests

# One of them has moved since libunbound of some systems was built: both places.
ROOTS="198.41.0.4 199.9.14.201 170.247.170.2 192.33.4.12 199.7.91.13 192.203.230.10 192.5.5.241
192.112.36.4 198.97.190.53 192.36.148.17 192.58.128.30 193.0.14.129 199.7.83.42 202.12.27.33"
ROOT_MUTE=202.12.27.33

file_of() { [ "$1" = . ] && printf %s root || printf %s "$1"; }

zone() {
	local server
	{
		printf '$ORIGIN %s\n$TTL 60\n' "${1%.}."
		printf '@\tSOA %s x.%s 1 3600 600 864000 60\n' "$2" "$2"
		for server in "${@:2}"; do
			printf '@\tNS %s\n' "$server"
		done
		cat
	} >"$T/$(file_of "$1").zone"
}

sign() {
	local file key
	file=$(file_of "$1")
	key=$(cd "$T" && ldns-keygen -a ECDSAP256SHA256 -k "$1") || fail "no key for $1"
	mv "$T/$key.ds" "$T/$file.ds"
	cp "$T/$key.key" "$T/$file.anchor"
	(cd "$T" && ldns-signzone "${@:2}" -f "$file.signed" "$file.zone" "$key" &&
		mv "$file.signed" "$file.zone") || fail "cannot sign $1"
}

is_served() { ss -Huln "src $1:53" | grep -q .; }

# nsd_conf NAME ADDRESSES ZONE...
nsd_conf() {
	local name=$1 address zone
	printf 'server:\n  username: ""\n  zonesdir: "%s"\n  database: ""\n  pidfile: ""\n' "$T"
	printf '  xfrdfile: "%s"\n  zonelistfile: "%s"\n' "$T/$name.xfrd" "$T/$name.list"
	printf '  logfile: "%s"\n  server-count: 1\n  rrl-ratelimit: 0\n' "$T/$name.log"
	for address in $2; do
		printf '  ip-address: %s@53\n' "$address"
	done
	printf 'remote-control:\n  control-enable: no\n'
	for zone in "${@:3}"; do
		printf 'zone:\n  name: "%s"\n  zonefile: "%s.zone"\n' "$zone" "$(file_of "$zone")"
	done
}

serve() {
	# shellcheck disable=SC2086 # many addresses
	has $2
	nsd_conf "$@" >"$T/$1.conf"
	spawn "$T/$1.out" env PATH="$PATH:/usr/sbin" nsd -d -c "$T/$1.conf"
	must_await 20 is_served "${2%% *}"
}

mute() {
	has "$@"
	spawn "$T/mute.log" python3 -u -c '
import selectors, socket, sys
sel = selectors.DefaultSelector()
for address in sys.argv[1:]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    sel.register(s, selectors.EVENT_READ, address)
print("ready")
while True:
    for key, _ in sel.select():
        key.fileobj.recv(65535)
        print(key.data)' "$@"
	must_await 20 grep -q '^ready' "$T/mute.log"
}

# asked ADDRESS - how often the mute one was asked
asked() { grep -cFx "$1" "$T/mute.log"; }

# dns_list ADDRESS ZONE ENTRY... - rbldnsd with such a list (RFC 5782)
dns_list() {
	has "$1"
	mkdir -p "$T/rbl"
	printf '%s\n' "\$TTL 60" "\$SOA 60 ns.$2 x.$2 1 60 60 60 60" "\$NS 60 ns.$2" \
		':127.0.0.2:bad' 127.0.0.2 "${@:3}" >"$T/rbl/$2"
	spawn "$T/rbl.log" rbldnsd -n -u nobody -b "$1/53" -w "$T/rbl" "$2:ip4set:$2"
	must_await 20 is_served "$1"
}
