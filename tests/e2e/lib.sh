# shellcheck shell=bash
# lib.sh: what the end-to-end and fault tests share.  Source it first:
#
#	. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
#
# Real processes on 127.0.0.1, ports chosen by the kernel, all state in a directory of the test's
# own, $T, that goes away with it.  Every process is ended by its pid when the test ends, however
# it ends.  Nothing sleeps for a fixed time to let something happen: await polls for it.
#
# A test ends with status 0, 1 (fail WHY) or 77 (skip WHY).  BUILD names the build tree.
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034 # what it sets is for the tests
set -u
E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$E2E/../.." && pwd)
PEERS=$E2E/peers
BUILD=${BUILD:-$TOP/build}
export PYTHONDONTWRITEBYTECODE=1
T=$(mktemp -d "${TMPDIR:-/tmp}/mxk.XXXXXX") || exit 1
chmod 755 "$T"
POSTFIXES=()
MOUNTS=()
RELAY_PID=
RELAY_USER=$(id -un)
[ "$(id -u)" != 0 ] || RELAY_USER=nobody
RELAY_ENV=()			# NAME=VALUE for the daemon
trap finish EXIT
trap 'exit 1' TERM INT HUP

# -- how a test ends ----------------------------------------------------------

FAILED=
fail() {
	printf 'FAIL: %s\n' "$*"
	FAILED=1
	exit 1
}

skip() {
	printf 'SKIP: %s\n' "$*"
	exit 77
}

note() { printf '%s\n' "$*"; }

finish() {
	local status=$? pid
	trap - EXIT
	exec 3>&2 2>/dev/null		# bash would tell of each that is killed
	for pid in ${POSTFIXES[@]+"${POSTFIXES[@]}"}; do
		postfix -c "$T/$pid/etc" abort >/dev/null 2>&1
	done
	# Only those that are still our children: the number of one that ended long ago may be
	# somebody else's by now.
	for pid in $(jobs -p); do
		kill -CONT "$pid"
		kill -KILL "$pid"
	done
	wait
	exec 2>&3
	if [ "$status" != 0 ] && [ "$status" != 77 ] && [ -s "$T/relay.log" ]; then
		[ -n "$FAILED" ] || printf 'FAIL: ended with status %s\n' "$status"
		printf -- '-- end of relay.log\n'
		tail -n 25 "$T/relay.log"
	fi
	for pid in ${MOUNTS[@]+"${MOUNTS[@]}"}; do
		umount "$pid"
	done
	if [ -n "${KEEP:-}" ]; then
		printf 'kept: %s\n' "$T"
	else
		rm -rf "$T"
	fi
	exit "$status"
}

# -- small things -------------------------------------------------------------

need() {
	local program
	for program; do
		PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || skip "no $program here"
	done
}

need_root() { [ "$(id -u)" = 0 ] || skip "needs root: $*"; }

# freeports NAME... - sets each variable to a free port
freeports() {
	local ports
	mapfile -t ports < <("$PEERS/freeport.py" $#)
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
		sleep 0.05
	done
}

# must COMMAND... / must_await SECONDS COMMAND...
must() { "$@" || fail "not so: $*"; }
must_await() { await "$@" || fail "not within $1 seconds: ${*:2}"; }

gone() { ! kill -0 "$1" 2>/dev/null; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# spawn LOG COMMAND... - in the background; its pid in $SPAWNED
spawn() {
	local log=$1
	shift
	"$@" >>"$log" 2>&1 </dev/null &
	SPAWNED=$!
}

# -- the relay ----------------------------------------------------------------

# write_conf SECTION.NAME=VALUE... - $T/mxkeep.conf: what every test has, changed by the arguments.
# No test asks the DNS of the world: the server that stands here is none.
write_conf() {
	mkdir -p "$T/state"
	[ "$(id -u)" != 0 ] || chown "$RELAY_USER" "$T/state"
	printf '%s\n' hostname=mx.test "state_dir=$T/state" "control=$T/control.sock" \
		"user=$RELAY_USER" "smtp.listen={\"127.0.0.1:$PORT\"}" \
		forward.retry_first=1s forward.retry_max=5s forward.probe_first=200ms \
		forward.probe_max=1s store.min_free=1M smtp.max_client_connections=1000 \
		'dns.server={"127.0.0.1:9"}' dns.root_anchor=none dns.timeout=1s "$@" |
		python3 "$PEERS/makeconf.py" >"$T/mxkeep.conf"
	[ "$(id -u)" != 0 ] || chown "$RELAY_USER" "$T"
}

# log_count EVENT [KEY=VALUE...] - lines of the relay's log.  A line is there some milliseconds
# behind what it tells of, so a test waits for one: must_await 10 log_has ...
log_count() {
	local log=${LOG:-$T/relay.log}
	[ -e "$log" ] || { echo 0 && return; }
	EVENT=$1 FIELDS=$(printf '%s\n' "${@:2}") awk '
		BEGIN { n = split(ENVIRON["FIELDS"], want, "\n") }
		$3 == ENVIRON["EVENT"] {
			for (i = 1; i <= n; i++)
				if (want[i] != "" && !index($0 " ", " " want[i] " "))
					next
			count++
		}
		END { print count + 0 }' "$log"
}

log_has() { [ "$(log_count "$@")" -gt 0 ]; }
log_has_n() { [ "$(log_count "${@:2}")" -ge "$1" ]; }
log_is() { [ "$(log_count "${@:2}")" = "$1" ]; }

# relay_start [SECTION.NAME=VALUE...] - a new configuration, the daemon started and ready
relay_start() {
	[ -n "${PORT:-}" ] || freeports PORT
	write_conf "$@"
	relay_again
}

# relay_again - started with the configuration there is
relay_again() {
	local before
	before=$(log_count ready)
	spawn "$T/relay.log" env ${RELAY_ENV[@]+"${RELAY_ENV[@]}"} "$BUILD/mxkeepd" \
		-c "$T/mxkeep.conf"
	RELAY_PID=$SPAWNED
	await 20 relay_came_up "$before" || fail "the relay did not say ready"
	gone "$RELAY_PID" && fail "the relay did not start"
	return 0
}

relay_came_up() { [ "$(log_count ready)" -gt "$1" ] || gone "$RELAY_PID"; }

# relay_stop - SIGTERM; it must be gone within some seconds, with status 0
relay_stop() {
	kill -TERM "$RELAY_PID"
	must_await 15 gone_child "$RELAY_PID"
	wait "$RELAY_PID"
	RELAY_STATUS=$?
	RELAY_PID=
	[ "$RELAY_STATUS" = 0 ] || fail "the relay ended with status $RELAY_STATUS"
}

# A child that has ended is a zombie until it is waited for.
gone_child() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status" || gone "$1"; }

relay_kill() {
	kill -KILL "$RELAY_PID" 2>/dev/null
	wait "$RELAY_PID" 2>/dev/null
	RELAY_PID=
}

mx() { "$BUILD/mxkeep" -s "$T/control.sock" "$@"; }

# add_domain NAME PORT [KEY=VALUE...] - takes mail for anybody there unless told otherwise
add_domain() {
	mx domain add "$1" --primary "127.0.0.1:$2" >/dev/null || fail "domain add $1"
	mx domain set "$1" unknown=accept "${@:3}" >/dev/null || fail "domain set $1"
}

# anybody_listed DOMAIN... - any name is a user, by the list: what fails for one is reported
anybody_listed() {
	local domain
	for domain; do
		mx recipient add "$domain" '*' >/dev/null || fail "recipient add $domain"
	done
}

# queued [STATE] - how many recipients are queued, held or failed
queued() {
	mx --json status | tr ',{}' '\n' |
		awk -F: -v key="\"${1:-queued}\"" 'index($1, key) { sum += $2; n++ }
			END { if (n) print sum + 0; else print "?" }'
}
queue_is() { [ "$(queued "${2:-queued}")" = "$1" ]; }
queue_empty() { queue_is 0; }

# counter NAME - of `mxkeep status`
counter() { mx --json status | "$PEERS/rows.py" list value "name=$1"; }

has_accepted() { [ "$(log_count accepted)" -ge "$1" ]; }

# id_of N - message id of the N-th "accepted" line, which may come a moment after the 250
id_of() {
	await 5 has_accepted "$1" || return 1
	awk -v n="$1" '$3 == "accepted" && ++i == n { sub(/.* mail=/, ""); print $1 }' \
		"$T/relay.log"
}

# pss PID - KiB
pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }

# -- peers --------------------------------------------------------------------

smtp_send() { "$PEERS/client.py" --port "$PORT" "$@"; }

# primary_start PORT DIR [option of primary.py...] - its pid in $PRIMARY_PID
primary_start() {
	spawn "$2.log" "$PEERS/primary.py" --port "$1" --dir "$2" "${@:3}"
	PRIMARY_PID=$SPAWNED
	must_await 10 listens "$1"
}

end_peer() {
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	true
}

# kept DIR - how many messages a primary.py has
kept() { find "$1" -name '*.msg' 2>/dev/null | wc -l; }
kept_is() { [ "$(kept "$2")" = "$1" ]; }
kept_at_least() { [ "$(kept "$2")" -ge "$1" ]; }

# sink_start PORT [option of smtp-sink...] - Postfix's own; its pid in $SINK_PID
sink_start() {
	need smtp-sink
	local as=()
	[ "$(id -u)" != 0 ] || as=(-u nobody)
	spawn "$T/sink.log" env PATH="$PATH:/usr/sbin" smtp-sink ${as[@]+"${as[@]}"} "${@:2}" \
		"127.0.0.1:$1" 500
	SINK_PID=$SPAWNED
	must_await 10 listens "$1"
}

# postfix_start NAME [main.cf line...] - a private Postfix in $T/NAME that listens on the port in
# variable NAME_PORT; log in $T/NAME/log
postfix_start() {
	need postfix postconf
	need_root "Postfix starts as root"
	local name=$1 dir=$T/$1 port_var=${1^^}_PORT service
	shift
	[ -n "${!port_var:-}" ] || freeports "$port_var"
	mkdir -p "$dir/etc" "$dir/spool" "$dir/data"
	chown postfix "$dir/data"
	printf '%s\n' "compatibility_level = 3.6" "queue_directory = $dir/spool" \
		"data_directory = $dir/data" "maillog_file = $dir/log" \
		"maillog_file_prefixes = $T" "inet_interfaces = 127.0.0.1" \
		"inet_protocols = ipv4" "myhostname = $name.test" "mydestination =" \
		"mynetworks = 127.0.0.0/8" "alias_maps =" "local_recipient_maps =" \
		"local_header_rewrite_clients =" "smtpd_peername_lookup = no" \
		"smtp_dns_support_level = disabled" "smtp_host_lookup = native" \
		"smtp_tls_security_level = none" "smtpd_tls_security_level = none" \
		"message_size_limit = 60000000" "mailbox_size_limit = 0" \
		"smtp_line_length_limit = 0" "smtpd_error_sleep_time = 0" \
		"minimal_backoff_time = 1s" "queue_run_delay = 1s" "maximal_backoff_time = 4s" \
		"disable_mime_output_conversion = yes" "alternate_config_directories =" \
		"$@" >"$dir/etc/main.cf"
	{
		echo "127.0.0.1:${!port_var} inet n - n - - smtpd"
		echo "pickup unix n - n 60 1 pickup"
		echo "cleanup unix n - n - 0 cleanup"
		echo "qmgr unix n - n 1 1 qmgr"
		for service in rewrite:trivial-rewrite smtp:smtp relay:smtp error:error \
			retry:error discard:discard; do
			echo "${service%:*} unix - - n - - ${service#*:}"
		done
		printf '%s unix - - n - 0 bounce\n' bounce defer trace
		echo "virtual unix - n n - - virtual"
		echo "tlsmgr unix - - n 1000? 1 tlsmgr"
		echo "verify unix - - n - 1 verify"
		echo "flush unix n - n 1000? 0 flush"
		echo "proxymap unix - - n - - proxymap"
		echo "showq unix n - n - - showq"
		echo "anvil unix - - n - 1 anvil"
		echo "scache unix - - n - 1 scache"
		echo "tlsproxy unix - - n - 0 tlsproxy"
		echo "postlog unix-dgram n - n - 1 postlogd"
	} >"$dir/etc/master.cf"
	cp /etc/postfix/dynamicmaps.cf /etc/postfix/postfix-files "$dir/etc/" 2>/dev/null
	mkdir -p "$dir/etc/dynamicmaps.cf.d" "$dir/etc/postfix-files.d"
	POSTFIXES+=("$name")
	postfix -c "$dir/etc" start >"$dir/start.log" 2>&1 ||
		fail "postfix $name does not start: $(tail -n 3 "$dir/start.log")"
	must_await 15 listens "${!port_var}"
}

# postfix_primary NAME [line...] - one that keeps all mail in the Maildir $T/NAME/mail/all
postfix_primary() {
	local dir=$T/$1
	mkdir -p "$dir/mail"
	chown nobody "$dir/mail"
	postfix_start "$1" "virtual_mailbox_domains = a.test, b.test" \
		"virtual_mailbox_maps = static:all/" "virtual_mailbox_base = $dir/mail" \
		"virtual_uid_maps = static:$(id -u nobody)" \
		"virtual_gid_maps = static:$(id -g nobody)" "virtual_mailbox_limit = 0" \
		"virtual_minimum_uid = 1" "${@:2}"
}

# arrived NAME - messages in the Maildir of a postfix_primary
arrived() { find "$T/$1/mail/all/new" -type f 2>/dev/null | wc -l; }
arrived_is() { [ "$(arrived "$2")" = "$1" ]; }
