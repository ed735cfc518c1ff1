# shellcheck shell=bash
# nameserver.sh: real name servers for a test, to be sourced behind lib.sh.
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034 # what it sets is for the tests

# probe [OPTION...] - tests/e2e/probe_dns with the script on standard input, into $T/answers
probe() {
	timeout 60 "$BUILD/tests/e2e/probe_dns" "$@" >"$T/answers" 2>"$T/probe.err"
	PROBE=$?
	[ "$PROBE" = 0 ] || {
		cat "$T/answers" "$T/probe.err"
		fail "probe_dns ended with status $PROBE"
	}
}

# says NAME TYPE WORD... - the answer to this question has these words behind its time
says() {
	local wanted="$1 $2 $3"
	WANTED=$wanted DATA=${*:4} awk '
		BEGIN { wanted = ENVIRON["WANTED"]; data = ENVIRON["DATA"] }
		index($0, wanted " ") == 1 {
			rest = substr($0, length(wanted) + 2)
			secure = sub(/^secure /, "", rest) ? "secure" : ""
			sub(/^[0-9]+ ?/, "", rest)
			found = data == "" || data == rest || data == secure " " rest
		}
		END { exit !found }' "$T/answers" && return
	cat "$T/answers"
	fail "no answer like this: $*"
}

# took NAME TYPE - milliseconds until that answer came
took() {
	awk -v n="$1" -v t="$2" '
		$1 == n && $2 == t { print $4 == "secure" ? $5 : $4 }' "$T/answers"
}

# counted NAME - a counter as the probe printed it at its end
counted() { sed -n "s/^counters .*\\b$1=\\([0-9]*\\).*/\\1/p" "$T/answers"; }

# nsd_start PORT ZONE... - NSD with the zones in $T/ZONE.zone; its pid in $NSD_PID
nsd_start() {
	local port=$1 zone
	shift
	{
		printf 'server:\n  ip-address: 127.0.0.1@%s\n  username: ""\n  zonesdir: "%s"\n' \
			"$port" "$T"
		printf '  database: ""\n  pidfile: ""\n  xfrdfile: "%s"\n  zonelistfile: "%s"\n' \
			"$T/xfrd.$port" "$T/zonelist.$port"
		printf '  logfile: "%s"\n  server-count: 1\n  rrl-ratelimit: 0\n' "$T/nsd.$port.log"
		printf 'remote-control:\n  control-enable: no\n'
		for zone; do
			printf 'zone:\n  name: "%s"\n  zonefile: "%s.zone"\n' "$zone" "$zone"
		done
	} >"$T/nsd.$port.conf"
	spawn "$T/nsd.$port.out" env PATH="$PATH:/usr/sbin" nsd -d -c "$T/nsd.$port.conf"
	NSD_PID=$SPAWNED
	must_await 20 listens "$port"
}

# hostile_start PORT - a name server that answers as the first label of a name says
hostile_start() {
	spawn "$T/hostile.$1.log" python3 "$PEERS/hostile_dns.py" "$1"
	HOSTILE_PID=$SPAWNED
	must_await 20 grep -q '^ready' "$T/hostile.$1.log"
}
