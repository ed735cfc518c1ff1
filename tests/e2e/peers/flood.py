#!/usr/bin/env python3
# flood.py: asks for many recipients that nobody has asked for, each once, and counts the answers.
#
# Prints "CODE COUNT" lines and "seconds S".  Many sessions at once, in one thread.
# SPDX-License-Identifier: ISC
import argparse
import asyncio
import collections
import time

p = argparse.ArgumentParser()
p.add_argument("--port", type=int, required=True)
p.add_argument("--domain", required=True)
p.add_argument("--count", type=int, default=10000)
p.add_argument("--connections", type=int, default=50)
p.add_argument("--per-session", type=int, default=90)
p.add_argument("--prefix", default="u")
a = p.parse_args()

tally = collections.Counter()
numbers = iter(range(a.count))


async def answer(reader):
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionError("closed")
        if line[3:4] != b"-":
            return line[:3].decode()


async def session():
    take = [n for _, n in zip(range(a.per_session), numbers)]
    if not take:
        return False
    reader, writer = await asyncio.open_connection("127.0.0.1", a.port)
    await answer(reader)
    lines = ["EHLO flood.test", "MAIL FROM:<flood@client.test>"]
    lines += [f"RCPT TO:<{a.prefix}{n}@{a.domain}>" for n in take]
    writer.write(("\r\n".join(lines) + "\r\n").encode())
    await answer(reader)
    await answer(reader)
    for _ in take:
        tally[await answer(reader)] += 1
    writer.write(b"QUIT\r\n")
    await answer(reader)
    writer.close()
    return True


async def client():
    while await session():
        pass


async def main():
    await asyncio.gather(*(client() for _ in range(a.connections)))


began = time.monotonic()
asyncio.run(main())
for code, n in sorted(tally.items()):
    print(code, n)
print("seconds", round(time.monotonic() - began, 1))
