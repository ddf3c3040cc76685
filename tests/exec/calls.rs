//! The exec core in mode `processor`: every call of the injected core is told, from any process and in any style.

use mqscript::cores::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::exec::{events, noted, notes, python, refused, there_is, told, with};
use support::queue::{Copy, Parcel, Queue, config, parcel};

/// A processor of `tests/exec/programs/processors`, sending through a core that delivers at once, unless `more` says otherwise.
fn open(program: &str, arguments: &[&str], more: Value) -> Queue {
    let plain = json!({ "mode": "processor", "mock": { "latency": "0ms", "success_rate": 1.0 } });
    let options = python(&format!("processors/{program}"), arguments, with(plain, more));
    Queue::of("exec", options, config(7, true)).unwrap()
}

fn parcels(count: u64) -> Vec<Parcel> {
    (1..=count).map(|sequence| parcel(0, 1, sequence)).collect()
}

/// A core that delivers four calls in five.
fn failing() -> Value {
    json!({ "mock": { "latency": "0ms", "success_rate": 0.8 } })
}

/// Publishes so many messages, and waits until each has come once; the core's figures.
#[track_caller]
fn each_comes_once(mut queue: Queue, parcels: &[Parcel]) -> Value {
    queue.publish(parcels);
    assert!(told(&queue).iter().all(|outcome| outcome.1 == abi::DELIVERED), "{:?}", told(&queue));
    queue.until(|queue| queue.copies.len() >= parcels.len());
    let mut seen: Vec<u64> = queue.copies.iter().map(|copy| copy.stamp.sequence).collect();
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(1..=parcels.len() as u64), "{seen:?}");
    assert!(queue.copies.iter().all(|copy| copy.flags == 0), "as they were sent");
    for copy in &queue.copies {
        let sent = &parcels[copy.stamp.sequence as usize - 1];
        assert_eq!((&copy.content, copy.call > 0), (&sent.content, true));
    }
    queue.close()
}

#[test]
fn an_enumeration_as_the_type_is_sent_as_its_value() {
    if !there_is("python3") {
        return;
    }
    each_comes_once(open("enum_type", &[], json!({})), &parcels(10));
}

#[test]
fn a_retry_in_a_forked_child_is_a_call_with_luck_of_its_own() {
    if !there_is("python3") {
        return;
    }
    let stats = each_comes_once(open("forked", &[], failing()), &parcels(60));
    let failed = stats["failed_calls"].as_u64().unwrap();
    assert!((3..40).contains(&failed), "{stats}");
    assert_eq!((&stats["calls"], &stats["sent"]), (&json!(60 + failed), &json!(60)));
    assert_eq!(
        stats["connections"],
        json!(61 + failed),
        "one for each child, the first contact's too: {stats}"
    );
}

#[test]
fn consumers_in_processes_of_their_own_take_part() {
    if !there_is("python3") {
        return;
    }
    for how in ["fork", "spawn"] {
        let mut large = parcels(80);
        large
            .iter_mut()
            .for_each(|parcel| parcel.content = format!("{:>65535}", parcel.sequence).into_bytes());
        each_comes_once(open("consumers", &[how], failing()), &large);
    }
    each_comes_once(open("other_program", &[], failing()), &parcels(50));
}

#[test]
fn coroutines_are_run() {
    if !there_is("python3") {
        return;
    }
    for style in ["both", "plain_enqueue", "plain_process"] {
        each_comes_once(open("asynchronous", &[style], failing()), &parcels(100));
    }
}

#[test]
fn what_nobody_would_run_is_refused() {
    if !there_is("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = |text: &str| {
        let path = folder.path().join("program.py");
        std::fs::write(&path, format!("from mqscript_adapter import *\n{text}\n")).unwrap();
        json!({ "command": ["python3", path.to_str().unwrap()] })
    };
    let yields = "def work(*m):\n    yield 1\n";
    for (body, mode, text) in [
        (format!("{yields}serve(work)"), "send", "work has a `yield`"),
        (format!("{yields}serve_processor(work, print)"), "processor", "work has a `yield`"),
        (format!("{yields}serve_processor(print, work)"), "processor", "work has a `yield`"),
        ("serve_processor(3, print)".to_owned(), "processor", "enqueue is 3: it must be a function"),
    ] {
        refused(with(program(&body), json!({ "mode": mode })), abi::IO, &[text, "before it was ready"]);
    }
    // Where it can be seen only in the result, it is a refusal.
    let hidden = "async def work(*m): pass\nserve_processor(lambda *m: work(*m), print)";
    let mut queue = Queue::of(
        "exec",
        with(program(hidden), json!({ "mode": "processor", "probe": false })),
        config(7, true),
    )
    .unwrap();
    queue.publish(&parcels(1));
    let (_, result, reason) = told(&queue).swap_remove(0);
    assert_eq!(result, abi::REFUSED);
    assert!(reason.starts_with("enqueue returned a coroutine, and nobody runs it"), "{reason}");
    queue.close();
}

#[test]
fn a_send_message_that_is_a_coroutine_runs() {
    if !there_is("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.py");
    let text = "import asyncio\nfrom mqscript_adapter import serve\n\
        async def send_message(content, sender, recipient, message_type, priority, tags, metadata):\n    \
        await asyncio.sleep(0.05)\n    if content.startswith('message 3 '): raise LookupError('nobody')\n    \
        return not content.startswith('message 4 ')\nserve(send_message)\n";
    std::fs::write(&path, text).unwrap();
    let options = json!({ "command": ["python3", path.to_str().unwrap()] });
    let mut queue = Queue::of("exec", options, config(7, false)).unwrap();
    queue.publish(&parcels(50));
    for (token, result, reason) in told(&queue) {
        let expected = match token {
            3 => (abi::REFUSED, "LookupError: nobody"),
            4 => (abi::REFUSED, "send_message returned False"),
            _ => (abi::DELIVERED, ""),
        };
        assert_eq!((result, reason.as_str()), expected, "{token}");
    }
    queue.close();
}

#[test]
fn every_call_that_fails_is_told_with_its_number_and_reason() {
    if !there_is("python3") {
        return;
    }
    let mock = json!({ "mock": { "latency": "0ms", "success_rate": 0.7, "crash": 0.2 } });
    let mut queue = open("consumers", &["fork"], mock);
    queue.publish(&parcels(60));
    queue.until(|queue| queue.copies.len() == 60);
    let mut calls: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for told in queue.notes.iter().chain(&queue.copies) {
        calls.entry(told.stamp.sequence).or_default().push(told.call);
    }
    for (sequence, calls) in &mut calls {
        calls.sort_unstable();
        assert!(calls.iter().copied().eq(1..=calls.len() as u32), "message {sequence}: {calls:?}");
    }
    assert!(queue.worked, "calls are signs of work");
    let of = |reason: &str| queue.notes.iter().filter(|note| note.reason == reason).count();
    let raised = of("ConnectionError: simulated crash of the messaging core");
    let (failed, all) = (of("send_message returned False"), queue.notes.len());
    assert!(raised > 3 && failed > 5 && raised + failed == all, "{raised} and {failed} of {all}");
    assert!(queue.notes.iter().all(|note| note.flags == abi::DELIVERY_FAILED_CALL));
    let stats = queue.close();
    assert_eq!(
        (&stats["calls"], &stats["failed_calls"], &stats["raised"]),
        (&json!(60 + all), &json!(all), &json!(raised))
    );
}

/// What is told of five messages by a processor with one habit.
fn told_of(how: &str, messages: u64, expected: usize) -> (Vec<Copy>, Vec<Copy>, Value) {
    let mut queue = open("told", &[how], json!({}));
    queue.publish(&parcels(messages));
    queue.until(|queue| queue.copies.len() + queue.notes.len() >= expected);
    let (copies, notes) = (std::mem::take(&mut queue.copies), std::mem::take(&mut queue.notes));
    (copies, notes, queue.close())
}

#[test]
fn what_a_processor_alters_is_told_by_field() {
    if !there_is("python3") {
        return;
    }
    let (copies, _, stats) = told_of("alters", 5, 5);
    for copy in copies {
        assert_eq!(
            (copy.flags, copy.reason.as_str()),
            (abi::DELIVERY_ALTERED, "sender, type, priority, tags")
        );
    }
    assert_eq!(stats["altered"], json!({ "sender": 5, "type": 5, "priority": 5, "tags": 5, "metadata": 0 }));
}

#[test]
fn a_copy_without_its_stamp_is_known_by_its_content() {
    if !there_is("python3") {
        return;
    }
    let (copies, _, stats) = told_of("unstamped", 5, 5);
    assert!(
        copies.iter().all(|copy| copy.flags == abi::DELIVERY_UNSTAMPED && copy.stamp == abi::Stamp::NONE)
    );
    assert_eq!(stats["unstamped"], json!(5));
}

#[test]
fn a_message_given_up_is_named_whatever_of_it_is_handed_in() {
    if !there_is("python3") {
        return;
    }
    let (copies, notes, stats) = told_of("gives_up", 4, 4);
    assert!(copies.is_empty(), "{copies:?}");
    assert!(notes.iter().map(|note| note.stamp.sequence).eq(1..=4), "{notes:?}");
    for note in notes {
        assert_eq!((note.flags, note.reason.as_str()), (abi::DELIVERY_GIVEN_UP, "no such"));
    }
    assert_eq!((&stats["given_up"], &stats["calls"]), (&json!(4), &json!(0)));
    let (_, notes, _) = told_of("dead_letters", 1, 1);
    assert_eq!((notes[0].stamp.sequence, notes[0].reason.as_str()), (1, "dead_letter"));
}

#[test]
fn batches_and_objects_are_calls_too() {
    if !there_is("python3") {
        return;
    }
    let (copies, _, stats) = told_of("batch", 3, 6);
    assert!(
        copies.iter().map(|copy| (copy.stamp.sequence, copy.call)).eq((1..=3).flat_map(|s| [(s, 1), (s, 2)]))
    );
    assert_eq!(stats["calls"], json!(6));
    let (copies, _, _) = told_of("object", 3, 3);
    assert!(copies.iter().all(|copy| copy.flags == 0 && copy.stamp.sequence > 0));
}

#[test]
fn absurd_arguments_raise_nothing_but_connection_error_and_are_counted() {
    if !there_is("python3") {
        return;
    }
    let mut queue = open("told", &["absurd"], json!({}));
    queue.publish(&parcels(1));
    let own = |queue: &Queue| queue.copies.iter().any(|copy| copy.stamp.sequence == 1 && copy.flags == 0);
    queue.until(|queue| own(queue));
    let large: Vec<&Copy> =
        queue.notes.iter().filter(|note| note.reason.contains("68157440 bytes")).collect();
    assert_eq!(large.len(), 1, "{:?}", queue.notes);
    let stats = queue.close();
    assert_eq!(
        (&stats["calls"], &stats["failed_calls"], &stats["bad_lines"]),
        (&json!(10), &json!(5), &json!(0))
    );
    assert_eq!((&stats["raised"], &stats["sent_to_nobody"]), (&json!(5), &json!(2)), "{stats}");
}

/// So many messages of each of nine agents, in turns.
fn of_nine(each: u64) -> Vec<Parcel> {
    (1..=each)
        .flat_map(|sequence| (0..9).map(move |agent| parcel(agent, (agent + 1) % 9, sequence)))
        .collect()
}

#[test]
fn several_feeders_call_enqueue_at_once_and_keep_each_senders_order() {
    if !there_is("python3") {
        return;
    }
    for (feeders, at_once) in
        [(json!({}), 4..=9), (json!({ "feeders": 1 }), 1..=1), (json!({ "feeders": 3 }), 2..=3)]
    {
        let (_folder, file) = notes();
        let mut queue = open("watches_feeders", &[file.to_str().unwrap()], feeders.clone());
        queue.publish(&of_nine(20));
        queue.until(|queue| queue.copies.len() == 180);
        queue.close();
        let seen = noted(&file);
        let most = seen.iter().map(|note| note[0].as_u64().unwrap()).max().unwrap();
        assert!(at_once.contains(&most), "{feeders}: {most} at once");
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        for note in &seen {
            let content = note[2].as_str().unwrap();
            let sequence: u64 = content.split(' ').nth(1).unwrap().parse().unwrap();
            let before = last.insert(note[1].as_str().unwrap().to_owned(), sequence).unwrap_or(0);
            assert_eq!(sequence, before + 1, "{feeders}: in the order of its sender");
        }
        assert_eq!(last.len(), 9);
    }
}

#[test]
fn an_enqueue_without_a_lock_loses_messages_unless_one_thread_feeds() {
    if !there_is("python3") {
        return;
    }
    let received = |more: Value| {
        let mut queue = open("racy", &[], more);
        queue.publish(&of_nine(30));
        assert!(told(&queue).iter().all(|outcome| outcome.1 == abi::DELIVERED), "it answers for all");
        let taken = std::time::Instant::now();
        while queue.copies.len() < 270 && taken.elapsed().as_secs() < 3 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            queue.poll().unwrap();
        }
        let received = queue.copies.len();
        queue.close();
        received
    };
    let lost = 270 - received(json!({}));
    assert!(lost > 50, "{lost} are lost");
}

#[test]
fn feeders_are_for_processors() {
    refused(
        json!({ "command": "true", "feeders": 2 }),
        abi::CONFIG,
        &["`feeders` is for mode: \"processor\""],
    );
}

/// The file of the socket, and the number of the run.
fn socket_of(notes: &std::path::Path) -> (std::path::PathBuf, u32) {
    let said = noted(notes).swap_remove(0);
    (said[0].as_str().unwrap().into(), said[1].as_str().unwrap().parse().unwrap())
}

/// A processor that notes its socket and the number of its run.
fn noting_its_socket() -> (tempfile::TempDir, Queue, std::path::PathBuf, u32) {
    let (folder, file) = notes();
    let program = folder.path().join("program.py");
    let text = format!(
        "import json, os\nfrom mqscript_adapter import *\nwith open({:?}, 'w') as notes:\n    notes.write(json.dumps(\
         [os.environ['MQSCRIPT_EXEC_SOCKET'], os.environ['MQSCRIPT_EXEC_RUN']]))\n\
         serve_processor(lambda *m: messaging_core.send_message(*m))\n",
        file.to_str().unwrap()
    );
    std::fs::write(&program, text).unwrap();
    let options = json!({
        "mode": "processor", "command": ["python3", program.to_str().unwrap()],
        "mock": { "latency": "0ms", "success_rate": 1.0 },
    });
    let queue = Queue::of("exec", options, config(7, true)).unwrap();
    let (socket, run) = socket_of(&file);
    (folder, queue, socket, run)
}

#[test]
fn strangers_and_rubbish_on_the_socket_are_counted_and_do_no_harm() {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;
    if !there_is("python3") {
        return;
    }
    let (_folder, mut queue, socket, run) = noting_its_socket();
    let mode = std::fs::metadata(socket.parent().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else comes near the socket");
    let ends = |lines: &str| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(lines.as_bytes()).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        // What was not read any more makes the end a reset.
        let mut said = Vec::new();
        let ended = stream.read_to_end(&mut said);
        said.len() < 20
            && ended.map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |_| true)
    };
    let join = format!("{{\"join\":{{\"run\":{run}}}}}\n");
    for refused in [
        format!("{{\"join\":{{\"run\":{}}}}}\n", run + 1),
        "hello\n".to_owned(),
        "{\"call\":{\"recipient\":\"Agent-1\"}}\n".to_owned(),
        format!("{{\"join\":{{\"run\":{run},\"worker\":9,\"feeder\":0}}}}\n"),
    ] {
        assert!(ends(&refused), "{refused}");
    }
    for rubbish in [
        format!("{join}{join}"),
        format!("{join}hello\n"),
        format!("{join}{{\"id\":\"1\",\"delivered\":true}}\n"),
    ] {
        assert!(ends(&rubbish), "{rubbish}");
    }
    // A feeder that joins twice is not fed.
    assert!(ends(&format!("{{\"join\":{{\"run\":{run},\"worker\":1,\"life\":1,\"feeder\":0}}}}\n")));
    queue.publish(&parcels(20));
    queue.until(|queue| queue.copies.len() == 20);
    let kinds: Vec<String> = events(&queue).into_iter().map(|(kind, _)| kind).collect();
    let of = |name: &str| kinds.iter().filter(|kind| *kind == name).count();
    assert_eq!((of("exec_connection_refused"), of("exec_bad_line")), (5, 3), "{kinds:?}");
    let stats = queue.close();
    assert_eq!((&stats["refused_connections"], &stats["bad_lines"]), (&json!(5), &json!(3)));
    assert_eq!((&stats["restarts"], &stats["calls"]), (&json!(0), &json!(20)));
    assert!(!socket.exists(), "it goes with the run");
}

#[test]
fn more_processes_than_there_is_room_for_are_refused_and_the_others_go_on() {
    use std::os::unix::net::UnixStream;
    if !there_is("python3") {
        return;
    }
    let (_folder, mut queue, socket, run) = noting_its_socket();
    let join = format!("{{\"join\":{{\"run\":{run}}}}}\n");
    // In a process of its own, so that its descriptors are not this one's.
    let crowd = "import socket, sys, time\n\
        crowd = []\n\
        for _ in range(1100):\n\
        \x20   one = socket.socket(socket.AF_UNIX)\n\
        \x20   try: one.connect(sys.argv[1]); one.sendall(sys.argv[2].encode())\n\
        \x20   except OSError: pass\n\
        \x20   crowd.append(one)\n\
        print('here', flush=True)\n\
        sys.stdin.read()\n";
    let mut crowd = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -n 4096 2>/dev/null; exec python3 -c \"$0\" \"$@\"",
            crowd,
            socket.to_str().unwrap(),
            &join,
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(crowd.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert_eq!(line, "here\n");
    queue.publish(&parcels(20));
    queue.until(|queue| queue.copies.len() == 20);
    drop(crowd.stdin.take());
    crowd.wait().unwrap();
    // There is room again.
    drop(UnixStream::connect(&socket).unwrap());
    let stats = queue.close();
    let refused = stats["refused_connections"].as_u64().unwrap();
    assert!((70..1100).contains(&refused), "{stats}");
    assert_eq!(stats["calls"], json!(20));
}
