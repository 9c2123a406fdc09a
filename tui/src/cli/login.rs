//! Signing in and out.

use std::io::{IsTerminal, Write};

use echopulse_protocol::client::{Client, Deployed, DeviceSignIn, Place, TokenStore, sign_out};
use qrcode::{QrCode, render::unicode::Dense1x2};

use super::{Exit, failure};
use crate::local::{
    account::{Account, Profile, token_file, token_name},
    folder::Folder,
};

/// Signs in by the device grant: a code, a link, and waiting.
pub(super) async fn login(folder: &Folder, url: &str) -> anyhow::Result<()> {
    let place = Deployed::new(url.trim_end_matches('/'))?;
    place.find().await?;
    let sign_in = DeviceSignIn::start(&place).await?;
    let code = sign_in.code();
    let mut out = std::io::stdout();
    writeln!(out, "Sign in to {}", place.url())?;
    writeln!(out, "  1. Open   {}", code.verification_uri)?;
    writeln!(out, "  2. Enter  {}", code.user_code)?;
    writeln!(out, "Compare the code with the page, and go on only if you started this.")?;
    let picture = code.verification_uri_complete.as_ref().and_then(|link| QrCode::new(link).ok());
    if let Some(picture) = picture.filter(|_| out.is_terminal()) {
        writeln!(out, "{}", picture.render::<Dense1x2>().build())?;
    }
    writeln!(out, "Waiting for you, {} minutes at most …", code.expires_in.as_secs() / 60)?;
    out.flush()?;
    let tokens = sign_in.wait().await?;
    token_file(folder, place.url()).save(&tokens)?;
    let mut profile = Profile::load(folder)?;
    profile.deployment = Some(place.url().to_owned());
    profile.save(folder)?;
    let client = Account::Remote { url: place.url().to_owned() }.client(folder).await?;
    let me = me(&client).await?;
    writeln!(out, "Signed in as {me}.")?;
    Ok(())
}

async fn me(client: &Client) -> anyhow::Result<String> {
    Ok(client.rest().me().await?.display_name)
}

/// Signs out of the deployment that was signed in to last.
pub(super) async fn logout(folder: &Folder) -> anyhow::Result<()> {
    let mut profile = Profile::load(folder)?;
    let Some(url) = profile.deployment.take() else {
        return Err(failure(
            Exit::NotSignedIn,
            "you are signed in nowhere; your own data folder needs no signing out",
        ));
    };
    let store = token_file(folder, &url);
    let place = Deployed::new(&url)?;
    let ended = store
        .update(Box::new(move |kept| {
            Box::pin(async move {
                if let Some(refresh) = kept.and_then(|tokens| tokens.refresh) {
                    sign_out(&place, &refresh).await?;
                }
                Ok(None)
            })
        }))
        .await;
    profile.save(folder)?;
    let mut out = std::io::stdout();
    match ended {
        Ok(_) => writeln!(out, "Signed out of {url}.")?,
        Err(error) => {
            folder.remove(&token_name(&url))?;
            writeln!(out, "Signed out on this computer; {url} could not be told: {error}")?;
        }
    }
    Ok(())
}
