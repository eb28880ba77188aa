//! A world to test in: a family, ten departments that follow a script, a broker over a store in memory.
//! Leaves what must hold in it to the tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use hedui_adapter::manifest::BreakerLimits;
use hedui_adapter::port::{Ask, Port, Reply, ReplyTo};
use hedui_adapter::wire::{Signer, encode_answer};
use hedui_adapter::{People, Promise};
use hedui_core::authorization::{AuthorizationInput, Signature};
use hedui_core::circumstance::{Circumstance, StatedCircumstance};
use hedui_core::household::{Declared, HouseholdInput, MemberInput, Relation, Residence};
use hedui_core::record::AssistancePeriod;
use hedui_core::verdict::Text;
use hedui_core::{AnswerState, DepartmentId, DepartmentProfile, Outcome, PinnedKey, Query, Record, RecordType, Report};
use hedui_core::{Date, SubjectAnswer};
use hedui_evidence::{CaseId, DistrictLogs, EvidenceStore, FrameKind, KeyRing, LogKey, LogOptions};
use hedui_evidence::{MasterKey, MemoryStore, PROMISED_WITHIN_MS, Position};
use hedui_policy::{PackFile, PackSet};

use crate::clock::ManualClock;
use crate::{Broker, BrokerError, Completion, Conflict, Create, Entropy, Parts, Registered, Registry, Request};
use crate::{Reuse, Settings, State, Verification};

pub const DAY_MS: i64 = 86_400_000;
/// Noon in Shanghai on 22 November 2026.
pub const NOON_MS: i64 = 1_795_320_000_000;
pub const DISTRICT: &str = "511703";
/// Longer than any verification of these tests may take.
pub const LONG: Duration = Duration::from_secs(900);

/// What a department does when it is asked.
pub enum Act {
    /// Replies at once.
    Now(Reply),
    /// Replies after a time of tokio's clock.
    After(Duration, Reply),
    /// Replies when the test says so, or never.
    Hold,
    /// Drops the question.
    Drop,
    /// Panics.
    Panic,
}

type Script = Box<dyn Fn(&Ask) -> Act + Send + Sync>;

/// A department that follows a script.
pub struct Department {
    id: DepartmentId,
    script: Mutex<Arc<Script>>,
    asked: Mutex<Vec<Ask>>,
    held: Mutex<Vec<(Ask, ReplyTo)>>,
}

impl Department {
    fn new(name: &str) -> Department {
        let id = DepartmentId::new(name).unwrap();
        let own = id.clone();
        Department {
            id,
            script: Mutex::new(Arc::new(Box::new(move |ask| Act::Now(usual(own.as_str(), &ask.query))))),
            asked: Mutex::default(),
            held: Mutex::default(),
        }
    }

    pub fn does(&self, script: impl Fn(&Ask) -> Act + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(Box::new(script));
    }

    pub fn holds(&self) {
        self.does(|_| Act::Hold);
    }

    /// The questions so far.
    pub fn asked(&self) -> Vec<Ask> {
        self.asked.lock().unwrap().clone()
    }

    /// Replies to everything held.
    pub fn replies(&self, reply: impl Fn(&Query) -> Reply) {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        for (ask, to) in held {
            to.send(reply(&ask.query));
        }
    }
}

impl Port for Department {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, to: ReplyTo) {
        self.asked.lock().unwrap().push(ask.clone());
        let script = Arc::clone(&self.script.lock().unwrap());
        match script(&ask) {
            Act::Now(reply) => to.send(reply),
            Act::After(time, reply) => {
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    to.send(reply);
                });
            }
            Act::Hold => self.held.lock().unwrap().push((ask, to)),
            Act::Drop => {}
            Act::Panic => panic!("an adapter that breaks"),
        }
    }
}

/// Answers with a state for every subject.
pub fn say(query: &Query, state: impl Fn(u32) -> AnswerState) -> Reply {
    let answers: Vec<SubjectAnswer> = query
        .subjects
        .iter()
        .map(|s| SubjectAnswer::of(s.ordinal, state(s.ordinal)))
        .collect();
    Reply::Wire(encode_answer(query, &answers))
}

/// No record of anybody.
pub fn nothing(query: &Query) -> Reply {
    say(query, |_| AnswerState::NoRecord)
}

/// What is usual: the register of people knows everybody, and nobody else knows anything.
pub fn usual(department: &str, query: &Query) -> Reply {
    match department {
        "civil" => registered(query),
        _ => nothing(query),
    }
}

/// The state of that answer.
pub fn usually(department: &str) -> &'static str {
    match department {
        "civil" => "FOUND",
        _ => "NO_RECORD",
    }
}

/// Everybody is registered, and nothing more.
pub fn registered(query: &Query) -> Reply {
    say(query, |_| AnswerState::Found {
        records: vec![record(
            serde_json::json!({"reference": "r1", "type": "registration", "status": "active"}),
        )],
    })
}

/// These records of the applicant, nothing of the others.
pub fn holds(query: &Query, records: &[Record]) -> Reply {
    say(query, |ordinal| match ordinal {
        0 if !records.is_empty() => AnswerState::Found {
            records: records.to_vec(),
        },
        _ => AnswerState::NoRecord,
    })
}

fn record(json: serde_json::Value) -> Record {
    serde_json::from_value(json).unwrap()
}

pub const PLATE: &str = "川S88A61";

pub fn car() -> Record {
    record(
        serde_json::json!({"reference": "v1", "type": "vehicle", "plate": PLATE, "kind": "car",
        "usage": "private", "status": "normal"}),
    )
}

pub fn flat(unit: u32) -> Record {
    record(
        serde_json::json!({"reference": format!("h{unit}"), "type": "real_estate", "unit_number": format!("51170300{unit}"),
        "kind": "dwelling"}),
    )
}

/// A deposit of so many yuan.
pub fn deposit(yuan: i64) -> Record {
    record(
        serde_json::json!({"reference": "b1", "type": "financial_asset", "kind": "deposit",
        "institution": "Bank", "account_reference": "1", "balance": yuan * 100}),
    )
}

/// Help that is being drawn in the district.
pub fn assistance(programme: &str, period: AssistancePeriod) -> Record {
    record(
        serde_json::json!({"reference": "a1", "type": "assistance", "programme": programme, "amount": 10_000,
        "period": period, "division_code": DISTRICT, "status": "drawing"}),
    )
}

/// A resident ID of nobody, born in a year.
pub fn id(year: u16, sequence: u16) -> String {
    let birth = hedui_ids::Date::new(year, 6, 1).unwrap();
    let place = hedui_ids::DivisionCode::new(511_703).unwrap();
    let id = hedui_ids::ResidentId::compose(place, birth, sequence).unwrap();
    id.expose().to_owned()
}

/// A paper that states something.
pub fn paper(word: Circumstance, document: &str) -> StatedCircumstance {
    StatedCircumstance {
        word,
        since: None,
        until: None,
        amount: None,
        number: word.number().map(|(least, _)| least),
        document: document.to_owned(),
    }
}

fn member(year: u16, sequence: u16, name: &str, relation: Relation) -> MemberInput {
    MemberInput {
        id_number: id(year, sequence),
        name: name.to_owned(),
        relation,
        incapable: false,
        incomes: Vec::new(),
        casual_work_months: 0,
        circumstances: Vec::new(),
    }
}

pub fn date(year: i16, month: i8, day: i8) -> Date {
    Date::constant(year, month, day)
}

pub fn letter(number: &str, signer: String, on_behalf_of: Vec<String>) -> AuthorizationInput {
    AuthorizationInput {
        authorization_id: number.to_owned(),
        signer_id_number: signer,
        on_behalf_of,
        programmes: vec!["dibao".to_owned(), "low-income".to_owned()],
        departments: Vec::new(),
        signed_on: date(2026, 11, 1),
        valid_until: Some(date(2026, 11, 25)),
        period_from: None,
        ended: None,
        signature: Signature::Paper {
            scan_sha256: "ab".repeat(32),
            witnessed_by: "clerk-7".to_owned(),
        },
    }
}

/// Husband, wife, child; everybody has signed.
pub fn request() -> Request {
    family(0)
}

/// One family of many.
pub fn family(n: u16) -> Request {
    let (one, two, three) = (3 * n + 1, 3 * n + 2, 3 * n + 3);
    Request {
        district_code: DISTRICT.to_owned(),
        household: HouseholdInput {
            residence: Residence::Urban,
            members: vec![
                member(1980, one, "测试甲", Relation::Applicant),
                member(1982, two, "测试乙", Relation::Spouse),
                member(2016, three, "测试丙", Relation::Child),
            ],
            declared: Declared::default(),
            circumstances: Vec::new(),
            supporters: Vec::new(),
            town: None,
        },
        programmes: vec!["dibao".to_owned()],
        authorizations: vec![
            letter("L-1", id(1980, one), vec![id(2016, three)]),
            letter("L-2", id(1982, two), Vec::new()),
        ],
        as_of: None,
        completion: Completion::AllDepartments,
        reuse: Reuse::Fresh,
        deadline_ms: None,
        policy_variant: None,
        actor: "clerk-7".to_owned(),
        recheck: None,
        reevaluates: None,
    }
}

pub fn create(request: Request) -> Create {
    Create {
        request,
        request_id: None,
        conflict: Conflict::Fail,
        caller: "district-centre".to_owned(),
        validate_only: false,
    }
}

/// The departments, with what they hold, their deadline and their freshness in milliseconds.
pub const DEPARTMENTS: &[(&str, &[RecordType], u32, u64)] = &[
    ("bank", &[RecordType::FinancialAsset], 8_000, 0),
    (
        "civil",
        &[RecordType::Registration, RecordType::Marriage],
        1_000,
        3_600_000,
    ),
    ("finance", &[RecordType::PublicPayroll], 1_000, 3_600_000),
    ("fund", &[RecordType::ProvidentFund], 1_000, 3_600_000),
    ("housing", &[RecordType::RealEstate], 2_000, 7_200_000),
    (
        "insurance",
        &[RecordType::Employment, RecordType::SocialInsurance, RecordType::Pension],
        1_000,
        3_600_000,
    ),
    ("land", &[RecordType::Land], 1_000, 3_600_000),
    ("tax", &[RecordType::Income, RecordType::Business], 3_000, 3_600_000),
    ("vehicles", &[RecordType::Vehicle], 1_000, 3_600_000),
    (
        "welfare",
        &[RecordType::Subsidy, RecordType::Assistance],
        1_000,
        3_600_000,
    ),
];

/// The bundled packs, and Dachuan's urban one under the name of another programme.
pub fn packs() -> PackSet {
    static READ: OnceLock<PackSet> = OnceLock::new();
    READ.get_or_init(read_packs).clone()
}

fn read_packs() -> PackSet {
    let mut files = PackSet::bundled_files();
    let urban = files
        .iter()
        .find(|f| f.name.contains("dachuan") && f.name.contains("urban"));
    let text = urban.unwrap().text.clone();
    files.push(PackFile {
        name: "other.toml".to_owned(),
        text: text
            .replace("dibao-dachuan-urban", "low-income-dachuan-urban")
            .replace("programme = \"dibao\"", "programme = \"low-income\""),
    });
    PackSet::load(files).unwrap()
}

/// Everything of one test.
pub struct World {
    pub broker: Broker,
    pub memory: Arc<MemoryStore>,
    pub clock: Arc<ManualClock>,
    pub departments: Arc<BTreeMap<String, Arc<Department>>>,
}

/// How a world differs from the usual one.
pub struct Differently {
    pub settings: Settings,
    pub seed: [u8; 32],
    pub freshness: bool,
    pub packs: fn() -> PackSet,
    /// Departments whose answers must be signed, with the secret keys that are pinned.
    pub signing: Vec<(&'static str, Vec<[u8; 32]>)>,
    /// Offices whose people answer, and whether a second person confirms.
    pub people: Vec<(&'static str, bool)>,
}

impl Differently {
    fn pinned(&self, department: &str) -> Vec<PinnedKey> {
        let secrets = self.signing.iter().filter(|(name, _)| *name == department);
        let pin = |secret: &[u8; 32]| PinnedKey {
            id: key_id(secret),
            public_key: blake3::Hash::from_bytes(signer(secret).public_key())
                .to_hex()
                .to_string(),
        };
        secrets.flat_map(|(_, secrets)| secrets).map(pin).collect()
    }
}

/// Signs a department's answers.
pub fn signer(secret: &[u8; 32]) -> Signer {
    Signer::new(key_id(secret), secret)
}

fn key_id(secret: &[u8; 32]) -> String {
    format!("key-{}", secret[0])
}

impl Default for Differently {
    fn default() -> Differently {
        Differently {
            settings: Settings::default(),
            seed: [7; 32],
            freshness: true,
            signing: Vec::new(),
            people: Vec::new(),
            packs,
        }
    }
}

/// Logs that are kept in memory.
fn logs() -> DistrictLogs {
    let options = LogOptions {
        name: "evidence.example".to_owned(),
        folder: None,
        promised_within_ms: PROMISED_WITHIN_MS,
    };
    DistrictLogs::new(options, LogKey::from_bytes([8; 32])).unwrap()
}

impl World {
    pub fn new() -> World {
        World::with(Differently::default())
    }

    pub fn with(differently: Differently) -> World {
        let memory = Arc::new(MemoryStore::new());
        let store: Arc<dyn EvidenceStore> = Arc::<MemoryStore>::clone(&memory);
        let clock = Arc::new(ManualClock::at(NOON_MS));
        let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
        World::over(memory, store, clock, keys, differently)
    }

    /// A broker over a store that stands between it and the one in memory.
    pub fn through(wrap: impl FnOnce(Arc<MemoryStore>, Arc<ManualClock>) -> Arc<dyn EvidenceStore>) -> World {
        let memory = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::at(NOON_MS));
        let store = wrap(Arc::clone(&memory), Arc::clone(&clock));
        let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
        World::over(memory, store, clock, keys, Differently::default())
    }

    /// A broker over a store, with the store in memory behind it.
    pub fn over(
        memory: Arc<MemoryStore>,
        store: Arc<dyn EvidenceStore>,
        clock: Arc<ManualClock>,
        keys: Arc<KeyRing>,
        differently: Differently,
    ) -> World {
        let departments: BTreeMap<String, Arc<Department>> = DEPARTMENTS
            .iter()
            .map(|(name, ..)| ((*name).to_owned(), Arc::new(Department::new(name))))
            .collect();
        let registered = DEPARTMENTS.iter().map(|(name, types, deadline_ms, freshness_ms)| {
            let profile = DepartmentProfile {
                id: DepartmentId::new(name).unwrap(),
                name: Text::default(),
                record_types: types.to_vec(),
                deadline_ms: *deadline_ms,
                freshness_ms: if differently.freshness { *freshness_ms } else { 0 },
                threshold_only: false,
                signing_keys: differently.pinned(name),
            };
            let port: Arc<dyn Port> = Arc::<Department>::clone(&departments[*name]);
            let people = differently.people.iter().find(|(office, _)| office == name);
            let people = people.map(|(_, two_persons)| People {
                answer_within: Promise::Passing(Duration::from_secs(3 * 86_400)),
                two_persons: *two_persons,
            });
            Registered::new(profile, port, BreakerLimits::default()).answered_by(people)
        });
        let broker = Broker::new(Parts {
            registry: Registry::new(registered.collect()),
            packs: (differently.packs)(),
            store,
            keys,
            logs: Arc::new(logs()),
            clock: Arc::<ManualClock>::clone(&clock),
            entropy: Entropy::from_seed(differently.seed),
            settings: differently.settings,
        });
        World {
            broker,
            memory,
            clock,
            departments: Arc::new(departments),
        }
    }

    /// Another process over the same store with the same master key, later.
    pub async fn restarted(&self, seed: u8) -> World {
        self.restarted_with(seed, Settings::default()).await
    }

    /// The same with other settings.
    pub async fn restarted_with(&self, seed: u8, settings: Settings) -> World {
        let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
        keys.load(self.memory.as_ref()).await.unwrap();
        let (memory, clock) = (Arc::clone(&self.memory), Arc::clone(&self.clock));
        let differently = Differently {
            seed: [seed; 32],
            settings,
            ..Differently::default()
        };
        let store: Arc<dyn EvidenceStore> = Arc::<MemoryStore>::clone(&memory);
        World::over(memory, store, clock, keys, differently)
    }

    pub fn department(&self, name: &str) -> &Department {
        &self.departments[name]
    }

    /// How often each department has been asked.
    pub fn asked(&self) -> BTreeMap<&str, usize> {
        self.departments
            .iter()
            .map(|(name, d)| (name.as_str(), d.asked().len()))
            .collect()
    }

    /// How often all departments have been asked together.
    pub fn questions(&self) -> usize {
        self.asked().values().sum()
    }

    pub async fn begin(&self, request: Request) -> CaseId {
        self.broker.create(create(request)).await.unwrap().case
    }

    pub async fn end(&self, case: CaseId) -> Verification {
        let ended = self.broker.wait(case, LONG).await.unwrap();
        assert_ne!(ended.state, State::Running);
        ended
    }

    pub async fn verify(&self, request: Request) -> Verification {
        let case = self.begin(request).await;
        self.end(case).await
    }

    /// The kinds of the frames of a case, in order.
    pub async fn frames(&self, case: CaseId) -> Vec<FrameKind> {
        self.memory.case(case).await.unwrap().iter().map(|f| f.kind).collect()
    }

    /// Every stored byte.
    pub async fn bytes(&self) -> Vec<u8> {
        let page = self.memory.scan(Position::START, 1_024).await.unwrap();
        assert!(page.at_end);
        page.entries.iter().flat_map(|e| e.record().to_vec()).collect()
    }
}

/// Lets everything that can run do so, without letting time pass.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

pub fn report(verification: &Verification) -> &Report {
    verification.report.as_ref().unwrap().open().unwrap()
}

/// The states of the members at a department.
pub fn states(report: &Report, department: &str) -> Vec<String> {
    let line = report.departments.iter().find(|l| l.department.as_str() == department);
    line.unwrap().subjects.iter().map(|s| s.state.to_string()).collect()
}

pub fn outcome(verification: &Verification) -> Outcome {
    report(verification).verdicts[0].outcome
}

pub fn reason<T: std::fmt::Debug>(result: Result<T, BrokerError>) -> &'static str {
    result.unwrap_err().reason()
}
