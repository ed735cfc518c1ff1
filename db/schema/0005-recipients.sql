-- 0005-recipients: when an entry of the list was last confirmed.
-- SPDX-License-Identifier: ISC

ALTER TABLE recipient ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
UPDATE recipient SET confirmed = added;
