//! Seller names as keyed pseudonyms: the same name and key give the same pseudonym, and nobody
//! without the key can try names against it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::photo::hex;

/// The pseudonym of a seller on a platform: 32 hexadecimal digits, the first half of the
/// HMAC-SHA256 (RFC 2104).
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
pub fn pseudonym(key: &[u8], platform: &str, seller: &str) -> String {
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    let mut message = (platform.len() as u64).to_le_bytes().to_vec();
    message.extend(platform.bytes().chain(seller.bytes()));
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(&message);
    hex(&hmac.finalize().into_bytes()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_stays_the_same_over_versions() {
        // python3 -c "import hmac; print(hmac.digest(b'key', bytes([6,0,0,0,0,0,0,0]) +
        // b'marketanna', 'sha256').hex()[:32])"
        assert_eq!(
            pseudonym(b"key", "market", "anna"),
            "0be9fa086226f072cf9aeaa512e769f3"
        );
    }

    #[test]
    fn pseudonyms_depend_on_key_platform_and_seller() {
        let own = pseudonym(b"key", "market", "anna");
        assert_eq!(own, pseudonym(b"key", "market", "anna"));
        for other in [
            pseudonym(b"other", "market", "anna"),
            pseudonym(b"key", "marketa", "nna"),
            pseudonym(b"key", "", "anna"),
        ] {
            assert_ne!(own, other);
        }
    }
}
