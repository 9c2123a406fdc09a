-- body: JSON as on the wire. Moments are milliseconds since 1970. Keys of names are their Unicode lower case as core makes it.

CREATE TABLE person (
    id uuid PRIMARY KEY,
    iss text COLLATE "C" NOT NULL,
    sub text COLLATE "C" NOT NULL,
    -- The username they wished for when they signed in last.
    wish text NOT NULL,
    username text COLLATE "C" NOT NULL UNIQUE,
    display_name text NOT NULL,
    display_key text NOT NULL,
    bio text NOT NULL DEFAULT '',
    kind smallint NOT NULL,
    created_at bigint NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    UNIQUE (iss, sub)
);

-- A username belongs to its person for ever.
CREATE TABLE username (
    username text COLLATE "C" PRIMARY KEY,
    person uuid NOT NULL
);

CREATE TABLE server (
    id uuid PRIMARY KEY,
    open boolean NOT NULL,
    body text NOT NULL
);

-- Stays when the server is deleted, with its events. Its row is what every change of the server locks.
CREATE TABLE server_head (
    server uuid PRIMARY KEY,
    epoch bigint NOT NULL,
    head bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE server_event (
    server uuid NOT NULL,
    seq bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (server, seq)
);

CREATE TABLE channel (
    id uuid PRIMARY KEY,
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    position bigint NOT NULL,
    body text NOT NULL
);

CREATE INDEX channel_by_server ON channel (server, position);

CREATE TABLE category (
    id uuid PRIMARY KEY,
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    position bigint NOT NULL,
    body text NOT NULL
);

CREATE INDEX category_by_server ON category (server, position);

CREATE TABLE role (
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    position bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (server, id)
);

CREATE TABLE member (
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    person uuid NOT NULL REFERENCES person (id),
    nickname_key text,
    joined_at bigint NOT NULL,
    timeout_until bigint,
    body text NOT NULL,
    PRIMARY KEY (server, person)
);

CREATE INDEX member_by_person ON member (person, joined_at);

-- A timeout outlives the membership.
CREATE TABLE timeout (
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    person uuid NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (server, person)
);

CREATE TABLE invite (
    code text COLLATE "C" PRIMARY KEY,
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    created_by uuid NOT NULL,
    created_at bigint NOT NULL,
    max_uses bigint NOT NULL,
    max_age_s bigint NOT NULL,
    uses bigint NOT NULL DEFAULT 0
);

CREATE INDEX invite_by_server ON invite (server);

CREATE TABLE ban (
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    person uuid NOT NULL,
    reason text NOT NULL,
    created_by uuid NOT NULL,
    expires_at bigint,
    PRIMARY KEY (server, person)
);

-- Either a server's event, or a person's profile as it is when the row is read. Numbers only name rows and order those of
-- one server or person, whose row is locked while they are made; nobody reads "behind" a number.
CREATE TABLE outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server uuid,
    seq bigint,
    person uuid
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
