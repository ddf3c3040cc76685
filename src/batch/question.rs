//! What a batch file asks of its comparisons.

use super::AxisComparison;
use crate::compare::Question;
use crate::diagnostics::{Diagnostics, Exit};
use crate::plan::FigureNames;

/// What the file asks of its comparisons, the usual where it says nothing.
pub(super) fn question(
    across: Option<&AxisComparison>,
    names: &FigureNames<'_>,
) -> Result<Question, Diagnostics> {
    let (figures, within) = across.map_or((None, None), |across| (across.figures.as_deref(), across.within));
    Question::read(figures, within, names, Exit::Contents)
        .map_err(|wrong| wrong.into_iter().map(|fault| fault.path("compare.figures")).collect())
}
