//! `faunalens index import` and `export`: hashes from others, and for them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use faunalens::escape::name;
use faunalens::index::{ExportChoice, Form, Imported, Index, ListImport, Opinion, Sellers};

use super::console::{print_json, print_line, tell};
use super::exit_code;
use super::memory::{warn, writer};
use super::progress::bar;

/// Read a list of hashes from others
///
/// A list is a source with a name, and what is read is its whole new state: hashes that it no
/// longer holds are withdrawn. Broken lines are told and passed over; the status is then 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens index import seen/ theirs.txt --source partner
  faunalens index import seen/ more.jsonl --source partner --add      nothing is withdrawn
  faunalens index import seen/ museum.txt --source museum --opinion negative
  faunalens index remove seen/ --source partner")]
pub(super) struct ImportCommand {
    /// Folder of the index
    dir: PathBuf,
    /// The list; `-` is standard input
    list: PathBuf,
    /// Its form [default: told by its first line]
    #[arg(long, value_enum)]
    form: Option<ListForm>,
    /// Name of the list, under which its hashes are kept [default: the file's name]
    #[arg(long, visible_alias = "name", value_name = "NAME")]
    source: Option<String>,
    /// The list adds to its last state: nothing that it doesn't name is withdrawn
    #[arg(long)]
    add: bool,
    /// What hashes are of which the list doesn't say it: positive, negative (known false
    /// positives, which raise nothing) or investigate
    #[arg(long, value_name = "OPINION", value_parser = opinion())]
    opinion: Option<Opinion>,
    /// Category of hashes of which the list says none
    #[arg(long, value_name = "NAME", default_value = "")]
    category: String,
    /// The summary as JSON
    #[arg(long)]
    json: bool,
}

/// Write hashes for others to standard output
///
/// Hashes from lists of others stay, unless they are asked for. Choices of one kind are joined by
/// `or`, those of different kinds by `and`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens index export seen/ --form threatexchange --decision flag > ours.txt
  faunalens index export seen/ --form json --label ivory --pseudonym-key key.bin > ours.jsonl
  faunalens index export seen/ --form csv --source partner > theirs.csv")]
pub(super) struct ExportCommand {
    /// Folder of the index
    dir: PathBuf,
    /// Form of the list
    #[arg(long, value_enum)]
    form: ListForm,
    /// File with the secret key under which sellers become pseudonyms
    #[arg(long, value_name = "FILE")]
    pseudonym_key: Option<PathBuf>,
    /// Let seller names, platforms and paths leave in the clear
    #[arg(long, conflicts_with = "pseudonym_key")]
    plain_sellers: bool,
    /// Only pictures that the last scan decided so; may be repeated
    #[arg(long, value_name = "DECISION", value_parser = ["clear", "review", "flag"])]
    decision: Vec<String>,
    /// Only pictures that this label raised; may be repeated
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Only pictures that this seller showed; may be repeated
    #[arg(long, value_name = "NAME")]
    seller: Vec<String>,
    /// Only hashes of this list of others; may be repeated
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Hashes from all lists of others too
    #[arg(long, conflicts_with = "source")]
    with_imported: bool,
    /// Only what changed after this time, such as 2026-11-26T21:30:00Z, or a list's checkpoint
    #[arg(long, value_name = "TIME", default_value = "")]
    since: String,
    /// Only what changed up to this time; a day is taken whole
    #[arg(long, value_name = "TIME", default_value = "")]
    until: String,
}

/// Takes what a list's maker may say of a hash.
fn opinion() -> impl TypedValueParser<Value = Opinion> {
    PossibleValuesParser::new(["positive", "negative", "investigate"])
        .try_map(|word| Opinion::of(&word).ok_or("no opinion"))
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListForm {
    /// `pdq <hex>` per line
    Threatexchange,
    /// `signal_type,signal_str,collab,category,tags`
    Csv,
    /// `hash,quality,path` per line
    Pdq,
    /// JSON lines with ids, times of change, tombstones and sellers
    Json,
}

impl From<ListForm> for Form {
    fn from(form: ListForm) -> Self {
        match form {
            ListForm::Threatexchange => Self::ThreatExchange,
            ListForm::Csv => Self::Csv,
            ListForm::Pdq => Self::PdqTool,
            ListForm::Json => Self::Json,
        }
    }
}

impl ImportCommand {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let named = self.list.file_name();
        let named = named.map_or("stdin".into(), name);
        let source = self.source.as_deref().unwrap_or(match named.as_str() {
            "-" => "stdin",
            named => named,
        });
        let input: Box<dyn Read> = if self.list.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            let file = File::open(&self.list);
            Box::new(file.with_context(|| format!("cannot read {}", name(&self.list)))?)
        };
        let mut list = ListImport::new(source)
            .adding(self.add)
            .unless_stated(self.opinion, &self.category);
        if let Some(form) = self.form {
            list = list.form(form.into());
        }
        let mut index = writer(&self.dir)?;
        let progress = bar("lines", 0);
        let input = BufReader::with_capacity(1 << 16, input);
        let done = index.import(&list, input, &mut |lines| progress.set_position(lines))?;
        progress.set_message("packing");
        index.seal(&mut |_| ())?;
        progress.finish_and_clear();
        self.tell_refused(&done);
        if self.json {
            let mut summary = serde_json::to_value(&done)?;
            summary["source"] = source.into();
            print_json(&summary.to_string())?;
        } else {
            print_line(&in_words(&done))?;
        }
        warn(&index);
        Ok(exit_code(done.refused > 0))
    }

    fn tell_refused(&self, done: &Imported) {
        for (line, why) in &done.refused_lines {
            tell(format!(
                "faunalens: {}: line {line}: {why}",
                name(&self.list)
            ));
        }
        let more = done.refused - done.refused_lines.len() as u64;
        if more > 0 {
            tell(format!(
                "faunalens: {}: and {more} lines more",
                name(&self.list)
            ));
        }
        if done.refused > 0 && done.new + done.known + done.restored + done.kept_away == 0 {
            tell("faunalens: no hash could be read, so nothing is withdrawn");
        }
    }
}

fn in_words(done: &Imported) -> String {
    let mut words = format!(
        "{} new, {} known, {} restored, {} withdrawn, {} of quality under 50 (kept, marked), \
         {} negative, {} of other types, {} lines refused",
        done.new,
        done.known,
        done.restored,
        done.removed,
        done.low_quality,
        done.negative,
        done.other_types,
        done.refused
    );
    for (count, what) in [
        (done.kept_away, "had been removed here and stay away"),
        (
            done.wrong_times,
            "times not taken over, being none or in the future",
        ),
    ] {
        if count > 0 {
            words += &format!(", {count} {what}");
        }
    }
    words
}

impl ExportCommand {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let key = self.pseudonym_key.as_deref().map(read_key).transpose()?;
        let sellers = match &key {
            Some(key) => Sellers::Pseudonyms(key),
            None if self.plain_sellers => Sellers::Plain,
            None => Sellers::Omitted,
        };
        let choice = ExportChoice::default()
            .decided(self.decision.clone())
            .raised_by(self.label.clone())
            .shown_by(self.seller.clone())
            .of_sources(self.source.clone())
            .with_imported(self.with_imported)
            .changed(&self.since, &self.until);
        let index = Index::open(&self.dir)?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let done = index.export(self.form.into(), sellers, &choice, &mut out)?;
        let mut words = format!(
            "{} hashes, {} tombstones; {} of quality under 50 left out",
            done.written, done.tombstones, done.low_quality
        );
        if done.negative > 0 {
            words += &format!(", {} negative ones left out", done.negative);
        }
        tell(words);
        Ok(ExitCode::SUCCESS)
    }
}

fn read_key(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let key = std::fs::read(path).with_context(|| format!("cannot read the key {}", name(path)))?;
    anyhow::ensure!(
        key.len() >= 16,
        "{}: a key needs 16 bytes or more; make one with `head -c 32 /dev/urandom > key.bin`",
        name(path)
    );
    Ok(key)
}
