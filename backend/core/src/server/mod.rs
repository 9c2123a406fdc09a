//! The server context: communities, their channels and their members.
