//! The house rules: a small tidy repository has no finding, one breach has exactly its own, and this repository has none.

use std::path::Path;

use super::allow::{Allowance, apply};
use super::manifest::dependencies;
use super::*;

/// The smallest repository that keeps every rule.
const CLEAN: &[(&str, &str)] = &[
    ("Cargo.toml", "[workspace]\n"),
    (
        "Cargo.lock",
        "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    ),
    ("LICENSE", "Apache License\n"),
    (
        "README.md",
        "# hedui\nSee https://crates.io/crates/hedui-ids and https://registry.gov.example/x.\n",
    ),
    (".cargo/config.toml", "[alias]\n"),
    ("adapters/README.md", "# Departments\n"),
    (
        "adapters/housing/department.toml",
        "url = \"https://housing.example/home/x\"\n",
    ),
    ("adapters/housing/cases.toml", ""),
    ("benches/README.md", "# Benchmarks\n"),
    ("crates/README.md", "# Crates\n"),
    ("crates/hedui-core/README.md", "# hedui-core\n"),
    (
        "crates/hedui-core/Cargo.toml",
        "name = \"hedui-core\"\n[dependencies]\nhedui-ids.workspace = true\n",
    ),
    (
        "crates/hedui-core/src/lib.rs",
        "//! The domain.\n/// Never `Instant`, nor rand::thread_rng.\nfn f() {}\n",
    ),
    ("crates/hedui-adapter/README.md", "# hedui-adapter\n"),
    (
        "crates/hedui-adapter/Cargo.toml",
        "name = \"hedui-adapter\"\n[build-dependencies]\ntonic = \"1\"\n",
    ),
    ("crates/hedui-policy/README.md", "# hedui-policy\n"),
    (
        "crates/hedui-policy/Cargo.toml",
        "name = \"hedui-policy\"\n[dev-dependencies]\nhedui-sim.workspace = true\n",
    ),
    ("crates/hedui-policy/src/load.rs", "//! Reads packs.\nuse std::fs;\n"),
    ("deploy/README.md", "# Running\n"),
    ("proto/README.md", "# Protocols\n"),
    ("proto/a.proto", "// Says.\nmessage A {\n  string message = 1;\n}\n"),
    ("tests/README.md", "# Tests\n"),
    ("tests/src/lib.rs", "//! Tests.\nconst PLACE: &str = \"/tmp/x\";\n"),
];

fn findings_with(path: &str, text: &str) -> Vec<Finding> {
    let mut files = CLEAN.to_vec();
    files.push((path, text));
    check_but(&Tree::of(&files), &[])
}

fn findings_without(path: &str) -> Vec<Finding> {
    let files: Vec<_> = CLEAN.iter().copied().filter(|(name, _)| *name != path).collect();
    check_but(&Tree::of(&files), &[])
}

/// One breach gives one finding: of this rule, in this file, at this line.
fn breaks(path: &str, text: &str, rule: &str, line: usize) {
    let found = findings_with(path, text);
    let places: Vec<_> = found
        .iter()
        .map(|finding| (finding.rule, finding.path.as_str(), finding.line))
        .collect();
    assert_eq!(places, [(rule, path, line)], "{text:?}");
}

fn keeps(path: &str, text: &str) {
    assert_eq!(findings_with(path, text), [], "{path}: {text:?}");
}

/// A Rust file with a function of so many lines.
fn function_of(lines: usize) -> String {
    format!(
        "//! Long.\n\npub fn long(bytes: [u8; 4]) {{\n{}}}\n",
        "    // {\n".repeat(lines - 2)
    )
}

#[test]
fn this_repository_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let findings = check(&Tree::read(root).unwrap());
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn reading_finds_this_file_with_its_text_and_skips_what_cargo_builds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let tree = Tree::read(root).unwrap();
    assert_eq!(
        tree.text("crates/xtask/src/tidy/tests.rs"),
        Some(include_str!("tests.rs"))
    );
    assert!(
        tree.files()
            .all(|(path, _)| !path.starts_with("target/") && !path.starts_with(".git/"))
    );
}

#[test]
fn a_repository_that_keeps_every_rule_has_no_finding() {
    assert_eq!(check_but(&Tree::of(CLEAN), &[]), []);
}

#[test]
fn nothing_is_added_to_the_top_level_and_nothing_is_missing() {
    breaks("notes.txt", "", "top-level", 0);
    keeps(".editorconfig", "");
    assert_eq!(
        findings_without("LICENSE"),
        [Finding::whole("top-level", "LICENSE", "is missing at the top level")]
    );
}

#[test]
fn every_folder_a_newcomer_meets_explains_itself() {
    for readme in ["adapters", "crates", "crates/hedui-core"].map(|folder| format!("{folder}/README.md")) {
        let found = findings_without(&readme);
        assert!(
            found
                .iter()
                .any(|finding| finding.rule == "readme" && finding.path == readme),
            "{readme}: {found:?}"
        );
        breaks(&readme, "no title\n", "readme", 1);
    }
}

#[test]
fn tests_are_known_by_their_names_alone() {
    use super::tree::is_test;
    for path in [
        "a/tests.rs",
        "a/testing.rs",
        "a/b_tests.rs",
        "tests/src/lib.rs",
        "a/tests/b.rs",
        "a/testing/b.rs",
    ] {
        assert!(is_test(path), "{path}");
    }
    for path in [
        "a/attests.rs",
        "a/test.rs",
        "a/testsuite/b.rs",
        "benches/benches/a.rs",
        "a/latest.rs",
    ] {
        assert!(!is_test(path), "{path}");
    }
}

#[test]
fn the_first_line_says_what_the_file_is_for() {
    for text in [
        "",
        "fn f() {}\n",
        "//!\n//! Late.\n",
        "// Not a document.\n",
        "\n//! Late.\n",
    ] {
        breaks("crates/hedui-core/src/a.rs", text, "first-line", 1);
        breaks("crates/hedui-core/src/a/tests.rs", text, "first-line", 1);
    }
}

#[test]
fn a_file_ends_at_the_limit_and_tests_at_theirs() {
    for (path, limit) in [
        ("crates/hedui-core/src/a.rs", 500),
        ("crates/hedui-core/src/a/tests.rs", 1_000),
    ] {
        let of = |lines: usize| format!("//! Long.\n{}", "//\n".repeat(lines - 1));
        keeps(path, &of(limit));
        breaks(path, &of(limit + 1), "file-length", 0);
    }
}

#[test]
fn a_function_fits_a_screen() {
    keeps("crates/hedui-core/src/a.rs", &function_of(70));
    breaks("crates/hedui-core/src/a.rs", &function_of(71), "function-length", 3);
    keeps("crates/hedui-core/src/a/tests.rs", &function_of(71));
    let declared = format!(
        "//! Trait.\ntrait T {{\n    fn short(&self) -> [u8; 4];\n{}}}\n",
        "\n".repeat(80)
    );
    keeps("crates/hedui-core/src/a.rs", &declared);
    let pointers = format!(
        "//! Type.\nstruct S {{\n    call: fn (u8) -> u8,\n{}}}\n",
        "\n".repeat(80)
    );
    keeps("crates/hedui-core/src/a.rs", &pointers);
}

#[test]
fn unfinished_work_is_found_in_comments_and_prose_but_not_in_names() {
    for marker in ["TODO", "FIXME", "XXX"] {
        breaks(
            "crates/hedui-core/src/a.rs",
            &format!("//! A.\n// {marker}: later\n"),
            "word",
            2,
        );
        breaks("adapters/housing/cases.toml", &format!("# {marker}\n"), "word", 1);
        keeps(
            "crates/hedui-core/src/a.rs",
            &format!("//! A.\nconst {marker}S: &str = \"{marker}\";\n"),
        );
    }
}

#[test]
fn banned_calls_are_found_in_code_only() {
    for call in [
        "todo!()",
        "unimplemented!()",
        "dbg!(1)",
        "#[ignore]",
        "#[ignore = \"slow\"]",
        "std::thread::sleep(d)",
    ] {
        breaks(
            "crates/hedui-core/src/a/tests.rs",
            &format!("//! A.\n{call};\n"),
            "word",
            2,
        );
        keeps(
            "crates/hedui-core/src/a/tests.rs",
            &format!("//! A.\n// {call}\nconst A: &str = {call:?};\n"),
        );
    }
    keeps("crates/hedui-core/src/a.rs", "//! A.\nfn f() { my_dbg!(1); }\n");
}

#[test]
fn an_example_that_is_not_compiled_is_a_test_that_cannot_fail() {
    breaks(
        "crates/hedui-core/src/a.rs",
        "//! A.\n//! ```rust,ignore\n//! f();\n//! ```\n",
        "word",
        2,
    );
    keeps(
        "crates/hedui-core/src/a.rs",
        "//! A.\n//! ```text\n//! ignore\n//! ```\n",
    );
}

#[test]
fn paths_of_one_machine_are_found_outside_tests() {
    for folder in ["home", "root", "work", "Users", "tmp"] {
        for before in ["", "file://"] {
            let line = format!("//! A.\nconst A: &str = \"{before}/{folder}/a\";\n");
            breaks("crates/hedui-core/src/a.rs", &line, "machine-path", 2);
        }
        keeps(
            "crates/hedui-core/src/a/tests.rs",
            &format!("//! A.\nconst A: &str = \"/{folder}/a\";\n"),
        );
        keeps(
            "crates/hedui-core/src/a.rs",
            &format!("//! A.\nconst A: &str = \"net{folder}/a/{folder}/b\";\n"),
        );
    }
    keeps(
        "deploy/README.md",
        "# Running\nFor a look: `hedui demo --data /tmp/demo`\n",
    );
    breaks("deploy/README.md", "# Running\ncd /home/li/hedui\n", "machine-path", 2);
}

#[test]
fn hosts_of_registries_are_found_everywhere() {
    for host in ["index.crates.io", "mirrors.a.cn", "registry.a.cn", "proxy.a.cn:8080"] {
        let name = host.split(':').next().unwrap();
        let found = findings_with("deploy/hedui.toml", &format!("a = \"https{}{host}/x\"\n", "://"));
        assert_eq!(found.len(), 1, "{host}: {found:?}");
        assert!(
            found[0].rule == "registry-host" && found[0].message.starts_with(name),
            "{found:?}"
        );
    }
    breaks(
        "Cargo.lock",
        "source = \"git+https://github.com/a/b\"\n",
        "registry-host",
        1,
    );
    breaks(".cargo/config.toml", "[source.crates-io]\n", "registry-host", 1);
    breaks(".cargo/config.toml", "[registries.own]\n", "registry-host", 1);
}

#[test]
fn an_arrow_that_the_design_does_not_draw_is_found() {
    for (name, never) in [
        ("hedui-ids", "serde"),
        ("hedui-ids", "hedui-core"),
        ("hedui-core", "hedui-policy"),
        ("hedui-core", "tokio"),
        ("hedui-policy", "hedui-adapter"),
        ("hedui-proto", "hedui-core"),
        ("hedui-adapter", "hedui-broker"),
        ("hedui-evidence", "hedui-core"),
        ("hedui-broker", "tonic"),
        ("hedui-broker", "axum"),
        ("hedui-broker", "hedui-server"),
        ("hedui-sim", "hedui-server"),
    ] {
        arrow(name, &format!("{never}.workspace = true"), 1);
    }
    for name in [
        "hedui-core",
        "hedui-policy",
        "hedui-adapter",
        "hedui-evidence",
        "hedui-broker",
    ] {
        arrow(name, "hedui-sim = { workspace = true }", 1);
    }
    arrow("hedui-server", "hedui-sim.workspace = true", 0);
    arrow("hedui-new", "anyhow = \"1\"", 1);
}

/// A crate with one dependency has so many findings about arrows.
fn arrow(name: &str, dependency: &str, count: usize) {
    let manifest = format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependency}\n");
    let path = format!("crates/{name}/Cargo.toml");
    let tree = Tree::of(&[(&path, &manifest)]);
    let found = arrows::check(&tree);
    assert_eq!(found.len(), count, "{name} with {dependency}: {found:?}");
}

#[test]
fn a_crate_is_named_as_its_folder() {
    breaks("crates/hedui-core/Cargo.toml", "name = \"core\"\n", "arrow", 0);
}

#[test]
fn a_manifest_gives_every_spelling_of_a_dependency_and_no_other_line() {
    let text = "[package]\nname = \"x\"\n[features]\na = [\"dep:no\"]\n[dependencies]\n# no = \"1\"\na.workspace = true\n\
                b = { version = \"1\", features = [\"no\"] }\nc = { package = \"real-c\", version = \"1\" }\n\
                [dependencies.d]\nversion = \"1\"\n[dependencies.e]\npackage = \"real-e\"\n\
                [target.'cfg(unix)'.dependencies]\nf = \"1\"\n[build-dependencies]\ng = \"1\"\n\
                [dev-dependencies]\nno = \"1\"\n[dev-dependencies.no]\nversion = \"1\"\n[lints]\nno = true\n";
    let found: Vec<_> = dependencies(text)
        .into_iter()
        .map(|dependency| dependency.package)
        .collect();
    assert_eq!(found, ["a", "b", "real-c", "d", "real-e", "f", "g"]);
}

#[test]
fn a_pure_crate_does_not_look_outside() {
    for line in [
        "use tokio::time;",
        "let a = rand::random();",
        "use std::fs;",
        "std::net::lookup();",
        "use std::time::SystemTime;",
        "use std::{env, fmt};",
        "async fn f() {}",
    ] {
        breaks("crates/hedui-core/src/a.rs", &format!("//! A.\n{line}\n"), "purity", 2);
        keeps("crates/hedui-core/src/a/tests.rs", &format!("//! A.\n{line}\n"));
        keeps("crates/hedui-adapter/src/a.rs", &format!("//! A.\n{line}\n"))
    }
    breaks(
        "crates/hedui-policy/src/pack.rs",
        "//! A.\nuse std::{\n    fmt,\n    fs,\n};\nfs::read();\n",
        "purity",
        4,
    );
    keeps(
        "crates/hedui-core/src/a.rs",
        "//! A.\nuse std::{fmt, iter};\nlet fs = operand;\n",
    );
}

#[test]
fn one_file_of_the_policy_reads_packs_and_only_files() {
    breaks(
        "crates/hedui-policy/src/pack/load_more.rs",
        "//! A.\nuse std::fs;\n",
        "purity",
        0,
    );
    breaks(
        "crates/hedui-policy/src/load.rs",
        "//! A.\nuse std::net;\n",
        "purity",
        2,
    );
    breaks("crates/hedui-core/src/load.rs", "//! A.\nuse std::fs;\n", "purity", 2);
}

#[test]
fn a_department_has_a_description_and_cases() {
    for name in ["department.toml", "cases.toml"] {
        let path = format!("adapters/housing/{name}");
        let found = findings_without(&path);
        assert_eq!(found.iter().map(|finding| &finding.path).collect::<Vec<_>>(), [&path]);
    }
}

#[test]
fn every_declaration_of_a_protocol_has_a_comment() {
    for line in ["service S {}", "rpc R(A) returns (B);", "message M {", "enum E {"] {
        breaks(
            "proto/a.proto",
            &format!("// Above.\n\n  {line}\n"),
            "protocol-comment",
            3,
        );
        keeps("proto/a.proto", &format!("  // Above.\n  {line}\n"));
    }
    keeps("proto/a.proto", "string message = 1;\nservice_id x = 2;\n");
}

#[test]
fn an_allowance_covers_its_own_finding_and_no_other() {
    let allowance = Allowance {
        rule: "word",
        path: "a.rs",
        message: "dbg",
        reason: "shown to a person",
    };
    let covered = Finding::at("word", "a.rs", 3, "`dbg!`");
    for other in [
        Finding::at("word", "b.rs", 3, "`dbg!`"),
        Finding::at("purity", "a.rs", 3, "`dbg!`"),
        Finding::at("word", "a.rs", 3, "`todo!`"),
    ] {
        let left = apply(vec![covered.clone(), other.clone()], std::slice::from_ref(&allowance));
        assert_eq!(left, [other]);
    }
}

#[test]
fn an_allowance_without_use_or_reason_is_a_finding() {
    let of = |reason| Allowance {
        rule: "word",
        path: "a.rs",
        message: "",
        reason,
    };
    let covered = || vec![Finding::at("word", "a.rs", 3, "`dbg!`")];
    assert_eq!(apply(vec![], &[of("shown to a person")]).len(), 1);
    assert_eq!(apply(covered(), &[of(" ")]).len(), 1);
    assert_eq!(apply(covered(), &[of("shown to a person")]), []);
}
