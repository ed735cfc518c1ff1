# shellcheck shell=bash
# crowd.sh: what idle-connections and slowloris share: a crowd that comes, stays and goes.
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034 # what it sets is for the scripts
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

# crowd_comes PORT COUNT DRIP_MS clear|tls - until each has its greeting; how long in $CROWD_SECS
crowd_comes() {
	local began=$EPOCHREALTIME
	rm -f "$T/stay"
	mkfifo "$T/stay"
	"$BUILD/tests/bench/crowd" "$@" <"$T/stay" >"$T/crowd" 2>&1 &
	CROWD_PID=$!
	exec 7>"$T/stay"
	await 300 crowd_is_there
	grep -q ready "$T/crowd" || fail "the crowd: $(cat "$T/crowd")"
	CROWD_SECS=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }")
}
crowd_is_there() { grep -q ready "$T/crowd" || gone_child "$CROWD_PID"; }

crowd_goes() {
	exec 7>&-
	wait "$CROWD_PID" || fail "the crowd: $(cat "$T/crowd")"
	must_await 60 sessions_are 0
}
sessions() { mx --json status | "$PEERS/rows.py" find sessions; }
sessions_are() { [ "$(sessions)" = "$1" ]; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
