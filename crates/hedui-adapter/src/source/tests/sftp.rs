//! Files on a real SFTP server of the machine: pinned, bounded, replaced as a whole, and in force while the server cannot be reached.
//! Leaves which file of a folder counts to the tests of local drops, which use the same rules.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use hedui_core::{AnswerState, SubjectAnswer};
use tokio::time::Instant;

use super::{LONG, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter};
use crate::manifest::{FileConnector, Manifest, Secret, SftpLogin};
use crate::samples::sftp::SftpServer;
use crate::testing::{query, subject};

/// 2019-07-01 08:00 in China.
const NOW: i64 = 1_561_939_200_000;
const HOUR: i64 = 3_600_000;

/// The department of a connector whose files lie on a server, with the server's place and a key that it lets in.
pub(crate) fn on_server(connector: &str, server: &SftpServer) -> Manifest {
    let values = server.values().unwrap();
    let value = |key: &str| values.iter().find(|(name, _)| *name == key).unwrap().1.clone();
    let connector = format!(
        "{connector}, sftp = {{ host = \"{}\", port = {}, user = \"{}\", host_key = \"{}\", key = \"${{data}}\" }}",
        value("host"),
        value("port"),
        value("user"),
        value("host_key"),
    );
    let mut manifest = manifest(&connector, Path::new("a key"));
    let file = manifest.connector.file_mut().unwrap();
    file.server.as_mut().unwrap().login = SftpLogin::Key(Secret::new(value("key")));
    manifest
}

struct Drop {
    dir: tempfile::TempDir,
    server: SftpServer,
}

impl Drop {
    fn new() -> Drop {
        let dir = tempfile::tempdir().unwrap();
        let server = SftpServer::start(&dir.path().join("server")).unwrap();
        std::fs::create_dir(dir.path().join("drop")).unwrap();
        Drop { dir, server }
    }

    /// The department, with a connector that was changed.
    fn manifest(&self, change: impl FnOnce(&mut FileConnector)) -> Manifest {
        let connector = format!(
            "kind = \"csv\", folder = \"{}\", pattern = \"aid_{{yyyymmdd}}.csv\", key_column = \"who\", refresh = \"0s\", max_age = \"40d\"",
            self.dir.path().join("drop").display(),
        );
        let mut manifest = on_server(&connector, &self.server);
        change(manifest.connector.file_mut().unwrap());
        manifest
    }

    fn put(&self, name: &str, text: &str, written: i64) {
        let path = self.dir.path().join("drop").join(name);
        std::fs::write(&path, text).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_millis(written.unsigned_abs()))
            .unwrap();
    }
}

fn open(manifest: &Manifest) -> MappedAdapter {
    MappedAdapter::open_with(manifest, Arc::new(|| NOW)).unwrap()
}

async fn ask(adapter: &MappedAdapter) -> SubjectAnswer {
    match adapter.query(&query(1), Instant::now() + LONG).await {
        Ok(answers) => answers.into_iter().next().unwrap(),
        Err(failure) => SubjectAnswer::unreachable(0, crate::reason::cause_of(&failure), failure),
    }
}

/// A file with a line of the person asked about, after as many of others.
fn file(others: usize) -> String {
    let person = subject(0);
    let mut text = String::from("who,name,what,amount,day\n");
    for other in 0..others {
        text.push_str(&format!("A{other:08},n,p,1,2019-03-01\n"));
    }
    text.push_str(&format!("{},{},p,5,2019-03-01\n", person.id.expose(), person.name));
    text
}

#[tokio::test]
async fn the_newest_complete_file_is_fetched_whole() {
    let drop = Drop::new();
    let adapter = open(&drop.manifest(|file| file.may_shrink = true));
    assert_eq!(reason(&ask(&adapter).await), "SOURCE_MISSING", "an empty folder");
    // Many pieces, the last of which is short.
    drop.put("aid_20190630.csv", &file(100_000), NOW - HOUR);
    let answer = ask(&adapter).await;
    assert_eq!(answer.state.code(), "FOUND", "{answer:?}");
    assert_eq!(answer.data_on.unwrap().to_string(), "2019-06-30");
    drop.put("aid_20190701.csv", "who,name,what,amount,day\n", NOW - 1_000);
    assert_eq!(ask(&adapter).await.state.code(), "FOUND", "it is being written");
    drop.put("aid_20190701.csv", "who,name,what,amount,day\n", NOW - HOUR);
    let answer = ask(&adapter).await;
    assert_eq!(answer.state.code(), "FOUND", "nobody stands in it: {answer:?}");
    assert!(
        answer.notes.iter().any(|note| note.contains("SOURCE_EMPTY")),
        "{answer:?}"
    );
    let stranger = "who,name,what,amount,day\n110101199003077774,n,p,1,2019-03-01\n";
    drop.put("aid_20190701.csv", stranger, NOW - HOUR);
    assert_eq!(ask(&adapter).await.state, AnswerState::NoRecord);
    let one = open(&drop.manifest(|file| {
        let path = drop.dir.path().join("drop/aid_20190630.csv");
        file.at = crate::manifest::FileAt::Path(path.display().to_string());
    }));
    assert_eq!(ask(&one).await.state.code(), "FOUND", "a single file");
    assert!(
        one.check(None)
            .await
            .iter()
            .all(|c| c.outcome == crate::adapter::Outcome::Pass)
    );
}

#[tokio::test]
async fn a_server_with_another_key_and_a_stranger_are_refused() {
    let drop = Drop::new();
    drop.put("aid_20190630.csv", &file(0), NOW - HOUR);
    let pair = |name: &str| std::fs::read_to_string(drop.dir.path().join("server").join(name)).unwrap();
    let server =
        |change: &dyn Fn(&mut crate::manifest::SftpServer)| drop.manifest(|file| change(file.server.as_mut().unwrap()));
    let client = pair("client.pub");
    let other = server(&|server| client.trim().clone_into(&mut server.host_key));
    let answer = ask(&open(&other)).await;
    assert_eq!(reason(&answer), "SOURCE_REFUSED");
    assert!(answer.failure.unwrap().message.contains("host key"));
    let finger = std::process::Command::new("ssh-keygen")
        .args(["-l", "-f"])
        .arg(drop.dir.path().join("server/host.pub"))
        .output()
        .unwrap();
    let finger = String::from_utf8(finger.stdout).unwrap();
    let finger = finger.split(' ').find(|word| word.starts_with("SHA256:")).unwrap();
    let by_finger = server(&|server| finger.clone_into(&mut server.host_key));
    assert_eq!(ask(&open(&by_finger)).await.state.code(), "FOUND");
    for stranger in [
        server(&|server| server.login = SftpLogin::Key(Secret::new(pair("host")))),
        server(&|server| server.login = SftpLogin::Password(Secret::new("secret-91"))),
    ] {
        let answer = ask(&open(&stranger)).await;
        assert_eq!(reason(&answer), "SOURCE_REFUSED");
        assert!(!format!("{answer:?} {stranger:?}").contains("secret-91"));
    }
    let broken = server(&|server| server.login = SftpLogin::Key(Secret::new("no key")));
    let failure = MappedAdapter::open_with(&broken, Arc::new(|| NOW)).err().unwrap();
    assert!(failure.message.contains("sftp.key"));
    let nobody = server(&|server| server.port = 1);
    assert_eq!(reason(&ask(&open(&nobody)).await), "SOURCE_UNAVAILABLE");
}

#[tokio::test]
async fn a_server_that_falls_silent_leaves_the_file_in_force_until_it_is_too_old() {
    let drop = Drop::new();
    drop.put("aid_20190630.csv", &file(0), NOW - HOUR);
    let now = Arc::new(AtomicI64::new(NOW));
    let clock = now.clone();
    let manifest = drop.manifest(|_| {});
    let adapter = MappedAdapter::open_with(&manifest, Arc::new(move || clock.load(Ordering::SeqCst))).unwrap();
    assert_eq!(ask(&adapter).await.state.code(), "FOUND");
    std::mem::drop(drop);
    let answer = ask(&adapter).await;
    assert_eq!(answer.state.code(), "FOUND");
    assert!(
        answer.notes.iter().any(|note| note.contains("SOURCE_UNAVAILABLE")),
        "{:?}",
        answer.notes
    );
    now.fetch_add(41 * 24 * HOUR, Ordering::SeqCst);
    assert_eq!(reason(&ask(&adapter).await), "SOURCE_OUTDATED");
    assert!(
        open(&manifest)
            .check(None)
            .await
            .iter()
            .any(|c| c.outcome == crate::adapter::Outcome::Fail)
    );
}

#[test]
fn mistakes_in_the_keys_of_a_server_are_named() {
    let found = |sftp: &str| {
        let text = format!(
            "id = \"a\"\nname = {{ zh = \"a\", en = \"a\" }}\nverifies = {{ zh = \"a\", en = \"a\" }}\nrecord_types = [\"subsidy\"]\nlookup_keys = [\"id_number\"]\n\
             freshness = \"0s\"\ndeadline = \"3s\"\nlimits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}\n\
             connector = {{ kind = \"csv\", key_column = \"who\", path = \"a\", max_age = \"1d\", sftp = {{ {sftp} }} }}\nidentity = {{ id_number = \"who\" }}\n\
             record = [{{ type = \"subsidy\", fields = {{ amount = \"a\", paid_on = \"b\" }} }}]\n"
        );
        let variables = crate::manifest::Variables::from([("p".to_owned(), "secret-92".to_owned())]);
        let found = Manifest::parse(&text, &variables).err().unwrap_or_default();
        assert!(!format!("{found:?}").contains("secret-92"));
        found.into_iter().map(|m| m.path).collect::<Vec<_>>()
    };
    let key = "host_key = \"SHA256:uNiVztksCsDhcc0u9e8BrU0w6e8QTC0yEbEOsZsVSTk\"";
    let none: Vec<String> = Vec::new();
    assert_eq!(
        found(&format!("host = \"h\", user = \"u\", password = \"${{p}}\", {key}")),
        none
    );
    for (sftp, expected) in [
        (
            "host = \"h\", user = \"u\", password = \"${p}\"".to_owned(),
            "connector.sftp.host_key",
        ),
        (
            "host = \"h\", user = \"u\", password = \"${p}\", host_key = \"any\"".to_owned(),
            "connector.sftp.host_key",
        ),
        (format!("host = \"h\", user = \"u\", {key}"), "connector.sftp"),
        (
            format!("host = \"h\", user = \"u\", password = \"${{p}}\", key = \"${{p}}\", {key}"),
            "connector.sftp",
        ),
        (
            format!("host = \"h\", user = \"u\", password = \"plain\", {key}"),
            "connector.sftp.password",
        ),
        (
            format!("host = \"h\", user = \"u\", password = \"${{p}}\", port = 0, {key}"),
            "connector.sftp.port",
        ),
        (
            format!("host = \"h\", user = \"u\", password = \"${{p}}\", insecure = true, {key}"),
            "connector.sftp.insecure",
        ),
    ] {
        assert_eq!(found(&sftp), vec![expected], "{sftp}");
    }
}
