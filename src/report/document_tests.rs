//! Every element of a document, in every format.

use super::document::*;
use super::table::{Cell, Column, Table};
use super::{Look, Palette, markdown, text};
use crate::results::Warning;
use crate::results::comparisons::CoarseSeries;

fn table() -> Table {
    let mut table =
        Table::new(1, vec![Column::texts("name", 0), Column::judged("this"), Column::judged("that")]);
    let cell = |text: &str, best, sign| Cell { best: Some(best), sign, ..Cell::from(text) };
    let margin = Some("1.0 %".to_owned());
    table.toned_row(Tone::Good, ["fine".into(), cell("1 ms", false, ""), cell("2 ms", true, "✓")]);
    table.row(["odd|*x*".into(), Cell { margin, ..Cell::from("30 ms") }, Cell::missing("not played")]);
    table.worst_first = true;
    table.more = 3;
    table
}

fn course() -> CoarseSeries {
    CoarseSeries {
        stretch_ns: 1_000_000_000,
        delivered_per_s: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        total_p99_ns: (1..=8).map(|ms| Some(f64::from(ms) * 1e6)).collect(),
    }
}

fn all() -> Document {
    let aside = " · aside".to_owned();
    let backlog = Some(Backlog { most: vec![1, 2, 3, 4, 5, 6, 7, 8], intervals: 1 });
    let check = |tone, stands_out| CheckLine {
        expression: "p99 < 1s".to_owned(),
        seen: "2 s".to_owned(),
        note: Some("noted".to_owned()),
        tone,
        stands_out,
    };
    let warning = Warning { kind: "kind".into(), seen: "seen".into(), why: "why".into(), help: "do".into() };
    let lead = Line { lead: "a_b".into(), mark: Some("✓"), ..Line::whole(0, "a line") };
    let excerpt = Labelled { excerpt: "more".into(), ..Labelled::new("label", "a\u{a0}text") };
    Document {
        elements: vec![
            Element::Heading(Heading { level: 1, text: "A <title>".into(), aside, ..Heading::default() }),
            Element::Facts(vec!["one".into(), "two".into()]),
            Section::of(vec![Element::Line(lead), Element::Labelled(excerpt)]),
            Section::of(vec![Element::Notes(Vec::new())]),
            Section::of(vec![Element::Checks(vec![check(Tone::Bad, true), check(Tone::Doubtful, false)])]),
            Section::of(vec![Element::Table(table())]),
            Element::Course(RunCourse { course: course(), done: "delivered", backlog }),
            Section::of(vec![Element::Courses(vec![("a|b".into(), course())])]),
            Section::of(vec![Element::Notes(vec!["a note".into(), "another".into()])]),
            Element::Warnings(vec![warning]),
            Element::Commands(Commands { label: "next", commands: vec![("--flag".into(), "why".into())] }),
            Element::Aligned(Document { elements: vec![Element::Line(Line::broken(1, "aligned"))] }),
            Element::OnScreen(vec![Element::Line(Line::whole(0, "on screen"))]),
            Element::InFile(vec![Element::Line(Line::whole(0, "in a file"))]),
        ],
    }
}

#[test]
fn a_text_says_it_all() {
    let text = text::write(&all(), &Look::new(None, Palette::plain()));
    let expected = "\
A <title> · aside
  one
  two

a_b: ✓ a line
  label      a text: more

  ✗ p99 < 1s   2 s
      noted
  ? p99 < 1s   2 s
      noted

  name             this      that
  odd|*x*  30 ms ±1.0 %             ·
  fine             1 ms      2 ms * ✓
  … and 3 more
  course     ▁▂▃▄▅▆▇█  1 … 8/s delivered
             ▁▂▃▄▅▆▇█  p99 1.00 ms … 8.00 ms
             ▁▂▃▄▅▆▇█  backlog up to 8

  course             on one scale  least … most
  a|b     delivered  ▁▂▃▄▅▆▇█      1 … 8/s
          total.p99  ▁▂▃▄▅▆▇█      1.00 ms … 8.00 ms

  ! a note
  ! another
! seen
    why
    help: do
  next       --flag   why
  aligned
on screen
";
    assert_eq!(text, expected);
}

#[test]
fn markdown_says_it_all() {
    let expected = "\
# A &lt;title&gt; · aside

- one
- two

**a\\_b**: ✓ a line

- label: a text: more

- ✗ p99 &lt; 1s: 2 s (noted)
- ? p99 &lt; 1s: 2 s (noted)

| name | this | that |
|---|--:|--:|
| fine | 1 ms | 2 ms \\* ✓ |
| odd\\|\\*x\\* | 30 ms ±1.0 % | not played |

… and 3 more

- ▁▂▃▄▅▆▇█ 1 … 8/s delivered
- ▁▂▃▄▅▆▇█ p99 1.00 ms … 8.00 ms
- ▁▂▃▄▅▆▇█ backlog up to 8

| course | | on one scale | least … most |
|---|---|---|---|
| a\\|b | delivered | ▁▂▃▄▅▆▇█ | 1 … 8/s |
|  | total.p99 | ▁▂▃▄▅▆▇█ | 1.00 ms … 8.00 ms |

> a note
>
> another

> **seen**: why. Help: do.

- next: --flag (why)

```text
  aligned
```

in a file
";
    assert_eq!(markdown::write(&all()), expected);
}

/// A table that is worth nothing in part is left out together with what belongs to it.
#[test]
fn what_does_not_fit_is_told_in_another_way() {
    let table = || Table { is_whole: true, ..table() };
    let wide = vec![Section::of(vec![Element::Table(table())])];
    let narrow = vec![Element::Line(Line::whole(0, "narrow"))];
    let document = Document { elements: vec![Element::IfItFits { wide, narrow }] };
    let at = |width| text::write(&document, &Look { width, palette: Palette::plain() });
    assert!(at(60).contains('±') && at(60).contains("this"), "{}", at(60));
    assert!(!at(34).contains('±') && at(34).contains("this"), "{}", at(34));
    assert_eq!(at(20), "narrow\n");
    assert!(markdown::write(&document).contains("| this | that |"));
}
