CREATE TABLE person (
    sub           TEXT PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    password_hash TEXT,
    admin         INTEGER NOT NULL,
    locked        INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;

-- At most one person owns the folder, whatever races.
CREATE UNIQUE INDEX person_owner ON person (admin) WHERE admin = 1;

CREATE TABLE bot (
    client_id   TEXT PRIMARY KEY,
    sub         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    locked      INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE browser_session (
    cookie_hash TEXT PRIMARY KEY,
    sub         TEXT NOT NULL REFERENCES person (sub),
    started_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE device_grant (
    device_hash TEXT PRIMARY KEY,
    user_code   TEXT NOT NULL UNIQUE,
    client_id   TEXT NOT NULL,
    scope       TEXT NOT NULL,
    decision    TEXT NOT NULL DEFAULT 'pending' CHECK (decision IN ('pending', 'approved', 'refused')),
    sub         TEXT REFERENCES person (sub),
    interval_ms INTEGER NOT NULL,
    polled_at   INTEGER,
    expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE authorization_code (
    code_hash    TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    sub          TEXT NOT NULL REFERENCES person (sub),
    scope        TEXT NOT NULL,
    nonce        TEXT,
    cookie_hash  TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used         INTEGER NOT NULL DEFAULT 0,
    sid          TEXT
) STRICT;

-- One family per sign-in: every refresh token that descends from it. Its id is the claim `sid`.
CREATE TABLE family (
    sid         TEXT PRIMARY KEY,
    sub         TEXT NOT NULL REFERENCES person (sub),
    client_id   TEXT NOT NULL,
    scope       TEXT NOT NULL,
    cookie_hash TEXT,
    revoked     INTEGER NOT NULL DEFAULT 0,
    expires_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX family_sub ON family (sub);

CREATE TABLE refresh_token (
    token_hash TEXT PRIMARY KEY,
    sid        TEXT NOT NULL REFERENCES family (sid) ON DELETE CASCADE,
    used       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX refresh_token_sid ON refresh_token (sid);

PRAGMA user_version = 1;
