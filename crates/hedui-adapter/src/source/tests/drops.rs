//! Files as departments drop them: headers spelled otherwise, lines that are nobody's, folders in which the newest complete file counts.
//! Leaves damaged single files to the tests of all connectors.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use hedui_core::{AnswerState, SubjectAnswer};
use proptest::prelude::*;
use tokio::time::Instant;

use super::{LONG, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter};
use crate::manifest::{Manifest, NamePattern};
use crate::testing::{query, subject};

/// 2019-07-01 08:00 in China.
const NOW: i64 = 1_561_939_200_000;
const HOUR: i64 = 3_600_000;

/// A department on files, with a clock of its own.
struct Drop {
    dir: tempfile::TempDir,
    adapter: MappedAdapter,
    now: Arc<AtomicI64>,
}

const FOLDER: &str =
    "kind = \"csv\", folder = \"${data}\", pattern = \"aid_{yyyymmdd}.csv\", key_column = \"who\", refresh = \"0s\"";

impl Drop {
    fn new(connector: &str) -> Drop {
        let dir = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(NOW));
        let clock = now.clone();
        let adapter = MappedAdapter::open_with(
            &manifest(connector, dir.path()),
            Arc::new(move || clock.load(Ordering::SeqCst)),
        );
        Drop {
            dir,
            adapter: adapter.unwrap(),
            now,
        }
    }

    fn folder(rest: &str) -> Drop {
        Drop::new(&format!("{FOLDER}, {rest}"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// A file as it is at a time.
    fn put(&self, name: &str, text: &str, written: i64) {
        write(&self.path(name), text, written);
    }

    async fn ask(&self) -> SubjectAnswer {
        match self.adapter.query(&query(1), Instant::now() + LONG).await {
            Ok(answers) => answers.into_iter().next().unwrap(),
            Err(failure) => SubjectAnswer::unreachable(0, crate::reason::cause_of(&failure), failure),
        }
    }

    /// The amounts found, in fen, or why there is none.
    async fn amounts(&self) -> Result<Vec<i64>, String> {
        let answer = self.ask().await;
        match &answer.state {
            AnswerState::Found { records } => Ok(records.iter().map(amount).collect()),
            _ => Err(reason(&answer).to_owned()),
        }
    }
}

fn amount(record: &hedui_core::Record) -> i64 {
    match &record.body {
        hedui_core::RecordBody::Subsidy(subsidy) => subsidy.amount.0,
        _ => panic!("another record"),
    }
}

fn write(path: &Path, text: &str, written: i64) {
    std::fs::write(path, text).unwrap();
    let at = UNIX_EPOCH + Duration::from_millis(written.unsigned_abs());
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(at).unwrap();
}

const HEADER: &str = "who,name,what,amount,day\n";
const STRANGER: &str = "110101199003077774,n,p,1,2019-03-01\n";

/// A line of the person asked about.
fn mine(yuan: u32) -> String {
    let person = subject(0);
    format!("{},{},p,{yuan},2019-03-01\n", person.id.expose(), person.name)
}

fn file(lines: &[&str]) -> String {
    format!("{HEADER}{}", lines.concat())
}

#[tokio::test]
async fn columns_are_found_under_every_spelling_in_any_order_and_never_twice() {
    let spelled = "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\", spellings = { who = [\"身份证号\", \"公民身份号码\"], amount = [\"金额(元)\"] }";
    let person = subject(0);
    let line = format!("p,2019-03-01,12,{},{}\n", person.name, person.id.expose());
    for (header, expected) in [
        ("what,day,amount,name,who", Ok(vec![1_200])),
        ("what,day,金额(元),name,公民身份号码", Ok(vec![1_200])),
        ("WHAT,Day,金额（元）, name ,身份 证号", Ok(vec![1_200])),
        ("what,day,amount,name,证号", Err("SOURCE_MISSING")),
        ("what,day,who,name,身份证号", Err("SOURCE_UNREADABLE")),
    ] {
        let drop = Drop::new(spelled);
        drop.put("t.csv", &format!("{header}\n{line}"), NOW);
        assert_eq!(drop.amounts().await, expected.map_err(str::to_owned), "{header}");
    }
}

/// Lines that could be anybody's.
fn nobodys() -> Vec<String> {
    vec![
        ",n,p,1,2019-03-01\n".to_owned(),
        "511703********0011,n,p,1,2019-03-01\n".to_owned(),
        "5.11703E+17,n,p,1,2019-03-01\n".to_owned(),
        "511703198406129000,n,p,1,2019-03-01\n".to_owned(),
        "x\n".to_owned(),
        format!("110101199003077774,\"n,p,1,2019-03-01\n{}", mine(9)),
    ]
}

#[tokio::test]
async fn a_line_that_may_be_anybodys_keeps_no_record_from_being_said() {
    const STRICT: &str = "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\"";
    let lenient = format!("{STRICT}, quarantine = true");
    for bad in nobodys() {
        let drop = Drop::new(STRICT);
        drop.put("t.csv", &file(&[&mine(5), &bad]), NOW);
        assert_eq!(drop.amounts().await, Err("SOURCE_UNREADABLE".to_owned()), "{bad}");
        let message = drop.ask().await.failure.unwrap().message;
        assert!(message.contains("line 3"), "{message}");

        let drop = Drop::new(&lenient);
        drop.put("t.csv", &file(&[&mine(5), &bad]), NOW);
        let answer = drop.ask().await;
        assert_eq!(answer.state.code(), "FOUND", "{bad}");
        assert!(
            answer.notes.iter().any(|note| note.contains("line 3")),
            "{:?}",
            answer.notes
        );

        let drop = Drop::new(&lenient);
        drop.put("t.csv", &file(&[STRANGER, &bad]), NOW);
        assert_eq!(drop.amounts().await, Err("SOURCE_UNREADABLE".to_owned()), "{bad}");
    }
    let drop = Drop::new(STRICT);
    drop.put(
        "t.csv",
        &file(&[
            STRANGER,
            ",,,,\n",
            "A12345678,n,p,1,2019\n",
            "\"110101199003077774\",\"n\nm\",p,1,2019\n",
        ]),
        NOW,
    );
    assert_eq!(
        drop.amounts().await,
        Err("NO_RECORD".to_owned()),
        "blank lines, other documents, broken cells"
    );
}

#[tokio::test]
async fn rows_that_are_ignored_are_no_record_only_in_a_file_without_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let connector = "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\", quarantine = true";
    let mut manifest = manifest(connector, dir.path());
    let mapping = manifest.mapping.as_mut().unwrap();
    mapping.records[0].when = Some(("what".to_owned(), "other".to_owned()));
    mapping.ignored = vec![("what".to_owned(), "p".to_owned())];
    let strange = mine(5).replace(",p,", ",q,");
    for (lines, expected) in [
        (vec![mine(5)], "NO_RECORD"),
        (vec![mine(5), strange], "ROW_UNREADABLE"),
        (vec![mine(5), "x\n".to_owned()], "SOURCE_UNREADABLE"),
    ] {
        write(&dir.path().join("t.csv"), &format!("{HEADER}{}", lines.concat()), NOW);
        assert_eq!(reason(&super::ask(&manifest, LONG).await), expected);
    }
}

#[tokio::test]
async fn one_persons_unreadable_value_is_no_failure_of_anothers() {
    let drop = Drop::new("kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\"");
    let damaged = mine(5).replace(",5,", ",five,");
    drop.put("t.csv", &file(&[&damaged, &mine(6)]), NOW);
    assert_eq!(drop.amounts().await, Err("ROW_UNREADABLE".to_owned()));
    drop.put("t.csv", &file(&[&STRANGER.replace(",1,", ",one,"), &mine(6)]), NOW + 1);
    assert_eq!(drop.amounts().await, Ok(vec![600]));
}

#[tokio::test]
async fn the_newest_complete_file_of_a_folder_counts_and_gives_its_day() {
    let drop = Drop::folder("max_age = \"40d\"");
    assert_eq!(
        drop.amounts().await,
        Err("SOURCE_MISSING".to_owned()),
        "an empty folder"
    );
    drop.put("aid_20190531.csv", &file(&[&mine(5)]), NOW - HOUR);
    drop.put("aid_20190430.csv", &file(&[&mine(4)]), NOW - HOUR);
    drop.put("readme.txt", "x", NOW - HOUR);
    drop.put(".aid_20190630.csv", "x", NOW - HOUR);
    drop.put("aid_20190630.csv.filepart", "x", NOW - HOUR);
    let answer = drop.ask().await;
    assert_eq!(answer.data_on.unwrap().to_string(), "2019-05-31");
    assert_eq!(
        drop.amounts().await,
        Ok(vec![500]),
        "the day counts, not the order of writing"
    );
    // Being written: the old one stays in force, and nothing is to be said about it.
    drop.put("aid_20190630.csv", HEADER, NOW - 59_000);
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    assert!(drop.ask().await.notes.is_empty());
    drop.put("aid_20190630.csv", &file(&[&mine(6)]), NOW - 59_000);
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    drop.now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(drop.amounts().await, Ok(vec![600]), "a minute of rest");
    // Nobody has a record in it: that is said of its day, too.
    drop.put("aid_20190701.csv", &file(&[STRANGER]), NOW - HOUR);
    let answer = drop.ask().await;
    assert_eq!(
        (answer.state, answer.data_on.unwrap().to_string()),
        (AnswerState::NoRecord, "2019-07-01".to_owned())
    );
    std::fs::remove_file(drop.path("aid_20190701.csv")).unwrap();
    assert_eq!(drop.amounts().await, Ok(vec![600]), "taken back");
}

#[tokio::test]
async fn a_newer_file_that_cannot_be_read_is_noted_and_the_old_one_stays_in_force() {
    let drop = Drop::folder("max_age = \"40d\"");
    drop.put("aid_20190531.csv", &file(&[&mine(5)]), NOW - HOUR);
    drop.put("aid_20190630.csv", "who,name\n", NOW - HOUR);
    for _ in 0..2 {
        let answer = drop.ask().await;
        assert_eq!(answer.state.code(), "FOUND");
        assert!(
            answer.notes.iter().any(|note| note.contains("SOURCE_MISSING")),
            "{:?}",
            answer.notes
        );
    }
    let checked = drop.adapter.check(None).await;
    assert!(
        checked[0].message.contains("column"),
        "the self-test says so: {checked:?}"
    );
    // The same name written over: what is in force is not replaced by an older file.
    drop.put("aid_20190630.csv", &file(&[&mine(6)]), NOW - HOUR + 1);
    assert_eq!(drop.amounts().await, Ok(vec![600]));
    drop.put("aid_20190630.csv", HEADER, NOW);
    assert_eq!(drop.amounts().await, Ok(vec![600]), "it is being written");
    drop.put("aid_20190630.csv", "x\ny\n", NOW - HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![600]), "it cannot be read");
}

#[tokio::test]
async fn a_single_file_that_was_taken_away_answers_none_of_many_questions() {
    let drop = Drop::new("kind = \"csv\", path = \"${data}/aid.csv\", key_column = \"who\"");
    drop.put("aid.csv", &file(&[&mine(7)]), NOW - HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![700]));
    std::fs::remove_file(drop.path("aid.csv")).unwrap();
    // The first looks for the file; the others must not go on with what it held before.
    let said = futures::future::join_all((0..8).map(|_| drop.amounts())).await;
    assert_eq!(said, vec![Err("SOURCE_MISSING".to_owned()); 8]);
    drop.put("aid.csv", &file(&[&mine(8)]), NOW);
    let said = futures::future::join_all((0..8).map(|_| drop.amounts())).await;
    assert_eq!(said, vec![Ok(vec![800]); 8]);
}

#[tokio::test]
async fn a_mark_says_when_a_file_is_complete_and_an_older_one_does_not() {
    let drop = Drop::folder("max_age = \"40d\", done = \".done\"");
    drop.put("aid_20190630.csv", &file(&[&mine(6)]), NOW - HOUR);
    assert_eq!(drop.amounts().await, Err("SOURCE_UNAVAILABLE".to_owned()));
    drop.put("aid_20190630.csv.done", "", NOW - HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![600]));
    drop.put("aid_20190630.csv", HEADER, NOW);
    assert_eq!(drop.amounts().await, Ok(vec![600]), "the mark is of the file before");
    drop.put("aid_20190630.csv", &file(&[&mine(7)]), NOW);
    drop.put("aid_20190630.csv.done", "", NOW);
    assert_eq!(drop.amounts().await, Ok(vec![700]));
}

#[tokio::test]
async fn data_that_is_too_old_is_a_failure_that_says_so() {
    let day = 24 * HOUR;
    // Of the whole of May: old from the first of June.
    let monthly = FOLDER.replace("{yyyymmdd}", "{yyyymm}");
    let of_month = Drop::new(&format!("{monthly}, max_age = \"31d\""));
    of_month.put("aid_201905.csv", &file(&[&mine(5)]), NOW - HOUR);
    of_month.now.store(NOW - 8 * HOUR + day, Ordering::SeqCst);
    assert_eq!(of_month.amounts().await, Ok(vec![500]), "2019-07-02 00:00");
    of_month.now.fetch_add(1, Ordering::SeqCst);
    let answer = of_month.ask().await;
    assert_eq!(reason(&answer), "SOURCE_OUTDATED");
    assert!(answer.failure.unwrap().message.contains("2019-05"));
    let checked = of_month.adapter.check(None).await;
    assert_eq!(checked[0].outcome, crate::adapter::Outcome::Fail);
    // Without a day anywhere, the file's own age counts.
    let undated = Drop::new("kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\", max_age = \"2h\"");
    undated.put("t.csv", &file(&[&mine(5)]), NOW - 2 * HOUR);
    assert_eq!(undated.amounts().await, Ok(vec![500]));
    undated.now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(undated.amounts().await, Err("SOURCE_OUTDATED".to_owned()));
}

#[tokio::test]
async fn the_latest_day_of_a_column_is_the_day_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let connector = "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\", max_age = \"40d\"";
    let mut manifest = manifest(connector, dir.path());
    let column = crate::mapping::DataOn::Column("day".to_owned(), crate::mapping::DateFormat::Dashed);
    manifest.mapping.as_mut().unwrap().data_on = Some(column);
    let newer = STRANGER.replace("2019-03-01", "2019-06-15");
    write(&dir.path().join("t.csv"), &file(&[STRANGER, &newer]), NOW);
    let adapter = MappedAdapter::open_with(&manifest, Arc::new(|| NOW)).unwrap();
    let answer = adapter.query(&query(1), Instant::now() + LONG).await.unwrap().remove(0);
    assert_eq!(
        (answer.state, answer.data_on.unwrap().to_string()),
        (AnswerState::NoRecord, "2019-06-15".to_owned())
    );
    write(&dir.path().join("t.csv"), &file(&[STRANGER]), NOW);
    let failure = adapter.query(&query(1), Instant::now() + LONG).await.unwrap_err();
    assert_eq!(failure.reason, "SOURCE_OUTDATED");
}

#[tokio::test]
async fn what_needs_the_time_does_not_open_without_a_clock() {
    let dir = tempfile::tempdir().unwrap();
    for rest in ["max_age = \"40d\"", "max_age = \"40d\", done = \".done\""] {
        let failure = MappedAdapter::open(&manifest(&format!("{FOLDER}, {rest}"), dir.path()))
            .err()
            .unwrap();
        assert!(failure.message.contains("clock"), "{failure:?}");
    }
}

#[test]
fn mistakes_in_the_keys_of_files_are_named() {
    let mistakes = |connector: &str| -> Vec<String> {
        let text = format!(
            "id = \"a\"\nname = {{ zh = \"a\", en = \"a\" }}\nverifies = {{ zh = \"a\", en = \"a\" }}\nrecord_types = [\"subsidy\"]\nlookup_keys = [\"id_number\"]\n\
             freshness = \"0s\"\ndeadline = \"3s\"\nlimits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}\n\
             connector = {{ kind = \"csv\", key_column = \"who\", {connector} }}\nidentity = {{ id_number = \"who\" }}\n\
             record = [{{ type = \"subsidy\", fields = {{ amount = \"a\", paid_on = \"b\" }} }}]\n"
        );
        let found = Manifest::parse(&text, &crate::manifest::Variables::new());
        found.err().unwrap_or_default().into_iter().map(|m| m.path).collect()
    };
    for (connector, expected) in [
        ("path = \"a\"", vec![]),
        ("folder = \"a\", pattern = \"b_*.csv\", max_age = \"1d\"", vec![]),
        ("folder = \"a\", pattern = \"b_*.csv\"", vec!["connector.max_age"]),
        ("folder = \"a\", max_age = \"1d\"", vec!["connector.pattern"]),
        ("path = \"a\", pattern = \"b\"", vec!["connector.pattern"]),
        (
            "path = \"a\", folder = \"a\", pattern = \"b\", max_age = \"1d\"",
            vec!["connector.path"],
        ),
        (
            "folder = \"a\", pattern = \"x/b\", max_age = \"1d\"",
            vec!["connector.pattern"],
        ),
        (
            "folder = \"a\", pattern = \"{mm}\", max_age = \"1d\"",
            vec!["connector.pattern"],
        ),
        (
            "folder = \"a\", pattern = \"{yyyy}{yyyymm}\", max_age = \"1d\"",
            vec!["connector.pattern"],
        ),
        (
            "folder = \"a\", pattern = \"a***\", max_age = \"1d\"",
            vec!["connector.pattern"],
        ),
        ("path = \"a\", max_age = \"0s\"", vec!["connector.max_age"]),
        ("path = \"a\", done = \"../x\"", vec!["connector.done"]),
        (
            "path = \"a\", done = \".ok\", settle = \"1s\"",
            vec!["connector.settle"],
        ),
        ("path = \"a\", spellings = { a = [] }", vec!["connector.spellings.a"]),
        (
            "path = \"a\", spellings = { a = [\"x\"], b = [\"x\"] }",
            vec!["connector.spellings.b"],
        ),
        ("path = \"a\", watch = true", vec!["connector.watch"]),
    ] {
        assert_eq!(mistakes(connector), expected, "{connector}");
    }
}

proptest! {
    /// A name that was made of a pattern and a day fits it, and gives the day back.
    #[test]
    fn a_name_gives_back_its_day(before in "[a-z车_]{0,5}", after in "[a-z辆.]{0,5}", y in 1950i16..2100, m in 1i8..=12, d in 1i8..=28) {
        for (word, date) in [("yyyymmdd", (y, m, d)), ("yyyy-mm-dd", (y, m, d)), ("yyyymm", (y, m, 0)), ("yyyy-mm", (y, m, 0)), ("yyyy", (y, 0, 0))] {
            let pattern = NamePattern::parse(&format!("a{before}{{{word}}}{after}*.csv")).unwrap();
            let date = hedui_core::PartialDate::new(date.0, date.1, date.2).unwrap();
            let name = pattern.name(date);
            prop_assert_eq!(pattern.read(&name), Some(Some(date)), "{}", &name);
            prop_assert_eq!(pattern.read(&name.replace(".csv", ".cs")), None);
        }
    }

    /// However a file is cut off, what is left of it never says "no record" of somebody who stands in it, unless whole lines are gone.
    #[test]
    fn a_file_that_was_cut_off_within_a_line_is_never_no_record(at in 0usize..60) {
        let whole = file(&[STRANGER, &mine(5)]);
        let start = whole.find(subject(0).id.expose()).unwrap();
        let mut end = (start + 1 + at).min(whole.len());
        while !whole.is_char_boundary(end) {
            end += 1;
        }
        let sheet = super::super::sheet::Format::Delimited { encoding: crate::manifest::TextEncoding::Utf8, delimiter: b',' };
        let sheet = sheet.parse(whole.as_bytes()[..end].to_vec()).unwrap();
        prop_assert!(!sheet.unknown.is_empty() || sheet.rows.len() == 2);
    }
}

/// So many lines about somebody else.
fn strangers(lines: usize) -> String {
    file(&[&STRANGER.repeat(lines)])
}

#[tokio::test]
async fn a_file_of_which_most_is_missing_is_an_export_that_broke_off_unless_it_may_be_so() {
    const SINGLE: &str = "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\"";
    let (shrunk, nobody) = (Err("SOURCE_SHRUNK".to_owned()), Err("NO_RECORD".to_owned()));
    let whole = strangers(600) + &mine(5);
    let drop = Drop::new(SINGLE);
    drop.put("t.csv", &whole, NOW);
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    drop.put("t.csv", &strangers(250), NOW + HOUR);
    assert_eq!(drop.amounts().await, shrunk);
    assert_eq!(
        drop.amounts().await,
        shrunk,
        "what it was is remembered when nothing is in force"
    );
    let message = drop.ask().await.failure.unwrap().message;
    assert!(message.contains("may_shrink = true"), "{message}");
    drop.put("t.csv", &strangers(400), NOW + 2 * HOUR);
    assert_eq!(drop.amounts().await, nobody, "more than half is there");

    let lenient = Drop::new(&format!("{SINGLE}, may_shrink = true"));
    lenient.put("t.csv", &whole, NOW);
    assert_eq!(lenient.amounts().await, Ok(vec![500]));
    lenient.put("t.csv", &strangers(1), NOW + HOUR);
    assert_eq!(lenient.amounts().await, nobody);

    let small = Drop::new(SINGLE);
    small.put("t.csv", &(strangers(100) + &mine(5)), NOW);
    assert_eq!(small.amounts().await, Ok(vec![500]));
    small.put("t.csv", &strangers(1), NOW + HOUR);
    assert_eq!(small.amounts().await, nobody, "of few people most may go");
}

#[tokio::test]
async fn in_a_folder_the_file_before_one_that_broke_off_stays_in_force_also_after_a_restart() {
    const AGED: &str = "max_age = \"60d\", settle = \"0s\"";
    let drop = Drop::folder(AGED);
    drop.put("aid_20190601.csv", &(strangers(600) + &mine(5)), NOW - 48 * HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    drop.put("aid_20190630.csv", &strangers(3), NOW - HOUR);
    let clock = drop.now.clone();
    let again = MappedAdapter::open_with(
        &manifest(&format!("{FOLDER}, {AGED}"), drop.dir.path()),
        Arc::new(move || clock.load(Ordering::SeqCst)),
    );
    for adapter in [drop.adapter, again.unwrap()] {
        let answers = adapter.query(&query(1), Instant::now() + LONG).await.unwrap();
        assert_eq!(answers[0].state.code(), "FOUND");
        let notes = &answers[0].notes;
        assert!(notes.iter().any(|note| note.contains("SOURCE_SHRUNK")), "{notes:?}");
        assert_eq!(adapter.check(None).await[0].outcome, crate::adapter::Outcome::Fail);
    }
}

#[tokio::test]
async fn the_file_before_one_that_broke_off_is_the_largest_of_those_that_stand_there_and_can_be_read() {
    const AGED: &str = "max_age = \"90d\", settle = \"0s\"";
    let whole = strangers(600) + &mine(5);
    // So many exports broke off before the start.
    for broken in 1..=5 {
        let drop = Drop::folder(AGED);
        drop.put("aid_20190601.csv", &whole, NOW - 720 * HOUR);
        for day in 0..broken {
            drop.put(
                &format!("aid_201906{}.csv", 30 - day),
                &strangers(3),
                NOW - (24 * day + 1) * HOUR,
            );
        }
        assert_eq!(drop.amounts().await, Ok(vec![500]), "{broken}");
    }

    // One that was far too large was taken, and is taken back: the one before it counts again, and so does a new one of its size.
    let drop = Drop::folder(AGED);
    drop.put("aid_20190601.csv", &whole, NOW - 72 * HOUR);
    drop.put("aid_20190629.csv", &strangers(2_000), NOW - 25 * HOUR);
    assert_eq!(drop.amounts().await, Err("NO_RECORD".to_owned()));
    std::fs::remove_file(drop.path("aid_20190629.csv")).unwrap();
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    drop.put("aid_20190630.csv", &whole.replace(",5,", ",6,"), NOW - HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![600]));

    // Whoever clears files away when they were taken is not trusted more.
    let drop = Drop::folder(AGED);
    drop.put("aid_20190601.csv", &whole, NOW - 72 * HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    std::fs::remove_file(drop.path("aid_20190601.csv")).unwrap();
    drop.put("aid_20190630.csv", &strangers(3), NOW - HOUR);
    assert_eq!(drop.amounts().await, Err("SOURCE_SHRUNK".to_owned()));

    // What lies there besides has a form that is read no more.
    let drop = Drop::folder(AGED);
    drop.put("aid_20190601.csv", &whole.replace("who,", "whom,"), NOW - 72 * HOUR);
    drop.put("aid_20190630.csv", &file(&[&mine(5)]), NOW - HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![500]));

    // Where a file may be empty it may shrink.
    let drop = Drop::folder(&format!("{AGED}, may_be_empty = true"));
    drop.put("aid_20190601.csv", &whole, NOW - 72 * HOUR);
    assert_eq!(drop.amounts().await, Ok(vec![500]));
    drop.put("aid_20190630.csv", HEADER, NOW - HOUR);
    assert_eq!(drop.amounts().await, Err("NO_RECORD".to_owned()));
}
