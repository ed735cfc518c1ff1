# shellcheck shell=bash
# spf_zone.sh: a zone of SPF records in a real name server, and mail from any client; to be sourced
# behind lib.sh and nameserver.sh.
# SPDX-License-Identifier: ISC

# spf_world [SECTION.NAME=VALUE...] - spf.test, and never.dead.test of a server that never
# answers for it; the relay with them, and its primary for a.test and b.test in $T/primary
spf_world() {
	local stubs
	need nsd swaks python3
	freeports PRIMARY NAMES DEAD
	cat >"$T/spf.test.zone" <<-'ZONE'
		$ORIGIN spf.test.
		$TTL 60
		@	SOA ns.spf.test. x.spf.test. 1 3600 600 86400 60
		@	NS ns
		ns	A 127.0.0.1
		pass	TXT "v=spf1 ip4:203.0.113.0/24 ip6:2001:db8::/32 -all"
		fail	TXT "v=spf1 mx include:inc.spf.test -all"
		fail	MX 10 mx
		fail	MX 20 mx2
		mx	A 203.0.113.1
		mx2	A 203.0.113.2
		inc	TXT "v=spf1 a:mx.spf.test ?all"
		soft	TXT "v=spf1 ~all"
		neutral	TXT "v=spf1 ?all"
		none	TXT "nothing of that kind"
		two	TXT "v=spf1 -all"
		two	TXT "v=spf1 +all"
		temp	TXT "v=spf1 include:never.dead.test -all"
		exp	TXT "v=spf1 -all exp=why.spf.test"
		why	TXT "%{c} is none of ours, %{s}: see http://%{d}/?%{L}"
		bad	TXT "v=spf1 -all exp=badwhy.spf.test"
		badwhy	TXT "one\010\013250 two"
		macro	TXT "v=spf1 exists:%{ir}.%{v}.%{l1r-}._x.spf.test a:x%_y.spf.test -all"
		9.113.0.203.in-addr.alice._x	A 127.0.0.2
		x\032y	A 203.0.113.10
		long	TXT ( "v=spf1 " "ip4:198.51.100.1 ip4:198.51.100.2 ip4:198.51.100.3 "
			"ip4:198.51.100.4 ip4:198.51.100.5 ip4:198.51.100.6 ip4:198.51.100.7 "
			"ip4:198.51.100.8 ip4:198.51.100.9 ip4:198.51.100.10 ip4:198.51.100.11 "
			"ip4:198.51.100.12 ip4:198.51.100.13 ip4:198.51.100.14 ip4:198.51.100.15 "
			"ip4:198.51.100.16 ip4:198.51.100.17 ip4:198.51.100.18 ip4:198.51.100.19 "
			"ip4:198.51.100.20 ip4:198.51.100.21 ip4:198.51.100.22 ip4:198.51.100.23 "
			"ip4:198.51.100.24 ip4:198.51.100.25 ip4:198.51.100.26 ip4:198.51.100.27 "
			"ip4:198.51.100.28 ip4:198.51.100.29 ip4:198.51.100.30 ip4:198.51.100.31 "
			"ip4:198.51.100.32 ip4:198.51.100.33 ip4:198.51.100.34 "
			"ip4:203.0.113.9 -all" )
	ZONE
	# The clients have no names, and that is heard at once.
	cat >"$T/113.0.203.in-addr.arpa.zone" <<-'ZONE'
		$ORIGIN 113.0.203.in-addr.arpa.
		$TTL 60
		@	SOA ns.spf.test. x.spf.test. 1 3600 600 86400 60
		@	NS ns.spf.test.
	ZONE
	hostile_start "$DEAD"
	nsd_start "$NAMES" spf.test 113.0.203.in-addr.arpa
	stubs=$(printf '"%s",' "spf.test=127.0.0.1:$NAMES" "dead.test=127.0.0.1:$DEAD" \
		"113.0.203.in-addr.arpa=127.0.0.1:$NAMES")
	relay_start 'smtp.xclient_from={"127.0.0.3"}' dns.timeout=2s "dns.stub={${stubs%,}}" "$@"
	add_domain a.test "$PRIMARY"
	add_domain b.test "$PRIMARY"
	mx policy set all helo=off >/dev/null || fail "policy set"
	primary_start "$PRIMARY" "$T/primary"
}

# from_client ADDRESS SENDER RECIPIENT [option of swaks...] - what was said is in $T/swaks.log
from_client() {
	swaks --server 127.0.0.1 --port "$PORT" --local-interface 127.0.0.3 --xclient-addr "$1" \
		--xclient-helo mail.spf.test --from "$2" --to "$3" --helo proxy.test --timeout 20 \
		"${@:4}" >"$T/swaks.log" 2>&1
}

# newest - the message that the primary had last
newest() { printf '%s/%s.msg' "$T/primary" "$(kept "$T/primary")"; }

# arrives ADDRESS SENDER RECIPIENT [option of swaks...] - mail is taken and comes to the primary
arrives() {
	local before
	before=$(kept "$T/primary")
	from_client "$@" || fail "not taken from $1 for $2: $(grep '^<\*\*' "$T/swaks.log")"
	must_await 20 kept_is $((before + 1)) "$T/primary"
}
