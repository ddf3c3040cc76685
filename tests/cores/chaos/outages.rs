//! Faults that last: outages, throttles, bursts.

use super::*;

#[test]
fn an_outage_refuses_what_is_offered_within_it() {
    let mut running = chaos(
        json!({ "outage": [{ "at": "1s", "lasts": "500ms" }, { "at": "3s", "lasts": "1ms" }] }),
        run_config(),
    );
    let mut seen = Seen::default();
    let times = [999, 1_000, 1_499, 1_500, 3_000, 3_001];
    for (token, at_ms) in (1..).zip(times) {
        let wish = running.out.next_due_ns;
        assert!(wish == abi::NEVER || wish >= at_ms * MS || token == 1, "{wish}");
        offer(&mut running, at_ms * MS, &messages(token, 1), &mut seen);
    }
    let refused = [false, true, true, false, true, false];
    for (token, (at_ms, refused)) in (1..).zip(times.into_iter().zip(refused)) {
        let expected = match refused {
            true => (abi::REFUSED, "chaos_outage".to_owned(), at_ms * MS),
            false => (abi::DELIVERED, String::new(), (at_ms + 1) * MS),
        };
        assert_eq!(seen.outcomes[&token], expected, "offered at {at_ms} ms");
    }
    let told = events(&running);
    assert_eq!(told["outage"], (2, S, 3 * S));
    assert_eq!(told["outage_end"], (2, 1_500 * MS, 3_001 * MS));
}

#[test]
fn it_asks_to_be_called_when_an_outage_begins_and_ends() {
    let mut running = chaos(json!({ "outage": { "at": "1s", "lasts": "500ms" } }), run_config());
    let mut seen = Seen::default();
    offer(&mut running, 0, &messages(1, 1), &mut seen);
    assert_eq!(running.out.next_due_ns, S);
    for (now_ms, next_ns) in [(1_000, 1_500 * MS), (1_500, abi::NEVER)] {
        running.session.poll(now_ms * MS, &mut running.out).unwrap();
        assert_eq!(running.out.next_due_ns, next_ns);
    }
    let told = events(&running);
    assert_eq!((told["outage"], told["outage_end"]), ((1, S, S), (1, 1_500 * MS, 1_500 * MS)));
}

#[test]
fn an_outage_that_holds_lets_everything_through_when_it_ends() {
    let options = json!({ "outage": { "at": "10ms", "lasts": "20ms", "mode": "hold" } });
    let mut running = chaos(options, receiving());
    let mut seen = Seen::default();
    let times = [(5, 6), (9, 30), (10, 30), (28, 30), (29, 30), (30, 31)];
    for (token, (now_ms, _)) in (1..).zip(times) {
        offer(&mut running, now_ms * MS, &messages(token, 1), &mut seen);
    }
    for (token, (_, end_ms)) in (1..).zip(times) {
        assert_eq!(seen.outcomes[&token], (abi::DELIVERED, String::new(), end_ms * MS));
    }
    let copies: Vec<u64> = seen.copies.iter().map(|copy| copy.at_ns / MS).collect();
    assert_eq!(copies, times.map(|(_, end_ms)| end_ms));
}

#[test]
fn outages_at_random_take_their_share_of_time() {
    let every = json!({ "exponential": { "mean": "900ms" } });
    let lasts = json!({ "exponential": { "mean": "100ms" } });
    let options = json!({ "outage": { "every": every, "lasts": lasts } });
    let refused_of = |batch: u64| {
        let mut running = chaos(options.clone(), run_config());
        let mut seen = Seen::default();
        for token in (1..=40_000).step_by(batch as usize) {
            offer(&mut running, (token - 1) / 40 * 40 * 10 * MS, &messages(token, batch), &mut seen);
        }
        assert!(events(&running)["outage"].0 > 300);
        seen.of(abi::REFUSED)
    };
    let refused = refused_of(1);
    assert!((2_500..5_500).contains(&refused.len()), "{}", refused.len());
    assert!(refused == refused_of(40), "it depends on the batches");
}

#[test]
fn a_throttle_holds_back_or_refuses() {
    let mut holding = chaos(json!({ "throttle": { "rate": "1000/s", "bucket": 3 } }), run_config());
    let published = holding.session.publish(S, &messages(1, 10), &mut holding.out);
    assert_eq!((published.accepted, holding.out.next_due_ns), (3, S + MS));
    holding.out.clear();
    holding.session.poll(S + MS, &mut holding.out).unwrap();
    let published = holding.session.publish(S + MS, &messages(4, 7), &mut holding.out);
    assert_eq!((published.accepted, holding.out.next_due_ns), (1, S + 2 * MS));
    assert_eq!(only_event(&holding, "throttle"), 2);

    let mut refusing = chaos(json!({ "throttle": { "rate": "1000/s", "mode": "refuse" } }), run_config());
    let seen = play(&mut refusing, S, 10, 10);
    assert_eq!((seen.of(abi::DELIVERED), seen.of(abi::REFUSED)), (vec![1], (2..=10).collect()));
    assert_eq!(seen.outcomes[&2].1, "chaos_throttle");
    assert_eq!(only_event(&refusing, "throttle"), 9);
}

#[test]
fn bursts_refuse_in_bad_times_only() {
    let options = json!({ "burst": { "bad": 0.5, "to_bad": "900ms", "to_good": "100ms" } });
    let mut running = chaos(options, run_config());
    let mut seen = Seen::default();
    for token in 1..=40_000 {
        offer(&mut running, token * 10 * MS, &messages(token, 1), &mut seen);
    }
    let refused = seen.of(abi::REFUSED);
    assert!((1_400..2_600).contains(&refused.len()), "{}", refused.len());
    assert_eq!(only_event(&running, "burst"), refused.len() as u64);
    // One after another far more often than 5 % would have it.
    let pairs = refused.windows(2).filter(|pair| pair[0] + 1 == pair[1]).count();
    assert!(pairs * 3 > refused.len(), "{pairs} of {}", refused.len());
}
