//! The connection to a hedui server: its address, its clients, how long a call may take, and how a failed one becomes an error.
//! Leaves what is asked to the commands.

use std::time::Duration;

use clap::Args;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::reevaluation::reevaluation_service_client::ReevaluationServiceClient;
use hedui_proto::retention::retention_service_client::RetentionServiceClient;
use hedui_proto::task::task_service_client::TaskServiceClient;
use hedui_proto::verification::verification_service_client::VerificationServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::CliError;
use super::refusal::Refusal;

/// Where a server listens that was started without configuration.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:7311";
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for an answer that the server has at hand.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for an answer for which the server first asks departments.
pub const DEPARTMENTS_TIMEOUT: Duration = Duration::from_secs(300);
/// A connection that does not answer a ping is dead; without this a watch could wait for ever.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Largest answer: the report of twenty members at every department, with all records, is about a tenth of it.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Which server, and on whose behalf.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// Address of the server.
    #[arg(long, env = "HEDUI_SERVER", value_name = "URL", default_value = DEFAULT_SERVER, value_parser = address)]
    server: String,
    /// Who asks; every reading becomes evidence under this name.
    #[arg(long, env = "HEDUI_ACTOR", value_name = "NAME", default_value = "")]
    actor: String,
    /// The caller's token, where the server asks for one; better in HEDUI_TOKEN, since others can see a command line.
    #[arg(long, env = "HEDUI_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<Token>,
}

/// A secret.
#[derive(Clone)]
struct Token(MetadataValue<Ascii>);

/// Never shown.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl std::str::FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Token, String> {
        let mut value = MetadataValue::try_from(format!("Bearer {}", text.trim()))
            .map_err(|_| "a token is printable ASCII".to_owned())?;
        value.set_sensitive(true);
        Ok(Token(value))
    }
}

/// Sends the token with every call.
#[derive(Clone, Debug)]
pub struct Bearer(Option<Token>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.0.clone());
        }
        Ok(request)
    }
}

/// A channel that sends the token.
pub type Calls = InterceptedService<Channel, Bearer>;

impl ServerArgs {
    /// On whose behalf.
    pub fn actor(&self) -> &str {
        &self.actor
    }
}

/// Accepts what this build can call: plain HTTP/2 (a server beyond this machine stands behind a proxy that ends TLS).
fn address(text: &str) -> Result<String, String> {
    let wrong = || "an address is http://HOST:PORT, for example http://127.0.0.1:7311".to_owned();
    if text.starts_with("https://") {
        return Err("https is not built in; name the local end of a TLS proxy as http://HOST:PORT".to_owned());
    }
    let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
    if rest.trim_end_matches('/').is_empty() || Endpoint::from_shared(text.to_owned()).is_err() {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// A connection to a server.
#[derive(Clone, Debug)]
pub struct Client {
    calls: Calls,
    /// Its address.
    pub server: String,
    /// On whose behalf.
    pub actor: String,
}

impl Client {
    /// Connects; fails with what to do when nobody is there.
    pub async fn connect(arguments: &ServerArgs) -> Result<Client, CliError> {
        let server = arguments.server.clone();
        let endpoint = Endpoint::from_shared(server.clone())
            .map_err(|error| CliError::Usage(format!("--server: {error}")))?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true);
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| Refusal::unreachable(&server, &innermost(&error)))?;
        Ok(Client {
            calls: InterceptedService::new(channel, Bearer(arguments.token.clone())),
            server,
            actor: arguments.actor.clone(),
        })
    }

    /// The service that verifies.
    pub fn verification(&self) -> VerificationServiceClient<Calls> {
        VerificationServiceClient::new(self.calls.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The service for auditors.
    pub fn audit(&self) -> AuditServiceClient<Calls> {
        AuditServiceClient::new(self.calls.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The service for records officers.
    pub fn retention(&self) -> RetentionServiceClient<Calls> {
        RetentionServiceClient::new(self.calls.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The service that looks at all households again.
    pub fn reevaluation(&self) -> ReevaluationServiceClient<Calls> {
        ReevaluationServiceClient::new(self.calls.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The service for offices without a system.
    pub fn tasks(&self) -> TaskServiceClient<Calls> {
        TaskServiceClient::new(self.calls.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The service for operators.
    pub fn operations(&self) -> OperationsServiceClient<Calls> {
        OperationsServiceClient::new(self.calls.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// A failed call.
    pub fn refusal(&self, status: &Status) -> Refusal {
        let refusal = Refusal::of(status, &self.server);
        if !refusal.reason.is_empty() {
            return refusal;
        }
        let cause = std::error::Error::source(status).map(innermost);
        if is_of_another_program(status, cause.as_deref()) {
            return Refusal::no_server(&self.server, cause.as_deref().unwrap_or(status.message()));
        }
        match cause {
            // This side's own patience is over: the server may well be there.
            Some(_) if status.message() == tonic::TimeoutExpired(()).to_string() => refusal,
            Some(cause) if refusal.is_out_of_reach() => Refusal::unreachable(&self.server, &cause),
            None if matches!(status.code(), Code::Unknown | Code::Internal) => {
                Refusal::unreachable(&self.server, status.message())
            }
            _ => refusal,
        }
    }
}

/// A message with a time limit, which the server learns too.
pub fn timed<T>(message: T, limit: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

/// `verifications/{id}`, from the same or the id alone.
pub fn verification_name(text: &str) -> String {
    if text.starts_with("verifications/") {
        text.to_owned()
    } else {
        format!("verifications/{text}")
    }
}

/// Whether what was read is no HTTP/2, or no gRPC: the port belongs to another program.
fn is_of_another_program(status: &Status, cause: Option<&str>) -> bool {
    // h2 says so of what it cannot read; what the other side complains of is "received".
    let unreadable = cause.is_some_and(|cause| cause.starts_with("connection error detected"));
    let is_plain_web = status.message().starts_with("grpc-status header missing");
    unreadable || (is_plain_web && status.code() != Code::Unavailable)
}

/// The cause at the bottom, which says most: "connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
