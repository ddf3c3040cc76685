//! Imports, and all reading of files: confined to the script's folder.

use super::faults::throw;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
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

    /// All of them, by name.
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
            .found(error.to_string())
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
    let metadata = std::fs::metadata(&real).map_err(missing)?;
    if !metadata.is_file() || metadata.len() > FILE_MAX_BYTES {
        return Err(refuse(format!("cannot {what} `{name}`"), "a plain file of at most 16 MiB"));
    }
    let text = std::fs::read_to_string(&real).map_err(missing)?;
    Ok((full, text))
}

/// Resolves `import "lib/common"` to `lib/common.rhai` in the script's folder, each file once.
pub(super) struct Resolver {
    pub folder: Option<PathBuf>,
    pub sources: Sources,
    pub loaded: Mutex<BTreeMap<PathBuf, Shared<Module>>>,
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
        if let Some(module) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&full) {
            return Ok(Shared::clone(module));
        }
        let shown = full.display().to_string();
        let source = self.sources.add(SourceText { file: shown.clone(), text });
        let wrap = |error: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(shown.clone(), error, position))
        };
        let mut ast = engine
            .compile(&source.text)
            .map_err(|error| wrap(Box::new(EvalAltResult::ErrorParsing(*error.0, error.1))))?;
        ast.set_source(&shown);
        let mut module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(wrap)?;
        module.set_id(shown.clone());
        let module: Shared<Module> = module.into();
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(full, Shared::clone(&module));
        Ok(module)
    }
}
