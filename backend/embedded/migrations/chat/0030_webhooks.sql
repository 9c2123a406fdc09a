-- How a webhook is shown stands in user_copy, with kind 2, where authors are looked up; it stays there for its messages.
CREATE TABLE webhook (
    id BLOB PRIMARY KEY,
    channel BLOB NOT NULL,
    name TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- SHA-256; the token itself is nowhere.
    token_hash BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX webhook_by_channel ON webhook (channel, id);
CREATE INDEX webhook_by_maker ON webhook (created_by);
