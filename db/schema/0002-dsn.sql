-- 0002-dsn: what a sender asked to be told (RFC 3461).
-- SPDX-License-Identifier: ISC
--
-- ENVID stands with each recipient: in message it would stand behind the body, and whoever read it
-- would read the body.  RET is in message.flags.  A column with a default costs no row anything.

ALTER TABLE delivery ADD COLUMN notify INTEGER NOT NULL DEFAULT 0; -- enum dsn_notify
ALTER TABLE delivery ADD COLUMN orcpt TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN envid TEXT NOT NULL DEFAULT '';
