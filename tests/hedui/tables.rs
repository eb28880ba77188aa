//! Documents and code say the same: the table of reasons, the descriptors, the examples.
//! Leaves what the reasons mean to the code.

use std::collections::BTreeSet;
use std::path::Path;

use prost::Message as _;
use prost_types::FileDescriptorSet;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn every_reason_stands_in_the_table_and_nothing_else_does() {
    let text = std::fs::read_to_string(root().join("proto/README.md")).unwrap();
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let is_reason = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let table: BTreeSet<&str> = rows.map(|(word, _)| word).filter(is_reason).collect();
    let code: BTreeSet<&str> = hedui_broker::BrokerError::REASONS
        .iter()
        .chain(hedui_server::grpc::status::REASONS)
        .chain(hedui_broker::HOUSEHOLD_RESULTS)
        .chain(hedui_broker::COMPARED)
        .chain(hedui_core::finding::FINDINGS)
        .copied()
        .chain(hedui_core::finding::EARLY_WARNINGS.iter().map(|(code, _)| *code))
        .collect();
    assert_eq!(table, code);
}

#[test]
fn services_and_enums_are_named_by_the_standard() {
    let set = FileDescriptorSet::decode(hedui_proto::DESCRIPTORS).unwrap();
    let ours = set.file.iter().filter(|f| f.package().starts_with("hedui."));
    let mut services = 0;
    for file in ours {
        assert!(file.package().ends_with(".v1"), "{}", file.name());
        for service in &file.service {
            services += 1;
            assert!(service.name().ends_with("Service"), "{}", service.name());
            for method in &service.method {
                assert!(
                    method.input_type().ends_with(&format!(".{}Request", method.name())),
                    "{}",
                    method.name()
                );
                assert!(
                    method.output_type().ends_with(&format!(".{}Response", method.name())),
                    "{}",
                    method.name()
                );
            }
        }
        for found in &file.enum_type {
            assert!(
                found.value[0].name().ends_with("_UNSPECIFIED") && found.value[0].number() == 0,
                "{}",
                found.name()
            );
        }
    }
    assert_eq!(services, 7);
}

#[test]
fn the_example_configurations_load() {
    for example in ["deploy/hedui.toml", "crates/hedui-server/examples/hedui.toml"] {
        let loaded = hedui_server::config::Config::load(Some(&root().join(example)), &Default::default(), &[]);
        assert!(loaded.is_ok(), "{example}: {}", loaded.err().unwrap());
    }
}
