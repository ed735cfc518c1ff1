#!/usr/bin/env python3
# freeport.py: asks the kernel for free TCP ports on 127.0.0.1; prints as many as asked for.
# SPDX-License-Identifier: ISC
import socket
import sys

held = []
for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    held.append(s)
    print(s.getsockname()[1])
