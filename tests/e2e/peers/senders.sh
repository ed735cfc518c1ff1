# shellcheck shell=bash
# senders.sh: other mail servers as clients of the relay: the corpus goes through them; and Exim and
# OpenSMTPD, which are not installed.
#
# Their Debian packages are unpacked in the build tree (peers/unpack).  Both want users, and
# OpenSMTPD folders, of their own: they run in a mount and process namespace where they have them,
# all of whose processes end with the first.
# SPDX-License-Identifier: ISC

# corpus_new - $T/corpus: what any mail server takes for mail
corpus_new() {
	"$E2E/make_corpus.py" "$T/corpus" || fail "no corpus"
	rm -f "$T"/corpus/raw-*
}

# corpus_to PORT DOMAIN - each to its name there, some at a time: Exim sleeps half a second behind
# each of a connection
corpus_to() {
	find "$T/corpus" -name '*.eml' -print0 | xargs -0 -P 8 -n 1 sh -c '
		"$1/client.py" --port "$2" --file "$4" --to "$(basename "$4" .eml)@$3" || exit 255
		' sh "$PEERS" "$1" "$2" >"$T/said" 2>&1 || fail "not taken: $(cat "$T/said")"
}

# corpus_comes PORT DIR - all of it arrives at the primary that begins now, to the byte
corpus_comes() {
	local total
	total=$(find "$T/corpus" -name '*.eml' | wc -l)
	must_await 60 queue_is "$total"
	primary_start "$1" "$2"
	must_await 60 kept_is "$total" "$2"
	must_await 10 queue_empty
	"$PEERS/compare.py" traced "$T/corpus" "$2" || fail "something changed on the way"
	end_peer "$PRIMARY_PID"
}

# unpacked PACKAGE - its folder, in $UNPACKED
unpacked() {
	need unshare dpkg
	need_root "a namespace for $1"
	UNPACKED=$("$PEERS/unpack" "$BUILD/peers" "$1" 2>"$T/unpack") || skip "$(cat "$T/unpack")"
	UNPACKED_LIBS=$(find "$UNPACKED" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
}

# users NAME... - $T/etc: an /etc with those users, and with mx.test, which we are
users() {
	local name id=64000
	mkdir "$T/etc"
	cp -L /etc/nsswitch.conf /etc/ld.so.cache /etc/protocols /etc/services /etc/localtime \
		"$T/etc" 2>/dev/null
	for name in passwd group; do
		grep "^root:\|^nobody:\|^nogroup:" "/etc/$name" >"$T/etc/$name"
	done
	for name; do
		echo "$name:x:$id:$id::/:/bin/false" >>"$T/etc/passwd"
		echo "$name:x:$id:" >>"$T/etc/group"
		id=$((id + 1))
	done
	echo "127.0.0.1 localhost mx.test" >"$T/etc/hosts"
	echo "nameserver 127.0.0.1" >"$T/etc/resolv.conf"
	chmod -R go=rX "$T/etc"
}

# apart SETUP COMMAND... - in the background in the namespaces, behind the shell command SETUP; log
# in $T/apart.log.  /etc is mounted whole: a file's mount would go when the file is replaced
# outside.  The shell stays: a program that drops its privileges is no more killed by --kill-child.
apart() {
	spawn "$T/apart.log" env LD_LIBRARY_PATH="$UNPACKED_LIBS" \
		unshare --mount --pid --fork --kill-child --mount-proc sh -ec '
		mount --bind "$1/etc" /etc
		'"$1"'
		shift
		"$@"
		exit $?' sh "$T" "${@:2}"
}

# exim_start [transport line...] - Exim on the port $EXIM_PORT, which hands all mail to the relay
# at once; its log in $T/exim/mainlog
exim_start() {
	unpacked exim4-daemon-light
	users Debian-exim
	freeports EXIM_PORT
	mkdir -p "$T/exim"
	chown 64000:64000 "$T/exim"
	{
		printf '%s\n' "primary_hostname = exim.test" "exim_path = $T/exim4" \
			"spool_directory = $T/exim" "log_file_path = $T/exim/%slog" \
			"keep_environment = LD_LIBRARY_PATH" "local_interfaces = 127.0.0.1" \
			"daemon_smtp_ports = $EXIM_PORT" "pid_file_path = $T/exim/pid" \
			"message_size_limit = 60M" "header_maxsize = 4M" "acl_smtp_rcpt = accept" \
			"log_selector = +outgoing_port +pipelining" "host_lookup =" \
			"rfc1413_query_timeout = 0s" "smtp_accept_max = 100" \
			"received_headers_max = 100" "queue_run_max = 1" "tls_advertise_hosts =" \
			"begin routers" "all:" "  driver = manualroute" "  domains = *" \
			"  transport = out" "  route_list = * mx.test byname" "  self = send" \
			"begin transports" "out:" "  driver = smtp" "  port = $PORT" \
			"  allow_localhost" "  message_linelength_limit = 4000000"
		printf '  %s\n' "$@"
		printf '%s\n' "begin retry" "* * F,1h,1s"
	} >"$T/exim.conf"
	chmod 644 "$T/exim.conf"
	# Without its setuid bit, under which it would not find its libraries.
	cp "$UNPACKED/usr/sbin/exim4" "$T/exim4"
	chmod 755 "$T/exim4"
	apart : "$T/exim4" -C "$T/exim.conf" -bdf -q5s
	await 15 listens "$EXIM_PORT" || fail "Exim: $(cat "$T/apart.log" "$T"/exim/*log)"
}

# smtpd_start CONFIGURATION-LINE... - OpenSMTPD on the port $SMTPD_PORT; its log in $T/apart.log
smtpd_start() {
	unpacked opensmtpd
	users opensmtpd opensmtpq
	freeports SMTPD_PORT
	printf '%s\n' "smtp max-message-size 60M" \
		"listen on 127.0.0.1 port $SMTPD_PORT hostname smtpd.test" "$@" >"$T/smtpd.conf"
	chmod 600 "$T/smtpd.conf"
	apart '
		mount -t tmpfs -o mode=755 none /var/spool
		mount -t tmpfs -o mode=755 none /var/lib
		mount -t tmpfs -o mode=755 none /run
		mkdir -p /var/lib/opensmtpd/empty' \
		"$UNPACKED/usr/sbin/smtpd" -d -f "$T/smtpd.conf"
	await 15 listens "$SMTPD_PORT" || fail "OpenSMTPD: $(cat "$T/apart.log")"
}

no_session() { [ "$(log_count session)" -ge "$(counter connections)" ]; }

# sessions_end_well HELO - of that client's sessions each ends by QUIT; nothing was refused, and
# nobody pipelined what may not be
sessions_end_well() {
	must_await 30 no_session
	must [ "$(log_count session "helo=$1")" -gt 0 ]
	must [ "$(log_count session "helo=$1")" = \
		"$(log_count session "helo=$1" refused=0 ended=quit)" ]
	must [ "$(log_count early_pipelining)" = 0 ]
}
