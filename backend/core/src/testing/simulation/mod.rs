//! A seeded simulation of the write path, the relay, the projection, the gates and resume: exactly the code that services
//! run, over stores and a bus that fail, on nodes that die.
//!
//! One tick polls one task, chosen by the seed. A shadow model advances on acknowledgements only; [`World::run`] stops at the
//! first thing that contradicts it and says the seed and the tick, so that the same run can be had again.
//!
//! Deliberately absent: wall-clock time and threads.

mod bus;
mod chance;
mod check;
mod executor;
mod node;
mod reader;
mod store;
mod time;
mod world;

pub use world::{Mistake, Plan, Summary, Violation, World};
