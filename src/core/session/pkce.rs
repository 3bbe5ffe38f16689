//! The proof that whoever redeems a code is who asked for it (RFC 7636), and what comes back with the code (RFC 9207).

use crate::core::route::query_value;
use crate::core::seal::encode_base64url;
use crate::core::secret::Secret;

/// What a sign-in by code keeps until the browser comes back. It is never stored: a window that is gone has nothing to redeem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Sent with the code.
    pub verifier: Secret<String>,
    /// Has to come back as it was sent.
    pub state: String,
}

impl Proof {
    /// Made of random bytes.
    #[must_use]
    pub fn from_random(verifier: [[u8; 16]; 2], state: [u8; 16]) -> Self {
        Self {
            verifier: Secret::new(encode_base64url(&verifier.concat())),
            state: encode_base64url(&state),
        }
    }

    /// What is sent ahead of the code (RFC 7636 section 4.2, `S256`).
    #[must_use]
    pub fn challenge(&self) -> String {
        encode_base64url(&sha256(self.verifier.expose().as_bytes()))
    }
}

/// Why a code is not redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// There is no code.
    #[error("the answer holds no code")]
    Missing,
    /// It answers another question than ours.
    #[error("the answer is to another request")]
    OtherState,
    /// Another provider answers.
    #[error("another provider has answered")]
    OtherIssuer,
}

/// The code in the query that the browser came back with. `names_issuer`: the provider says that it always names itself.
///
/// # Errors
/// [`CodeError`]
pub fn read_code(
    query: &str,
    proof: &Proof,
    issuer: &str,
    names_issuer: bool,
) -> Result<Secret<String>, CodeError> {
    let query = query.strip_prefix('?').unwrap_or(query);
    let value = |name: &str| query_value(query, name).filter(|text| !text.is_empty());
    if value("state").as_ref() != Some(&proof.state) {
        return Err(CodeError::OtherState);
    }
    match value("iss") {
        Some(said) if said.trim_end_matches('/') != issuer.trim_end_matches('/') => {
            return Err(CodeError::OtherIssuer);
        }
        None if names_issuer => return Err(CodeError::OtherIssuer),
        _ => {}
    }
    value("code").map(Secret::new).ok_or(CodeError::Missing)
}

const ROUNDS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// SHA-256 (FIPS 180-4): a crate for it would be one more in the download, for one line of text.
fn sha256(message: &[u8]) -> [u8; 32] {
    let mut hash: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    let mut padded = message.to_vec();
    padded.push(0x80);
    // The length takes the last eight bytes.
    padded.resize((message.len() + 9).div_ceil(64) * 64, 0);
    let bits = (message.len() as u64 * 8).to_be_bytes();
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&bits);
    for block in padded.chunks_exact(64) {
        compress(&mut hash, block);
    }
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(hash) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn compress(hash: &mut [u32; 8], block: &[u8]) {
    let mut words = [0_u32; 64];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes
            .iter()
            .fold(0, |word, byte| (word << 8) | u32::from(*byte));
    }
    for at in 16..64 {
        let (a, b) = (words[at - 15], words[at - 2]);
        let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
        let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
        words[at] = words[at - 16]
            .wrapping_add(s0)
            .wrapping_add(words[at - 7])
            .wrapping_add(s1);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *hash;
    for (round, word) in ROUNDS.iter().zip(words) {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let first = h
            .wrapping_add(s1)
            .wrapping_add((e & f) ^ (!e & g))
            .wrapping_add(*round)
            .wrapping_add(word);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let second = s0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(second));
    }
    for (sum, add) in hash.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *sum = sum.wrapping_add(add);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_hash_is_that_of_the_standard() {
        for (text, digest) in [
            (
                String::new(),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc".to_owned(),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".to_owned(),
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                "a".repeat(1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ] {
            assert_eq!(hex(&sha256(text.as_bytes())), digest);
        }
        // Around the end of a block.
        let all: Vec<_> = (50..70).map(|len| sha256(&vec![7; len])).collect();
        assert_eq!(all.len(), 20);
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let proof = Proof {
            verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
            state: String::new(),
        };
        assert_eq!(
            proof.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "RFC 7636 appendix B"
        );
        let made = Proof::from_random([[1; 16], [2; 16]], [3; 16]);
        assert_eq!(made.verifier.expose().len(), 43);
    }

    #[test]
    fn a_code_is_taken_from_its_own_provider_to_its_own_request_only() {
        let proof = Proof::from_random([[1; 16], [2; 16]], [3; 16]);
        let state = &proof.state;
        let issuer = "https://id.example/realms/lab";
        let iss = "https%3A%2F%2Fid.example%2Frealms%2Flab";
        let read = |query: &str, names| read_code(query, &proof, issuer, names);
        let good = format!("?code=c1&state={state}&iss={iss}");
        assert_eq!(read(&good, true).unwrap().expose(), "c1");
        assert_eq!(read(&good, false).unwrap().expose(), "c1");
        let silent = format!("?code=c1&state={state}");
        assert!(read(&silent, false).is_ok());
        assert_eq!(read(&silent, true), Err(CodeError::OtherIssuer));
        let other = format!("?code=c1&state={state}&iss=https%3A%2F%2Fevil.example");
        assert_eq!(read(&other, false), Err(CodeError::OtherIssuer));
        for query in ["?code=c1", "?code=c1&state=", "?code=c1&state=x", ""] {
            assert_eq!(read(query, false), Err(CodeError::OtherState), "{query}");
        }
        let empty = format!("?code=&state={state}");
        assert_eq!(read(&empty, false), Err(CodeError::Missing));
    }
}
