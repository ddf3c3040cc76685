//! Figures under the names that other tools give them.

use super::figure_path::STATISTICS;

/// The figure that is meant by a path whose first word is none of ours.
pub(super) fn meant(path: &[String]) -> Option<String> {
    let first = path.first()?.to_lowercase();
    let statistic = || {
        let said = path.get(1).map(String::as_str);
        let known = said.and_then(|said| STATISTICS.into_iter().find(|known| *known == said));
        known.or_else(|| statistic_meant(said?)).unwrap_or("p99")
    };
    if let Some(statistic) =
        STATISTICS.into_iter().find(|known| *known == first).or_else(|| statistic_meant(&first))
    {
        // "p99.9", as a path, is the 99.9th percentile.
        let longer = path.get(1).map(|more| format!("{statistic}{more}"));
        let statistic = longer.filter(|longer| STATISTICS.contains(&longer.as_str()));
        return Some(format!("total.{}", statistic.as_deref().unwrap_or(&first_statistic(&first))));
    }
    Some(match first.as_str() {
        "latency" | "latencies" | "response_time" | "responsetime" | "rtt" | "elapsed" | "time" | "delay"
        | "http_req_duration" => format!("total.{}", statistic()),
        "wait" | "waiting" | "wait_time" | "queue_time" | "queueing" | "queue" => {
            format!("queue_wait.{}", statistic())
        }
        "service_time" | "processing" | "processing_time" => format!("delivery.{}", statistic()),
        "success" | "success_ratio" | "successrate" | "ok_rate" | "availability" => "success_rate".to_owned(),
        "error" | "errors" | "failures" | "failure" | "error_count" | "http_req_failed" => {
            "failed".to_owned()
        }
        "rps"
        | "qps"
        | "tps"
        | "rate"
        | "msg_rate"
        | "message_rate"
        | "messages_per_second"
        | "requests_per_second" => "throughput".to_owned(),
        "sent" | "messages" | "message_count" | "requests" | "arrivals" => "generated".to_owned(),
        "succeeded" | "successes" | "acked" | "acknowledged" | "completed" => "delivered".to_owned(),
        "retried" | "retry" => "retries".to_owned(),
        "dropped" | "losses" | "loss" => "lost".to_owned(),
        "duplicates" | "dupes" => "duplicated".to_owned(),
        "timeouts" | "timed_out" => "uncertain".to_owned(),
        "time_to_live" => "expired".to_owned(),
        _ => return None,
    })
}

fn first_statistic(word: &str) -> String {
    statistic_meant(word).map_or_else(|| word.to_owned(), str::to_owned)
}

/// The statistic that is meant by another name for it.
pub(super) fn statistic_meant(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "avg" | "average" => "mean",
        "med" | "median" => "p50",
        "minimum" => "min",
        "maximum" => "max",
        "p99_9" | "p9990" | "p(99.9)" => "p999",
        "p(99)" => "p99",
        "p(95)" => "p95",
        "p(90)" => "p90",
        _ => return None,
    })
}

/// Whether a figure of another tool counts what fails, as a share: the opposite of the success rate.
pub(super) fn is_error_rate(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "error_rate"
            | "errors_rate"
            | "failure_rate"
            | "fail_rate"
            | "failed_rate"
            | "errorrate"
            | "error_ratio"
            | "failure_ratio"
            | "loss_rate"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_tools_are_known() {
        for (path, expected) in [
            (&["p99"][..], Some("total.p99")),
            (&["p99", "9"], Some("total.p999")),
            (&["median"], Some("total.p50")),
            (&["latency", "p95"], Some("total.p95")),
            (&["latency"], Some("total.p99")),
            (&["latency", "avg"], Some("total.mean")),
            (&["rps"], Some("throughput")),
            (&["errors"], Some("failed")),
            (&["colour"], None),
        ] {
            let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
            assert_eq!(meant(&path).as_deref(), expected, "{path:?}");
        }
    }
}
