//! An index that somebody else has prepared or damaged: no foreign file is touched, nothing hangs,
//! nothing is answered as if all were well.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faunalens::fingerprint::{Pdq, PdqHash};
use faunalens::index::{Descriptor, Entry, Index, IndexError, Query, Settings, Sighting};
use tempfile::TempDir;

/// An index of two packed pictures with descriptors, in `seen` of a new folder.
fn packed() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("seen");
    let mut index = Index::create(&root, Settings::default()).unwrap();
    for number in 1..=2 {
        index.add(&entry(number)).unwrap();
    }
    index.seal(&mut |_| ()).unwrap();
    (dir, root)
}

fn entry(number: u8) -> Entry {
    Entry {
        sha256: [number; 32],
        pdq: pdq(number),
        sighting: Sighting {
            file: format!("{number}.jpg"),
            seller: "anna".into(),
            ..Sighting::default()
        },
        descriptor: Some(Descriptor {
            vector: vec![1.0, f32::from(number), 0.5],
            model: "test".into(),
            preprocessing: "1".into(),
        }),
        ..Entry::default()
    }
}

fn pdq(number: u8) -> Pdq {
    Pdq {
        hash: PdqHash([u64::from(number) * 0x0123_4567_89ab_cdef; 4]),
        quality: 90,
    }
}

fn finds(index: &Index, number: u8) -> bool {
    !index.query(&Query::of(pdq(number))).unwrap().is_empty()
}

fn compacted(root: &Path) -> Result<(), IndexError> {
    Index::writer(root, Duration::ZERO)?.compact(&mut |_| ())
}

fn execute(root: &Path, sql: &str) {
    let db = rusqlite::Connection::open(root.join("faunalens.sqlite")).unwrap();
    db.execute_batch("PRAGMA foreign_keys = off").unwrap();
    db.execute_batch(sql).unwrap();
}

#[test]
fn no_writer_goes_through_a_symbolic_link() {
    let (dir, root) = packed();
    let precious = dir.path().join("precious");
    fs::create_dir_all(precious.join("g00000001")).unwrap();
    fs::write(precious.join("g00000001/file"), "data").unwrap();
    fs::remove_dir_all(root.join("generations")).unwrap();
    symlink(&precious, root.join("generations")).unwrap();
    let error = compacted(&root).unwrap_err();
    assert!(matches!(error, IndexError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("symbolic link"), "{error}");
    assert!(precious.join("g00000001/file").is_file());
}

#[test]
fn a_linked_generation_is_left_alone_and_the_rest_compacted() {
    let (dir, root) = packed();
    let precious = dir.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "data").unwrap();
    symlink(&precious, root.join("generations/g00000007")).unwrap();
    compacted(&root).unwrap();
    assert!(precious.join("file").is_file());
    assert!(finds(&Index::open(&root).unwrap(), 1));
}

#[test]
fn what_is_written_aside_does_not_land_in_a_linked_file() {
    let (dir, root) = packed();
    let precious = dir.path().join("precious.txt");
    fs::write(&precious, "data").unwrap();
    for name in ["manifest.json.partial", "manifest.next.json"] {
        let _ = fs::remove_file(root.join(name));
        symlink(&precious, root.join(name)).unwrap();
        let _ = compacted(&root);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "data", "{name}");
        let _ = fs::remove_file(root.join(name));
    }
}

#[test]
fn pipes_and_links_in_place_of_files_are_named_and_keep_nobody_waiting() {
    for name in ["faunalens.sqlite", "faunalens.sqlite-wal", "writer.lock"] {
        let (_dir, root) = packed();
        let _ = fs::remove_file(root.join(name));
        let made = std::process::Command::new("mkfifo")
            .arg(root.join(name))
            .status();
        assert!(made.unwrap().success());
        let error = Index::writer(&root, Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(matches!(error, IndexError::Foreign { .. }), "{error}");
    }
    // Of the packed files, the database stands in for what is not there.
    let (_dir, root) = packed();
    fs::remove_file(root.join("manifest.json")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("manifest.json"))
        .status();
    assert!(made.unwrap().success());
    let index = Index::open(&root).unwrap();
    assert!(index.warnings()[0].contains("manifest.json"));
    assert!(finds(&index, 2));
}

#[test]
fn a_manifest_cannot_name_files_elsewhere() {
    let (_dir, root) = packed();
    let manifest = root.join("manifest.json");
    let sound = fs::read_to_string(&manifest).unwrap();
    for (from, to) in [
        ("g00000001", "../../etc"),
        ("g00000001", "photos"),
        ("hashes.bin", "../../../etc/passwd"),
    ] {
        fs::write(&manifest, sound.replace(from, to)).unwrap();
        let index = Index::open(&root).unwrap();
        assert!(
            index.warnings()[0].contains("names"),
            "{:?}",
            index.warnings()
        );
        assert!(finds(&index, 1), "the database answers");
    }
}

#[test]
fn stray_files_beside_the_generations_stop_nobody_and_stay() {
    let (_dir, root) = packed();
    let stray = root.join("generations/.DS_Store");
    fs::write(&stray, "").unwrap();
    fs::create_dir(root.join("generations/notes")).unwrap();
    let mut index = Index::writer(&root, Duration::ZERO).unwrap();
    index.add(&entry(3)).unwrap();
    index.seal(&mut |_| ()).unwrap();
    index.compact(&mut |_| ()).unwrap();
    assert!(stray.is_file());
    assert!(root.join("generations/notes").is_dir());
    assert_eq!(index.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn an_emptied_or_foreign_database_is_refused_and_not_written_to() {
    let (_dir, root) = packed();
    let database = root.join("faunalens.sqlite");
    let index_of = |make: &dyn Fn()| {
        for name in ["faunalens.sqlite-wal", "faunalens.sqlite-shm"] {
            let _ = fs::remove_file(root.join(name));
        }
        fs::remove_file(&database).unwrap();
        make();
        let before = fs::read(&database).unwrap();
        for error in [
            Index::open(&root).unwrap_err(),
            Index::writer(&root, Duration::ZERO).unwrap_err(),
        ] {
            assert!(matches!(error, IndexError::Foreign { .. }), "{error}");
        }
        assert_eq!(fs::read(&database).unwrap(), before, "nothing was written");
    };
    index_of(&|| fs::write(&database, "").unwrap());
    index_of(&|| execute(&root, "CREATE TABLE image(id INTEGER)"));
    index_of(&|| execute(&root, "PRAGMA application_id = 7; PRAGMA user_version = 1;"));
    fs::remove_file(&database).unwrap();
    let error = Index::open(&root).unwrap_err();
    assert!(matches!(error, IndexError::Missing(_)), "{error}");
    assert!(!database.exists());
}

#[test]
fn a_format_that_never_was_is_refused_in_words() {
    for format in [-1, 0, i64::from(i32::MIN)] {
        let (_dir, root) = packed();
        execute(&root, &format!("PRAGMA user_version = {format}"));
        for error in [
            Index::open(&root).unwrap_err(),
            Index::writer(&root, Duration::ZERO).unwrap_err(),
        ] {
            assert!(matches!(error, IndexError::Foreign { .. }), "{error}");
            assert!(error.to_string().contains("impossible format"), "{error}");
        }
    }
}

#[test]
fn verifying_reads_every_byte_that_is_served() {
    let problems_after = |sql: &str| {
        let (_dir, root) = packed();
        execute(&root, sql);
        Index::open(&root).unwrap().verify().unwrap().join("\n")
    };
    assert_eq!(problems_after("SELECT 1"), "");
    for (sql, problem) in [
        (
            "UPDATE descriptor SET vector = x'00' WHERE id = 1",
            "1 descriptors are not what",
        ),
        (
            "UPDATE descriptor SET vector = zeroblob(12) WHERE id = 2",
            "1 descriptors are not what",
        ),
        (
            "UPDATE descriptor SET vector = zeroblob(12), digest = zeroblob(16) WHERE id = 2",
            "1 packed descriptors are not those",
        ),
        (
            "UPDATE pdq SET hash = zeroblob(32) WHERE id = 1",
            "1 packed hashes are not those",
        ),
        (
            "INSERT INTO landmarks VALUES (1, 'x', x'0102', NULL)",
            "1 pictures have broken landmarks",
        ),
        (
            "INSERT INTO landmarks VALUES (1, 'x', x'ffffffff', x'0102')",
            "1 pictures have broken landmarks",
        ),
        (
            "DELETE FROM descriptor WHERE id = 1",
            "refers to a missing row",
        ),
    ] {
        let problems = problems_after(sql);
        assert!(problems.contains(problem), "{sql}: {problems:?}");
    }
}

/// The state on disk when a compaction is killed at a moment, made from the states around it.
#[test]
fn a_compaction_killed_at_any_moment_leaves_a_sound_index() {
    let (dir, root) = packed();
    let earlier = dir.path().join("earlier");
    copy(&root, &earlier);
    let mut index = Index::writer(&root, Duration::ZERO).unwrap();
    index.remove(&[1; 32]).unwrap();
    index.compact(&mut |_| ()).unwrap();
    drop(index);

    // After the new generation is prepared, before the database changes.
    let before = dir.path().join("before");
    copy(&earlier, &before);
    let generation = only_generation(&root);
    copy(
        &root.join("generations").join(&generation),
        &before.join("generations").join(&generation),
    );
    fs::copy(
        root.join("manifest.json"),
        before.join("manifest.next.json"),
    )
    .unwrap();
    // After the database has changed, before the new generation is named.
    let after = dir.path().join("after");
    copy(&root, &after);
    fs::rename(
        after.join("manifest.json"),
        after.join("manifest.next.json"),
    )
    .unwrap();
    fs::copy(earlier.join("manifest.json"), after.join("manifest.json")).unwrap();
    copy(&earlier.join("generations"), &after.join("generations"));

    for (killed, holds_first) in [(&before, true), (&after, false)] {
        let index = Index::open(killed).unwrap();
        assert_eq!(index.verify().unwrap(), Vec::<String>::new());
        assert_eq!((finds(&index, 1), finds(&index, 2)), (holds_first, true));
        let mut writer = Index::writer(killed, Duration::ZERO).unwrap();
        writer.add(&entry(3)).unwrap();
        writer.seal(&mut |_| ()).unwrap();
        assert_eq!(writer.verify().unwrap(), Vec::<String>::new());
        assert_eq!(fs::read_dir(killed.join("generations")).unwrap().count(), 1);
    }
}

#[test]
fn packed_files_of_another_state_are_called_stale() {
    let (dir, root) = packed();
    let earlier = dir.path().join("earlier");
    copy(&root, &earlier);
    compacted(&root).unwrap();
    fs::copy(earlier.join("manifest.json"), root.join("manifest.json")).unwrap();
    let index = Index::open(&root).unwrap();
    assert!(finds(&index, 1), "the database answers");
    let problems = index.verify().unwrap().join("\n");
    assert!(problems.contains("stale"), "{problems}");
    assert!(!problems.contains("damaged"), "{problems}");
    compacted(&root).unwrap();
    assert_eq!(
        Index::open(&root).unwrap().verify().unwrap(),
        Vec::<String>::new()
    );
}

fn only_generation(root: &Path) -> String {
    let mut names = fs::read_dir(root.join("generations")).unwrap();
    let name = names.next().unwrap().unwrap().file_name();
    assert!(names.next().is_none());
    name.into_string().unwrap()
}

/// Copies the files of a folder, deep, beside what is there.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), &target).unwrap();
            }
        }
    }
}
