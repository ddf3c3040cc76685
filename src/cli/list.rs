//! `list`: the scripts that come along.

use mqscript::diagnostics::Exit;
use mqscript::script::BUNDLED;
use mqscript::session::terminal;

/// Lists them, each with the first sentence of its text.
pub fn command() -> Exit {
    let width = BUNDLED.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, script) in BUNDLED {
        text.push_str(&format!("{name:width$}  {}\n", summary(script)));
    }
    text.push_str("\nmqscript run NAME plays one; mqscript run NAME --help shows its parameters.\n");
    let wrong = terminal::print(&text).err().unwrap_or_default();
    terminal::complain(&wrong);
    wrong.exit()
}

/// The first sentence of the comment that a script begins with.
fn summary(script: &str) -> String {
    let comment = script.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let text = comment.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let end =
        text.find(['.', '?']).filter(|at| text[at + 1..].starts_with(' ')).map_or(text.len(), |at| at + 1);
    text[..end].trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_that_comes_along_says_what_it_shows() {
        for (name, script) in BUNDLED {
            let summary = summary(script);
            assert!(summary.len() > 20 && summary.len() < 300, "{name}: {summary}");
        }
    }
}
