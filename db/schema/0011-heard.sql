-- 0011-heard: what primaries themselves have said of their users.
-- SPDX-License-Identifier: ISC
--
-- Not in recipient: what a person has listed is replaced by lists and by nothing else, and whether
-- there is a list at all must not depend on what was overheard.

CREATE TABLE heard (
	domain INTEGER NOT NULL,
	local TEXT NOT NULL,                    -- folded, without quotes
	action INTEGER NOT NULL,                -- enum recipient_found: accept | reject
	source TEXT NOT NULL,                   -- probe | learned
	added INTEGER NOT NULL,
	confirmed INTEGER NOT NULL,
	confidence INTEGER NOT NULL,            -- percent
	counted INTEGER NOT NULL,               -- when an answer against it counted last; 0: none
	expires INTEGER NOT NULL,               -- this and counted: by the domain's clock
	PRIMARY KEY (domain, local)
) WITHOUT ROWID;

-- A domain's clock stands still while all its primaries are down.
CREATE TABLE hearing (
	domain INTEGER PRIMARY KEY,
	stood INTEGER NOT NULL DEFAULT 0,       -- for how long it stood still before
	since INTEGER NOT NULL DEFAULT 0,       -- when it stopped; 0: it runs
	accepts_all INTEGER NOT NULL DEFAULT 0, -- a random user was taken
	tested INTEGER NOT NULL DEFAULT 0,      -- when
	entries INTEGER NOT NULL DEFAULT 0      -- rows of heard
);

-- The list did not have the recipient, and his server could not be asked: no report of any kind is
-- sent about him.
ALTER TABLE delivery ADD COLUMN unverified INTEGER NOT NULL DEFAULT 0;
