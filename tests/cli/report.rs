//! Pages and exports on the command line: where they go, and every reason for which they do not.

use std::fs;
use std::path::Path;
use support::program::{Ended, folder, mqscript};

/// Plays a short run in this folder, with these flags.
fn run(flags: &[&str]) -> Ended {
    mqscript(&[&["run", "nine_agents", "-q", "--duration", "6"], flags].concat())
}

fn at(place: &Path, name: &str) -> String {
    place.join(name).to_str().unwrap().to_owned()
}

fn names(place: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_page_is_made_by_run_by_compare_and_of_saved_results() {
    let folder = folder();
    let place = folder.path();
    let [page, a, b] = ["page.html", "a.json", "b.json"].map(|name| at(place, name));
    let ended = run(&["--report", &page, "--output", &a]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>\n"));
    for part in
        ["Messages by their end", "Percentiles of times", "The course of the run", "scripts/nine_agents.rhai"]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(
        !ended.stdout.contains("--report"),
        "the command that repeats it makes no page: {}",
        ended.stdout
    );
    assert_eq!(run(&["--output", &b, "--set", "processor.workers=8"]).code, 0);

    let compared = at(place, "compared.html");
    assert_eq!(mqscript(&["compare", &a, &b, "--report", &compared]).code, 0);
    let both = at(place, "both.html");
    let ended = mqscript(&["report", &a, &b, "-o", &both]);
    assert_eq!((ended.code, ended.stderr), (0, format!("saved {both}\n")));
    for page in [compared, both] {
        let text = fs::read_to_string(page).unwrap();
        assert!(text.contains("Changes of b against a") && text.contains("Percentiles of times"));
    }
    let pages = at(place, "pages/");
    let ended = mqscript(&["report", &a, &b, "-o", &pages]);
    assert_eq!((ended.code, ended.stderr), (0, format!("saved 2 pages and an index in {pages}\n")));
    assert_eq!(names(Path::new(&pages)), ["a.html", "b.html", "index.html"]);
    let index = fs::read_to_string(Path::new(&pages).join("index.html")).unwrap();
    assert!(index.contains("<a href=\"a.html\">") && index.contains("data-outcome=\"good\""));

    let svg = at(place, "course.svg");
    assert_eq!(mqscript(&["report", &a, "--svg", &svg]).code, 0);
    let drawn = fs::read_to_string(svg).unwrap();
    assert!(
        drawn.starts_with("<svg ") && drawn.contains("xmlns=\"http://www.w3.org/2000/svg\""),
        "{}",
        &drawn[..200]
    );
    assert!(drawn.contains("<title>The course of the run</title>"));
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_played() {
    let folder = folder();
    let place = folder.path();
    let there = at(place, "there.html");
    fs::write(&there, "mine").unwrap();
    let missing = at(place, "missing/page.html");
    let file = at(place, "there.html/csv");
    for (flags, told) in [
        (vec!["--report", &there], "is already there"),
        (vec!["--report", &missing], "there is no folder"),
        (vec!["--hdr", &there], "is already there"),
        (vec!["--metrics", &missing], "there is no folder"),
        (vec!["--csv", &file], "the folder cannot be made"),
        (vec!["--report", "-", "--output", "-"], "both go to standard output"),
        (vec!["--report", "-", "--format", "json"], "both go to standard output"),
        (vec!["--report", "same", "--output", "same"], "name the same file"),
    ] {
        let ended = run(&flags);
        assert_eq!(ended.code, 2, "{flags:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(told) && ended.stdout.is_empty(), "{flags:?}: {}", ended.stderr);
    }
    assert_eq!((names(place), fs::read(&there).unwrap()), (vec!["there.html".to_owned()], b"mine".to_vec()));
    assert_eq!(run(&["--report", &there, "--force"]).code, 0);
    assert!(fs::read_to_string(&there).unwrap().starts_with("<!DOCTYPE html>"));
    let to_stdout = run(&["--report", "-"]);
    assert!(to_stdout.code == 0 && to_stdout.stdout.starts_with("<!DOCTYPE html>"), "{}", to_stdout.stderr);
}

#[test]
fn results_that_cannot_be_read_make_no_page() {
    let folder = folder();
    let place = folder.path();
    let [good, page] = ["good.json", "page.html"].map(|name| at(place, name));
    assert_eq!(run(&["--output", &good]).code, 0);
    let whole = fs::read_to_string(&good).unwrap();
    for (name, text, code, told) in [
        (
            "cut.json",
            whole[..whole.len() / 2].to_owned(),
            3,
            "results as `mqscript run --output FILE` saves them",
        ),
        (
            "newer.json",
            whole.replace("mqscript.report/1", "mqscript.report/9"),
            3,
            "another version of the format",
        ),
        (
            "empty.json",
            "{\"format\":\"mqscript.report/1\",\"runs\":[],\"comparisons\":[],\"aggregates\":[]}".into(),
            3,
            "hold no run",
        ),
        ("other.json", "{}".to_owned(), 3, "holds no results"),
    ] {
        let file = at(place, name);
        fs::write(&file, text).unwrap();
        let ended = mqscript(&["report", &file, "-o", &page]);
        assert!(ended.code == code && ended.stderr.contains(told), "{name}: {} {}", ended.code, ended.stderr);
        assert!(!Path::new(&page).exists(), "{name}");
    }
    let ended = mqscript(&["report", &at(place, "none.json"), "-o", &page]);
    assert!(ended.code == 2 && ended.stderr.contains("cannot be read"), "{}", ended.stderr);
    let many: Vec<&str> = std::iter::repeat_n(good.as_str(), 21).collect();
    let ended = mqscript(&[&["report", "-o", &page], &many[..]].concat());
    assert!(ended.code == 2 && ended.stderr.contains("one page cannot tell of 21 files"), "{}", ended.stderr);
    let ended = mqscript(&["report", &good]);
    assert!(ended.code == 2 && ended.stderr.contains("--output"), "{}", ended.stderr);
    let short = mqscript(&["report", &good, "--svg", &at(place, "x.svg"), "--chart", "ledger"]);
    assert_eq!(short.code, 0, "{}", short.stderr);
}
