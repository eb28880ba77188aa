//! PostgreSQL and MariaDB servers of the machine, started for samples and tests in a folder of their own and stopped when dropped.
//! Leaves installing them to the machine, and what is asked of them to the manifests.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mysql_async::prelude::Queryable as _;

use super::{SampleError, SampleRow, filler, write};
use crate::manifest::{Connector, DatabaseConnector, Manifest, Secret, TlsFiles};

/// The system user that a server runs as where we are root, which both refuse to run as.
const USER: &str = "nobody";
const ADMIN: &str = "hedui";
const PASSWORD: &str = "p'w\"d-7f3a";
const DATABASE: &str = "hedui";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    Mariadb,
}

/// Certificate and key of a server, and the authority that clients must have theirs from; PEM files.
#[derive(Clone, Debug)]
pub struct ServerTls {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authority.
    pub ca: PathBuf,
}

/// A running server with a database and a user that may do everything in it.
pub struct Database {
    kind: Kind,
    port: u16,
    data: PathBuf,
    child: Option<Child>,
    owner: Option<(u32, u32)>,
    _folder: Folder,
}

/// The server's folder, gone with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Database {
    /// Starts a server on a free port of 127.0.0.1, with its data in `folder`, which must not exist. Blocks until it takes connections.
    ///
    /// # Errors
    /// A program that is not on the machine, by the Debian package that has it; a server that does not start.
    pub fn start(kind: Kind, folder: &Path, tls: Option<&ServerTls>) -> Result<Database, SampleError> {
        std::fs::create_dir_all(folder)?;
        let owned = Folder(folder.to_owned());
        let owner = owner(folder)?;
        if let Some((user, group)) = owner {
            chown(folder, Some(user), Some(group))?;
        }
        let mut server = Database {
            kind,
            // Free now, and given by the system to nobody else for a while.
            port: TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port(),
            data: folder.join("data"),
            child: None,
            owner,
            _folder: owned,
        };
        let tls = tls.map(|tls| server.copies(folder, tls)).transpose()?;
        match kind {
            Kind::Postgres => server.start_postgres(folder, tls.as_ref())?,
            Kind::Mariadb => server.start_mariadb(folder, tls.as_ref())?,
        }
        Ok(server)
    }

    /// The connector of a manifest for this server and a query.
    pub fn connector(&self, query: &str) -> DatabaseConnector {
        DatabaseConnector {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: DATABASE.to_owned(),
            user: ADMIN.to_owned(),
            password: Secret::new(PASSWORD),
            tls: None,
            query: query.to_owned(),
            sample: Vec::new(),
        }
    }

    /// The values of a manifest's `host`, `port`, `database`, `user` and `password`.
    pub fn values(&self) -> [(&'static str, String); 5] {
        [
            ("host", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            ("database", DATABASE.to_owned()),
            ("user", ADMIN.to_owned()),
            ("password", PASSWORD.to_owned()),
        ]
    }

    /// Runs statements, separated by semicolons.
    ///
    /// # Errors
    /// The server refuses one.
    pub async fn run(&self, statements: &str) -> Result<(), SampleError> {
        let refused = |what: String| SampleError::Server(what);
        match self.kind {
            Kind::Postgres => {
                let mut config = tokio_postgres::Config::new();
                config
                    .host("127.0.0.1")
                    .port(self.port)
                    .dbname(DATABASE)
                    .user(ADMIN)
                    .password(PASSWORD);
                let connected = config.connect(tokio_postgres::NoTls).await;
                let (client, connection) = connected.map_err(|e| refused(e.to_string()))?;
                let (done, _) = futures::join!(
                    async {
                        let done = client.batch_execute(statements).await;
                        drop(client);
                        done
                    },
                    connection
                );
                done.map_err(|e| refused(e.to_string()))
            }
            Kind::Mariadb => {
                let opts = mysql_async::OptsBuilder::default()
                    .ip_or_hostname("127.0.0.1")
                    .tcp_port(self.port)
                    .db_name(Some(DATABASE))
                    .user(Some(ADMIN))
                    .pass(Some(PASSWORD))
                    .prefer_socket(false);
                let done = async {
                    let mut connection = mysql_async::Conn::new(opts).await?;
                    connection.query_drop(statements).await?;
                    connection.disconnect().await
                };
                done.await.map_err(|e| refused(e.to_string()))
            }
        }
    }

    /// Puts a department's tables with these rows in place of earlier ones of the same names; every column is text. A table `schema.table` is
    /// made in that schema.
    ///
    /// # Errors
    /// Columns or tables that `[source]` does not name, or a server that refuses.
    pub async fn fill(&self, manifest: &Manifest, rows: &[SampleRow]) -> Result<(), SampleError> {
        let quote = if self.kind == Kind::Postgres { '"' } else { '`' };
        let name = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
        // `schema.table` is a table of another schema.
        let place = |table: &str| match table.split_once('.') {
            Some((schema, table)) => format!("{}.{}", name(schema), name(table)),
            None => name(table),
        };
        let mut statements = String::new();
        for table in &manifest.source {
            if let Some((schema, _)) = table.name.split_once('.') {
                let texts = if self.kind == Kind::Mariadb {
                    " CHARACTER SET utf8mb4"
                } else {
                    ""
                };
                statements.push_str(&format!("CREATE SCHEMA IF NOT EXISTS {}{texts};", name(schema)));
            }
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|c| format!("{} VARCHAR(200)", name(c)))
                .collect();
            let (table, columns) = (place(&table.name), columns.join(", "));
            statements.push_str(&format!(
                "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns});"
            ));
        }
        for row in &*filler::filled(manifest, rows) {
            let table = write::table_of(manifest, row)?;
            let value = |cell: Option<&str>| match cell.filter(|text| !text.is_empty()) {
                None => "NULL".to_owned(),
                Some(text) if self.kind == Kind::Mariadb => {
                    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
                }
                Some(text) => format!("'{}'", text.replace('\'', "''")),
            };
            let values: Vec<String> = write::cells(table, row).into_iter().map(value).collect();
            statements.push_str(&format!(
                "INSERT INTO {} VALUES ({});",
                place(&table.name),
                values.join(", ")
            ));
        }
        self.run(&statements).await
    }

    /// A program as the user of the server.
    fn command(&self, program: &Path) -> Command {
        let Some((user, group)) = self.owner else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={user}"))
            .arg(format!("--regid={group}"))
            .args(["--clear-groups", "--"])
            .arg(program);
        command
    }

    /// The files of TLS where the server may read them; a key that others could read is refused.
    fn copies(&self, folder: &Path, tls: &ServerTls) -> Result<ServerTls, SampleError> {
        let copy = |from: &Path, name: &str| -> Result<PathBuf, SampleError> {
            use std::os::unix::fs::PermissionsExt as _;
            let to = folder.join(name);
            std::fs::copy(from, &to)?;
            std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600))?;
            if let Some((user, group)) = self.owner {
                chown(&to, Some(user), Some(group))?;
            }
            Ok(to)
        };
        Ok(ServerTls {
            certificate: copy(&tls.certificate, "server.pem")?,
            key: copy(&tls.key, "server.key")?,
            ca: copy(&tls.ca, "ca.pem")?,
        })
    }

    fn start_postgres(&mut self, folder: &Path, tls: Option<&ServerTls>) -> Result<(), SampleError> {
        let programs = postgres_programs()?;
        let password = folder.join("password");
        std::fs::write(&password, PASSWORD)?;
        let mut init = self.command(&programs.join("initdb"));
        init.arg("--pgdata").arg(&self.data).arg("--pwfile").arg(&password);
        init.args(["--username", ADMIN, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
        init.args(["--locale", "C.UTF-8", "--no-sync", "--no-instructions"]);
        succeed(&mut init, folder)?;
        let mut options = format!(
            "-h 127.0.0.1 -p {} -k {} -c fsync=off -c max_connections=40",
            self.port,
            folder.display()
        );
        if let Some(tls) = tls {
            options.push_str(&format!(
                " -c ssl=on -c ssl_cert_file={} -c ssl_key_file={} -c ssl_ca_file={}",
                tls.certificate.display(),
                tls.key.display(),
                tls.ca.display()
            ));
            let access = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\nhostnossl all all 127.0.0.1/32 scram-sha-256\n";
            std::fs::write(self.data.join("pg_hba.conf"), format!("local all all trust\n{access}"))?;
        }
        let mut start = self.command(&programs.join("pg_ctl"));
        start
            .arg("--pgdata")
            .arg(&self.data)
            .args(["--wait", "--silent", "--options", &options]);
        start.arg("--log").arg(folder.join("log")).arg("start");
        succeed(&mut start, folder)?;
        let mut create = self.command(&programs.join("psql"));
        create.arg("--host").arg(if tls.is_some() {
            folder.as_os_str()
        } else {
            "127.0.0.1".as_ref()
        });
        create.args([
            "--port",
            &self.port.to_string(),
            "--username",
            ADMIN,
            "--dbname",
            "postgres",
            "--quiet",
        ]);
        create
            .args(["--command", &format!("CREATE DATABASE {DATABASE}")])
            .env("PGPASSWORD", PASSWORD);
        succeed(&mut create, folder)
    }

    fn start_mariadb(&mut self, folder: &Path, tls: Option<&ServerTls>) -> Result<(), SampleError> {
        let program = ["/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd", "/usr/bin/mariadbd"];
        let program = program.iter().map(Path::new).find(|path| path.exists());
        let program = program.ok_or(SampleError::Program("mariadb-server-core"))?;
        let mut init = self.command(Path::new("mariadb-install-db"));
        // In the common folder a server that starts removes the temporary tables of every other.
        init.env("TMPDIR", folder);
        init.arg("--no-defaults")
            .arg(format!("--datadir={}", self.data.display()));
        init.args([
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ]);
        succeed(&mut init, folder)?;
        let first = folder.join("init.sql");
        let password = PASSWORD.replace('\'', "''");
        let mut statements = format!(
            "CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4; CREATE USER {ADMIN}@'%' IDENTIFIED BY '{password}';\n\
             GRANT ALL ON *.* TO {ADMIN}@'%';\n"
        );
        statements = statements.replace("; CREATE", ";\nCREATE");
        std::fs::write(&first, statements)?;
        let mut serve = self.command(program);
        serve.env("TMPDIR", folder);
        serve
            .arg("--no-defaults")
            .arg(format!("--datadir={}", self.data.display()));
        serve.arg(format!("--socket={}", folder.join("socket").display()));
        serve.arg(format!("--pid-file={}", folder.join("pid").display()));
        serve.arg(format!("--init-file={}", first.display()));
        serve.arg(format!("--port={}", self.port));
        serve.args([
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        serve.args(["--innodb-buffer-pool-size=16M", "--performance-schema=OFF"]);
        if let Some(tls) = tls {
            serve.arg(format!("--ssl-cert={}", tls.certificate.display()));
            serve.arg(format!("--ssl-key={}", tls.key.display()));
            serve.arg(format!("--ssl-ca={}", tls.ca.display()));
        }
        let mut child = serve
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let errors = child.stderr.take();
        self.child = Some(child);
        let mut lines = BufReader::new(errors.ok_or(SampleError::Program("mariadb-server-core"))?).lines();
        let mut last = String::new();
        for line in lines.by_ref() {
            last = line?;
            if last.contains("ready for connections") {
                // The pipe must stay open and be read, or the server would wait to write to it.
                std::thread::spawn(move || lines.count());
                return Ok(());
            }
        }
        Err(SampleError::Server(last))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.kind == Kind::Postgres
            && self.data.join("postmaster.pid").exists()
            && let Ok(programs) = postgres_programs()
        {
            let mut stop = self.command(&programs.join("pg_ctl"));
            stop.arg("--pgdata").arg(&self.data);
            stop.args(["--mode", "immediate", "--silent", "stop"]);
            let _ = stop
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Points a manifest's database connector at a server, with the query that it has.
pub fn redirect(manifest: &mut Manifest, server: &Database) {
    if let Connector::Postgres(connector) | Connector::Mysql(connector) = &mut manifest.connector {
        *connector = server.connector(&connector.query);
    }
}

/// The server that a manifest's connector needs.
pub fn kind_of(manifest: &Manifest) -> Option<Kind> {
    match manifest.connector {
        Connector::Postgres(_) => Some(Kind::Postgres),
        Connector::Mysql(_) => Some(Kind::Mariadb),
        _ => None,
    }
}

/// TLS for the client of a server.
pub fn client_tls(ca: &Path, certificate: &Path, key: &Path) -> TlsFiles {
    let text = |path: &Path| path.display().to_string();
    TlsFiles {
        ca: Some(text(ca)),
        client: Some((text(certificate), text(key))),
    }
}

/// User and group of the server where we are root.
fn owner(folder: &Path) -> Result<Option<(u32, u32)>, SampleError> {
    // Who made the folder is who we are.
    if std::fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let number = |flag: &str| -> Result<u32, SampleError> {
        let output = Command::new("id").args([flag, USER]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim()
            .parse()
            .map_err(|_| SampleError::Server(format!("there is no user {USER}")))
    };
    Ok(Some((number("-u")?, number("-g")?)))
}

/// Debian keeps the programs of each version apart, outside the path.
fn postgres_programs() -> Result<PathBuf, SampleError> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max();
    let elsewhere = ["/usr/local/bin", "/usr/bin"]
        .map(PathBuf::from)
        .into_iter()
        .find(|bin| bin.join("initdb").exists());
    debian.or(elsewhere).ok_or(SampleError::Program("postgresql"))
}

fn succeed(command: &mut Command, folder: &Path) -> Result<(), SampleError> {
    // To a file: a server that stays behind would hold a pipe open.
    let said = folder.join("said");
    let file = std::fs::File::create(&said)?;
    let status = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    std::fs::File::open(&said)?.take(4_096).read_to_string(&mut text)?;
    Err(SampleError::Server(text))
}
