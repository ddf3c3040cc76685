//! The tests, as data.

use super::bench::{Bench, Judged};
use super::rules::Rule::{self, *};
use super::system::SystemState;
use super::{
    tests_consumers as consumers, tests_deliveries as deliveries, tests_layers as layers,
    tests_library as library, tests_life as life, tests_options as options, tests_process as process,
    tests_session as session, tests_simulated as simulated,
};

/// What a test asks of its process's streams and end, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamRule {
    /// Anything is allowed on the streams.
    Any,
    /// Nothing may be printed.
    MustBeEmpty,
    /// The process must end by itself, with success.
    MustEndWell,
}

/// One test of the check.
pub struct Test {
    /// Its name, as `--test` takes it.
    pub name: &'static str,
    /// What the test asks of a core, in one sentence.
    pub sentence: &'static str,
    /// The rules of which a failure breaks one; the first is the one it is shown under.
    pub rules: &'static [Rule],
    /// Tests of a later stage say nothing while one of an earlier stage fails.
    pub stage: u8,
    pub(super) output: StreamRule,
    pub(super) run: fn(&Bench, &SystemState) -> Judged,
}

/// Tests that let time pass: they begin first, so that the others run meanwhile.
pub(super) const PATIENT: [&str; 2] = ["virtual_time", "quiet_after_destroy"];

/// The test of this name.
pub fn named(name: &str) -> Option<&'static Test> {
    TESTS.iter().find(|test| test.name == name)
}

macro_rules! tests {
    ($($stage:literal $name:ident [$($rule:ident)+] $room:ident::$run:ident $($output:ident)? = $sentence:literal;)+) => {
        /// All tests, in the order in which they are shown.
        pub static TESTS: &[Test] = &[$(Test {
            name: stringify!($name),
            sentence: $sentence,
            rules: &[$($rule,)+],
            stage: $stage,
            output: tests!(@output $($output)?),
            run: $room::$run,
        },)+];
    };
    (@output) => { StreamRule::Any };
    (@output $output:ident) => { StreamRule::$output };
}

tests! {
    0 file [Whole] library::file = "It is a shared library for this system, whole, and can be loaded";
    1 symbols [Symbols] library::symbols = "It exports the two functions of the contract";
    1 version [Major] library::version = "It speaks the plugin ABI of this host";
    1 descriptor [Descriptor] library::descriptor = "Its descriptor is there and as long as it should be";
    1 names [Names] library::names = "Its names are UTF-8 and well formed";
    1 functions [Functions] library::functions = "The functions that every core has are there";
    1 schema [Schema] library::schema = "The options' schema is a JSON Schema of an object";
    5 summary [Summary] library::summary = "The library and the core say in a line what they are";
    5 options_described [Described] options::described = "Every option has a description and, unless it must be given, a default";
    1 options_defaults [Defaults] options::defaults = "The defaults are what the schema asks for";
    5 options_unknown_key [Unknown] options::unknown_key = "A key that no option has is refused";
    5 options_wrong_type [Typed] options::wrong_type = "A value of the wrong type is refused, for every option";
    5 capabilities_sound [Sound] library::capabilities = "The capabilities do not contradict each other";
    2 create [Created] life::create = "A core can be made and destroyed";
    5 capabilities_effective [Effective] life::effective = "What it can do under its options is among what it declares";
    3 open [Opened] life::open = "A session can be opened and closed";
    4 one_message [StatusOk] session::one_message = "A batch of one is accepted and answered";
    5 simulated_alone [Touches] simulated::alone = "A simulated core has no threads and no descriptors";
    5 prepare_twice [Prepared] life::prepare_twice = "Preparing twice is like preparing once";
    5 cut_short [CutShort] life::cut_short = "A life may end after create, after prepare, and after open";
    5 close_in_flight [Closed] life::close_in_flight = "A session can be closed with messages in flight";
    5 one_after_the_other [Again] life::again = "Cores and sessions come one after the other";
    5 stats [Stats] life::stats = "The figures for the report are a JSON object";
    5 stats_room [Stats] life::stats_room = "The figures keep within the room they are given";
    5 clean [Cleaned] life::clean = "What was prepared can be removed";
    5 leaks_memory [GivenBack] life::leaks_memory = "A thousand lives leave no memory behind";
    5 leaks_descriptors [GivenBack] life::leaks_descriptors = "A thousand lives leave no descriptor open";
    5 leaks_threads [GivenBack] life::leaks_threads = "A thousand lives leave no thread behind";
    5 quiet_after_destroy [QuietAfter] life::quiet = "After its end it does not call the host";
    5 status_ok [StatusOk] session::status_ok = "Session calls go well, a thousand messages long";
    5 accepted_prefix [Prefix] session::prefix = "It accepts no more than it was offered";
    5 empty_batch [EmptyBatch] session::empty_batch = "An empty batch changes nothing";
    5 largest_batch [Batches] session::largest_batch = "A batch of all that may be in flight is taken";
    5 appends [Appends] session::appends = "It appends to the arrays and changes nothing else";
    5 small_arrays [Room] session::small_arrays = "Nothing is lost where the arrays are smaller than what is ready";
    5 more_ends [More] session::more_ends = "MORE comes to an end";
    5 medium_empty [Empty] session::medium_empty = "After it has said that its medium is empty no copy comes";
    5 due_moves_on [Due] session::due_moves_on = "A wish for a poll that was granted is not repeated for nothing";
    5 progress [Progress] session::progress = "Everything becomes known by the polls that the host owes";
    5 back_pressure [Pressure] session::back_pressure = "What was not accepted is taken later";
    5 calls_return [Blocks] session::calls_return = "No session call blocks";
    5 borrowed_messages [Borrowed] session::borrowed_messages = "Messages are borrowed: they are overwritten as soon as `publish` returns";
    5 borrowed_options [Borrowed] session::borrowed_options = "Options are borrowed: they are overwritten as soon as `create` returns";
    5 any_thread [AnyThread] session::any_thread = "Each call may come on another thread";
    5 waker [Waker] session::waker = "It wakes with the waker it was given";
    5 wakes [Progress] session::wakes = "Wakes from other threads tell all that becomes known";
    5 flush [Flush] session::flush = "A session without a message is flushed and drained";
    5 host_texts [HostTexts] session::host_texts = "What it tells the host is UTF-8, and interned where it should be";
    5 only_read [OnlyRead] session::only_read = "It writes to nothing that it is only lent";
    5 own_tokens [Own] session::own_tokens = "It speaks only of tokens that it accepted";
    5 one_outcome [Once] session::one_outcome = "No token gets a second outcome";
    5 every_outcome [Every] session::every_outcome = "Every accepted token gets its outcome";
    5 known_results [Result] session::known_results = "Results are those of the contract";
    5 reserved_fields [Reserved] session::reserved_fields = "Reserved fields are zero";
    5 not_in_the_past [NotPast] session::not_in_the_past = "No time lies before it can";
    5 not_too_far [NotFar] session::not_too_far = "No time lies more than 366 days ahead";
    5 reasons [Reason] session::reasons = "Reasons are interned texts of this run";
    5 uninvited [Uninvited] deliveries::uninvited = "It delivers no copies where none are wanted";
    5 stamps [Stamp] deliveries::stamps = "Stamps come back bit for bit";
    5 contents [Content] deliveries::contents = "Contents come back as they were sent";
    5 empty_contents [Content] deliveries::empty_contents = "Empty contents come back empty";
    5 large_contents [Content] deliveries::large_contents = "Contents of 1 MiB come back whole";
    5 recipients [Recipient] deliveries::recipients = "Copies arrive at agents of the run";
    5 addressed [Addressed] deliveries::addressed = "Copies arrive where they were sent, broadcasts everywhere else";
    5 confirmed [Confirmed] deliveries::confirmed = "What is confirmed arrives";
    5 exactly_once [ExactlyOnce] deliveries::exactly_once = "No copy arrives twice";
    5 ordered [Ordered] deliveries::ordered = "Copies arrive in the order in which they were sent";
    5 acknowledge [Acknowledge] deliveries::acknowledge = "Tags that it gives can be acknowledged";
    5 delivered_memory [Valid] deliveries::delivered_memory = "What a delivery points to can be read";
    5 repeatable [Repeatable] simulated::repeatable = "Two runs are equal byte for byte";
    5 regrouped [Regrouped] simulated::regrouped = "In other batches every message meets the same fate";
    5 permuted [Permuted] simulated::permuted = "In another order every message meets the same fate";
    5 crowd [Crowd] simulated::crowd = "Among other agents every message meets the same fate";
    5 sender_keys [SenderKeys] simulated::sender_keys = "Without the key of its sender a message meets the same fate";
    5 virtual_time [RealClock] simulated::virtual_time = "Real time makes no difference";
    5 no_sleeping [Sleeps] simulated::no_sleeping = "No session call waits for anything";
    5 never_wakes [NeverWakes] simulated::never_wakes = "It needs no wakes";
    5 silent [Silent] process::lived MustBeEmpty = "It prints nothing to standard output";
    5 signals [Signals] process::signals = "Signal handlers and masks stay as they are";
    5 surroundings [Surroundings] process::surroundings = "The working folder and the environment stay as they are";
    5 file_mode [FileMode] process::file_mode = "The umask stays as it is";
    5 resource_limits [ResourceLimits] process::resource_limits = "The limits on resources stay as they are";
    5 rounding [Rounding] process::rounding = "Floating-point numbers are rounded as before after every call";
    5 foreign_descriptors [Descriptors] process::foreign_descriptors = "Descriptors that the program has opened stay open";
    5 descriptor_flags [Descriptors] process::descriptor_flags = "The flags of the standard streams stay as they are";
    5 process_group [Groups] process::process_group = "Session and process group stay as they are";
    5 ends_well [EndsWell] process::lived MustEndWell = "The program ends as it should afterwards";
    5 under_a_layer [Under] layers::under = "It works below a layer";
    5 layer_alone [NeedsInner] layers::alone = "Without a core below it does not open";
    5 layer_passes_on [PassesOn] layers::passes_on = "It offers below what it was offered, in order";
    5 layer_due [InnerDue] layers::due = "It passes on the wishes from below";
    5 layer_failure [InnerFails] layers::failure = "It passes on a failure from below";
    5 shares [Shares] consumers::shares = "A message in a shared queue goes to one of its agents";
    5 limits [Limits] consumers::limits = "No agent has more unsettled copies than it may have";
    5 leases [Leases] consumers::leases = "A copy whose lease has ended is handed over again, and not before";
    5 settled [Settled] consumers::settled = "A copy that was acknowledged is never handed over again";
    5 handovers [HandOvers] consumers::handovers = "The hand-overs of a copy are counted";
    5 gives_back [GivesBack] consumers::gives_back = "A copy that is given back is handed over again, after its delay";
    5 rejects [Rejects] consumers::rejects = "A copy that is rejected is never handed over again";
    5 extends [Extends] consumers::extends = "A lease that is extended does not end at its first time";
    5 dead_letters [DeadLetters] consumers::dead_letters = "A copy that was handed over too often is given up";
    5 late_settlements [Late] consumers::late = "A settlement that comes too late is no error";
    5 unsubscribed [Unsubscribed] consumers::unsubscribed = "Nothing goes to an agent whose session is closed";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_there_once_and_every_rule_but_those_of_processes_has_a_test() {
        let names: HashSet<&str> = TESTS.iter().map(|test| test.name).collect();
        assert_eq!(names.len(), TESTS.len());
        assert!(PATIENT.iter().all(|name| names.contains(name)));
        let tested: HashSet<Rule> = TESTS.iter().flat_map(|test| test.rules).copied().collect();
        let untested: Vec<Rule> = Rule::ALL.iter().copied().filter(|rule| !tested.contains(rule)).collect();
        // These are told of a process that was stopped, whatever its test.
        assert_eq!(untested, [Returns, Memory]);
        assert!(
            TESTS.iter().all(|test| !test.sentence.ends_with('.') && test.sentence.len() <= 78),
            "one line each"
        );
    }
}
