-- 0012-leaving: domains that were removed and have left mail and users behind, which go in steps.
-- SPDX-License-Identifier: ISC

CREATE TABLE leaving (
	domain INTEGER PRIMARY KEY,             -- the id that it had
	name TEXT NOT NULL,                     -- for the ledger
	who TEXT NOT NULL                       -- removed it
);
