# shellcheck shell=bash
# peers.sh: who is measured.  For each: PEER_start, PEER_stop, PEER_waiting (how many messages are
# in its queue) and PEER_flush.  PEER_start makes an empty state in $RUN/PEER, listens on $PORT,
# relays to $PRIMARY_PORT and sets PEER_PID, whose children are the peer's too.
#
# Both servers log a line or more for every message to a file, and both have one domain with a
# list of recipients; neither may ask DNS.
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2034 # what it sets is for the others

# -- mxkeepd: as it comes ---------------------------------------------------------

mxkeep_cli() { "$BUILD/mxkeep" -s "$RUN/mxkeep/control.sock" "$@"; }

mxkeep_conf() {
	mkdir -p "$RUN/mxkeep/state"
	cat >"$RUN/mxkeep/mxkeep.conf" <<-CONF
		hostname = "relay.test"
		state_dir = "$RUN/mxkeep/state"
		control = "$RUN/mxkeep/control.sock"
		user = "$(id -un)"
		smtp { listen = {"127.0.0.1:$PORT"} }
		log { level = "info" }
		dns { server = {"127.0.0.1:9"}  root_anchor = "none" }
	CONF
}

# mxkeep_run - the daemon on the state there is
mxkeep_run() {
	"$BUILD/mxkeepd" -c "$RUN/mxkeep/mxkeep.conf" 2>>"$RUN/mxkeep/log" &
	PEER_PID=$!
	MXKEEP_PID=$PEER_PID
	await 60 greets "$PORT" || die "mxkeepd does not start: $(tail -n 1 "$RUN/mxkeep/log")"
}

mxkeep_start() {
	local users
	rm -rf "$RUN/mxkeep"
	mxkeep_conf
	mxkeep_run
	mapfile -t users < <(seq -f user%g 0 999)
	# A failure is told by the CLI, and then by the load tool.
	{
		mxkeep_cli domain add "$DOMAIN" --primary "127.0.0.1:$PRIMARY_PORT" --unknown reject
		mxkeep_cli recipient add "$DOMAIN" "${users[@]}"
	} >/dev/null
}

mxkeep_stop() {
	[ -n "${MXKEEP_PID:-}" ] || return 0
	kill "$MXKEEP_PID" 2>/dev/null
	wait "$MXKEEP_PID" || say "mxkeepd ended with status $?: $(tail -n 1 "$RUN/mxkeep/log")"
	MXKEEP_PID=
}

mxkeep_waiting() {
	mxkeep_cli --json status | "$HERE/../e2e/peers/rows.py" sum queued
}

mxkeep_flush() { mxkeep_cli queue flush >/dev/null; }

# -- Postfix: a private instance of Debian's package, tuned -----------------------------
#
# As much in parallel as its design allows on a small machine, no back-pressure from the queue
# manager (in_flow_delay), no name lookups, recipients in a hash map.  Its log goes to a file by
# its own postlogd: a syslog daemon would cost as much and is not there in every container.

postfix_conf() {
	local etc=$RUN/postfix/etc i
	mkdir -p "$etc/dynamicmaps.cf.d" "$etc/postfix-files.d" "$RUN/postfix/spool" \
		"$RUN/postfix/data"
	chown postfix "$RUN/postfix/data"
	for i in $(seq 0 999); do
		echo "user$i@$DOMAIN x"
	done >"$etc/recipients"
	cp /etc/postfix/dynamicmaps.cf /etc/postfix/postfix-files "$etc/" 2>/dev/null
	cat >"$etc/main.cf" <<-CONF
		compatibility_level = 3.6
		queue_directory = $RUN/postfix/spool
		data_directory = $RUN/postfix/data
		maillog_file = $RUN/postfix/log
		maillog_file_prefixes = $RUN
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		myhostname = relay.test
		mydestination =
		mynetworks = 127.0.0.0/8
		alias_maps =
		local_recipient_maps =
		relay_domains = $DOMAIN
		relay_recipient_maps = hash:$etc/recipients
		relay_transport = relay:[127.0.0.1]:$PRIMARY_PORT
		smtpd_relay_restrictions = reject_unauth_destination
		smtpd_peername_lookup = no
		smtp_dns_support_level = disabled
		smtp_host_lookup = native
		smtp_tls_security_level = none
		smtpd_tls_security_level = none
		message_size_limit = 60000000
		mailbox_size_limit = 0
		default_process_limit = 200
		relay_destination_concurrency_limit = 100
		relay_initial_destination_concurrency = 100
		in_flow_delay = 0
	CONF
	postfix_services >"$etc/master.cf"
	postmap -c "$etc" "hash:$etc/recipients"
}

# No service in a chroot; what is not needed to relay is left out.
postfix_services() {
	local service
	cat <<-CONF
		127.0.0.1:$PORT inet n - n - - smtpd
		pickup unix n - n 60 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		verify unix - - n - 1 verify
		flush unix n - n 1000? 0 flush
		proxymap unix - - n - - proxymap
		proxywrite unix - - n - 1 proxymap
		showq unix n - n - - showq
		anvil unix - - n - 1 anvil
		scache unix - - n - 1 scache
		postlog unix-dgram n - n - 1 postlogd
	CONF
	for service in rewrite:trivial-rewrite smtp:smtp relay:smtp error:error retry:error \
		discard:discard; do
		echo "${service%:*} unix - - n - - ${service#*:}"
	done
	printf '%s unix - - n - 0 bounce\n' bounce defer trace
}

postfix_start() {
	local etc=$RUN/postfix/etc
	rm -rf "$RUN/postfix"
	postfix_conf
	# A file for each connection and message: the soft limit is often 1,024.
	(ulimit -n "$(ulimit -Hn)" && exec postfix -c "$etc" start) \
		>"$RUN/postfix/start.log" 2>&1 ||
		die "Postfix does not start: $(tail -n 1 "$RUN/postfix/start.log")"
	PEER_PID=$(tr -d ' ' <"$RUN/postfix/spool/pid/master.pid")
	POSTFIX_PID=$PEER_PID
	await 15 greets "$PORT" || die "Postfix does not listen"
}

postfix_stop() {
	[ -n "${POSTFIX_PID:-}" ] || return 0
	postfix -c "$RUN/postfix/etc" stop >/dev/null 2>&1
	await 20 gone "$POSTFIX_PID" || say "Postfix does not end"
	POSTFIX_PID=
}

postfix_waiting() {
	(cd "$RUN/postfix/spool" && find incoming active deferred -type f | wc -l)
}

postfix_flush() { postqueue -c "$RUN/postfix/etc" -f; }

# -- the ceiling: what the load tool gets into a sink that keeps nothing --------------------

ceiling_start() {
	sink_start "$PORT"
	PEER_PID=$SINK_PID
}

ceiling_stop() { sink_stop; }
