//! Doing what the model asks for, in tasks that answer with events.

use std::{collections::HashMap, sync::Arc};

use echopulse_protocol::{
    client::{
        Client, ClientError, Deployed, DeviceSignIn, PostMessage, SendOutcome, SessionHandle, SignInError,
        StreamPosition,
    },
    destination::Topic,
    event::User,
    id::{ServerId, Stream, Timestamp},
    problem::Reply,
    rest::{CreateChannel, CreateInvite, CreateServer, MemberDetail, ServerDetail},
};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use super::{cache::Cache, feed};
use crate::{
    app::{
        effect::{Effect, HistoryAt},
        event::{Asked, DeviceCode, Event, Outcome, Restored, SignIn},
    },
    local::{
        account::{Account, Profile, check_name, introduce, token_file},
        folder::Folder,
    },
};

/// Messages in one page of history.
const PAGE: usize = 50;

/// Everything outside the model.
pub(super) struct World {
    folder: Folder,
    events: mpsc::Sender<Event>,
    cache: Cache,
    link: Arc<Mutex<Link>>,
    seen: Arc<Mutex<Seen>>,
    tasks: JoinSet<()>,
    sign_in: Option<tokio::task::AbortHandle>,
    account: Option<Account>,
}

/// The way to the deployment, once there is one.
#[derive(Default)]
struct Link {
    client: Option<Client>,
    session: Option<SessionHandle>,
    #[cfg(feature = "local")]
    host: Option<crate::local::host::Host>,
    /// What was asked before there was a session, in order.
    waiting: Vec<Effect>,
}

/// What was loaded last, to be kept whole.
#[derive(Default)]
struct Seen {
    servers: HashMap<ServerId, ServerDetail>,
    members: HashMap<ServerId, Vec<MemberDetail>>,
}

impl World {
    pub(super) fn new(folder: Folder, events: mpsc::Sender<Event>) -> Self {
        Self {
            folder,
            events,
            cache: Cache::none(),
            link: Arc::default(),
            seen: Arc::default(),
            tasks: JoinSet::new(),
            sign_in: None,
            account: None,
        }
    }

    pub(super) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Signs in to the account's deployment first.
    pub(super) fn sign_in(&mut self, account: Account) {
        self.account = Some(account);
        self.begin_sign_in();
    }

    /// Opens an account's local store and reads what the first frame needs.
    pub(super) async fn open_cache(&mut self, account: &Account) -> Restored {
        self.cache = Cache::open(&self.folder, &account.cache_name()).await;
        let restored = self.cache.restore().await;
        let mut seen = self.seen.lock().await;
        seen.servers = restored.servers.iter().map(|detail| (detail.server.id, detail.clone())).collect();
        seen.members = restored.members.iter().cloned().collect();
        drop(seen);
        restored
    }

    /// Connects as an account, in the background.
    pub(super) fn begin(&mut self, account: Account) {
        self.account = Some(account.clone());
        let begin = Begin {
            folder: self.folder.clone(),
            account,
            events: self.events.clone(),
            link: Arc::clone(&self.link),
            cache: self.cache.clone(),
            seen: Arc::clone(&self.seen),
        };
        self.tasks.spawn(begin.run());
    }

    /// Does one thing, or begins it.
    pub(super) async fn perform(&mut self, effect: Effect) {
        // Finished tasks are forgotten, so that they do not pile up.
        while self.tasks.try_join_next().is_some() {}
        match effect {
            Effect::Start { name } => self.start(name).await,
            Effect::SignIn => self.begin_sign_in(),
            Effect::CancelSignIn => {
                if let Some(task) = self.sign_in.take() {
                    task.abort();
                }
            }
            Effect::LoadCached { channel } => {
                if let Some(page) = self.cache.page(channel).await {
                    self.tell(Event::Cached { channel, page });
                }
            }
            Effect::SaveDraft { channel, text } => self.cache.keep_draft(channel, &text).await,
            Effect::SaveOpen { channel } => self.cache.keep_value("open", &channel).await,
            Effect::SaveOutbox { entry } => self.cache.keep_unsent(&entry).await,
            Effect::ForgetOutbox { nonce } => self.cache.forget_unsent(&nonce).await,
            Effect::OpenUrl(url) => self.open_url(&url),
            Effect::Quit | Effect::Suspend | Effect::Copy(_) => {}
            effect => self.ask(effect).await,
        }
    }

    /// Passes on what needs the deployment, in order; before there is one it waits.
    async fn ask(&mut self, effect: Effect) {
        let mut link = self.link.lock().await;
        let (Some(client), Some(session)) = (link.client.clone(), link.session.clone()) else {
            link.waiting.push(effect);
            return;
        };
        drop(link);
        let asker = Asker {
            client,
            session,
            events: self.events.clone(),
            cache: self.cache.clone(),
            seen: Arc::clone(&self.seen),
        };
        if let Some(task) = asker.ask(effect).await {
            self.tasks.spawn(task);
        }
    }

    fn tell(&mut self, event: Event) {
        let events = self.events.clone();
        // The loop that reads the events is the one that waits here, so a task hands the event over.
        self.tasks.spawn(async move {
            let _ = events.send(event).await;
        });
    }

    async fn start(&mut self, name: String) {
        let checked = check_name(&name).and_then(|name| {
            let mut profile = Profile::load(&self.folder)?;
            profile.name = Some(name.clone());
            profile.save(&self.folder)?;
            Ok(name)
        });
        match checked {
            Ok(name) => {
                let account = Account::Local { name };
                self.cache = Cache::open(&self.folder, &account.cache_name()).await;
                self.begin(account);
            }
            Err(error) => self.tell(Event::StartFailed { reason: format!("{error:#}") }),
        }
    }

    fn begin_sign_in(&mut self) {
        let Some(Account::Remote { url }) = self.account.clone() else { return };
        let begin = Begin {
            folder: self.folder.clone(),
            account: Account::Remote { url: url.clone() },
            events: self.events.clone(),
            link: Arc::clone(&self.link),
            cache: self.cache.clone(),
            seen: Arc::clone(&self.seen),
        };
        let (folder, events) = (self.folder.clone(), self.events.clone());
        self.sign_in = Some(self.tasks.spawn(async move {
            let step = sign_in(&folder, &url, &events).await.unwrap_or_else(|error| refusal(&error));
            let done = step == SignIn::Done;
            if events.send(Event::SignIn(step)).await.is_ok() && done {
                begin.run().await;
            }
        }));
    }

    fn open_url(&mut self, url: &str) {
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let nothing = std::process::Stdio::null;
        let started = std::process::Command::new(opener)
            .arg(url)
            .stdin(nothing())
            .stdout(nothing())
            .stderr(nothing())
            .spawn();
        if let Err(error) = started {
            self.tell(Event::Refused {
                what: Asked::Hand,
                reason: format!("{opener} did not start: {error}"),
            });
        }
    }

    /// Ends everything: tasks, the session, and serving the folder.
    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        self.tasks.shutdown().await;
        let mut link = self.link.lock().await;
        link.session = None;
        #[cfg(feature = "local")]
        if let Some(host) = link.host.take() {
            host.close().await?;
        }
        self.cache.close().await;
        Ok(())
    }
}

fn refusal(error: &ClientError) -> SignIn {
    match error {
        ClientError::SignIn(SignInError::Expired) => SignIn::Expired,
        ClientError::SignIn(SignInError::Denied) => SignIn::Denied,
        ClientError::Problem(problem) if problem.status == 403 => {
            SignIn::NoAccess { reason: problem.detail.clone() }
        }
        other => SignIn::Unreachable { reason: other.to_string() },
    }
}

async fn sign_in(folder: &Folder, url: &str, events: &mpsc::Sender<Event>) -> Result<SignIn, ClientError> {
    let place = Deployed::new(url)?;
    let sign_in = DeviceSignIn::start(&place).await?;
    let code = sign_in.code();
    let life = i64::try_from(code.expires_in.as_millis()).unwrap_or(0);
    let shown = DeviceCode {
        user_code: code.user_code.clone(),
        link: code.verification_uri.clone(),
        link_with_code: code.verification_uri_complete.clone(),
        expires_at: Timestamp(Timestamp::now().0 + life),
    };
    // A loop that is gone needs no code.
    let _ = events.send(Event::SignIn(SignIn::Code(shown))).await;
    let tokens = sign_in.wait().await?;
    let saved = token_file(folder, url).save(&tokens);
    saved.map_err(|error| ClientError::Store(std::io::Error::other(error)))?;
    Ok(SignIn::Done)
}

/// What connecting needs.
struct Begin {
    folder: Folder,
    account: Account,
    events: mpsc::Sender<Event>,
    link: Arc<Mutex<Link>>,
    cache: Cache,
    seen: Arc<Mutex<Seen>>,
}

impl Begin {
    async fn run(self) {
        if let Err(error) = self.connect().await {
            let reason = format!("{error:#}");
            tracing::error!(error = reason, "connecting failed");
            let event = match self.account {
                Account::Local { .. } => Event::StartFailed { reason },
                Account::Remote { .. } => Event::Fatal { reason },
            };
            let _ = self.events.send(event).await;
        }
    }

    async fn connect(&self) -> anyhow::Result<()> {
        #[cfg(feature = "local")]
        if let Account::Local { .. } = &self.account {
            let host = crate::local::host::Host::open(&self.folder).await?;
            self.link.lock().await.host = Some(host);
        }
        let client = self.account.client(&self.folder).await?;
        if let Account::Local { name } = &self.account {
            introduce(&client, name).await?;
        }
        let user = self.user(&client).await?;
        self.cache.keep_value("user", &user).await;
        let me = user.id;
        // `Ready` first: what it makes the model ask waits for the session.
        self.events.send(Event::Ready { user }).await?;
        let (session, said) = client.session();
        session.subscribe(Topic::UserEvents, None).await;
        let asker = Asker {
            client: client.clone(),
            session: session.clone(),
            events: self.events.clone(),
            cache: self.cache.clone(),
            seen: Arc::clone(&self.seen),
        };
        let mut tasks = JoinSet::new();
        let mut link = self.link.lock().await;
        for effect in std::mem::take(&mut link.waiting) {
            if let Some(task) = asker.ask(effect).await {
                tasks.spawn(task);
            }
        }
        link.client = Some(client);
        link.session = Some(session);
        drop((link, asker));
        feed::run(me, said, self.events.clone(), self.cache.clone()).await;
        tasks.shutdown().await;
        Ok(())
    }

    /// Who is signed in: asked for until the deployment answers, unless the local store knows.
    async fn user(&self, client: &Client) -> anyhow::Result<User> {
        let mut pause = std::time::Duration::from_millis(250);
        loop {
            match client.rest().me().await {
                Ok(user) => return Ok(user),
                Err(error) if error.is_transient() => {
                    if let Some(user) = self.cache.restore().await.user {
                        return Ok(user);
                    }
                    let lost = Event::Lost { retry_in: pause, reason: error.to_string() };
                    self.events.send(lost).await?;
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(std::time::Duration::from_secs(10));
        }
    }
}

/// Asks the deployment.
#[derive(Clone)]
struct Asker {
    client: Client,
    session: SessionHandle,
    events: mpsc::Sender<Event>,
    cache: Cache,
    seen: Arc<Mutex<Seen>>,
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Asker {
    /// Says in order what is for the session; answers what is left to be waited for.
    async fn ask(&self, effect: Effect) -> Option<Task> {
        let asker = self.clone();
        match effect {
            Effect::Subscribe { stream, position } => {
                let position =
                    position.map(|place| StreamPosition { epoch: place.epoch, after: place.after });
                self.session.subscribe(topic(stream), position).await;
                None
            }
            Effect::Unsubscribe { stream } => {
                self.session.unsubscribe(topic(stream)).await;
                None
            }
            Effect::Reconnect => {
                self.session.reconnect().await;
                None
            }
            Effect::Typing { channel } => {
                self.session.typing(channel).await;
                None
            }
            Effect::MoveRead { channel, seq, version } => {
                self.session.read(channel, seq, Some(version)).await;
                None
            }
            Effect::Post { channel, nonce, content, reply_to } => {
                let post =
                    PostMessage { channel, nonce: nonce.clone(), content, reply_to, mention_author: None };
                let outgoing = self.session.post(post).await;
                Some(Box::pin(async move {
                    let outcome = outcome(outgoing.outcome().await);
                    asker.tell(Event::Sent { nonce, outcome }).await;
                }))
            }
            Effect::Edit { channel, message, content } => {
                let outgoing = self.session.edit(channel, message, content).await;
                Some(Box::pin(async move {
                    let outcome = outcome(outgoing.outcome().await);
                    asker.tell(Event::Edited { channel, message, outcome }).await;
                }))
            }
            Effect::Delete { channel, message } => {
                let outgoing = self.session.delete(channel, message).await;
                Some(Box::pin(async move {
                    if let SendOutcome::Refused(Reply { detail: reason, .. }) = outgoing.outcome().await {
                        asker.tell(Event::Refused { what: Asked::Delete, reason }).await;
                    }
                }))
            }
            other => Some(Box::pin(async move { asker.call(other).await })),
        }
    }

    async fn tell(&self, event: Event) {
        // A loop that is gone hears nothing any more.
        let _ = self.events.send(event).await;
    }

    /// One REST call.
    async fn call(&self, effect: Effect) {
        let (what, answered) = match effect {
            Effect::LoadHistory { channel, at } => {
                let event = self.history(channel, at).await;
                return self.tell(event).await;
            }
            Effect::LoadPresence { server } => {
                if let Ok(presence) = self.client.rest().presence(server).await {
                    self.tell(Event::Presence(presence)).await;
                }
                return;
            }
            Effect::LoadServers => (Asked::Load, self.client.rest().servers().await.map(Event::Servers)),
            Effect::LoadServer { server } => (Asked::Load, self.server(server).await),
            Effect::LoadMembers { server } => (Asked::Load, self.members(server).await),
            Effect::LoadReadStates => (Asked::Load, self.read_states().await),
            Effect::CreateServer { name } => (Asked::CreateServer, self.create_server(name).await),
            Effect::CreateChannel { server, name } => {
                (Asked::CreateChannel, self.create_channel(server, &name).await)
            }
            Effect::CreateInvite { server } => {
                let made = self.client.rest().create_invite(server, &CreateInvite::default()).await;
                (Asked::CreateInvite, made.map(|invite| Event::InviteMade { server, code: invite.code }))
            }
            Effect::Join { code } => {
                let joined = self.client.rest().join(&code).await;
                (Asked::Join, joined.map(|joined| Event::Joined { server: joined.server.id }))
            }
            Effect::Leave { server } => {
                if let Err(error) = self.client.rest().leave(server).await {
                    self.tell(Event::Refused { what: Asked::Leave, reason: error.to_string() }).await;
                }
                return;
            }
            // Everything else was dealt with before it came here.
            _ => return,
        };
        let event = answered.unwrap_or_else(|error| Event::Refused { what, reason: error.to_string() });
        self.tell(event).await;
    }

    async fn history(&self, channel: echopulse_protocol::id::ChannelId, at: HistoryAt) -> Event {
        let query = match at {
            HistoryAt::Latest => None,
            HistoryAt::Around(seq) => Some(("around", seq)),
            HistoryAt::Before(seq) => Some(("before", seq)),
            HistoryAt::After(seq) => Some(("after", seq)),
        };
        match self.client.rest().history(channel, query, PAGE).await {
            Ok(page) => {
                self.cache.keep_page(channel, &page).await;
                Event::History { channel, at, page }
            }
            Err(error) => Event::HistoryFailed { channel, at, reason: error.to_string() },
        }
    }

    async fn server(&self, server: ServerId) -> Result<Event, ClientError> {
        let detail = self.client.rest().server(server).await?;
        let mut seen = self.seen.lock().await;
        seen.servers.insert(server, detail.clone());
        let all: Vec<_> = seen.servers.values().collect();
        self.cache.keep_value("servers", &all).await;
        drop(seen);
        Ok(Event::Server(Box::new(detail)))
    }

    async fn members(&self, server: ServerId) -> Result<Event, ClientError> {
        let members = self.client.rest().members(server).await?;
        let mut seen = self.seen.lock().await;
        seen.members.insert(server, members.clone());
        let all: Vec<_> = seen.members.iter().collect();
        self.cache.keep_value("members", &all).await;
        drop(seen);
        Ok(Event::Members { server, members })
    }

    async fn read_states(&self) -> Result<Event, ClientError> {
        let states = self.client.rest().read_states().await?;
        self.cache.keep_value("read-states", &states).await;
        Ok(Event::ReadStates(states))
    }

    async fn create_server(&self, name: String) -> Result<Event, ClientError> {
        let new = CreateServer { name, description: String::new(), join_policy: None };
        Ok(Event::ServerMade { server: self.client.rest().create_server(&new).await?.id })
    }

    async fn create_channel(&self, server: ServerId, name: &str) -> Result<Event, ClientError> {
        let name = echopulse_protocol::text::channel_name(name);
        let new = CreateChannel { name, kind: None, topic: String::new(), category_id: None };
        let channel = self.client.rest().create_channel(server, &new).await?.id;
        Ok(Event::ChannelMade { server, channel })
    }
}

const fn topic(stream: Stream) -> Topic {
    match stream {
        Stream::Channel(channel) => Topic::Channel(channel),
        Stream::Server(server) => Topic::Server(server),
        Stream::User(_) => Topic::UserEvents,
    }
}

fn outcome(outcome: SendOutcome) -> Outcome {
    match outcome {
        SendOutcome::Done(receipt) => Outcome::Done { message: receipt.message_id, seq: receipt.seq },
        SendOutcome::Refused(reply) => Outcome::Refused {
            code: reply.code.as_str().to_owned(),
            detail: reply.detail,
            retry_after: reply.retry_after.map(std::time::Duration::from_secs),
        },
        SendOutcome::Noted | SendOutcome::Unknown => Outcome::Unknown,
    }
}
