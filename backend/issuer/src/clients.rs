//! The clients that are known without registration. Bots are kept in the database.

/// The client id of the terminal.
pub const TUI_CLIENT: &str = "echopulse-tui";

/// The client id of the browser client.
pub const WEB_CLIENT: &str = "echopulse-web";

/// What a public client may ask for a token with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Device,
    LocalFolder,
    Code,
    Refresh,
}

/// A client without a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicClient {
    Tui,
    Web,
}

impl PublicClient {
    pub(crate) fn find(client_id: &str) -> Option<Self> {
        [Self::Tui, Self::Web].into_iter().find(|client| client.id() == client_id)
    }

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Tui => TUI_CLIENT,
            Self::Web => WEB_CLIENT,
        }
    }

    /// What the pages call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Tui => "EchoPulse in a terminal",
            Self::Web => "EchoPulse in the browser",
        }
    }

    pub(crate) fn may_use(self, grant: Grant) -> bool {
        match self {
            Self::Tui => matches!(grant, Grant::Device | Grant::LocalFolder | Grant::Refresh),
            Self::Web => matches!(grant, Grant::Code | Grant::Refresh),
        }
    }
}
