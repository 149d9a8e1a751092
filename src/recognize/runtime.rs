//! Finding and loading ONNX Runtime, a library that is installed beside the program.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::escape::name;
use ort::environment::Environment;

/// The command that installs a fitting ONNX Runtime.
pub const INSTALL: &str = "scripts/onnxruntime";

/// The oldest ONNX Runtime that works: older ones crash at exit.
pub const OLDEST_MINOR: u32 = 23;

/// Recent builds of ONNX Runtime keep a database of usage events in the user's
/// cache folder and send it to their maker, unless this variable is set when the
/// library is loaded. faunalens works offline: the command sets it for itself;
/// programs that use the crate should be started with it set to 1.
pub const NO_TELEMETRY: &str = "ORT_DISABLE_TELEMETRY";

/// Names the library, or the folder that holds it, where no path is given.
pub const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Folder, in the repository or beside the binary, where [`INSTALL`] puts the library.
const FOLDER: &str = "runtime";

const LIBRARY: &str = if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else {
    "libonnxruntime.so"
};

/// How the library's name begins in its Python package: `libonnxruntime.so.1.31.1`. What else
/// lies there (`libonnxruntime_providers_shared.so`) begins otherwise.
const PACKAGED_LIBRARY: &str = if cfg!(target_os = "macos") {
    "libonnxruntime."
} else {
    LIBRARY
};

/// Why ONNX Runtime could not be used; every message ends with what mends it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The library that was named does not exist.
    #[error("{}: no ONNX Runtime library there; run {INSTALL} to install one", name(.0))]
    NoSuchFile(PathBuf),
    /// The library was found but is damaged, too old, or something else.
    #[error(
        "ONNX Runtime at {}: {reason}; run {INSTALL} to install a fitting one",
        name(path)
    )]
    Unusable {
        /// The library.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No library anywhere.
    #[error("ONNX Runtime is not installed; run {INSTALL} (looked at {}, and the system's libraries)", looked_at.join(", "))]
    NotFound {
        /// The files that were looked for.
        looked_at: Vec<String>,
    },
}

/// A loaded ONNX Runtime. Sessions must not outlive it; they hold it alive.
#[derive(Debug, Clone)]
pub struct Runtime {
    pub(super) environment: Environment,
    /// The library's file, or its bare name when the system's loader found it.
    pub path: PathBuf,
}

impl Runtime {
    /// Finds and loads the library: the explicit path, else what [`PATH_VARIABLE`] names, else
    /// the first of [`library_candidates`] that exists, else what the system's loader knows. The working
    /// directory is never searched: whoever fills it would choose the code that runs. See
    /// [`NO_TELEMETRY`].
    ///
    /// # Errors
    /// [`RuntimeError`]. Never hangs and never panics: the file is examined
    /// before the loader sees it.
    pub fn load(explicit: Option<&Path>) -> Result<Self, RuntimeError> {
        if let Some(path) = named(explicit) {
            return Self::load_file(&library_in(&path));
        }
        let candidates = library_candidates();
        if let Some(path) = candidates.iter().find(|path| path.is_file()) {
            return Self::load_file(path);
        }
        Self::load_library(Path::new(LIBRARY)).map_err(|_| RuntimeError::NotFound {
            looked_at: candidates.iter().map(name).collect(),
        })
    }

    fn load_file(path: &Path) -> Result<Self, RuntimeError> {
        if !path.is_file() {
            return Err(RuntimeError::NoSuchFile(path.to_owned()));
        }
        if let Some(reason) = damage(path) {
            return Err(RuntimeError::Unusable {
                path: path.to_owned(),
                reason,
            });
        }
        // A bare or relative name would be looked up beside the executable first.
        Self::load_library(&path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    }

    fn load_library(path: &Path) -> Result<Self, RuntimeError> {
        let unusable = |reason: String| RuntimeError::Unusable {
            path: path.to_owned(),
            reason,
        };
        let builder = ort::init_from(path).map_err(|error| unusable(error.to_string()))?;
        let environment = builder
            .with_name("faunalens")
            .with_telemetry(false)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        environment.set_log_level(ort::logging::LogLevel::Fatal);
        Ok(Self {
            environment,
            path: path.to_owned(),
        })
    }

    /// The version of the library that [`Runtime::load`] would load, without loading it; `None`
    /// where only the system's loader knows the file.
    #[must_use]
    pub fn version_found(explicit: Option<&Path>) -> Option<String> {
        let path = match named(explicit) {
            Some(path) => library_in(&path),
            None => library_candidates()
                .into_iter()
                .find(|path| path.is_file())?,
        };
        version_in(&FileHead::read(&path).ok()?.bytes)
    }

    /// The library's version, such as `1.31.1`, where its file tells it.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        version_in(&FileHead::read(&self.path).ok()?.bytes)
    }

    /// How the library was built, in its own words.
    #[must_use]
    pub fn build_info(&self) -> &'static str {
        ort::info()
    }
}

/// Accepts a folder that holds the library as well as the library itself.
fn library_in(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join(LIBRARY)
    } else {
        path.to_owned()
    }
}

/// The library as somebody named it: by a path, else by [`PATH_VARIABLE`].
fn named(explicit: Option<&Path>) -> Option<PathBuf> {
    let variable = || std::env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty());
    explicit
        .map(Path::to_owned)
        .or_else(|| variable().map(PathBuf::from))
}

/// Where the library is looked for when nobody names it, best first: beside the binary; in
/// `runtime/` beside it or in the repository that built it; in `lib/faunalens/` of the prefix
/// whose `bin/` holds it; in the `onnxruntime` package of that prefix's Python.
#[must_use]
pub fn library_candidates() -> Vec<PathBuf> {
    let Some(program) = program_folder() else {
        return Vec::new();
    };
    let mut found = vec![program.join(LIBRARY), program.join(FOLDER).join(LIBRARY)];
    found.extend(repository(&program).map(|project| project.join(FOLDER).join(LIBRARY)));
    if let Some(prefix) = prefix(&program) {
        found.push(prefix.join("lib/faunalens").join(LIBRARY));
        found.extend(python_libraries(prefix));
    }
    found
}

/// Where a folder of the project (`models`) may lie, best first: beside the binary, in the
/// repository that built it, or in `share/faunalens/` of the prefix whose `bin/` holds it.
#[must_use]
pub fn data_folders(name: &str) -> Vec<PathBuf> {
    let Some(program) = program_folder() else {
        return Vec::new();
    };
    let shared = prefix(&program).map(|prefix| prefix.join("share/faunalens"));
    [Some(program.clone()), repository(&program), shared]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name))
        .collect()
}

/// `/usr/local` of a binary in `/usr/local/bin`.
fn prefix(program: &Path) -> Option<&Path> {
    let is_bin = program.file_name().is_some_and(|name| name == "bin");
    if is_bin { program.parent() } else { None }
}

fn program_folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.canonicalize().ok()?.parent()?.to_owned())
}

/// The repository whose build put a program into this folder: it holds `target/`, and below
/// that a profile, for other platforms under their name, and for tests `deps/`.
fn repository(program: &Path) -> Option<PathBuf> {
    let target = program.ancestors().skip(1).take(3);
    let mut target =
        target.filter(|folder| folder.file_name().is_some_and(|name| name == "target"));
    Some(target.next()?.parent()?.to_owned())
}

/// The library inside the `onnxruntime` packages of a prefix's Pythons, where its name ends in
/// its version. The newest Python comes first.
fn python_libraries(prefix: &Path) -> Vec<PathBuf> {
    let mut pythons = entries(&prefix.join("lib"), "python3.");
    pythons.sort_by_key(|python| std::cmp::Reverse(minor_version(python)));
    let packages = pythons.iter().flat_map(|python| {
        ["site-packages", "dist-packages"].map(|packages| python.join(packages))
    });
    packages
        .flat_map(|packages| entries(&packages.join("onnxruntime/capi"), PACKAGED_LIBRARY))
        .collect()
}

/// The entries of a folder whose names begin so; none where it cannot be read.
fn entries(folder: &Path, beginning: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = listed.filter(|entry| entry.file_name().to_string_lossy().starts_with(beginning));
    let mut found: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// 12 of `python3.12`.
fn minor_version(python: &Path) -> Option<u32> {
    let name = python.file_name()?.to_str()?;
    name.rsplit('.').next()?.parse().ok()
}

/// The first bytes of a library, where its headers and the name of its version
/// lie; reading all of it would cost as much as loading it.
struct FileHead {
    bytes: Vec<u8>,
    length: u64,
}

impl FileHead {
    fn read(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.take(1 << 20).read_to_end(&mut bytes)?;
        Ok(Self { bytes, length })
    }
}

/// Looks for damage that the system's loader would answer with a crash: a
/// library shorter than its own tables say.
fn damage(path: &Path) -> Option<String> {
    let FileHead { bytes, length } = match FileHead::read(path) {
        Ok(beginning) => beginning,
        Err(error) => return Some(error.to_string()),
    };
    if length < 4096 {
        return Some("too short to be a library".into());
    }
    if cfg!(target_os = "linux") {
        if !bytes.starts_with(b"\x7fELF") {
            return Some("not a shared library (no ELF header)".into());
        }
        if elf_length(&bytes) > length {
            return Some("cut short".into());
        }
    }
    let version = version_in(&bytes)?;
    let minor: u32 = version.split('.').nth(1)?.parse().ok()?;
    (minor < OLDEST_MINOR)
        .then(|| format!("version {version} is too old, 1.{OLDEST_MINOR} or newer is needed"))
}

/// Bytes that an ELF-64 file has by its header: section table offset at 40, entry size at 58,
/// count at 60.
fn elf_length(bytes: &[u8]) -> u64 {
    let field = |offset: usize, size: usize| {
        let mut value = [0; 8];
        value[..size].copy_from_slice(&bytes[offset..offset + size]);
        u64::from_le_bytes(value)
    };
    field(40, 8).saturating_add(field(58, 2) * field(60, 2))
}

/// The version stands in the library as the name of its symbols' version.
fn version_in(bytes: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"VERS_1.";
    let start = memchr::memmem::find(bytes, MARK)? + MARK.len() - 2;
    let rest = &bytes[start..bytes.len().min(start + 24)];
    let end = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_symbol_version() {
        assert_eq!(
            version_in(b"..VERS_1.31.1\0OrtGetApiBase\0").as_deref(),
            Some("1.31.1")
        );
        assert_eq!(version_in(b"nothing"), None);
    }

    #[test]
    fn a_build_knows_its_repository_and_an_installed_program_has_none() {
        let of = |folder: &str| repository(Path::new(folder));
        let project = Some(PathBuf::from("/home/a/faunalens"));
        assert_eq!(of("/home/a/faunalens/target/release"), project);
        assert_eq!(of("/home/a/faunalens/target/debug/deps"), project);
        assert_eq!(
            of("/home/a/faunalens/target/aarch64-apple-darwin/release"),
            project
        );
        assert_eq!(of("/usr/local/bin"), None);
        assert_eq!(of("/tmp/unpacked"), None);
    }

    #[test]
    fn the_python_package_of_the_newest_python_comes_first() {
        let prefix = tempfile::tempdir().unwrap();
        let capi = |python: &str| {
            prefix
                .path()
                .join(format!("lib/{python}/site-packages/onnxruntime/capi"))
        };
        for python in ["python3.9", "python3.12"] {
            std::fs::create_dir_all(capi(python)).unwrap();
            let name = format!("{PACKAGED_LIBRARY}1.31.1");
            std::fs::write(capi(python).join(name), b"").unwrap();
            std::fs::write(capi(python).join("onnxruntime_pybind11_state.so"), b"").unwrap();
        }
        let found = python_libraries(prefix.path());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with(capi("python3.12")), "{found:?}");
    }
}
