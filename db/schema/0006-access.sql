-- 0006-access: allow-lists and deny-lists.
-- SPDX-License-Identifier: ISC

CREATE TABLE access (
	domain INTEGER NOT NULL,                -- 0: for all
	kind TEXT NOT NULL,                     -- client | sender | recipient
	pattern TEXT NOT NULL,                  -- in its one form (db/access.h)
	list TEXT NOT NULL,                     -- allow | deny
	added INTEGER NOT NULL,
	PRIMARY KEY (domain, kind, pattern)
) WITHOUT ROWID;
