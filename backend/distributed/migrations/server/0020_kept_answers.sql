-- What was answered to requests that are made once. kind: 1 server, 2 channel, 3 invite (body).

CREATE TABLE kept_answer (
    person uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    at bigint NOT NULL,
    kind smallint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (person, name)
);

CREATE INDEX kept_answer_by_age ON kept_answer (at);
