//! End-to-end tests of EchoPulse: real processes, started and ended by the tests themselves.
//!
//! The library is only what they share; see `tests/tests/`.
