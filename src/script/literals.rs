//! Literals too large to be read in reasonable time: Rhai compares every key of a map, every case of a `switch` and every
//! variable of a block with all before it.

use crate::diagnostics::{Diagnostic, Exit, SourcePlace};
use crate::plan::SourceText;
use crate::plan::tree::Position;

/// Keys of one map, cases of one `switch`, arguments of one call.
const ENTRIES_MAX: usize = 2_000;

/// The first bracket of a script with more in it than can be read in reasonable time.
pub(super) fn too_large(source: &SourceText) -> Option<Diagnostic> {
    let at = crowded(&source.text)?;
    let fault = Diagnostic::new(Exit::Script, "too much stands in one pair of brackets")
        .at(SourcePlace::in_text(&source.file, &source.text, at.line, at.column))
        .expected(format!(
            "at most {ENTRIES_MAX} keys of a map, cases of a `switch` or variables of a block"
        ));
    Some(fault.help("keep large data in a YAML or JSON file, and read it with `load(\"data.json\")`"))
}

/// Where the bracket opens; a list may be as long as it likes.
fn crowded(text: &str) -> Option<Position> {
    struct Open {
        at: Position,
        list: bool,
        entries: usize,
    }
    let mut open = vec![Open { at: Position { line: 1, column: 1 }, list: false, entries: 0 }];
    let mut chars = text.chars().peekable();
    let mut at = Position { line: 1, column: 1 };
    let mut inside: Option<char> = None;
    let (mut comment, mut last) = (None, ' ');
    let mut word = String::new();
    while let Some(c) = chars.next() {
        let here = at;
        at = match c {
            '\n' => Position { line: at.line + 1, column: 1 },
            _ => Position { column: at.column + 1, ..at },
        };
        let before = std::mem::replace(&mut last, c);
        match (comment, inside) {
            (Some('/'), _) if c == '\n' => comment = None,
            (Some('*'), _) if before == '*' && c == '/' => comment = None,
            (Some(_), _) => {}
            (None, Some(quote)) if c == '\\' && quote != '`' => {
                if chars.next().is_some_and(|c| c == '\n') {
                    at = Position { line: at.line + 1, column: 1 };
                } else {
                    at.column += 1;
                }
            }
            (None, Some(quote)) if c == quote || (quote == '\'' && c == '\n') => inside = None,
            (None, Some(_)) => {}
            (None, None) => {
                if c.is_alphanumeric() || c == '_' {
                    word.push(c);
                    continue;
                }
                let declared = matches!(std::mem::take(&mut word).as_str(), "let" | "const");
                let innermost = open.last_mut()?;
                innermost.entries += usize::from(declared || c == ',');
                if innermost.entries > ENTRIES_MAX && !innermost.list {
                    return Some(innermost.at);
                }
                match c {
                    '/' if chars.peek() == Some(&'/') => comment = Some('/'),
                    '/' if chars.peek() == Some(&'*') => comment = Some('*'),
                    '"' | '`' | '\'' => inside = Some(c),
                    '(' | '[' | '{' => open.push(Open { at: here, list: c == '[', entries: 0 }),
                    ')' | ']' | '}' if open.len() > 1 => {
                        open.pop();
                    }
                    _ => {}
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowded_bracket_is_found() {
        let many = |entry: &str| entry.repeat(ENTRIES_MAX + 1);
        let at = |text: &str| crowded(text).map(|at| (at.line, at.column));
        assert_eq!(at(&format!("let a =\n #{{ {} }};", many("a: 1, "))), Some((2, 3)));
        assert_eq!(at(&format!("switch x {{ {} }}", many("1 => 2, "))), Some((1, 10)));
        assert_eq!(at(&many("let a = 1; ")), Some((1, 1)));
        assert_eq!(at(&format!("let a = [{}];", many("1, "))), None);
        assert_eq!(at(&format!("f(\"{}\"); // {}\n /* {} */", many(","), many(","), many(","))), None);
        assert_eq!(at(&many("f(#{ a: 1, b: 2 }); ")), None);
    }
}
