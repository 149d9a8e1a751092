//! The files of an index, each replaced by hostile bytes among sound ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faunalens::fingerprint::{Pdq, PdqHash, PerceptualAlgorithm};
use faunalens::index::{Descriptor, Entry, Evidence, Index, Query, Settings, Sighting};
use tempfile::TempDir;

use super::pictures;
use super::sequence::Sequence;

/// Pictures of the sound index.
const PICTURES: u64 = 12;
/// Components of its descriptors.
const DIMENSION: usize = 16;

thread_local! {
    static SOUND: Sound = Sound::new();
}

/// A sound index and its files, by their path inside it.
struct Sound {
    folder: TempDir,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// A picture that is in it, and one that is not.
    known: Entry,
    new: Entry,
}

impl Sound {
    /// An index with hashes, descriptors, a graph over them, landmarks and perceptual hashes.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("sound");
        let settings = Settings::default()
            .graph_from(8)
            .also([PerceptualAlgorithm::Phash]);
        let mut index = Index::create(&root, settings).expect("an index");
        for number in 0..PICTURES {
            index.add(&entry(number)).expect("a picture is added");
        }
        index.seal(&mut |_| {}).expect("the index is packed");
        drop(index);
        let mut files = Vec::new();
        collect(&root, &root, &mut files);
        files.sort();
        Self {
            folder,
            files,
            known: entry(3),
            new: entry(PICTURES),
        }
    }
}

fn entry(number: u64) -> Entry {
    let scene = pictures::scene(64, 48 + number as u32);
    let evidence = Evidence::of(&scene, [number as u8; 32])
        .with_perceptual(&scene, &[PerceptualAlgorithm::Phash]);
    let mut sequence = Sequence::new(3, number);
    let hash = PdqHash([0; 4].map(|_: u64| sequence.next()));
    let component = |_| sequence.below(2001) as f32 / 1000.0 - 1.0;
    Entry {
        pdq: Pdq { hash, quality: 90 },
        descriptor: Some(Descriptor {
            vector: (0..DIMENSION).map(component).collect(),
            model: "fuzz".into(),
            preprocessing: "1".into(),
        }),
        sighting: Sighting {
            file: format!("{number}.jpg"),
            seller: format!("shop {}", number % 5),
            ..Sighting::default()
        },
        ..evidence.entry
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder)
        .expect("a folder of the index")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if let (Ok(name), Ok(bytes)) = (path.strip_prefix(root), fs::read(&path)) {
            files.push((name.to_owned(), bytes));
        }
    }
}

/// Opens an index in which the bytes after the first stand in the file that the first names,
/// searches it, audits it, and lets a writer mend it.
///
/// # Panics
/// When the files cannot be written.
pub fn run(data: &[u8]) {
    let Some((&choice, hostile)) = data.split_first() else {
        return;
    };
    SOUND.with(|sound| {
        let root = sound.folder.path().join("hostile");
        let chosen = usize::from(choice) % sound.files.len();
        for (number, (name, bytes)) in sound.files.iter().enumerate() {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&root)).expect("a folder");
            let content = if number == chosen { hostile } else { bytes };
            fs::write(&path, content).expect("a file of the index");
        }
        use_index(&root, sound);
        fs::remove_dir_all(&root).expect("the folder goes away");
    });
}

/// Errors are answers; only panics are not.
fn use_index(root: &Path, sound: &Sound) {
    let asked = &sound.known;
    if let Ok(index) = Index::open(root) {
        let _ = (index.warnings(), index.stats(), index.verify());
        let mut query = Query::of(asked.pdq).with_sha256(asked.sha256);
        query.descriptor = asked.descriptor.as_ref();
        query.landmarks = asked.landmarks.as_ref();
        query.perceptual = &asked.perceptual;
        let _ = index.query(&query);
        query.quality = 10;
        let _ = index.query(&query.exact(true));
        let _ = index.near_hashes(&asked.pdq.hash, 31, false);
        let _ = index.pictures();
    }
    if let Ok(mut index) = Index::writer(root, Duration::ZERO) {
        let _ = index.add(&sound.new).and_then(|_| index.seal(&mut |_| {}));
    }
}

/// Each file of the sound index.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    SOUND.with(|sound| {
        (0u8..)
            .zip(&sound.files)
            .map(|(choice, (_, bytes))| [&[choice], bytes.as_slice()].concat())
            .collect()
    })
}
