"""hostile_dns.py PORT: a name server for any zone that answers as its first label says,
or the second when the first is a number.

Prints "ready", then each question it gets as a line "LABEL… TYPE udp|tcp".
SPDX-License-Identifier: ISC"""
import socket
import struct
import sys
import threading

A, NS, CNAME, SOA, MX, TXT = 1, 2, 5, 6, 15, 16
NAMES = {A: "A", CNAME: "CNAME", MX: "MX", TXT: "TXT", 28: "AAAA", 12: "PTR", NS: "NS", SOA: "SOA",
         48: "DNSKEY", 43: "DS"}


def wire(labels):
    return b"".join(bytes([len(x)]) + x for x in labels) + b"\0"


def record(owner, kind, rdata, ttl=60):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(rdata)) + rdata


def strings(*parts):
    return b"".join(bytes([len(p)]) + p for p in parts)


def answer(query, tcp):
    """What is sent, a list of packets; None: nothing."""
    ident, flags = query[:2], struct.unpack(">H", query[2:4])[0]
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]])
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    owner, zone = question[:-4], labels[1:]
    print(b".".join(labels).decode("latin-1"), NAMES.get(kind, kind), "tcp" if tcp else "udp",
          flush=True)

    def packet(records=(), rcode=0, aa=0x0400, tc=0, count=None):
        body = b"".join(records)
        head = ident + struct.pack(">HHHHH", 0x8000 | aa | tc | flags & 0x0100 | rcode, 1,
                                   len(records) if count is None else count, 0, 0)
        whole = head + question + body
        if not tcp and len(whole) > 1200:
            return ident + struct.pack(">HHHHH", 0x8600, 1, 0, 0, 0) + question
        return whole

    def nothing():
        soa = record(wire(labels[-2:]), SOA, wire(labels[-2:]) * 2 + struct.pack(
            ">IIIII", 1, 60, 60, 60, 60))
        head = ident + struct.pack(">HHHHH", 0x8400, 1, 0, 1, 0)
        return head + question + soa

    if len(labels) < 3:
        return [nothing()]
    what = labels[1 if labels[0].isdigit() else 0].lower().decode("latin-1").rstrip("0123456789")
    if what == "never":
        return None
    if what == "servfail":
        return [packet(rcode=2)]
    if what == "refused":
        return [packet(rcode=5)]
    if what == "refer":               # to servers whose names somebody else has, for each its own
        servers = [record(owner, NS, wire([b"ns%d" % i] + labels[1:-1] + [b"dead"]))
                   for i in range(10)]
        head = ident + struct.pack(">HHHHH", 0x8000, 1, 0, len(servers), 0)
        return [head + question + b"".join(servers)]
    if what == "garbage":
        return [bytes(range(256)) * 2]
    if what == "short":
        return [ident + b"\x84"]
    if what == "cut":
        return [packet([record(owner, kind, b"\x7f\0\0\2")])[:-3]]
    if what == "counts":
        return [packet([record(owner, kind, b"\x7f\0\0\2")], count=60000)]
    if what == "wrongid":
        good = packet([record(owner, A, b"\x7f\0\0\2")])
        return [bytes([x ^ 0x5a for x in good[:2]]) + good[2:]] * 3
    if what == "wrongname":
        other = wire([b"other"] + zone)
        head = ident + struct.pack(">HHHHH", 0x8400, 1, 1, 0, 0)
        return [head + other + struct.pack(">HH", kind, 1) + record(other, A, b"\x7f\0\0\2")]
    if what == "strangers":           # an answer about somebody else's zone
        return [packet([record(wire([b"www", b"ok", b"test"]), A, b"\x7f\0\0\x63")])]
    if what == "loop":                # loop1 -> loop2 -> loop1
        there = b"loop2" if labels[0] == b"loop1" else b"loop1"
        return [packet([record(owner, CNAME, wire([there] + zone))])]
    if what == "self":
        return [packet([record(owner, CNAME, owner)])]
    if what == "both":                # the loop in one packet
        one, two = wire([b"both1"] + zone), wire([b"both2"] + zone)
        return [packet([record(one, CNAME, two), record(two, CNAME, one)])]
    if what == "chain":               # without end
        n = int(labels[0][5:] or b"0") + 1
        return [packet([record(owner, CNAME, wire([b"chain%d" % n] + zone))])]
    if what == "pointer":             # a compression pointer to itself
        return [packet([owner[:0] + b"\xc0" + bytes([12 + len(question)]) +
                        struct.pack(">HHIH", kind, 1, 60, 4) + b"\x7f\0\0\2"])]
    if kind == TXT and what == "huge":
        return [packet([record(owner, TXT, strings(*[b"x" * 255] * 240))])]
    if kind == TXT and what == "large":  # within the bounds
        return [packet([record(owner, TXT, strings(*[b"y" * 250] * 30))])]
    if kind == TXT and what == "strings":
        return [packet([record(owner, TXT, strings(*[b"s"] * 1000))])]
    if kind == TXT and what == "empty":
        return [packet([record(owner, TXT, b"")])]
    if kind == TXT and what == "overrun":
        return [packet([record(owner, TXT, b"\xffabc")])]
    if kind == TXT and what == "bytes":
        return [packet([record(owner, TXT, strings(b"\0\r\n\x1b[31m", b"\xff"))])]
    if kind == A and what == "many":
        return [packet([record(owner, A, struct.pack(">I", 0x7f000000 + i))
                        for i in range(1000)])]
    if kind == A and what == "three":
        return [packet([record(owner, A, b"\x7f\0\0")])]
    if kind == A and what == "nottl":
        return [packet([record(owner, A, b"\x7f\0\0\2", 0)])]
    if kind == MX and what == "badname":
        return [packet([record(owner, MX, b"\0\x0a" + wire([b"a b", b"c.d"]))])]
    if kind == MX and what == "null":
        return [packet([record(owner, MX, b"\0\0\0")])]
    if kind == A and what == "good":
        return [packet([record(owner, A, b"\x7f\0\0\2")])]
    return [nothing()]


def serve_udp(sock):
    while True:
        query, peer = sock.recvfrom(65535)
        for part in answer(query, False) or []:
            sock.sendto(part, peer)


def serve_one(conn):
    with conn:
        while True:
            head = conn.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return
            query = conn.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
            for part in answer(query, True) or []:
                conn.sendall(struct.pack(">H", len(part)) + part)


def serve_tcp(listener):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve_one, args=(conn,), daemon=True).start()


port = int(sys.argv[1])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
udp.bind(("127.0.0.1", port))
tcp = socket.create_server(("127.0.0.1", port))
threading.Thread(target=serve_tcp, args=(tcp,), daemon=True).start()
print("ready", flush=True)
serve_udp(udp)
