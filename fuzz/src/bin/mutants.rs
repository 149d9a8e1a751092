//! Writes broken copies of pictures, for `scripts/bench/mutations`.
//!
//! `mutants SEEDS OUT FIRST COUNT [SEED]` writes the copies numbered FIRST and up, COUNT of them,
//! of the files in SEEDS to OUT. A copy depends on its number, the SEED and the files alone.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use faunalens_fuzz::mutate;
use faunalens_fuzz::sequence::Sequence;

/// Largest copy.
const LONGEST: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seeds, out, first, count, rest @ ..] = arguments.as_slice() else {
        return Err("usage: mutants SEEDS OUT FIRST COUNT [SEED]".into());
    };
    let seed = rest.first().map_or(Ok(1), |text| text.parse())?;
    let (first, count): (u64, u64) = (first.parse()?, count.parse()?);
    let files = read(Path::new(seeds))?;
    fs::create_dir_all(out)?;
    for number in first..first + count {
        let mut sequence = Sequence::new(seed, number);
        let (path, bytes) = sequence.pick(&files);
        let (_, other) = sequence.pick(&files);
        let mut copy = mutate::mutated(bytes, other, &mut sequence);
        copy.truncate(LONGEST);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        fs::write(Path::new(out).join(format!("{number:06}-{name}")), copy)?;
    }
    Ok(())
}

/// A file's path and bytes.
type Seed = (PathBuf, Vec<u8>);

/// The files of a folder, by name.
fn read(folder: &Path) -> Result<Vec<Seed>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let bytes = fs::read(&path)?;
        files.push((path, bytes));
    }
    match files.is_empty() {
        true => Err(format!("{}: no files", folder.display()).into()),
        false => Ok(files),
    }
}
