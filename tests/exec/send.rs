//! The exec core in mode `send`: what the user's program gets, and what becomes of its answers.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::path::Path;
use support::chain;
use support::exec::{at, events, noted, notes, python, there_is, told};
use support::processes::{lives, until_gone};
use support::queue::{Parcel, Queue, config, parcel};

fn open(options: Value) -> Queue {
    Queue::of("exec", options, config(7, false)).unwrap()
}

fn saying(sequence: u64, content: &str) -> Parcel {
    Parcel { content: content.into(), ..parcel(0, 1, sequence) }
}

#[test]
fn the_classic_function_gets_its_seven_arguments() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let mut queue = open(python("classic", &[file.to_str().unwrap()], json!({})));
    let mut full = saying(1, "Grüße, \"you\"\n\u{1F600}");
    full.sender = "SYSTEM".to_owned();
    full.tags = vec!["A".to_owned(), "é \"".to_owned()];
    full.metadata = vec![("step".to_owned(), "3".to_owned())];
    full.priority = abi::PRIORITY_URGENT;
    let binary = Parcel { content: vec![0xff, 0x00], to: abi::ALL, recipient: "ALL".into(), ..saying(2, "") };
    let before_ns = queue.services.clock.now_ns();
    queue.publish(&[full, binary]);
    assert!(queue.outcomes.iter().all(|outcome| outcome.at_ns > before_ns), "stamped when it was seen");
    let outcomes: Vec<u32> = told(&queue).into_iter().map(|(_, result, _)| result).collect();
    assert_eq!(outcomes, [abi::DELIVERED; 2]);
    let stats = queue.close();
    assert_eq!(
        noted(&file),
        [
            json!(["Grüße, \"you\"\n\u{1F600}", "SYSTEM", "Agent-2", "SYSTEM_TO_AGENT", "URGENT", true,
                ["A", "é \""], { "step": "3" }]),
            json!([["bytes", "ff00"], "Agent-1", "ALL", "SYSTEM_TO_AGENT", "REGULAR", false, ["SYSTEM"], {}]),
        ]
    );
    assert_eq!((&stats["answers"], &stats["started"], &stats["restarts"]), (&json!(2), &json!(1), &json!(0)));
    assert_eq!(stats["killed_at_close"], json!(0), "it ends with its input");
}

#[test]
fn failures_and_exceptions_come_with_their_text() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let mut queue = open(python("classic", &[file.to_str().unwrap()], json!({})));
    queue.publish(&[saying(1, "refuse"), saying(2, "raise"), saying(3, "none"), saying(4, "child")]);
    let expected = [
        (1, abi::REFUSED, "send_message returned False".to_owned()),
        (2, abi::REFUSED, "ValueError: no such recipient".to_owned()),
        (3, abi::REFUSED, "send_message returned None".to_owned()),
        (4, abi::DELIVERED, String::new()),
    ];
    assert_eq!(told(&queue), expected, "and what is printed does no harm");
    assert_eq!(events(&queue), []);
    queue.close();
}

#[test]
fn one_object_has_the_same_as_attributes() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let mut queue = open(python("one_object", &[file.to_str().unwrap()], json!({})));
    queue.publish(&[saying(1, "hello"), saying(2, "refuse")]);
    assert_eq!(told(&queue)[1], (2, abi::REFUSED, "deliver returned False".to_owned()));
    queue.close();
    let stamp =
        abi::Stamp { run: 7, sequence: 1, attempt: 1, flags: abi::PRIORITY_REGULAR, ..abi::Stamp::NONE };
    let stamp = String::from_utf8(stamp.encode().to_vec()).unwrap();
    let expected =
        json!(["hello", "Agent-1", "Agent-2", "SYSTEM_TO_AGENT", "regular", ["SYSTEM"], {}, "1", 1, stamp]);
    assert_eq!(noted(&file)[0], expected);
}

#[test]
fn the_three_ways_not_to_deliver() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let mut queue = open(python("unruly", &["fates", file.to_str().unwrap()], json!({})));
    queue.publish(&(1..=5).map(|i| saying(i, "x")).collect::<Vec<_>>());
    let expected = [
        (1, abi::DELIVERED, String::new()),
        (2, abi::DELIVERED, String::new()),
        (3, abi::UNCERTAIN, "no confirmation".to_owned()),
        (4, abi::REJECTED, "not_delivered".to_owned()),
        (5, abi::REFUSED, "not_delivered".to_owned()),
    ];
    assert_eq!(told(&queue), expected);
    queue.close();
}

#[test]
fn a_full_window_is_the_accepted_prefix_and_no_more_is_taken_until_an_answer() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let hang = json!({ "window": 5, "workers": 2 });
    let mut queue = open(python("unruly", &["hang", file.to_str().unwrap()], hang));
    let parcels: Vec<Parcel> = (1..=20).map(|i| saying(i, "x")).collect();
    assert_eq!(queue.offer(&parcels).unwrap(), 10, "five for each process");
    // Each answers two and hangs; so four more find room, and then none.
    queue.until(|queue| queue.answered() == 4);
    assert_eq!(queue.offer(&parcels).unwrap(), 4);
    assert_eq!(queue.offer(&parcels).unwrap(), 0);
    queue.end();
}

#[test]
fn every_message_of_many_is_answered_once_whatever_the_workers() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = json!({ "workers": 3, "window": 16 });
    let mut queue = open(python("one_object", &[file.to_str().unwrap()], options));
    let contents = "x".repeat(3000);
    let parcels: Vec<Parcel> = (1..=2000).map(|i| saying(i, &contents)).collect();
    queue.publish(&parcels);
    assert!(told(&queue).iter().all(|(_, result, _)| *result == abi::DELIVERED));
    let stats = queue.close();
    assert_eq!((&stats["answers"], &stats["started"]), (&json!(2000), &json!(3)));
    let mut ids: Vec<u64> =
        noted(&file).iter().map(|line| line[7].as_str().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(1..=2000));
}

#[test]
fn nothing_is_left_behind() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = json!({ "workers": 2, "grace": "100ms" });
    let mut queue = open(python("unruly", &["ignore_end+child", file.to_str().unwrap()], options));
    queue.publish(&[saying(1, "x")]);
    let processes: Vec<u64> = noted(&file).iter().map(|line| line.as_u64().unwrap()).collect();
    assert_eq!(processes.len(), 4, "two, each with a child");
    assert!(processes.iter().all(|process| lives(*process)));
    let before_ns = queue.services.clock.now_ns();
    let clock = queue.services.clock.clone();
    let mut lines = Vec::new();
    let log = queue.services.log.clone();
    let stats = queue.close();
    assert!(clock.now_ns() >= before_ns + 100_000_000, "they got their time");
    assert_eq!(stats["killed_at_close"], json!(2));
    log.drain(&mut lines);
    assert!(lines.iter().any(|line| line.text.contains("end of its input (`grace`)")), "{lines:?}");
    processes.into_iter().for_each(until_gone);
}

#[test]
fn a_run_that_is_given_up_before_it_opens_leaves_no_process() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = python("unruly", &["child", file.to_str().unwrap()], json!({}));
    let config = config(7, false);
    let services = HostServices::new(config.clock);
    let mut chain =
        chain::plan(&[chain::request("exec", options)]).unwrap().create(config, services).unwrap();
    chain.prepare().unwrap();
    chain.prepare().unwrap();
    let processes = noted(&file);
    assert_eq!(processes.len(), 2, "to prepare twice starts nothing twice");
    drop(chain);
    processes.iter().for_each(|process| until_gone(process.as_u64().unwrap()));
}

#[test]
fn what_the_core_says_of_itself() {
    let chain = chain::plan(&[chain::request("exec", json!({ "command": "true" }))]).unwrap();
    let able = |bit| chain.cores[0].capabilities & bit != 0;
    assert!(able(abi::STARTS_PROCESSES) && able(abi::READS_CONTENT) && !able(abi::SIMULATED));
    assert!(!able(abi::RECEIVES), "a program that delivers receives nothing");
    let options = json!({ "command": "true", "mode": "processor" });
    let chain = chain::plan(&[chain::request("exec", options)]).unwrap();
    assert_ne!(chain.cores[0].capabilities & abi::RECEIVES, 0);
    let secret = json!({ "command": "true", "env": { "PASSWORD": "tiger" } });
    let chain = chain::plan(&[chain::request("exec", secret)]).unwrap();
    assert_eq!(chain.cores[0].options["env"], json!({ "PASSWORD": "***" }));
}

#[test]
fn the_examples_deliver() {
    for (program, command) in [
        ("sh", json!([at("plugins/exec/examples/send_message.sh")])),
        ("node", json!(["node", at("plugins/exec/examples/send_message.js")])),
        ("python3", json!(["python3", at("plugins/exec/examples/send_message.py")])),
    ] {
        if program != "sh" && !there_is(program) {
            continue;
        }
        let (folder, _) = notes();
        let env = json!({ "OUTBOX": folder.path().to_str().unwrap() });
        let mut queue = open(json!({ "command": command, "env": env }));
        let mut parcels: Vec<Parcel> = (1..=20).map(|i| saying(i, &format!("hello {i}"))).collect();
        parcels[9].recipient = "nobody".to_owned();
        queue.publish(&parcels);
        for (token, result, reason) in told(&queue) {
            let expected = if token == 10 { abi::REFUSED } else { abi::DELIVERED };
            assert_eq!(result, expected, "{program}: {token}: {reason}");
            assert_eq!(reason.contains("nobody"), token == 10, "{program}: {reason}");
        }
        queue.close();
        let outbox = std::fs::read_to_string(folder.path().join("Agent-2")).unwrap();
        assert_eq!(outbox.lines().count(), 19, "{program}: {outbox}");
        assert!(outbox.contains("hello 20") && !outbox.contains("hello 10"), "{program}: {outbox}");
        assert!(!Path::new(&folder.path().join("nobody")).exists());
    }
}

/// Texts that are no Unicode, exceptions without a text, what ends a program elsewhere: each ends one message only.
#[test]
fn whatever_a_function_raises_or_returns_fails_one_message_with_a_printable_reason() {
    if !there_is("python3") {
        return;
    }
    let cases = [
        ("raise OSError('no such file caf\\udce9')", r"OSError: no such file caf\udce9"),
        ("raise Mute()", "Mute: <Mute without a text: ValueError>"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise ValueError(10 ** 40, float('nan'), b'\\xff', {b'key': 1})", "ValueError: (1000"),
        ("return Doubtful()", "ValueError: neither"),
        ("return ['\\ud800'][:0]", "odd returned []"),
        ("print('caf\\udce9', flush=True); return False", "odd returned False"),
    ];
    let body: String = cases
        .iter()
        .enumerate()
        .map(|(number, (code, _))| {
            format!("    if content == '{number}':\n        {code}\n").replace("; return", "\n        return")
        })
        .collect();
    let program = format!(
        "import sys\nfrom mqscript_adapter import REGULAR, serve\n\
         class Mute(Exception):\n    def __str__(self):\n        raise ValueError\n\
         class Doubtful:\n    def __bool__(self):\n        raise ValueError('neither')\n\
         def odd(content, sender, recipient, message_type, priority=REGULAR, tags=None, metadata=None):\n\
         {body}    return True\nserve(odd)\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.py");
    std::fs::write(&path, program).unwrap();
    let mut queue = open(json!({ "command": ["python3", path.to_str().unwrap()] }));
    let parcels: Vec<Parcel> = (0..=cases.len() as u64).map(|n| saying(n + 1, &n.to_string())).collect();
    queue.publish(&parcels);
    let seen = told(&queue);
    for (number, (code, reason)) in cases.iter().enumerate() {
        let (_, result, told) = &seen[number];
        assert_eq!(*result, abi::REFUSED, "{code}: {told}");
        assert!(told.starts_with(reason), "{code}: {told}");
    }
    assert_eq!(seen[cases.len()].1, abi::DELIVERED, "the process lives");
    assert_eq!(queue.close()["started"], json!(1));
}
