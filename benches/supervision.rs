//! What supervising a run costs: the program as it is typed, against the same with `--in-process`, in turns.
//!
//! `cargo bench --bench supervision` prints the wall time of a short run either way and the median of the differences,
//! then the wall time of a long one and the median of the ratios, and a message of it beside one of the yardstick *mini*; the
//! same for `--pure`.

use support::bench::{median, yardstick};

const ROUNDS: usize = 100;
const LONG_ROUNDS: usize = 7;
/// Simulated seconds of the long run: some three million messages.
const LONG_S: &str = "16000";
/// Messages of the long run: nine agents with 30 a second, each second and five of warm-up.
const LONG_MESSAGES: f64 = 9.0 * 30.0 * 16_005.0;

/// Wall seconds of one run.
fn run(duration: &str, more: &[&str]) -> f64 {
    support::bench::seconds(&[&["run", "-q", "nine_agents", "--duration", duration], more].concat())
}

/// A pair of wall seconds, alternately one and the other first.
fn pair(round: usize, duration: &str, one: &[&str], other: &[&str]) -> (f64, f64) {
    match round % 2 {
        0 => (run(duration, one), run(duration, other)),
        _ => {
            let other = run(duration, other);
            (run(duration, one), other)
        }
    }
}

fn main() {
    for (name, flags) in [("supervised", &[][..]), ("pure", &["--pure"][..])] {
        let alone = &["--in-process"][..];
        pair(0, "60", flags, alone);
        let short: Vec<_> = (0..ROUNDS).map(|round| pair(round, "60", flags, alone)).collect();
        let [one, other] = [median(short.iter().map(|p| p.0)), median(short.iter().map(|p| p.1))];
        let difference = median(short.iter().map(|(one, other)| one - other));
        println!(
            "{name}: {:.1} ms against {:.1} ms in process, {:+.2} ms a run",
            one * 1e3,
            other * 1e3,
            difference * 1e3
        );
        let long_round = |round| {
            let mini_s = yardstick().wall_ns * LONG_MESSAGES / 1e9;
            let (one, other) = pair(round, LONG_S, flags, alone);
            (one, one / other, mini_s / one)
        };
        let long: Vec<_> = (0..LONG_ROUNDS).map(long_round).collect();
        let long_s = median(long.iter().map(|round| round.0));
        let ratio = median(long.iter().map(|round| round.1));
        let of_mini = median(long.iter().map(|round| round.2));
        println!("{name}, long: {long_s:.3} s, {ratio:.3} of the time in process, {of_mini:.3} of mini");
    }
}
