#!/usr/bin/env python3
# rows.py: looks into the JSON of `mxkeep --json`, however it is nested.
#
#	rows.py count KEY=VALUE...     objects with all of these
#	rows.py find KEY               the value of the first object's member of that name
#	rows.py sum KEY                the numbers under that name, added
#	rows.py list KEY [K=V...]      the member of each object that has it
# SPDX-License-Identifier: ISC
import json
import sys


def objects(value):
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from objects(member)


def fits(row, conditions):
    return all(str(row.get(k, "")) == v for k, v in (c.split("=", 1) for c in conditions))


command, *rest = sys.argv[1:]
rows = list(objects(json.load(sys.stdin)))
if command == "count":
    print(sum(fits(r, rest) for r in rows))
elif command == "find":
    found = [r[rest[0]] for r in rows if rest[0] in r]
    print(found[0] if found else "")
elif command == "sum":
    print(sum(r[rest[0]] for r in rows if isinstance(r.get(rest[0]), int)))
elif command == "list":
    for row in rows:
        if rest[0] in row and fits(row, rest[1:]):
            print(row[rest[0]])
