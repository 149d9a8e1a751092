//! `faunalens model`: what a bundle says of itself, and whether it holds.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use faunalens::recognize::{Bundle, Recognizer};
use image::RgbImage;

use super::say;
use super::settings::{Settings, cores};

/// Look at a model bundle
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens model show
  faunalens model verify --model models/mine")]
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
}

impl Model {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let folder = settings.bundle_folder()?;
        match self.action {
            Action::Show { card } => {
                say(&show(&Bundle::load(&folder)?))?;
                if card {
                    let path = folder.join("CARD.md");
                    let text = std::fs::read_to_string(&path)
                        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
                    say(&format!("\n{}", text.trim_end()))?;
                }
            }
            Action::Verify => {
                let bundle = Bundle::load(&folder)?;
                let runtime = settings.runtime()?;
                let mut recognizer = Recognizer::new(&runtime, &bundle, cores())?;
                recognizer.recognize(&RgbImage::new(64, 48))?;
                say(&format!("{}: sound", folder.display()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(bundle: &Bundle) -> String {
    let described = &bundle.description;
    let input = &described.input;
    let mut lines = vec![
        format!("name         {} {}", described.name, described.version),
        format!("folder       {}", bundle.folder.display()),
        format!("licence      {}", described.license),
        format!("sha256       {}", described.model.sha256),
        format!("size         {:.1} MB", bundle.model.len() as f64 / 1e6),
        format!(
            "input        {} x {} {:?} {:?}, resize {:?} with {:?}",
            input.width, input.height, input.colour, input.layout, input.resize, input.filter
        ),
        format!("temperature  {}", described.output.temperature),
    ];
    if let Some(size) = described.output.descriptor_size {
        lines.push(format!("descriptor   {size} values"));
    }
    for label in &described.labels.names {
        let threshold = described.thresholds.get(label);
        let threshold = threshold.map_or("raises nothing".to_owned(), |threshold| {
            format!(
                "review from {:.2}, flag from {:.2}",
                threshold.review, threshold.flag
            )
        });
        lines.push(format!("label        {label}: {threshold}"));
    }
    lines.join("\n")
}
