//! Programs that cannot be started, break, hang, or talk rubbish under the exec core.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::exec::{events, noted, notes, python, refused, there_is, told, with};
use support::processes::until_gone;
use support::queue::{Parcel, Queue, config, parcel};

fn open(options: Value) -> Queue {
    Queue::of("exec", options, config(7, false)).unwrap()
}

fn parcels(count: u64) -> Vec<Parcel> {
    (1..=count).map(|sequence| parcel(0, 1, sequence)).collect()
}

#[test]
fn programs_that_cannot_be_started() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let file = |name: &str, text: &str, mode: u32| {
        fs::write(at(name), text).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        json!({ "command": [at(name), "--password=tiger"] })
    };
    let missing = json!({ "command": "no_such_program --password=tiger" });
    let told = [
        refused(missing, abi::CONFIG, &["there is no program `no_such_program`", "PATH", "install it"]),
        refused(
            json!({ "command": [at("missing")] }),
            abi::CONFIG,
            &["there is no program", "a path counts"],
        ),
        refused(file("plain", "#!/bin/sh\n", 0o644), abi::CONFIG, &["plain is not executable", "chmod +x"]),
        refused(file("odd", "hello\n", 0o755), abi::CONFIG, &["odd is executable, but no program", "#!"]),
        refused(
            file("lost", "#!/no/such/shell\n", 0o755),
            abi::CONFIG,
            &["an interpreter that is not there"],
        ),
        refused(json!({ "command": [at("")] }), abi::CONFIG, &["is a folder; name a program"]),
    ];
    assert!(told.iter().all(|text| !text.contains("tiger")), "arguments may be secret: {told:?}");
    let nowhere = json!({ "command": "true", "folder": at("nowhere") });
    refused(nowhere, abi::CONFIG, &["`folder`", "nowhere", "make it first"]);
    refused(json!({ "command": "python3 'my" }), abi::CONFIG, &["`command`", "quote is not closed"]);
    refused(json!({ "command": " " }), abi::CONFIG, &["`command` names no program", "python3"]);
    refused(json!({ "command": "true", "timeout": "0s" }), abi::CONFIG, &["`timeout` is 0"]);
    refused(json!({ "command": "true", "grace": "1h" }), abi::CONFIG, &["`grace`", "30s or less"]);
    refused(json!({ "command": "true", "env": { "A=B": "c" } }), abi::CONFIG, &["`env.A=B`"]);
}

#[test]
fn programs_that_are_not_ready() {
    refused(
        json!({ "command": ["sh", "-c", "exit 3"] }),
        abi::IO,
        &["sh exited with code 3", "before it was ready"],
    );
    let killed = json!({ "command": ["sh", "-c", "kill -9 $$"] });
    refused(killed, abi::IO, &["was killed by signal 9", "wrote nothing to standard error"]);
    // Without a handshake, too, a program that goes at once is told.
    refused(
        json!({ "command": ["sh", "-c", "exit 4"], "handshake": false }),
        abi::IO,
        &["exited with code 4"],
    );
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let file = file.to_str().unwrap();
    let secret = json!({ "env": { "PASSWORD": "tiger" } });
    let told = refused(
        python("unruly", &["exit_at_once", file], secret),
        abi::IO,
        &["python3 exited with code 1, before it was ready", "cannot import name '***'"],
    );
    assert!(!told.contains("tiger"), "{told}");
    let hurried = json!({ "start_timeout": "700ms" });
    refused(
        python("unruly", &["never_ready", file], hurried),
        abi::IO,
        &["was not ready within 700ms (`start_timeout`)", "handshake: false"],
    );
    refused(
        python("unruly", &["early_rubbish", file], json!({})),
        abi::IO,
        &["wrote a line that is not JSON: `Hello, I am a program.`", "{\"ready\": true}"],
    );
    let other = python("unruly", &["processor", file], json!({}));
    refused(other, abi::CONFIG, &["`mode`: python3 serves mode \"processor\"; write mode: \"processor\""]);
    noted(file.as_ref()).iter().for_each(|process| until_gone(process.as_u64().unwrap()));
}

/// A process that answers two messages and breaks at the third, then one that does not: what is told.
#[track_caller]
fn breaks_once(how: &str, more: Value, kind: &str, texts: &[&str], reason: &str) {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let how = format!("{how}+once");
    let arguments = [how.as_str(), file.to_str().unwrap()];
    let secret = json!({ "env": { "PASSWORD": "tiger" }, "backoff": "10ms" });
    let mut queue = open(python("unruly", &arguments, with(secret, more)));
    assert_eq!(queue.offer(&parcels(5)).unwrap(), 5);
    queue.until(|queue| queue.answered() == 5);
    let outcomes = told(&queue);
    assert!(outcomes[..2].iter().all(|outcome| outcome.1 == abi::DELIVERED), "{outcomes:?}");
    let lost = outcomes.iter().filter(|outcome| outcome.1 == abi::UNCERTAIN).count();
    assert!(lost >= 2, "what it may have read is uncertain: {outcomes:?}");
    assert!(
        outcomes.iter().filter(|outcome| outcome.1 == abi::UNCERTAIN).all(|o| o.2 == reason),
        "{outcomes:?}"
    );
    // The next process takes up the work.
    queue.publish(&parcels(10));
    assert!(told(&queue)[5..].iter().all(|outcome| outcome.1 == abi::DELIVERED));
    let happened = events(&queue);
    assert_eq!(happened.len(), 2, "{happened:?}");
    assert_eq!(happened[0].0, kind);
    for text in texts.iter().chain(&["worker 1 (process ", "trouble with message 3"]) {
        assert!(happened[0].1.contains(text), "`{text}` is missing: {}", happened[0].1);
    }
    assert!(!happened[0].1.contains("tiger"), "{}", happened[0].1);
    assert_eq!(happened[1], ("exec_worker_restarted".into(), "worker 1: restart 1 of at most 10".into()));
    let processes = noted(&file);
    assert_eq!(processes.len(), 2);
    let stats = queue.close();
    assert_eq!((&stats["started"], &stats["restarts"]), (&json!(2), &json!(1)));
    processes.iter().for_each(|process| until_gone(process.as_u64().unwrap()));
}

#[test]
fn a_process_that_dies() {
    let texts = ["exited with code 3; uncertain: 3 that it had; refused: 0 that it did not have yet"];
    breaks_once("die", json!({}), "exec_worker_died", &texts, "worker_died");
}

#[test]
fn a_process_that_is_killed() {
    breaks_once("killed", json!({}), "exec_worker_died", &["was killed by signal 9"], "worker_died");
}

#[test]
fn a_process_that_hangs() {
    let texts = ["answered none for 500ms (`timeout`); it was killed"];
    breaks_once("hang", json!({ "timeout": "500ms" }), "exec_worker_hung", &texts, "worker_hung");
}

#[test]
fn a_process_that_prints_rubbish() {
    let texts = ["wrote a line that is not JSON: `Traceback: this is no answer, ***`"];
    breaks_once("rubbish", json!({}), "exec_worker_rubbish", &texts, "worker_rubbish");
}

#[test]
fn a_process_that_answers_twice() {
    let texts = ["answered 3, which is not waiting for an answer"];
    breaks_once("twice", json!({}), "exec_worker_answered_unasked", &texts, "worker_answered_unasked");
}

#[test]
fn a_process_that_answers_what_nobody_asked() {
    let texts = ["answered 999999, which is not waiting for an answer"];
    breaks_once("unknown", json!({}), "exec_worker_answered_unasked", &texts, "worker_answered_unasked");
}

#[test]
fn a_process_that_closes_its_output() {
    breaks_once(
        "deaf",
        json!({}),
        "exec_worker_died",
        &["closed its standard input or output"],
        "worker_died",
    );
}

#[test]
fn a_process_that_delivers_what_it_was_only_to_send() {
    let texts = ["is a delivery, and `mode` is \"send\""];
    breaks_once("delivery", json!({}), "exec_worker_rubbish", &texts, "worker_rubbish");
}

#[test]
fn what_it_said_before_it_died_counts() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let mut queue = open(python("unruly", &["last+once", file.to_str().unwrap()], json!({})));
    queue.offer(&parcels(3)).unwrap();
    queue.until(|queue| queue.answered() == 3);
    assert_eq!(told(&queue)[2], (3, abi::REFUSED, "my last word".to_owned()));
    queue.until(|queue| queue.services.events.is_waiting());
    queue.publish(&parcels(1));
    queue.close();
}

#[test]
fn what_a_process_never_had_is_refused() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = json!({ "window": 1000, "timeout": "500ms" });
    let mut queue = open(python("unruly", &["hang+once", file.to_str().unwrap()], options));
    // More than the pipe and the process's own buffer hold, each with a line of its own.
    let mut many = parcels(100);
    many.iter_mut().for_each(|parcel| parcel.content = vec![b'x'; 10_000]);
    assert_eq!(queue.offer(&many).unwrap(), 100);
    queue.until(|queue| queue.answered() == 100);
    let outcomes = told(&queue);
    let last_uncertain = outcomes.iter().rposition(|outcome| outcome.1 == abi::UNCERTAIN).unwrap();
    let first_refused = outcomes.iter().position(|outcome| outcome.1 == abi::REFUSED).unwrap();
    assert_eq!(last_uncertain + 1, first_refused, "first what it may have had, then what it surely had not");
    assert!(outcomes[99].1 == abi::REFUSED && outcomes[99].2 == "worker_hung", "{:?}", outcomes[99]);
    queue.end();
}

#[test]
fn a_process_that_breaks_too_often_ends_the_run() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let options = json!({ "restarts": 2, "backoff": "1ms" });
    let mut queue = open(python("unruly", &["die", file.to_str().unwrap()], options));
    let failure = loop {
        if let Err(failure) = queue.offer(&parcels(3)).and_then(|_| queue.turn()) {
            break failure;
        }
    };
    assert_eq!(failure.kind, FailureKind::Status(abi::IO), "{failure}");
    for text in ["`restarts`", "the 2 restarts", "exited with code 3", "trouble with message"] {
        assert!(failure.text.contains(text), "`{text}` is missing: {failure}");
    }
    let kinds: Vec<String> = events(&queue).into_iter().map(|(kind, _)| kind).collect();
    let (died, restarted) = ("exec_worker_died", "exec_worker_restarted");
    assert_eq!(kinds, [died, restarted, died, restarted, died, "exec_worker_given_up"]);
    assert_eq!(noted(&file).len(), 3);
    let stats = queue.end();
    assert_eq!((&stats["started"], &stats["restarts"]), (&json!(3), &json!(2)));
}

#[test]
fn the_others_go_on_when_one_worker_is_given_up() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let script = "import json, sys\n\
        bad = json.loads(sys.stdin.readline())['init']['worker'] == 1\n\
        print('{\"ready\": true}', flush=True)\n\
        for line in sys.stdin:\n\
        \x20   if bad: sys.exit(5)\n\
        \x20   print(json.dumps({'id': json.loads(line)['id'], 'delivered': True}), flush=True)\n";
    fs::write(&file, script).unwrap();
    let options = json!({ "command": ["python3", file.to_str().unwrap()], "workers": 2, "restarts": 0 });
    let mut queue = open(options);
    queue.publish(&parcels(4));
    let mut happened = Vec::new();
    let given_up = ("exec_worker_given_up".to_owned(), "worker 1 is given up after 0 restarts".to_owned());
    while !happened.contains(&given_up) {
        assert!(queue.services.clock.now_ns() < 60_000_000_000, "{happened:?}");
        happened.extend(events(&queue));
    }
    queue.publish(&parcels(20));
    assert!(told(&queue)[4..].iter().all(|outcome| outcome.1 == abi::DELIVERED));
    queue.close();
}

#[test]
fn a_program_that_forks_without_end_is_ended_and_the_run_with_it() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let script = "import json, os, sys, time\n\
        sys.stdin.readline()\n\
        print('{\"ready\": true}', flush=True)\n\
        while True:\n\
        \x20   child = os.fork()\n\
        \x20   if child == 0: time.sleep(1000)\n\
        \x20   open(sys.argv[1], 'a').write(json.dumps(child) + '\\n')\n\
        \x20   time.sleep(0.001)\n";
    let program = file.with_file_name("program.py");
    fs::write(&program, script).unwrap();
    let command = json!(["python3", program.to_str().unwrap(), file.to_str().unwrap()]);
    let mut queue = open(json!({ "command": command }));
    let failure = queue.until_failure();
    for text in ["processes in its group", "more than 512 are not let be", "python3"] {
        assert!(failure.text.contains(text), "`{text}` is missing: {failure}");
    }
    queue.end();
    let children = noted(&file);
    assert!((500..6000).contains(&children.len()), "{}", children.len());
    children.iter().for_each(|child| until_gone(child.as_u64().unwrap()));
}

/// What a processor gets wrong at the start, each with a sentence that says so.
#[test]
fn processors_that_are_none() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let program = file.with_file_name("program.py");
    let refuses = |text: &str, parts: &[&str]| {
        fs::write(&program, text).unwrap();
        let options = json!({ "mode": "processor", "command": ["python3", program.to_str().unwrap()], "start_timeout": "3s" });
        refused(options, abi::IO, parts);
    };
    refuses("x = 1\n", &["python3 exited with code 0, before it was ready"]);
    refuses("import mqscript_adapter\n", &["exited with code 0, before it was ready"]);
    refuses(
        "import time\nfrom mqscript_adapter import *\ntime.sleep(100)\n",
        &["was not ready within 3s (`start_timeout`)"],
    );
    refuses(
        "print('hello')\nfrom mqscript_adapter import *\nserve_processor(print, print)\n",
        &["is not JSON: `hello`"],
    );
    refuses(
        "from mqscript_adapter import *\nserve_processor(print, print)\n",
        &["took the first message", "`probe: false`"],
    );
    let to_nobody = "from mqscript_adapter import *\ndef enqueue(c, s, r, *rest):\n    \
        messaging_core.send_message(c, s, 'Nobody', *rest)\nserve_processor(enqueue)\n";
    fs::write(&program, to_nobody).unwrap();
    let options = json!({ "mode": "processor", "command": ["python3", program.to_str().unwrap()], "mock": { "latency": 0, "success_rate": 1 } });
    let mut queue = Queue::of("exec", options, config(7, true)).unwrap();
    queue.publish(&parcels(3));
    let stats = queue.close();
    assert_eq!((&stats["sent"], &stats["sent_to_nobody"]), (&json!(3), &json!(3)));
}

#[test]
fn notices_without_end_are_counted_in_bounded_memory() {
    if !there_is("python3") {
        return;
    }
    let (_folder, file) = notes();
    let script = "import json, sys\n\
        sys.stdin.readline()\n\
        print('{\"ready\": true}', flush=True)\n\
        for line in sys.stdin:\n\
        \x20   for i in range(20000):\n\
        \x20       print(json.dumps({'notice': f'kind {i}', 'text': 'x' * 100}))\n\
        \x20   print(json.dumps({'id': json.loads(line)['id'], 'delivered': True}), flush=True)\n";
    fs::write(&file, script).unwrap();
    let mut queue = open(json!({ "command": ["python3", file.to_str().unwrap()] }));
    queue.publish(&parcels(1));
    let told = events(&queue);
    let kinds: std::collections::BTreeSet<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!((told.len(), kinds.len()), (20_000, 65), "64 kinds, and `exec_notice` for all others");
    assert!(kinds.contains("exec_notice"));
    queue.close();
}
