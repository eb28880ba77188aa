//! Commands that people are told to run: words that a shell takes as they are.

use std::path::Path;

/// A path as one word of a POSIX shell; plain ones stay as they are.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_every_path_as_one_word() {
        for (path, word) in [
            ("/tmp/hedui-demo-x1/household.toml", "/tmp/hedui-demo-x1/household.toml"),
            ("/tmp/达川/a.toml", "/tmp/达川/a.toml"),
            ("/tmp/my demo/a.toml", "'/tmp/my demo/a.toml'"),
            ("/tmp/o'clock", "'/tmp/o'\\''clock'"),
            ("/tmp/$HOME;x", "'/tmp/$HOME;x'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
