//! `mqscript fit`: the mock behaves as a core did in saved results.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::program::{folder, mqscript};

/// A core with times and successes of its own, by type: the mock under settings that the fit must find.
const MEASURED: &str = r#"
    let s = scenario(#{
        agents: 9, arrival: poisson("200/s"), mix: #{ direct: 2, broadcast: 1 }, duration: "60s",
        processor: #{ workers: 64, retry: #{ attempts: 3, backoff: "10ms" } },
    });
    run(s, core("mock", #{
        latency: lognormal(#{ median: "3ms", p99: "20ms" }), success_rate: "97%",
        failures: #{ throttled: 3, connection_reset: 1 },
        types: #{ broadcast: #{ latency: "30ms..50ms", success_rate: "90%" } },
    }));
"#;

struct Files(tempfile::TempDir);

impl Files {
    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// Results of this script under this seed.
    fn play(&self, script: &str, seed: &str, name: &str) -> Value {
        fs::write(self.path("script.rhai"), script).unwrap();
        let played =
            mqscript(&["run", &self.path("script.rhai"), "-q", "--seed", seed, "-o", &self.path(name)]);
        assert_eq!(played.code, 0, "{played:?}");
        self.json(name)["runs"][0].clone()
    }
}

fn off(found: &Value, wanted: &Value) -> f64 {
    (found.as_f64().unwrap() / wanted.as_f64().unwrap() - 1.0).abs()
}

#[test]
fn a_fitted_mock_reproduces_runs_that_it_has_not_seen() {
    let files = Files(folder());
    for seed in ["1", "2"] {
        files.play(MEASURED, seed, &format!("measured_{seed}.json"));
    }
    let [one, two] = ["measured_1.json", "measured_2.json"].map(|name| files.path(name));
    let fitted = mqscript(&["fit", &one, &two, "-o", &files.path("fitted.json")]);
    assert_eq!(fitted.code, 0, "{fitted:?}");
    assert!(fitted.stderr.contains("fitted to 2 runs on `mock`"), "{}", fitted.stderr);
    assert!(fitted.stderr.contains(r#"core("mock", load("fitted.json"))"#), "{}", fitted.stderr);
    let options = files.json("fitted.json");
    // What it found: reasons by their weights, and the type that behaves otherwise.
    let weight = |reason: &str| options["failures"][reason].as_f64().unwrap();
    assert!((weight("throttled") / weight("connection_reset") - 3.0).abs() < 0.3, "{}", options["failures"]);
    assert!((options["types"]["broadcast"]["success_rate"].as_f64().unwrap() - 0.9).abs() < 0.01);
    let start = MEASURED.find("    run(s,").unwrap();
    let simulated = format!("{}run(s, core(\"mock\", load(\"fitted.json\")));", &MEASURED[..start]);
    let unseen = files.play(MEASURED, "7", "unseen.json");
    let found = files.play(&simulated, "8", "found.json");
    for by in [None, Some("direct"), Some("broadcast")] {
        let of = |run: &Value| by.map_or(run.clone(), |name| run["by_type"][name].clone());
        let (wanted, found) = (of(&unseen), of(&found));
        let delivery = |figure: &str| off(&found["delivery"][figure], &wanted["delivery"][figure]);
        assert!(delivery("mean_ns") < 0.05 && delivery("p50_ns") < 0.05, "{by:?}: {found} {wanted}");
        assert!(delivery("p99_ns") < 0.15, "{by:?}: {}", delivery("p99_ns"));
        let rate = |run: &Value| run["attempt_success_rate"].as_f64().unwrap();
        assert!((rate(&found) - rate(&wanted)).abs() < 0.01, "{by:?}");
    }
    // What was not fitted follows from it.
    assert!(off(&found["total"]["mean_ns"], &unseen["total"]["mean_ns"]) < 0.05);
}

/// Exponential times of 5 ms, given up after 6 ms: e^−1.2, three in ten, take longer. That they do is known, and nothing
/// else; so they stay beyond the timeout, not at it.
#[test]
fn attempts_that_outlived_the_timeout_stay_beyond_it() {
    let files = Files(folder());
    let scenario = r#"let s = scenario(#{
            agents: 9, arrival: poisson("40/s"), mix: #{ direct: 2, broadcast: 1 }, duration: "60s",
            processor: #{ workers: 64, timeout: "6ms" },
        });"#;
    let measured = format!(
        "{scenario} run(s, core(\"mock\", #{{ latency: exponential(\"5ms\"), success_rate: 1.0, types: #{{ broadcast: #{{ latency: exponential(\"2ms\") }} }} }}));"
    );
    let wanted = files.play(&measured, "1", "measured.json");
    let fitted = mqscript(&["fit", &files.path("measured.json"), "-o", &files.path("fitted.json")]);
    assert_eq!(fitted.code, 0, "{fitted:?}");
    assert!(fitted.stderr.contains("took longer than the timeout of 6.00 ms"), "{}", fitted.stderr);
    let simulated = format!("{scenario} run(s, core(\"mock\", load(\"fitted.json\")));");
    let found = files.play(&simulated, "8", "found.json");
    let rate = |run: &Value, kind: &str| run["by_type"][kind]["success_rate"].as_f64().unwrap();
    for kind in ["direct", "broadcast"] {
        let (found, wanted) = (rate(&found, kind), rate(&wanted, kind));
        assert!((found - wanted).abs() < 0.02, "{kind}: {found}, not {wanted}");
    }
    assert!((rate(&wanted, "direct") - (1.0 - (-1.2f64).exp())).abs() < 0.02);
    // Those that were in time take as long as they took.
    assert!(off(&found["total"]["mean_ns"], &wanted["total"]["mean_ns"]) < 0.03);
}

#[test]
fn a_fit_to_doubtful_runs_says_so() {
    let files = Files(folder());
    let run = files.play(MEASURED, "1", "run.json");
    assert!(run["failed"].as_u64() > Some(0), "{run:#}");
    let told = |change: fn(&mut Value), name: &str| {
        let mut report = files.json("run.json");
        change(&mut report["runs"][0]);
        fs::write(files.path(name), report.to_string()).unwrap();
        let fitted = mqscript(&["fit", &files.path(name)]);
        assert_eq!(fitted.code, 0, "{fitted:?}");
        fitted.stderr
    };
    let plain = told(|_| {}, "plain.json");
    assert!(plain.contains("the mock takes as long for a failure as for a delivery"), "{plain}");
    assert!(plain.contains("recipients are not told apart"), "{plain}");
    for doubt in ["generator-limited", "before its time", "not valid", "nobody knows"] {
        assert!(!plain.contains(doubt), "{plain}");
    }
    let limited = |run: &mut Value| {
        run["warnings"] = json!([{ "kind": "generator_limited", "seen": "", "why": "", "help": "" }]);
    };
    assert!(told(limited, "limited.json").contains("generator-limited"));
    assert!(told(|run| run["partial"] = json!("interrupted"), "partial.json").contains("before its time"));
    assert!(told(|run| run["valid"] = json!(false), "invalid.json").contains("is not valid"));
    assert!(told(|run| run["valid"] = Value::Null, "unknown.json").contains("nobody knows"));
}

#[test]
fn types_that_do_not_differ_have_no_options_of_their_own() {
    let files = Files(folder());
    let plain =
        MEASURED.replace("types: #{ broadcast: #{ latency: \"30ms..50ms\", success_rate: \"90%\" } },", "");
    files.play(&plain, "1", "plain.json");
    let fitted = mqscript(&["fit", &files.path("plain.json")]);
    assert_eq!(fitted.code, 0, "{fitted:?}");
    let options: Value = serde_json::from_str(&fitted.stdout).unwrap();
    assert_eq!(options.get("types"), None);
    assert!((options["success_rate"].as_f64().unwrap() - 0.97).abs() < 0.005);
}

#[test]
fn the_distributions_among_the_results_are_those_of_the_figures() {
    use base64::Engine;
    use hdrhistogram::serialization::Deserializer;
    let files = Files(folder());
    let run = files.play(MEASURED, "1", "run.json");
    let decoded = |text: &Value| {
        let bytes = base64::prelude::BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap();
        Deserializer::new().deserialize::<u64, _>(&mut bytes.as_slice()).unwrap()
    };
    for figure in ["queue_wait", "delivery", "total"] {
        let times = decoded(&run["histograms"]["all"][figure]);
        assert_eq!(json!(times.len()), run[figure]["count"], "{figure}");
        assert_eq!(json!(times.value_at_quantile(0.99)), run[figure]["p99_ns"], "{figure}");
    }
    assert_eq!(run["histograms"]["all"].get("end_to_end"), None, "nothing was received");
    let of_type = decoded(&run["histograms"]["delivery_by_type"]["broadcast"]);
    assert_eq!(json!(of_type.len()), run["by_type"]["broadcast"]["delivery"]["count"]);
}

#[test]
fn what_cannot_be_fitted_is_told() {
    let files = Files(folder());
    let compared = r#"let s = scenario(#{ arrival: poisson("50/s"), mix: ["direct"], duration: "5s" });
        run(s); run(s, layer("chaos", core("mock"))); run(s, core("mock", #{ success_rate: "50%" }).named("half"));"#;
    files.play(compared, "1", "several.json");
    let mut old = files.json("several.json");
    old["runs"].as_array_mut().unwrap().truncate(1);
    let mut damaged = old.clone();
    damaged["runs"][0]["histograms"]["all"]["delivery"] = "HISTE".into();
    old["runs"][0].as_object_mut().unwrap().remove("histograms");
    fs::write(files.path("old.json"), old.to_string()).unwrap();
    fs::write(files.path("damaged.json"), damaged.to_string()).unwrap();
    fs::write(files.path("text.json"), "agents: 9").unwrap();
    let twice = r#"let s = scenario(#{ arrival: poisson("50/s"), mix: ["direct"], duration: "5s" });
        run(s, core("mock").named("x")); run(s, core("mock", #{ success_rate: 0.5 }).named("x"));"#;
    files.play(twice, "1", "twice.json");
    let path = |name: &str| files.path(name);
    for (words, code, told) in [
        (vec![path("twice.json")], 3, "several cores: `x`, with several settings"),
        (vec![path("several.json")], 3, "several cores: `chaos over mock`, `half`, `mock`"),
        (
            vec![path("several.json"), "--core".to_owned(), "nats".to_owned()],
            2,
            "no run was played on `nats`",
        ),
        (vec![path("old.json")], 3, "an earlier version saved them"),
        (vec![path("damaged.json")], 3, "the distribution of `delivery` cannot be read"),
        (vec![path("text.json")], 3, "this is not JSON"),
        (vec![path("missing.json")], 2, "the results cannot be read"),
        (vec![path("old.json"), "-o".to_owned(), path("text.json")], 2, "--force"),
    ] {
        let words: Vec<&str> = std::iter::once("fit").chain(words.iter().map(String::as_str)).collect();
        let ended = mqscript(&words);
        assert!(ended.code == code && ended.stderr.contains(told), "{words:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{words:?}");
    }
    assert!(Path::new(&path("text.json")).exists());
    let picked = mqscript(&["fit", &path("several.json"), "--core", "mock"]);
    assert_eq!(picked.code, 0, "{picked:?}");
}
