//! What goes wrong between a client and a deployment.

use std::fmt;

use super::sign_in::SignInError;
use crate::problem::{Problem, ProblemCode};

/// Why something did not work.
#[derive(Debug)]
pub enum ClientError {
    /// Nothing answers there.
    Unreachable {
        /// Where.
        url: String,
        /// Why, in words.
        why: String,
    },
    /// Something answers, but not EchoPulse: HTML instead of JSON, for example.
    NotEchoPulse {
        /// Where.
        url: String,
        /// What was wrong.
        what: String,
    },
    /// An address that may not be used: no URL, or plain HTTP to another computer.
    Address {
        /// Which.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The deployment refused.
    Problem(Box<Problem>),
    /// Nobody is signed in.
    NotSignedIn(String),
    /// Signing in did not work.
    SignIn(SignInError),
    /// Tokens could not be kept or read.
    Store(std::io::Error),
}

impl ClientError {
    /// The problem's code, if the deployment refused.
    #[must_use]
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// Whether it may work if it is tried again later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => problem.status >= 500 || problem.status == 429,
            _ => false,
        }
    }

    /// Whether signing in again is the only way on.
    #[must_use]
    pub fn needs_sign_in(&self) -> bool {
        match self {
            Self::NotSignedIn(_) | Self::SignIn(_) => true,
            Self::Problem(problem) => problem.status == 401,
            _ => false,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, why } => write!(f, "{url} does not answer: {why}"),
            Self::NotEchoPulse { url, what } => write!(f, "{url} does not answer as EchoPulse does: {what}"),
            Self::Address { url, what } => write!(f, "`{url}` cannot be used: {what}"),
            Self::Problem(problem) if problem.errors.is_empty() => f.write_str(&problem.detail),
            Self::Problem(problem) => {
                let details: Vec<_> = problem.errors.iter().map(|error| error.detail.as_str()).collect();
                f.write_str(&details.join("; "))
            }
            Self::NotSignedIn(why) => write!(f, "not signed in: {why}"),
            Self::SignIn(error) => error.fmt(f),
            Self::Store(_) => f.write_str("the tokens cannot be kept or read"),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // A sign-in speaks for itself: its words are ours, and its cause is the next one.
            Self::SignIn(error) => std::error::Error::source(error),
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SignInError> for ClientError {
    fn from(error: SignInError) -> Self {
        Self::SignIn(error)
    }
}
