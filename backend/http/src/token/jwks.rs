//! A set of public keys: what of a JWKS can verify access tokens. The order of a set means nothing.

use jsonwebtoken::DecodingKey;
use serde::Deserialize;

use super::Algorithm;

/// Keys that are looked at in one set.
const MOST_KEYS: usize = 64;

/// A key that verifies signatures of one algorithm.
pub(super) struct Key {
    kid: String,
    algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The keys of an issuer at one moment.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

/// A key as RFC 7517 writes it. Anything else in it is ignored.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Keeps what verifies; a key that does not is not a reason to refuse the others. `None`: this is no JWKS.
    pub(super) fn read(jwks: &serde_json::Value) -> Option<Self> {
        let keys = jwks.get("keys")?.as_array()?;
        Some(Self(keys.iter().take(MOST_KEYS).filter_map(usable).collect()))
    }

    /// The key of this name for this algorithm: two keys may share a name.
    pub(super) fn find(&self, kid: &str, algorithm: Algorithm) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid && key.algorithm == algorithm)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn usable(jwk: &serde_json::Value) -> Option<Key> {
    let jwk = Jwk::deserialize(jwk).ok()?;
    let (algorithm, decoding) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => (Algorithm::Rs256, DecodingKey::from_rsa_components(&jwk.n?, &jwk.e?)),
        ("EC", Some("P-256")) => (Algorithm::Es256, DecodingKey::from_ec_components(&jwk.x?, &jwk.y?)),
        ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, DecodingKey::from_ed_components(&jwk.x?)),
        _ => return None,
    };
    let meant_for = jwk.alg.is_none_or(|alg| alg == algorithm.as_str());
    let signs = jwk.usage.is_none_or(|usage| usage == "sig");
    let verifies = jwk.key_ops.is_none_or(|operations| operations.iter().any(|one| one == "verify"));
    if !(meant_for && signs && verifies) {
        return None;
    }
    Some(Key { kid: jwk.kid?, algorithm, decoding: decoding.ok()? })
}
