//! What stands around a place of a script: as much of Rhai's grammar as it takes to guess what was meant.

use crate::plan::tree::Position;

/// A bracket that is open at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub at: Position,
    /// Its byte in the text.
    pub byte: usize,
    pub bracket: char,
    /// What stands before it, white space and comments left out.
    pub before: Option<char>,
    /// Whether it begins the body of a named function.
    pub function: bool,
}

/// The brackets that are open before a place, the innermost last; at the end of the text if the place lies behind it.
pub(super) fn open_brackets(text: &str, until: Position) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    let (mut line, mut column) = (1, 1);
    let (mut before, mut word, mut function) = (None, String::new(), false);
    let mut chars = text.char_indices().peekable();
    // What ends the text or comment that the place is in, if it is in one.
    let mut inside: Option<&str> = None;
    while let Some((byte, c)) = chars.next() {
        let at = Position { line, column };
        if at >= until {
            break;
        }
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        if let Some(end) = inside {
            if c == '\\' && matches!(end, "\"" | "'") {
                if chars.next().is_some() {
                    column += 1;
                }
            } else if text[..byte + c.len_utf8()].ends_with(end) {
                inside = None;
                before = Some(c);
            }
            continue;
        }
        let rest = &text[byte..];
        inside = match c {
            '/' if rest.starts_with("//") => Some("\n"),
            '/' if rest.starts_with("/*") => Some("*/"),
            '"' => Some("\""),
            '`' => Some("`"),
            // A single quote that is not closed on its line is no text.
            '\'' if rest[1..].split('\n').next().is_some_and(|line| line.contains('\'')) => Some("'"),
            _ => None,
        };
        if inside.is_some() {
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            before = Some(c);
            continue;
        }
        function |= std::mem::take(&mut word) == "fn";
        match c {
            '(' | '[' | '{' => {
                let function = c == '{' && std::mem::take(&mut function);
                open.push(Open { at, byte, bracket: c, before, function });
            }
            ')' | ']' | '}' => {
                open.pop();
            }
            _ => {}
        }
        if !c.is_whitespace() {
            before = Some(c);
        }
    }
    open
}

/// The rest of a text from a place on.
pub(super) fn from(text: &str, at: Position) -> &str {
    let start = at
        .line
        .checked_sub(2)
        .map_or(Some(0), |before| text.match_indices('\n').nth(before).map(|(byte, _)| byte + 1));
    let line = start.map_or("", |start| &text[start..]);
    let skip = line.char_indices().nth(at.column.saturating_sub(1)).map_or(line.len(), |(byte, _)| byte);
    &line[skip..]
}

/// The text before a place on its line.
pub(super) fn before(text: &str, at: Position) -> &str {
    let line = text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
    let end = line.char_indices().nth(at.column.saturating_sub(1)).map_or(line.len(), |(byte, _)| byte);
    &line[..end]
}

/// The bracket of a map that lacks its `#`: `{ arrival: …`, where a value is expected.
pub(super) fn map_without_hash(text: &str, at: Position) -> Option<Open> {
    let open = open_brackets(text, at);
    open.into_iter().rev().find(|open| {
        let a_value = matches!(open.before, Some('(' | ',' | ':' | '[' | '='));
        open.bracket == '{' && a_value && !open.function && begins_with_a_key(&text[open.byte + 1..])
    })
}

/// Whether a name or a text and a colon come first.
fn begins_with_a_key(text: &str) -> bool {
    let text = text.trim_start();
    let rest = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map_or("", |(_, rest)| rest),
        None => {
            let rest = text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            if rest.len() == text.len() { "" } else { rest }
        }
    };
    let rest = rest.trim_start();
    rest.starts_with(':') && !rest.starts_with("::")
}

/// The variables of the script's own level: those that functions do not see.
pub(super) fn is_variable_of_the_script(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let declared = line.strip_prefix("let ").map(str::trim_start);
        declared.is_some_and(|rest| {
            let rest = rest.strip_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    })
}

/// The names that stand for values at a place: inside a function its parameters and what it has declared, outside what the
/// script has.
pub(super) fn variables(text: &str, at: Position) -> Vec<String> {
    let end = text.len() - from(text, at).len();
    let before = &text[..end];
    let function = open_brackets(text, at).into_iter().rev().find(|open| open.function);
    let Some(function) = function else {
        return before.lines().flat_map(declared).collect();
    };
    let head = before[..function.byte].rsplit_once("fn ").map_or("", |(_, head)| head);
    let parameters =
        head.split_once('(').and_then(|(_, rest)| Some(rest.split_once(')')?.0)).unwrap_or_default();
    let parameters = parameters.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    parameters.chain(before[function.byte..].lines().flat_map(|line| declared(line.trim_start()))).collect()
}

/// The name that a line declares.
fn declared(line: &str) -> Option<String> {
    let rest = line.strip_prefix("let ").or_else(|| line.strip_prefix("const "))?.trim_start();
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_place_are_those_that_it_sees() {
        let text = "let workers = 4;\nconst LIMIT = 5;\nfn next(me, message) {\n  let sent = 1;\n  me.send(x)\n}\nf(y);";
        assert_eq!(variables(text, at(5, 11)), ["me", "message", "sent"]);
        assert_eq!(variables(text, at(7, 3)), ["workers", "LIMIT"]);
        assert!(variables(text, at(1, 1)).is_empty());
    }

    fn at(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn open_brackets_leave_out_texts_and_comments() {
        let text = "// (\nfn f(a) {\n  g(\"(\", `[`, '{', #{ b: [1, /* ( */ 2";
        let open = open_brackets(text, at(9, 1));
        let brackets: String = open.iter().map(|open| open.bracket).collect();
        assert_eq!(brackets, "{({[");
        assert!(open[0].function && !open[2].function);
        assert_eq!((open[2].before, open[3].before, open[3].at), (Some('#'), Some(':'), at(3, 26)));
        assert_eq!(open_brackets(text, at(2, 7)).len(), 1);
    }

    #[test]
    fn a_map_without_its_hash_is_found() {
        let found = |text: &str, column| map_without_hash(text, at(1, column)).map(|open| open.at.column);
        assert_eq!(found("run(scenario({ arrival: 1 }));", 16), Some(14));
        assert_eq!(found("let a = {\"b\": 1};", 13), Some(9));
        assert_eq!(found("f(#{ mix: { chat: 60 } })", 13), Some(11));
        assert_eq!(found("if a { b: 1 }", 9), None);
        assert_eq!(found("let x = { y::z };", 11), None);
        assert_eq!(found("f(#{ b: 1 })", 6), None);
    }
}
