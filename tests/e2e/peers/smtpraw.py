# smtpraw.py: an SMTP client that sends exactly the bytes it is given; smtplib would mend them.
# SPDX-License-Identifier: ISC
import socket


class Gone(Exception):
    """The server closed or broke the connection."""


class Client:
    def __init__(self, port, host="127.0.0.1", timeout=60, source=None):
        self.sock = socket.create_connection((host, port), timeout,
                                             source_address=(source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""

    def close(self):
        self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Gone(str(e)) from e

    def line(self):
        while b"\n" not in self.input:
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, BrokenPipeError) as e:
                raise Gone(str(e)) from e
            if not more:
                raise Gone("closed")
            self.input += more
        line, self.input = self.input.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def reply(self):
        """The whole reply, lines joined by newlines."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def command(self, text):
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def hello(self, name="client.test"):
        greeting = self.reply()
        if not greeting.startswith("220"):
            return greeting
        return self.command("EHLO " + name)

    def chunks(self, content, size):
        """The content by BDAT, pipelined; the last reply, or the first that is no 250."""
        parts = [content[i:i + size] for i in range(0, len(content), size)] or [b""]
        self.send(b"".join(b"BDAT %d%s\r\n%s" % (
            len(part), b" LAST" if i + 1 == len(parts) else b"", part)
            for i, part in enumerate(parts)))
        answers = [self.reply() for _ in parts]
        return next((a for a in answers if not a.startswith("250")), answers[-1])

    def mail(self, sender, rcpts, content, params="", ready=None, chunk=None):
        """One message.  Answers (last reply, {rcpt: reply}); content is given with CRLF lines and
        is dot-stuffed here; the CRLF before the final dot is added only when it is not there."""
        answers = {}
        answer = self.command(f"MAIL FROM:<{sender}>{params}")
        if not answer.startswith("2"):
            return answer, answers
        for rcpt in rcpts:
            answers[rcpt] = self.command(f"RCPT TO:<{rcpt}>")
        if not any(a.startswith("2") for a in answers.values()):
            self.command("RSET")
            return next(iter(answers.values())), answers
        if chunk:
            return self.chunks(content, chunk), answers
        answer = self.command("DATA")
        if not answer.startswith("354"):
            return answer, answers
        self.send(stuffed(content) if ready is None else ready)
        self.send(b".\r\n")
        return self.reply(), answers

    def quit(self):
        try:
            self.command("QUIT")
        except (Gone, OSError):
            pass
        self.close()


def stuffed(content):
    if content[:1] == b".":
        content = b"." + content
    content = content.replace(b"\r\n.", b"\r\n..")
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return content
