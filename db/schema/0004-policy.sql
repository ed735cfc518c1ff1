-- 0004-policy: what each domain's policy says, and what the checks found of each recipient.
-- SPDX-License-Identifier: ISC
--
-- A setting without a row has the value of domain 0, and without that the program's default
-- (db/policy_settings.c).  Values are text as it was typed.

CREATE TABLE policy (
	domain INTEGER NOT NULL,                -- 0: for all
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (domain, name)
) WITHOUT ROWID;

-- Lines "check finding note".  With the recipient and not with the message: each domain has a
-- policy of its own.
ALTER TABLE delivery ADD COLUMN findings TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN findings TEXT NOT NULL DEFAULT '';
