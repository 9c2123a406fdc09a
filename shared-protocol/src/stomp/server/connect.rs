//! CONNECT: which version is spoken, and how often something has to be heard.

use std::{mem, time::Duration};

use super::{Output, Phase, Request, ServerSession, close};
use crate::stomp::{
    beats,
    codec::{Command, Frame, Version, encode},
};

impl ServerSession {
    pub(super) fn take_connect(&mut self, frame: Frame) -> Option<Request> {
        let Some(version) = Version::negotiate(frame.header("accept-version").as_deref()) else {
            self.refuse_version();
            return None;
        };
        if frame.header("heart-beat").is_some_and(|header| beats::parse(&header).is_none()) {
            let text = "heart-beat is not two numbers of milliseconds";
            return self.fail_frame(&frame, "malformed-frame", text);
        }
        self.version = version;
        let due = self.beats.heard_at() + self.config.connect_timeout;
        self.phase = Phase::Connecting(frame.clone(), due);
        Some(Request::Connect(frame))
    }

    fn refuse_version(&mut self) {
        let headers =
            [("version", "1.0,1.1,1.2"), ("content-type", "text/plain"), ("message", "unsupported-version")];
        let body = "Supported protocol versions are 1.0, 1.1 and 1.2";
        let error = encode(Command::Error, &headers, Some(body.as_bytes()), Version::V10);
        self.output.push_back(Output::Frame(error));
        self.close(close::PROTOCOL, "unsupported-version");
    }

    /// Accepts CONNECT. `session` is unique; `user` is who they are. Neither may hold a line end or a NUL; what does is left out.
    /// A session that ended meanwhile stays ended.
    pub fn accept(&mut self, session: &str, user: &str, now: Duration) {
        let frame = match mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Connecting(frame, _) => frame,
            other => return self.phase = other,
        };
        let (can, wants) = frame
            .header("heart-beat")
            .and_then(|header| beats::parse(&header))
            .filter(|_| self.version != Version::V10)
            .unwrap_or_default();
        let (least, most) = self.config.heart_beat;
        let clamp = |asked: Duration| if asked.is_zero() { asked } else { asked.clamp(least, most) };
        let (sends_every, expects_every) = (clamp(wants), clamp(can));
        self.beats.agree(sends_every, expects_every);
        self.beats.heard(now);
        self.decoder.set(self.version, self.config.limits);
        let agreed = format!("{},{}", sends_every.as_millis(), expects_every.as_millis());
        let headers = [
            ("version", self.version.as_str()),
            ("session", session),
            ("server", self.config.server),
            ("heart-beat", &agreed),
            ("user-name", user),
        ];
        self.output.push_back(Output::Frame(encode(Command::Connected, &headers, None, self.version)));
    }
}
