# shellcheck shell=bash
# authority.sh: an authority of the test's own, $T/ca.crt, and certificates that it signs.
# SPDX-License-Identifier: ISC

authority_new() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/ca.key" \
		-out "$T/ca.crt" -days 30 -subj "/CN=authority of a test" 2>/dev/null ||
		fail "no authority"
}

# authority_sign FILE NAME... - $T/FILE.crt with the chain behind it, and $T/FILE.key
authority_sign() {
	local file=$T/$1 names
	shift
	names=$(printf ',DNS:%s' "$@")
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$file.key" \
		-out "$file.csr" -subj "/CN=$1" 2>/dev/null || fail "no request"
	openssl x509 -req -in "$file.csr" -CA "$T/ca.crt" -CAkey "$T/ca.key" -CAcreateserial \
		-days 20 -out "$file.leaf" -extfile <(echo "subjectAltName=${names#,}") \
		2>/dev/null || fail "not signed"
	cat "$file.leaf" "$T/ca.crt" >"$file.crt"
	chmod 644 "$file.key"
}
