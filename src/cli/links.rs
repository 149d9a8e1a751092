//! `faunalens links`: who shows the same pictures.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::fingerprint::MATCH_DISTANCE;
use faunalens::index::Index;
use faunalens::links::{self, Options};

use super::console::print_line;
use super::memory::warn;
use super::progress::bar;
use faunalens::escape::name;

/// Find clusters of one picture and the graph of sellers who share pictures
///
/// Writes clusters.csv, objects.csv, pairs.csv, edges.csv and sellers.graphml, which opens in
/// Gephi. A link is a lead, not proof: sellers copy pictures from each other, and from the maker.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens links seen/ --out links/
  faunalens links seen/ --out links/ --candidates 0     by hashes alone")]
pub(super) struct LinksCommand {
    /// The index
    index: PathBuf,

    /// Folder to write, made when it is not there
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Differing bits up to which PDQ hashes are one picture, of 256
    #[arg(long, value_name = "BITS", default_value_t = MATCH_DISTANCE, value_parser = clap::value_parser!(u32).range(0..=256))]
    max_distance: u32,

    /// Candidates by descriptor verified per picture; 0 goes by hashes alone
    #[arg(long, value_name = "N", default_value_t = Options::default().candidates)]
    candidates: usize,
}

impl LinksCommand {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let index = Index::open(&self.index)?;
        let options = Options::default()
            .max_distance(self.max_distance)
            .candidates(self.candidates);
        let progress = bar("comparing pictures", 1000);
        let found = links::find(&index, &options, &mut |share| {
            progress.set_position((share * 1000.0) as u64)
        })?;
        progress.finish_and_clear();
        found.write(&self.out)?;
        warn(&index);
        let groups = found.shops.iter().map(|shop| shop.group).max().unwrap_or(0);
        let linked = found.shops.iter().filter(|shop| shop.group > 0).count();
        print_line(&format!(
            "{} clusters of one picture, {} of one object in several shots; {linked} of {} shops linked (groups: {groups}, edges: {}) -> {}",
            found.clusters.len(),
            found.objects.len(),
            found.shops.len(),
            found.edges.len(),
            name(&self.out)
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
