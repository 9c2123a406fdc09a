//! Where the folder's backend is now: it moves when another process takes over.

use std::sync::Arc;

use echopulse_protocol::{
    client::{BoxFuture, ClientError, Deployed, Place},
    rest::WellKnown,
};

use super::folder::Folder;

/// The backend of a folder, whichever process serves it.
pub(crate) struct LocalPlace(Folder);

impl LocalPlace {
    pub(crate) const fn new(folder: Folder) -> Self {
        Self(folder)
    }

    async fn ask(&self) -> Result<Arc<WellKnown>, ClientError> {
        let Some(address) = self.0.address() else {
            let url = self.0.path().display().to_string();
            return Err(ClientError::Unreachable { url, why: "nobody serves this folder yet".to_owned() });
        };
        // Asked anew each time: it costs a call on loopback, and the folder may have moved.
        Deployed::new(&address.url)?.find().await
    }
}

impl Place for LocalPlace {
    fn find(&self) -> BoxFuture<'_, Result<Arc<WellKnown>, ClientError>> {
        Box::pin(self.ask())
    }

    fn lost(&self) {}
}
