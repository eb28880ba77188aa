//! The tests of the Python kit for departments, by the system's pytest.
//! Leaves installing it to `machine`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::step::succeed;

/// Debian's pytest, for Debian's Python: another Python that stands before it in the path need not have one.
pub(crate) const DEBIAN_PYTEST: &str = "/usr/bin/pytest-3";

/// Runs them, and leaves no file behind: what stands in the catalogue's folder is compiled in.
pub(crate) fn test(root: &Path) -> Result<()> {
    succeed(
        Command::new(DEBIAN_PYTEST)
            .args(["-q", "-p", "no:cacheprovider", "tests"])
            .env("PYTHONPATH", "src")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(root.join("adapters/sdk-python")),
    )
}
