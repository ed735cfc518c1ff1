-- 0003-tls: how a message came to us: "TLSv1.3/TLS_AES_256_GCM_SHA384", or '' in clear.
-- SPDX-License-Identifier: ISC
--
-- SQLite reads a row from its front and a body by following its pages, so a column behind the body
-- would cost a walk over the body each time it is asked for.  Therefore the table is made anew.
-- No release came before this step: no queue of size is copied by it.

CREATE TABLE message_new (
	id INTEGER PRIMARY KEY,
	received INTEGER NOT NULL,
	size INTEGER NOT NULL,
	flags INTEGER NOT NULL,                 -- 1 by ESMTP, 2 the body is 8BITMIME, 4 and 8 RET
	sender TEXT NOT NULL,
	client TEXT NOT NULL,
	helo TEXT NOT NULL,
	tls TEXT NOT NULL,
	head BLOB NOT NULL                      -- the first 256 KiB
);
INSERT INTO message_new (id, received, size, flags, sender, client, helo, tls, head)
	SELECT id, received, size, flags, sender, client, helo, '', head FROM message;
DROP TABLE message;
ALTER TABLE message_new RENAME TO message;

ALTER TABLE ledger ADD COLUMN tls TEXT NOT NULL DEFAULT '';
