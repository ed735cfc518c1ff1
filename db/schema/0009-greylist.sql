-- 0009-greylist: clients that were told to come back, and those that did.
-- SPDX-License-Identifier: ISC
--
-- Both tables are bounded: db/sqlite/greylist.c says how.  seq is the order of first tries: what is
-- past the bound is cut off at the low end without counting rows.  key is a hash of domain, client,
-- sender and recipient; the texts are for people, and cut.

CREATE TABLE greylist (
	seq INTEGER PRIMARY KEY,
	key BLOB NOT NULL,                      -- 16 bytes
	what INTEGER NOT NULL,                  -- enum greylist_what
	domain INTEGER NOT NULL,
	first INTEGER NOT NULL,
	until INTEGER NOT NULL,                 -- who comes back later begins anew
	tries INTEGER NOT NULL,
	client TEXT NOT NULL,                   -- whole
	sender TEXT NOT NULL,
	recipient TEXT NOT NULL
);
CREATE UNIQUE INDEX greylist_key ON greylist (key);

CREATE TABLE greylist_known (
	domain INTEGER NOT NULL,
	what INTEGER NOT NULL,
	client TEXT NOT NULL,
	first INTEGER NOT NULL,                 -- first try of the mail that it came back with
	since INTEGER NOT NULL,                 -- when it came back
	seen INTEGER NOT NULL,                  -- last mail, to the hour
	until INTEGER NOT NULL,                 -- forgotten then
	PRIMARY KEY (domain, what, client)
) WITHOUT ROWID;
CREATE INDEX greylist_known_until ON greylist_known (until);
