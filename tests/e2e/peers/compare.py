#!/usr/bin/env python3
# compare.py: is what arrived what was sent, byte for byte, but for the trace on top?
#
#	compare.py raw SENT-DIR DIR      DIR of primary.py; exactly one Received was added
#	compare.py traced SENT-DIR DIR   the same; any number of trace fields: of other relays too
#	compare.py maildir SENT-DIR DIR  Maildir of Postfix's virtual(8): any number of trace
#	                                 fields, LF line ends
#
# SENT-DIR has NAME.eml; the recipient was NAME@anything.  Each must have arrived exactly once.
# SPDX-License-Identifier: ISC
import json
import os
import re
import sys

TRACE = (b"received", b"return-path", b"x-original-to", b"delivered-to")
FIELD = re.compile(rb"[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*")


def fields_on_top(data):
    """[(name, bytes)] of the trace fields at the top, and the rest."""
    found = []
    while True:
        match = FIELD.match(data)
        name = match.group(0).split(b":")[0].lower() if match else b""
        if name not in TRACE:
            return found, data
        found.append((name, match.group(0)))
        data = data[match.end():]


def arrived_raw(folder):
    for name in os.listdir(folder):
        if name.endswith(".msg"):
            with open(os.path.join(folder, name[:-4] + ".env"), encoding="ascii") as f:
                rcpts = json.load(f)["rcpts"]
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            for rcpt in rcpts:
                yield rcpt, data


def arrived_maildir(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            if os.path.basename(where) not in ("new", "cur"):
                continue
            with open(os.path.join(where, name), "rb") as f:
                data = f.read()
            top, _ = fields_on_top(data)
            to = next(v for n, v in top if n == b"delivered-to")
            yield to.split(b":", 1)[1].strip().decode(), data


def difference(wanted, got):
    for at, (w, g) in enumerate(zip(wanted, got)):
        if w != g:
            return f"byte {at}: sent {wanted[at:at + 40]!r}, got {got[at:at + 40]!r}"
    return f"sent {len(wanted)} bytes, got {len(got)}: {wanted[-40:]!r} / {got[-40:]!r}"


def wanted_of(sent, raw):
    if sent and not sent.endswith(b"\r\n"):
        sent += b"\r\n"                         # SMTP content is lines
    return sent if raw else sent.replace(b"\r\n", b"\n")


kind, sent_dir, got_dir = sys.argv[1:4]
raw, exact = kind != "maildir", kind == "raw"
got, faults = {}, 0
for rcpt, data in (arrived_raw if raw else arrived_maildir)(got_dir):
    got.setdefault(rcpt.split("@")[0], []).append(data)
names = sorted(n[:-4] for n in os.listdir(sent_dir) if n.endswith(".eml"))
for name in names:
    with open(os.path.join(sent_dir, name + ".eml"), "rb") as f:
        wanted = wanted_of(f.read(), raw)
    copies = got.get(name, [])
    if len(copies) != 1:
        print(f"{name}: arrived {len(copies)} times")
        faults += 1
        continue
    data = copies[0]
    if exact:
        added, rest = data[:len(data) - len(wanted)], data[len(data) - len(wanted):]
        if not added.startswith(b"Received: ") or not FIELD.fullmatch(added):
            print(f"{name}: not one Received on top: {data[:200]!r}")
            faults += 1
            continue
    else:
        # What the sender itself put on top stays; only as much as was added is taken off.
        rest = data
        own, _ = fields_on_top(wanted)
        top, _ = fields_on_top(data)
        for _, field in top[:len(top) - len(own)]:
            rest = rest[len(field):]
    if rest != wanted:
        print(f"{name}: {difference(wanted, rest)}")
        faults += 1
print(f"{len(names)} messages compared, {faults} faults")
sys.exit(1 if faults else 0)
