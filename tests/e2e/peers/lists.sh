# shellcheck shell=bash
# lists.sh: DNS lists of every kind, from real servers on loopback.  Source it behind lib.sh.
#
#	lists_start	rbldnsd for what is in $T/rbl, nsd for $T/nsd, and one that is mute
#	STUBS		dns.stub of all of them
#
# A file of $T/rbl is named ZONE.TYPE; one of $T/nsd is named ZONE, and an empty one is a zone that
# nsd cannot load: it answers SERVFAIL.
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034,SC2154 # set by lib.sh, used by the tests

RBL_PID=

# rbl ZONE TYPE LINE... - a zone for rbldnsd, its answers short-lived
rbl() {
	mkdir -p "$T/rbl"
	{
		printf '%s\n' "\$TTL 1" "\$SOA 1 ns.test root.test 1 60 60 60 1" "\$NS 1 ns.test"
		printf '%s\n' "${@:3}"
	} >"$T/rbl/$1.$2.new"
	mv "$T/rbl/$1.$2.new" "$T/rbl/$1.$2"
}

# zone ZONE LINE... - a zone for nsd
zone() {
	mkdir -p "$T/nsd"
	: >"$T/nsd/$1"
	[ $# = 1 ] || printf '%s\n' "\$ORIGIN $1." "\$TTL 1" \
		"@ SOA ns.test. root.test. 1 60 60 60 1" "@ NS ns.test." "${@:2}" >"$T/nsd/$1"
}

nsd_start() {
	local file
	{
		printf 'server:\n ip-address: 127.0.0.1@%s\n zonesdir: "%s"\n' "$NSD_PORT" "$T/nsd"
		printf ' username: ""\n chroot: ""\n pidfile: ""\n database: ""\n'
		printf ' zonelistfile: "%s/nsd.zones"\n xfrdfile: "%s/nsd.xfrd"\n' "$T" "$T"
		printf ' server-count: 1\n hide-version: yes\n'
		printf 'remote-control:\n control-enable: no\n'
		for file in "$T"/nsd/*; do
			printf 'zone:\n name: "%s"\n zonefile: "%s"\n' "${file##*/}" "${file##*/}"
		done
	} >"$T/nsd.conf"
	spawn "$T/nsd.log" nsd -d -c "$T/nsd.conf"
}

rbl_start() {
	local zones=() file name
	for file in "$T"/rbl/*; do
		name=${file##*/}
		zones+=("${name%.*}:${name##*.}:$name")
	done
	chmod 777 "$T/rbl"
	touch "$T/rbl.queries" && chmod 666 "$T/rbl.queries"
	spawn "$T/rbl.log" rbldnsd -n -b "127.0.0.1/$RBL_PORT" -t 1 -c 0 -w "$T/rbl" \
		-l "+$T/rbl.queries" ${RBL_USER:+-u "$RBL_USER"} "${zones[@]}"
	RBL_PID=$SPAWNED
}

# udp_listens PORT - somebody has the port
udp_listens() { grep -q "$(printf ':%04X ' "$1")" /proc/net/udp; }

lists_start() {
	need rbldnsd nsd python3
	local file name
	RBL_USER=
	[ "$(id -u)" != 0 ] || RBL_USER=nobody
	freeports RBL_PORT NSD_PORT MUTE_PORT
	STUBS=
	rbl_start
	for file in "$T"/rbl/*; do
		name=${file##*/}
		STUBS+="\"${name%.*}=127.0.0.1:$RBL_PORT\","
	done
	if [ -d "$T/nsd" ]; then
		nsd_start
		for file in "$T"/nsd/*; do
			STUBS+="\"${file##*/}=127.0.0.1:$NSD_PORT\","
		done
	fi
	spawn "$T/mute.log" python3 -c '
import socket, signal, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
signal.pause()' "$MUTE_PORT"
	STUBS+="\"dead.test=127.0.0.1:$MUTE_PORT\""
	must_await 10 udp_listens "$RBL_PORT"
	must_await 10 udp_listens "$MUTE_PORT"
	[ ! -d "$T/nsd" ] || must_await 10 udp_listens "$NSD_PORT"
}

# rbl_reload - what was changed is in force
rbl_reload() { kill -HUP "$RBL_PID"; }

# list_is LIST STATE - as status has it
list_is() {
	mx --json status | python3 -c '
import json, sys
rows = [r for r in json.load(sys.stdin)["dns_lists"] if r["list"] == sys.argv[1]]
sys.exit(not (rows and all(r["state"] == sys.argv[2] for r in rows)))' "$1" "$2"
}

# from_client ADDRESS HELO SENDER RECIPIENT - one mail, as a proxy on 127.0.0.3 hands it on
from_client() {
	swaks --server 127.0.0.1 --port "$PORT" --local-interface 127.0.0.3 --xclient-addr "$1" \
		--xclient-helo "$2" --from "$3" --to "$4" --helo proxy.test --timeout 20 \
		>"$T/swaks.log" 2>&1
}
