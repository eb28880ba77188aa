//! The gRPC face of the broker: its services, health, reflection.
//! Leaves every rule to the broker; here messages are converted, callers recognised and errors given their form.

pub mod audit;
pub mod caller;
pub mod from_proto;
pub mod long_calls;
pub mod operations;
mod page;
pub mod peer;
pub mod reevaluation;
pub mod retention;
mod simulate;
pub mod status;
pub mod tasks;
pub mod to_proto;
pub mod verification;

use std::net::SocketAddr;
use std::sync::Arc;

use hedui_broker::Broker;
use hedui_evidence::DistrictLogs;
use hedui_proto::audit::audit_service_server::AuditServiceServer;
use hedui_proto::department::department_service_server::DepartmentServiceServer;
use hedui_proto::operations::operations_service_server::OperationsServiceServer;
use hedui_proto::reevaluation::reevaluation_service_server::ReevaluationServiceServer;
use hedui_proto::retention::retention_service_server::RetentionServiceServer;
use hedui_proto::task::task_service_server::TaskServiceServer;
use hedui_proto::verification::verification_service_server::VerificationServiceServer;
use tokio::net::TcpListener;
use tonic::server::NamedService as _;
use tonic::transport::server::TcpIncoming;

use crate::catalogue::Live;
use crate::drift::DriftFile;
use crate::grpc::caller::Callers;
use crate::grpc::long_calls::LongCalls;
use crate::witnesses::Standings;

/// What a listener needs to know.
pub struct Options {
    /// Largest request, in bytes.
    pub max_request_bytes: usize,
    /// Calls of one connection under way at once.
    pub max_streams: u32,
    /// Whether the services describe themselves.
    pub reflection: bool,
    /// Who may call.
    pub callers: Callers,
    /// How other brokers are answered.
    pub answering: peer::Answering,
    /// The departments.
    pub live: Arc<Live>,
    /// Where the counts of the drift watch are kept.
    pub drifts: DriftFile,
    /// The logs, with their witnesses.
    pub logs: Arc<DistrictLogs>,
    /// How the witnesses stand.
    pub standings: Standings,
}

/// A server that listens.
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    task: tokio::task::JoinHandle<Result<(), tonic::transport::Error>>,
    stop: tokio::sync::oneshot::Sender<()>,
    health: tokio::task::JoinHandle<()>,
    long: LongCalls,
}

/// How soon whoever watches the health hears that nothing can be verified, or that it can again.
const HEALTH_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// Says `NOT_SERVING` of verifications for as long as none could be kept or proved.
async fn report_health(broker: Broker, reporter: tonic_health::server::HealthReporter) {
    let mut turns = tokio::time::interval(HEALTH_EVERY);
    let mut ready = true;
    loop {
        turns.tick().await;
        let now = broker.ready();
        if now.is_ok() == std::mem::replace(&mut ready, now.is_ok()) {
            continue;
        }
        match now {
            Ok(()) => {
                tracing::info!("verifications are taken again");
                reporter
                    .set_serving::<VerificationServiceServer<verification::Service>>()
                    .await;
            }
            Err(error) => {
                tracing::error!(reason = error.reason(), %error, "no verification is taken");
                reporter
                    .set_not_serving::<VerificationServiceServer<verification::Service>>()
                    .await;
            }
        }
    }
}

impl Listening {
    /// Stops taking calls, lets those under way end, also those whose callers have gone away, and returns.
    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.health.abort();
        let (served, ()) = tokio::join!(self.task, self.long.ended());
        served??;
        Ok(())
    }
}

/// Says of every service that it serves.
async fn serving(reporter: &tonic_health::server::HealthReporter) {
    reporter
        .set_serving::<VerificationServiceServer<verification::Service>>()
        .await;
    reporter.set_serving::<TaskServiceServer<tasks::Service>>().await;
    reporter.set_serving::<DepartmentServiceServer<peer::Service>>().await;
    reporter.set_serving::<AuditServiceServer<audit::Service>>().await;
    reporter
        .set_serving::<OperationsServiceServer<operations::Service>>()
        .await;
    reporter
        .set_serving::<RetentionServiceServer<retention::Service>>()
        .await;
    reporter
        .set_serving::<ReevaluationServiceServer<reevaluation::Service>>()
        .await;
}

/// Serves a broker on a listener until stopped.
pub async fn listen(broker: Broker, listener: TcpListener, options: Options) -> anyhow::Result<Listening> {
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let callers = Arc::new(options.callers);
    let live = options.live;
    let (reporter, health) = tonic_health::server::health_reporter();
    let verification = verification::Service::new(broker.clone(), Arc::clone(&callers), Arc::clone(&live.names));
    let long = LongCalls::default();
    let overseen = (options.logs, options.standings);
    let audit = audit::Service::new(broker.clone(), Arc::clone(&callers), overseen, long.clone());
    let retention = retention::Service::new(broker.clone(), Arc::clone(&callers), long.clone());
    let reevaluation = reevaluation::Service::new(broker.clone(), Arc::clone(&callers), long.clone());
    let tasks = tasks::Service::new(broker.clone(), Arc::clone(&callers));
    let peer = peer::Service::new(broker.clone(), Arc::clone(&callers), options.answering);
    let operations = operations::Service::new(broker.clone(), callers, (live, options.drifts), long.clone());
    let limit = options.max_request_bytes;
    let verification = VerificationServiceServer::new(verification).max_decoding_message_size(limit);
    let audit = AuditServiceServer::new(audit).max_decoding_message_size(limit);
    let operations = OperationsServiceServer::new(operations).max_decoding_message_size(limit);
    let retention = RetentionServiceServer::new(retention).max_decoding_message_size(limit);
    let reevaluation = ReevaluationServiceServer::new(reevaluation).max_decoding_message_size(limit);
    let peer = DepartmentServiceServer::new(peer).max_decoding_message_size(limit);
    let tasks = TaskServiceServer::new(tasks).max_decoding_message_size(limit);
    serving(&reporter).await;
    // Newer clients ask in version 1, many older ones in version 1 alpha only.
    let (reflection, alpha) = if options.reflection {
        (Some(descriptors().build_v1()?), Some(descriptors().build_v1alpha()?))
    } else {
        (None, None)
    };
    let router = tonic::transport::Server::builder()
        .max_concurrent_streams(options.max_streams)
        .http2_keepalive_interval(Some(std::time::Duration::from_secs(30)))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .add_service(health)
        .add_service(verification)
        .add_service(audit)
        .add_service(operations)
        .add_service(retention)
        .add_service(reevaluation)
        .add_service(tasks)
        .add_service(peer)
        .add_optional_service(reflection)
        .add_optional_service(alpha);
    // Of a listener of one's own the builder's setting is ignored: small replies would wait for the caller's acknowledgement, 40 ms.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let task = tokio::spawn(router.serve_with_incoming_shutdown(incoming, async {
        let _ = stopped.await;
    }));
    let health = tokio::spawn(report_health(broker, reporter));
    Ok(Listening {
        address,
        task,
        stop,
        health,
        long,
    })
}

/// Every message, and the services that are served here: the plugins' service is in the same files.
fn descriptors() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(hedui_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name(VerificationServiceServer::<verification::Service>::NAME)
        .with_service_name(AuditServiceServer::<audit::Service>::NAME)
        .with_service_name(OperationsServiceServer::<operations::Service>::NAME)
        .with_service_name(RetentionServiceServer::<retention::Service>::NAME)
        .with_service_name(ReevaluationServiceServer::<reevaluation::Service>::NAME)
        .with_service_name(TaskServiceServer::<tasks::Service>::NAME)
        .with_service_name(DepartmentServiceServer::<peer::Service>::NAME)
        .with_service_name("grpc.health.v1.Health")
}
