# shellcheck shell=bash
# sweep.sh: the same small run again and again, with a fault at the first, second, ... n-th
# operation on the state directory, until a whole run meets no fault.
#
#	sweep HOW        HOW is kill, EIO or ENOSPC
#
# The small run: a new database, a domain, four messages taken while the primary is down, a
# restart, the primary up, two more messages, drained.  After the fault the daemon is started again
# when it has ended, and all that was accepted must arrive; twice only by a kill.
# SPDX-License-Identifier: ISC
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

SHIM=$BUILD/tests/fault/opfault.so
[ -e "$SHIM" ] || skip "no $SHIM (make check builds it)"

# alive_or_again - the daemon, started once more without faults when it has ended
alive_or_again() {
	if [ -n "$RELAY_PID" ] && ! gone_child "$RELAY_PID"; then
		return
	fi
	[ -z "$RELAY_PID" ] || wait "$RELAY_PID" 2>/dev/null
	RELAY_ENV=()
	relay_again
}

# begin_relay - started with the fault ahead of it; it may end before it is ready
begin_relay() {
	local before
	before=$(log_count ready)
	spawn "$T/relay.log" env ${RELAY_ENV[@]+"${RELAY_ENV[@]}"} "$BUILD/mxkeepd" \
		-c "$T/mxkeep.conf"
	RELAY_PID=$SPAWNED
	must_await 20 came_up_or_ended "$before"
	alive_or_again
}

came_up_or_ended() { [ "$(log_count ready)" -gt "$1" ] || gone_child "$RELAY_PID"; }

# domain_there - the domain as the run wants it, whatever the fault left of it
domain_there() {
	local n
	for n in 1 2 3; do
		mx domain add a.test --primary "127.0.0.1:$PRIMARY" >/dev/null 2>&1
		mx domain set a.test unknown=accept >/dev/null 2>&1 && return
		alive_or_again
	done
	fail "the domain could not be set"
}

load() {
	"$PEERS/load.py" --port "$PORT" --count "$1" --connections 1 --seconds 10 --size 20000 \
		--dir "$RUN/load" --prefix "$2" --give-up >>"$T/load.log"
}

small_run() {
	begin_relay
	domain_there
	load 4 a
	alive_or_again
	kill -TERM "$RELAY_PID" 2>/dev/null
	must_await 15 gone_child "$RELAY_PID"
	alive_or_again
	primary_start "$PRIMARY" "$RUN/primary"
	load 2 b
	alive_or_again
	domain_there
	must_await 30 drained
	end_peer "$PRIMARY_PID"
}

drained() {
	alive_or_again
	queue_empty && queue_is 0 failed
}

sweep() {
	local n=0 operations=0 step=${SWEEP_STEP:-1}
	freeports PORT PRIMARY
	while :; do
		n=$((n + step))
		RUN=$T/run
		rm -rf "$RUN" "$T/state" "$T/relay.log" "$T/count"
		mkdir -p "$RUN"
		: >"$T/count"
		chmod 666 "$T/count"
		write_conf forward.probe_first=50ms forward.probe_max=100ms \
			forward.retry_first=50ms
		RELAY_ENV=(LD_PRELOAD="$SHIM" OPFAULT_DIR="$T/state" OPFAULT_AT="$n"
			OPFAULT_HOW="$1" OPFAULT_COUNT="$T/count")
		small_run
		"$PEERS/account.py" "$RUN/load" "$RUN/primary" >"$T/said" ||
			fail "$1 at operation $n: $(cat "$T/said")"
		relay_stop
		operations=$(sed 's/^0*//' "$T/count")
		echo "$n: $(head -n 1 "$T/said")" >>"$T/history"
		[ "${operations:-0}" -ge "$n" ] || break
	done
	note "$1 at each of $((n - 1)) operations: nothing lost; duplicates in all: $(
		awk 'sub(/.*duplicates /, "") { sum += $1 } END { print sum + 0 }' "$T/history")"
}
