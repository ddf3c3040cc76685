//! The exit codes, in one table.

/// How a panic begins on stderr: it is a bug of this program.
pub const PANIC: &str = "error: a bug in mqscript";

/// The exit codes of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Exit code 0: all went well.
    Success,
    /// 1: a bug in mqscript.
    Bug,
    /// 2: flags: unknown, meaningless here, a parameter that is not declared, output paths.
    Usage,
    /// 3: the contents of a map or a file, wherever written.
    Contents,
    /// 4: the script is missing, unreadable, or does not compile.
    Script,
    /// 5: everything else a script throws, and its limits.
    Thrown,
    /// 6: the core: not found, not loadable, options refused, breach, death.
    Core,
    /// 7: a check did not hold.
    CheckFailed,
    /// 8: the ledger is not valid.
    Invalid,
    /// 9: undecided: validity unknown, or generator-limited with all checks held.
    Undecided,
    /// 130: interrupted by Ctrl-C.
    Interrupted,
    /// 143: asked to terminate.
    Terminated,
}

impl Exit {
    /// Every way to end, the worst first.
    pub const WORST_FIRST: [Exit; 12] = [
        Exit::Bug,
        Exit::Interrupted,
        Exit::Terminated,
        Exit::Usage,
        Exit::Invalid,
        Exit::Core,
        Exit::Thrown,
        Exit::Script,
        Exit::Contents,
        Exit::CheckFailed,
        Exit::Undecided,
        Exit::Success,
    ];

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Bug => 1,
            Exit::Usage => 2,
            Exit::Contents => 3,
            Exit::Script => 4,
            Exit::Thrown => 5,
            Exit::Core => 6,
            Exit::CheckFailed => 7,
            Exit::Invalid => 8,
            Exit::Undecided => 9,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// What the exit code means, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Success => "success: every run valid, every check passed",
            Exit::Bug => "a bug in mqscript",
            Exit::Usage => {
                "flags: unknown, meaningless for this script, a parameter that is not declared, an output that cannot \
                 be written, saved results that cannot be read"
            }
            Exit::Contents => {
                "the contents of a map or a file, wherever written, also inside a script; an unknown figure in a check"
            }
            Exit::Script => "the script is missing, unreadable, or does not compile",
            Exit::Thrown => "whatever else a script throws, and its limits",
            Exit::Core => {
                "the core: not found, not loadable, options refused, a breach of the contract, death"
            }
            Exit::CheckFailed => "a check failed",
            Exit::Invalid => "the ledger does not balance",
            Exit::Undecided => "undecided: validity unknown, or generator-limited with all checks held",
            Exit::Interrupted => "interrupted (Ctrl-C)",
            Exit::Terminated => "asked to terminate",
        }
    }

    /// The way to end with this exit code.
    pub fn from_code(code: u8) -> Option<Exit> {
        Exit::WORST_FIRST.into_iter().find(|exit| exit.code() == code)
    }

    /// The worse of two.
    pub fn worst(self, other: Exit) -> Exit {
        let rank = |exit| Exit::WORST_FIRST.iter().position(|known| *known == exit);
        if rank(self) <= rank(other) { self } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_says_the_same() {
        let guide = include_str!("../../docs/troubleshooting.md");
        for exit in Exit::WORST_FIRST.into_iter().filter(|exit| exit.code() < 100) {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(guide.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_worst_of_several_counts() {
        let codes: Vec<u8> = Exit::WORST_FIRST.into_iter().map(Exit::code).collect();
        assert_eq!(codes, [1, 130, 143, 2, 8, 6, 5, 4, 3, 7, 9, 0]);
        assert_eq!(Exit::CheckFailed.worst(Exit::Invalid), Exit::Invalid);
        assert_eq!(Exit::Success.worst(Exit::Undecided), Exit::Undecided);
    }
}
