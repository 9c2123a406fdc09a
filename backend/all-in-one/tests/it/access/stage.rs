//! The people of the table, and a server for one look at it.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::table::{Ids, Target, Who};
use crate::{
    support::{DEADLINE, Person, Place},
    world::Deployment,
};

/// Asks until the answer is more than `not-ready`: a chat service that cannot ask the server service in time says that it does
/// not know yet, and to come back.
pub(super) async fn patiently<T>(mut ask: impl AsyncFnMut() -> T, not_yet: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let said = ask().await;
        if !not_yet(&said) || Instant::now() > deadline {
            return said;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Everybody who asks, and whom they ask about.
pub(crate) struct Cast {
    outsider: Person,
    elsewhere: Person,
    banned: Person,
    bot: Person,
    member: Person,
    silenced: Person,
    admin: Person,
    pub(crate) owner: Person,
    /// A member who is asked about.
    other: Person,
    newcomer: Person,
    /// Somebody banned who is asked about.
    outcast: Person,
    /// The other server of the owner.
    pub(crate) foreign: Ids,
}

impl Cast {
    pub(crate) async fn of(deployment: &Deployment) -> Self {
        let admin = deployment.admin("admin").await;
        let bot = deployment.bot("robot").await;
        let person = async |name| deployment.person(name).await;
        let mut cast = Self {
            outsider: person("outsider").await,
            elsewhere: person("elsewhere").await,
            banned: person("banned").await,
            bot,
            member: person("member").await,
            silenced: person("silenced").await,
            admin,
            owner: person("owner").await,
            other: person("other").await,
            newcomer: person("newcomer").await,
            outcast: person("outcast").await,
            foreign: Ids::never(),
        };
        let stage = Stage::build(&cast, "elsewhere").await;
        stage.cast.owner.invite(&stage.place, &cast.elsewhere).await;
        let foreign = stage.ids(&cast.elsewhere, Target::Oneself).await;
        stage.ban(&cast.outcast).await;
        cast.foreign = foreign;
        cast
    }

    /// Nobody is whoever asks without a token.
    pub(crate) const fn person(&self, who: Who) -> Option<&Person> {
        match who {
            Who::Nobody => None,
            Who::Outsider => Some(&self.outsider),
            Who::Elsewhere => Some(&self.elsewhere),
            Who::Banned => Some(&self.banned),
            Who::Bot => Some(&self.bot),
            Who::Member => Some(&self.member),
            Who::Silenced => Some(&self.silenced),
            Who::Admin => Some(&self.admin),
            Who::Owner => Some(&self.owner),
        }
    }

    /// What an id of the other server is for somebody who is asked about.
    pub(crate) fn foreign(&self, target: Target) -> Ids {
        let user = match target {
            Target::Member | Target::Newcomer | Target::Oneself => &self.elsewhere,
            Target::Banned => &self.outcast,
        };
        Ids { user: user.id.clone(), ..self.foreign.clone() }
    }
}

/// A server of the owner's, made for one request.
pub(crate) struct Stage<'a> {
    cast: &'a Cast,
    place: Place,
}

impl<'a> Stage<'a> {
    /// A server in which `who` is what their column says.
    pub(crate) async fn for_one(cast: &'a Cast, who: Who) -> Self {
        let stage = Self::build(cast, "home").await;
        match who {
            Who::Member => cast.owner.invite(&stage.place, &cast.member).await,
            Who::Silenced => {
                cast.owner.invite(&stage.place, &cast.silenced).await;
                stage.silence(&cast.silenced).await;
            }
            Who::Banned => {
                cast.owner.invite(&stage.place, &cast.banned).await;
                stage.ban(&cast.banned).await;
                stage.waits_for_ban(&cast.banned).await;
            }
            _ => {}
        }
        stage
    }

    async fn build(cast: &'a Cast, name: &str) -> Self {
        Self { cast, place: cast.owner.found(name).await }
    }

    fn path(&self, rest: &str) -> String {
        format!("/server/api/servers/{}{rest}", self.place.server)
    }

    async fn ban(&self, person: &Person) {
        self.cast.owner.put(&self.path(&format!("/bans/{}", person.id)), json!({})).await.good();
    }

    /// The chat service looks again before it refuses, so a refusal shows that it knows.
    async fn silence(&self, person: &Person) {
        let path = self.path(&format!("/members/{}", person.id));
        let until = json!({ "timeout_until": in_an_hour() });
        self.cast.owner.patch(&path, until).await.good();
        let purge = format!("/chat/api/channels/{}/purge", self.place.channel);
        let refused = patiently(
            async || person.post(&purge, json!({ "through": 0 })).await,
            |refused| refused.code() == "not-ready",
        );
        let refused = refused.await;
        assert_eq!(refused.code(), "timed-out", "{refused:?}");
    }

    /// The chat service hears of a ban within a second.
    async fn waits_for_ban(&self, person: &Person) {
        let messages = self.place.messages();
        let hidden = "channel-not-found";
        let last = patiently(async || person.get(&messages).await, |answer| answer.code() != hidden).await;
        assert_eq!(last.code(), hidden, "the ban never arrives");
    }

    /// Lets anybody join.
    pub(crate) async fn open(&self) {
        self.cast.owner.patch(&self.path(""), json!({ "join_policy": "open" })).await.good();
    }

    /// What there is to ask about.
    pub(crate) async fn ids(&self, asks: &Person, target: Target) -> Ids {
        let (owner, place) = (&self.cast.owner, &self.place);
        let text_of_it = json!({ "content": "the owner's" });
        let says = async || owner.post(&place.messages(), text_of_it.clone()).await;
        let said = patiently(says, |answer| answer.code() == "not-ready").await.good();
        let message = said["message_id"].clone();
        let code = owner.post(&self.path("/invites"), json!({})).await.good()["code"].clone();
        let user = match target {
            Target::Member => self.joins(&self.cast.other, &code).await,
            Target::Newcomer => self.joins(&self.cast.newcomer, &code).await,
            Target::Banned => {
                self.ban(&self.cast.outcast).await;
                &self.cast.outcast
            }
            Target::Oneself => asks,
        };
        Ids {
            server: place.server.clone(),
            channel: place.channel.clone(),
            message: text(&message),
            user: user.id.clone(),
            code: text(&code),
        }
    }

    async fn joins<'p>(&self, person: &'p Person, code: &Value) -> &'p Person {
        person.post(&format!("/server/api/invites/{}", text(code)), json!({})).await.good();
        person
    }

    /// Removes the server, by whoever may by now: nobody is in more than a hundred.
    pub(crate) async fn strike(self) {
        let path = self.path("?confirm=home");
        self.cast.admin.request(Method::DELETE, &path).send().await.unwrap();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

fn in_an_hour() -> String {
    let soon = std::time::SystemTime::now() + Duration::from_secs(3600);
    let since = soon.duration_since(std::time::UNIX_EPOCH).unwrap();
    echopulse_protocol::id::Timestamp(i64::try_from(since.as_millis()).unwrap()).to_string()
}
