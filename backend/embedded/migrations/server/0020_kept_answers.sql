-- What was answered to requests that are made once. kind: 1 server, 2 channel, 3 invite (body).

CREATE TABLE kept_answer (
    user BLOB NOT NULL,
    name TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (user, name)
) WITHOUT ROWID;

CREATE INDEX kept_answer_by_age ON kept_answer (at);
