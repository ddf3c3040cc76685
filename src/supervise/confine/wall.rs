//! Landlock: which files can be opened at all.

use super::limits::{AllowedFiles, folders_of};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

/// The version whose rights are asked for: files, truncation, devices, TCP, signals, abstract sockets (Linux 6.12).
const WANTED: ABI = ABI::V6;

/// Bounds this thread, and all that come from it, for ever. Says how much of it the kernel could do.
pub(super) fn raise(limits: &AllowedFiles) -> Result<RulesetStatus, RulesetError> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let write: BitFlags<AccessFs> = read
        | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer});
    // Landlock knows folders, not the names in them: those are looked at by the watcher.
    let moved = make_bitflags!(AccessFs::{MakeReg | RemoveFile});
    let raised = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(&limits.read, read))?
        .add_rules(path_beneath_rules(&limits.write, write))?
        .add_rules(path_beneath_rules(folders_of(&limits.moved), moved))?
        .restrict_self()?;
    Ok(raised.ruleset)
}
