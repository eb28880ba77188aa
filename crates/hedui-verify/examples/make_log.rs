//! Writes a made-up log for trying the program: `cargo run --example make_log FOLDER [ENTRIES]`.
//! Leaves real logs to real operators: these keys are public.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an example stops where it fails"
)]

#[path = "../tests/cli/fixture.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests")]
mod fixture;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "made-up-log".to_owned()));
    let size = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let log = fixture::export(&folder.join("log"), size)?;
    fixture::write(&folder, "policy", fixture::policy().as_bytes())?;
    let index = size / 2;
    if index < size {
        fixture::write(&folder, "entry", &fixture::entry(index))?;
        fixture::write(
            &folder,
            "entry.tlog-proof",
            fixture::proof(&log, index).to_string().as_bytes(),
        )?;
    }
    let earlier = fixture::signed(index, fixture::root_at(index), &[]);
    fixture::write(&folder, "earlier", earlier.as_bytes())
}
