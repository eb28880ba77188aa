//! The texts of the two files.
//! Leaves what stands in them to `guess`, and whether it answers to the cases themselves.

use std::fmt::Write as _;

use hedui_core::{Record, RecordType};
use hedui_ids::{Date, DivisionCode, ResidentId};
use serde_json::{Map, Value as Json};

use super::{Begin, BeginConnector, BeginFile};
use crate::adapter::LookupKey;
use crate::guess::{From, Guess};
use crate::manifest::{
    DatabaseConnector, HttpConnector, Manifest, OdbcConnector, ReplyFormat, SftpLogin, TextEncoding,
};
use crate::mapping::{DateFormat, FieldKind, FieldSource, Mapping};
use crate::samples::{SampleRow, sample_row};
use crate::source::inspect::server::{Server, identifier, table_name};
use crate::source::query::Dialect;

/// A text in quotes, as TOML reads it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key: quoted unless it is bare.
fn key(text: &str) -> String {
    let bare = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { text.to_owned() } else { quoted(text) }
}

/// A list of texts.
fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// `department.toml`.
pub(super) fn manifest(wanted: &Begin, guess: &Guess) -> String {
    let name = format!(
        "{{ zh = {}, en = {} }}",
        quoted(&wanted.name_zh),
        quoted(&wanted.name_en)
    );
    let word = guess.record_type.word();
    let columns = list(wanted.table.columns.iter().map(|c| c.name.as_str()));
    let table = if wanted.table.name.is_empty() {
        "rows"
    } else {
        &wanted.table.name
    };
    let mut keys = vec!["id_number"];
    keys.extend(asks_legacy(wanted).then_some("legacy_id_number"));
    keys.extend(guess.name.as_ref().map(|_| "name"));
    let keys = list(keys);
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "id = {}\nname = {name}\nverifies = {{ zh = {}, en = {} }}\nrecord_types = {}\nlookup_keys = {keys}\nfreshness = \"24h\"\ndeadline = \"3s\"\n\
         limits = {{ max_subjects = 20, max_concurrent_queries = 8, max_response_bytes = 1048576 }}\n\
         source = {{ tables = [{{ name = {}, columns = {columns} }}] }}\n",
        quoted(&wanted.id),
        quoted(title(guess.record_type)),
        quoted(&word.replace('_', " ")),
        list([word]),
        quoted(table),
    );
    connector(wanted, guess, &mut out);
    let _ = writeln!(out, "[identity]\nid_number = {}", quoted(&guess.id_number));
    if let Some(name) = &guess.name {
        let _ = writeln!(out, "name = {}", quoted(name));
    }
    let _ = writeln!(out, "\n[[record]]\ntype = {}", quoted(word));
    if let Some(reference) = &guess.reference {
        let _ = writeln!(out, "reference = {}", quoted(reference));
    }
    let _ = writeln!(out, "[record.fields]");
    for (field, from) in &guess.fields {
        let _ = writeln!(out, "{} = {}", field.name, source(from));
    }
    out
}

/// Whether a row under the 15-digit number is found: a web service finds what its template asks for.
fn asks_legacy(wanted: &Begin) -> bool {
    match &wanted.connector {
        BeginConnector::Http(http) => [Some(&http.url), http.body.as_ref()]
            .into_iter()
            .flatten()
            .any(|t| t.contains("legacy_id")),
        _ => true,
    }
}

fn connector(wanted: &Begin, guess: &Guess, out: &mut String) {
    let text = match &wanted.connector {
        BeginConnector::Sqlite { path } => {
            let query = query(Dialect::Sqlite, wanted, guess);
            let sample = sample(Dialect::Sqlite, wanted, guess);
            format!(
                "kind = \"sqlite\"\npath = {}\nquery = {}\n{sample}",
                quoted(path),
                quoted(&query)
            )
        }
        BeginConnector::Server(server, database) => {
            let query = query(server.dialect(), wanted, guess);
            let sample = sample(server.dialect(), wanted, guess);
            format!(
                "{}query = {}\n{sample}",
                self::server(*server, database),
                quoted(&query)
            )
        }
        BeginConnector::Odbc(database) => {
            let query = query(Dialect::Odbc, wanted, guess);
            let sample = sample(Dialect::Odbc, wanted, guess);
            format!("{}query = {}\n{sample}", odbc(database), quoted(&query))
        }
        BeginConnector::Csv {
            file,
            encoding,
            delimiter,
        } => format!(
            "kind = \"csv\"\n{}encoding = \"{}\"\ndelimiter = {}\nkey_column = {}\n",
            self::file(file),
            encoding_word(*encoding),
            quoted(&delimiter.to_string()),
            quoted(&guess.id_number)
        ),
        BeginConnector::Excel { file } => format!(
            "kind = \"excel\"\n{}sheet = {}\nkey_column = {}\n",
            self::file(file),
            quoted(&wanted.table.name),
            quoted(&guess.id_number)
        ),
        BeginConnector::Dbf { file, encoding } => format!(
            "kind = \"dbf\"\n{}encoding = \"{}\"\nkey_column = {}\n",
            self::file(file),
            encoding_word(*encoding),
            quoted(&guess.id_number)
        ),
        BeginConnector::Http(http) => web(http),
    };
    // Writing to a string does not fail.
    let _ = writeln!(out, "[connector]\n{text}");
}

const fn encoding_word(encoding: TextEncoding) -> &'static str {
    match encoding {
        TextEncoding::Utf8 => "utf-8",
        TextEncoding::Gb18030 => "gb18030",
    }
}

/// Finds a person's rows by every form of the number.
fn query(dialect: Dialect, wanted: &Begin, guess: &Guess) -> String {
    let columns = wanted.table.columns.iter().map(|c| identifier(dialect, &c.name));
    format!(
        "SELECT {} FROM {} WHERE {} IN (:id_number, :lower_id_number, :legacy_id_number)",
        columns.collect::<Vec<_>>().join(", "),
        table_name(dialect, &wanted.table.name),
        identifier(dialect, &guess.id_number)
    )
}

/// What the query compares, of some people: whether it finds them is tried. Behind a driver nobody knows how to say how many; there the reading ends.
fn sample(dialect: Dialect, wanted: &Begin, guess: &Guess) -> String {
    let column = identifier(dialect, &guess.id_number);
    let table = table_name(dialect, &wanted.table.name);
    let limit = if dialect == Dialect::Odbc { "" } else { " LIMIT 200" };
    format!("sample = {}\n", quoted(&format!("SELECT {column} FROM {table}{limit}")))
}

/// How a database server is reached.
fn server(server: Server, database: &DatabaseConnector) -> String {
    let kind = match server {
        Server::Postgres => "postgres",
        Server::Mysql => "mysql",
    };
    let mut text = format!(
        "kind = \"{kind}\"\nhost = {}\nport = {}\ndatabase = {}\nuser = {}\npassword = {}\n",
        quoted(&database.host),
        database.port,
        quoted(&database.database),
        quoted(&database.user),
        // The name of the variable that holds it.
        quoted(database.password.expose()),
    );
    if let Some(ca) = database.tls.as_ref().and_then(|tls| tls.ca.as_ref()) {
        text.push_str(&format!("tls = {{ ca = {} }}\n", quoted(ca)));
    }
    text
}

/// Where a file lies, and how old it may be.
fn file(file: &BeginFile) -> String {
    let mut text = match &file.dropped {
        None => format!("path = {}\n", quoted(&file.at)),
        Some((pattern, _)) => format!("folder = {}\npattern = {}\n", quoted(&file.at), quoted(pattern)),
    };
    if let Some((_, Some(done))) = &file.dropped {
        text.push_str(&format!("done = {}\n", quoted(done)));
    }
    if let Some(max_age) = &file.max_age {
        text.push_str(&format!("max_age = {}\n", quoted(max_age)));
    }
    if let Some(server) = &file.server {
        let (word, secret) = match &server.login {
            SftpLogin::Password(secret) => ("password", secret),
            SftpLogin::Key(secret) => ("key", secret),
        };
        text.push_str(&format!(
            "sftp = {{ host = {}, port = {}, user = {}, host_key = {}, {word} = {} }}\n",
            quoted(&server.host),
            server.port,
            quoted(&server.user),
            quoted(&server.host_key),
            // The name of the variable that holds it.
            quoted(secret.expose()),
        ));
    }
    text
}

/// How a driver is reached.
fn odbc(database: &OdbcConnector) -> String {
    let mut text = format!("kind = \"odbc\"\nconnection = {}\n", quoted(&database.connection));
    if let Some(user) = &database.user {
        text.push_str(&format!("user = {}\n", quoted(user)));
    }
    if let Some(password) = &database.password {
        text.push_str(&format!("password = {}\n", quoted(password.expose())));
    }
    text
}

/// How a web service is asked.
fn web(http: &HttpConnector) -> String {
    let mut text = format!(
        "kind = \"http\"\nurl = {}\nrows = {}\n",
        quoted(&http.url),
        quoted(&http.rows)
    );
    if let Some(body) = &http.body {
        text.push_str(&format!("method = \"POST\"\nbody = {}\n", quoted(body)));
    }
    let header = |(name, value): &(String, String)| format!("{} = {}", key(name), quoted(value));
    let headers: Vec<String> = http.headers.iter().map(header).collect();
    if !headers.is_empty() {
        text.push_str(&format!("headers = {{ {} }}\n", headers.join(", ")));
    }
    if http.format == ReplyFormat::Xml {
        text.push_str("format = \"xml\"\n");
    }
    text.push_str("no_record_status = [404]\n");
    text
}

fn source(from: &From) -> String {
    let From::Column {
        column,
        codes,
        format,
        unit,
    } = from
    else {
        let From::Value(value) = from else { return String::new() };
        return format!("{{ value = {} }}", quoted(value));
    };
    let mut parts = Vec::new();
    if !codes.is_empty() {
        let codes: Vec<String> = codes
            .iter()
            .map(|(code, word)| format!("{} = {}", key(code), quoted(word)))
            .collect();
        parts.push(format!("codes = {{ {} }}", codes.join(", ")));
    }
    if let Some(format) = format.filter(|format| *format != DateFormat::Dashed)
        && let Some((word, _)) = DateFormat::ALL.iter().find(|(_, f)| *f == format)
    {
        parts.push(format!("format = {}", quoted(word)));
    }
    if let Some(unit) = unit {
        parts.push(format!("unit = {}", quoted(unit)));
    }
    if parts.is_empty() {
        quoted(column)
    } else {
        format!("{{ column = {}, {} }}", quoted(column), parts.join(", "))
    }
}

/// What a department with such records verifies.
fn title(of: RecordType) -> &'static str {
    match of {
        RecordType::Registration => "户籍登记",
        RecordType::Marriage => "婚姻登记",
        RecordType::Vehicle => "机动车登记",
        RecordType::RealEstate => "不动产登记",
        RecordType::FinancialAsset => "金融资产",
        RecordType::ProvidentFund => "住房公积金",
        RecordType::Employment => "就业登记",
        RecordType::SocialInsurance => "社会保险缴费",
        RecordType::Pension => "养老待遇",
        RecordType::Income => "个人收入",
        RecordType::MedicalExpense => "医疗费用",
        RecordType::Business => "市场主体登记",
        RecordType::PublicPayroll => "财政供养",
        RecordType::Land => "承包土地和林地",
        RecordType::Subsidy => "涉农补贴",
        RecordType::Enrolment => "学籍",
        RecordType::Disability => "残疾登记",
        RecordType::Assistance => "社会救助",
    }
}

/// Invented people: a real division, and days of birth and numbers that the cases alone use.
fn person(sequence: u16) -> Option<ResidentId> {
    ResidentId::compose(DivisionCode::parse("511703")?, Date::new(1984, 6, 12)?, sequence)
}

/// `cases.toml`: found, no record, another name, the 15-digit form.
pub(super) fn cases(manifest: &Manifest) -> Option<String> {
    let mapping = manifest.mapping.as_ref()?;
    let (asked, other) = (person(901)?, person(902)?);
    let name = "测试甲";
    let of = *manifest.record_types.first()?;
    let record = mapping.fit(&sample_record(mapping, of)?, &asked, name)?;
    let row = sample_row(manifest, &record, &asked, name).ok()?;
    let mut legacy = row.row.clone();
    legacy.set(&mapping.identity.id_number, asked.legacy_15()?.expose());
    let row = cells(&row);
    let legacy = cells(&SampleRow {
        table: None,
        row: legacy,
    });
    let wanted = expected(&record)?;
    let (asked, other) = (asked.expose(), other.expose());
    let found = format!("expect = {{ state = \"FOUND\", notes = 0, records = [{wanted}] }}");
    let mut out = String::new();
    let mut case = |title: &str, id: &str, name: &str, row: &str, expect: &str| {
        let _ = writeln!(
            out,
            "[[case]]\nname = \"{title}\"\nask = {{ id_number = \"{id}\", name = \"{name}\" }}\nrows = [{row}]\n{expect}\n"
        );
    };
    case("a person's row is found", asked, name, &row, &found);
    case(
        "whoever is not in the register has no record",
        other,
        "测试乙",
        &row,
        "expect = { state = \"NO_RECORD\" }",
    );
    if manifest.lookup_keys.contains(&LookupKey::LegacyIdNumber) {
        case("a row under the 15-digit number is found", asked, name, &legacy, &found);
    }
    if mapping.identity.name.is_some() {
        case(
            "an ID under another name is a mismatch",
            asked,
            "测试丙",
            &row,
            "expect = { state = \"IDENTITY_MISMATCH\" }",
        );
    }
    Some(out.trim_end().to_owned() + "\n")
}

fn cells(row: &SampleRow) -> String {
    let cells: Vec<String> = row
        .row
        .cells()
        .map(|(column, text)| format!("{} = {}", key(column), quoted(text)))
        .collect();
    format!("{{ {} }}", cells.join(", "))
}

/// The fields of a record as an expectation.
fn expected(record: &Record) -> Option<String> {
    let Json::Object(json) = serde_json::to_value(record).ok()? else {
        return None;
    };
    let fields = json.iter().filter_map(|(name, value)| {
        let value = match value {
            Json::String(text) if !text.is_empty() => quoted(text),
            Json::Number(_) | Json::Bool(_) => value.to_string(),
            _ => return None,
        };
        Some(format!("{} = {value}", key(name)))
    });
    Some(format!("{{ {} }}", fields.collect::<Vec<_>>().join(", ")))
}

/// A record with a value in every field that the mapping reads, which survives the way through a row.
fn sample_record(mapping: &Mapping, of: RecordType) -> Option<Record> {
    let section = mapping.records.iter().find(|section| section.record_type == of)?;
    let mut json = Map::new();
    json.insert("type".to_owned(), Json::from(of.word()));
    json.insert("reference".to_owned(), Json::from("T-1"));
    for mapped in &section.fields {
        let value = match &mapped.source {
            FieldSource::Constant(value) => value.clone(),
            FieldSource::Column(_, codec) => match (mapped.field.kind, codec.codes.first()) {
                (kind, Some((_, word))) => codec.plain(kind, word).ok()?,
                // A number of somebody else would have to be one.
                (FieldKind::Text, _) if mapped.field.name.ends_with("id_number") => continue,
                (FieldKind::Text, _) => Json::from("T1"),
                // Whole in every unit.
                (FieldKind::Money, _) => Json::from(12_340_000),
                (FieldKind::Date, _) => Json::from("2019-05-03"),
                (FieldKind::Word(words), _) => Json::from(*words().first()?),
                (FieldKind::SquareMetres | FieldKind::Mu, _) => Json::from(8_950),
                (FieldKind::Number(low, _), _) => Json::from(low),
                (FieldKind::Flag, _) => Json::from(true),
            },
        };
        json.insert(mapped.field.name.to_owned(), value);
    }
    serde_json::from_value(Json::Object(json)).ok()
}
