//! `hedui-verify proof`: the entry, its hash, and every way in which a proof fails.
//! Leaves whole logs to `folder`.

use hedui_log::merkle::leaf_hash;

use crate::fixture::{self, Log, TIME, entry, export, proof, signed};
use crate::{Place, change};

const ASK: [&str; 6] = ["proof", "x.tlog-proof", "--policy", "policy", "--entry", "entry"];

/// A log of 300 entries, and the proof of entry 258.
fn place() -> (Place, Log) {
    let place = Place::new();
    let log = export(&place.path("log"), 300).unwrap();
    place.write("entry", &entry(258));
    place.write("x.tlog-proof", proof(&log, 258).to_string().as_bytes());
    (place, log)
}

#[test]
fn a_true_proof_says_what_was_proved_in_both_forms() {
    let (place, log) = place();
    let (code, json) = place.ask(&ASK);
    assert_eq!((code, &json["verdict"]), (0, &true.into()));
    assert_eq!((&json["index"], &json["size"]), (&258.into(), &300.into()));
    assert_eq!(json["origin"], fixture::ORIGIN);
    assert_eq!(json["root"], log.root.to_string());
    assert_eq!(json["leaf_hash"], leaf_hash(&entry(258)).to_string());
    assert_eq!(json["log_key"], fixture::log_key().verifier().to_string());
    assert_eq!(json["extra_bytes_not_vouched_for"], 4);
    let witnesses = json["witnesses"].as_array().unwrap();
    assert_eq!(witnesses.len(), 2);
    assert_eq!(
        (&witnesses[1]["name"], &witnesses[1]["key"]),
        (&"W1".into(), &"witness.example/w1".into())
    );
    assert_eq!(witnesses[0]["seconds"], TIME);
    assert_eq!(witnesses[1]["time"], "2025-11-22T01:01:00Z");

    let output = place.run(&ASK);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().next(), Some("true"));
    assert!(
        text.contains("witnesses: name W0, key witness.example/w0, time 2025-11-22T01:00:00Z, seconds 1763773200\n")
    );

    let hash = leaf_hash(&entry(258)).to_string();
    let by_hash = ["proof", "x.tlog-proof", "--policy", "policy", "--leaf-hash", &hash];
    assert_eq!(place.ask(&by_hash).1, json);
}

#[test]
fn another_entry_or_hash_is_refused() {
    let (place, _) = place();
    change(&place.path("entry"), |bytes| bytes[0] ^= 1);
    let (code, json) = place.ask(&ASK);
    assert_eq!(
        (code, &json["verdict"], &json["reason"]),
        (1, &false.into(), &"WRONG_ROOT".into())
    );
    let hash = leaf_hash(&entry(259)).to_string();
    let by_hash = ["proof", "x.tlog-proof", "--policy", "policy", "--leaf-hash", &hash];
    assert_eq!(place.ask(&by_hash).1["reason"], "WRONG_ROOT");
    let output = place.run(&ASK);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("false\nreason: WRONG_ROOT\nexplanation: "), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn every_way_to_fail_has_its_reason() {
    let (place, log) = place();
    let good = proof(&log, 258);
    let reason = |text: &str| {
        place.write("x.tlog-proof", text.as_bytes());
        let (code, json) = place.ask(&ASK);
        assert_eq!(code, 1, "{text}");
        json["reason"].as_str().unwrap().to_owned()
    };
    let with = |checkpoint: String| {
        let mut proof = good.clone();
        proof.checkpoint = checkpoint;
        proof.to_string()
    };
    assert_eq!(reason(""), "PROOF_FILE_HEADER");
    assert_eq!(
        reason(&good.to_string().replace("index 258", "index x")),
        "PROOF_FILE_INDEX"
    );
    assert_eq!(
        reason(&good.to_string().replace("index 258", "index 300")),
        "INDEX_OUT_OF_RANGE"
    );
    assert_eq!(
        reason(&good.to_string().replace("index 258", "index 257")),
        "WRONG_ROOT"
    );
    let mut short = good.clone();
    short.path.pop();
    assert_eq!(reason(&short.to_string()), "PROOF_TOO_SHORT");
    let mut long = good.clone();
    long.path.push(log.root);
    assert_eq!(reason(&long.to_string()), "PROOF_TOO_LONG");
    assert_eq!(reason(&with(signed(300, log.root, &[0]))), "QUORUM_NOT_MET");
    assert_eq!(reason(&with(signed(300, log.root, &[]))), "QUORUM_NOT_MET");
    assert_eq!(
        reason(&with(good.checkpoint.replace(fixture::ORIGIN, "other.example"))),
        "UNKNOWN_LOG"
    );
    assert_eq!(
        reason(&with(good.checkpoint.replace("\n300\n", "\n301\n"))),
        "BAD_SIGNATURE"
    );
    let unsigned = good
        .checkpoint
        .lines()
        .filter(|line| !line.contains("\u{2014} log.example"));
    let unsigned: Vec<&str> = unsigned.collect();
    assert_eq!(reason(&with(unsigned.join("\n") + "\n")), "NOT_SIGNED_BY_LOG");
}
