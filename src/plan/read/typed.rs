//! Values as they are typed in a shell.

use super::text::parse_yaml;
use super::tree::{Origin, TreeNode};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};

/// Reads a value as typed in a shell: as YAML, so that `8`, `true`, `20/s` and `{poisson: {rate: 20/s}}` are what
/// they look like.
///
/// # Errors
/// It is not YAML.
pub fn parse_typed(flag: &str, text: &str) -> Result<TreeNode, Diagnostics> {
    let origin = Origin::Flag(flag.to_owned());
    let node = parse_yaml(flag, text).map_err(|faults| {
        let of_flag = |fault: Diagnostic| Diagnostic { exit: Exit::Usage, place: None, ..fault };
        let told = |fault| of_flag(fault).found(format!("`{text}`")).note(format!("it comes from `{flag}`"));
        faults.into_iter().map(told).collect::<Diagnostics>()
    })?;
    let node = match node.typed.clone().filter(|typed| is_no_number(typed)) {
        Some(typed) => TreeNode::text(&typed),
        None => node,
    };
    Ok(node.unplaced().said_by(&origin))
}

/// Whether digits are a password, an account or the like: as a number they would lose some.
fn is_no_number(text: &str) -> bool {
    let digits = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text.starts_with('0') || text.parse::<i64>().is_err())
}
