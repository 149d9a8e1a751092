//! `faunalens model`: what a bundle says of itself, and whether it holds.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Subcommand, ValueEnum};
use faunalens::evaluate::left_out::LeftOut;
use faunalens::learn::{
    BackgroundReport, CalibratedViews, HoldOut, LabelReport, LabelRole, LearnError, LearnOptions,
    ProductReport, TaughtBundle, ViewOptions, calibrate_views, learn,
};
use faunalens::progress::{Progress, Silent};
use faunalens::recognize::{Bundle, Reads, Recognizer, Threshold};
use image::RgbImage;

use super::console::{print_line, print_lines, tell};
use super::exit_code;
use super::progress::Bar;
use super::settings::{Settings, cores, prepare_process};
use faunalens::escape::name;

/// Look at a model bundle, or teach one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens model show
  faunalens model verify --model models/mine
  faunalens model learn --from pictures/ --into models/mine --product rhino_horn
  faunalens model views --from held_out.csv --model models/mine >> models/mine/bundle.toml")]
pub(super) struct Model {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print what the bundle says of itself
    Show {
        /// Print the card as well: data, accuracy, limits
        #[arg(long)]
        card: bool,
    },
    /// Check the hash, the shapes and the labels, and run the model once
    Verify,
    Learn(Learn),
    Views(Views),
}

/// Set from which scores of its parts a large photograph is raised
///
/// Looks at labelled pictures as a whole and, whatever their size, in five overlapping views, and
/// prints the table [views] for bundle.toml: by it check, scan and serve look more closely at large
/// photographs that are nearly raised. Take pictures that the bundle was not taught with, a
/// thousand or more of the kind that you scan: those without a product set its thresholds. A
/// bundle without that table looks at no views; one has to be taken out before another is put in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens model views --from held_out.csv --model models/mine >> models/mine/bundle.toml
  faunalens model views --from usual-traffic/ --looked-at 0.05 --false-review 0.002

Exit status:
  0  done
  1  done, but some pictures were left out
  2  wrong use or configuration, or no usable picture")]
struct Views {
    /// Pictures with their labels: a folder per label, or a manifest (.csv, .tsv, .jsonl)
    #[arg(long, value_name = "FOLDER_OR_MANIFEST")]
    from: PathBuf,

    /// Share of a photo's width and height that a view takes
    #[arg(long, value_name = "SHARE", default_value_t = 0.6, value_parser = view_share)]
    share: f32,

    /// Share of its points at edges from which a photo is busy: on plain ground the first look is
    /// enough
    #[arg(long, value_name = "SHARE", default_value_t = 0.4, value_parser = busy_share)]
    busy: f32,

    /// A label to look for; may be repeated [default: all that raise a decision]
    #[arg(long, value_name = "LABEL")]
    product: Vec<String>,

    /// The most of the pictures without a product that are looked at more closely for the sake of
    /// one: one more look each, and four where that one is in doubt
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    looked_at: f64,

    /// The most of the pictures without a product that its views alone send to review
    #[arg(long, value_name = "SHARE", default_value_t = 0.002, value_parser = share)]
    false_review: f64,

    /// The most of them that its views flag
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    false_flag: f64,

    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().map_err(|_| "not a number".to_owned())?;
    match (0.0..=1.0).contains(&share) {
        true => Ok(share),
        false => Err("a share lies in 0 to 1".into()),
    }
}

fn busy_share(text: &str) -> Result<f32, String> {
    share(text).map(|share| share as f32)
}

fn view_share(text: &str) -> Result<f32, String> {
    let share = text.parse().map_err(|_| "not a number".to_owned())?;
    match (0.2..=0.9).contains(&share) {
        true => Ok(share),
        false => Err("a view takes 0.2 to 0.9 of the sides".into()),
    }
}

/// Teach a model labels from your own pictures, in seconds to minutes
///
/// Reads a folder that holds a folder per label (pictures/rhino_horn/1.jpg), or a manifest with
/// the columns file and label and, as far as known, group, seller or source. Five to twenty
/// pictures of a label help; more help more. Each is shown in many looks: parts of it, turned, in
/// another light. What the base bundle (--model) knows of other labels stays; a label that it has
/// already is corrected. Prints how well held-out pictures are named, and writes a bundle that
/// every command takes by --model.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens model learn --from pictures/ --into models/mine --product rhino_horn --product tiger_bone
  faunalens model learn --from seizures.csv --into models/mine --product pangolin_scale \
    --background usual-traffic/
  faunalens check --model models/mine photo.jpg

Exit status:
  0  done
  1  done, but some pictures were left out
  2  wrong use or configuration, or too few pictures; nothing was written")]
struct Learn {
    /// Pictures with their labels: a folder per label, or a manifest (.csv, .tsv, .jsonl)
    #[arg(long, value_name = "FOLDER_OR_MANIFEST")]
    from: PathBuf,

    /// Folder of the new bundle; must not exist
    #[arg(long, value_name = "DIR")]
    into: PathBuf,

    /// A label that raises a decision; may be repeated. The base's own products keep their
    /// thresholds
    #[arg(long, value_name = "LABEL")]
    product: Vec<String>,

    /// Photographs of the kind that you scan, none of which shows a label taught but `other`: a
    /// folder, or a table with a file column. A thousand or more; from a hundred on, thresholds
    /// are set by them alone
    #[arg(long, value_name = "FOLDER_OR_MANIFEST")]
    background: Option<PathBuf>,

    /// What is held out together, to choose and to judge by: a manifest's group (else its seller,
    /// else near-duplicates), or its source, which tells what pictures from elsewhere would give
    #[arg(long, value_name = "COLUMN", value_enum, default_value_t = Together::Group)]
    hold_out: Together,

    /// Looks per picture beside the picture as it is [default: 3 to 30, the more the fewer
    /// pictures there are]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=200))]
    looks: Option<u16>,

    /// Forget what the base knows of this label: your pictures alone define it; may be repeated
    #[arg(long, value_name = "LABEL")]
    replace: Vec<String>,

    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

/// What is held out together.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Together {
    Group,
    Source,
}

impl Model {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let folder = settings.bundle_folder()?;
        match &self.action {
            Action::Learn(command) => return command.run(settings),
            Action::Views(command) => return command.run(settings),
            &Action::Show { card } => {
                print_lines(&describe_bundle(&Bundle::load(&folder)?))?;
                if card {
                    let path = folder.join("CARD.md");
                    let text = std::fs::read_to_string(&path)
                        .map_err(|error| anyhow::anyhow!("{}: {error}", name(path)))?;
                    print_lines(&format!("\n{}", text.trim_end()))?;
                }
            }
            Action::Verify => {
                let bundle = Bundle::load(&folder)?;
                let runtime = settings.runtime()?;
                let mut recognizer = Recognizer::new(&runtime, &bundle, cores())?;
                recognizer.recognize(&RgbImage::new(64, 48))?;
                print_line(&format!("{}: sound", name(folder)))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Learn {
    fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        // May start the program again, so it comes before anything is read.
        prepare_process();
        anyhow::ensure!(
            !self.into.exists(),
            "{}: is there already; remove it, or name another folder with --into",
            name(&self.into)
        );
        let mut options = LearnOptions::new(self.from.clone());
        options.products.clone_from(&self.product);
        options.replaced.clone_from(&self.replace);
        options.background.clone_from(&self.background);
        options.looks = self.looks.map(usize::from);
        options.hold_out = match self.hold_out {
            Together::Group => HoldOut::Group,
            Together::Source => HoldOut::Source,
        };
        options.workers = cores();
        options.limits = settings.limits();
        let start = Instant::now();
        let bar = Bar::new();
        let progress: &dyn Progress = if self.quiet { &Silent } else { &bar };
        let (base, runtime) = (settings.bundle()?, settings.runtime()?);
        let taught = learn(&options, base, &runtime, progress).map_err(name_option)?;
        taught.write(&self.into)?;
        print_lines(&describe_taught(&taught))?;
        warn_of_left_out(&taught.left_out);
        print_line(&format!(
            "{:.1} s -> {}; its card is {}",
            start.elapsed().as_secs_f64(),
            name(&self.into),
            name(self.into.join("CARD.md"))
        ))?;
        Ok(exit_code(!taught.left_out.is_empty()))
    }
}

impl Views {
    fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        prepare_process();
        let mut options = ViewOptions::new(self.from.clone());
        options.share = self.share;
        options.busy = self.busy;
        options.products.clone_from(&self.product);
        options.looked_at = self.looked_at;
        options.false_review = self.false_review;
        options.false_flag = self.false_flag;
        options.workers = cores();
        options.limits = settings.limits();
        let bar = Bar::new();
        let progress: &dyn Progress = if self.quiet { &Silent } else { &bar };
        let (bundle, runtime) = (settings.bundle()?, settings.runtime()?);
        let found = calibrate_views(&options, &bundle, &runtime, progress).map_err(name_option)?;
        print_lines(&describe_views(&found))?;
        warn_of_left_out(&found.left_out);
        if bundle.description.views.is_some() {
            tell(format!(
                "faunalens: {} has a table [views] already: this one takes its place",
                name(bundle.folder.join("bundle.toml"))
            ));
        }
        Ok(exit_code(!found.left_out.is_empty()))
    }
}

/// The table as it stands in `bundle.toml`.
fn describe_views(found: &CalibratedViews) -> String {
    let mut lines = vec![
        String::new(),
        format!(
            "# {} pictures without a product: {} looked at more closely, of which views alone send \
             {} to review or flag, and flag {}",
            found.others, found.looked_at, found.raised, found.flagged
        ),
        "[views]".into(),
        format!("share = {}", found.rule.share),
        format!("busy = {}", found.rule.busy),
    ];
    for (label, threshold) in &found.rule.thresholds {
        lines.extend([
            String::new(),
            format!("[views.thresholds.{}]", toml_key(label)),
            format!("plausible = {}", threshold.plausible),
            format!("review = {}", threshold.review),
            format!("flag = {}", threshold.flag),
        ]);
    }
    lines.join("\n")
}

/// A label as a key of TOML: quoted where it is more than letters, digits and dashes.
fn toml_key(label: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    match !label.is_empty() && label.chars().all(is_bare) {
        true => label.to_owned(),
        false => toml::Value::from(label).to_string(),
    }
}

/// Pictures that were left out, the first five by name.
fn warn_of_left_out(left_out: &[LeftOut]) {
    for row in left_out.iter().take(5) {
        tell(format!("faunalens: left out: {}: {}", row.file, row.why));
    }
    if left_out.len() > 5 {
        tell(format!("faunalens: left out: {} more", left_out.len() - 5));
    }
}

/// The error with the option that mends it.
fn name_option(error: LearnError) -> anyhow::Error {
    match error {
        LearnError::NoRest => anyhow::Error::new(error).context("--background"),
        LearnError::NothingToRead(_) => anyhow::anyhow!("{error}: name one with --model"),
        LearnError::NothingToReplace { ref label, .. } => {
            let option = format!("--replace {label}");
            anyhow::Error::new(error).context(option)
        }
        LearnError::RaisesNothing { ref label, .. } => {
            let option = format!("--product {label}");
            anyhow::Error::new(error).context(option)
        }
        LearnError::NotTaught {
            role, ref label, ..
        } => {
            let option = match role {
                LabelRole::Product => "--product",
                LabelRole::Replaced => "--replace",
            };
            let option = format!("{option} {label}");
            anyhow::Error::new(error).context(option)
        }
        error => error.into(),
    }
}

fn describe_taught(taught: &TaughtBundle) -> String {
    let mut lines = vec![format!(
        "{:<20} {:>8} {:>7}  {:<26} right where named",
        "label", "pictures", "groups", "found when held out"
    )];
    lines.extend(taught.taught.iter().map(describe_label));
    lines.extend(taught.products.iter().map(describe_product));
    lines.push(describe_background(&taught.background));
    lines.extend(taught.scanned.map(|scanned| {
        format!(
            "{} photographs of --background: {} named as a label taught, held out",
            scanned.pictures, scanned.named
        )
    }));
    if taught.reads == Reads::Descriptor {
        lines.push(
            "learnt from the copy descriptor: the base bundle has no features output, which would \
             serve better"
                .into(),
        );
    }
    if !taught.named_groups && taught.hold_out == HoldOut::Source {
        lines.push("not every row has a source: near-duplicates are one in its place".into());
    } else if !taught.named_groups {
        lines.push(
            "groups are clusters of near-duplicates; a manifest with a group or seller column makes \
             the figures more honest"
                .into(),
        );
    }
    lines.join("\n")
}

fn describe_label(label: &LabelReport) -> String {
    let percent = |[low, high]: [f64; 2]| format!("({:.0} to {:.0} %)", 100.0 * low, 100.0 * high);
    let found = format!(
        "{} of {} {}",
        label.found,
        label.pictures,
        percent(label.recall)
    );
    format!(
        "{:<20} {:>8} {:>7}  {found:<26} {} of {} {}",
        label.label,
        label.pictures,
        label.groups,
        label.right,
        label.named,
        percent(label.precision)
    )
}

fn describe_product(product: &ProductReport) -> String {
    let ([review, flag], [own_review, own_flag]) = (product.others_reached, product.own_reached);
    format!(
        "{}: review from {:.2} ({own_review} of {} of it, {review} of {} {}), flag from {:.2} \
         ({own_flag}, {flag})",
        product.label,
        product.threshold.review,
        product.own,
        product.others,
        if product.by_scanned {
            "of the background"
        } else {
            "others"
        },
        product.threshold.flag
    )
}

fn describe_background(background: &BackgroundReport) -> String {
    if background.pictures == 0 {
        return "the base bundle has no background pictures: what else there is in the world is \
                known from your pictures alone"
            .into();
    }
    format!(
        "{} background pictures of the base: {} named rightly before, {} now, held out",
        background.pictures, background.right_before, background.right_after
    )
}

fn describe_bundle(bundle: &Bundle) -> String {
    let described = &bundle.description;
    let input = &described.input;
    let mut lines = vec![
        format!("name         {} {}", described.name, described.version),
        format!("folder       {}", name(&bundle.folder)),
        format!("licence      {}", described.license),
        format!("sha256       {}", described.model.sha256),
        format!("size         {:.1} MB", bundle.model.len() as f64 / 1e6),
        format!(
            "input        {} x {} {:?} {:?} {:?}, resize {:?} with {:?}",
            input.width,
            input.height,
            input.dtype,
            input.colour,
            input.layout,
            input.resize,
            input.filter
        ),
        format!("temperature  {}", described.output.temperature),
    ];
    if let Some(size) = described.output.descriptor_size {
        lines.push(format!("descriptor   {size} values"));
    }
    if let Some(size) = described.output.features_size {
        lines.push(format!("features     {size} values"));
    }
    if let Some(head) = &described.head {
        lines.push(format!(
            "head         reads {}; the network's own labels: {}",
            head.reads.name(),
            head.network_labels.join(", ")
        ));
    }
    let labels = described.labels.names.iter();
    lines.extend(labels.map(|label| match described.thresholds.get(label) {
        Some(Threshold { review, flag }) => {
            format!("label        {label}: review from {review:.2}, flag from {flag:.2}")
        }
        None => format!("label        {label}: raises nothing"),
    }));
    if let Some(views) = &described.views {
        lines.push(format!(
            "views        {:.0} % of width and height, of photos with {:.0} % edges",
            100.0 * views.share,
            100.0 * views.busy
        ));
        lines.extend(views.thresholds.iter().map(|(label, threshold)| {
            format!(
                "view         {label}: looked for from {}, review from {}, flag from {}",
                threshold.plausible, threshold.review, threshold.flag
            )
        }));
    }
    lines.join("\n")
}
