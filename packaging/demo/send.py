#!/usr/bin/env python3
# send.py: sends one short mail to 127.0.0.1:PORT and prints the answer.
#
#	send.py PORT FROM TO SUBJECT
# SPDX-License-Identifier: ISC
import smtplib
import sys

port, sender, rcpt, subject = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), local_hostname="client.example") as smtp:
    smtp.ehlo()
    smtp.mail(sender)
    code, text = smtp.rcpt(rcpt)
    if code == 250:
        code, text = smtp.data(f"From: <{sender}>\nTo: <{rcpt}>\nSubject: {subject}\n\nHello.\n")
    print(f"    {sender} -> {rcpt} \"{subject}\": {code} {text.decode()}")
