//! The mock core, and the flags that set its options.

/// The core whose options `--success-rate`, `--min-latency` and `--max-latency` set.
pub(crate) const MOCK: &str = "mock";

/// Flags that set an option of mock cores, and the option.
pub(crate) const OF_MOCKS: [(&str, &str); 3] =
    [("--success-rate", "success_rate"), ("--min-latency", "latency"), ("--max-latency", "latency")];
