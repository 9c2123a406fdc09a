-- Bots that a server made: clients of the issuer, whose secrets are there and nowhere else.
CREATE TABLE bot (
    person uuid PRIMARY KEY,
    server uuid NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL UNIQUE,
    iss text COLLATE "C" NOT NULL,
    sub text COLLATE "C" NOT NULL,
    created_by uuid NOT NULL,
    created_at bigint NOT NULL
);

CREATE INDEX bot_by_server ON bot (server, person);
