//! What must hold: checks over figures.

/// Where a figure is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole run.
    All,
    /// One message type.
    Type(String),
    /// One agent.
    Agent(String),
    /// What was addressed to one agent.
    Recipient(String),
    /// One phase.
    Phase(String),
}

/// A figure of a run: `by_type.direct.total.p99`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Of what.
    pub scope: Scope,
    /// Which: `total`, `success_rate`, `delivered` …
    pub name: String,
    /// For a time its statistic: `p99`, `mean` …
    pub statistic: Option<String>,
}

/// A value of a known kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal {
    /// A duration in nanoseconds.
    Duration(f64),
    /// A rate per second.
    Rate(f64),
    /// A share, 0 … 1.
    Share(f64),
    /// A count.
    Count(f64),
}

/// What stands right of the operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A value.
    Literal(Literal),
    /// Another figure.
    Figure(Figure),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// One check: FIGURE OP VALUE, or FIGURE OP FIGURE.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// As written.
    pub text: String,
    /// Left of the operator.
    pub figure: Figure,
    /// The operator.
    pub comparison: Comparison,
    /// Right of it.
    pub operand: Operand,
}

impl Comparison {
    /// Every operator as written, longest first, so that the first prefix found is the right one.
    pub const ALL: [(&'static str, Comparison); 6] = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];

    /// Whether it holds between two numbers.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
        }
    }
}
