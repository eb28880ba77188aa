//! What a client finds out that has only the address: health, and by reflection the services and their messages.
//! Leaves calling them to `path`.

use prost::Message as _;

use crate::support::District;

/// The names of all services, and of the files in which `VerificationService` stands, as reflection gives them.
macro_rules! reflected {
    ($version:path, $channel:expr) => {{
        use v::server_reflection_request::MessageRequest as Ask;
        use v::server_reflection_response::MessageResponse as Said;
        use $version as v;
        let ask = |question| v::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let mut client = v::server_reflection_client::ServerReflectionClient::new($channel);
        let asked = futures::stream::iter([
            ask(Ask::ListServices(String::new())),
            ask(Ask::FileContainingSymbol(
                "hedui.verification.v1.VerificationService".to_owned(),
            )),
        ]);
        let mut said = client.server_reflection_info(asked).await.unwrap().into_inner();
        let mut answers = Vec::new();
        while let Some(answer) = said.message().await.unwrap() {
            answers.push(answer.message_response.unwrap());
        }
        let [
            Said::ListServicesResponse(services),
            Said::FileDescriptorResponse(files),
        ] = answers.as_slice()
        else {
            panic!("{answers:?}");
        };
        let services: Vec<String> = services.service.iter().map(|s| s.name.clone()).collect();
        let names: Vec<String> = files
            .file_descriptor_proto
            .iter()
            .map(|file| prost_types::FileDescriptorProto::decode(file.as_slice()).unwrap())
            .map(|file| file.name().to_owned())
            .collect();
        assert!(!names.is_empty());
        (services, names)
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn health_answers_and_reflection_tells_what_is_served() {
    let district = District::generate(14, 50).await;
    let channel = tonic::transport::Channel::from_shared(district.address())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
    for service in [
        "",
        "hedui.verification.v1.VerificationService",
        "hedui.audit.v1.AuditService",
    ] {
        let request = tonic_health::pb::HealthCheckRequest {
            service: service.into(),
        };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(
            status,
            tonic_health::pb::health_check_response::ServingStatus::Serving,
            "{service}"
        );
    }
    // A client without our files finds what is served, and what its messages are made of, in both versions that clients speak.
    for (services, files) in [
        reflected!(tonic_reflection::pb::v1, channel.clone()),
        reflected!(tonic_reflection::pb::v1alpha, channel),
    ] {
        let served = [
            "hedui.verification.v1.VerificationService",
            "hedui.audit.v1.AuditService",
            "hedui.operations.v1.OperationsService",
            "hedui.retention.v1.RetentionService",
            "hedui.reevaluation.v1.ReevaluationService",
            "hedui.task.v1.TaskService",
            "hedui.department.v1.DepartmentService",
            "grpc.health.v1.Health",
        ];
        // What plugins serve is served here too: for other brokers.
        assert_eq!(services, served);
        assert_eq!(files, ["hedui/verification/v1/verification_service.proto"]);
    }
}
