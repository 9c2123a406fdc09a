-- Sign-ins that ended before their tokens did: kind 0 names a session (`sid`), 1 a subject (`sub`).
CREATE TABLE sign_out (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    iss TEXT NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    remembered_at INTEGER NOT NULL,
    -- What the issuer calls the notice, if it has a name.
    token TEXT,
    UNIQUE (iss, token)
);

CREATE INDEX sign_out_by_moment ON sign_out (remembered_at);
CREATE INDEX sign_out_by_end ON sign_out (until);

ALTER TABLE outbox ADD COLUMN sign_out INTEGER;
