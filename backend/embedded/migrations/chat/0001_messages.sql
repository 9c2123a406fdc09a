-- Ids are 16 octets. A stream is its kind in one octet (1 channel, 2 server, 3 person) and its id.

CREATE TABLE stream_head (
    stream BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL,
    head INTEGER NOT NULL,
    purged_through INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- kind: 1 message.created, 2 message.updated (both name a message), 3 anything else (body)
CREATE TABLE event (
    stream BLOB NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor BLOB,
    message BLOB,
    body TEXT,
    PRIMARY KEY (stream, seq)
) WITHOUT ROWID;

CREATE TABLE message (
    channel BLOB NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    author BLOB NOT NULL,
    author_kind INTEGER NOT NULL,
    content TEXT NOT NULL,
    reply_id BLOB,
    reply_seq INTEGER,
    reply_author BLOB,
    mentions TEXT,
    created_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER,
    deleted_by INTEGER,
    PRIMARY KEY (channel, seq)
) WITHOUT ROWID;

CREATE INDEX message_by_author ON message (channel, author, created_at);

-- For counting what is unread and tells somebody.
CREATE INDEX message_that_mentions ON message (channel, seq) WHERE mentions IS NOT NULL;

-- A nonce outlives its message, its channel and its server.
CREATE TABLE nonce (
    author BLOB NOT NULL,
    nonce TEXT NOT NULL,
    channel BLOB NOT NULL,
    message BLOB NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (author, nonce)
) WITHOUT ROWID;

CREATE TABLE outbox (
    stream BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (stream, seq)
) WITHOUT ROWID;

-- The copy of what the server service publishes. body: JSON as on the wire.
CREATE TABLE server_copy (
    server BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT
) WITHOUT ROWID;

CREATE TABLE channel_copy (
    channel BLOB PRIMARY KEY,
    server BLOB NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX channel_copy_by_server ON channel_copy (server);

CREATE TABLE role_copy (
    server BLOB NOT NULL,
    role BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (server, role)
) WITHOUT ROWID;

CREATE TABLE member_copy (
    server BLOB NOT NULL,
    user BLOB NOT NULL,
    nickname TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (server, user)
) WITHOUT ROWID;

CREATE INDEX member_copy_by_user ON member_copy (user);

CREATE TABLE removal (
    server BLOB NOT NULL,
    user BLOB NOT NULL,
    cause INTEGER NOT NULL,
    PRIMARY KEY (server, user)
) WITHOUT ROWID;

CREATE TABLE user_copy (
    user BLOB PRIMARY KEY,
    revision INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    display_name TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- Where a channel stood when somebody joined: newcomers start read.
CREATE TABLE joined_head (
    user BLOB NOT NULL,
    channel BLOB NOT NULL,
    head INTEGER NOT NULL,
    PRIMARY KEY (user, channel)
) WITHOUT ROWID;

CREATE TABLE read_state (
    user BLOB NOT NULL,
    channel BLOB NOT NULL,
    read INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (user, channel)
) WITHOUT ROWID;
