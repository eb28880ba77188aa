//! Compiles `proto/` with protox, so that no `protoc` is needed. Leaves every rule of meaning to the crates that use the code.

use prost::Message as _;

const FILES: &[&str] = &[
    "hedui/department/v1/department_service.proto",
    "hedui/verification/v1/verification_service.proto",
    "hedui/audit/v1/audit_service.proto",
    "hedui/operations/v1/operations_service.proto",
    "hedui/retention/v1/retention_service.proto",
    "hedui/reevaluation/v1/reevaluation_service.proto",
    "hedui/task/v1/task_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Told when it runs, not when it was compiled: a checkout may have been moved with what was built in it.
    let root = told("CARGO_MANIFEST_DIR")?.join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES, [&root])?;
    let out = told("OUT_DIR")?;
    std::fs::write(out.join("hedui.binpb"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".")
        .build_transport(true)
        .compile_fds(descriptors)?;
    Ok(())
}

/// A folder that Cargo tells build scripts through the environment.
#[allow(clippy::disallowed_methods)]
fn told(name: &str) -> Result<std::path::PathBuf, std::env::VarError> {
    std::env::var(name).map(std::path::PathBuf::from)
}
