//! Seller names as keyed pseudonyms: the same name and key give the same pseudonym, and nobody without the key can
//! try names against it.

use sha2::{Digest, Sha256};

/// Length of the block of SHA-256, bytes.
const BLOCK: usize = 64;

/// HMAC-SHA256 (RFC 2104) of `message`.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(block.map(|b| b ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(block.map(|b| b ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

/// The pseudonym of a seller on a platform: 32 hexadecimal digits, half of the HMAC.
#[must_use]
pub fn pseudonym(key: &[u8], platform: &str, seller: &str) -> String {
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    let mut message = (platform.len() as u64).to_le_bytes().to_vec();
    message.extend(platform.bytes().chain(seller.bytes()));
    hmac_sha256(key, &message)[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hmac_gives_the_values_of_rfc_4231() {
        assert_eq!(
            hex(&hmac_sha256(&[0x0b; 20], b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(&hmac_sha256(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
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
