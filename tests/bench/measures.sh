# shellcheck shell=bash
# measures.sh: what is done to each peer, one function a measure.  Each starts the peer afresh,
# warms it up, runs, calls `got KEY VALUE` for each figure and stops the peer; false when the run
# failed.  How many messages each peer gets is so that a run takes seconds with either.
# SPDX-License-Identifier: ISC

KIB=1024

# count MXKEEP POSTFIX CEILING - messages for the peer at hand
count() {
	case $PEER in
	mxkeep) scaled "$1" ;;
	postfix) scaled "$2" ;;
	*) scaled "$3" ;;
	esac
}

# fresh - the peer with an empty queue, its primary down, after its first few messages
fresh() {
	freeports PORT PRIMARY_PORT
	"${PEER}_start"
	load "$PORT" 50 100 500 -d
}

# took_in KEY MESSAGES - messages a second of the load that ended last
took_in() { got "$1" "$(calc "$2 / $SECS" 1)"; }

# intake KEY SESSIONS MESSAGES BYTES [smtp-source option...]
intake() {
	local key=$1
	shift
	fresh && load "$PORT" "$@" && took_in "$key" "$2"
	local status=$?
	"${PEER}_stop"
	return "$status"
}

measure_intake1() { intake intake1 1 "$(count 3000 1500 10000)" $((4 * KIB)) -d; }
measure_intake_new() { intake intake_new 50 "$(count 10000 3000 10000)" $((4 * KIB)); }
measure_intake64k() { intake intake64k 50 "$(count 8000 2000 10000)" $((64 * KIB)) -d; }

measure_intake5m() {
	local n
	n=$(count 200 100 400)
	fresh && load "$PORT" 10 "$n" $((5 * KIB * KIB)) -d &&
		got intake5m "$(calc "$n * 5 * $KIB * $KIB / $SECS / 1e6" 1)"
	local status=$?
	"${PEER}_stop"
	return "$status"
}

# With what it costs; CPU is counted until the peer is at rest, with the work that an acceptance
# leaves behind.
measure_intake50() {
	local n before status
	n=$(count 20000 5000 20000)
	fresh && settle "$PEER_PID" && before=$(tree_cpu "$PEER_PID") &&
		load "$PORT" 50 "$n" $((4 * KIB)) -d && took_in intake50 "$n"
	status=$?
	if [ "$status" = 0 ] && [ "$PEER" != ceiling ]; then
		settle "$PEER_PID"
		got cpu "$(calc "($(tree_cpu "$PEER_PID") - $before) * 1000 / $n")"
	fi
	"${PEER}_stop"
	return "$status"
}

# loaded MESSAGES - the most memory while the load runs, in $PSS
loaded() {
	local loader now
	load "$PORT" 50 "$1" $((4 * KIB)) -d &
	loader=$!
	PSS=0
	while ! gone "$loader"; do
		now=$(tree_pss "$PEER_PID")
		is "$now > $PSS" && PSS=$now
		sleep 0.3
	done
	wait "$loader"
}

measure_memory() {
	freeports PORT PRIMARY_PORT
	"${PEER}_start"
	settle "$PEER_PID"
	got memory_idle "$(tree_pss "$PEER_PID")"
	loaded "$(count 30000 5000 0)" && got memory_load "$PSS"
	local status=$?
	"${PEER}_stop"
	return "$status"
}

# From the first message's connection to the last one's arrival at the primary, which is up.
measure_e2e() {
	local n began status
	n=$(count 15000 4000 0)
	freeports PORT PRIMARY_PORT
	sink_start "$PRIMARY_PORT" $((n + 100))
	"${PEER}_start"
	load "$PORT" 50 100 500 -d && settle "$PEER_PID" && began=$EPOCHREALTIME &&
		load "$PORT" 50 "$n" $((4 * KIB)) -d && sink_await &&
		got e2e "$(calc "$n / $(since "$began")" 1)"
	status=$?
	sink_stop
	"${PEER}_stop"
	return "$status"
}

# again_and_again PEER - the operator's flush, repeated as an operator would
again_and_again() {
	while :; do
		sleep 10
		"${1}_flush"
	done >/dev/null 2>&1
}

# A queue that has come to rest; then the primary comes up and the operator says so.
measure_drain() {
	local n waiting began flusher status
	n=$(scaled 20000)
	freeports PORT PRIMARY_PORT
	"${PEER}_start"
	if ! load "$PORT" 50 "$n" $((4 * KIB)) -d; then
		"${PEER}_stop"
		return 1
	fi
	settle "$PEER_PID"
	waiting=$("${PEER}_waiting")
	[ "$waiting" = "$n" ] || say "$PEER: $n were sent, but $waiting wait"
	sink_start "$PRIMARY_PORT" "$n"
	began=$EPOCHREALTIME
	"${PEER}_flush"
	again_and_again "$PEER" &
	flusher=$!
	sink_await && got drain "$(calc "$n / $(since "$began")" 1)"
	status=$?
	kill "$flusher" 2>/dev/null
	wait "$flusher" 2>/dev/null
	sink_stop
	"${PEER}_stop"
	return "$status"
}

# -- how cost grows -------------------------------------------------------------

# timed COMMAND... - seconds that it took, in $SECS
timed() {
	local began=$EPOCHREALTIME
	"$@" >/dev/null 2>>"$RUN/timed.log" || return 1
	SECS=$(since "$began")
}

# median_of COMMAND... - of five runs of a command that sets SECS
median_of() {
	local all=()
	while [ ${#all[@]} -lt 5 ]; do
		"$@" || return 1
		all+=("$SECS")
	done
	SECS=$(printf '%s\n' "${all[@]}" | sort -n | sed -n 3p)
}

# The same load into the daemon with an empty queue, then with MILLION messages waiting.
measure_million() {
	local n million=${MILLION:-1000000} began empty status
	[ "$PEER" = mxkeep ] || return 0
	n=$(scaled 20000)
	fresh && median_of load "$PORT" 50 "$n" $((4 * KIB)) -d
	status=$?
	empty=$SECS
	mxkeep_stop
	[ "$status" = 0 ] || return 1
	rm -f "$RUN/mxkeep/log"
	say "filling the queue with $million messages"
	mxkeep_conf
	timed "$BUILD/tests/bench/fill" "$RUN/mxkeep/mxkeep.conf" "$million" $((4 * KIB)) \
		"user1@$DOMAIN" "user2@$DOMAIN" || return 1
	say "filled in $SECS s; $(du -sh "$RUN/mxkeep/state" | cut -f 1) on disk"
	began=$EPOCHREALTIME
	mxkeep_run
	got million_start "$(since "$began")"
	say "$(mxkeep_waiting) wait"
	timed mxkeep_cli queue list --limit 50 && got million_list_first "$SECS" &&
		median_of timed mxkeep_cli queue list --limit 50 && got million_list "$SECS" &&
		median_of load "$PORT" 50 "$n" $((4 * KIB)) -d &&
		got million_intake "$(calc "100 * $empty / $SECS" 0)" &&
		loaded "$n" && got million_memory "$PSS"
	status=$?
	mxkeep_stop
	return "$status"
}
