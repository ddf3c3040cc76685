//! What Rhai says went wrong, in our words: no word of a library reaches a person.

use super::code::{before, from, is_variable_of_the_script, map_without_hash, open_brackets};
use super::limits;
use crate::diagnostics::{Diagnostic, Exit, SourcePlace};
use crate::plan::SourceText;
use crate::plan::tree::Position;
use crate::plan::{FIGURES, SCOPES};
use mqscript_plugin::units::{parse_duration, parse_rate};
use rhai::{EvalAltResult, LexError, ParseErrorType};

/// Names that stand for a text wherever they are written without quotes.
const TEXTS: [&str; 16] = [
    "direct",
    "broadcast",
    "hard_onboard",
    "soft_onboard",
    "text",
    "system",
    "urgent",
    "other",
    "any",
    "all",
    "low",
    "regular",
    "high",
    "reject",
    "drop_oldest",
    "block",
];

/// The types of Rhai in the words of people: "i64, &str" is "number, text".
pub(super) fn readable(types: &str) -> String {
    let types = types.replace("&str | ImmutableString | String", "text");
    let mut text = String::new();
    let mut word = String::new();
    for c in types.chars().chain(['\0']) {
        if c.is_alphanumeric() || matches!(c, '_' | ':') {
            word.push(c);
            continue;
        }
        text.push_str(match word.rsplit("::").next().unwrap_or_default() {
            "i64" | "f64" | "u64" | "i32" | "usize" | "INT" | "FLOAT" => "number",
            "str" | "ImmutableString" | "String" | "string" => "text",
            "array" | "Array" => "list",
            "Map" => "map",
            "bool" => "true or false",
            "char" => "letter",
            "Fn" | "FnPtr" => "function",
            "blob" | "Blob" => "bytes",
            "Range" | "RangeInclusive" => "range",
            "Dynamic" => "value",
            "Duration" => "time",
            "Result" => "result",
            "Results" => "saved results",
            "Comparison" => "comparison",
            "Scenario" => "scenario",
            "Me" => "me",
            "Message" => "message",
            "Outcome" => "outcome",
            other => other,
        });
        word.clear();
        match c {
            '&' | '\0' => {}
            c => text.push(c),
        }
    }
    text.replace("()", "nothing").replace("range<number>", "range").replace("range=<number>", "range")
}

/// "i64" is "a number".
pub(super) fn a_value_of(kind: &str) -> String {
    if kind.starts_with("a ") || kind.starts_with("an ") {
        return readable(kind);
    }
    match readable(kind).as_str() {
        "nothing" => "nothing, `()`,".to_owned(),
        "true or false" => "true or false".to_owned(),
        "bytes" => "bytes".to_owned(),
        word => format!("a {word}"),
    }
}

/// A sentence of Rhai's that has no words of ours: at least it begins as ours do, with its quotes as ours are.
fn plain(said: &str) -> String {
    let mut quoted = false;
    let mut text = String::new();
    for c in said.chars() {
        if c == '\'' {
            quoted = !quoted;
            text.push('`');
        } else {
            text.push(c);
        }
    }
    let text = if quoted { said.to_owned() } else { text };
    let text = text
        .replace("object map literal", "map")
        .replace("array literal", "list")
        .replace("the property", "the key");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// What is wrong with a script that does not compile; `at` is where Rhai noticed.
pub(super) fn of_parsing(kind: &ParseErrorType, source: &SourceText, at: Option<Position>) -> Diagnostic {
    let text = source.text.as_str();
    let place = |at: Position| SourcePlace::in_text(&source.file, text, at.line, at.column);
    let fault = Diagnostic::new(Exit::Script, "the script does not compile").at(at.map(place));
    if let Some(at) = at {
        if let Some(open) = map_without_hash(text, at) {
            return Diagnostic { title: "a map begins with `#{`".to_owned(), ..fault }
                .at(place(open.at))
                .found("`{`, which begins a block of statements")
                .help("write `#{` in its place: a map is `#{ key: value }`");
        }
        if let Some((begin, meant)) = unquoted(text, at) {
            return Diagnostic { title: "a quantity is a text".to_owned(), ..fault }
                .at(place(begin))
                .help(format!("write `\"{meant}\"`"));
        }
    }
    let titled = |title: String| Diagnostic { title, ..fault.clone() };
    match kind {
        ParseErrorType::BadInput(error) => lexical(error, text, at, fault),
        ParseErrorType::VariableUndefined(name) => undefined(name, text, at, fault),
        ParseErrorType::ModuleUndefined(name) => titled(format!("nothing is imported as `{name}`"))
            .help(format!("write `import \"{name}\" as {name};` at the top of the script")),
        ParseErrorType::Reserved(word) => reserved(word, text, at, fault),
        ParseErrorType::UnexpectedEOF => unfinished(text, END, fault, source),
        ParseErrorType::MissingToken(token, _) if at.is_none_or(|at| from(text, at).trim().is_empty()) => {
            unfinished(text, END, titled(format!("`{token}` is missing")), source)
        }
        ParseErrorType::MissingToken(token, why) => {
            let fault = titled(format!("`{token}` is missing"));
            let fault =
                if why.is_empty() { fault } else { fault.expected(format!("`{token}` {}", plain(why))) };
            let help = match (token.as_str(), at) {
                (":", Some(at)) if from(text, at).starts_with('=') => {
                    Some("between a key of a map and its value stands `:`, not `=`".to_owned())
                }
                (_, Some(at)) if before(text, at).ends_with('"') => {
                    Some("look for a text that lacks its closing `\"`".to_owned())
                }
                ("," | ";", Some(at)) if before(text, at).trim().is_empty() => {
                    Some(format!("look at the end of the line before: does it lack a `{token}`?"))
                }
                (_, Some(at)) => word_of_another_language(from(text, at)),
                _ => None,
            };
            fault.help_if(help)
        }
        ParseErrorType::ExprExpected(what) if what.contains("literal") => {
            titled("a case of `switch` is a number, a text, true, false or a range".to_owned())
        }
        ParseErrorType::ExprExpected(_) => titled("a value is missing".to_owned()),
        ParseErrorType::MismatchedType(wanted, found) => titled("a value of the wrong kind".to_owned())
            .found(a_value_of(found))
            .expected(match wanted.as_str() {
                "an iterable value" => "a list, or a range such as 0..9".to_owned(),
                "a boolean expression" => "true or false".to_owned(),
                wanted => readable(wanted),
            }),
        ParseErrorType::MalformedIndexExpr(_) => titled("this index does not fit".to_owned())
            .expected("a number for a list or a text, a text for a map"),
        ParseErrorType::MalformedCapture(_) => titled("this call is not complete".to_owned()),
        ParseErrorType::PropertyExpected
            if at.is_some_and(|at| from(text, at).starts_with([')', ']', ';'])) =>
        {
            unfinished(text, at.unwrap_or(END), fault, source)
        }
        ParseErrorType::PropertyExpected => titled("the name of a key is missing".to_owned())
            .help("a key is a name or a text: `#{ workers: 8, \"a-b\": 5 }`"),
        ParseErrorType::VariableExpected => titled("the name of a variable is missing".to_owned()),
        ParseErrorType::DuplicatedProperty(key) => {
            titled(format!("the key `{key}` stands twice in one map")).expected("each key once")
        }
        ParseErrorType::DuplicatedVariable(name) | ParseErrorType::VariableExists(name) => {
            titled(format!("the variable `{name}` is there already")).expected("another name")
        }
        ParseErrorType::ForbiddenVariable(name) => {
            titled(format!("`{name}` cannot be the name of a variable")).expected("another name")
        }
        ParseErrorType::AssignmentToConstant(name) => {
            titled(format!("the constant `{name}` cannot be changed"))
                .help(format!("declare it with `let {name}` instead of `const`"))
        }
        ParseErrorType::AssignmentToInvalidLHS(_) => titled("nothing can be assigned to this".to_owned())
            .expected("a variable, or a key of one, on the left of `=`")
            .help("to compare, write `==`"),
        ParseErrorType::FnDuplicatedDefinition(name, parameters) => {
            let word = if *parameters == 1 { "parameter" } else { "parameters" };
            titled(format!("the function `{name}` with {parameters} {word} is there already"))
        }
        ParseErrorType::FnDuplicatedParam(name, parameter) => {
            titled(format!("the function `{name}` has two parameters called `{parameter}`"))
        }
        ParseErrorType::FnMissingName => titled("the function has no name".to_owned())
            .expected("`fn name(parameters) { … }`; without a name it is a closure, `|parameters| …`"),
        ParseErrorType::FnMissingParams(name) => titled(format!("the function `{name}` has no parameters"))
            .help(format!("write `fn {name}() {{ }}` where it takes none")),
        ParseErrorType::FnMissingBody(_) => {
            titled("the function has no body".to_owned()).expected("`{ … }` after the parameters")
        }
        ParseErrorType::WrongFnDefinition => titled("a function stands inside a block".to_owned())
            .expected("functions at the top level of the script"),
        ParseErrorType::WrongExport => {
            titled("`export` stands inside a block".to_owned()).expected("`export` at the top level")
        }
        ParseErrorType::WrongDocComment => titled("a comment with `///` stands alone".to_owned())
            .help("write `//` where no function follows"),
        ParseErrorType::LoopBreak => titled("`break` or `continue` stands outside of a loop".to_owned()),
        ParseErrorType::WrongSwitchDefaultCase => {
            titled("the case `_` of `switch` is not the last".to_owned()).expected("`_` after all others")
        }
        ParseErrorType::WrongSwitchIntegerCase => {
            titled("a number stands after a range in `switch`".to_owned()).expected("numbers before ranges")
        }
        ParseErrorType::WrongSwitchCaseCondition => {
            titled("the case `_` of `switch` has a condition".to_owned())
        }
        ParseErrorType::ExprTooDeep => titled("an expression is nested too deep".to_owned())
            .help("give its parts names with `let`, or keep the data in a file and `load` it"),
        ParseErrorType::TooManyFunctions => {
            titled("the script has too many functions".to_owned()).expected("at most 1000")
        }
        ParseErrorType::LiteralTooLarge(_, max) => {
            titled("a text, a list or a map is too large".to_owned()).expected(format!("at most {max}"))
        }
        ParseErrorType::UnknownOperator(operator) => titled(format!("there is no operator `{operator}`")),
        ParseErrorType::MissingSymbol(what) => titled(plain(what)),
        other => fault.found(plain(&other.to_string())),
    }
}

/// Texts and numbers that cannot be read as such.
fn lexical(error: &LexError, text: &str, at: Option<Position>, fault: Diagnostic) -> Diagnostic {
    let titled = |title: &str| Diagnostic { title: title.to_owned(), ..fault.clone() };
    match error {
        LexError::MalformedChar(inside) => {
            let closed = at.is_some_and(|at| from(text, at).starts_with(&format!("'{inside}'")));
            let fault = titled("a text stands in double quotes");
            if closed {
                fault
                    .found(format!("'{inside}'"))
                    .help(format!("write `\"{}\"`", inside.replace('"', "\\\"")))
            } else {
                fault.found("a single quote")
            }
        }
        LexError::UnterminatedString => titled("a text is not closed")
            .expected("a `\"` at its end, on the same line")
            .help("a text of several lines stands in backquotes"),
        LexError::StringTooLong(_) => {
            titled("a text is too long").expected(format!("at most {} bytes", limits::TEXT_MAX_BYTES))
        }
        LexError::MalformedEscapeSequence(found) => titled("there is no such escape in a text")
            .found(format!("`{found}`"))
            .help("for the backslash itself write `\\\\`"),
        LexError::MalformedNumber(found) => titled("this is no number").found(format!("`{found}`")),
        LexError::MalformedIdentifier(found) => titled("this is no name")
            .found(format!("`{found}`"))
            .expected("letters, digits and `_`, a letter first"),
        LexError::UnexpectedInput(found) => {
            let control = found.chars().find(|c| c.is_control() || !c.is_ascii());
            let found = match control {
                Some(c) => format!("the character U+{:04X}", u32::from(c)),
                None => format!("`{found}`"),
            };
            let hash = found == "`#`";
            let help = hash.then(|| "a comment begins with `//`, a map with `#{`".to_owned());
            titled(&format!("{found} does not fit here")).help_if(help)
        }
        LexError::ImproperSymbol(symbol, why) if why.ends_with("is disabled") => {
            titled(&format!("`{symbol}` is off in scripts"))
        }
        LexError::ImproperSymbol(symbol, _) => {
            let help = match symbol.as_str() {
                "===" => "write `==`",
                "!==" => "write `!=`",
                ":=" => "write `=`",
                "<-" => "write `<=` to compare",
                "::<" | ":;" => "write `::`",
                "(*" | "*)" => "a comment stands between `/*` and `*/`",
                "#" | "# {" => "a map begins with `#{`, a comment with `//`",
                _ => "",
            };
            let help = (!help.is_empty()).then(|| help.to_owned());
            titled(&format!("there is no `{symbol}`")).help_if(help)
        }
        other => titled(&plain(&other.to_string())),
    }
}

/// A quantity without its quotes around a place, `20/s`, `5ms`, `95%`: where it begins, and its text.
fn unquoted(text: &str, at: Position) -> Option<(Position, String)> {
    let (left, right) = (before(text, at), from(text, at));
    let tail = left.trim_end();
    let number = |text: &str| {
        text.rfind(|c: char| !(c.is_ascii_digit() || c == '.'))
            .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8))
    };
    let (begin, quantity) = if let Some(before_sign) = tail.strip_suffix('%') {
        let begin = number(before_sign);
        (begin, format!("{}%", &before_sign[begin..]))
    } else {
        let word: String = right.chars().take_while(|c| c.is_alphabetic()).collect();
        let stem = left.trim_end_matches('/');
        let begin = number(stem);
        (begin, format!("{}{word}", &left[begin..]))
    };
    let digits = quantity.starts_with(|c: char| c.is_ascii_digit());
    let alone = !left[..begin].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\''));
    let known = parse_duration(&quantity).is_ok() || parse_rate(&quantity).is_ok() || quantity.ends_with('%');
    (digits && alone && known).then(|| {
        let column = left[..begin].chars().count() + 1;
        (Position { line: at.line, column }, quantity)
    })
}

/// A variable that nobody declared.
fn undefined(name: &str, text: &str, at: Option<Position>, fault: Diagnostic) -> Diagnostic {
    let mut fault = fault;
    fault.title = format!("undefined variable `{name}`");
    let Some(at) = at else { return fault };
    let rest = from(text, at);
    let behind = rest.strip_prefix(name).unwrap_or_default().trim_start();
    if behind.starts_with('=') && !behind.starts_with("==") && !behind.starts_with("=>") {
        let statement = rest.split([';', '\n']).next().unwrap_or_default().trim_end();
        let whole = open_brackets(statement, Position { line: usize::MAX, column: 1 }).is_empty();
        return fault.help(match whole && !statement.is_empty() {
            true => format!("a variable is declared with `let`: write `let {statement};`"),
            false => format!("a variable is declared with `let`: write `let {name}` before the `=`"),
        });
    }
    if let Some(help) = word_of_another_language(rest) {
        return fault.help(help);
    }
    let figure = FIGURES.iter().map(|figure| figure.name).chain(SCOPES).any(|known| known == name);
    if figure && (behind.starts_with(['.', '<', '>', '[']) || behind.starts_with("==")) {
        return fault.help("a check is a text: write `\"total.p99 < 100ms\"`");
    }
    if TEXTS.contains(&name) {
        return fault.help(format!("a name is a text: write `\"{name}\"`"));
    }
    let in_function = open_brackets(text, at).iter().any(|open| open.function);
    if in_function && is_variable_of_the_script(text, name) {
        return fault
            .note("a function sees its parameters and constants, not the variables of the script")
            .help(format!("give it to the function as a parameter, or declare it with `const {name} = 5;` and write `global::{name}`"));
    }
    fault
}

/// What other languages write where a script has something else.
fn word_of_another_language(rest: &str) -> Option<String> {
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let help = match word.as_str() {
        "null" | "nil" | "None" | "undefined" | "NULL" => "nothing is written `()`",
        "True" => "write `true`",
        "False" => "write `false`",
        "function" | "def" | "func" => "a function begins with `fn`: `fn name(me) { }`",
        "elif" | "elsif" | "elseif" => "write `else if`",
        "and" => "write `&&`",
        "or" => "write `||`",
        "not" => "write `!`",
        "var" => "a variable is declared with `let`",
        "match" | "case" => "write `switch`",
        "new" => "maps and functions take the place of objects",
        "console" | "println" | "printf" | "echo" | "System" => "write `print(\"text\")`",
        "async" | "await" | "sync" | "go" | "spawn" | "thread" => {
            "scripts do one thing at a time; callbacks react"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

fn reserved(word: &str, text: &str, at: Option<Position>, fault: Diagnostic) -> Diagnostic {
    let rest = at.map_or("", |at| from(text, at));
    let a_key = rest.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let behind_a_point = at.is_some_and(|at| before(text, at).ends_with('.'));
    let named = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !named {
        let hash = word.starts_with('#').then(|| "a comment begins with `//`, a map with `#{`".to_owned());
        return Diagnostic { title: format!("`{word}` does not fit here"), ..fault }.help_if(hash);
    }
    let fault = fault.found(format!("the reserved word `{word}`"));
    match word {
        word if a_key => fault.help(format!("quote it: \"{word}\"")),
        word if behind_a_point => fault.help(format!("put it in brackets and quotes: [\"{word}\"]")),
        word => {
            fault.help(word_of_another_language(word).unwrap_or_else(|| "choose another name".to_owned()))
        }
    }
}

/// A position behind every text.
const END: Position = Position { line: usize::MAX, column: 1 };

/// A script that ends inside something: where that began.
fn unfinished(text: &str, until: Position, fault: Diagnostic, source: &SourceText) -> Diagnostic {
    let Some(open) = open_brackets(text, until).pop() else {
        return Diagnostic { title: "the script ends too early".to_owned(), ..fault };
    };
    let close = match open.bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    };
    Diagnostic { title: format!("a `{}` is not closed", open.bracket), ..fault }
        .at(SourcePlace::in_text(&source.file, text, open.at.line, open.at.column))
        .expected(match until == END {
            true => format!("a `{close}` before the end of the script"),
            false => format!("a `{close}` before line {}", until.line + 1),
        })
}

/// What is wrong with a script that was stopped by Rhai itself, in a way that has no case of its own.
pub(super) fn of_evaluation(error: &EvalAltResult) -> Diagnostic {
    let thrown = |title: String| Diagnostic::new(Exit::Thrown, title);
    match error {
        EvalAltResult::ErrorFor(_) => thrown("`for` cannot go through this".to_owned())
            .expected("a list, a range such as `0..9`, or the `keys()` of a map"),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            let fault = thrown("a value of the wrong kind".to_owned()).found(a_value_of(found));
            if wanted.is_empty() { fault } else { fault.expected(a_value_of(wanted)) }
        }
        EvalAltResult::ErrorArrayBounds(length, index, _) => {
            thrown(format!("the list has no item {index}")).found(of_length("a list", *length, "item"))
        }
        EvalAltResult::ErrorStringBounds(length, index, _) => thrown(format!(
            "the text has no character {index}"
        ))
        .found(of_length("a text", *length, "character")),
        EvalAltResult::ErrorBitFieldBounds(_, index, _) => thrown(format!("a number has no bit {index}")),
        EvalAltResult::ErrorIndexingType(what, _) => {
            let kind = what.split(" [").next().unwrap_or_default();
            thrown(format!("{} has no parts in brackets", a_value_of(kind).trim_end_matches(',')))
        }
        EvalAltResult::ErrorIndexNotFound(index, _) => thrown(format!("there is no index {index}")),
        EvalAltResult::ErrorPropertyNotFound(name, _) => thrown(format!("there is no key `{name}`")),
        EvalAltResult::ErrorVariableExists(name, _) => {
            thrown(format!("the variable `{name}` is there already"))
        }
        EvalAltResult::ErrorForbiddenVariable(name, _) => {
            thrown(format!("`{name}` cannot be the name of a variable"))
        }
        EvalAltResult::ErrorModuleNotFound(name, _) => thrown(format!("`{name}` cannot be imported here"))
            .help("`import` stands at the top of the script; its functions can be called anywhere"),
        EvalAltResult::ErrorUnboundThis(_) => {
            thrown("`this` means nothing here".to_owned()).expected("a function that is called as a method")
        }
        EvalAltResult::ErrorAssignmentToConstant(name, _)
        | EvalAltResult::ErrorNonPureMethodCallOnConstant(name, _) => match name.is_empty() {
            true => thrown("a constant cannot be changed".to_owned()),
            false => thrown(format!("`{name}` belongs to a constant, which cannot be changed")),
        },
        EvalAltResult::ErrorArithmetic(said, _) => thrown(plain(said)),
        EvalAltResult::ErrorTooManyVariables(_) => thrown("too many variables".to_owned())
            .expected(format!("at most {} at a time", limits::VARIABLES_MAX))
            .help("keep many values in a list or a map"),
        EvalAltResult::ErrorTooManyModules(_) => {
            thrown("too many imports".to_owned()).expected(format!("at most {}", limits::MODULES_MAX))
        }
        EvalAltResult::ErrorDataRace(..) => {
            thrown("a value is used while it is being changed".to_owned()).help("work on a copy of it")
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            let what = match what.to_lowercase() {
                what if what.contains("string") => "a text",
                what if what.contains("map") => "a map",
                _ => "a list",
            };
            thrown(format!("{what} grows too large")).expected(format!(
                "texts up to {} bytes, lists and maps up to {} values, with all that is in them",
                limits::TEXT_MAX_BYTES,
                limits::VALUES_MAX
            ))
        }
        EvalAltResult::ErrorDotExpr(said, _) => thrown(plain(said)),
        EvalAltResult::LoopBreak(..) => thrown("`break` or `continue` stands outside of a loop".to_owned()),
        other => {
            let said = other.to_string();
            thrown(plain(said.split(" (line ").next().unwrap_or(&said)))
        }
    }
}

fn of_length(what: &str, length: usize, part: &str) -> String {
    match length {
        0 => format!("{what} without any"),
        1 => format!("{what} of 1 {part}"),
        length => format!("{what} of {length} {part}s"),
    }
}
