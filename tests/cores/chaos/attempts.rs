//! What befalls attempts, and whose luck it is.

use super::*;

#[test]
fn without_options_it_is_the_chaos_of_old() {
    let mut running = chaos(json!({}), run_config());
    let seen = play(&mut running, S, 20_000, 10);
    let refused = seen.of(abi::REFUSED);
    near(refused.len() as u64, 200.0);
    for token in &refused {
        assert_eq!(seen.outcomes[token], (abi::REFUSED, "chaos_crash".to_owned(), S));
    }
    let late: Vec<u64> =
        seen.outcomes.values().filter(|o| o.0 == abi::DELIVERED && o.2 > S + MS).map(|o| o.2).collect();
    near(late.len() as u64, 0.99 * 1000.0);
    assert!(late.iter().all(|at_ns| *at_ns <= S + 501 * MS));
    assert!(late.iter().max().unwrap() > &(S + 490 * MS));
    let told = events(&running);
    assert_eq!(told.keys().collect::<Vec<_>>(), ["crash", "spike"]);
    assert_eq!(told["crash"], (refused.len() as u64, S, S));
    assert_eq!(told["spike"].0, late.len() as u64);
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    assert_eq!(stats["chaos"], json!({ "crash": told["crash"].0, "spike": told["spike"].0 }));
    running.chain.destroy().unwrap();
}

#[test]
fn naming_a_fault_names_all_of_them() {
    let mut running = chaos(json!({ "refuse": 0 }), run_config());
    let seen = play(&mut running, 0, 5_000, 10);
    assert!(seen.outcomes.values().all(|outcome| *outcome == (abi::DELIVERED, String::new(), MS)));
    assert!(events(&running).is_empty());
}

#[test]
fn crashes_and_refusals_do_not_reach_the_core_below() {
    for (fault, reason) in [("crash", "chaos_crash"), ("refuse", "chaos_refuse")] {
        let mut running = chaos(json!({ fault: "10%" }), receiving());
        let seen = play(&mut running, S, 5_000, 10);
        let refused = seen.of(abi::REFUSED);
        near(refused.len() as u64, 500.0);
        assert!(refused.iter().all(|token| seen.outcomes[token] == (abi::REFUSED, reason.to_owned(), S)));
        assert_eq!((seen.outcomes.len(), seen.copies.len()), (5_000, 5_000 - refused.len()));
        assert_eq!(only_event(&running, fault), refused.len() as u64);
    }
}

#[test]
fn an_uncertain_attempt_is_delivered_all_the_same() {
    let mut running = chaos(json!({ "uncertain": "10%" }), receiving());
    let seen = play(&mut running, S, 5_000, 10);
    let hidden = seen.of(abi::UNCERTAIN);
    near(hidden.len() as u64, 500.0);
    assert!(hidden.iter().all(|token| seen.outcomes[token].1 == "chaos_uncertain"));
    assert_eq!((seen.of(abi::REFUSED).len(), seen.copies.len()), (0, 5_000));
    assert_eq!(only_event(&running, "uncertain"), hidden.len() as u64);
}

#[test]
fn luck_does_not_depend_on_batches() {
    let everything = json!({
        "crash": 0.1, "refuse": 0.1, "uncertain": 0.1, "spike": 0.2, "delay": "1ms..2ms",
        "drop": 0.1, "duplicate": 0.1, "corrupt": 0.1, "reorder": 0.1, "burst": { "good": 0.1 },
    });
    let played = |batch, seed| {
        let mut running = chaos(everything.clone(), RunConfig { seed, ..receiving() });
        let seen = play(&mut running, S, 3_000, batch);
        let copies = seen.sorted_copies();
        (seen.outcomes, copies, events(&running))
    };
    let by_ten = played(10, 1);
    assert_eq!(by_ten, played(1, 1));
    assert_eq!(by_ten, played(64, 1));
    assert_ne!(by_ten.0, played(10, 2).0);
}

#[test]
fn one_fault_does_not_change_the_luck_of_another() {
    let refused = |options: Value| {
        let seen = play(&mut chaos(options, run_config()), 0, 3_000, 10);
        seen.outcomes.into_iter().filter(|(_, o)| o.1 == "chaos_crash").map(|(token, _)| token).collect()
    };
    let alone: Vec<u64> = refused(json!({ "crash": 0.1 }));
    assert_eq!(alone, refused(json!({ "crash": 0.1, "refuse": 0.2, "spike": 0.5, "delay": "5ms" })));
}

#[test]
fn layers_of_it_can_be_stacked() {
    let layer = |by: &str| request("chaos", json!({ "crash": "10%", "delay": by }));
    let mut running = start(&[sure(), layer("5ms"), layer("7ms")], run_config()).unwrap();
    let seen = play(&mut running, 0, 10_000, 10);
    // With the same luck twice it would be 10 %.
    near(seen.of(abi::REFUSED).len() as u64, 1_900.0);
    for token in seen.of(abi::DELIVERED) {
        assert_eq!(seen.outcomes[&token].2, 13 * MS);
    }
    let below = seen.of(abi::REFUSED).iter().filter(|token| seen.outcomes[token].2 == 7 * MS).count();
    near(below as u64, 900.0);
    running.session.close().unwrap();
    let stats = running.chain.stats().unwrap();
    assert_eq!(stats["chaos"]["crash"], json!(below));
    assert!(stats["chaos#2"]["crash"].as_u64() > Some(900));
}

#[test]
fn faults_can_be_restricted() {
    let refused = |scope: Value, at_ns: u64| {
        let mut crash = scope.as_object().unwrap().clone();
        crash.insert("rate".to_owned(), json!(1));
        let mut running = chaos(json!({ "crash": crash }), run_config());
        let mut batch = messages(1, 4);
        for (message, (to, type_id)) in batch.iter_mut().zip([(0, 0), (1, 1), (abi::ALL, 0), (9, 0)]) {
            (message.recipient_id, message.type_id, message.stamp.type_id) = (to, type_id, type_id);
        }
        let mut seen = Seen::default();
        offer(&mut running, at_ns, &batch, &mut seen);
        seen.of(abi::REFUSED)
    };
    assert_eq!(refused(json!({}), 0), [1, 2, 3, 4]);
    assert_eq!(refused(json!({ "types": ["hard_onboard"] }), 0), [2]);
    assert_eq!(refused(json!({ "types": "direct" }), 0), [1, 3, 4]);
    assert_eq!(refused(json!({ "recipients": ["Agent-2", "ALL"] }), 0), [2, 3]);
    assert_eq!(refused(json!({ "recipients": "SYSTEM", "types": "direct" }), 0), [4]);
    let span = json!({ "from": "1s", "to": "2s" });
    assert_eq!([0, S, 2 * S].map(|at_ns| refused(span.clone(), at_ns).len()), [0, 4, 0]);
    let late = json!({ "delay": { "by": "5ms", "types": ["hard_onboard"] } });
    let mut running = chaos(late, receiving());
    let mut batch = messages(1, 2);
    (batch[1].type_id, batch[1].stamp.type_id) = (1, 1);
    let mut seen = Seen::default();
    offer(&mut running, 0, &batch, &mut seen);
    assert_eq!([1, 2].map(|token| seen.outcomes[&token].2), [MS, 6 * MS]);
    assert_eq!(seen.copies.iter().map(|copy| copy.at_ns).collect::<Vec<_>>(), [MS, 6 * MS]);
}
