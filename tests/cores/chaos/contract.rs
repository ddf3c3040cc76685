//! The layer keeps the contract, over whatever core, and says what it will not do.

use super::*;

#[test]
fn it_works_over_a_core_that_answers_later() {
    let options = json!({ "crash": 0.1, "uncertain": 0.1, "delay": "3ms", "drop": 0.2, "corrupt": 0.1 });
    let mut running = over_late(json!({}), options);
    let mut seen = play(&mut running, S, 600, 60);
    let told = events(&running);
    assert_eq!(seen.outcomes.len(), 600);
    assert_eq!(seen.of(abi::REFUSED).len() as u64, told["crash"].0);
    assert_eq!(seen.of(abi::UNCERTAIN).len() as u64, told["uncertain"].0);
    for outcome in seen.outcomes.values() {
        assert_eq!(outcome.2, if outcome.0 == abi::REFUSED { S } else { S + 3 * MS });
    }
    assert_eq!(seen.copies.len() as u64, 600 - told["crash"].0 - told["drop"].0);
    let corrupt = seen.copies.iter().filter(|copy| copy.content != b"the poll").count();
    assert_eq!(corrupt as u64, told["corrupt"].0);
    assert!(seen.copies.iter().all(|copy| copy.ack_tag > 0));
    // What is swallowed is acknowledged by the layer, the rest by the host.
    let tags: Vec<u64> = seen.copies.iter().map(|copy| copy.ack_tag).collect();
    running.session.acknowledge(S, Settlement::Acknowledge, &tags, &mut running.out).unwrap();
    seen.take(&mut running);
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    assert_eq!(stats["late"]["acknowledged"], json!(600 - told["crash"].0));
}

#[test]
fn what_it_swallowed_goes_below_with_what_the_host_acknowledges() {
    let mut running = over_late(json!({}), json!({ "drop": 0.5 }));
    assert_eq!(running.session.publish(S, &messages(1, 60), &mut running.out).accepted, 60);
    running.session.poll(S, &mut running.out).unwrap();
    let tags: Vec<u64> = running.out.deliveries.drain(..).map(|copy| copy.ack_tag).collect();
    assert!((15..45).contains(&tags.len()), "{}", tags.len());
    running.session.acknowledge(S, Settlement::Acknowledge, &tags, &mut running.out).unwrap();
    running.session.close().unwrap();
    // One call: what the first of two would point to, the second would overwrite.
    assert_eq!(running.chain.stats().unwrap()["late"], json!({ "acknowledged": 60, "calls": 1 }));
}

#[test]
fn it_accepts_a_prefix_where_the_core_below_does() {
    let mut running = over_late(json!({ "takes": 3 }), json!({ "crash": 0.3 }));
    let mut whole = over_late(json!({}), json!({ "crash": 0.3 }));
    let batch = messages(1, 40);
    let published = running.session.publish(0, &batch, &mut running.out);
    assert_eq!(published.failure, None);
    assert!((3..15).contains(&published.accepted), "{}", published.accepted);
    let mut seen = Seen::default();
    seen.take(&mut running);
    drain(&mut running, 0, &mut seen);
    assert_eq!(seen.outcomes.len(), published.accepted as usize);
    assert_eq!(seen.of(abi::DELIVERED).len(), 3);
    offer(&mut running, 0, &batch[published.accepted as usize..], &mut seen);
    assert_eq!(seen.outcomes, play(&mut whole, 0, 40, 40).outcomes);
    assert_eq!(events(&running)["crash"], events(&whole)["crash"]);
}

#[test]
fn copies_without_room_wait_for_the_next_call() {
    let mut running = chaos(json!({ "duplicate": 1 }), receiving());
    running.out = Out::with_capacity(64, 1);
    let seen = play(&mut running, 0, 500, 50);
    assert_eq!((seen.outcomes.len(), seen.copies.len()), (500, 1_000));
    assert_eq!(out_of_order(&seen.copies), 0);
    let mut contents: Vec<u64> =
        seen.copies.iter().map(|copy| u64::from_le_bytes(copy.content[..].try_into().unwrap())).collect();
    contents.dedup();
    assert_eq!(contents, (1..=500).collect::<Vec<_>>());
}

#[test]
fn it_claims_no_more_than_it_keeps() {
    let names = |options: Value| {
        let running = over_late(json!({}), options);
        let full = abi::ORDERED | abi::EXACTLY_ONCE | abi::DURABLE | abi::CONFIRMS | abi::RECEIVES;
        let lost = full & !running.chain.capabilities();
        capability_names(lost).join(" ")
    };
    for (options, lost) in [
        (json!({ "crash": 0.5, "refuse": 0.5, "burst": {}, "throttle": "9/s" }), ""),
        (json!({ "corrupt": 1 }), ""),
        (json!({ "drop": 0.1 }), "DURABLE"),
        (json!({ "duplicate": 0.1 }), "EXACTLY_ONCE"),
        (json!({ "uncertain": 0.1 }), "EXACTLY_ONCE"),
        (json!({ "reorder": 0.1 }), "ORDERED"),
        (json!({ "spike": 0.1 }), "ORDERED"),
        (json!({ "drop": 0, "duplicate": 0, "reorder": "0%" }), ""),
    ] {
        assert_eq!(names(options.clone()), lost, "{options}");
    }
}

#[test]
fn options_that_make_no_sense_are_told() {
    for (options, path, help) in [
        (json!({ "crahs": 0.1 }), "crahs", "did you mean `crash`?"),
        (json!({ "crash": 2 }), "crash", "write \"2%\""),
        (json!({ "crash": -0.1 }), "crash", "a share lies between 0 and 1"),
        (json!({ "crash": { "rate": "-5%" } }), "crash.rate", "a share lies between 0 and 1"),
        (json!({ "spike": { "rate": 0.1, "bye": "5ms" } }), "spike.bye", "did you mean `by`?"),
        (
            json!({ "outage": [{ "at": "5" , "lasts": "1s" }] }),
            "outage[0].at",
            "5 what? write \"5ms\" or \"5s\"",
        ),
        (
            json!({ "outage": { "at": "5s", "lasts": "1s", "mode": "holds" } }),
            "outage.mode",
            "did you mean `hold`?",
        ),
    ] {
        let Err(CoreError::Options { faults, .. }) = plan(&[sure(), request("chaos", options.clone())])
        else {
            panic!("{options} was taken");
        };
        assert_eq!((faults[0].key_path.as_str(), faults[0].help.as_deref()), (path, Some(help)), "{options}");
    }
    for (options, text) in [
        (json!({ "crash": 0.6, "refuse": "50%" }), "`crash` 60%, `refuse` 50%: together 110%"),
        (json!({ "drop": 0.6, "reorder": 0.6 }), "`drop` 60%, `reorder` 60%: together 120%"),
        (json!({ "crash": { "rate": 1, "types": "hard" } }), "`crash.types`: this run has no type `hard`"),
        (json!({ "crash": { "rate": 1, "recipients": "Bob" } }), "`crash.recipients`: nobody"),
        (json!({ "crash": { "rate": 1, "from": "2s", "to": "1s" } }), "`from` is not before `to`"),
        (json!({ "delay": "slow" }), "`delay`: `slow` is not a duration"),
        (json!({ "delay": { "by": "5ms", "type": "x" } }), "`delay.type`: there is no such key"),
        (json!({ "outage": { "lasts": "1s" } }), "either `at` or `every`"),
        (json!({ "outage": { "every": "1us", "lasts": "1us" } }), "less than 1ms"),
        (json!({ "outage": { "at": "1s", "lasts": "1s..2s" } }), "one length"),
        (json!({ "throttle": "0/s" }), "nothing would ever pass"),
        (json!({ "burst": { "to_good": "1us" } }), "`burst.to_good`"),
    ] {
        let failure = failure(&[sure(), request("chaos", options.clone())], receiving());
        assert_eq!((failure.function, &failure.kind), ("create", &FailureKind::Status(abi::CONFIG)));
        assert!(failure.text.contains(text), "{failure}");
    }
}

#[test]
fn it_stands_over_a_core_that_can_what_it_asks() {
    let alone = plan(&[request("chaos", json!({}))]).unwrap_err().to_string();
    assert_eq!(alone, "core `chaos`: it is a layer and stands only over another core");
    let layers: Vec<CoreRequest> =
        std::iter::once(sure()).chain((0..8).map(|_| request("chaos", json!({})))).collect();
    assert_eq!(
        plan(&layers).unwrap_err().to_string(),
        "core `chaos`: the chain has 9 cores, at most 8 are allowed"
    );
    start(&layers[..8], run_config()).unwrap();
    let deaf = failure(&[sure(), request("chaos", json!({ "drop": "1%" }))], run_config());
    assert!(deaf.text.starts_with("`drop` befalls copies that arrive, but nothing is received"), "{deaf}");
    let panicking = [request("panicking", json!({})), request("chaos", json!({ "drop": "1%" }))];
    let unfit = start(&panicking, receiving()).map(|_| ()).unwrap_err().to_string();
    assert!(unfit.starts_with("core `panicking` does not fit this run: it cannot receive"), "{unfit}");
}
