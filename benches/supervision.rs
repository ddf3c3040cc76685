//! What supervising a run costs: the program as it is typed, against the same with `--in-process`, in turns.
//!
//! `cargo bench --bench supervision` prints the wall time of a short run either way and the median of the differences,
//! then nanoseconds a message of a long one and the median of the ratios; the same for `--pure`.

use support::bench::median;

const ROUNDS: usize = 100;
const LONG_ROUNDS: usize = 7;
/// Simulated seconds of the long run: some three million messages.
const LONG_S: &str = "16000";

/// Wall seconds of one run.
fn run(duration: &str, more: &[&str]) -> f64 {
    support::bench::seconds(&[&["run", "-q", "nine_agents", "--duration", duration], more].concat())
}

/// Pairs of wall seconds, alternately one and the other first.
fn pairs(rounds: usize, duration: &str, one: &[&str], other: &[&str]) -> Vec<(f64, f64)> {
    let pair = |round: usize| match round % 2 {
        0 => (run(duration, one), run(duration, other)),
        _ => {
            let other = run(duration, other);
            (run(duration, one), other)
        }
    };
    pair(0);
    (0..rounds).map(pair).collect()
}

fn main() {
    for (name, flags) in [("supervised", &[][..]), ("pure", &["--pure"][..])] {
        let short = pairs(ROUNDS, "60", flags, &["--in-process"]);
        let [one, other] = [median(short.iter().map(|p| p.0)), median(short.iter().map(|p| p.1))];
        let difference = median(short.iter().map(|(one, other)| one - other));
        println!(
            "{name}: {:.1} ms against {:.1} ms in process, {:+.2} ms a run",
            one * 1e3,
            other * 1e3,
            difference * 1e3
        );
        let long = pairs(LONG_ROUNDS, LONG_S, flags, &["--in-process"]);
        let ratio = median(long.iter().map(|(one, other)| one / other));
        println!(
            "{name}, long: {:.3} s, {ratio:.3} of the time in process",
            median(long.iter().map(|p| p.0))
        );
    }
}
