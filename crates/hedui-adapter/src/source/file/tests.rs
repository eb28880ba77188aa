//! A place of files that falls silent: no question waits for it longer than it has time.
//! Leaves which file counts to the tests of drops, on real files.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::manifest::{Connector, TextEncoding};
use crate::source::tests::manifest;
use crate::testing::subject;

/// A file that can be looked at so many times; after that the place says nothing any more, as a network drive that is gone.
struct Silent(Arc<AtomicUsize>);

#[async_trait]
impl Shelf for Silent {
    async fn files(&self) -> Result<Vec<Seen>, Failure> {
        let left = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() {
            std::future::pending::<()>().await;
        }
        let (name, bytes) = ("t.csv".to_owned(), 1);
        Ok(vec![Seen {
            name,
            written: 1,
            nanos: 0,
            bytes,
        }])
    }

    async fn read(&self, _: &str) -> Result<Vec<u8>, Failure> {
        let person = subject(0);
        Ok(format!(
            "who,name,what,amount,day\n{},{},p,1,2019-03-01\n",
            person.id.expose(),
            person.name
        )
        .into_bytes())
    }
}

const PATIENCE: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn no_question_waits_longer_than_it_has_time_for_a_place_that_falls_silent() {
    let manifest = manifest(
        "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\"",
        std::path::Path::new("/nowhere"),
    );
    let (Connector::Csv { file, .. }, Some(mapping)) = (&manifest.connector, &manifest.mapping) else {
        panic!("a mapping on a file");
    };
    let format = Format::Delimited {
        encoding: TextEncoding::Utf8,
        delimiter: b',',
    };
    let looks = Arc::new(AtomicUsize::new(usize::MAX));
    let source = File::on(Box::new(Silent(looks.clone())), file, format, mapping, None);
    let people = [subject(0)];
    let ask = |patience| source.rows(&people, Instant::now() + patience);
    assert_eq!(ask(LONG).await.unwrap().len(), 1);
    looks.store(0, Ordering::SeqCst);
    // The first looks itself, the others while it does; all would go on with what they cannot see any more.
    let asked = futures::future::join_all((0..4).map(|_| ask(PATIENCE)));
    let said = tokio::time::timeout(LONG, asked)
        .await
        .expect("a question waits for ever");
    for answer in said {
        assert_eq!(answer.unwrap_err().reason, "SOURCE_TIMEOUT");
    }
}
