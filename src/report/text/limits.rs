//! What limits the run, and what to try.

use super::Look;
use super::lines::{TIGHT, labelled};
use crate::metrics::results::Run;
use crate::report::number::printable;

/// Each limit with the figure that shows it, and the setting that may help.
pub fn section(run: &Run, look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, limit) in run.limits.iter().enumerate() {
        let advice = match &limit.setting {
            Some(setting) => format!("try --set{TIGHT}{setting}"),
            None => limit.help.clone(),
        };
        let text = format!("{}; {advice}", limit.seen);
        lines.extend(labelled(if place == 0 { "limits" } else { "" }, &printable(&text), look));
    }
    lines
}
