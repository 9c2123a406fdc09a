-- A stream is its kind in one octet (1 channel, 2 server, 3 person) and the 16 octets of its id. Moments are milliseconds
-- since 1970. Rows of stream_head are what writers lock: numbers come from there, never from a sequence object, for a
-- sequence hands out numbers before the commits that they belong to.

-- Half of each page is free, so that moving a head rewrites no index.
CREATE TABLE stream_head (
    stream bytea PRIMARY KEY,
    epoch bigint NOT NULL,
    head bigint NOT NULL,
    purged_through bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- kind: 1 message.created, 2 message.updated (both name a message), 3 anything else (body)
CREATE TABLE event (
    stream bytea NOT NULL,
    seq bigint NOT NULL,
    kind smallint NOT NULL,
    at bigint NOT NULL,
    actor uuid,
    message uuid,
    body text,
    PRIMARY KEY (stream, seq)
);

CREATE TABLE message (
    channel uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL UNIQUE,
    revision bigint NOT NULL,
    nonce text NOT NULL,
    author uuid NOT NULL,
    author_kind smallint NOT NULL,
    content text NOT NULL,
    reply_id uuid,
    reply_seq bigint,
    reply_author uuid,
    mentions text,
    created_at bigint NOT NULL,
    edited_at bigint,
    deleted_at bigint,
    deleted_by smallint,
    PRIMARY KEY (channel, seq)
);

CREATE INDEX message_by_author ON message (channel, author, created_at);

-- For counting what is unread and tells somebody.
CREATE INDEX message_that_mentions ON message (channel, seq) WHERE mentions IS NOT NULL;

-- A nonce outlives its message, its channel and its server.
CREATE TABLE nonce (
    author uuid NOT NULL,
    nonce text COLLATE "C" NOT NULL,
    channel uuid NOT NULL,
    message uuid NOT NULL,
    seq bigint NOT NULL,
    epoch bigint NOT NULL,
    fingerprint bigint NOT NULL,
    PRIMARY KEY (author, nonce)
);

-- partition: which relay moves the row; it follows from the stream. Rows live for moments, so the table is cleaned often.
CREATE TABLE outbox (
    partition smallint NOT NULL,
    stream bytea NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (partition, stream, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The copy of what the server service publishes. body: JSON as on the wire.
CREATE TABLE server_copy (
    server uuid PRIMARY KEY,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    body text
);

CREATE TABLE channel_copy (
    channel uuid PRIMARY KEY,
    server uuid NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    body text NOT NULL
);

CREATE INDEX channel_copy_by_server ON channel_copy (server);

CREATE TABLE role_copy (
    server uuid NOT NULL,
    role uuid NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (server, role)
);

CREATE TABLE member_copy (
    server uuid NOT NULL,
    person uuid NOT NULL,
    nickname text,
    body text NOT NULL,
    PRIMARY KEY (server, person)
);

CREATE INDEX member_copy_by_person ON member_copy (person, server);

CREATE TABLE removal (
    server uuid NOT NULL,
    person uuid NOT NULL,
    cause smallint NOT NULL,
    PRIMARY KEY (server, person)
);

CREATE TABLE user_copy (
    person uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind smallint NOT NULL,
    display_name text NOT NULL,
    body text NOT NULL
);

-- Where a channel stood when somebody joined: newcomers start read.
CREATE TABLE joined_head (
    person uuid NOT NULL,
    channel uuid NOT NULL,
    head bigint NOT NULL,
    PRIMARY KEY (person, channel)
);

CREATE INDEX joined_head_by_channel ON joined_head (channel);

CREATE TABLE read_state (
    person uuid NOT NULL,
    channel uuid NOT NULL,
    read bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (person, channel)
);

CREATE INDEX read_state_by_channel ON read_state (channel);
