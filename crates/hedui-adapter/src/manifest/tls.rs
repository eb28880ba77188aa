//! The files of connections over TLS: which a manifest names, and whether they are still the same.
//! Leaves what stands in them to the connectors, which read them when a department is opened.

use std::fs::File;
use std::io::Read as _;

use super::Connector;

/// More than this of a file is not looked at, 1 MiB: certificates are smaller.
const MAX_BYTES: u64 = 1 << 20;

/// Files in PEM form for connections over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authorities that the server's is checked with; those of the system where the connector allows none.
    pub ca: Option<String>,
    /// Our certificate and its key, where the server wants one.
    pub client: Option<(String, String)>,
}

impl TlsFiles {
    /// A BLAKE3 digest of what stands in the files now, by which another content is told; a file that cannot be read is another content too.
    pub fn digest(&self) -> [u8; 32] {
        let client = self.client.iter().flat_map(|(certificate, key)| [certificate, key]);
        let mut all = blake3::Hasher::new();
        for path in self.ca.iter().chain(client) {
            let mut one = blake3::Hasher::new();
            let read = File::open(path).and_then(|file| one.update_reader(file.take(MAX_BYTES)).map(|_| ()));
            all.update(&[u8::from(read.is_ok())]);
            all.update(one.finalize().as_bytes());
        }
        *all.finalize().as_bytes()
    }
}

impl Connector {
    /// The files of its connection over TLS, where it has one.
    pub fn tls(&self) -> Option<&TlsFiles> {
        match self {
            Connector::Postgres(database) | Connector::Mysql(database) => database.tls.as_ref(),
            Connector::Http(http) => http.tls.as_ref(),
            Connector::Json(service) => service.tls.as_ref(),
            Connector::Sqlite { .. }
            | Connector::Odbc(_)
            | Connector::Csv { .. }
            | Connector::Excel { .. }
            | Connector::Dbf { .. }
            | Connector::Grpc { .. }
            | Connector::People(_)
            | Connector::Exec(_)
            | Connector::Peer(_) => None,
        }
    }
}
