//! Several alternatives side by side, from hand-made replications.

use super::document::Document;
use super::look::Look;
use super::style::Palette;
use super::tests::{golden, nine_agents, plain};
use super::{aggregate, markdown, of_comparison, text};
use crate::compare::{CONFIDENCE, Candidate, PRIMARY, Question, WITHIN_DEFAULT, compare, judge};
use crate::plan::{Figure, FigureNames, parse_figure};
use crate::results::comparisons::{Alternative, CoarseSeries, Comparison, Replication};
use crate::results::{Core, Run, Warning};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// What the figures are, and how they scatter, in the order of [`PRIMARY`].
const USUAL: [(f64, f64); 9] = [
    (180.0, 0.001),
    (0.9987, 0.0002),
    (7.6e6, 0.01),
    (6.21e6, 0.004),
    (38.2e6, 0.03),
    (38.9e6, 0.03),
    (5.5e6, 0.002),
    (9.9e6, 0.0),
    (1.7e6, 0.05),
];
const LUCK: [f64; 6] = [0.9, -1.1, 0.4, -0.6, 0.1, 0.3];

/// A minute in which times rise for a while, and nothing is delivered in its 20th second.
fn course(slower: f64) -> CoarseSeries {
    let rate = |second: u32| if second == 20 { 0.0 } else { 180.0 - f64::from(second % 7) };
    let tail = |second: u32| {
        let usual = 38.2e6 + f64::from(second % 5) * 1e6;
        (second != 20).then_some(slower * if (30..40).contains(&second) { 2.0 * usual } else { usual })
    };
    CoarseSeries {
        stretch_ns: 1_000_000_000,
        delivered_per_s: (0..60).map(rate).collect(),
        total_p99_ns: (0..60).map(tail).collect(),
    }
}

/// Alternatives of which each takes so many times as long as usual.
fn comparison(alternatives: &[(&str, f64)], replications: usize) -> Comparison {
    let values = |place: usize, slower: f64| {
        let value = |(figure, (name, (usual, scatter))): (usize, (&str, (f64, f64)))| {
            // Not all of the luck is common to all alternatives.
            let own = LUCK[(place * 2 + figure + name.len() + (slower * 10.0) as usize) % LUCK.len()];
            let factor = if figure < 2 { 1.0 } else { slower };
            (name.to_owned(), Some(usual * factor * (1.0 + scatter * (LUCK[place] + own / 4.0))))
        };
        PRIMARY.into_iter().zip(USUAL).enumerate().map(value).collect()
    };
    let alternative = |(name, slower): &(&str, f64)| Alternative {
        name: (*name).to_owned(),
        scenario: "nine agents".to_owned(),
        core: Core::default(),
        clock: "virtual".to_owned(),
        plan: Value::Null,
        replications: (0..replications)
            .map(|place| Replication {
                seed: 1 + place as u64,
                digest: format!("{name}{place}"),
                partial: None,
                valid: Some(true),
                failed_checks: Vec::new(),
                undecided_checks: Default::default(),
                warnings: Vec::new(),
                version: "1".to_owned(),
                host: "here".to_owned(),
                values: values(place, *slower),
                never: Vec::new(),
                without_lag: Default::default(),
            })
            .collect(),
        course: course(*slower),
    };
    let mut comparison = Comparison {
        confidence: CONFIDENCE,
        verdicts: 0,
        within: WITHIN_DEFAULT,
        figures: PRIMARY.map(str::to_owned).into(),
        alternatives: alternatives.iter().map(alternative).collect(),
        contenders: Vec::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
    };
    let figures = PRIMARY.map(|text| parse_figure(text, &FigureNames::default()).unwrap());
    judge(&mut comparison, &figures.iter().collect::<Vec<&Figure>>());
    comparison
}

fn comparison_text(comparison: &Comparison, look: &Look) -> String {
    text::write(&of_comparison(comparison), look)
}

fn comparison_markdown(comparison: &Comparison) -> String {
    markdown::write(&of_comparison(comparison))
}

const THREE: [(&str, f64); 3] = [("mock", 1.0), ("slower", 1.2), ("faster", 0.9)];

#[test]
fn three_stand_side_by_side() {
    let three = comparison(&THREE, 6);
    for width in [100, 80, 60, 50] {
        golden(&format!("side_by_side.{width}.txt"), &comparison_text(&three, &plain(width)));
    }
    golden("side_by_side.md", &comparison_markdown(&three));
}

#[test]
fn margins_go_before_the_table_does() {
    let three = comparison(&THREE, 6);
    let text = |width| comparison_text(&three, &plain(width));
    let heading = |text: &str| text.lines().find(|line| line.contains("figure")).unwrap().to_owned();
    assert!(text(100).contains('±') && heading(&text(100)).contains("faster"));
    assert!(!text(70).contains('±') && heading(&text(70)).contains("faster"));
    // Too narrow: as where there are two.
    assert!(!heading(&text(50)).contains("faster"), "{}", text(50));
    assert!(text(50).contains("verdict") && !text(50).contains("the best of its row"));
    let two = comparison_text(&comparison(&THREE[..2], 6), &plain(100));
    assert!(heading(&two).contains("change") && !two.contains("the best of its row"), "{two}");
}

#[test]
fn the_best_is_marked_and_nothing_where_all_are_equal() {
    let text = comparison_text(&comparison(&THREE, 6), &plain(80));
    let row =
        |figure: &str| text.lines().find(|line| line.trim_start().starts_with(figure)).unwrap().to_owned();
    let mean = row("total.mean");
    assert!(mean.ends_with("* ✓") && mean.matches('*').count() == 1 && mean.contains('✗'), "{mean}");
    let same = comparison(&[("a", 1.0), ("b", 1.0), ("c", 1.0)], 6);
    let same = comparison_text(&same, &plain(100));
    let delivery = same.lines().find(|line| line.contains("delivery.p99")).unwrap();
    assert!(!delivery.contains('*') && delivery.matches('=').count() == 2, "{delivery}");
}

#[test]
fn without_verdicts_there_are_neither_signs_nor_colours() {
    let few = comparison(&THREE, 3);
    let look = Look { palette: Palette::coloured(), ..plain(100) };
    let text = comparison_text(&few, &look);
    assert!(!text.contains('✗') && !text.contains('✓') && text.contains(" *"), "{text}");
    for colour in ["\x1b[31m", "\x1b[32m", "\x1b[1m\x1b[31m"] {
        assert!(!text.contains(colour), "{text}");
    }
}

/// A name can be anything. Columns end where their headings do, and colour changes nothing but colour.
#[test]
fn odd_names_stay_aligned() {
    let names = ["a|b \"quoted\"", "<b>☂ 漢字 👩‍👩‍👧</b>", "שלום עולם", "\u{202e}evil\n\x1b[31m"];
    for chosen in [&names[..3], &names[1..4]] {
        let alternatives: Vec<(&str, f64)> = chosen.iter().copied().zip([1.0, 1.3, 0.8]).collect();
        let three = comparison(&alternatives, 6);
        for width in [50, 64, 80, 100] {
            let text = comparison_text(&three, &plain(width));
            assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
            assert!(!text.contains('\x1b') && !text.contains('\u{202e}'));
            let coloured = comparison_text(&three, &Look { palette: Palette::coloured(), ..plain(width) });
            assert!(coloured.contains('\x1b'));
            assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text);
        }
        let text = comparison_text(&three, &plain(100));
        let rows: Vec<&str> = text.lines().skip_while(|line| !line.contains("figure")).take(9).collect();
        // The signs of the last column stand below each other, four columns after its heading's end.
        let ends: Vec<usize> = rows[1..].iter().map(|row| row.width()).collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "{text}");
        assert_eq!(rows[0].width() + 4, ends[0], "{text}");
        let markdown = comparison_markdown(&three);
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let table: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).take(10).collect();
        assert!(table.iter().all(|row| cells(row) == 5), "{markdown}");
        assert!(!markdown.contains("<b>") && !markdown.contains('\u{202e}') && !markdown.contains('\x1b'));
    }
}

/// Headings that do not tell the alternatives apart are worse than none.
#[test]
fn many_alternatives_and_names_alike_fall_back_to_pairs() {
    let alike = ["a very long name, one", "a very long name, two", "a very long name, three"];
    let alike: Vec<(&str, f64)> = alike.into_iter().zip([1.0, 1.1, 1.2]).collect();
    let text = comparison_text(&comparison(&alike, 6), &plain(100));
    assert!(!text.contains("the best of its row") && text.matches(" verdict").count() >= 2, "{text}");
    let names: Vec<String> = (0..40).map(|number| format!("n{number}")).collect();
    let many: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
    let text = comparison_text(&comparison(&many, 6), &plain(100));
    assert!(!text.contains("the best of its row"), "{text}");
    assert!(text.lines().all(|line| line.width() <= 100), "{text}");
}

/// A percentile is doubted for what it takes itself: 2,000 messages serve a p99, and no p99.9.
#[test]
fn a_compared_percentile_with_too_few_samples_is_told() {
    let runs: Vec<Run> = (1..=5)
        .map(|seed| {
            let mut run = nine_agents();
            (run.seed, run.figures.total.count) = (seed, 2_000);
            run
        })
        .collect();
    let candidates = ["a", "b"].map(|name| Candidate { name: name.to_owned(), runs: runs.iter().collect() });
    let warnings = |text: &str| {
        let figure = parse_figure(text, &FigureNames::default()).unwrap();
        let question =
            Question { figures: vec![(text.to_owned(), figure)], by_default: false, within: WITHIN_DEFAULT };
        compare(&candidates, &question).warnings
    };
    assert_eq!(warnings("total.p99"), []);
    assert_eq!(warnings("total.mean"), []);
    let told = warnings("total.p999");
    assert_eq!((told.len(), told[0].kind.as_str()), (1, "few_samples"));
    assert_eq!(told[0].seen, "in 5 of 5 of `a`, 5 of 5 of `b` replications: total.p999 of 2,000 messages");
    assert!(told[0].help.contains("total.p999 takes 10,000 messages"), "{}", told[0].help);
}

#[test]
fn replications_that_end_with_another_exit_code_are_noted() {
    let good = nine_agents();
    assert!(crate::compare::aggregate(&[&good, &good]).notes.is_empty());
    let mut bad = good.clone();
    bad.valid = None;
    bad.checks[0].holds = false;
    let text = |kind: &str| kind.to_owned();
    let limited = Warning { kind: text("generator_limited"), seen: text(""), why: text(""), help: text("") };
    bad.warnings.push(limited);
    let both = crate::compare::aggregate(&[&good, &bad]);
    let check =
        format!("`{}` does not hold in 1 of 2 replications: seed {}", bad.checks[0].expression, bad.seed);
    let expected =
        ["1 of 2 replications are not valid", check.as_str(), "the generator limits 1 of 2 replications"];
    assert_eq!(both.notes, expected);
    let shown = text::write(&Document { elements: aggregate::elements(&both, false) }, &plain(120));
    assert!(expected.iter().all(|note| shown.contains(&format!("  ! {note}\n"))), "{shown}");
}
