#!/usr/bin/env python3
# primary.py: a primary that keeps every byte it gets, and misbehaves when told to.
#
# Each message becomes DIR/N.msg (content, dots unstuffed, CRLF kept) and DIR/N.env (JSON: sender,
# rcpts, params, helo), written before its 250 is sent.
#
#	--at STEP=WHAT     at this step of the dialogue: `die` (close at once), `hang` (say nothing
#	                   more), or a reply to give instead ("451 4.3.0 later").  Steps: connect
#	                   banner ehlo mail rcpt data 354 body dot replied; rcpt:ADDRESS for one
#	                   recipient.  `dot` comes after the message was kept, before the answer;
#	                   `replied` after the answer.
#	--times N          so often, counted over all connections; then it behaves
# SPDX-License-Identifier: ISC
import argparse
import json
import os
import socket
import struct
import sys
import threading

p = argparse.ArgumentParser()
p.add_argument("--port", type=int, required=True)
p.add_argument("--dir", required=True)
p.add_argument("--at", action="append", default=[], metavar="STEP=WHAT")
p.add_argument("--times", type=int, default=10 ** 9)
p.add_argument("--ehlo", default="PIPELINING,SIZE 200000000,8BITMIME,ENHANCEDSTATUSCODES")
p.add_argument("--goodbye", type=int, help="421 to the mail behind so many on a connection")
p.add_argument("--discard", action="store_true", help="keep no content, only its size")
a = p.parse_args()
faults = dict(f.split("=", 1) for f in a.at)
lock, left, serial = threading.Lock(), [a.times], [0]
os.makedirs(a.dir, exist_ok=False)             # one that was there would be overwritten
# Started again on the same directory it goes on counting: nothing kept is written over.
serial[0] = max([int(n.split(".")[0]) for n in os.listdir(a.dir) if n[0].isdigit()], default=0)


# What it says of LIMITS it holds its clients to, and tells of who goes past it.
limits = dict(w.split("=") for w in a.ehlo.replace(",", " ").split() if "MAX=" in w)


class Die(Exception):
    pass


def tell(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Session:
    def __init__(self, sock):
        self.sock, self.input = sock, b""
        self.helo = self.sender = self.params = ""
        self.rcpts, self.asked, self.mails = [], 0, 0

    def past(self, limit, count):
        past = count > int(limits.get(limit, 10 ** 9))
        if past:
            tell(f"past {limit}")
        return past

    def at(self, step, usual=None):
        """What happens at this step: the reply to give."""
        what = faults.get(step)
        if what is not None:
            with lock:
                due = left[0] > 0
                left[0] -= due
            if due:
                tell(f"fault at {step}: {what}")
                if what == "die":
                    raise Die
                if what == "hang":
                    threading.Event().wait()
                return what
        return usual

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def fill(self):
        more = self.sock.recv(262144)
        if not more:
            raise Die
        self.input += more

    def line(self):
        while b"\r\n" not in self.input:
            self.fill()
        line, self.input = self.input.split(b"\r\n", 1)
        return line.decode("latin-1")

    def content(self):
        """Up to CRLF.CRLF; a fault `body` comes after the first bytes of it."""
        parts, tail = [], b"\r\n"               # tail: what an end may have begun in
        size = -2
        first = True
        while True:
            if not self.input:
                self.fill()
            tail += self.input
            self.input = b""
            if first:
                first = False
                self.at("body")
            end = tail.find(b"\r\n.\r\n")
            part = tail[:end + 2] if end >= 0 else tail[:-4]
            size += len(part)
            if not a.discard:
                parts.append(part)
            if end >= 0:
                self.input = tail[end + 5:]
                break
            tail = tail[-4:]
        return b"".join(parts).replace(b"\r\n..", b"\r\n.")[2:], size

    def keep(self, content, size):
        with lock:
            serial[0] += 1
            name = os.path.join(a.dir, str(serial[0]))
        with open(name + ".tmp", "wb") as f:
            f.write(content)
        with open(name + ".env", "w", encoding="ascii") as f:
            json.dump({"sender": self.sender, "rcpts": self.rcpts, "params": self.params,
                       "helo": self.helo, "size": size}, f)
        os.rename(name + ".tmp", name + ".msg")
        tell(f"kept {name} from=<{self.sender}> to={','.join(self.rcpts)} size={size}")

    def mail(self, line):
        address, _, self.params = line[10:].partition(">")
        self.sender, self.rcpts, self.asked = address.lstrip("<"), [], 0
        self.mails += 1
        if a.goodbye and self.mails > a.goodbye:
            tell("goodbye")
            self.say("421 4.7.0 enough for this connection")
            raise Die
        if self.past("MAILMAX", self.mails):
            self.say("421 4.7.0 too many mails")
            raise Die
        self.say(self.at("mail", "250 2.1.0 ok"))

    def rcpt(self, line):
        address = line[8:].partition(">")[0].lstrip("<")
        reply = self.at("rcpt:" + address) or self.at("rcpt", "250 2.1.5 ok")
        self.asked += 1
        if self.past("RCPTMAX", self.asked):
            reply = "452 4.5.3 too many recipients"
        if reply.startswith("2"):
            self.rcpts.append(address)
        if line.rstrip()[-1:] != ">":
            tell(line)
        self.say(reply)

    def data(self):
        if not self.rcpts:
            self.say("503 5.5.1 no recipient")
            return
        reply = self.at("data", "354 go on")
        self.say(reply)
        if not reply.startswith("354"):
            return
        self.at("354")
        content, size = self.content()
        reply = faults.get("end") and self.at("end")
        if not reply:
            self.keep(content, size)
            reply = self.at("dot", "250 2.0.0 kept")
        self.say(reply)
        self.at("replied")

    def talk(self):
        self.at("connect")
        self.say(self.at("banner", "220 primary.test ESMTP"))
        while True:
            line = self.line()
            verb = line[:4].upper()
            if verb == "EHLO":
                self.helo = line[5:]
                reply = self.at("ehlo")
                words = ["primary.test"] + [w for w in a.ehlo.split(",") if w]
                self.say(reply or "\r\n".join(
                    "250%s%s" % ("-" if i + 1 < len(words) else " ", w)
                    for i, w in enumerate(words)))
            elif verb == "HELO":
                self.helo = line[5:]
                self.say("250 primary.test")
            elif verb == "MAIL":
                self.mail(line)
            elif verb == "RCPT":
                self.rcpt(line)
            elif verb == "DATA":
                self.data()
            elif verb in ("RSET", "NOOP"):
                self.say("250 2.0.0 ok")
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("500 5.5.2 what?")


def serve(sock):
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Session(sock).talk()
    except Die:
        # A reset, not a polite end: what died says nothing.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    finally:
        sock.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", a.port))
listener.listen(512)
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
