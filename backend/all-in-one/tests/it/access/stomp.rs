//! Asking over STOMP.

use echopulse_protocol::{
    destination::{SendTo, Topic},
    stomp::{Command, Frame},
};

use super::{
    stage::{Cast, Stage, patiently},
    table::{Cell, Cells, Ids, Target, Who, send, send_body, subscribe},
};
use crate::support::{Instance, Person, Said, Socket, value};

/// A frame that asks for something.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Send(SendTo),
    Subscribe(Topic),
}

impl Ask {
    pub(super) const fn command(self) -> &'static str {
        match self {
            Self::Send(_) => "SEND",
            Self::Subscribe(_) => "SUBSCRIBE",
        }
    }

    /// The destination, ids in braces, and the answers.
    pub(super) const fn row(self) -> (&'static str, Cells) {
        match self {
            Self::Send(to) => {
                let (destination, cells, _) = send(to);
                (destination, cells)
            }
            Self::Subscribe(topic) => subscribe(topic),
        }
    }

    pub(super) const fn foreign(self) -> Option<Cell> {
        match self {
            Self::Send(to) => send(to).2,
            Self::Subscribe(_) => None,
        }
    }

    /// The whole frame, which asks for the receipt `asked`.
    fn frame(self, ids: &Ids, token: &str) -> String {
        let destination = ids.fill(self.row().0);
        match self {
            Self::Send(to) => {
                let body = send_body(to, ids);
                let body = if body.is_null() { String::new() } else { body.to_string() };
                let headers =
                    format!("destination:{destination}\nreceipt:asked\nAuthorization:Bearer {token}");
                format!("SEND\n{headers}\n\n{body}\0")
            }
            Self::Subscribe(_) => {
                format!("SUBSCRIBE\nid:asked\ndestination:{destination}\nreceipt:asked\n\n\0")
            }
        }
    }
}

/// Every frame there is.
pub(super) fn asks() -> impl Iterator<Item = Ask> {
    let sends = SendTo::EACH.into_iter().map(Ask::Send);
    sends.chain(Topic::EACH.into_iter().map(Ask::Subscribe))
}

/// Whatever answers the frame: a RECEIPT, or the refusal with all a client can see of it.
async fn answer(socket: &mut Socket) -> Result<(), (String, String)> {
    let frame: Frame = loop {
        let frame = socket.frame().await;
        if value(&frame, "receipt-id") == "asked" || frame.command() == Command::Error {
            break frame;
        }
    };
    match frame.command() {
        Command::Receipt => Ok(()),
        Command::Error => Err((value(&frame, "message"), String::new())),
        _ => Err((value(&frame, "code"), String::from_utf8_lossy(frame.body()).into_owned())),
    }
}

async fn asked(person: &Person, ask: Ask, ids: &Ids) -> Result<(), (String, String)> {
    patiently(
        async || asked_once(person, ask, ids).await,
        |said| said.as_ref().is_err_and(|(code, _)| code == "not-ready"),
    )
    .await
}

async fn asked_once(person: &Person, ask: Ask, ids: &Ids) -> Result<(), (String, String)> {
    let mut socket = person.connect().await;
    socket.subscribe("r", "/user/queue/replies", "").await;
    socket.send(&ask.frame(ids, &person.token)).await;
    answer(&mut socket).await
}

/// Whoever has no token gets no session, and without one nothing is accepted.
async fn asked_by_nobody(instance: &Instance, ask: Ask, ids: &Ids) -> Result<(), (String, String)> {
    let mut socket = Socket::open(instance).await;
    socket.send("CONNECT\naccept-version:1.2\nhost:x\n\n\0").await;
    assert_eq!(value(&socket.frame().await, "message"), "unauthenticated");
    assert!(matches!(socket.said().await, Said::Closed(Some((4401, _)))));
    let mut socket = Socket::open(instance).await;
    socket.send(&ask.frame(ids, "none")).await;
    answer(&mut socket).await
}

/// Asks everybody's question of one destination. Answers what was not as the table says.
pub(super) async fn look(cast: &Cast, ask: Ask) -> Vec<String> {
    let (destination, cells) = ask.row();
    let mut wrong = Vec::new();
    let mut tell = |who: &str, wanted: Cell, said: &Result<(), (String, String)>| {
        wrong.push(format!("{} {destination} as {who}: {wanted:?}, but it was {said:?}", ask.command()));
    };
    let is = |said: &Result<(), (String, String)>, cell: Cell| {
        said.as_ref().err().map_or("", |(code, _)| code.as_str()) == cell.1
    };
    for (who, cell) in Who::ALL.into_iter().zip(cells) {
        let stage = Stage::for_one(cast, who).await;
        let ids = stage.ids(&cast.owner, Target::Member).await;
        let Some(person) = cast.person(who) else {
            let said = asked_by_nobody(&cast.owner.instance, ask, &ids).await;
            if !is(&said, cell) {
                tell("nobody", cell, &said);
            }
            stage.strike().await;
            continue;
        };
        let said = asked(person, ask, &ids).await;
        if !is(&said, cell) {
            tell(who.described().0, cell, &said);
        }
        if cell.0 == 404 {
            let never = asked(person, ask, &Ids::never()).await;
            if never != said {
                tell(&format!("{}, about what never was", who.described().0), cell, &never);
            }
        }
        stage.strike().await;
    }
    if let Some(cell) = ask.foreign() {
        let stage = Stage::for_one(cast, Who::Owner).await;
        let own = stage.ids(&cast.owner, Target::Member).await;
        let ids = Ids { channel: own.channel, ..cast.foreign(Target::Member) };
        let said = asked(&cast.owner, ask, &ids).await;
        if !is(&said, cell) {
            tell("owner, about what belongs to another server", cell, &said);
        }
        stage.strike().await;
    }
    wrong
}
