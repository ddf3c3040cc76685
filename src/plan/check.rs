//! What must hold: checks over figures.

use serde::{Deserialize, Serialize};

/// The part of a run that a figure is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// The figure is of the whole run.
    All,
    /// The figure is of one message type.
    Type(String),
    /// The figure is of one agent.
    Agent(String),
    /// Messages that were addressed to one agent.
    Recipient(String),
    /// The figure is of one phase.
    Phase(String),
}

/// A figure of a run: `by_type.direct.total.p99`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The part of the run that the figure is about.
    pub scope: Scope,
    /// The name of the figure: `total`, `success_rate`, `delivered` and so on.
    pub name: String,
    /// The statistic, if the figure is a time: `p99`, `mean` and so on.
    pub statistic: Option<String>,
}

/// A value of a known kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// A duration in nanoseconds.
    Duration(f64),
    /// A rate per second.
    Rate(f64),
    /// A share, 0 … 1.
    Share(f64),
    /// A count without a unit.
    Count(f64),
}

/// The right side of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    /// A value that is written down.
    Literal(Literal),
    /// Another figure of the same run.
    Figure(Figure),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparator {
    /// The sign `<`: less than.
    Less,
    /// The sign `<=`: at most.
    LessOrEqual,
    /// The sign `>`: greater than.
    Greater,
    /// The sign `>=`: at least.
    GreaterOrEqual,
    /// The sign `==`: equal to.
    Equal,
    /// The sign `!=`: not equal to.
    NotEqual,
}

/// One check: FIGURE OP VALUE, or FIGURE OP FIGURE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The check, as it was written.
    pub text: String,
    /// Left of the operator.
    pub figure: Figure,
    /// The operator between both sides.
    pub comparison: Comparator,
    /// What stands right of the operator.
    pub operand: Operand,
}

impl Comparator {
    /// Every operator as written, longest first, so that the first prefix found is the right one.
    pub const ALL: [(&'static str, Comparator); 6] = [
        ("<=", Comparator::LessOrEqual),
        (">=", Comparator::GreaterOrEqual),
        ("==", Comparator::Equal),
        ("!=", Comparator::NotEqual),
        ("<", Comparator::Less),
        (">", Comparator::Greater),
    ];

    /// Whether it holds between two numbers.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparator::Less => left < right,
            Comparator::LessOrEqual => left <= right,
            Comparator::Greater => left > right,
            Comparator::GreaterOrEqual => left >= right,
            Comparator::Equal => left == right,
            Comparator::NotEqual => left != right,
        }
    }
}
