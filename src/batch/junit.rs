//! What came of a batch, for CI: JUnit's XML.

use super::against::Matched;
use super::batch_results::BatchResults;
use crate::diagnostics::Exit;
use crate::report::printable;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// A check that failed is a failure, a core or a file that broke is an error, a cell that was not played is skipped.
pub(super) fn junit(told: &BatchResults<'_>) -> String {
    let BatchResults { prepared, outcomes, .. } = told;
    let mut suite = TestSuite::new(printable(&prepared.file.name));
    for (job, outcome) in prepared.jobs.iter().zip(outcomes.iter()) {
        let worse = told.regressed().find(|cell| cell.cell == job.cell.name).map(worse);
        let mut status = match outcome {
            None => TestCaseStatus::skipped(),
            Some(outcome) => match outcome.exit() {
                Exit::Success if worse.is_some() => TestCaseStatus::non_success(NonSuccessKind::Failure),
                Exit::Success => TestCaseStatus::success(),
                Exit::CheckFailed | Exit::Invalid | Exit::Undecided => {
                    TestCaseStatus::non_success(NonSuccessKind::Failure)
                }
                _ => TestCaseStatus::non_success(NonSuccessKind::Error),
            },
        };
        if let Some(outcome) = outcome.as_ref().filter(|outcome| outcome.exit != 0 || worse.is_some()) {
            let summary = &outcome.summary;
            let why = summary.problems.iter().chain(&summary.failed).chain(&worse);
            let why: Vec<String> = why.map(|why| printable(why)).collect();
            status.set_message(why.first().cloned().unwrap_or_else(|| format!("exit {}", outcome.exit)));
            status.set_type(match outcome.exit {
                0 => "regression".to_owned(),
                exit => format!("exit {exit}"),
            });
            status.set_description(why.join("\n"));
        }
        let mut case = TestCase::new(printable(&job.cell.name), status);
        case.set_classname(printable(&job.cell.script));
        if let Some(outcome) = outcome {
            case.set_time(Duration::from_secs_f64(outcome.wall_s.max(0.0)));
        }
        suite.add_test_case(case);
    }
    let mut report = quick_junit::Report::new("mqscript");
    report.add_test_suite(suite);
    report.to_string().expect("a document in memory")
}

/// A line such as "worse than the baseline: total.p99 +43.2 %".
fn worse(cell: &Matched) -> String {
    format!("worse than the baseline: {}", cell.worse().join(", "))
}
