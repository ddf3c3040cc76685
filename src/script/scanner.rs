//! A scanner for literals of a script: maps, lists, calls and names, with the places at which they stand.

use crate::plan::tree::Position;

/// A literal that stands at a place.
#[derive(Debug)]
pub(super) enum LocatedLiteral {
    Map(Vec<(String, Position, Placed)>),
    List(Vec<Placed>),
    /// A call of a function that makes a map with its own name as key.
    Call(String, Vec<Placed>),
    /// A name that stands alone.
    Name(String),
    Other,
}

#[derive(Debug)]
pub(super) struct Placed {
    pub at: Position,
    pub literal: LocatedLiteral,
}

pub(super) struct Scanner<'t> {
    pub chars: std::iter::Peekable<std::str::Chars<'t>>,
    pub at: Position,
}

impl<'t> Scanner<'t> {
    /// At the beginning of a line, if there is one.
    pub fn at_line(text: &'t str, line: usize) -> Option<Scanner<'t>> {
        let start = match line.checked_sub(2) {
            None => 0,
            Some(before) => text.match_indices('\n').nth(before)?.0 + 1,
        };
        Some(Scanner { chars: text[start..].chars().peekable(), at: Position { line, column: 1 } })
    }

    pub fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    pub fn peek(&mut self) -> Option<char> {
        self.chars.peek().copied()
    }

    /// Passes white space and comments.
    pub fn space(&mut self) {
        loop {
            match self.peek() {
                Some(c) if c.is_whitespace() => {
                    self.next();
                }
                Some('/') => {
                    let mut ahead = self.chars.clone();
                    ahead.next();
                    match ahead.peek() {
                        Some('/') => while self.next().is_some_and(|c| c != '\n') {},
                        Some('*') => {
                            let mut last = ' ';
                            while let Some(c) = self.next() {
                                if last == '*' && c == '/' {
                                    break;
                                }
                                last = c;
                            }
                        }
                        _ => return,
                    }
                }
                _ => return,
            }
        }
    }

    /// The values between an opening bracket, which comes next, and its closing one.
    pub fn arguments(&mut self) -> Vec<Placed> {
        let mut values = Vec::new();
        if self.next().is_none() {
            return values;
        }
        loop {
            self.space();
            match self.peek() {
                None => return values,
                Some(')' | ']' | '}') => {
                    self.next();
                    return values;
                }
                Some(',') => {
                    self.next();
                }
                Some(_) => values.push(self.value()),
            }
        }
    }

    /// One value, up to the comma or bracket after it.
    pub fn value(&mut self) -> Placed {
        let at = self.at;
        let mut literal = match self.peek() {
            Some('#') => {
                self.next();
                LocatedLiteral::Map(self.map())
            }
            Some('[') => LocatedLiteral::List(self.arguments()),
            Some('|') => {
                // The commas between a closure's parameters end nothing.
                self.next();
                while self.next().is_some_and(|c| c != '|') {}
                LocatedLiteral::Other
            }
            Some(c) if c.is_alphabetic() || c == '_' => {
                let name = self.word();
                match self.peek() {
                    Some('(') => LocatedLiteral::Call(name, self.arguments()),
                    _ => LocatedLiteral::Name(name),
                }
            }
            _ => LocatedLiteral::Other,
        };
        if self.rest() && !matches!(literal, LocatedLiteral::Call(..)) {
            literal = LocatedLiteral::Other;
        }
        Placed { at, literal }
    }

    pub fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
            self.next();
        }
        word
    }

    pub fn map(&mut self) -> Vec<(String, Position, Placed)> {
        let mut keys = Vec::new();
        if self.next().is_none() {
            return keys;
        }
        loop {
            self.space();
            let at = self.at;
            match self.peek() {
                None => return keys,
                Some('}') => {
                    self.next();
                    return keys;
                }
                Some(',') => {
                    self.next();
                    continue;
                }
                Some(quote @ ('"' | '\'' | '`')) => {
                    let key = self.quoted(quote);
                    self.key(&mut keys, key, at);
                }
                Some(c) if c.is_alphanumeric() || c == '_' => {
                    let key = self.word();
                    self.key(&mut keys, key, at);
                }
                Some(_) => {
                    self.next();
                }
            }
        }
    }

    pub fn key(&mut self, keys: &mut Vec<(String, Position, Placed)>, key: String, at: Position) {
        self.space();
        if self.peek() == Some(':') {
            self.next();
            self.space();
            let value = self.value();
            keys.push((key, at, value));
        }
    }

    pub fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        self.next();
        while let Some(c) = self.next() {
            match c {
                '\\' if quote != '`' => text.extend(self.next()),
                c if c == quote => break,
                c => text.push(c),
            }
        }
        text
    }

    /// Passes what is left of a value, or of a statement. Returns whether there was anything.
    pub fn rest(&mut self) -> bool {
        let mut depth = 0;
        let mut any = false;
        loop {
            self.space();
            match self.peek() {
                None => return any,
                Some(quote @ ('"' | '\'' | '`')) => {
                    self.quoted(quote);
                }
                Some(',' | ';') if depth == 0 => return any,
                Some(')' | ']' | '}') if depth == 0 => return any,
                Some('(' | '[' | '{') => {
                    depth += 1;
                    self.next();
                }
                Some(')' | ']' | '}') => {
                    depth -= 1;
                    self.next();
                }
                Some(_) => {
                    self.next();
                }
            }
            any = true;
        }
    }
}
