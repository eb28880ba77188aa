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
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES, [&root])?;
    #[allow(clippy::disallowed_methods)] // Cargo tells build scripts where to write through the environment.
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("hedui.binpb"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".")
        .build_transport(true)
        .compile_fds(descriptors)?;
    Ok(())
}
