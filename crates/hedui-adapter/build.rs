//! Rebuilds the crate when the catalogue in `adapters/` changes, new folders included.
//! Leaves embedding it to `catalogue`.

fn main() {
    println!("cargo:rerun-if-changed=../../adapters");
}
