//! The signing keys: ES256, one file each, published together and used newest first.
//!
//! Every `.pem` file of the folder is published; the last by name signs. Rotation is then one more file, and taking the
//! old one away after the longest token life.

use std::path::Path;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::{
    SecretKey,
    elliptic_curve::sec1::ToEncodedPoint,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    error::IssuerError,
    folder, secret,
    world::{Chance, Clock},
};

/// All keys of one issuer; there is always at least one.
pub(crate) struct SigningKeys {
    older: Vec<Key>,
    newest: Key,
}

struct Key {
    kid: String,
    jwk: Value,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKeys {
    /// Reads the keys of a folder, or makes the first.
    pub(crate) fn open(dir: &Path, clock: &dyn Clock, chance: &dyn Chance) -> Result<Self, IssuerError> {
        folder::make_private_dir(dir)?;
        folder::refuse_exposed(dir)?;
        let mut files = folder::files_in(dir, "pem")?;
        if files.is_empty() {
            let path = dir.join(format!("es256-{:012}.pem", clock.now().as_secs()));
            folder::write_private(&path, draw_pem(&path, chance)?.as_bytes())?;
            files.push(path);
        }
        let mut keys = files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        let newest = keys.pop().ok_or_else(|| broken(dir, "the folder holds no key"))?;
        Ok(Self { older: keys, newest })
    }

    /// The public halves, as the JWKS endpoint gives them.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<_> = self.all().map(|key| &key.jwk).collect();
        json!({ "keys": keys })
    }

    /// Signs claims as a token whose header says what kind it is.
    pub(crate) fn sign(
        &self,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.newest.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.newest.encoding)
    }

    /// The claims of a token of ours of that kind. Expiry, issuer and audience are left to the caller, who has the clock.
    pub(crate) fn read<C: DeserializeOwned + Clone>(&self, typ: &str, token: &str) -> Option<C> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let kid = header.kid.filter(|_| header.typ.as_deref() == Some(typ))?;
        let key = self.all().find(|key| key.kid == kid)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        jsonwebtoken::decode::<C>(token, &key.decoding, &rules).ok().map(|data| data.claims)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

fn draw_pem(path: &Path, chance: &dyn Chance) -> Result<String, IssuerError> {
    let key = loop {
        let mut bytes = [0; 32];
        chance.fill(&mut bytes);
        // A number beyond the order of the curve is no key; it comes up once in 2^32 draws.
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            break key;
        }
    };
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| broken(path, "the new key could not be written as PEM"))?;
    Ok(pem.to_string())
}

fn read(path: &Path) -> Result<Key, IssuerError> {
    let content = folder::read_private(path)?.ok_or_else(|| broken(path, "it is gone"))?;
    let pem = String::from_utf8(content).map_err(|_| broken(path, "a PEM file is text"))?;
    let key =
        SecretKey::from_pkcs8_pem(&pem).map_err(|_| broken(path, "a P-256 key in PKCS#8 PEM is expected"))?;
    let der = key.to_pkcs8_der().map_err(|_| broken(path, "the key cannot be encoded"))?;
    let point = key.public_key().to_encoded_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else {
        return Err(broken(path, "its public half is no point"));
    };
    let (x, y) = (secret::encode(x), secret::encode(y));
    // RFC 7638: the required members in the order of their names, without spaces.
    let kid = secret::hash(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
    let decoding = DecodingKey::from_ec_components(&x, &y)
        .map_err(|_| broken(path, "its public half cannot be used"))?;
    let jwk =
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y });
    Ok(Key { kid, jwk, encoding: EncodingKey::from_ec_der(der.as_bytes()), decoding })
}

fn broken(path: &Path, why: &'static str) -> IssuerError {
    IssuerError::KeyFile { path: path.to_owned(), why }
}
