# shellcheck shell=bash
# sweep.sh: the same small run again and again, with a fault at the first, second, ... n-th
# operation on the state directory, until a whole run meets no fault.
#
#	sweep HOW        HOW is kill, EIO or ENOSPC
#
# The small run: a database with one domain, two messages taken while the primary is down, a
# restart, the primary up, two more messages, drained, SIGTERM.  When the daemon has ended by the
# fault it is started again, and all that was accepted must arrive.  (How a database is made is
# tested in one process: test_store_faults.)
# SPDX-License-Identifier: ISC
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

SHIM=$BUILD/tests/fault/opfault.so
[ -e "$SHIM" ] || skip "no $SHIM (make check builds it)"

# up - the daemon runs, started once more when the fault has ended it
up() {
	local before try
	for try in 1 2; do
		if [ -n "$RELAY_PID" ] && ! gone_child "$RELAY_PID"; then
			return
		fi
		[ -z "$RELAY_PID" ] || wait "$RELAY_PID" 2>/dev/null
		before=$(log_count ready)
		spawn "$T/relay.log" env "${RELAY_ENV[@]}" "$BUILD/mxkeepd" -c "$T/mxkeep.conf"
		RELAY_PID=$SPAWNED
		must_await 20 came_up_or_ended "$before"
	done
	gone_child "$RELAY_PID" && fail "it does not start any more (try $try)"
	return 0
}

came_up_or_ended() { [ "$(log_count ready)" -gt "$1" ] || gone_child "$RELAY_PID"; }

load() {
	up
	"$PEERS/load.py" --port "$PORT" --count 2 --connections 1 --seconds 10 --size 20000 \
		--dir "$RUN/load" --prefix "$1" --give-up >>"$T/load.log"
	up
}

down() {
	kill -TERM "$RELAY_PID" 2>/dev/null
	must_await 15 gone_child "$RELAY_PID"
}

drained() {
	up
	queue_empty && queue_is 0 failed
}

small_run() {
	load a
	down
	up
	primary_start "$PRIMARY" "$RUN/primary"
	load b
	must_await 30 drained
	down
	up
	must_await 30 drained
	end_peer "$PRIMARY_PID"
}

sweep() {
	local n=0 operations=0
	freeports PORT PRIMARY
	relay_start forward.probe_first=50ms forward.probe_max=100ms forward.retry_first=50ms
	add_domain a.test "$PRIMARY"
	relay_stop
	mv "$T/state" "$T/template"
	RUN=$T/run
	while :; do
		n=$((n + 1))
		rm -rf "$RUN" "$T/state" "$T/relay.log"
		mkdir -p "$RUN"
		cp -a "$T/template" "$T/state"
		: >"$T/count"
		chmod 666 "$T/count"
		RELAY_ENV=(LD_PRELOAD="$SHIM" OPFAULT_DIR="$T/state" OPFAULT_AT="$n"
			OPFAULT_HOW="$1" OPFAULT_COUNT="$T/count")
		small_run
		"$PEERS/account.py" "$RUN/load" "$RUN/primary" >"$T/said" ||
			fail "$1 at operation $n: $(cat "$T/said")"
		down
		operations=$(sed 's/^0*//' "$T/count")
		echo "$n: $(head -n 1 "$T/said")" >>"$T/history"
		[ "${operations:-0}" -ge "$n" ] || break
	done
	note "$1 at each of $((n - 1)) operations: nothing lost; duplicates in all: $(
		awk 'sub(/.*duplicates /, "") { sum += $1 } END { print sum + 0 }' "$T/history")"
}
