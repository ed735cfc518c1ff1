#!/usr/bin/env python3
# make_corpus.py: writes mail of every shape that relays are known to harm, the same each time.
#
# DIR/NAME.eml, with CRLF line ends.  What begins with "raw-" is no RFC 5322 message and goes only
# from our own client to our own primary: Postfix would mend it on the way.
# SPDX-License-Identifier: ISC
import os
import random
import sys

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
rng = random.Random(20261122)
HEAD = ("From: Alice <alice@client.test>\r\nTo: <bob@a.test>\r\nSubject: %s\r\n"
        "Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <%s@client.test>\r\n").encode()


def words(count):
    return " ".join(rng.choice(["post", "relay", "queue", "outage", "primary", "mail", "wait"])
                    for _ in range(count))


def text(lines, columns=10):
    return "".join(words(columns) + "\r\n" for _ in range(lines)).encode()


def write(name, content):
    with open(os.path.join(folder, name + ".eml"), "wb") as f:
        f.write(content)


def message(name, body, extra=b""):
    label = name.encode()
    write(name, HEAD.replace(b"%s", label) + extra + b"\r\n" + body)


MIME = b"MIME-Version: 1.0\r\n"
EIGHT = MIME + b"Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: 8bit\r\n"
message("plain", text(30))
message("one-line", b"a\r\n")
message("empty-body", b"")
message("only-empty-lines", b"\r\n" * 50)
message("no-final-newline", b"the end without a line end")
message("utf8", "Grüße, 你好, привет — ©\r\n".encode() * 20, EIGHT.replace(b"%s", b"utf-8"))
message("latin1", bytes(range(0xa0, 0x100)) + b"\r\n", EIGHT.replace(b"%s", b"iso-8859-1"))
message("every-octet", bytes(b for b in range(1, 256) if b not in (10, 13)) + b"\r\n",
        EIGHT.replace(b"%s", b"x-unknown"))
message("eightbit-header", text(3), "X-Name: Jürgen\r\n".encode())
for length in (997, 998, 999, 1000, 2047, 2048, 2049, 5000, 65536, 300000):
    message(f"line-{length}", b"<" + b"x" * (length - 2) + b">\r\nshort\r\n")
message("dots-at-line-starts", b".\x20one\r\n..two\r\n...three\r\n.\tfour\r\nnot.one\r\n.end\r\n")
message("lone-dots", b"before\r\n.\r\nbetween\r\n..\r\n.\r\n.\r\nafter\r\n")
message("dot-last", b"the last line is a dot\r\n.\r\n")
message("dot-first", b".\r\nthe first line is a dot\r\n")
message("spaces-at-line-ends", b"tab\t\r\nspaces   \r\n \r\n\t\r\n")
message("from-lines", b"From somebody at Sun Nov 22 12:00:00 2026\r\n>From quoted\r\n")
message("looks-like-a-header", b"Received: from nowhere\r\nBcc: <c@b.test>\r\n\r\nbody\r\n")
message("folded-headers", text(2), b"X-Folded: one\r\n two\r\n\tthree\r\n  \tfour\r\n")
message("many-headers", text(2),
        b"".join(b"X-Field-%d: %s\r\n" % (n, words(6).encode()) for n in range(1000)))
message("long-header", text(2), b"References: " +
        b"\r\n ".join(b"<%d.%d@client.test>" % (n, n * n) for n in range(500)) + b"\r\n")
message("header-spacing", text(2), b"X-A:no space\r\nX-B:   three\r\nx-lower: case\r\n"
        b"X-Empty: \r\n")
message("signature-like", text(4), b"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple;\r\n"
        b"\td=client.test; s=s; h=From:To;\r\n\tbh=AAAA=; b=BBBB\r\n\t CCCC=\r\n")
message("own-received", text(2), b"")
with open(os.path.join(folder, "own-received.eml"), "rb") as f:
    write("own-received", b"".join(
        b"Received: from h%d.test (h%d.test [192.0.2.%d])\r\n\tby h%d.test with ESMTP id X%d;\r\n"
        b"\tSun, 22 Nov 2026 11:00:%02d +0000\r\n" % (n, n, n, n + 1, n, n)
        for n in range(20)) + f.read())
multipart = (b"This is MIME.\r\n--=_b\r\nContent-Type: text/plain\r\n\r\n" + text(5) +
             b"--=_b\r\nContent-Type: multipart/alternative; boundary=\"=_c\"\r\n\r\n--=_c\r\n"
             b"Content-Type: text/html\r\n\r\n<p>.</p>\r\n--=_c--\r\n--=_b\r\n"
             b"Content-Type: application/octet-stream\r\n"
             b"Content-Transfer-Encoding: base64\r\n\r\n" +
             (b"QUJD" * 19 + b"\r\n") * 100 + b"--=_b--\r\nepilogue\r\n")
message("mime", multipart, MIME + b"Content-Type: multipart/mixed; boundary=\"=_b\"\r\n")
for size in (1, 16383, 16384, 16385, 65535, 262143, 262144, 262145, 524288, 1048577):
    line = rng.randbytes(31).hex().encode() + b"\r\n"
    message(f"size-{size}", (line * (size // len(line) + 1))[:size].rstrip(b"\r\n") + b"\r\n")
block = b"".join(rng.randbytes(38).hex().encode() + b"\r\n" for _ in range(1000))
message("ten-megabytes", block * (10 * 1024 * 1024 // len(block)))
# Dots and line ends at every place of a block that a relay may cut at.
message("dots-across-blocks", b"".join(b"x" * (n % 67) + b"\r\n.\r\n..\r\n" for n in range(20000)))

write("raw-empty", b"")
write("raw-one-newline", b"\r\n")
write("raw-dot", b".\r\n")
write("raw-no-header", b"\r\nonly a body\r\n")
write("raw-no-blank-line", b"Subject: header only\r\nX-Last: yes\r\n")
write("raw-not-a-header", b"this is not a header\r\nneither is this\r\n\r\nbody\r\n")
write("raw-starts-with-blank", b" folded from nowhere\r\nX: y\r\n\r\nbody\r\n")
write("raw-no-newline", b"Subject: x")
write("raw-long-line", b"x" * 3000000 + b"\r\n")
