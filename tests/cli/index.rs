//! `faunalens index` and `faunalens links`: what is remembered, shared, removed, and who shows the
//! same pictures.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use faunalens::index::Index;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::program::{assert_status, faunalens, json_lines, stderr, stdout};

/// Discs in front of each other, the same for the same seed.
fn still_life(seed: u64) -> RgbImage {
    let mut state = seed * 77 + 5;
    let mut below = |limit: i64| {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        ((state ^ (state >> 29)) >> 33) as i64 % limit
    };
    let mut pixels = RgbImage::from_pixel(420, 320, Rgb([215, 210, 200]));
    for _ in 0..70 {
        let (cx, cy, rx, ry) = (below(420), below(320), 6 + below(40), 6 + below(40));
        let shade = Rgb([below(256) as u8, below(256) as u8, below(256) as u8]);
        for y in (cy - ry).max(0)..(cy + ry).min(320) {
            for x in (cx - rx).max(0)..(cx + rx).min(420) {
                if ((x - cx) * ry).pow(2) + ((y - cy) * rx).pow(2) < (rx * ry).pow(2) {
                    pixels.put_pixel(x as u32, y as u32, shade);
                }
            }
        }
    }
    pixels
}

/// A market of three shops: anna and ben show one picture in two sizes, and ben shows a crop of
/// another of anna's; carla's pictures are her own.
fn market(folder: &Path) -> PathBuf {
    let save = |name: &str, pixels: &RgbImage| pixels.save(folder.join(name)).unwrap();
    save("tusk.jpg", &still_life(1));
    save(
        "tusk-again.jpg",
        &imageops::resize(&still_life(1), 300, 229, FilterType::Triangle),
    );
    save("beads.jpg", &still_life(2));
    save(
        "beads-crop.jpg",
        &imageops::crop_imm(&still_life(2), 50, 40, 310, 240).to_image(),
    );
    save("vase.jpg", &still_life(3));
    save("bowl.jpg", &still_life(4));
    let manifest = folder.join("listings.csv");
    let rows = "file,seller,listing,platform,captured_at\n\
                tusk.jpg,anna,A1,market,2026-03-01\n\
                tusk-again.jpg,ben,B1,market,2026-03-05\n\
                beads.jpg,anna,A2,market,2026-03-02\n\
                beads-crop.jpg,ben,B2,market,2026-03-07\n\
                vase.jpg,carla,C1,market,2026-03-03\n\
                bowl.jpg,carla,C2,market,2026-03-04\n";
    std::fs::write(&manifest, rows).unwrap();
    manifest
}

fn on(index: &Path, action: &str, more: &[&str]) -> Output {
    let mut command = faunalens();
    command.args(["index", action]).arg(index).args(more);
    command.output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The market in an index, by hashes and landmarks.
fn filled(folder: &Path) -> PathBuf {
    let (manifest, index) = (market(folder), folder.join("seen"));
    assert_status(&on(&index, "init", &[]), 0);
    assert_status(&on(&index, "add", &[text(&manifest)]), 0);
    index
}

#[test]
fn a_scan_remembers_and_a_check_tells_who_showed_the_picture_before() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, index) = (market(folder.path()), folder.path().join("seen"));
    let rows = folder.path().join("rows.jsonl");
    let scan = |out: &Path| {
        let mut command = faunalens();
        command
            .arg("scan")
            .arg(&manifest)
            .args(["--out", text(out)]);
        command.args(["--index", text(&index)]).output().unwrap()
    };
    assert_status(&scan(&rows), 0);
    let found = json_lines(&std::fs::read_to_string(&rows).unwrap());
    let sellers = |row: usize| -> Vec<(&str, &str)> {
        let matches = found[row]["matches"].as_array().unwrap();
        matches
            .iter()
            .map(|m| (m["seller"].as_str().unwrap(), m["method"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(sellers(0), [], "the first of its kind");
    assert_eq!(sellers(1), [("anna", "pdq")]);
    assert_eq!(sellers(3), [("anna", "descriptor")]);
    assert_eq!(sellers(4), []);
    assert_eq!(found[3]["index"]["images"], 3);

    // Scanned again into another file, every picture finds itself elsewhere only, and nothing is
    // stored twice.
    assert_status(&scan(&folder.path().join("again.jsonl")), 0);
    let stats: serde_json::Value =
        serde_json::from_str(&stdout(&on(&index, "stats", &["--json"]))).unwrap();
    assert_eq!(
        (&stats["images"], &stats["sightings"]),
        (&6.into(), &6.into())
    );

    let upload = folder.path().join("upload.png");
    imageops::flip_horizontal(&still_life(4))
        .save(&upload)
        .unwrap();
    let check = |more: &[&str]| {
        let mut command = faunalens();
        command.args(["check", "--json", "--index", text(&index)]);
        let output = command.args(more).arg(&upload).output().unwrap();
        assert_status(&output, 0);
        json_lines(&stdout(&output)).remove(0)
    };
    let answer = check(&["--any-orientation"]);
    assert_eq!(answer["matches"][0]["seller"], "carla");
    assert_eq!(answer["matches"][0]["method"], "pdq");
    assert_eq!(answer["matches"][0]["weak"], serde_json::Value::Null);
}

#[test]
fn hashes_beside_pdq_are_kept_by_add_and_by_scan() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = market(folder.path());
    let kept = |index: &Path| {
        let stats = stdout(&on(index, "stats", &["--json"]));
        let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
        assert!(stats["images"].as_u64().unwrap() > 0);
        let (perceptual, images) = (&stats["perceptual"], &stats["images"]);
        assert_eq!(&perceptual[0][1], images, "{perceptual}");
        assert!(perceptual[0][0].as_str().unwrap().contains("phash"));
    };
    let (added, scanned) = (folder.path().join("added"), folder.path().join("scanned"));
    for index in [&added, &scanned] {
        assert_status(&on(index, "init", &["--also", "phash"]), 0);
    }
    assert_status(&on(&added, "add", &[text(&manifest)]), 0);
    kept(&added);
    let mut scan = faunalens();
    scan.arg("scan").arg(&manifest).arg("--index").arg(&scanned);
    scan.arg("--out").arg(folder.path().join("rows.jsonl"));
    assert_status(&scan.output().unwrap(), 0);
    kept(&scanned);
}

#[test]
fn links_name_the_sellers_who_share_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, index) = (market(folder.path()), folder.path().join("seen"));
    assert_status(&on(&index, "init", &[]), 0);
    assert_status(&on(&index, "add", &[text(&manifest), "--describe"]), 0);
    let out = folder.path().join("links");
    let output = faunalens()
        .args(["links", text(&index), "--out", text(&out)])
        .output()
        .unwrap();
    assert_status(&output, 0);
    let edges = std::fs::read_to_string(out.join("edges.csv")).unwrap();
    let edges: Vec<&str> = edges.lines().skip(1).collect();
    assert_eq!(
        edges,
        ["anna,market,ben,market,2,0,0,2.0000,2026-03-01,2026-03-07"]
    );
    let clusters = std::fs::read_to_string(out.join("clusters.csv")).unwrap();
    assert_eq!(clusters.lines().count(), 1 + 4, "{clusters}");
    let graph = std::fs::read_to_string(out.join("sellers.graphml")).unwrap();
    assert_eq!(graph.matches("<node ").count(), 3);
}

/// The README's story: a crop, a banner, a mirror image and a screenshot of what another shop
/// showed first.
#[test]
fn the_sample_pictures_link_the_shops_that_reposted_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-images/listings.csv");
    let (index, out) = (folder.path().join("seen"), folder.path().join("links"));
    let output = faunalens()
        .args(["scan", text(&manifest), "--index", text(&index), "--out"])
        .arg(folder.path().join("rows.jsonl"))
        .output()
        .unwrap();
    assert_status(&output, 0);
    let output = faunalens()
        .args(["links", text(&index), "--out", text(&out)])
        .output()
        .unwrap();
    assert_status(&output, 0);
    let edges = std::fs::read_to_string(out.join("edges.csv")).unwrap();
    let found: Vec<String> = edges
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{} {} {}", cells[0], cells[2], cells[4])
        })
        .collect();
    assert_eq!(
        found,
        [
            "lotus old-house 2",
            "lotus shop37 2",
            "north-gate shop37 1",
            "old-house shop37 2"
        ]
    );
}

#[test]
fn stats_and_verify_answer_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let index = filled(folder.path());
    let stats = stdout(&on(&index, "stats", &[]));
    assert!(
        stats.contains("6   in 6 sightings") && stats.contains("3   with 6 listings"),
        "{stats}"
    );
    let verified = on(&index, "verify", &[]);
    assert_status(&verified, 0);
    assert_eq!(stdout(&verified).trim(), "sound");
    std::fs::write(index.join("manifest.json"), "{}").unwrap();
    let verified = on(&index, "verify", &[]);
    assert_status(&verified, 1);
    assert!(
        stderr(&verified).contains("manifest.json"),
        "{}",
        stderr(&verified)
    );
    assert_status(&on(&index, "compact", &[]), 0);
    assert_status(&on(&index, "verify", &[]), 0);
}

#[test]
fn a_removed_picture_is_gone_and_stays_away() {
    let folder = tempfile::tempdir().unwrap();
    let index = filled(folder.path());
    let (vase, manifest) = (
        folder.path().join("vase.jpg"),
        folder.path().join("listings.csv"),
    );
    assert!(stdout(&on(&index, "query", &[text(&vase)])).contains("seller carla"));
    assert_status(&on(&index, "remove", &[text(&vase)]), 0);
    assert_status(&on(&index, "add", &[text(&manifest)]), 0);
    assert!(stdout(&on(&index, "query", &[text(&vase)])).contains("0 sightings"));
    assert_status(&on(&index, "remove", &["--seller", "anna"]), 0);
    let stats = stdout(&on(&index, "stats", &[]));
    assert!(stats.contains("removed, tombstone kept: 3"), "{stats}");
}

#[test]
fn hashes_travel_and_sellers_only_as_pseudonyms() {
    let folder = tempfile::tempdir().unwrap();
    let index = filled(folder.path());
    let key = folder.path().join("key.bin");
    std::fs::write(&key, [7; 32]).unwrap();
    for form in ["threatexchange", "csv", "pdq", "json"] {
        let exported = on(
            &index,
            "export",
            &["--form", form, "--pseudonym-key", text(&key)],
        );
        assert_status(&exported, 0);
        let list = stdout(&exported);
        for secret in ["anna", "ben", "carla", ".jpg"] {
            assert!(!list.contains(secret), "{form}: {list}");
        }
        let file = folder.path().join(form);
        std::fs::write(&file, list).unwrap();
        let partner = folder.path().join(format!("partner-{form}"));
        assert_status(&on(&partner, "init", &["--hash-only"]), 0);
        let imported = on(&partner, "import", &[text(&file), "--form", form]);
        assert_status(&imported, 0);
        assert!(
            stdout(&imported).starts_with("6 new, 0 known"),
            "{form}: {}",
            stdout(&imported)
        );
        let tusk = folder.path().join("tusk.jpg");
        let found = stdout(&on(&partner, "query", &[text(&tusk), "--json"]));
        assert!(found.contains("\"method\":\"pdq\""), "{form}: {found}");
    }
}

#[test]
fn a_hash_only_index_holds_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, index) = (market(folder.path()), folder.path().join("seen"));
    assert_status(&on(&index, "init", &["--hash-only"]), 0);
    assert_status(&on(&index, "add", &[text(&manifest)]), 0);
    let stored: Vec<u8> = walkdir(&index)
        .iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect();
    let holds = |word: &[u8]| stored.windows(word.len()).any(|window| window == word);
    assert!(holds(b"carla"), "sellers are what links are made of");
    assert!(!holds(b"tusk.jpg") && !holds(b"vase"));
    let found = stdout(&on(
        &index,
        "query",
        &[text(&folder.path().join("tusk.jpg"))],
    ));
    assert!(found.contains("seller anna"), "{found}");
}

fn walkdir(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(walkdir(&path)),
            false => files.push(path),
        }
    }
    files
}

#[test]
fn a_second_writer_is_told_or_waits() {
    let folder = tempfile::tempdir().unwrap();
    let index = filled(folder.path());
    let bowl = folder.path().join("listings.csv");
    let writer = Index::writer(&index, Duration::ZERO).unwrap();
    let told = on(&index, "add", &[text(&bowl), "--wait", "0"]);
    assert_status(&told, 2);
    assert!(
        stderr(&told).contains("another process is writing"),
        "{}",
        stderr(&told)
    );
    let query = on(&index, "query", &["--hash", &"0".repeat(64)]);
    assert_status(&query, 0);
    let waits = faunalens()
        .args(["index", "add", text(&index), text(&bowl), "--wait", "60"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    drop(writer);
    assert_status(&waits.wait_with_output().unwrap(), 0);
}

#[test]
fn a_build_killed_at_any_moment_loses_nothing_and_stores_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (crawl, index) = (folder.path().join("crawl"), folder.path().join("seen"));
    std::fs::create_dir(&crawl).unwrap();
    for number in 0..200 {
        let small = imageops::resize(&still_life(number), 96, 72, FilterType::Triangle);
        small.save(crawl.join(format!("{number:03}.png"))).unwrap();
    }
    assert_status(&on(&index, "init", &[]), 0);
    let mut held = 0;
    for pause in [5, 20, 35, 50, 80, 120] {
        let mut child = faunalens()
            .args(["index", "add", text(&index), text(&crawl)])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        let _ = child.kill();
        child.wait().unwrap();
        let opened = Index::open(&index).unwrap();
        assert_eq!(
            opened.verify().unwrap(),
            Vec::<String>::new(),
            "after {pause} ms"
        );
        let stats = opened.stats().unwrap();
        assert!(stats.images >= held && stats.images == stats.sightings);
        held = stats.images;
    }
    assert_status(&on(&index, "add", &[text(&crawl)]), 0);
    let stats = Index::open(&index).unwrap().stats().unwrap();
    assert_eq!((stats.images, stats.sightings), (200, 200));
}

#[test]
fn an_index_that_is_not_there_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere");
    for action in ["stats", "verify", "compact"] {
        let output = on(&missing, action, &[]);
        assert_status(&output, 2);
        assert!(
            stderr(&output).contains("faunalens index init"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn add_makes_the_index_that_a_scan_would_make() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = market(folder.path());
    let index = folder.path().join("new");
    let added = on(&index, "add", &[text(&manifest)]);
    assert_status(&added, 0);
    assert!(stderr(&added).contains("new index"), "{}", stderr(&added));
    let asked = on(&index, "query", &[text(&folder.path().join("tusk.jpg"))]);
    assert_status(&asked, 0);
    assert!(stdout(&asked).contains("anna"), "{}", stdout(&asked));
    assert!(
        !stderr(&asked).contains("not asked"),
        "it holds no descriptors to ask"
    );
}

#[test]
fn a_query_says_what_it_does_not_ask() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    let mut scan = faunalens();
    scan.arg("scan").arg(market(folder.path()));
    scan.arg("--out").arg(folder.path().join("rows.jsonl"));
    let scanned = scan.arg("--index").arg(&index).output().unwrap();
    assert_status(&scanned, 0);
    let crop = folder.path().join("beads-crop.jpg");
    let asked = on(&index, "query", &[text(&crop)]);
    assert_status(&asked, 0);
    assert!(stderr(&asked).contains("--describe"), "{}", stderr(&asked));
    for more in [&["--describe"][..], &["--only", "pdq"]] {
        let all = on(&index, "query", &[&[text(&crop)], more].concat());
        assert_status(&all, 0);
        assert!(!stderr(&all).contains("not asked"), "{}", stderr(&all));
    }
}

#[test]
fn a_write_that_was_cut_off_is_never_read_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let cut_off = dir.path().join("cut-off");
    std::fs::create_dir(&cut_off).unwrap();
    let database = rusqlite::Connection::open(index.join("faunalens.sqlite")).unwrap();
    // A rollback journal, and pages that reach the file before the transaction has ended.
    database
        .pragma_update(None, "journal_mode", "DELETE")
        .unwrap();
    database.pragma_update(None, "cache_size", 1).unwrap();
    database
        .execute_batch(
            "BEGIN;
             UPDATE image SET quality = 0, removed_at = added_at;
             CREATE TABLE more(data BLOB);
             WITH RECURSIVE row(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM row WHERE n < 500)
             INSERT INTO more SELECT randomblob(4000) FROM row;",
        )
        .unwrap();
    for file in ["faunalens.sqlite", "faunalens.sqlite-journal"] {
        std::fs::copy(index.join(file), cut_off.join(file)).unwrap();
    }
    database.execute_batch("ROLLBACK").unwrap();
    for action in ["stats", "verify"] {
        let output = on(&cut_off, action, &[]);
        assert_status(&output, 2);
        let words = stderr(&output);
        assert!(words.contains("a write was interrupted"), "{words}");
        assert!(words.contains("index compact"), "{words}");
    }
    assert_status(&on(&cut_off, "compact", &[]), 0);
    let verified = on(&cut_off, "verify", &[]);
    assert_status(&verified, 0);
    let counted = stdout(&on(&cut_off, "stats", &[]));
    assert!(counted.contains(" 6   in 6 sightings"), "{counted}");
}

#[cfg(unix)]
#[test]
fn a_read_only_index_answers_without_its_log() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::{fs, process::Command};
    let dir = tempfile::tempdir().unwrap();
    let root = filled(dir.path());
    for log in ["faunalens.sqlite-wal", "faunalens.sqlite-shm"] {
        let _ = fs::remove_file(root.join(log));
    }
    let program = dir.path().join("faunalens");
    fs::copy(env!("CARGO_BIN_EXE_faunalens"), &program).unwrap();
    let mode = |path: &Path, bits| {
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    };
    mode(dir.path(), 0o755);
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                mode(&path, 0o444);
            }
        }
        mode(&folder, 0o555);
    }
    // Permissions bind nobody who is root.
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let run = |arguments: &[&str]| {
        let mut command = match is_root {
            true => Command::new("setpriv"),
            false => Command::new(&program),
        };
        if is_root {
            let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
            command.args(nobody).arg(&program);
        }
        command
            .current_dir(dir.path())
            .args(arguments)
            .output()
            .unwrap()
    };
    let hash = stdout(&crate::program::run(&[
        "hash",
        text(&dir.path().join("vase.jpg")),
    ]))[..64]
        .to_owned();
    for (arguments, expected) in [
        (&["index", "query", "seen", "--hash", &hash][..], "carla"),
        (&["index", "stats", "seen"], "6"),
        (&["index", "verify", "seen"], "sound"),
    ] {
        let output = run(arguments);
        let words = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        assert!(words.contains(expected), "{arguments:?}: {words}");
    }
    let added = run(&["index", "remove", "seen", "--seller", "anna"]);
    assert!(!added.status.success(), "a writer needs more");
    // So that the folder can be removed.
    mode(&root, 0o755);
    let generations = root.join("generations");
    if generations.is_dir() {
        mode(&generations, 0o755);
        for entry in fs::read_dir(&generations).unwrap() {
            mode(&entry.unwrap().path(), 0o755);
        }
    }
}
