-- 0008-verdict: how often each check found what, in slots of three hours, for `policy report`.
-- SPDX-License-Identifier: ISC

CREATE TABLE verdict (
	slot INTEGER NOT NULL,                  -- milliseconds since 1970 / STORE_SLOT_MS
	domain INTEGER NOT NULL,
	check_name TEXT NOT NULL,
	finding TEXT NOT NULL,                  -- passed | would-refuse | deferred | rejected | allowed
	n INTEGER NOT NULL,
	PRIMARY KEY (slot, domain, check_name, finding)
) WITHOUT ROWID;
