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
            ("/srv/hedui-demo-x1/household.toml", "/srv/hedui-demo-x1/household.toml"),
            ("/srv/达川/a.toml", "/srv/达川/a.toml"),
            ("/srv/my demo/a.toml", "'/srv/my demo/a.toml'"),
            ("/srv/o'clock", "'/srv/o'\\''clock'"),
            ("/srv/$HOME;x", "'/srv/$HOME;x'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
