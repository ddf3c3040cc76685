//! The calls of a script that play something: whether a check has come by all of them.

use super::state::State;
use crate::plan::tree::Position;

/// The functions of the API that play something.
const PLAYING: [&str; 2] = ["run", "compare"];

/// Whether every call that plays, in the script and in what it imports, was reached.
pub(super) fn met_all(state: &State) -> bool {
    let reached =
        |file: &str, at: Position| state.reached.iter().any(|(known, place)| known == file && *place == at);
    state
        .sources
        .all()
        .iter()
        .all(|source| calls(&source.text).into_iter().all(|at| reached(&source.file, at)))
}

/// Where the calls of a text begin, comments and texts apart.
fn calls(text: &str) -> Vec<Position> {
    let mut found = Vec::new();
    let (mut line, mut column) = (1, 0);
    let (mut word, mut ended, mut begins) = (String::new(), false, Position { line: 1, column: 1 });
    let mut characters = text.chars().peekable();
    // What a text ends with, if this is inside of one.
    let mut quote: Option<char> = None;
    let (mut comment, mut block) = (false, 0_u32);
    while let Some(c) = characters.next() {
        column += 1;
        if c == '\n' {
            (line, column, comment) = (line + 1, 0, false);
        }
        if comment {
            continue;
        }
        let next = characters.peek().copied();
        if block > 0 {
            match (c, next) {
                ('*', Some('/')) => block -= 1,
                ('/', Some('*')) => block += 1,
                _ => {}
            }
            continue;
        }
        if let Some(end) = quote {
            if c == '\\' && end != '`' && next != Some('\n') {
                characters.next();
                column += 1;
            } else if c == end {
                quote = None;
            }
            continue;
        }
        match (c, next) {
            ('/', Some('/')) => comment = true,
            ('/', Some('*')) => block = 1,
            ('"' | '`' | '\'', _) => quote = Some(c),
            _ if c.is_alphanumeric() || c == '_' => {
                if word.is_empty() || ended {
                    word.clear();
                    (ended, begins) = (false, Position { line, column });
                }
                word.push(c);
                continue;
            }
            ('(', _) if PLAYING.contains(&word.as_str()) => found.push(begins),
            _ if c.is_whitespace() && !word.is_empty() => {
                ended = true;
                continue;
            }
            _ => {}
        }
        word.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_outside_of_texts_and_comments() {
        let text = "run(a);\n// run(b)\n/* run(c) /* x */ */ let rerun = \"run(d) \\\" run(e)\"; if x { y = compare (z) }\n`run(f)`; r.run(g)";
        let at = |line, column| Position { line, column };
        assert_eq!(calls(text), [at(1, 1), at(3, 65), at(4, 13)]);
    }
}
