//! Signed questions: HMAC-SHA-256 over what is asked and when, so that the service knows who asks and that nothing was changed.
//! Leaves the time to the clock that is passed in. The canonical text is described in this crate's README.

use ring::{digest, hmac};

/// What is signed: four lines, joined by line feeds and without one at the end.
pub(super) fn canonical(method: &str, target: &str, seconds: i64, body: &[u8]) -> String {
    let body = hex(digest::digest(&digest::SHA256, body).as_ref());
    format!("{method}\n{target}\n{seconds}\n{body}")
}

/// The signature in lower-case hexadecimal.
pub(super) fn signature(key: &str, canonical: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hex(hmac::sign(&key, canonical.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        let signed = signature("Jefe", "what do ya want for nothing?");
        assert_eq!(
            signed,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn every_part_of_the_question_changes_what_is_signed() {
        let base = canonical("POST", "/a?b=c", 1_000, b"body");
        let others = [
            canonical("GET", "/a?b=c", 1_000, b"body"),
            canonical("POST", "/a?b=d", 1_000, b"body"),
            canonical("POST", "/a?b=c", 1_001, b"body"),
            canonical("POST", "/a?b=c", 1_000, b""),
        ];
        assert!(others.iter().all(|other| *other != base));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(others[3], format!("POST\n/a?b=c\n1000\n{empty}"));
    }
}
