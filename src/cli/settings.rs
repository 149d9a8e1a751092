//! Options that every command shares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use faunalens::escape;
use faunalens::photo::Limits;
use faunalens::pipeline::{Engine, LookInside, ReadLattice};
use faunalens::recognize::{Bundle, NO_TELEMETRY, Runtime, RuntimeError, data_folders};

/// The bundle that is used when none is named.
const DEFAULT_BUNDLE: &str = "faunalens-base";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// Model bundle: a folder with model.onnx and bundle.toml, or the name of one under models/
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "FAUNALENS_MODEL",
        hide_env_values = true
    )]
    model: Option<PathBuf>,

    /// The ONNX Runtime library, or the folder it lies in
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "ORT_DYLIB_PATH",
        hide_env_values = true
    )]
    onnxruntime: Option<PathBuf>,

    /// Largest file to read, in bytes
    #[arg(long, global = true, value_name = "N", default_value_t = Limits::default().max_bytes)]
    max_bytes: u64,

    /// Largest picture to decode, in pixels
    #[arg(long, global = true, value_name = "N", default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,
}

/// When to read the lattice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lattice {
    /// When the bundle's ivory score makes it worth while
    Auto,
    /// On every photo
    Always,
    /// Never
    Never,
}

/// When to examine the pictures on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Regions {
    /// Where it is sure that they are pictures on a page
    Auto,
    /// Never: a page is one picture
    Never,
    /// Every frame that is found, things in ordinary photographs among them
    Always,
}

impl From<Regions> for LookInside {
    fn from(regions: Regions) -> Self {
        match regions {
            Regions::Auto => Self::WhenSure,
            Regions::Never => Self::Never,
            Regions::Always => Self::Always,
        }
    }
}

impl From<Lattice> for ReadLattice {
    fn from(lattice: Lattice) -> Self {
        match lattice {
            Lattice::Auto => Self::WhenPlausible,
            Lattice::Always => Self::Always,
            Lattice::Never => Self::Never,
        }
    }
}

/// How photos are judged, for the commands that write records.
#[derive(Debug, Clone, Args)]
pub(super) struct Judging {
    /// When to read the Schreger lattice of ivory
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Lattice::Auto)]
    schreger: Lattice,

    /// When to examine the pictures on a page: a chat, a post of nine, a listing, a collage
    ///
    /// Each is examined as a photo is, at most twelve of a page; the page's decision is the worst of
    /// all. The scores of a page that is mostly layout count by themselves where they flag it.
    ///
    /// A large, busy photo without frames that is nearly raised is looked at more closely, in up to
    /// five overlapping views, where the bundle has thresholds for them; with always every large
    /// photo without frames that is not raised, with never none.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Regions::Auto)]
    regions: Regions,

    /// How common a label is where the photos come from, as ivory=0.001; may be repeated
    ///
    /// Scores are moved from the shares of the bundle's calibration photographs to this one; labels
    /// that are not named share the rest. Thresholds stay where they are, so fewer photos reach
    /// them where a label is rare, and the false-positive rates of the card no longer hold.
    #[arg(long, value_name = "LABEL=RATE", value_parser = rate)]
    prior: Vec<(String, f64)>,
}

impl Judging {
    /// By the model alone.
    pub(super) fn without_lattice() -> Self {
        Self {
            schreger: Lattice::Never,
            regions: Regions::Auto,
            prior: Vec::new(),
        }
    }

    /// Whether it differs from what is done without options.
    pub(super) fn is_changed(&self) -> bool {
        self.schreger != Lattice::Auto || self.regions != Regions::Auto || !self.prior.is_empty()
    }

    /// An engine that judges so.
    pub(super) fn engine(&self, settings: &Settings) -> anyhow::Result<Engine> {
        let rates: BTreeMap<String, f64> = self.prior.iter().cloned().collect();
        anyhow::ensure!(
            rates.len() == self.prior.len(),
            "--prior names a label twice"
        );
        let engine = settings
            .engine()?
            .with_lattice(self.schreger.into())
            .with_regions(self.regions.into());
        Ok(engine.with_prior(rates)?)
    }

    /// The same on a runtime that is loaded already, as a process may load it once only.
    #[cfg(all(unix, feature = "serve"))]
    pub(super) fn engine_on(
        &self,
        runtime: Runtime,
        settings: &Settings,
    ) -> anyhow::Result<Engine> {
        let rates: BTreeMap<String, f64> = self.prior.iter().cloned().collect();
        let engine = Engine::new(runtime, settings.bundle()?, settings.limits());
        let engine = engine.with_lattice(self.schreger.into());
        Ok(engine.with_prior(rates)?)
    }
}

fn rate(text: &str) -> Result<(String, f64), String> {
    let parsed = text.split_once('=').and_then(|(label, rate)| {
        let rate: f64 = rate.trim().parse().ok()?;
        (rate > 0.0 && rate < 1.0 && !label.is_empty()).then(|| (label.trim().to_owned(), rate))
    });
    parsed.ok_or_else(|| "a label and a rate between 0 and 1, such as ivory=0.001".to_owned())
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits::default()
            .with_max_bytes(self.max_bytes)
            .with_max_pixels(self.max_pixels)
    }

    /// Where the bundle lies.
    pub(super) fn bundle_folder(&self) -> anyhow::Result<PathBuf> {
        let name = match &self.model {
            Some(folder) if folder.join("bundle.toml").is_file() => return Ok(folder.clone()),
            Some(name) => name.clone(),
            None => DEFAULT_BUNDLE.into(),
        };
        // The working directory comes last, and for bundles only: they are data, and the record
        // names the one that was used by its checksum.
        let found = data_folders("models")
            .into_iter()
            .chain([PathBuf::from("models")])
            .map(|models| models.join(&name))
            .find(|folder| folder.join("bundle.toml").is_file());
        found.with_context(|| {
            format!(
                "no model bundle {} (a folder with bundle.toml): name one with --model, or run \
                 from the project's folder",
                escape::name(&name)
            )
        })
    }

    pub(super) fn bundle(&self) -> anyhow::Result<Bundle> {
        Ok(Bundle::load(&self.bundle_folder()?)?)
    }

    pub(super) fn runtime(&self) -> anyhow::Result<Runtime> {
        prepare_process();
        Runtime::load(self.explicit_runtime()).map_err(|error| match error {
            RuntimeError::NotFound { .. } => anyhow::anyhow!(
                "{error}; one that lies elsewhere is named with --onnxruntime or ORT_DYLIB_PATH"
            ),
            error => error.into(),
        })
    }

    /// The version of what [`Settings::runtime`] loads; a process may load it once only.
    pub(super) fn runtime_version(&self) -> Option<String> {
        Runtime::version_found(self.explicit_runtime())
    }

    /// The library or its folder, where the reader named it.
    pub(super) fn explicit_runtime(&self) -> Option<&Path> {
        let explicit = self.onnxruntime.as_deref();
        explicit.filter(|path| !path.as_os_str().is_empty())
    }

    /// Runtime and bundle, loaded side by side: both mostly wait for the disk.
    pub(super) fn engine(&self) -> anyhow::Result<Engine> {
        prepare_process();
        std::thread::scope(|scope| {
            let bundle = scope.spawn(|| self.bundle());
            let runtime = self.runtime();
            let bundle = bundle
                .join()
                .map_err(|_| anyhow::anyhow!("loading the model bundle failed"))?;
            Ok(Engine::new(runtime?, bundle?, self.limits()))
        })
    }

    pub(super) fn version(&self) -> String {
        let model = match self
            .bundle_folder()
            .and_then(|folder| Ok(Bundle::read_description(&folder)?))
        {
            Ok(bundle) => format!("model {} {}", bundle.name, bundle.version),
            Err(_) => "no model found".into(),
        };
        format!("faunalens {} ({model})", env!("CARGO_PKG_VERSION"))
    }
}

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Gives the process the environment it needs; call it before anything is read.
///
/// ONNX Runtime reads [`NO_TELEMETRY`] from the environment that a program starts with: so
/// the program starts itself again, once. Costs about two milliseconds. What the user set
/// stays.
pub(super) fn prepare_process() {
    #[cfg(unix)]
    if std::env::var_os(NO_TELEMETRY).is_none()
        && let Ok(program) = std::env::current_exe()
    {
        use std::os::unix::process::CommandExt;
        let mut arguments = std::env::args_os();
        let mut again = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        // Comes back only if it fails; then we go on as we are.
        let _ = again.args(arguments).env(NO_TELEMETRY, "1").exec();
    }
}
