//! JWT-shaped tokens, signed with HMAC-SHA-256 under the provider's own key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A random text that cannot be guessed (244 bit).
pub fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// `base64url(sha256(text))`: the PKCE challenge of a verifier (RFC 7636, S256).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

/// `header.payload.signature` over the claims.
pub fn sign(key: &[u8], claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let body = format!("{header}.{payload}");
    let signature = mac(key, &body)
        .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        .unwrap_or_default();
    format!("{body}.{signature}")
}

/// The claims of a token this key signed, whatever their times; `None` for anything else.
pub fn open(key: &[u8], token: &str) -> Option<Value> {
    let (body, signature) = token.rsplit_once('.')?;
    let (header, payload) = body.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header["alg"] != "HS256" {
        return None;
    }
    mac(key, body)?
        .verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?)
        .ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn only_the_signing_key_opens_a_token() {
        let claims = json!({"sub": "1", "exp": 5});
        let token = sign(b"key", &claims);
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(open(b"key", &token), Some(claims));
        assert_eq!(open(b"other", &token), None);
        assert_eq!(open(b"key", &format!("{token}x")), None);
        assert_eq!(open(b"key", "nonsense"), None);
    }

    #[test]
    fn the_challenge_matches_the_example_of_rfc_7636() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
