-- What one node does for all, and when it was last begun.
CREATE TABLE chore (
    name TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;

-- Events of servers and of persons, by age: those of channels go with their messages.
CREATE INDEX event_by_age ON event (at) WHERE stream >= x'02';
