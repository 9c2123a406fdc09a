//! The task that owns the connection: what happens, and what follows from it.

use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    EVENTS, EndReason, SessionConfig, SessionEvent, Word,
    ledger::Ledger,
    link::{Link, Lost},
};
use crate::{
    client::{AccessToken, BoxFuture, ClientError, clean::Clean},
    destination::{SendTo, Topic},
    event::{Envelope, EventBody},
    problem::Reply,
    stomp::{
        Frame,
        client::{ClientSession, Event},
    },
    text::display_line,
};

/// The first pause, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(20));
/// A connection that held for so long was a good one: the next pause is short again.
const STEADY: Duration = Duration::from_secs(10);
/// How long a session that ends waits for answers to what it sent.
const LINGER: Duration = Duration::from_secs(2);
/// Events kept for a client that takes none, while it waits for an answer that stands behind them.
const MOST_KEPT: usize = 64 * EVENTS;

/// Events on their way to the client, first in, first out.
struct Told {
    waiting: VecDeque<SessionEvent>,
    events: mpsc::Sender<SessionEvent>,
}

impl Told {
    fn push(&mut self, event: SessionEvent) {
        self.waiting.push_back(event);
    }

    /// Hands one event out as soon as there is room, or waits until nobody listens any more.
    async fn hand_out(&mut self) -> ControlFlow<()> {
        if self.waiting.is_empty() {
            self.events.closed().await;
            return ControlFlow::Break(());
        }
        let Ok(room) = self.events.reserve().await else { return ControlFlow::Break(()) };
        if let Some(event) = self.waiting.pop_front() {
            room.send(event);
        }
        ControlFlow::Continue(())
    }
}

struct Driver {
    config: SessionConfig,
    words: mpsc::Receiver<Word>,
    told: Told,
    ledger: Ledger,
    turn: usize,
    /// Another token that is being fetched for the connection at hand.
    renewal: Option<Renewal>,
}

type Renewal = BoxFuture<'static, Result<AccessToken, ClientError>>;

/// Connects, and connects again, until nobody speaks or listens, or there is no way on.
pub(super) async fn run(
    config: SessionConfig,
    words: mpsc::Receiver<Word>,
    events: mpsc::Sender<SessionEvent>,
) {
    let turn = rand::random_range(0..1024);
    let told = Told { waiting: VecDeque::new(), events };
    let mut driver = Driver { config, words, told, ledger: Ledger::default(), turn, renewal: None };
    let mut failures = 0u32;
    let mut refused_tokens = 0;
    loop {
        driver.told.push(SessionEvent::Connecting);
        let (held, lost) = Box::pin(driver.connection()).await;
        if held.is_some() {
            refused_tokens = 0;
        }
        if held.is_some_and(|held| held >= STEADY) {
            failures = 0;
        }
        let reason = match lost {
            Lost::Dropped => return,
            Lost::Forbidden(reason) => return driver.end(EndReason::Forbidden(reason)).await,
            Lost::Token(reason) => {
                refused_tokens += 1;
                if refused_tokens > 1 {
                    return driver.end(EndReason::SignIn(reason)).await;
                }
                reason
            }
            Lost::Again(reason) => {
                driver.config.place.lost();
                driver.turn += 1;
                reason
            }
        };
        let retry_in = pause(failures);
        failures += 1;
        driver.told.push(SessionEvent::Lost { retry_in, reason });
        if driver.rest(retry_in).await.is_break() {
            return;
        }
    }
}

/// Exponential, with jitter, so that many clients do not come back in step.
fn pause(failures: u32) -> Duration {
    let longest = PAUSE.0.saturating_mul(2 << failures.min(10)).min(PAUSE.1);
    longest.mul_f64(rand::random_range(0.2..1.0))
}

impl Driver {
    /// Says that it is over, behind everything else.
    async fn end(&mut self, reason: EndReason) {
        self.told.push(SessionEvent::Over(reason));
        while !self.told.waiting.is_empty() && self.told.hand_out().await.is_continue() {}
    }

    /// Does `work`, and meanwhile remembers what is said and hands out events.
    async fn meanwhile<T>(
        &mut self,
        work: impl Future<Output = T>,
        hurries: bool,
    ) -> ControlFlow<(), Option<T>> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return ControlFlow::Continue(Some(done)),
                step = self.told.hand_out() => step?,
                word = self.words.recv() => match word {
                    None => return ControlFlow::Break(()),
                    Some(Word::Reconnect) if hurries => return ControlFlow::Continue(None),
                    Some(word) => self.hear(word, None),
                },
            }
        }
    }

    /// Waits for the next try.
    async fn rest(&mut self, span: Duration) -> ControlFlow<()> {
        self.meanwhile(sleep(span), true).await.map_continue(|_| ())
    }

    fn hear(&mut self, word: Word, session: Option<&mut ClientSession>) {
        match word {
            Word::Subscribe(topic, start) => self.ledger.subscribe(topic, start, session),
            Word::Unsubscribe(topic) => self.ledger.unsubscribe(topic, session),
            Word::Send { destination, nonce, body, answer } => {
                self.ledger.send(destination, nonce, body, answer, session);
            }
            Word::Hint { destination, body } => {
                if let Some(session) = session {
                    session.send(&destination, &[], &body);
                }
            }
            Word::Reconnect => {}
        }
    }

    /// One connection from beginning to end. Answers how long it held, if it was one.
    async fn connection(&mut self) -> (Option<Duration>, Lost) {
        let opening = Box::pin(Link::open(self.config.clone(), self.turn));
        let mut link = match self.meanwhile(opening, false).await {
            ControlFlow::Continue(Some(Ok(link))) => link,
            ControlFlow::Continue(Some(Err(lost))) => return (None, lost),
            ControlFlow::Continue(None) | ControlFlow::Break(()) => return (None, Lost::Dropped),
        };
        let lost = self.talk(&mut link).await;
        self.renewal = None;
        match &lost {
            Lost::Token(_) => self.config.tokens.refused(link.token.clone()).await,
            Lost::Dropped if link.connected.is_some() => self.linger(&mut link).await,
            _ => {}
        }
        let held = link.connected.map(|since| since.elapsed());
        link.close().await;
        (held, lost)
    }

    async fn talk(&mut self, link: &mut Link) -> Lost {
        loop {
            if let Err(lost) = link.flush().await {
                return lost;
            }
            if let ControlFlow::Break(lost) = self.step(link).await {
                return lost;
            }
        }
    }

    /// Gives the service a moment to answer what was sent, and says goodbye.
    async fn linger(&mut self, link: &mut Link) {
        let answers = async {
            while self.ledger.awaits_answers() {
                if link.flush().await.is_err() || link.read().await.is_err() || self.take_all(link).is_break()
                {
                    return;
                }
            }
        };
        let _ = timeout(LINGER, answers).await;
        link.session.disconnect("bye");
        // A service that is gone needs no goodbye.
        let _ = link.flush().await;
    }

    /// Whether to read on. A client that takes no events is not read for, unless it waits for an answer that stands behind them.
    fn may_read(&self) -> bool {
        let kept = self.told.waiting.len();
        kept < EVENTS || (kept < MOST_KEPT && self.ledger.awaits_answers())
    }

    /// Waits for the next thing to happen, and deals with it.
    async fn step(&mut self, link: &mut Link) -> ControlFlow<Lost> {
        let again = self.ledger.due().map(|at| at.saturating_duration_since(Instant::now()));
        let idle =
            again.filter(|_| link.connected.is_some()).map_or(link.idle(), |again| again.min(link.idle()));
        let may_read = self.may_read();
        let happened = tokio::select! {
            read = link.read(), if may_read => Happened::Read(read),
            token = renewed(&mut self.renewal) => Happened::Renewed(token.ok()),
            word = self.words.recv() => Happened::Word(word),
            step = self.told.hand_out() => Happened::HandedOut(step),
            () = sleep(idle) => Happened::Tick,
        };
        self.deal(happened, link)
    }

    fn deal(&mut self, happened: Happened, link: &mut Link) -> ControlFlow<Lost> {
        match happened {
            Happened::Read(Err(lost)) => ControlFlow::Break(lost),
            Happened::Read(Ok(())) => self.take_all(link),
            Happened::Word(None) | Happened::HandedOut(ControlFlow::Break(())) => {
                ControlFlow::Break(Lost::Dropped)
            }
            Happened::Word(Some(word)) => {
                let session = link.connected.is_some().then_some(&mut link.session);
                self.hear(word, session);
                ControlFlow::Continue(())
            }
            Happened::HandedOut(ControlFlow::Continue(())) | Happened::Renewed(None) => {
                ControlFlow::Continue(())
            }
            Happened::Renewed(Some(token)) => {
                let bearer = format!("Bearer {}", token.secret());
                link.session.send(&SendTo::Refresh.to_string(), &[("Authorization", &bearer)], b"");
                link.token = token;
                ControlFlow::Continue(())
            }
            Happened::Tick if link.tick() => {
                if link.connected.is_some() {
                    self.ledger.repeat(Instant::now(), &mut link.session);
                }
                ControlFlow::Continue(())
            }
            Happened::Tick if self.may_read() => {
                ControlFlow::Break(Lost::Again("the service fell silent".to_owned()))
            }
            Happened::Tick => ControlFlow::Break(Lost::Again("the events were not taken in time".to_owned())),
        }
    }

    /// Takes everything that the service said.
    fn take_all(&mut self, link: &mut Link) -> ControlFlow<Lost> {
        loop {
            match link.session.next_event() {
                Ok(Some(event)) => self.take(event, link)?,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => return ControlFlow::Break(Lost::Again(error.to_string())),
            }
        }
    }

    fn take(&mut self, event: Event, link: &mut Link) -> ControlFlow<Lost> {
        let told = match event {
            Event::Connected { .. } => {
                link.connected = Some(Instant::now());
                self.ledger.resume(&mut link.session);
                Some(SessionEvent::Connected)
            }
            Event::Receipt(id, frame) => self.ledger.receipt(&id, &frame, &mut link.session),
            Event::Message(frame) => self.take_message(&frame),
            Event::Error { message, detail, .. } => {
                let detail = display_line(&detail);
                return ControlFlow::Break(match message.as_str() {
                    "token-invalid" | "token-expired" | "unauthenticated" => Lost::Token(detail),
                    "suspended" | "realm-role-missing" | "unsupported-version" => Lost::Forbidden(detail),
                    _ => Lost::Again(detail),
                });
            }
        };
        if let Some(SessionEvent::Expiring(_)) = &told
            && self.renewal.is_none()
        {
            let (tokens, old) = (Arc::clone(&self.config.tokens), link.token.clone());
            // Without another token the service closes at the end of this one, and the next try says why.
            self.renewal = Some(Box::pin(async move {
                tokens.refused(old).await;
                tokens.access_token().await
            }));
        }
        self.told.waiting.extend(told);
        ControlFlow::Continue(())
    }

    /// One bad event never stops a client: what cannot be read is passed over, and counts as had.
    fn take_message(&mut self, frame: &Frame) -> Option<SessionEvent> {
        let subscription = frame.header("subscription")?;
        if frame.header("destination").and_then(|text| Topic::parse(&text)) == Some(Topic::Replies) {
            let mut reply: Reply = serde_json::from_slice(frame.body()).ok()?;
            reply.clean();
            return self.ledger.refusal(reply, Instant::now());
        }
        let Ok(mut envelope) = serde_json::from_slice::<Envelope>(frame.body()) else {
            return self.ledger.unreadable(&subscription, frame);
        };
        if envelope.version > 1 {
            envelope.body = EventBody::Unknown;
        }
        envelope.clean();
        self.ledger.event(&subscription, envelope)
    }
}

/// Waits for another token; for ever while none is fetched.
async fn renewed(renewal: &mut Option<Renewal>) -> Result<AccessToken, ClientError> {
    let Some(fetching) = renewal else { return std::future::pending().await };
    let token = fetching.await;
    *renewal = None;
    token
}

/// What happened on a connection.
enum Happened {
    Read(Result<(), Lost>),
    Word(Option<Word>),
    HandedOut(ControlFlow<()>),
    Renewed(Option<AccessToken>),
    Tick,
}
