//! An SFTP server of the machine (OpenSSH's), started for samples and tests in a folder of its own and stopped when dropped.
//! Leaves installing it to the machine, and putting files there to whoever has some: its files are files of this machine.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::SampleError;

const SSHD: &str = "/usr/sbin/sshd";
const PACKAGE: &str = "openssh-server";
/// Where the server locks itself in before somebody has logged in, when it runs as root.
const PRIVILEGES: &str = "/run/sshd";
/// Ports that others took meanwhile.
const MAX_TRIED: usize = 10;

/// A running server that lets one user in, with one key.
pub struct SftpServer {
    port: u16,
    user: String,
    folder: PathBuf,
    child: Child,
}

impl SftpServer {
    /// Starts a server on a free port of 127.0.0.1, with its keys in `folder`. Blocks until it takes connections.
    ///
    /// # Errors
    /// A program that is not on the machine, by the Debian package that has it; a server that does not start.
    pub fn start(folder: &Path) -> Result<SftpServer, SampleError> {
        if !Path::new(SSHD).is_file() {
            return Err(SampleError::Program(PACKAGE));
        }
        std::fs::create_dir_all(folder)?;
        for key in ["host", "client"] {
            let file = folder.join(key);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
                .arg(&file)
                .stdin(Stdio::null())
                .status();
            if !made.map_err(|_| SampleError::Program(PACKAGE))?.success() {
                return Err(SampleError::Server("ssh-keygen fails".to_owned()));
            }
        }
        let user = Command::new("id").arg("-un").output()?;
        let user = String::from_utf8_lossy(&user.stdout).trim().to_owned();
        if user == "root" && !Path::new(PRIVILEGES).is_dir() {
            std::fs::create_dir_all(PRIVILEGES)?;
        }
        let file = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "ListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nAllowTcpForwarding no\nSubsystem sftp internal-sftp\nForceCommand internal-sftp\n",
            file("host"),
            file("client.pub"),
        );
        std::fs::write(folder.join("sshd_config"), config)?;
        for _ in 0..MAX_TRIED {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            if let Some(child) = listening(&folder.join("sshd_config"), port)? {
                return Ok(SftpServer {
                    port,
                    user,
                    folder: folder.to_owned(),
                    child,
                });
            }
        }
        Err(SampleError::Server("sshd does not start".to_owned()))
    }

    /// The values of a manifest's `host`, `port`, `user`, `host_key` and `key`.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn values(&self) -> Result<[(&'static str, String); 5], SampleError> {
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name));
        Ok([
            ("host", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            ("user", self.user.clone()),
            ("host_key", read("host.pub")?.trim().to_owned()),
            ("key", read("client")?),
        ])
    }
}

/// The server, once it says that it listens; none where it ended before.
fn listening(config: &Path, port: u16) -> Result<Option<Child>, SampleError> {
    let mut child = Command::new(SSHD)
        .args(["-D", "-e", "-f"])
        .arg(config)
        .args(["-p", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let Some(errors) = child.stderr.take() else {
        return Ok(None);
    };
    let mut lines = BufReader::new(errors).lines();
    let is_up = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("Server listening"));
    if !is_up {
        child.wait()?;
        return Ok(None);
    }
    // What it says later is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Ok(Some(child))
}

impl Drop for SftpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
