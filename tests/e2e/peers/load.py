#!/usr/bin/env python3
# load.py: a load whose every message can be accounted for.
#
# Each message bears a token.  The token goes to the file `accepted` when the message got its 250,
# to `unknown` when the connection broke after the final dot and before an answer.  A broken
# connection is made again until --seconds are over or --count messages were accepted.
# SPDX-License-Identifier: ISC
import argparse
import itertools
import os
import threading
import time

from smtpraw import Client, Gone

p = argparse.ArgumentParser()
p.add_argument("--port", type=int, required=True)
p.add_argument("--to", default="user@a.test")
p.add_argument("--connections", type=int, default=4)
p.add_argument("--seconds", type=float, default=10)
p.add_argument("--count", type=int, default=10 ** 9)
p.add_argument("--per-session", type=int, default=20)
p.add_argument("--size", type=int, default=2000)
p.add_argument("--dir", required=True, help="where accepted and unknown are written")
p.add_argument("--prefix", default="t")
p.add_argument("--give-up", action="store_true", help="a broken connection ends it")
p.add_argument("--doubt-refusals", action="store_true",
               help="a message refused behind its dot is unknown: a failed sync may have happened")
a = p.parse_args()

os.makedirs(a.dir, exist_ok=True)
accepted = open(os.path.join(a.dir, "accepted"), "a", buffering=1)
unknown = open(os.path.join(a.dir, "unknown"), "a", buffering=1)
numbers, lock, end = itertools.count(), threading.Lock(), time.monotonic() + a.seconds
tally = {"accepted": 0, "unknown": 0, "refused": 0, "broken": 0}
stop = threading.Event()


def note(what, file=None, token=None):
    with lock:
        tally[what] += 1
        if file:
            file.write(token + "\n")
        if tally["accepted"] >= a.count:
            stop.set()


def message(client):
    """False: the session should end."""
    token = f"{a.prefix}{next(numbers)}"
    if not client.command("MAIL FROM:<load@client.test>").startswith("2"):
        note("refused")
        return False
    if not client.command(f"RCPT TO:<{a.to}>").startswith("2"):
        note("refused")
        return False
    if not client.command("DATA").startswith("354"):
        note("refused")
        return False
    client.send((f"X-Token: {token}.\r\nSubject: load\r\n\r\n" +
                 ("x" * 62 + "\r\n") * (a.size // 64)).encode())
    try:
        client.send(b".\r\n")
        answer = client.reply()
    except (Gone, OSError):
        note("unknown", unknown, token)
        raise
    if answer.startswith("250"):
        note("accepted", accepted, token)
        return True
    if a.doubt_refusals:
        note("unknown", unknown, token)
    note("refused")
    return False


def session():
    client = Client(a.port, timeout=30)
    try:
        if client.hello().startswith("250"):
            for _ in range(a.per_session):
                if stop.is_set() or time.monotonic() > end or not message(client):
                    break
        client.send(b"QUIT\r\n")
    finally:
        client.close()


def work():
    while not stop.is_set() and time.monotonic() < end:
        try:
            session()
        except (Gone, OSError):
            note("broken")
            if a.give_up:
                return
            stop.wait(0.05)


threads = [threading.Thread(target=work) for _ in range(a.connections)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(" ".join(f"{k}={v}" for k, v in tally.items()))
