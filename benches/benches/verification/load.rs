//! The load: many households over a few streams, a fixed number in flight, each with people of its own so that nothing is kept or shared.
//! Leaves who answers to the server under load.

use std::time::Duration;

use anyhow::Context as _;
use hedui_ids::{Date, DivisionCode, ResidentId};
use hedui_proto::gtype;
use hedui_proto::verification as pb;
use hedui_proto::verification::verification_service_client::VerificationServiceClient;
use hedui_server::cli::convert;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::super::PERSONS;
use super::process::{Known, Role};

/// One round.
pub struct Load {
    /// Where.
    pub address: String,
    /// How many.
    pub verifications: usize,
    /// How many at once.
    pub in_flight: usize,
    /// Number of the round: other rounds have other people.
    pub round: usize,
    /// Who is asked.
    pub role: Role,
    /// What the departments know.
    pub known: Known,
}

/// What a round took.
pub struct Done {
    /// From the first request to the last reply.
    pub seconds: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
}

impl Load {
    /// Runs the round in this process.
    pub fn run(&self) -> anyhow::Result<Done> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.drive())
    }

    #[allow(clippy::disallowed_methods)]
    async fn drive(&self) -> anyhow::Result<Done> {
        let mut client = VerificationServiceClient::connect(self.address.clone()).await?;
        let (requests, queue) = mpsc::channel(self.in_flight);
        let mut replies = client.verify_stream(ReceiverStream::new(queue)).await?.into_inner();
        let households = self.households()?;
        let mut households = households.into_iter().zip(0u64..);
        let mut started = vec![std::time::Instant::now(); self.verifications];
        let mut latencies: Vec<Duration> = Vec::with_capacity(self.verifications);
        let begun = std::time::Instant::now();
        for (request, tag) in households.by_ref().take(self.in_flight) {
            send(&requests, request, tag, &mut started).await?;
        }
        while latencies.len() < self.verifications {
            let reply = replies.message().await?.context("the stream ended early")?;
            self.check(&reply)?;
            let tag = usize::try_from(reply.tag)?;
            latencies.push(started.get(tag).context("an unknown tag")?.elapsed());
            if let Some((request, tag)) = households.next() {
                send(&requests, request, tag, &mut started).await?;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let at = |percent: usize| {
            latencies
                .get(latencies.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        Ok(Done {
            seconds,
            p50_ms: ms(at(50)),
            p99_ms: ms(at(99)),
        })
    }

    /// The requests: a household each, of three persons.
    fn households(&self) -> anyhow::Result<Vec<pb::CreateVerificationRequest>> {
        let Some(district) = self.known.district(self.round) else {
            let households = (0..self.verifications).map(|n| household(self.round, n));
            return households.collect::<Option<_>>().context("making ids");
        };
        let day = district.as_of;
        let as_of = gtype::Date {
            year: day.year().into(),
            month: day.month().into(),
            day: day.day().into(),
        };
        let population = hedui_sim::generate(&district)?.households;
        let three = population.iter().filter(|t| t.household.members.len() == PERSONS);
        let requests = three
            .take(self.verifications)
            .map(|truth| pb::CreateVerificationRequest {
                district_code: district.district.clone(),
                programmes: district.programmes.clone(),
                household: Some(convert::household(&truth.household)),
                authorizations: truth.authorizations.iter().map(convert::authorization).collect(),
                as_of: Some(as_of),
                actor: "bench".to_owned(),
                ..Default::default()
            });
        let requests: Vec<_> = requests.collect();
        anyhow::ensure!(
            requests.len() == self.verifications,
            "the district has {} households of {PERSONS} persons",
            requests.len()
        );
        Ok(requests)
    }

    /// A reply that is not a finished verification is a broken benchmark.
    fn check(&self, reply: &pb::VerifyStreamResponse) -> anyhow::Result<()> {
        match &reply.outcome {
            Some(pb::verify_stream_response::Outcome::Verification(v)) => {
                anyhow::ensure!(
                    v.departments_answered as usize == super::super::DEPARTMENTS,
                    "a department did not answer"
                );
                let judged = v.state() == pb::VerificationState::Succeeded && !v.verdicts.is_empty();
                anyhow::ensure!(
                    judged || self.role == Role::Floor,
                    "no verdict: {:?} {}",
                    v.state(),
                    v.failure_reason
                );
                Ok(())
            }
            Some(pb::verify_stream_response::Outcome::Error(e)) => {
                anyhow::bail!("{}: {} {:?}", e.reason, e.message, e.field_violations)
            }
            None => anyhow::bail!("an empty reply"),
        }
    }
}

#[allow(clippy::float_arithmetic)]
fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[allow(clippy::disallowed_methods)]
async fn send(
    requests: &mpsc::Sender<pb::VerifyStreamRequest>,
    request: pb::CreateVerificationRequest,
    tag: u64,
    started: &mut [std::time::Instant],
) -> anyhow::Result<()> {
    if let Some(start) = started.get_mut(usize::try_from(tag)?) {
        *start = std::time::Instant::now();
    }
    requests
        .send(pb::VerifyStreamRequest {
            tag,
            request: Some(request),
        })
        .await
        .context("the server hung up")
}

/// A couple and a child, numbered by round and position: 999 sequences on each of many birthdays.
fn household(round: usize, number: usize) -> Option<pb::CreateVerificationRequest> {
    let division = DivisionCode::new(511_703)?;
    let serial = round * 1_000_000 + number;
    let (sequence, day) = (u16::try_from(serial % 999 + 1).ok()?, serial / 999);
    let month = u8::try_from(day / 28 % 12 + 1).ok()?;
    let birthday = |first: usize| {
        Date::new(
            u16::try_from(first + day / 336 % 40).ok()?,
            month,
            u8::try_from(day % 28 + 1).ok()?,
        )
    };
    let district = division.number() + u32::try_from(day / 13_440).ok()?;
    let division = DivisionCode::new(district)?;
    let id = |first: usize| {
        Some(
            ResidentId::compose(division, birthday(first)?, sequence)?
                .expose()
                .to_owned(),
        )
    };
    let (father, mother, child) = (id(1940)?, id(1941)?, id(1982)?);
    let member = |id: &str, name: &str, relation: pb::Relation| pb::Member {
        id_number: id.to_owned(),
        name: name.to_owned(),
        relation: relation.into(),
        ..Default::default()
    };
    Some(pb::CreateVerificationRequest {
        district_code: "511703".to_owned(),
        programmes: vec!["dibao".to_owned()],
        household: Some(pb::Household {
            residence: pb::Residence::Urban.into(),
            members: vec![
                member(&father, "张建国", pb::Relation::Applicant),
                member(&mother, "李秀英", pb::Relation::Spouse),
                member(&child, "张小明", pb::Relation::Child),
            ],
            declared: None,
            ..Default::default()
        }),
        authorizations: [&father, &mother, &child]
            .into_iter()
            .map(|signer| letter(signer))
            .collect(),
        actor: "bench".to_owned(),
        ..Default::default()
    })
}

fn letter(signer: &str) -> pb::Authorization {
    pb::Authorization {
        authorization_id: "2026-0001".to_owned(),
        signer_id_number: signer.to_owned(),
        programmes: vec!["dibao".to_owned()],
        signed_on: Some(gtype::Date {
            year: 2026,
            month: 1,
            day: 5,
        }),
        signature: Some(pb::authorization::Signature::Paper(pb::PaperSignature {
            scan_sha256: "ab".repeat(32),
            witnessed_by: "0042".to_owned(),
        })),
        ..Default::default()
    }
}
