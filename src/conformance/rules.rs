//! The rules of the contract, numbered as `core check` and docs/core-contract.md cite them.
//!
//! A number is never given to another rule: what is added gets the next free number of its group.

/// A part of the contract, in the order of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleGroup {
    /// The file and what it exports.
    Library,
    /// The options and their schema.
    Options,
    /// Rules about what a core says it can do.
    Capabilities,
    /// Control calls, from `create` to `destroy`.
    Lifecycle,
    /// `publish`, `poll`, `acknowledge`, `flush`.
    Session,
    /// Rules about the outcomes that a core gives.
    Outcomes,
    /// Rules about the copies that arrive.
    Deliveries,
    /// Rules for cores that are simulated.
    Simulation,
    /// A core in the host's process.
    Process,
    /// Rules about layers over other cores.
    Layers,
    /// Rules about queues that agents share, leases and settlements.
    Consumers,
}

impl RuleGroup {
    /// All groups, in order.
    pub const ALL: [RuleGroup; 11] = [
        RuleGroup::Library,
        RuleGroup::Options,
        RuleGroup::Capabilities,
        RuleGroup::Lifecycle,
        RuleGroup::Session,
        RuleGroup::Outcomes,
        RuleGroup::Deliveries,
        RuleGroup::Simulation,
        RuleGroup::Process,
        RuleGroup::Layers,
        RuleGroup::Consumers,
    ];

    /// The heading of the group.
    pub fn name(self) -> &'static str {
        match self {
            RuleGroup::Library => "Library",
            RuleGroup::Options => "Options",
            RuleGroup::Capabilities => "Capabilities",
            RuleGroup::Lifecycle => "Lifecycle",
            RuleGroup::Session => "Session calls",
            RuleGroup::Outcomes => "Outcomes",
            RuleGroup::Deliveries => "Deliveries",
            RuleGroup::Simulation => "Simulation",
            RuleGroup::Process => "Process",
            RuleGroup::Layers => "Layers",
            RuleGroup::Consumers => "Consumers",
        }
    }
}

macro_rules! rules {
    ($($group:ident { $($name:ident = $number:literal: $text:literal;)+ })+) => {
        /// One rule of the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[doc = $text] $name = $number,)+)+
        }

        impl Rule {
            /// All rules, by number.
            pub const ALL: &'static [Rule] = &[$($(Rule::$name,)+)+];

            /// The words of the rule.
            pub fn text(self) -> &'static str {
                match self { $($(Rule::$name => $text,)+)+ }
            }

            /// The part of the contract it belongs to.
            pub fn group(self) -> RuleGroup {
                match self { $($(Rule::$name => RuleGroup::$group,)+)+ }
            }
        }
    };
}

rules! {
    Library {
        Whole = 1: "The file is a shared library for this system, whole, and loading it does nothing but return.";
        Symbols = 2: "It exports `mqs_plugin_abi` and `mqs_plugin_entry_v1`.";
        Major = 3: "`mqs_plugin_abi` tells the host's major version.";
        Descriptor = 4: "The entry returns a descriptor of 1 to 64 cores that stays valid for ever, or NULL after having logged why.";
        Names = 5: "Every text of the descriptor is UTF-8. The id of a core is 1 to 64 lower case letters, digits or `_`, and no two cores of a library share one.";
        Functions = 6: "`create`, `destroy`, `open`, `close`, `publish` and `poll` are there.";
        Summary = 7: "The library has a name and a version, and a core says in one line what it is.";
    }
    Options {
        Schema = 10: "The options' schema is a JSON Schema of an object.";
        Described = 11: "Every option has a description, and a default unless it must be given or may be left out.";
        Defaults = 12: "The schema accepts its own defaults, and accepted options with the missing ones filled in from them.";
        Unknown = 13: "The schema refuses a key that it does not know.";
        Typed = 14: "For every option the schema says which values are allowed, and it refuses all others.";
    }
    Capabilities {
        Sound = 20: "Capabilities do not contradict each other: what is SIMULATED touches no network and no files and starts no processes.";
        Effective = 21: "The effective capabilities are among those that the descriptor declares.";
        Touches = 22: "A SIMULATED core starts no threads and opens no descriptors.";
    }
    Lifecycle {
        Created = 30: "`create` with options that the schema accepts returns OK and a core, or a status and why.";
        Opened = 31: "`open` returns OK and a session, or a status and why.";
        Prepared = 32: "`prepare` is idempotent.";
        CutShort = 33: "The host may call `destroy` after any control call, also where it has left out the calls that usually come between.";
        Closed = 34: "`close` comes also with messages in flight, and also after a failure.";
        Again = 35: "Cores and sessions are made one after the other, and what an earlier one has left behind does not disturb a later one.";
        Stats = 36: "`stats` writes at most `cap` bytes of a JSON object and tells its full length.";
        Cleaned = 37: "`clean` returns OK after `close`.";
        GivenBack = 38: "`destroy` gives back all memory, descriptors and threads.";
        QuietAfter = 39: "After `destroy` has returned, no thread of the core calls the host.";
        Returns = 40: "Every control call returns, in seconds rather than minutes.";
    }
    Session {
        StatusOk = 50: "A session call returns an error only if the session cannot go on. Trouble from which the core can recover is no error.";
        Prefix = 51: "`publish` accepts the first `*accepted` of `n` messages, never more than `n`.";
        EmptyBatch = 52: "An empty batch is accepted and has no outcome.";
        Batches = 53: "A batch may hold as many messages as may be in flight.";
        Appends = 54: "A core appends to `out` within its room and changes nothing that stands there.";
        Room = 55: "What does not fit into `out` stays with the core, which sets MORE.";
        More = 56: "MORE is set only while more is ready.";
        Due = 57: "When `next_due_ns` has come, the core answers or names a later one.";
        Progress = 58: "A core tells all outcomes in polls after a wake, at `next_due_ns`, after MORE or after `flush`. It cannot count on other polls.";
        Pressure = 59: "A message that was not accepted is accepted when it is offered again after an outcome, a wake or `next_due_ns`.";
        Blocks = 60: "No session call blocks.";
        Borrowed = 61: "What is passed in is borrowed for the call.";
        AnyThread = 62: "A session is used by one thread at a time, not always by the same.";
        Waker = 63: "`wake` is called with the waker that `open` was given.";
        Flush = 64: "`flush` sends what is held back and does not wait.";
        HostTexts = 65: "Texts given to the host are UTF-8; kinds of events are interned.";
        OnlyRead = 66: "What is passed in is only read, but for the fields that are there to be written.";
        Empty = 67: "EMPTY is set only if no copy will follow those that have been told by then.";
    }
    Outcomes {
        Own = 70: "An outcome is for a range of consecutive tokens that this session accepted.";
        Once = 71: "No token gets a second outcome.";
        Every = 72: "Every accepted token gets an outcome.";
        Result = 73: "A result is DELIVERED, REFUSED, REJECTED or UNCERTAIN, of at least one token.";
        Reserved = 74: "Reserved fields and unknown flags are zero.";
        NotPast = 75: "`at_ns` is not before the accepting publish; on the virtual clock not before the call that tells it.";
        NotFar = 76: "`at_ns` is at most 366 days ahead.";
        Reason = 77: "A reason is 0 or a text interned in this run.";
    }
    Deliveries {
        Uninvited = 80: "Without `receive` there are no deliveries.";
        Stamp = 81: "A stamp comes back bit for bit; a copy that bore none has zeros.";
        Content = 82: "Where contents are wanted they come back as they were sent, of any length from 0 to 1 MiB and more.";
        Recipient = 83: "A copy is for an agent; ALL stands for a broadcast of a simulated core.";
        Addressed = 84: "A copy arrives at the agent it was sent to; a broadcast at every agent but its sender.";
        Confirmed = 85: "With CONFIRMS, what is DELIVERED arrives.";
        ExactlyOnce = 86: "With EXACTLY_ONCE, no copy arrives twice.";
        Ordered = 87: "With ORDERED, copies of one sender, recipient and priority arrive in the order in which they were accepted; with ORDER_BY_ADDRESS, those of messages to one agent and those of messages to all each for themselves.";
        Acknowledge = 88: "A core that gives tags takes acknowledgements of them.";
        Valid = 89: "What a delivery points to stays valid and unchanged until the next call on the session.";
    }
    Simulation {
        Repeatable = 90: "The same seed and the same calls give the same answers, byte for byte.";
        Regrouped = 91: "A message meets the same fate in whatever batches it comes.";
        Permuted = 92: "A message meets the same fate in whatever order it comes.";
        Crowd = 93: "A message meets the same fate however many other agents there are.";
        RealClock = 94: "A simulated core looks at no real clock.";
        Sleeps = 95: "A simulated core does not sleep.";
        NeverWakes = 96: "A simulated core tells what follows in the call itself, or a `next_due_ns`: it never wakes.";
        SenderKeys = 97: "A message meets the same fate whether its `sender_key` is told or 0.";
    }
    Process {
        Silent = 100: "A core prints nothing to standard output, which carries results: it logs.";
        Signals = 101: "A core leaves signal handlers and signal masks as they are.";
        Surroundings = 102: "A core leaves the working folder and the environment as they are.";
        EndsWell = 103: "A core does not end the process: no crash, no abort, no `exit`, also not when the program ends.";
        Memory = 104: "The memory of a core does not grow without limit.";
        FileMode = 105: "A core leaves the umask (the modes that new files do not get) as it is.";
        ResourceLimits = 106: "A core leaves the limits on resources as they are.";
        Rounding = 107: "A core leaves the floating-point environment as it is on the threads that call it.";
        Descriptors = 108: "A core closes no descriptor that it has not opened, and changes no flag of one.";
        Groups = 109: "A core leaves the session and the process group as they are.";
    }
    Layers {
        Under = 110: "A core works below a layer.";
        NeedsInner = 111: "A layer without a core below fails in `open`, with a status.";
        PassesOn = 112: "A layer offers below only messages that it was offered, in their order, and none twice at once.";
        InnerDue = 113: "A layer tells the earlier of its own `next_due_ns` and the one from below.";
        InnerFails = 114: "A failure from below ends the layer's call with a status.";
    }
    Consumers {
        Shares = 120: "With SHARES, a copy of a message to a shared queue is with one agent of its group at a time, and never with another agent.";
        Limits = 121: "With LIMITS, no agent has more than `prefetch` unsettled copies at a time.";
        Leases = 122: "With LEASES, a copy that is not settled is handed over again when its lease has ended, and not before.";
        Settled = 123: "With LEASES, a copy that was acknowledged in time is never handed over again.";
        HandOvers = 124: "Where the number of a hand-over is told, the first is 1, and each that follows is one more and REDELIVERED.";
        GivesBack = 125: "With SETTLES, a copy that is given back is handed over again, after the delay for that.";
        Rejects = 126: "With SETTLES, a copy that is rejected is never handed over again.";
        Extends = 127: "With EXTENDS, a lease that is extended before its end begins anew.";
        DeadLetters = 128: "With DEAD_LETTERS, a copy that was handed over `max_deliveries` times and not settled is told as given up, and never handed over again.";
        Late = 129: "A settlement that comes too late is taken or ignored; it is no error.";
        Unsubscribed = 130: "Nothing is handed over to an agent whose subscription is closed.";
    }
}

impl Rule {
    /// The number of the rule.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The rule of that number.
    pub fn numbered(number: u16) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.number() == number)
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "R{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_are_found_again() {
        assert!(Rule::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        assert!(Rule::ALL.iter().all(|rule| Rule::numbered(rule.number()) == Some(*rule)));
        assert_eq!(Rule::numbered(9999), None);
    }

    #[test]
    fn the_reference_has_every_rule_in_the_same_words() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/core-contract.md");
        let reference = std::fs::read_to_string(path).unwrap();
        let joined = reference.split_whitespace().collect::<Vec<_>>().join(" ");
        for rule in Rule::ALL {
            let cited = format!("**{rule}** {}", rule.text());
            assert!(joined.contains(&cited), "docs/core-contract.md lacks: {cited}");
        }
        assert_eq!(joined.matches("**R").count(), Rule::ALL.len(), "a rule that is not in the table");
    }
}
