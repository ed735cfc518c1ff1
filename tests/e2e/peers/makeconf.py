#!/usr/bin/env python3
# makeconf.py: lines `section.name=value` to a configuration file; the last of a name wins.
# SPDX-License-Identifier: ISC
import sys

# listener.ADDRESS:PORT.name=value is an option of the section of one listener.
sections = {}
for line in sys.stdin:
    key, _, value = line.rstrip("\n").partition("=")
    section, _, name = key.rpartition(".")
    if section.startswith("listener."):
        section = f'listener "{section[9:]}"'
    if not value.startswith("{") and not value.isdigit():
        value = f'"{value}"'
    sections.setdefault(section, {})[name] = value
for section, options in sections.items():
    indent = "    " if section else ""
    if section:
        print(section, "{")
    for name, value in options.items():
        print(f"{indent}{name} = {value}")
    if section:
        print("}")
