//! Redis: hot state, each key with a time to live.
