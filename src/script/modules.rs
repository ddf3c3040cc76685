//! Imports, and all reading of files: confined to the script's folder.

use super::faults::throw;
use super::literals;
use super::source::without_interpreter;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::{self, Unreadable, in_words};
use crate::plan::SourceText;
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that a script may read, in bytes.
const FILE_MAX_BYTES: u64 = 16 << 20;

/// Every text that a position may refer to, by the name it is shown under.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Arc<Mutex<BTreeMap<String, Arc<SourceText>>>>);

impl Sources {
    pub fn add(&self, source: SourceText) -> Arc<SourceText> {
        let source = Arc::new(source);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(source.file.clone(), Arc::clone(&source));
        source
    }

    /// All modules, by their names.
    pub fn all(&self) -> Vec<Arc<SourceText>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub fn get(&self, file: &str) -> Option<Arc<SourceText>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(file).cloned()
    }
}

/// Reads a file of the script's folder; `what` says for what ("import", "load").
pub(super) fn read_inside(
    folder: Option<&Path>,
    name: &str,
    what: &str,
) -> Result<(PathBuf, String), Diagnostics> {
    let refuse = |title: String, help: &str| -> Diagnostics {
        Diagnostic::new(Exit::Thrown, title).found(format!("`{name}`")).help(help.to_owned()).into()
    };
    let inside = "a script reads only from its own folder and the folders in it";
    let Some(folder) = folder else {
        let help = "copy the script into a folder of your own";
        return Err(refuse(format!("a bundled script cannot {what} files"), help));
    };
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !plain {
        return Err(refuse(format!("cannot {what} from outside the script's folder"), inside));
    }
    let full = folder.join(path);
    let missing = |error: std::io::Error| -> Diagnostics {
        Diagnostic::new(Exit::Thrown, format!("cannot {what} `{name}`"))
            .found(in_words(&error))
            .expected("a file in the script's folder")
            .into()
    };
    let (real_folder, real) =
        (folder.canonicalize().map_err(missing)?, full.canonicalize().map_err(missing)?);
    if !real.starts_with(&real_folder) {
        let help = "it is a link that leads out of the folder";
        return Err(refuse(format!("cannot {what} from outside the script's folder"), inside)
            .into_iter()
            .map(|fault| fault.note(help))
            .collect());
    }
    let unfit = || refuse(format!("cannot {what} `{name}`"), "a plain file of at most 16 MiB");
    if !std::fs::metadata(&real).map_err(missing)?.is_file() {
        return Err(unfit());
    }
    match files::read_text(&real, FILE_MAX_BYTES) {
        Ok(text) => Ok((full, text)),
        Err(Unreadable::Refused(error)) => Err(missing(error)),
        Err(Unreadable::Folder | Unreadable::TooLarge(_)) => Err(unfit()),
        Err(wrong @ Unreadable::NoText(..)) => {
            Err(Diagnostic::new(Exit::Thrown, format!("`{name}` is not UTF-8"))
                .found(wrong.found())
                .help_if(wrong.help())
                .into())
        }
    }
}

/// The most imports inside each other.
const DEPTH_MAX: usize = 32;

/// Resolves `import "lib/common"` to `lib/common.rhai` in the script's folder, each file once.
pub(super) struct Resolver {
    folder: Option<PathBuf>,
    sources: Sources,
    loaded: Mutex<BTreeMap<PathBuf, Shared<Module>>>,
    /// The files that are being evaluated, the script first, each with the name it is told by.
    under_way: Mutex<Vec<(PathBuf, String)>>,
}

impl Resolver {
    /// For a script called `file` in `folder`.
    pub fn new(folder: Option<PathBuf>, file: &str, sources: &Sources) -> Resolver {
        let script = Path::new(file);
        let stem = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let real = script.canonicalize().unwrap_or_else(|_| script.to_owned());
        Resolver {
            folder,
            sources: sources.clone(),
            loaded: Mutex::default(),
            under_way: Mutex::new(vec![(real, stem)]),
        }
    }

    /// Notes that a file is being evaluated.
    fn enter(&self, real: &Path, name: &str) -> Result<(), Diagnostics> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = |from: usize| {
            let names = under_way[from..].iter().map(|(_, name)| name.as_str());
            names.chain([name]).collect::<Vec<_>>().join(" → ")
        };
        if let Some(first) = under_way.iter().position(|(known, _)| known == real) {
            return Err(Diagnostic::new(Exit::Thrown, format!("`{name}` imports itself"))
                .found(chain(first))
                .help("move what both need into a third file, and import that one in both")
                .into());
        }
        if under_way.len() > DEPTH_MAX {
            return Err(Diagnostic::new(Exit::Thrown, "imports go too deep")
                .found(format!("{DEPTH_MAX} imports inside each other, the last one of `{name}`"))
                .help("import the files side by side in the script")
                .into());
        }
        under_way.push((real.to_owned(), name.to_owned()));
        Ok(())
    }

    fn leave(&self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).pop();
    }

    fn evaluate(
        &self,
        engine: &Engine,
        shown: &str,
        text: String,
        position: Position,
    ) -> Result<Module, Box<EvalAltResult>> {
        let text = without_interpreter(text);
        let source = self.sources.add(SourceText { file: shown.to_owned(), text });
        let wrap = |error: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(shown.to_owned(), error, position))
        };
        if let Some(fault) = literals::too_large(&source) {
            return Err(throw(fault.into(), position));
        }
        let mut ast = engine
            .compile(&source.text)
            .map_err(|error| wrap(Box::new(EvalAltResult::ErrorParsing(*error.0, error.1))))?;
        ast.set_source(shown);
        let mut module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(wrap)?;
        module.set_id(shown.to_owned());
        Ok(module)
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let name = if path.ends_with(".rhai") { path.to_owned() } else { format!("{path}.rhai") };
        let (full, text) =
            read_inside(self.folder.as_deref(), &name, "import").map_err(|f| throw(f, position))?;
        let real = full.canonicalize().unwrap_or_else(|_| full.clone());
        if let Some(module) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&real) {
            return Ok(Shared::clone(module));
        }
        self.enter(&real, name.trim_end_matches(".rhai")).map_err(|faults| throw(faults, position))?;
        let module = self.evaluate(engine, &full.display().to_string(), text, position);
        self.leave();
        let module: Shared<Module> = module?.into();
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(real, Shared::clone(&module));
        Ok(module)
    }
}
