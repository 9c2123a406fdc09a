//! Tokens that the issuer never made, and some that it might have: signed with the key of the folder, which whoever may read the
//! folder has.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::world::Deployment;

/// The event of OpenID Connect Back-Channel Logout 1.0.
pub(crate) const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Makes tokens of a deployment.
pub(crate) struct Forge {
    key: EncodingKey,
    kid: String,
    jwk: Value,
    claims: Value,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What a token says of itself: header and claims.
pub(crate) fn said_by(token: &str) -> [Value; 2] {
    let mut parts = token.split('.');
    [(); 2].map(|()| {
        let part = BASE64_URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap();
        serde_json::from_slice(&part).unwrap()
    })
}

impl Forge {
    /// Tokens like this one.
    pub(crate) async fn like(deployment: &Deployment, token: &str) -> Self {
        let keys = deployment.folder.path().join("issuer-keys");
        let file = fs::read_dir(keys).unwrap().next().unwrap().unwrap().path();
        let [header, claims] = said_by(token);
        let jwk = deployment.get("/id/jwks").await.good()["keys"][0].clone();
        Self {
            key: EncodingKey::from_ec_pem(&fs::read(file).unwrap()).unwrap(),
            kid: header["kid"].as_str().unwrap().to_owned(),
            jwk,
            claims,
        }
    }

    /// The claims of the token, with these in place of its own.
    pub(crate) fn claims<const N: usize>(&self, other: [(&str, Value); N]) -> Value {
        let mut claims = self.claims.clone();
        for (name, value) in other {
            claims[name] = value;
        }
        claims
    }

    /// The claims of a logout token for the sign-in of the token, with these in place of the usual ones.
    pub(crate) fn notice<const N: usize>(&self, other: [(&str, Value); N]) -> Value {
        let mut claims = json!({
            "iss": self.claims["iss"], "aud": "echopulse-tui", "iat": now(), "exp": now() + 60,
            "jti": format!("{:x}", rand_id()), "sid": self.claims["sid"], "events": { LOGOUT_EVENT: {} },
        });
        for (name, value) in other {
            claims[name] = value;
        }
        claims
    }

    /// Signs claims as the issuer does, under a header that says this kind.
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        self.signed(Some(&self.kid), typ, claims)
    }

    /// Signs with the issuer's key, under another name of it, or none.
    pub(crate) fn signed(&self, kid: Option<&str>, typ: &str, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        header.kid = kid.map(str::to_owned);
        encode(&header, claims, &self.key).unwrap()
    }

    /// Signed with a secret that everybody knows: the public key.
    pub(crate) fn with_the_public_key(&self) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        let public = ["x", "y"].map(|part| BASE64_URL_SAFE_NO_PAD.decode(self.jwk[part].as_str().unwrap()));
        let mut point = vec![4];
        public.into_iter().for_each(|part| point.extend(part.unwrap()));
        encode(&header, &self.claims, &EncodingKey::from_secret(&point)).unwrap()
    }

    /// Not signed at all.
    pub(crate) fn unsigned(&self) -> String {
        let header = json!({ "alg": "none", "typ": "at+jwt", "kid": self.kid });
        let [header, claims] =
            [&header, &self.claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.")
    }
}

/// A number that no other test of this process has.
fn rand_id() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
