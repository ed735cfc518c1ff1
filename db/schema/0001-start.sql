-- 0001-start: the queue, what became of mail, and what operators set.
-- SPDX-License-Identifier: ISC
--
-- How the queue is cut, measured with 4 KiB bodies at 50 a commit: the first 256 KiB of a body
-- stand in the message's own row, behind the envelope, which saves one tree on the way in; only
-- what is longer has rows in chunk.  No foreign keys and no further index on the way of a
-- message: each index is paid for by every mail.  Nothing refers to the domain's row but by id,
-- and ids are never used again.
--
-- Times are milliseconds since 1970; state is enum delivery_state.

CREATE TABLE meta (
	key TEXT NOT NULL PRIMARY KEY,
	value NOT NULL
) WITHOUT ROWID;

CREATE TABLE domain (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,              -- lower case
	mode TEXT NOT NULL,                     -- backup | reflector
	enabled INTEGER NOT NULL,
	unknown TEXT NOT NULL,                  -- reject | defer | accept
	subaddress TEXT NOT NULL,               -- one character, or none
	lifetime INTEGER NOT NULL
);

CREATE TABLE route (
	domain INTEGER NOT NULL,
	position INTEGER NOT NULL,              -- in order of preference
	host TEXT NOT NULL,
	port INTEGER NOT NULL,
	PRIMARY KEY (domain, position)
) WITHOUT ROWID;

CREATE TABLE recipient (
	domain INTEGER NOT NULL,
	local TEXT NOT NULL,                    -- lower case, without quotes
	action INTEGER NOT NULL,                -- enum recipient_found
	source TEXT NOT NULL,                   -- list | import
	added INTEGER NOT NULL,
	PRIMARY KEY (domain, local)
) WITHOUT ROWID;

CREATE TABLE message (
	id INTEGER PRIMARY KEY,
	received INTEGER NOT NULL,
	size INTEGER NOT NULL,
	flags INTEGER NOT NULL,                 -- 1 by ESMTP, 2 the body is 8BITMIME
	sender TEXT NOT NULL,
	client TEXT NOT NULL,
	helo TEXT NOT NULL,
	head BLOB NOT NULL                      -- the first 256 KiB
);

CREATE TABLE chunk (
	message INTEGER NOT NULL,
	seq INTEGER NOT NULL,                   -- 1..; 0 is message.head
	bytes BLOB NOT NULL,
	PRIMARY KEY (message, seq)
) WITHOUT ROWID;

CREATE TABLE delivery (
	message INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	domain INTEGER NOT NULL,
	state INTEGER NOT NULL,                 -- 0 queued, 1 held, 2 failed
	next_try INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	recipient TEXT NOT NULL,
	reply TEXT NOT NULL,
	server TEXT NOT NULL,                   -- the primary that gave the reply
	PRIMARY KEY (message, seq)
) WITHOUT ROWID;

CREATE INDEX delivery_due ON delivery (domain, next_try, message) WHERE state = 0;
CREATE INDEX delivery_parked ON delivery (domain, state, message) WHERE state <> 0;

CREATE TABLE ledger (
	message INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	state INTEGER NOT NULL,                 -- 3 delivered, 4 bounced, 5 expired, 6 deleted
	at INTEGER NOT NULL,
	received INTEGER NOT NULL,
	size INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	domain INTEGER NOT NULL,
	domain_name TEXT NOT NULL,
	recipient TEXT NOT NULL,
	sender TEXT NOT NULL,
	client TEXT NOT NULL,
	helo TEXT NOT NULL,
	reply TEXT NOT NULL,
	server TEXT NOT NULL,
	who TEXT NOT NULL,                      -- deleted: by whom
	PRIMARY KEY (message, seq)
) WITHOUT ROWID;

CREATE TABLE event (
	message INTEGER NOT NULL,
	nr INTEGER NOT NULL,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY (message, nr)
) WITHOUT ROWID;

CREATE TABLE audit (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	what TEXT NOT NULL
);
