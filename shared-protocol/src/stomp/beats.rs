//! The two clocks of heart-beats ("Heart-beating"), which both sides of a session keep alike.

use std::time::Duration;

/// When something was last sent and heard, and how often that has to be.
#[derive(Debug)]
pub(super) struct Beats {
    /// How often we send at least; zero: never.
    sends_every: Duration,
    /// How often we expect to hear something; zero: never.
    expects_every: Duration,
    sent_at: Duration,
    heard_at: Duration,
}

impl Beats {
    /// Nothing is agreed on yet.
    pub(super) const fn new(now: Duration) -> Self {
        Self { sends_every: Duration::ZERO, expects_every: Duration::ZERO, sent_at: now, heard_at: now }
    }

    pub(super) const fn agree(&mut self, sends_every: Duration, expects_every: Duration) {
        self.sends_every = sends_every;
        self.expects_every = expects_every;
    }

    /// Any frame is as good as a beat.
    pub(super) const fn sent(&mut self, now: Duration) {
        self.sent_at = now;
    }

    /// Any octet is as good as a beat.
    pub(super) const fn heard(&mut self, now: Duration) {
        self.heard_at = now;
    }

    pub(super) const fn heard_at(&self) -> Duration {
        self.heard_at
    }

    fn beat_due(&self) -> Option<Duration> {
        (!self.sends_every.is_zero()).then(|| self.sent_at + self.sends_every)
    }

    /// Twice the interval and a second: timers of browsers in the background and networks are late.
    fn silence_due(&self) -> Option<Duration> {
        (!self.expects_every.is_zero())
            .then(|| self.heard_at + self.expects_every * 2 + Duration::from_secs(1))
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        [self.beat_due(), self.silence_due()].into_iter().flatten().min()
    }

    pub(super) fn is_silent(&self, now: Duration) -> bool {
        self.silence_due().is_some_and(|due| now >= due)
    }

    /// Whether a beat is to be sent. It counts as sent, so that a caller who asks twice sends one.
    pub(super) fn take_beat(&mut self, now: Duration) -> bool {
        let due = self.beat_due().is_some_and(|due| now >= due);
        if due {
            self.sent_at = now;
        }
        due
    }
}

/// The two numbers of a `heart-beat` header: what the writer can do, and what it wants.
pub(super) fn parse(header: &str) -> Option<(Duration, Duration)> {
    let (can, wants) = header.split_once(',')?;
    let number = |text: &str| -> Option<Duration> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let milliseconds: u32 = digits.then(|| text.parse().ok()).flatten()?;
        Some(Duration::from_millis(milliseconds.into()))
    };
    Some((number(can.trim())?, number(wants.trim())?))
}
