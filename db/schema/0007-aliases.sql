-- 0007-aliases: entries of the list that are aliases or patterns.
-- SPDX-License-Identifier: ISC
--
-- A pattern is an entry with a * in it.  The index finds the few of them among a million others.

ALTER TABLE recipient ADD COLUMN target TEXT NOT NULL DEFAULT '';
CREATE INDEX recipient_pattern ON recipient (domain) WHERE instr(local, '*') > 0;
