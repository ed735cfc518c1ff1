#!/usr/bin/env python3
# account.py: is every message that load.py was promised accounted for?
#
#	account.py LOAD-DIR PRIMARY-DIR... [--queued N] [--no-duplicates] [--kills FILE]
#
# The invariant: each accepted token arrived, or is among the N that wait; nothing else arrived
# but tokens whose fate the client does not know.  Duplicates are counted, and told.  With --kills
# (a file of the times, in seconds, at which the relay was killed) a second arrival is allowed only
# when a kill lies between it and the first, at most five seconds after the first: the window
# between the primary's 250 and our record of it.  LATE seconds before the first count too: what was
# in the socket when the relay was killed is still read by a primary that is behind.
# SPDX-License-Identifier: ISC
import argparse
import collections
import os
import re
import sys

LATE = 3
p = argparse.ArgumentParser()
p.add_argument("load")
p.add_argument("primary", nargs="+")
p.add_argument("--queued", type=int, default=0)
p.add_argument("--no-duplicates", action="store_true")
p.add_argument("--kills")
a = p.parse_args()


def lines(name):
    path = os.path.join(a.load, name)
    return set(open(path, encoding="ascii").read().split()) if os.path.exists(path) else set()


accepted, unknown = lines("accepted"), lines("unknown")
arrived = collections.Counter()
times = collections.defaultdict(list)
for folder in a.primary:
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.endswith(".msg"):
            with open(os.path.join(folder, name), "rb") as f:
                token = re.search(rb"^X-Token: (\w+)\.\r$", f.read(4096), re.M)
                when = os.fstat(f.fileno()).st_mtime
            token = token.group(1).decode() if token else "no-token"
            arrived[token] += 1
            times[token].append(when)
missing = accepted - set(arrived)
strangers = set(arrived) - accepted - unknown
kills = [float(t) for t in open(a.kills, encoding="ascii").read().split()] if a.kills else []
unexplained = [t for t, when in times.items() for one, two in zip(sorted(when), sorted(when)[1:])
               if a.kills and not any(one - LATE <= k <= min(two, one + 5) for k in kills)]
twice = {t: n for t, n in arrived.items() if n > 1}
print(f"accepted {len(accepted)}, unknown {len(unknown)}, arrived {len(arrived)}, "
      f"missing {len(missing)}, queued {a.queued}, duplicates {sum(twice.values()) - len(twice)}, "
      f"strangers {len(strangers)}" + (f", kills {len(kills)}" if kills else ""))
bad = len(missing) > a.queued or strangers or unexplained or (a.no_duplicates and twice)
if bad:
    print("missing:", *sorted(missing)[:10])
    print("duplicates without a kill between:", *unexplained[:10])
    print("strangers:", *sorted(strangers)[:10])
sys.exit(1 if bad else 0)
