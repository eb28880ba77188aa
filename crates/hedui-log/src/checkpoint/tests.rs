//! The text of a checkpoint: the specification's example, one spelling, refused forms.
//! Leaves signatures to `note/tests.rs`.

use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn the_example_of_the_specification_is_read_and_written() {
    let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.to_string(), EXAMPLE);
    let made = Checkpoint::new(&checkpoint.origin, checkpoint.size, checkpoint.root).unwrap();
    assert_eq!(made, checkpoint);
    let extended = format!("{EXAMPLE}one\ntwo\n");
    let read = Checkpoint::parse(&extended).unwrap();
    assert_eq!(read.extensions(), ["one", "two"]);
    assert_eq!(read.to_string(), extended);
}

#[test]
fn forms_that_are_not_checkpoints_are_named() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let cases = [
        (String::new(), CheckpointError::Lines),
        ("\n".into(), CheckpointError::Origin),
        (format!("\n1\n{root}\n"), CheckpointError::Origin),
        ("o\n".into(), CheckpointError::Size),
        ("o\n1\n".into(), CheckpointError::Root),
        (format!("o\n1\n{root}"), CheckpointError::Lines),
        (format!("o\r\n1\n{root}\n"), CheckpointError::Lines),
        (format!("o\n1\n{root}\n\n"), CheckpointError::Extension { line: 4 }),
        (
            format!("o\n1\n{root}\nx\n\ny\n"),
            CheckpointError::Extension { line: 5 },
        ),
        (format!("o\n1\n{root} \n"), CheckpointError::Root),
        (format!("o\n1\n{}\n", root.replace("2I=", "2J=")), CheckpointError::Root),
    ];
    for (text, error) in cases {
        assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
    }
    for size in [
        "",
        "01",
        "00",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1e3",
        "0x1",
        "\u{661}",
        "18446744073709551616",
    ] {
        let text = format!("o\n{size}\n{root}\n");
        assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Size), "{size:?}");
    }
    for size in ["0", "1", "18446744073709551615"] {
        assert!(Checkpoint::parse(&format!("o\n{size}\n{root}\n")).is_ok(), "{size}");
    }
    assert_eq!(Checkpoint::new("", 0, Hash([0; 32])), Err(CheckpointError::Origin));
    assert_eq!(Checkpoint::new("a\nb", 0, Hash([0; 32])), Err(CheckpointError::Lines));
}

proptest! {
    #[test]
    fn any_state_is_read_as_it_was_written(origin in "[^\\x00-\\x1f]{1,40}", size in any::<u64>(), root in any::<[u8; 32]>()) {
        let checkpoint = Checkpoint::new(&origin, size, Hash(root)).unwrap();
        prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    }
}
