-- 0010-limits: what a domain takes, and what its primaries' EHLO last offered.
-- SPDX-License-Identifier: ISC
--
-- An offer outlives an outage: while the primary is down it is what there is to go by.

ALTER TABLE domain ADD COLUMN max_size INTEGER NOT NULL DEFAULT 0; -- bytes; 0: no limit of its own
ALTER TABLE domain ADD COLUMN rate INTEGER NOT NULL DEFAULT 0;     -- messages a minute; 0: no limit

CREATE TABLE offer (
	host TEXT NOT NULL,
	port INTEGER NOT NULL,
	since INTEGER NOT NULL,                 -- it has offered this since then
	flags INTEGER NOT NULL,                 -- 1 SIZE, 2 8BITMIME, 4 SMTPUTF8, 8 DSN
	max_size INTEGER NOT NULL,              -- SIZE; 0: it named none
	mail_max INTEGER NOT NULL,              -- LIMITS; 0: not said
	rcpt_max INTEGER NOT NULL,
	rcpt_domain_max INTEGER NOT NULL,
	PRIMARY KEY (host, port)
) WITHOUT ROWID;
