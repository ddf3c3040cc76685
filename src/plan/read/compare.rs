//! What a script asks of `compare`.

use super::reader::Reader;
use super::tree::{TreeNode, Written};
use crate::diagnostics::{Diagnostics, SourcePlace};
use crate::plan::SourceText;

/// The argument of `compare`, read as far as no scenario is needed for it.
#[derive(Debug, Clone, Default)]
pub struct ComparisonSpec {
    /// The scenario, unless results are compared.
    pub scenario: Option<TreeNode>,
    /// The alternatives that are compared.
    pub between: Between,
    /// The number of replications of each alternative.
    pub repeats: Option<u64>,
    /// The difference that is too small to matter, as it was written.
    pub within: Option<String>,
    /// Where `within` stands in the script.
    pub within_at: Option<SourcePlace>,
    /// The figures that get a verdict.
    pub figures: Option<Vec<String>>,
    /// The place of each figure in the script.
    pub figures_at: Vec<Option<SourcePlace>>,
}

/// The alternatives, of which the first is the baseline.
#[derive(Debug, Clone, Default)]
pub enum Between {
    /// Nothing: a fault was told.
    #[default]
    Nothing,
    /// The same scenario on several cores.
    Cores(Vec<TreeNode>),
    /// Maps laid over one scenario, each with its name.
    Variants(Vec<(Option<String>, TreeNode)>),
    /// Results that the script holds: so many of them.
    Results(usize),
}

/// The largest number of replications.
pub const REPEATS_MAX: u64 = 10_000;

/// Reads the argument of `compare`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_comparison(node: &TreeNode, source: &SourceText) -> Result<ComparisonSpec, Diagnostics> {
    let mut reader = Reader::new(source);
    let mut spec = ComparisonSpec::default();
    if let Some(mut f) = reader.fields("compare", node) {
        spec.scenario = f.take("scenario").cloned();
        let lists = ["cores", "variants", "results"].map(|key| (key, f.take(key)));
        spec.repeats = f.read(
            &mut reader,
            "repeats",
            |reader, path, node| reader.whole(path, node, 1, REPEATS_MAX),
            |n| (*n).into(),
        );
        spec.within = f.read(&mut reader, "within", read_within, |text| text.clone().into());
        let texts = |reader: &mut Reader<'_>, path: &str, node: &TreeNode| {
            reader.texts(path, node, "a list of figures such as \"total.p99\"")
        };
        spec.figures = f.read(&mut reader, "figures", texts, |texts| texts.clone().into());
        spec.within_at = node.get("within").and_then(|within| reader.place(within.at));
        if let Some(Written::List(figures)) = node.get("figures").map(|figures| &figures.value) {
            spec.figures_at = figures.iter().map(|figure| reader.place(figure.at)).collect();
        }
        spec.between = between(&mut reader, node, &lists);
        let needs_scenario = matches!(spec.between, Between::Cores(_) | Between::Variants(_));
        if needs_scenario && spec.scenario.is_none() {
            reader.missing("compare", node, "scenario", "a scenario");
        }
        if let (Between::Results(_), Some(scenario)) = (&spec.between, &spec.scenario) {
            let fault =
                reader.fault("compare.scenario", scenario, "`scenario` has no meaning beside `results`");
            reader.push(fault.expected("results alone: they have been played"));
        }
        f.finish(&mut reader);
    }
    if reader.faults.is_empty() { Ok(spec) } else { Err(reader.faults) }
}

/// A bare number is a share, as everywhere.
fn read_within(reader: &mut Reader<'_>, path: &str, node: &TreeNode) -> Option<String> {
    match &node.value {
        Written::Float(number) => Some(number.to_string()),
        Written::Integer(number) => Some(number.to_string()),
        _ => reader.text(path, node, "a share such as \"2%\", or a time such as \"0.1ms\""),
    }
}

fn between(
    reader: &mut Reader<'_>,
    whole: &TreeNode,
    lists: &[(&'static str, Option<&TreeNode>); 3],
) -> Between {
    const EXPECTED: &str = "one of `cores`, `variants`, `results`: a list of two or more";
    let said: Vec<_> = lists.iter().filter_map(|(key, node)| Some((*key, (*node)?))).collect();
    let [(key, node)] = said[..] else {
        let fault = match said.get(1) {
            Some((key, node)) => reader.fault(
                &format!("compare.{key}"),
                node,
                format!("`{key}` stands beside `{}`: only one of them can be compared", said[0].0),
            ),
            None => reader.fault("compare", whole, "nothing is compared"),
        };
        reader.push(fault.expected(EXPECTED));
        return Between::Nothing;
    };
    let path = format!("compare.{key}");
    let items = match &node.value {
        Written::List(items) if items.len() >= 2 => items.clone(),
        _ => {
            reader.wrong(&path, node, "a list of two or more; the first is the baseline");
            return Between::Nothing;
        }
    };
    match key {
        "cores" => Between::Cores(items),
        "results" => Between::Results(items.len()),
        _ => {
            let read = |(index, mut item): (usize, TreeNode)| {
                let path = format!("{path}[{index}]");
                if item.entries().is_none() {
                    reader.wrong(&path, &item, "a map of what is different, with a `name`");
                    return None;
                }
                let name = item.remove("name").filter(|name| name.value != Written::Null);
                let name = name.map(|name| reader.text(&format!("{path}.name"), &name, "a name"));
                Some((name.flatten(), item))
            };
            Between::Variants(items.into_iter().enumerate().filter_map(read).collect())
        }
    }
}
