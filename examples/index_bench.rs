//! Measurements of fingerprints and index, as CSV lines on standard output. Called by
//! `scripts/bench/index_*.py`, which runs the same work through other libraries in the same run.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use faunalens::fingerprint::{self, Pdq, PdqHash};
use faunalens::index::{Breadth, Descriptor, Entry, Index, Query, Settings, Sighting};
use image::RgbImage;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["hash", raw, rounds] => hash(raw, rounds.parse()?),
        ["hashes", raw] => hashes(raw),
        ["distances", dir] => distances(Path::new(dir)),
        ["add", dir, list] => add(Path::new(dir), list),
        ["search", dir, list] => search(Path::new(dir), list),
        ["once", dir, hash] => once(Path::new(dir), hash.parse()?),
        ["describe", dir, vectors, dimension] => describe(Path::new(dir), vectors, dimension.parse()?),
        ["nearest", dir, vectors, dimension, width] => nearest(Path::new(dir), vectors, dimension.parse()?, width.parse()?),
        ["align", list, asked] => align(list, asked.parse()?),
        ["store", dir, from] => store(Path::new(dir), from.parse()?),
        _ => Err("usage: hash RAW ROUNDS | hashes RAW | distances DIR | add DIR LIST | search DIR LIST | once DIR HEX | \
                  describe DIR VECTORS DIM | nearest DIR VECTORS DIM WIDTH | align LIST LANDMARKS | store DIR FROM"
            .into()),
    }
}

/// Pictures in a file: width and height as u32, little-endian, then the pixels.
fn pictures(raw: &str) -> Result<Vec<RgbImage>, Box<dyn Error>> {
    let bytes = fs::read(raw)?;
    let mut rest = bytes.as_slice();
    let mut pictures = Vec::new();
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let side = |k: usize| u32::from_le_bytes([head[k], head[k + 1], head[k + 2], head[k + 3]]);
        let (pixels, others) = body.split_at(3 * side(0) as usize * side(4) as usize);
        pictures.push(RgbImage::from_raw(side(0), side(4), pixels.to_vec()).ok_or("short")?);
        rest = others;
    }
    Ok(pictures)
}

/// Milliseconds per picture of each fingerprint, one line per round.
fn hash(raw: &str, rounds: usize) -> Outcome {
    let pictures = pictures(raw)?;
    let each = |work: &dyn Fn(&RgbImage)| {
        let start = Instant::now();
        pictures.iter().for_each(work);
        start.elapsed().as_secs_f64() * 1e3 / pictures.len() as f64
    };
    println!("pdq_ms,dihedral_ms,landmarks_ms,flatness_ms");
    for _ in 0..rounds {
        println!(
            "{:.4},{:.4},{:.4},{:.4}",
            each(&|p| {
                black_box(fingerprint::pdq(p));
            }),
            each(&|p| {
                black_box(fingerprint::dihedral(p));
            }),
            each(&|p| {
                black_box(fingerprint::landmarks(p, fingerprint::QUERY_LANDMARKS));
            }),
            each(&|p| {
                black_box(fingerprint::flatness(p));
            }),
        );
    }
    Ok(())
}

/// The hash of every picture.
fn hashes(raw: &str) -> Outcome {
    for picture in pictures(raw)? {
        let pdq = fingerprint::pdq(&picture);
        println!("{},{}", pdq.hash, pdq.quality);
    }
    Ok(())
}

/// Distances to the hashes of the reference implementations in `expected.csv`.
fn distances(dir: &Path) -> Outcome {
    println!("file,reference,width,height,quality,distance,distance_prescaled");
    for row in csv::Reader::from_path(dir.join("expected.csv"))?.records() {
        let row = row?;
        let picture = image::open(dir.join(&row[0]))?.to_rgb8();
        let expected: PdqHash = row[2].parse()?;
        let (full, scaled) = (
            fingerprint::pdq(&picture),
            fingerprint::pdq_prescaled(&picture),
        );
        println!(
            "{},{},{},{},{},{},{}",
            &row[0],
            &row[1],
            picture.width(),
            picture.height(),
            full.quality,
            full.hash.hamming(&expected),
            scaled.hash.hamming(&expected)
        );
    }
    Ok(())
}

/// Hashes in a file, 32 bytes each, in the order of their hexadecimal form.
fn listed(list: &str) -> Result<Vec<PdqHash>, Box<dyn Error>> {
    Ok(fs::read(list)?
        .as_chunks::<32>()
        .0
        .iter()
        .map(|bytes| PdqHash::from_bytes(*bytes))
        .collect())
}

fn entry(number: u64, hash: PdqHash) -> Entry {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&number.to_le_bytes());
    Entry {
        sha256,
        width: 800,
        height: 600,
        pdq: Pdq { hash, quality: 90 },
        sighting: Sighting {
            file: format!("crawl/{number:08}.jpg"),
            seller: format!("shop {}", number % 5000),
            listing: format!("{}", number / 4),
            platform: "market".into(),
            captured_at: "2026-05-01".into(),
        },
        ..Entry::default()
    }
}

/// Peak resident memory of this process, MiB; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

fn add(dir: &Path, list: &str) -> Outcome {
    let start = Instant::now();
    let mut index = Index::create(dir, Settings::default())?;
    let hashes = listed(list)?;
    for (number, hash) in hashes.iter().enumerate() {
        index.add(&entry(number as u64, *hash))?;
        if number % 1000 == 999 {
            index.commit()?;
        }
    }
    index.seal(&mut |_| ())?;
    println!("sightings,seconds,peak_mib");
    println!(
        "{},{:.1},{}",
        hashes.len(),
        start.elapsed().as_secs_f64(),
        peak_mib()
    );
    Ok(())
}

fn search(dir: &Path, list: &str) -> Outcome {
    let index = Index::open(dir)?;
    let queries = listed(list)?;
    println!("method,queries,us_per_query,found");
    for (method, exhaustive) in [("tables", false), ("scan", true)] {
        let asked = if exhaustive {
            &queries[..queries.len().min(200)]
        } else {
            &queries
        };
        let start = Instant::now();
        let found: usize = asked
            .iter()
            .map(|hash| index.near_hashes(hash, 31, exhaustive).len())
            .sum();
        println!(
            "{method},{},{:.2},{found}",
            asked.len(),
            start.elapsed().as_secs_f64() * 1e6 / asked.len() as f64
        );
    }
    Ok(())
}

/// Opening the index and asking it once, as a process that answers one picture does; milliseconds.
fn once(dir: &Path, hash: PdqHash) -> Outcome {
    let start = Instant::now();
    let index = Index::open(dir)?;
    let opened = start.elapsed();
    let found = index.query(&Query::of(Pdq { hash, quality: 90 }))?;
    let total = start.elapsed();
    println!("open_ms,total_ms,found");
    println!(
        "{:.2},{:.2},{}",
        opened.as_secs_f64() * 1e3,
        total.as_secs_f64() * 1e3,
        found.len()
    );
    Ok(())
}

/// Vectors in a file, 32-bit floats, little-endian.
fn vectors(file: &str, dimension: usize) -> Result<Vec<Descriptor>, Box<dyn Error>> {
    let floats: Vec<f32> = fs::read(file)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let describe = |vector: &[f32]| Descriptor {
        vector: vector.to_vec(),
        model: "bench".into(),
        preprocessing: "1".into(),
    };
    Ok(floats.chunks_exact(dimension).map(describe).collect())
}

fn describe(dir: &Path, file: &str, dimension: usize) -> Outcome {
    let mut index = Index::create(dir, Settings::default())?;
    for (number, descriptor) in vectors(file, dimension)?.into_iter().enumerate() {
        let base = entry(number as u64, PdqHash([number as u64, 1, 2, 3]));
        index.add(&Entry {
            descriptor: Some(descriptor),
            ..base
        })?;
    }
    index.commit()?;
    let start = Instant::now();
    index.seal(&mut |_| ())?;
    let stats = index.stats()?;
    println!("descriptors,graph_seconds,recall_at_10,width,peak_mib");
    let (recall, width) = stats
        .recall
        .map_or((1.0, 0), |recall| (recall.recall_at_10, recall.width));
    println!(
        "{},{:.1},{recall:.4},{width},{}",
        stats.descriptors,
        start.elapsed().as_secs_f64(),
        peak_mib()
    );
    Ok(())
}

/// The ten nearest of every query by graph: a line with the median microseconds per query, then one
/// line of rows each.
fn nearest(dir: &Path, file: &str, dimension: usize, width: usize) -> Outcome {
    let index = Index::open(dir)?;
    let queries = vectors(file, dimension)?;
    let ask = |query| index.near_descriptors(query, 10, Breadth::Width(width));
    ask(&queries[0])?;
    let mut times = Vec::new();
    let mut answers = Vec::new();
    for query in &queries {
        let start = Instant::now();
        answers.push(ask(query)?);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    println!("{:.2}", times[times.len() / 2]);
    for answer in answers {
        let rows: Vec<String> = answer.iter().map(|(row, _)| row.to_string()).collect();
        println!("{}", rows.join(","));
    }
    Ok(())
}

/// How the landmarks of each pair of files (separated by a tab, the stored one first) agree,
/// `limit` from the second.
fn align(list: &str, limit: usize) -> Outcome {
    println!("inliers,visible,coverage,unexplained,same_picture,one_print");
    for line in fs::read_to_string(list)?.lines() {
        let (stored, asked) = line.split_once('\t').ok_or("a line without a tab")?;
        let landmarks = |path: &str, limit| -> Result<_, image::ImageError> {
            Ok(fingerprint::landmarks(&image::open(path)?.to_rgb8(), limit))
        };
        let stored = landmarks(stored, fingerprint::STORED_LANDMARKS)?;
        let asked = landmarks(asked, limit)?;
        match stored.find_in(&asked) {
            Some(a) => println!(
                "{},{},{:.3},{:.3},{},{}",
                a.inliers,
                a.visible,
                a.coverage,
                a.unexplained,
                a.is_same_picture(),
                a.is_one_print()
            ),
            None => println!("0,0,0,1,false,false"),
        }
    }
    Ok(())
}

/// Adds without end, says after every commit how many are stored, packs now and then: to be killed.
fn store(dir: &Path, from: u64) -> Outcome {
    let mut index = match Index::writer(dir, Duration::from_secs(5)) {
        Ok(index) => index,
        Err(_) => Index::create(dir, Settings::default())?,
    };
    for number in from.. {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        index.add(&entry(
            number,
            PdqHash([spread, spread.rotate_left(17), !spread, number]),
        ))?;
        if number % 50 == 49 {
            if number % 1000 == 999 {
                index.seal(&mut |_| ())?;
            } else {
                index.commit()?;
            }
            println!("{}", number + 1);
            std::io::stdout().flush()?;
        }
    }
    Ok(())
}
