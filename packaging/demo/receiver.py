#!/usr/bin/env python3
# receiver.py: the demo's primary: a small SMTP server that tells what arrives.
# SPDX-License-Identifier: ISC
import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def message(self, sender, rcpts):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if line:
            subject = next((h[8:].strip().decode(errors="replace") for h in lines
                            if h.lower().startswith(b"subject:")), "")
            print(f"    arrived: \"{subject}\" from {sender} for {', '.join(rcpts)}, "
                  f"{sum(map(len, lines))} bytes", flush=True)
            self.say("250 2.0.0 kept by the demo's primary")

    def handle(self):
        sender, rcpts = "", []
        self.say("220 primary.demo.test ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                self.say("250-primary.demo.test\r\n250-PIPELINING\r\n250 8BITMIME")
            elif verb == b"MAIL":
                sender, rcpts = line[10:].split(b">")[0].decode() + ">", []
                self.say("250 2.1.0 ok")
            elif verb == b"RCPT":
                rcpts.append(line[8:].split(b">")[0].decode() + ">")
                self.say("250 2.1.5 ok")
            elif verb == b"DATA":
                self.message(sender, rcpts)
            elif verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", int(sys.argv[1])), Session) as server:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
