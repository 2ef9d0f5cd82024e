//! Signed tokens, as an identity provider hands them out.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64ct::{Base64UrlUnpadded, Encoding};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};

/// Signs tokens that the sample `jwt` accepts, and others.
#[derive(Clone, Debug)]
pub struct Issuer {
    key: SigningKey,
}

impl Issuer {
    /// The one whose public key is in the sample.
    ///
    /// # Errors
    /// If the key of the fixtures cannot be read.
    pub fn of_sample() -> Result<Self> {
        let pem = include_str!("../../fixtures/test-only-key.pem");
        let key =
            SigningKey::from_pkcs8_pem(pem).context("fixtures/test-only-key.pem is no key")?;
        Ok(Self { key })
    }

    /// One whom nobody knows.
    ///
    /// # Errors
    /// Never: its key is a constant.
    pub fn stranger() -> Result<Self> {
        let key = SigningKey::from_slice(&[7; 32]).context("a constant is no key")?;
        Ok(Self { key })
    }

    /// A token that holds for an hour, with these claims beside or instead of the usual ones; one
    /// that is `null` is left out.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.sign(
            &json!({ "alg": "ES256", "kid": "example" }),
            &Self::payload(claims),
        )
    }

    /// What [`Issuer::token`] signs.
    #[must_use]
    pub fn payload(claims: &Value) -> Value {
        let mut payload = json!({
            "iss": "https://issuer.example.com",
            "aud": "checkout",
            "exp": now() + 3_600,
        });
        if let (Some(payload), Some(claims)) = (payload.as_object_mut(), claims.as_object()) {
            payload.extend(claims.clone());
            payload.retain(|_, value| !value.is_null());
        }
        payload
    }

    /// A token of just this header and payload.
    #[must_use]
    pub fn sign(&self, header: &Value, payload: &Value) -> String {
        let text = [header, payload].map(|part| base64(part.to_string().as_bytes()));
        let text = text.join(".");
        let signature: Signature = self.key.sign(text.as_bytes());
        format!("{text}.{}", base64(&signature.to_bytes()))
    }
}

/// Seconds since the Unix epoch.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// Bytes in the alphabet of tokens.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}
