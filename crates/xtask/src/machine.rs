//! What the machine must have: a C compiler for the bundled SQLite, cargo's formatter and linter, servers that departments are tested on.
//! Installs Debian packages that are missing and nothing else; a Rust toolchain is the reader's to install.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{output, say, succeed};

/// A Debian package, and the program whose presence makes it unnecessary.
struct Package {
    name: &'static str,
    program: Option<&'static str>,
    needed_for: &'static str,
}

/// Few on purpose: everything else is Rust. The servers are never used as services of the system.
const PACKAGES: [Package; 13] = [
    Package {
        name: "gcc",
        program: Some("cc"),
        needed_for: "linking, the bundled SQLite, the allocator",
    },
    Package {
        name: "libc6-dev",
        program: None,
        needed_for: "the headers that gcc needs",
    },
    Package {
        name: "make",
        program: Some("make"),
        needed_for: "build scripts that compile C",
    },
    Package {
        name: "postgresql",
        program: None,
        needed_for: "a department on PostgreSQL: the tests start a server of their own",
    },
    Package {
        name: "mariadb-server-core",
        program: Some("/usr/sbin/mariadbd"),
        needed_for: "a department on MariaDB: the tests start a server of their own",
    },
    Package {
        name: "mariadb-client-core",
        program: None,
        needed_for: "setting up that server's folder",
    },
    Package {
        name: "python3",
        program: Some("python3"),
        needed_for: "departments whose programs are written in Python: the tests start some",
    },
    Package {
        name: "python3-pytest",
        program: Some(crate::python::DEBIAN_PYTEST),
        needed_for: "the tests of the kit for such programs",
    },
    Package {
        name: "python3-cryptography",
        program: None,
        needed_for: "signed answers of such programs",
    },
    Package {
        name: "python3-grpcio",
        program: None,
        needed_for: "such programs that serve gRPC",
    },
    Package {
        name: "openssh-server",
        program: None,
        needed_for: "files of a department over SFTP: the tests start a server of their own",
    },
    Package {
        name: "unixodbc-dev",
        program: None,
        needed_for: "linking the connector for ODBC, which the default build leaves out",
    },
    Package {
        name: "libsqliteodbc",
        program: None,
        needed_for: "a driver to test that connector with",
    },
];

/// Makes the machine ready, or says what is missing.
pub(crate) fn prepare(root: &Path) -> Result<()> {
    for component in ["fmt", "clippy"] {
        if output(Command::new("cargo").args([component, "--version"]).current_dir(root)).is_none() {
            bail!("cargo {component} is missing: `rustup component add rustfmt clippy`");
        }
    }
    let missing: Vec<&Package> = PACKAGES.iter().filter(|package| !is_there(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        say(&format!("    missing: {} ({})", package.name, package.needed_for));
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let by_hand = format!("install these packages by hand: {}", names.join(" "));
    if output(Command::new("apt-get").arg("--version")).is_none() {
        bail!("this machine has no apt-get; {by_hand}");
    }
    let root_user = output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if !root_user && output(Command::new("sudo").args(["--non-interactive", "true"])).is_none() {
        bail!("packages need root, and sudo is missing or asks for a password; {by_hand}");
    }
    succeed(&mut apt_get(root_user, &["update"])).map_err(|error| error.context(by_hand.clone()))?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(names);
    succeed(&mut apt_get(root_user, &install)).map_err(|error| error.context(by_hand))
}

/// Whether the package is there, or its program from elsewhere. Without dpkg a package of headers cannot be
/// looked for and counts as there: the first build says otherwise.
fn is_there(package: &Package) -> bool {
    if let Some(program) = package.program {
        return output(Command::new(program).arg("--version")).is_some();
    }
    if output(Command::new("dpkg-query").arg("--version")).is_none() {
        return true;
    }
    output(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package.name]))
        .is_some_and(|status| status.starts_with("installed"))
}

/// apt-get that never asks, through sudo where the user is not root.
fn apt_get(root_user: bool, arguments: &[&str]) -> Command {
    let mut command = if root_user {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "env"]);
        sudo
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(arguments);
    command
}

#[cfg(test)]
mod tests;
