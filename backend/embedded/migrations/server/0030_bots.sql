-- Bots that a server made: clients of the issuer, whose secrets are there and nowhere else.
CREATE TABLE bot (
    user BLOB PRIMARY KEY,
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    iss TEXT NOT NULL,
    sub TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX bot_by_server ON bot (server, user);
