# shellcheck shell=bash
# lib.sh: what the benchmark's scripts share: clock, processes and what they cost, load and sink.
#
# Costs are read from /proc for a process and its children, live and reaped: no cgroup is needed,
# so the figures are the same under cgroup v1, v2 and none.
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034 # what it sets is for the others

DOMAIN=example.test
LIMIT=${LIMIT:-300} # seconds that any one run may take
TICKS=$(getconf CLK_TCK)

say() { printf 'bench: %s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}

calc() { awk "BEGIN { printf \"%.${2:-3}f\", $1 }"; }
since() { calc "$EPOCHREALTIME - $1" "${2:-3}"; }
is() { awk "BEGIN { exit !($1) }"; }

# scaled N - N messages, or SCALE percent of them, at least 10
scaled() {
	local n=$(($1 * ${SCALE:-100} / 100))
	echo $((n < 10 ? 10 : n))
}

# freeports NAME... - sets each variable to a port that the kernel says is free
freeports() {
	local ports
	mapfile -t ports < <("$HERE/../e2e/peers/freeport.py" $#)
	while [ $# -gt 0 ]; do
		printf -v "$1" %s "${ports[0]}"
		ports=("${ports[@]:1}")
		shift
	done
}

# await SECONDS COMMAND... - until the command is true; false when it never was
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# greets PORT - connects, and a greeting comes
greets() {
	local line
	{ exec 9<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
	IFS= read -r -t 2 line <&9
	exec 9>&-
	[[ $line = 220* ]]
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# -- what a process and its children cost ---------------------------------------

# tree PID - the process and its children
tree() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v of="$1" '
		{ pid = $1; sub(/.*\) /, "") }
		pid == of || $2 == of { print pid }'
}

# tree_cpu PID - CPU seconds, user and system, so far; of children that ended too
tree_cpu() {
	local pid files=()
	for pid in $(tree "$1"); do
		files+=("/proc/$pid/stat")
	done
	cat "${files[@]}" 2>/dev/null | awk -v ticks="$TICKS" '
		{ sub(/.*\) /, ""); sum += $12 + $13 + $14 + $15 }
		END { printf "%.2f", sum / ticks }'
}

# tree_pss PID - MB of memory, shared pages counted in part
tree_pss() {
	local pid files=()
	for pid in $(tree "$1"); do
		files+=("/proc/$pid/smaps_rollup")
	done
	cat "${files[@]}" 2>/dev/null | awk '
		/^Pss:/ { kib += $2 }
		END { printf "%.1f", kib / 1024 }'
}

# settle PID [SECONDS] - until it uses less than 5 % of a processor
settle() {
	local before now end=$((SECONDS + ${2:-60}))
	before=$(tree_cpu "$1")
	while [ "$SECONDS" -lt "$end" ]; do
		sleep 1
		now=$(tree_cpu "$1")
		is "$now - $before < 0.05" && return 0
		before=$now
	done
}

# -- load and sink: Debian's smtp-source and smtp-sink, of the package postfix -------

# load PORT SESSIONS MESSAGES BYTES [smtp-source option...] - how long it took in $SECS
load() {
	local port=$1 sessions=$2 messages=$3 bytes=$4 began
	shift 4
	began=$EPOCHREALTIME
	timeout --foreground "$LIMIT" smtp-source "$@" -C 50 -s "$sessions" -m "$messages" \
		-l "$bytes" \
		-M load.b.test -f a@b.test -t "user1@$DOMAIN" "127.0.0.1:$port" \
		>>"$RUN/load.log" 2>&1 || {
		say "the load tool failed: $(tail -n 1 "$RUN/load.log")"
		return 1
	}
	SECS=$(since "$began")
}

# sink_start PORT [MESSAGES] - the primary; ends itself after MESSAGES; its pid in $SINK_PID
sink_start() {
	local as=()
	[ "$(id -u)" != 0 ] || as=(-u nobody)
	# shellcheck disable=SC2086 # an option and its value, or nothing
	smtp-sink ${as[@]+"${as[@]}"} ${2:+-M $2} -m 4000 "127.0.0.1:$1" 4000 \
		>>"$RUN/sink.log" 2>&1 &
	SINK_PID=$!
	await 10 greets "$1" || die "smtp-sink does not start: $(tail -n 1 "$RUN/sink.log")"
}

# sink_await - until it has ended itself; false when it has not within LIMIT
sink_await() {
	await "$LIMIT" gone "$SINK_PID" && SINK_PID= && return 0
	say "not all was delivered within $LIMIT seconds"
	return 1
}

sink_stop() {
	[ -n "${SINK_PID:-}" ] || return 0
	kill "$SINK_PID" 2>/dev/null
	wait "$SINK_PID" 2>/dev/null
	SINK_PID=
}
