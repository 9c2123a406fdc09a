-- How a webhook is shown stands in user_copy, with kind 2, where authors are looked up; it stays there for its messages.
CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    channel uuid NOT NULL,
    name text NOT NULL,
    created_by uuid NOT NULL,
    created_at bigint NOT NULL,
    -- SHA-256; the token itself is nowhere.
    token_hash bytea NOT NULL
);

CREATE INDEX webhook_by_channel ON webhook (channel, id);
CREATE INDEX webhook_by_maker ON webhook (created_by);
