//! A rule tried before it is in force, through the running server and the command line: what is foretold is what then happens.
//! Leaves single sums and borders to the tests of `hedui-policy`.

use std::collections::BTreeMap;
use std::path::Path;

use hedui_core::household::Residence;
use hedui_evidence::{CaseId, Leaf, LeafKind};
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::retention::FreezeCaseRequest;
use hedui_proto::retention::retention_service_client::RetentionServiceClient;
use hedui_proto::verification::{Outcome, Verdict};
use hedui_server::cli::Exit;

use crate::support::{District, hedui};

const HOUSEHOLDS: usize = 60;
/// The pack in force for the towns of the synthetic district.
const IN_FORCE: &str = "dibao-dachuan-urban";

/// That pack with another standard than 520 yuan a month, as its second version.
fn with_standard(yuan: u32) -> String {
    let packs = hedui_policy::PackSet::bundled().unwrap();
    let text = packs.get(IN_FORCE, "1").unwrap().text();
    let changed =
        text.replacen("version = \"1\"", "version = \"2\"", 1)
            .replacen("value = 520", &format!("value = {yuan}"), 1);
    assert_ne!(changed, text);
    changed
}

fn known(id: &str) -> Option<pb::SimulatedPack> {
    let (id, version) = (id.to_owned(), "1".to_owned());
    let pack = Some(pb::simulated_pack::Pack::Known(pb::PackName { id, version }));
    Some(pb::SimulatedPack { pack })
}

fn file(text: &str) -> Option<pb::SimulatedPack> {
    let (name, text) = ("raised.toml".to_owned(), text.to_owned());
    let pack = Some(pb::simulated_pack::Pack::File(pb::PackFile { name, text }));
    Some(pb::SimulatedPack { pack })
}

fn ask(to: Option<pb::SimulatedPack>) -> pb::SimulatePolicyRequest {
    pb::SimulatePolicyRequest {
        district_code: "511703".to_owned(),
        from: known(IN_FORCE),
        to,
        purpose: "annual review".to_owned(),
        actor: "policy-office-3".to_owned(),
        ..Default::default()
    }
}

async fn simulate(district: &District, ask: pb::SimulatePolicyRequest) -> Result<pb::Simulation, tonic::Status> {
    let mut operations = OperationsServiceClient::connect(district.address()).await.unwrap();
    let mut steps = operations.simulate_policy(ask).await?.into_inner();
    let mut last = None;
    while let Some(step) = steps.message().await? {
        assert!(last.is_none(), "the result comes last");
        last = step.simulation;
    }
    Ok(last.unwrap())
}

fn fen(money: &hedui_proto::gtype::Money) -> i64 {
    money.units * 100 + i64::from(money.nanos / 10_000_000)
}

/// What a household is surely paid in a month by its verdict.
fn paid(verdict: &Verdict) -> i64 {
    match verdict.outcome() {
        Outcome::Qualifies => verdict.amount_least.as_ref().map_or(0, fen),
        _ => 0,
    }
}

/// The verdict of every household of the towns.
async fn verdicts(district: &District) -> BTreeMap<usize, (String, Verdict)> {
    let mut found = BTreeMap::new();
    for number in 0..HOUSEHOLDS {
        let ended = district.verify(number).await;
        if district.population.households[number].household.residence == Residence::Urban {
            found.insert(number, (ended.name.clone(), ended.verdicts[0].clone()));
        }
    }
    found
}

fn yearly(sum: &Option<pb::SimulationSum>) -> i64 {
    fen(sum.as_ref().unwrap().least.as_ref().unwrap())
}

/// A rule is tried; then it comes into force and everybody is verified again: the same people gain, lose, enter, and the same is paid.
#[tokio::test]
async fn what_a_simulation_foretells_is_what_happens_when_the_rule_comes_into_force() {
    let mut district = District::generate(77, HOUSEHOLDS as u32).await;
    let before = verdicts(&district).await;
    let foretold = simulate(&district, ask(file(&with_standard(400)))).await.unwrap();
    let total = foretold.total.clone().unwrap();
    assert_eq!(total.households, before.len() as u64);
    assert_eq!(
        yearly(&total.before),
        12 * before.values().map(|(_, verdict)| paid(verdict)).sum::<i64>()
    );
    let gathered = foretold.gathered.unwrap();
    assert_eq!((gathered.households, gathered.filed, gathered.again), (60, 60, 0));
    // The rest was verified as rural.
    let outside: u64 = foretold.outside.iter().map(|count| count.households).sum();
    assert_eq!(outside + total.households, 60);

    // The rule comes into force.
    let packs = district.folder.path().join("packs");
    std::fs::create_dir(&packs).unwrap();
    for pack in hedui_policy::PackSet::bundled_files() {
        let text = if pack.text.contains(&format!("id = \"{IN_FORCE}\"")) {
            with_standard(400)
        } else {
            pack.text
        };
        std::fs::write(packs.join(pack.name.replace('/', "-")), text).unwrap();
    }
    district.config.policy.directory = Some(packs);
    district.restart().await;
    let after = verdicts(&district).await;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (number, (_, was)) in &before {
        let (_, is) = &after[number];
        assert_eq!((was.pack_version.as_str(), is.pack_version.as_str()), ("1", "2"));
        let (change, little) = (paid(is) - paid(was), 100.max(paid(was) / 100));
        let settled = |verdict: &Verdict| verdict.amount_most.as_ref().map(fen) == Some(paid(verdict));
        let word = match (was.outcome(), is.outcome()) {
            (Outcome::Inconclusive, _) | (_, Outcome::Inconclusive) => "open",
            (Outcome::Exceeds, Outcome::Exceeds) => "never",
            (Outcome::Exceeds, _) => "into",
            (_, Outcome::Exceeds) => "out",
            _ if !settled(was) || !settled(is) => "amount",
            _ if change > little => "more",
            _ if change < -little => "less",
            _ => "same",
        };
        *counts.entry(word).or_default() += 1;
    }
    let open = total.becomes_inconclusive + total.stays_inconclusive + total.settles_in + total.settles_out;
    let told = [
        ("amount", total.amount_open),
        ("into", total.enters),
        ("less", total.loses),
        ("more", total.gains),
        ("never", total.stays_out),
        ("open", open),
        ("out", total.drops_out),
        ("same", total.little),
    ];
    let told: BTreeMap<&str, u64> = told.into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(told, counts);
    assert!(
        total.loses > 0 && total.drops_out > 0 && counts.len() > 2,
        "nothing to compare: {counts:?}"
    );
    assert_eq!(
        yearly(&total.after),
        12 * after.values().map(|(_, verdict)| paid(verdict)).sum::<i64>()
    );
    // Of those who lose most each is named once, by its verification of then, with what it loses.
    for moved in foretold.losers.iter().chain(&foretold.gainers) {
        let (number, (_, was)) = before
            .iter()
            .find(|(_, (name, _))| *name == moved.verification)
            .unwrap();
        assert_eq!(fen(moved.before.as_ref().unwrap()), 12 * paid(was));
        assert_eq!(
            fen(moved.change.as_ref().unwrap()),
            12 * (paid(&after[number].1) - paid(was))
        );
    }
    let towns: u64 = foretold.towns.iter().map(|town| town.households).sum();
    assert_eq!(towns, total.households);
    assert!(foretold.towns.len() > 1 && foretold.towns.iter().all(|town| town.key.starts_with("511703")));
}

#[tokio::test]
async fn a_pack_that_reads_more_than_was_filed_is_tried_on_the_kept_answers_and_every_job_stands_in_the_log() {
    let district = District::generate(78, 20).await;
    let mut names = Vec::new();
    for number in 0..20 {
        names.push(district.verify(number).await.name);
    }
    let towns = |number: usize| district.population.households[number].household.residence == Residence::Urban;
    let urban = (0..20).filter(|number| towns(*number)).count() as u64;
    let spending = "dibao-national-necessary-spending";
    let found = simulate(&district, ask(known(spending))).await.unwrap();
    let gathered = found.gathered.unwrap();
    assert_eq!((gathered.again, gathered.filed), (urban, 20 - urban));
    assert_eq!(found.total.unwrap().households, urban);
    assert!(found.lacking.is_empty());
    // A case that is frozen is not read.
    let freeze = FreezeCaseRequest {
        name: names[3].clone(),
        reason: "dispute is over".to_owned(),
        actor: "records-1".to_owned(),
    };
    let mut retention = RetentionServiceClient::connect(district.address()).await.unwrap();
    retention.freeze_case(freeze).await.unwrap();
    let found = simulate(&district, ask(file(&with_standard(700)))).await.unwrap();
    assert_eq!(found.gathered.unwrap().frozen, 1);
    assert_eq!(found.total.unwrap().households, urban - u64::from(towns(3)));
    // One entry for each job, with what for and how many; none for a household.
    let broker = &district.started.as_ref().unwrap().broker;
    let leaves = broker.case(CaseId::default(), false, "audit-bureau", "").await.unwrap();
    let leaves: Vec<&Leaf> = leaves.iter().map(|found| &found.leaf).collect();
    let jobs: Vec<_> = leaves
        .into_iter()
        .filter(|leaf| leaf.purpose.starts_with("simulation of"))
        .collect();
    assert_eq!(jobs.len(), 2);
    assert_eq!(jobs[1].outcome, "READ:households=20,filed=19,again=0");
    assert!(
        jobs.iter()
            .all(|leaf| leaf.kind == LeafKind::Access && leaf.purpose.ends_with(": annual review"))
    );
    assert!(jobs.iter().all(|leaf| leaf.actor.ends_with("policy-office-3")));
}

#[tokio::test]
async fn mistakes_of_packs_are_all_told_and_nothing_is_read() {
    let district = District::generate(79, 1).await;
    let reasons = async |ask: pb::SimulatePolicyRequest| {
        use tonic_types::StatusExt as _;
        let refused = simulate(&district, ask).await.unwrap_err();
        let fields = refused
            .get_details_bad_request()
            .map(|bad| bad.field_violations)
            .unwrap_or_default();
        let word = |text: &str| {
            text.rsplit('(')
                .next()
                .unwrap_or_default()
                .trim_end_matches(')')
                .to_owned()
        };
        let mut found: Vec<String> = fields
            .iter()
            .map(|f| format!("{} {}", f.field, word(&f.description)))
            .collect();
        found.dedup();
        found
    };
    assert_eq!(reasons(ask(known("dibao-of-nowhere"))).await, ["to PACK_UNKNOWN"]);
    let wrong = with_standard(700).replace("unit = \"yuan/person/month\"", "unit = \"yuan/person/year\"");
    let found = reasons(ask(file(&wrong))).await;
    assert!(
        !found.is_empty() && found.iter().all(|field| field.starts_with("to.file ")),
        "{found:?}"
    );
    assert_eq!(reasons(ask(known("legal-aid-dachuan"))).await.len(), 1);
    let elsewhere = pb::SimulatePolicyRequest {
        town: "220882101".to_owned(),
        references: Some(101),
        little_basis_points: Some(10_001),
        ..ask(None)
    };
    let wanted = [
        "town TOWN_INVALID",
        "little_basis_points NUMBER_OUT_OF_RANGE",
        "references NUMBER_OUT_OF_RANGE",
        "to REQUIRED",
    ];
    assert_eq!(reasons(elsewhere).await, wanted);
}

#[tokio::test]
async fn a_file_of_snapshots_says_what_the_server_says() {
    let district = District::generate(80, 24).await;
    for number in 0..24 {
        district.verify(number).await;
    }
    let folder = district.folder.path().to_owned();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(folder.join("raised.toml"), with_standard(700)).unwrap();
    let server = district.address();
    let export = [
        "hedui",
        "policy",
        "snapshots",
        "--district",
        "511703",
        "--server",
        &server,
        "--out",
        &path("s.bin"),
    ];
    assert_eq!(hedui(export.map(str::to_owned).to_vec()).await, Exit::Success);
    // It is there already.
    assert_eq!(hedui(export.map(str::to_owned).to_vec()).await, Exit::Usage);
    let simulate = |csv: &str, more: &[&str]| {
        let (from, to) = (format!("{IN_FORCE}@1"), path("raised.toml"));
        let mut all: Vec<String> = [
            "hedui",
            "policy",
            "simulate",
            "--from",
            &from,
            "--to",
            &to,
            "--csv",
            &path(csv),
        ]
        .map(str::to_owned)
        .to_vec();
        all.extend(more.iter().map(|more| (*more).to_owned()));
        hedui(all)
    };
    let there = simulate(
        "there.csv",
        &["--district", "511703", "--server", &server, "--chart", &path("c.svg")],
    )
    .await;
    assert_eq!(there, Exit::Success);
    assert_eq!(
        simulate("here.csv", &["--snapshots", &path("s.bin"), "--bom"]).await,
        Exit::Success
    );
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let csv = read("there.csv");
    assert_eq!(read("here.csv"), format!("\u{feff}{csv}"));
    let lines: Vec<&str> = csv.split("\r\n").collect();
    let columns = lines[0].split(',').count();
    assert!(lines[1].starts_with("total,,") && lines.last() == Some(&""));
    assert!(
        lines[1..lines.len() - 1]
            .iter()
            .all(|line| line.split(',').count() == columns)
    );
    let chart = read("c.svg");
    assert!(chart.starts_with("<svg ") && chart.contains("<title id=\"title\">Effect of a change of policy</title>"));
    let total: Vec<&str> = lines[1].split(',').collect();
    assert!(chart.contains(&format!("<title>gain: {}</title>", total[3])), "{chart}");
    // A file that was changed or cut off is not judged.
    let mut bytes = std::fs::read(folder.join("s.bin")).unwrap();
    assert_eq!(mode(&folder.join("s.bin")), 0o600);
    bytes.pop();
    std::fs::write(folder.join("cut.bin"), &bytes).unwrap();
    assert_eq!(
        simulate("x.csv", &["--snapshots", &path("cut.bin")]).await,
        Exit::BadInput
    );
    assert!(!folder.join("x.csv").exists());
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
