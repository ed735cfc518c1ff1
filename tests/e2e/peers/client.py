#!/usr/bin/env python3
# client.py: sends messages byte for byte over SMTP and prints the server's answers.
#
# Prints one line a message: the last reply; with --rcpts also one line a recipient.  Exit status 0
# when every message got 250 at its end.
# SPDX-License-Identifier: ISC
import argparse
import sys
import threading

from smtpraw import Client, Gone, stuffed

p = argparse.ArgumentParser()
p.add_argument("--port", type=int, required=True)
p.add_argument("--sender", default="sender@client.test")
p.add_argument("--to", action="append", required=True)
p.add_argument("--file", help="the content, sent as it is")
p.add_argument("--subject", default="a message")
p.add_argument("--size", type=int, default=200, help="of the made-up body, without --file")
p.add_argument("--count", type=int, default=1, help="messages on a connection")
p.add_argument("--connections", type=int, default=1)
p.add_argument("--rcpts", action="store_true")
p.add_argument("--params", default="", help="after MAIL FROM:<...>")
p.add_argument("--bdat", type=int, help="send the content in chunks of so many bytes")
p.add_argument("--source", help="address to connect from")
p.add_argument("--timeout", type=float, default=60)
a = p.parse_args()


def content():
    if a.file:
        with open(a.file, "rb") as f:
            return f.read()
    line = b"0123456789abcdef" * 4 + b"\r\n"
    body = (line * (a.size // len(line) + 1))[:a.size - 2] + b"\r\n"
    return (f"From: <{a.sender}>\r\nTo: <{a.to[0]}>\r\nSubject: {a.subject}\r\n"
            "\r\n").encode() + body


def talk():
    done = 0
    try:
        c = Client(a.port, timeout=a.timeout, source=a.source)
        hello = c.hello()
        if not hello.startswith("250"):
            say(hello)
            return
        for _ in range(a.count):
            answer, rcpts = c.mail(a.sender, a.to, raw, a.params, message, a.bdat)
            say(answer)
            if a.rcpts:
                for rcpt, said in rcpts.items():
                    say(f"{rcpt} {said}")
            done += answer.startswith("250")
        c.quit()
    except (Gone, OSError) as e:
        say(f"--- {e}")
    finally:
        with lock:
            results.append(done == a.count)


def say(text):
    with lock:
        print(text, flush=True)


raw = content()
lock, results, message = threading.Lock(), [], stuffed(raw)
threads = [threading.Thread(target=talk) for _ in range(a.connections)]
for t in threads:
    t.start()
for t in threads:
    t.join()
sys.exit(0 if all(results) else 1)
