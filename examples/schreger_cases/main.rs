//! Renders test cases for the Schreger reader: sections of tusks with known angle, and surfaces
//! that only look regular.
//!
//! `cargo run --release --example schreger_cases -- OUT SEED SECTIONS LOOKALIKES`
//!
//! Writes pictures and `manifest.csv` with the truth of each. Same arguments, same bytes. The
//! parameters are those of the literature (outer angles of Espinoza and Mann 1993, inner ones of
//! Abelova 2008 and Singh 2006); nothing is shared with the reader except geometry.

mod body;
mod camera;
mod chance;
mod face;
mod lookalike;
mod pattern;
mod section;
mod shot;
mod truth;
mod tusk;

use chance::Chance;
use rayon::prelude::*;
use shot::Difficulty;
use std::fs;
use std::path::Path;
use tusk::Taxon;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, seed, sections, lookalikes] = arguments.as_slice() else {
        eprintln!("usage: schreger_cases OUT SEED SECTIONS LOOKALIKES");
        std::process::exit(2);
    };
    let out = Path::new(out);
    fs::create_dir_all(out).expect("the output folder can be made");
    let seed: u64 = seed.parse().expect("SEED is a whole number");
    let sections: u64 = sections.parse().expect("SECTIONS is a whole number");
    let lookalikes: u64 = lookalikes.parse().expect("LOOKALIKES is a whole number");
    let mut manifest = String::from(
        "file,kind,view,lattice,species,angle_deg,rim_angle_deg,third_angle_deg,outer_zone,tilt_deg,oblique_deg,px_per_period,contrast,span_deg,outer_radius_px,cells,blur,jpeg\n",
    );
    let rows: Vec<String> = (0..sections).into_par_iter().map(|i| {
        let mut chance = Chance::new(seed.wrapping_mul(1_000_003).wrapping_add(i));
        let difficulty = [Difficulty::Frontal, Difficulty::Tilted, Difficulty::Frontal, Difficulty::Wild][(i % 4) as usize];
        let (photo, truth) = section::render(&mut chance, difficulty);
        let file = format!("section-{i:05}.png");
        photo.save(out.join(&file)).expect("the picture can be written");
        let species = if truth.taxon == Taxon::Elephant { "elephant" } else { "mammoth" };
        let view = difficulty.name();
        format!(
            "{file},{},{view},true,{species},{:.2},{:.2},{:.2},{},{:.1},{:.1},{:.2},{:.4},{:.1},{:.1},{:.0},{:.2},{}\n",
            truth.shape.name(),
            truth.angle_deg,
            truth.rim_angle_deg,
            truth.third_angle_deg,
            truth.outer_zone,
            truth.tilt_deg,
            truth.oblique_deg,
            truth.px_per_period,
            truth.contrast,
            truth.span_deg,
            truth.outer_radius_px,
            truth.cells,
            truth.blur,
            truth.jpeg,
        )
    }).collect();
    manifest.extend(rows);
    let rows: Vec<String> = (0..lookalikes)
        .into_par_iter()
        .map(|i| {
            let mut chance =
                Chance::new(seed.wrapping_mul(1_000_003).wrapping_add(0x4000_0000 + i));
            let kind = lookalike::KINDS[(i % lookalike::KINDS.len() as u64) as usize];
            let photo = lookalike::render(&mut chance, kind);
            let file = format!("lookalike-{i:05}.png");
            photo
                .save(out.join(&file))
                .expect("the picture can be written");
            format!("{file},{kind},,false,,,,,,,,,,,,,,\n")
        })
        .collect();
    manifest.extend(rows);
    fs::write(out.join("manifest.csv"), manifest).expect("the manifest can be written");
}
