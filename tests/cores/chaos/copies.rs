//! What befalls copies on their way to the receivers.

use super::*;

#[test]
fn copies_come_as_late_as_their_outcome() {
    for (options, kind, share) in [
        (json!({ "spike": { "rate": 0.2, "by": "10ms..20ms" } }), "spike", 0.2),
        (json!({ "delay": "10ms..20ms" }), "delay", 1.0),
    ] {
        let mut running = chaos(options, receiving());
        let seen = play(&mut running, S, 5_000, 10);
        let mut times: Vec<u64> = seen.outcomes.values().map(|outcome| outcome.2).collect();
        let late = times.iter().filter(|at_ns| (S + 11 * MS..=S + 21 * MS).contains(at_ns)).count() as u64;
        assert_eq!(late + times.iter().filter(|at_ns| **at_ns == S + MS).count() as u64, 5_000);
        if share < 1.0 {
            near(late, 5_000.0 * share)
        } else {
            assert_eq!(late, 5_000)
        }
        let mut of_copies: Vec<u64> = seen.copies.iter().map(|copy| copy.at_ns).collect();
        times.sort_unstable();
        of_copies.sort_unstable();
        assert_eq!(times, of_copies);
        assert_eq!(only_event(&running, kind), late);
    }
}

#[test]
fn a_dropped_copy_is_delivered_to_nobody() {
    let mut running = chaos(json!({ "drop": "10%" }), receiving());
    let seen = play(&mut running, 0, 5_000, 10);
    assert_eq!(seen.of(abi::DELIVERED).len(), 5_000);
    let missing = 5_000 - seen.copies.len() as u64;
    near(missing, 500.0);
    assert_eq!(only_event(&running, "drop"), missing);
}

#[test]
fn a_duplicate_comes_twice_in_its_place() {
    let mut running = chaos(json!({ "duplicate": "10%" }), receiving());
    let seen = play(&mut running, 0, 5_000, 10);
    let plain = play(&mut chaos(json!({ "drop": 0 }), receiving()), 0, 5_000, 10);
    let more = seen.copies.len() as u64 - 5_000;
    near(more, 500.0);
    let mut once = seen.copies.clone();
    once.dedup();
    assert_eq!(once, plain.copies);
    assert_eq!(only_event(&running, "duplicate"), more);
}

#[test]
fn a_corrupt_copy_keeps_its_place_and_its_length() {
    let mut running = chaos(json!({ "corrupt": "10%" }), receiving());
    assert_ne!(running.chain.capabilities() & abi::READS_CONTENT, 0);
    let seen = play(&mut running, 0, 5_000, 10);
    let plain = play(&mut chaos(json!({ "drop": 0 }), receiving()), 0, 5_000, 10);
    assert_eq!(seen.copies.len(), 5_000);
    let mut changed = 0;
    for (found, sent) in seen.copies.iter().zip(&plain.copies) {
        assert_eq!((found.sender, found.sequence, found.at_ns), (sent.sender, sent.sequence, sent.at_ns));
        let bits: u32 = found.content.iter().zip(&sent.content).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert!(bits <= 1 && found.content.len() == sent.content.len());
        changed += u64::from(bits);
    }
    near(changed, 500.0);
    assert_eq!(only_event(&running, "corrupt"), changed);
}

#[test]
fn a_reordered_copy_follows_a_later_one_of_its_pair() {
    let mut running = chaos(json!({ "reorder": "10%" }), receiving());
    let seen = play(&mut running, 0, 5_000, 10);
    let plain = play(&mut chaos(json!({ "drop": 0 }), receiving()), 0, 5_000, 10);
    assert_eq!(out_of_order(&plain.copies), 0);
    assert_eq!(seen.sorted_copies(), plain.sorted_copies());
    let found = out_of_order(&seen.copies);
    near(found, 500.0);
    assert_eq!(only_event(&running, "reorder"), found);
}

#[test]
fn what_nothing_passes_is_released_by_the_flush_and_not_counted() {
    let mut running = chaos(json!({ "reorder": 1 }), receiving());
    let seen = play(&mut running, 5, 100, 10);
    assert_eq!((seen.copies.len(), out_of_order(&seen.copies)), (100, 0));
    assert!(events(&running).is_empty());
}

#[test]
fn at_most_one_fault_strikes_a_copy() {
    let all = json!({ "uncertain": 0.25, "drop": 0.25, "duplicate": 0.25, "corrupt": 0.25, "reorder": 0.25 });
    let mut running = chaos(all, receiving());
    let seen = play(&mut running, 0, 8_000, 10);
    let told = events(&running);
    let of = |kind: &str| told.get(kind).map_or(0, |event| event.0);
    for kind in ["drop", "duplicate", "corrupt"] {
        near(of(kind), 8_000.0 * 0.75 * 0.25);
    }
    assert_eq!(of("uncertain"), seen.of(abi::UNCERTAIN).len() as u64);
    assert_eq!(seen.copies.len() as u64, 8_000 - of("drop") + of("duplicate"));
    assert_eq!(out_of_order(&seen.copies), of("reorder"));
    let hidden = seen.of(abi::UNCERTAIN);
    let arrived = |token: u64| {
        let stamp = (((token - 1) % 9) as u32, token / 9 + 1);
        seen.copies
            .iter()
            .filter(|copy| copy.content == token.to_le_bytes() && (copy.sender, copy.sequence) == stamp)
            .count()
    };
    let spared = hidden.iter().filter(|token| arrived(**token) == 1).count();
    assert_eq!(spared, hidden.len());
}

#[test]
fn of_a_broadcast_single_copies_are_struck() {
    let mut batch = messages(1, 2_000);
    batch.iter_mut().for_each(|message| message.recipient_id = abi::ALL);
    for (fault, per_copy) in [("drop", -1i64), ("duplicate", 1), ("reorder", 0)] {
        let mut running = chaos(json!({ fault: "5%" }), receiving());
        let mut seen = Seen::default();
        for chunk in batch.chunks(10) {
            offer(&mut running, 0, chunk, &mut seen);
        }
        running.session.flush(0, &mut running.out).unwrap();
        seen.take(&mut running);
        drain(&mut running, 0, &mut seen);
        let copies: i64 = seen.copies.iter().map(|copy| if copy.recipient == abi::ALL { 8 } else { 1 }).sum();
        let struck = only_event(&running, fault);
        near(struck, 16_000.0 * 0.05);
        assert_eq!(copies - 16_000, per_copy * struck as i64, "{fault}");
        assert!(seen.copies.iter().all(|copy| copy.recipient != copy.sender));
        let split = seen.copies.iter().filter(|copy| copy.recipient != abi::ALL).count();
        assert!(split > 0, "{fault}");
    }
}
