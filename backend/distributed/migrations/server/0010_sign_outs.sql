-- Sign-ins that ended before their tokens did: kind 0 names a session (`sid`), 1 a subject (`sub`).
CREATE TABLE sign_out (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    iss text COLLATE "C" NOT NULL,
    kind smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    ended_at bigint NOT NULL,
    until bigint NOT NULL,
    remembered_at bigint NOT NULL,
    -- What the issuer calls the notice, if it has a name.
    token text COLLATE "C",
    UNIQUE (iss, token)
);

CREATE INDEX sign_out_by_moment ON sign_out (remembered_at);
CREATE INDEX sign_out_by_end ON sign_out (until);

ALTER TABLE outbox ADD COLUMN sign_out bigint;
