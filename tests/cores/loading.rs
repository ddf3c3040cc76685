//! Libraries that are not what they should be, and older and newer ones that are.

use mqscript::cores::*;
use serde_json::json;
use std::path::{Path, PathBuf};
use support::chain::*;

fn refused(path: &Path) -> CoreError {
    plan(&[request(path, json!({}))]).expect_err("it was taken")
}

fn temporary(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}_{name}", std::process::id()));
    if path.is_dir() {
        std::fs::remove_dir_all(&path).unwrap();
    }
    path
}

/// Publishes four messages and gives the times of their outcomes.
fn times(running: &mut Running) -> Vec<u64> {
    let published = running.session.publish(1_000, &messages(1, 4), &mut running.out);
    assert_eq!((published.accepted, published.failure), (4, None));
    running.out.outcomes.drain(..).map(|outcome| outcome.at_ns).collect()
}

#[test]
fn a_core_in_c_goes_the_whole_way() {
    let mut running = start(&[request(compile("core.c", &[]), json!({}))], run_config()).unwrap();
    assert!(running.services.wake.take(), "it wakes in `open`");
    assert_eq!(times(&mut running), [2_000; 4]);
    assert_eq!((running.out.next_due_ns, running.out.more), (1_500, true));
    running.session.poll(1_500, &mut running.out).unwrap();
    assert_eq!((running.out.next_due_ns, running.out.more), (abi::NEVER, false));
    running.session.flush(2_000, &mut running.out).unwrap();
    running.session.close().unwrap();
    assert_eq!(running.chain.stats().unwrap()["small"], json!({ "written": 3 }));
    running.chain.destroy().unwrap();

    let (mut events, mut lines) = (Vec::new(), Vec::new());
    running.services.events.drain(&mut events);
    running.services.log.drain(&mut lines);
    assert_eq!((&*events[0].core, events[0].text.as_str()), ("small", "the queue is full"));
    assert_eq!(running.services.interner.text(events[0].kind), "full");
    assert_eq!((lines[0].level, lines[0].text.as_str()), (abi::LOG_INFO, "gone"));
}

#[test]
fn a_library_with_a_shorter_table_loads() {
    let mut running = start(&[request(compile("core.c", &["SHORT"]), json!({}))], run_config()).unwrap();
    assert_eq!(times(&mut running), [2_000; 4]);
    running.session.flush(2_000, &mut running.out).unwrap();
    running.session.close().unwrap();
    assert!(running.chain.stats().unwrap().is_empty());
    running.chain.clean().unwrap();
    running.chain.destroy().unwrap();
}

#[test]
fn a_library_of_a_newer_minor_loads_and_its_new_bits_are_shown() {
    let newer = compile("core.c", &["ABI=(MQS_ABI+7)", "CAPABILITIES=(MQS_SIMULATED|1ull<<40)"]);
    let info = core_info(&Finder::with_folders(&[]), Path::new("/"), newer.to_str().unwrap()).unwrap();
    assert_eq!((info.abi, info.version.as_str()), ((1, abi::ABI_MINOR + 7), "1.2.3"));
    assert_eq!(capability_names(info.capabilities), ["SIMULATED", "unknown bit 40"]);
    let mut running = start(&[request(newer, json!({}))], run_config()).unwrap();
    assert_eq!(running.chain.capabilities(), abi::SIMULATED);
    assert_eq!(times(&mut running), [2_000; 4]);
}

#[test]
fn a_library_of_the_first_minor_loads_and_runs() {
    let older = compile("core.c", &["ABI=0x10000u"]);
    let info = core_info(&Finder::with_folders(&[]), Path::new("/"), older.to_str().unwrap()).unwrap();
    assert_eq!(info.abi, (1, 0));
    let mut running = start(&[request(older, json!({}))], run_config()).unwrap();
    assert_eq!(times(&mut running), [2_000; 4]);
}

#[test]
fn messages_tell_the_keys_of_their_senders_names() {
    let does = "DOES=for(i=0;i<n;i++){char name[16];int len=snprintf(name,16,\"Agent-%u\",messages[i].stamp.sender+1);\
                if(messages[i].sender_key!=mqs_text_key(name,(size_t)len)||messages[i].reserved[0]!=0)\
                return mqs_fail(error,MQS_IO,\"another key\");}";
    let library = compile("core.c", &[does]).to_str().unwrap().to_owned();
    for batch_size in [1, 8] {
        let mut plan = support::engine::plan(50.0, 2_000_000_000, json!({}));
        plan.core = mqscript::plan::CoreSpec::plain(&library);
        plan.processor.batch_size = batch_size;
        let run = support::engine::play(&plan);
        assert!(run.ledger.counts.generated > 500, "{:?}", run.ledger);
        assert_eq!(run.ledger.counts.delivered, run.ledger.counts.generated);
    }
}

#[test]
fn a_library_of_another_major_is_refused() {
    let error = refused(&compile("core.c", &["ABI=0x20003u"]));
    assert!(matches!(error, CoreError::OtherMajor { found: (2, 3), expected: (1, 1), .. }), "{error}");
    assert!(error.help().unwrap().contains("mqscript-plugin 1."));
}

#[test]
fn what_is_no_library_is_told_in_the_loaders_words() {
    let text = temporary("text.so");
    std::fs::write(&text, "not a library").unwrap();
    let whole = std::fs::read(compile("core.c", &["ID=\"whole\""])).unwrap();
    let half = temporary("half.so");
    std::fs::write(&half, &whole[..whole.len() / 3]).unwrap();
    for (path, words) in [(text, "text.so"), (half, "the file is truncated: it has ")] {
        let error = refused(&path);
        let CoreError::NotLoadable { reason, .. } = &error else { panic!("{error:?}") };
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn what_is_no_core_is_told_apart() {
    let empty = temporary("empty.c");
    std::fs::write(&empty, "int nothing;").unwrap();
    let library = temporary("empty.so");
    let cc = std::process::Command::new("cc").arg("-shared").arg("-o").arg(&library).arg(&empty).status();
    assert!(cc.unwrap().success());
    assert!(matches!(refused(&library), CoreError::NotAPlugin { symbol: "mqs_plugin_abi", .. }));
    let error = refused(&compile("core.c", &["NO_ENTRY"]));
    assert!(matches!(error, CoreError::NotAPlugin { symbol: "mqs_plugin_entry_v1", .. }));
    let error = refused(&compile("core.c", &["NULL_ENTRY"]));
    assert!(error.to_string().ends_with("the moon is not full"), "{error}");
}

#[test]
fn descriptors_that_break_the_contract_are_refused_by_part() {
    for (defines, part) in [
        (&["NO_PUBLISH"][..], "core `small`: function `publish`"),
        (&["NO_VTABLE"], "core `small`: table of functions"),
        (&["ID=\"Big Core\""], "core 0: name"),
        (&["ID=\"\\xff\""], "core 0: name"),
        (&["SCHEMA=\"[]\""], "core `small`: options schema"),
        (&["SCHEMA=\"{\""], "core `small`: options schema"),
    ] {
        let error = refused(&compile("core.c", defines));
        let CoreError::Malformed { part: found, .. } = &error else { panic!("{error:?}") };
        assert_eq!(found, part);
    }
}

#[test]
fn references_that_are_none_are_refused() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let small = compile("core.c", &[]);
    for (reference, text) in [
        (String::new(), "it is empty"),
        ("lib.so".to_owned(), "a name has letters"),
        ("./nowhere.so".to_owned(), "there is no file"),
        (folder.to_str().unwrap().to_owned(), "it is a folder"),
    ] {
        let error = plan(&[request(&reference, json!({}))]).unwrap_err();
        assert!(matches!(&error, CoreError::BadReference { reason, .. } if reason.contains(text)), "{error}");
    }
    let both = format!("{}#smal", small.display());
    let error = plan(&[request(both, json!({}))]).unwrap_err();
    assert!(matches!(&error, CoreError::NoSuchCore { offers, .. } if offers == &["small"]), "{error}");
    plan(&[request(format!("{}#small", small.display()), json!({}))]).unwrap();
}

#[test]
fn an_unknown_name_says_where_it_looked_and_what_is_near() {
    let error = plan(&[request("mokc", json!({}))]).unwrap_err();
    let CoreError::NotFound { searched, nearest, .. } = &error else { panic!("{error:?}") };
    assert_eq!(nearest, &["mock"]);
    assert!(searched.len() > 3);
    assert!(error.help().unwrap().contains("did you mean `mock`?"));
}

#[test]
fn a_core_that_the_default_build_leaves_out_says_how_to_build_it() {
    let nowhere = Finder::with_folders(&[temporary("empty")]);
    let error = plan_chain(&nowhere, Path::new("/"), &[request("nats", json!({}))]).unwrap_err();
    let told = "core `nats` is not built: cargo build --release -p mqscript-nats";
    assert_eq!(error.to_string(), told);
    let error = plan_chain(&nowhere, Path::new("/"), &[request("nast", json!({}))]).unwrap_err();
    let CoreError::NotFound { nearest, .. } = &error else { panic!("{error:?}") };
    assert_eq!(nearest, &["nats"]);
}

#[test]
fn the_first_folder_wins_and_what_is_hidden_is_listed() {
    let (first, second) = (temporary("first"), temporary("second"));
    for folder in [&first, &second] {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::copy(compile("core.c", &[]), folder.join("libmqscript_core_small.so")).unwrap();
    }
    std::fs::write(second.join("libmqscript_core_bad.so"), "no").unwrap();
    let finder = Finder::with_folders(&[first.clone(), second.clone()]);
    let listed = list_cores(&finder);
    let names: Vec<(&str, bool, bool)> =
        listed.iter().map(|l| (l.name.as_str(), l.hidden_by.is_some(), l.cores.is_ok())).collect();
    assert_eq!(names, [("small", false, true), ("bad", false, false), ("small", true, true)]);
    let info = core_info(&finder, Path::new("/"), "small").unwrap();
    assert_eq!(info.path, first.join("libmqscript_core_small.so").canonicalize().unwrap());
    // A file that is there but cannot be loaded is told: the search does not quietly go on.
    assert!(matches!(core_info(&finder, Path::new("/"), "bad"), Err(CoreError::NotLoadable { .. })));
}

#[test]
fn chains_are_built_of_one_core_and_layers() {
    let layer = compile("core.c", &["LAYERED", "ID=\"later\"", "CAPABILITIES=(MQS_SIMULATED|MQS_LAYER)"]);
    let (mock, later) = (request("mock", json!({})), request(layer, json!({})));
    for chain in [&[][..], std::slice::from_ref(&later), &[mock.clone(), mock.clone()]] {
        assert!(matches!(plan(chain), Err(CoreError::BadChain { .. })), "{chain:?}");
    }
    let mut eight = vec![mock.clone()];
    eight.resize(8, later.clone());
    plan(&eight).unwrap();
    eight.push(later);
    let error = plan(&eight).unwrap_err();
    assert!(error.to_string().contains("at most 8"), "{error}");
}
