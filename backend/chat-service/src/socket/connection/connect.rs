//! CONNECT: who is here, on which token, and for how long.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{Connection, Decision};
use crate::socket::{encode, expiry::Expiry};
use echopulse_core::{
    chat::model::EndCode,
    common::{BoxFuture, limit::Bucket},
};
use echopulse_http::{ApiError, Caller, bearer, token::TokenError};
use echopulse_protocol::{
    destination::Topic,
    problem::ProblemCode,
    stomp::{Frame, server::close},
};

impl Connection {
    pub(super) fn admission(&mut self, frame: &Frame) -> BoxFuture<'static, Decision> {
        let header = frame.header("Authorization").or_else(|| frame.header("authorization"));
        let given = match header.as_deref() {
            Some(value) => bearer(value).map(str::to_owned).ok_or(TokenError::Invalid("no bearer token")),
            None => self.stranger.token.take().ok_or(TokenError::Missing),
        };
        let (app, source) = (self.app.clone(), self.stranger.source);
        Box::pin(async move {
            let admitted = match given {
                Ok(token) => app.guard.admit(&token).await,
                Err(error) => Err(error.into()),
            };
            Decision::Admission(match admitted {
                Ok(caller) => {
                    let counted = app.limiting.take(&caller, &[Bucket::Connect], None).await;
                    counted.map(|_| caller)
                }
                Err(refusal) => Err(app.limiting.sign_in_failed(source, refusal).await),
            })
        })
    }

    pub(super) fn admit(&mut self, admitted: Result<Caller, ApiError>) {
        let caller = match admitted {
            Ok(caller) => caller,
            Err(error) => return self.fail(&error),
        };
        let session = session_id();
        let now = self.now();
        self.session.accept(&session, &caller.actor.user.to_string(), now);
        self.outbox.speak(self.session.version());
        self.expiry = Some(Expiry::new(caller.token.holds_until, self.app.clock.now()));
        let (following, user) = (Arc::clone(&self.app.ports.following), caller.actor.user);
        self.presence.spawn(async move { following.connected(user).await });
        self.caller = Some(caller);
        // Signed out while the token was looked at.
        self.check_sign_in();
    }

    /// Ends the session for a refusal that leaves nothing to talk about.
    fn fail(&mut self, error: &ApiError) {
        let code = match error.problem().status {
            401 => close::UNAUTHENTICATED,
            403 => close::FORBIDDEN,
            429 => close::TOO_MANY,
            _ => close::INTERNAL,
        };
        self.session.fail(code, error.code().as_str(), &error.problem().detail);
    }

    /// Ends the session if its sign-in has ended. Nothing that still waits is written: the subscriptions end first.
    pub(super) fn check_sign_in(&mut self) {
        let verifier = self.app.guard.verifier();
        if self.caller.as_ref().is_some_and(|caller| verifier.has_ended(&caller.token)) {
            self.end_subscriptions(EndCode::SessionEnded);
            self.session.fail(close::UNAUTHENTICATED, "token-invalid", "the sign-in has ended");
        }
    }

    /// Ends the session if a refusal leaves no place in it: the account may not be here any more. Answers whether it did.
    pub(super) fn ends_for(&mut self, error: &ApiError) -> bool {
        match error.code() {
            // Membership is as it was, so no subscription has a reason of its own to end.
            ProblemCode::RealmRoleMissing => self.drop_subscriptions(),
            ProblemCode::Suspended => self.end_subscriptions(EndCode::Suspended),
            _ => return false,
        }
        self.fail(error);
        true
    }

    pub(super) fn warn(&mut self) {
        let (Some(caller), Some(expiry)) = (&self.caller, &self.expiry) else { return };
        let user = echopulse_wire::user_id(caller.actor.user);
        let warning = encode::session_expiring(user, echopulse_wire::time(expiry.at));
        for name in self.topics.names_of(Topic::UserEvents) {
            self.outbox.push_message(name, &warning);
        }
    }

    /// Takes a fresh token of the same person; its roles replace the old ones.
    pub(super) fn refresh(&mut self, fresh: Caller) -> Result<(), ApiError> {
        let same = self.caller.as_ref().is_some_and(|caller| {
            let (old, new) = (&caller.token.identity, &fresh.token.identity);
            (&old.iss, &old.sub) == (&new.iss, &new.sub)
        });
        if !same {
            return Err(ApiError::new(ProblemCode::TokenInvalid, "the token is somebody else's"));
        }
        self.expiry = Some(Expiry::new(fresh.token.holds_until, self.app.clock.now()));
        self.caller = Some(fresh);
        // Its sign-in may have ended while it was looked at.
        self.check_sign_in();
        Ok(())
    }
}

/// Names a session in logs; unique in this process.
fn session_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("s-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
