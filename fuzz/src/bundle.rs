//! A model bundle: its description, and what stands beside the network.

use std::fs;
use std::path::Path;

use faunalens::recognize::Bundle;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A description with every table; hashes stand as `{model}`, `{head}`, `{background}` and
/// `{hashes}`.
const DESCRIPTION: &str = include_str!("bundle.toml");
/// Files of the bundle and what stands for their hash.
const FILES: [(&str, &str); 4] = [
    ("model.onnx", "{model}"),
    ("head.bin", "{head}"),
    ("background.bin", "{background}"),
    ("training.pdq", "{hashes}"),
];

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder");
}

/// Reads a bundle in which the bytes after the first are the file that the first names.
///
/// # Panics
/// When a file cannot be written.
pub fn run(data: &[u8]) {
    let Some((&choice, hostile)) = data.split_first() else {
        return;
    };
    let chosen = usize::from(choice) % (FILES.len() + 1);
    FOLDER.with(|folder| {
        let mut description = DESCRIPTION.to_owned();
        for (number, (name, mark)) in FILES.into_iter().enumerate() {
            let content = match number == chosen {
                true => hostile.to_vec(),
                false => sound(name),
            };
            let hash: String = Sha256::digest(&content)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            description = description.replace(mark, &hash);
            write(&folder.path().join(name), &content);
        }
        let description = match chosen == FILES.len() {
            true => hostile.to_vec(),
            false => description.into_bytes(),
        };
        write(&folder.path().join("bundle.toml"), &description);
        if let Ok(bundle) = Bundle::load(folder.path()) {
            let _ = bundle.description.identity();
            let _ = bundle.training_hashes();
            let _ = bundle.background_pictures();
        }
    });
}

fn write(path: &Path, content: &[u8]) {
    fs::write(path, content).expect("a file of the bundle");
}

/// What a file of the bundle holds: two labels of the network and one taught, three features.
fn sound(name: &str) -> Vec<u8> {
    let floats = |count: usize| [0.5f32.to_le_bytes()].repeat(count).concat();
    match name {
        "head.bin" => floats(3 * 4),
        "background.bin" => [1u32.to_le_bytes().to_vec(), floats(3 + 1), vec![7; 3]].concat(),
        "training.pdq" => "0f".repeat(32).into_bytes(),
        _ => b"network".to_vec(),
    }
}

/// Each file of the sound bundle, and its description.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let files = FILES.iter().map(|(name, _)| sound(name));
    let described = FILES
        .iter()
        .fold(DESCRIPTION.to_owned(), |text, (name, mark)| {
            let hash: String = Sha256::digest(sound(name))
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            text.replace(mark, &hash)
        });
    (0u8..)
        .zip(files.chain([described.into_bytes()]))
        .map(|(choice, bytes)| [vec![choice], bytes].concat())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sound_bundle_is_read() {
        run(&[&[0], sound("model.onnx").as_slice()].concat());
        let folder = FOLDER.with(|folder| folder.path().to_owned());
        let bundle = Bundle::load(&folder).expect("a bundle");
        assert_eq!(bundle.background_pictures().expect("pictures"), Some(1));
        assert_eq!(
            bundle.training_hashes().expect("hashes").map(|h| h.len()),
            Some(1)
        );
    }
}
