-- Ids are 16 octets. body: JSON as on the wire.

CREATE TABLE user (
    id BLOB PRIMARY KEY,
    iss TEXT NOT NULL,
    sub TEXT NOT NULL,
    -- The username they wished for when they signed in last.
    wish TEXT NOT NULL,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    display_key TEXT NOT NULL,
    bio TEXT NOT NULL DEFAULT '',
    kind INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    UNIQUE (iss, sub)
) WITHOUT ROWID;

-- A username belongs to its user for ever.
CREATE TABLE username (
    username TEXT PRIMARY KEY,
    user BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE server (
    id BLOB PRIMARY KEY,
    open INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- Stays when the server is deleted, with its events.
CREATE TABLE server_head (
    server BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL,
    head INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE server_event (
    server BLOB NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (server, seq)
) WITHOUT ROWID;

CREATE TABLE channel (
    id BLOB PRIMARY KEY,
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX channel_by_server ON channel (server, position);

CREATE TABLE category (
    id BLOB PRIMARY KEY,
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX category_by_server ON category (server, position);

CREATE TABLE role (
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (server, id)
) WITHOUT ROWID;

CREATE TABLE member (
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    user BLOB NOT NULL REFERENCES user (id),
    -- Keys of names are their Unicode lower case, which SQLite cannot make.
    nickname_key TEXT,
    joined_at INTEGER NOT NULL,
    timeout_until INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (server, user)
) WITHOUT ROWID;

CREATE INDEX member_by_user ON member (user, joined_at);

-- A timeout outlives the membership.
CREATE TABLE timeout (
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    user BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (server, user)
) WITHOUT ROWID;

CREATE TABLE invite (
    code TEXT PRIMARY KEY,
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    max_uses INTEGER NOT NULL,
    max_age_s INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX invite_by_server ON invite (server);

CREATE TABLE ban (
    server BLOB NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    user BLOB NOT NULL,
    reason TEXT NOT NULL,
    created_by BLOB NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (server, user)
) WITHOUT ROWID;

-- Either a server's event, or a person's profile as it is when the row is read.
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    server BLOB,
    seq INTEGER,
    user BLOB
);
