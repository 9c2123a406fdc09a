//! The table of access: what each operation answers to whom.
//!
//! A new route fails the test until it has a row here, and a new destination does not compile. `docs/access.md` is made from this.

use echopulse_protocol::destination::{SendTo, Topic};
use serde_json::{Value, json};

/// Somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    Outsider,
    Elsewhere,
    Banned,
    Bot,
    Member,
    Silenced,
    Admin,
    Owner,
}

impl Who {
    /// In the order of the cells.
    pub(crate) const ALL: [Self; 9] = [
        Self::Nobody,
        Self::Outsider,
        Self::Elsewhere,
        Self::Banned,
        Self::Bot,
        Self::Member,
        Self::Silenced,
        Self::Admin,
        Self::Owner,
    ];

    /// The column's name, and who that is.
    pub(crate) const fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Nobody => ("nobody", "has no token"),
            Self::Outsider => ("outsider", "is signed in, and in no server"),
            Self::Elsewhere => ("elsewhere", "is a member of another server of the same owner"),
            Self::Banned => ("banned", "was a member and is banned"),
            Self::Bot => ("bot", "is a bot in no server"),
            Self::Member => ("member", "is a member without any role"),
            Self::Silenced => ("silenced", "is such a member in a timeout"),
            Self::Admin => ("admin", "is an instance admin who is no member"),
            Self::Owner => ("owner", "owns the server"),
        }
    }
}

/// What is answered: over REST a status and the problem's code, over STOMP a RECEIPT (200) or the refusal's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell(pub(crate) u16, pub(crate) &'static str);

/// One answer for each of [`Who::ALL`].
pub(crate) type Cells = [Cell; 9];

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Server,
    Chat,
}

/// Whom `{user}` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A member without any role.
    Member,
    /// A member who is in no other server, whatever else is looked at meanwhile.
    Newcomer,
    /// Somebody who is banned.
    Banned,
    /// The one who asks.
    Oneself,
}

/// The ids of a place, of which paths and bodies are made.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    pub(crate) server: String,
    pub(crate) channel: String,
    pub(crate) message: String,
    pub(crate) user: String,
    pub(crate) code: String,
}

impl Ids {
    /// What never was.
    pub(crate) fn never() -> Self {
        let id = |last: u8| format!("01935c2e-7a10-7000-8000-0000000000{last:02x}");
        Self { server: id(1), channel: id(2), message: id(3), user: id(4), code: "7bQm2xKd9P".to_owned() }
    }

    /// A path or destination with these ids in it.
    pub(crate) fn fill(&self, template: &str) -> String {
        template
            .replace("{server}", &self.server)
            .replace("{channel}", &self.channel)
            .replace("{message}", &self.message)
            .replace("{user}", &self.user)
            .replace("{code}", &self.code)
            // One that never was: who may do what with one that is, `webhooks` says.
            .replace("{webhook}", "01935c2e-7a10-7000-8000-00000000000a")
            .replace("{token}", "0")
    }
}

/// A request to a service, and what it answers to whom.
pub(crate) struct Row {
    pub(crate) service: Service,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) cells: Cells,
    /// What tells rows of one operation apart.
    pub(crate) note: &'static str,
    pub(crate) query: &'static str,
    pub(crate) body: Option<fn(&Ids) -> Value>,
    /// Whether a set is replaced, whatever its state.
    pub(crate) replaces: bool,
    pub(crate) target: Target,
    /// Whether anybody may join the server.
    pub(crate) open: bool,
    /// What the owner of two servers is answered when an id below the first belongs to the other.
    pub(crate) foreign: Option<Cell>,
}

const fn row(service: Service, method: &'static str, path: &'static str, cells: Cells) -> Row {
    let target = Target::Member;
    let (note, query, body, replaces, open, foreign) = ("", "", None, false, false, None);
    Row { service, method, path, cells, note, query, body, replaces, target, open, foreign }
}

const fn server(method: &'static str, path: &'static str, cells: Cells) -> Row {
    row(Service::Server, method, path, cells)
}

const fn chat(method: &'static str, path: &'static str, cells: Cells) -> Row {
    row(Service::Chat, method, path, cells)
}

impl Row {
    const fn json(self, body: fn(&Ids) -> Value) -> Self {
        Self { body: Some(body), ..self }
    }

    const fn replacing(self) -> Self {
        Self { replaces: true, ..self }
    }

    const fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    const fn of(self, target: Target) -> Self {
        Self { target, ..self }
    }

    const fn foreign(self, foreign: Cell) -> Self {
        Self { foreign: Some(foreign), ..self }
    }

    const fn open(self) -> Self {
        Self { open: true, ..self }
    }
}

const FINE: Cell = Cell(200, "");
const MADE: Cell = Cell(201, "");
const GONE: Cell = Cell(204, "");
const TOKEN: Cell = Cell(401, "unauthenticated");
const LACKS: Cell = Cell(403, "permission-missing");
const QUIET: Cell = Cell(403, "timed-out");
const BANNED: Cell = Cell(403, "banned");
const NO_BOT: Cell = Cell(403, "bot-refused");
const OWNERS: Cell = Cell(403, "owner-required");
const ROLE: Cell = Cell(403, "realm-role-missing");
const NO_SRV: Cell = Cell(404, "server-not-found");
const NO_CHN: Cell = Cell(404, "channel-not-found");
const NO_MSG: Cell = Cell(404, "message-not-found");
const NO_MBR: Cell = Cell(404, "member-not-found");
const NO_USR: Cell = Cell(404, "user-not-found");
const NO_INV: Cell = Cell(404, "invite-not-found");
const NO_BAN: Cell = Cell(404, "ban-not-found");
const NO_HOOK: Cell = Cell(404, "webhook-not-found");
const WRONG: Cell = Cell(400, "invalid-request");
const STAYS: Cell = Cell(409, "owner-cannot-leave");
const NO_FORM: Cell = Cell(415, "unsupported-media-type");
const SOCKET: Cell = Cell(400, "invalid-request");

/// REST of both services.
#[rustfmt::skip]
pub(crate) const REST: &[Row] = &[
    //                                                             nobody outsider elsewh. banned  bot     member  silenc. admin   owner
    server("GET",    "/api/users/me",                              [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),
    server("PATCH",  "/api/users/me",                              [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE])
        .json(|_| json!({ "bio": "hello" })),
    server("GET",    "/api/users/{user}",                          [TOKEN, NO_USR, NO_USR, NO_USR, NO_USR, FINE,   FINE,   NO_USR, FINE])
        .of(Target::Newcomer),
    server("GET",    "/api/servers",                               [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE])
        .note("one's own, or open ones"),
    server("GET",    "/api/servers",                               [TOKEN, LACKS,  LACKS,  LACKS,  LACKS,  LACKS,  LACKS,  FINE,   LACKS])
        .query("all=true").note("all"),
    server("POST",   "/api/servers",                               [TOKEN, MADE,   MADE,   MADE,   MADE,   MADE,   MADE,   MADE,   MADE])
        .json(|_| json!({ "name": "another" })),
    server("GET",    "/api/servers/{server}",                      [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   FINE,   FINE]),
    server("PATCH",  "/api/servers/{server}",                      [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE])
        .json(|_| json!({ "description": "new" })),
    server("PATCH",  "/api/servers/{server}",                      [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  OWNERS, FINE])
        .json(|_| json!({ "retention_days": 30 })).note("how long messages are kept"),
    server("DELETE", "/api/servers/{server}",                      [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  GONE,   GONE])
        .query("confirm=home"),
    server("PUT",    "/api/servers/{server}/owner",                [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, OWNERS, OWNERS, FINE,   FINE])
        .json(|ids| json!({ "user_id": ids.user })).foreign(NO_MBR),
    server("GET",    "/api/servers/{server}/channels",             [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   FINE,   FINE]),
    server("POST",   "/api/servers/{server}/channels",             [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  MADE,   MADE])
        .json(|_| json!({ "name": "second" })),
    server("PUT",    "/api/servers/{server}/channels/order",       [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE])
        .json(|ids| json!([{ "id": ids.channel }])).replacing().foreign(NO_CHN),
    server("PATCH",  "/api/servers/{server}/channels/{channel}",   [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE])
        .json(|_| json!({ "topic": "new" })).foreign(NO_CHN),
    server("DELETE", "/api/servers/{server}/channels/{channel}",   [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  GONE,   GONE])
        .foreign(NO_CHN),
    server("GET",    "/api/servers/{server}/members",              [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   FINE,   FINE]),
    server("POST",   "/api/servers/{server}/members",              [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   NO_SRV, FINE])
        .note("by invite only"),
    server("POST",   "/api/servers/{server}/members",              [TOKEN, MADE,   MADE,   BANNED, NO_BOT, FINE,   FINE,   MADE,   FINE])
        .open().note("open to all"),
    server("DELETE", "/api/servers/{server}/members/me",           [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, GONE,   GONE,   NO_MBR, STAYS]),
    server("GET",    "/api/servers/{server}/members/{user}",       [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   FINE,   FINE])
        .foreign(NO_MBR),
    server("PATCH",  "/api/servers/{server}/members/{user}",       [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE])
        .json(|_| json!({ "nickname": "nick" })).foreign(NO_MBR).note("another's nickname"),
    server("PATCH",  "/api/servers/{server}/members/{user}",       [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   QUIET,  NO_MBR, FINE])
        .json(|_| json!({ "nickname": "nick" })).of(Target::Oneself).note("one's own nickname"),
    server("PATCH",  "/api/servers/{server}/members/{user}",       [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE])
        .json(|_| json!({ "timeout_until": null })).foreign(NO_MBR).note("a timeout"),
    server("DELETE", "/api/servers/{server}/members/{user}",       [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  GONE,   GONE])
        .foreign(NO_MBR),
    server("GET",    "/api/servers/{server}/invites",              [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   FINE,   FINE]),
    server("POST",   "/api/servers/{server}/invites",              [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, MADE,   QUIET,  MADE,   MADE])
        .json(|_| json!({})),
    server("GET",    "/api/invites/{code}",                        [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),
    server("POST",   "/api/invites/{code}",                        [TOKEN, MADE,   MADE,   BANNED, NO_BOT, FINE,   FINE,   MADE,   FINE]),
    server("DELETE", "/api/invites/{code}",                        [TOKEN, NO_INV, NO_INV, NO_INV, NO_INV, LACKS,  QUIET,  GONE,   GONE]),
    server("GET",    "/api/servers/{server}/bans",                 [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE]),
    server("PUT",    "/api/servers/{server}/bans/{user}",          [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE])
        .json(|_| json!({})),
    server("DELETE", "/api/servers/{server}/bans/{user}",          [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  GONE,   GONE])
        .of(Target::Banned).foreign(NO_BAN),
    server("GET",    "/api/servers/{server}/bots",                 [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  FINE,   FINE]),
    server("POST",   "/api/servers/{server}/bots",                 [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  WRONG,  WRONG])
        .json(|_| json!({ "name": "" })).note("a name that is none, so that none is made"),
    server("DELETE", "/api/servers/{server}/bots/{user}",          [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  NO_USR, NO_USR])
        .note("somebody who is none of its bots"),
    server("POST",   "/api/servers/{server}/bots/{user}/secret",   [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, LACKS,  QUIET,  NO_USR, NO_USR])
        .note("somebody who is none of its bots"),
    server("POST",   "/api/internal/people",                       [TOKEN, ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE])
        .json(|_| json!({})),
    server("GET",    "/api/internal/servers/{server}/events",      [TOKEN, ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE]),
    server("GET",    "/api/internal/channels/{channel}",           [TOKEN, ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE]),
    server("GET",    "/api/internal/sign-outs",                    [TOKEN, ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE,   ROLE]),
    server("POST",   "/oidc/backchannel-logout",                   [NO_FORM; 9])
        .note("whoever brings a token of the issuer"),
    server("GET",    "/api/limits",                                [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),

    chat("GET",      "/api/limits",                                [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),
    chat("GET",      "/api/channels/{channel}/messages",           [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   FINE,   NO_CHN, FINE]),
    chat("POST",     "/api/channels/{channel}/messages",           [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, MADE,   QUIET,  NO_CHN, MADE])
        .json(|ids| json!({ "content": "hello", "reply_to": ids.message })).foreign(NO_MSG),
    chat("POST",     "/api/channels/{channel}/messages/delete",    [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, LACKS,  LACKS,  FINE,   FINE])
        .json(|ids| json!({ "message_ids": [ids.message] })).foreign(NO_MSG).note("another's message; the owner's own"),
    chat("GET",      "/api/channels/{channel}/messages/{message}", [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   FINE,   NO_CHN, FINE])
        .foreign(NO_MSG),
    chat("POST",     "/api/channels/{channel}/purge",              [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, LACKS,  QUIET,  FINE,   FINE])
        .json(|_| json!({ "through": 1 })),
    chat("GET",      "/api/channels/{channel}/webhooks",           [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, LACKS,  QUIET,  FINE,   FINE]),
    chat("POST",     "/api/channels/{channel}/webhooks",           [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, LACKS,  QUIET,  NO_CHN, MADE])
        .json(|_| json!({ "name": "CI" })).note("its maker is a member"),
    chat("PATCH",    "/api/webhooks/{webhook}",                    [TOKEN, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK])
        .json(|_| json!({ "name": "CI" })).note("one that is not there"),
    chat("DELETE",   "/api/webhooks/{webhook}",                    [TOKEN, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK])
        .note("one that is not there"),
    chat("POST",     "/api/webhooks/{webhook}/token",              [TOKEN, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK, NO_HOOK])
        .note("one that is not there"),
    chat("POST",     "/api/webhooks/{webhook}/{token}",            [NO_HOOK; 9])
        .json(|_| json!({ "content": "hello" })).note("another token"),
    chat("GET",      "/api/read-states",                           [TOKEN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),
    chat("PUT",      "/api/read-states/{channel}",                 [TOKEN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   FINE,   NO_CHN, FINE])
        .json(|_| json!({ "seq": 1 })),
    chat("GET",      "/api/servers/{server}/presence",             [TOKEN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   NO_SRV, FINE]),
    chat("GET",      "/ws",                                        [SOCKET, SOCKET, SOCKET, SOCKET, SOCKET, SOCKET, SOCKET, SOCKET, SOCKET])
        .note("without an upgrade; sockets say who they are in CONNECT"),
];

/// Before CONNECT was accepted nothing else is.
const CONN: Cell = Cell(1002, "not-connected");
const AUTHOR: Cell = Cell(403, "not-author");

/// What a SEND gets: a RECEIPT, or a refusal. Its message is the owner's.
#[rustfmt::skip]
pub(crate) const fn send(to: SendTo) -> (&'static str, Cells, Option<Cell>) {
    match to {
        //                                                                       nobody outsider elsewh. banned  bot     member  silenc. admin   owner
        SendTo::Messages(_)   => ("/app/channels/{channel}/messages",                  [CONN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   QUIET,  NO_CHN, FINE], Some(NO_MSG)),
        SendTo::Edit(_, _)    => ("/app/channels/{channel}/messages/{message}/edit",   [CONN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, AUTHOR, QUIET,  NO_CHN, FINE], Some(NO_MSG)),
        SendTo::Delete(_, _)  => ("/app/channels/{channel}/messages/{message}/delete", [CONN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, LACKS,  LACKS,  FINE,   FINE], Some(NO_MSG)),
        SendTo::Typing(_)     => ("/app/channels/{channel}/typing",                    [CONN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   QUIET,  NO_CHN, FINE], None),
        SendTo::Read(_)       => ("/app/channels/{channel}/read",                      [CONN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   FINE,   NO_CHN, FINE], None),
        SendTo::Refresh       => ("/app/session/refresh",                              [CONN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE], None),
    }
}

/// What a SEND carries.
pub(crate) fn send_body(to: SendTo, ids: &Ids) -> Value {
    match to {
        SendTo::Messages(_) => json!({ "content": "hello", "reply_to": ids.message }),
        SendTo::Edit(_, _) => json!({ "content": "changed" }),
        SendTo::Read(_) => json!({ "seq": 1 }),
        SendTo::Delete(_, _) | SendTo::Typing(_) | SendTo::Refresh => Value::Null,
    }
}

/// What a SUBSCRIBE gets.
#[rustfmt::skip]
pub(crate) const fn subscribe(topic: Topic) -> (&'static str, Cells) {
    match topic {
        //                                                     nobody outsider elsewh. banned  bot     member  silenc. admin   owner
        Topic::Channel(_) => ("/channels/{channel}",           [CONN, NO_CHN, NO_CHN, NO_CHN, NO_CHN, FINE,   FINE,   NO_CHN, FINE]),
        Topic::Server(_)  => ("/servers/{server}",             [CONN, NO_SRV, NO_SRV, NO_SRV, NO_SRV, FINE,   FINE,   NO_SRV, FINE]),
        Topic::Replies    => ("/user/queue/replies",           [CONN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),
        Topic::UserEvents => ("/user/queue/events",            [CONN, FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE,   FINE]),
    }
}
