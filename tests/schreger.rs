//! What the Schreger reader promises, on small pictures drawn here.

use faunalens::evaluate::schreger;
use faunalens::photo::Limits;
use faunalens::progress::{Progress, Silent, Stage};
use faunalens::report::Frame;
use faunalens::schreger::{
    Config, LinePair, MarkedLines, Orientation, Reading, Reason, Species, Status, examine,
    log10_likelihood_ratio, overlay, overlay_of_examination, posterior, read, read_marked,
    read_with_evidence,
};
use image::{Rgb, RgbImage, imageops};
use proptest::prelude::*;
use std::f64::consts::PI;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A quarter of a section with its rim, frontal: axis below the lower left corner, `periods`
/// tangential periods round, angle growing from `inner` to `outer` degrees between radii 120 and
/// 520.
fn section(inner: f64, outer: f64, periods: f64, contrast: f64) -> RgbImage {
    const SIDE: u32 = 460;
    let (start, rim) = (120.0f64, 520.0f64);
    let angle = |r: f64| inner + (outer - inner) * ((r - start) / (rim - start)).clamp(0.0, 1.0);
    let steps = 4000;
    let step = (rim - start) / f64::from(steps);
    let mut radial_phase = vec![0.0];
    for i in 0..steps {
        let r = start + (f64::from(i) + 0.5) * step;
        let tan = (angle(r).to_radians() / 2.0).tan();
        radial_phase.push(radial_phase[i as usize] + tan / r * step);
    }
    let mut grain = 1u64;
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (dx, dy) = (f64::from(x) + 60.0, f64::from(SIDE - y) + 60.0);
        let r = dx.hypot(dy);
        grain = grain
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let noise = (grain >> 40) as f64 / f64::from(1 << 24) * 5.0 - 2.5;
        if r > rim + 12.0 {
            return Rgb([40, 40, 44]);
        }
        if r > rim {
            return Rgb([150, 120, 90]);
        }
        let at = ((r - start) / step).clamp(0.0, f64::from(steps)) as usize;
        let wave = (periods * dy.atan2(dx)).cos() * (periods * radial_phase[at]).cos();
        let light = 205.0 * (1.0 + contrast * wave) + noise;
        Rgb([light, light * 0.94, light * 0.8].map(|v| v.round().clamp(0.0, 255.0) as u8))
    })
}

/// A section on a sheet of woven cloth that bends, threads of 7 pixels crossing over and under.
fn on_cloth(face: &RgbImage) -> RgbImage {
    let mut sheet = RgbImage::from_fn(1100, 900, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let (sin, cos) = 0.3f64.sin_cos();
        let u = x * cos + y * sin + 25.0 * (y / 90.0).sin() * (x / 130.0).cos();
        let v = y * cos - x * sin + 25.0 * (x / 110.0 + 1.0).sin();
        let over = (u * PI / 7.0).sin() * (v * PI / 7.0).sin() > 0.0;
        let across = if over { u } else { v };
        let height = (across * PI / 3.5).sin().abs();
        let light = 130.0 * (1.0 + 0.25 * (2.0 * height - 1.0));
        Rgb([light, light * 0.8, light * 0.9].map(|v| v.round() as u8))
    });
    for (x, y, pixel) in face.enumerate_pixels() {
        // The dark ground of the section is left out.
        if pixel.0[0] > 160 {
            sheet.put_pixel(x + 320, y + 220, *pixel);
        }
    }
    sheet
}

fn mean_of_outermost(inner: f64, outer: f64) -> f64 {
    outer - (outer - inner) * 0.075
}

fn elephant() -> RgbImage {
    section(105.0, 125.0, 200.0, 0.1)
}

fn mammoth() -> RgbImage {
    section(50.0, 74.0, 240.0, 0.1)
}

fn angle(reading: &Reading) -> f64 {
    reading.angle_deg.expect("an oriented angle")
}

fn holds(reading: &Reading, truth: f64) -> bool {
    let [low, high] = reading.ci90_deg.expect("an interval");
    (low - 1.0..=high + 1.0).contains(&truth)
}

#[test]
fn an_elephants_section_is_measured_and_named() {
    let reading = read(&elephant(), &Config::default());
    assert_eq!(reading.status, Status::Measured, "{reading:?}");
    assert_eq!(reading.orientation, Orientation::Radial);
    assert!(
        (angle(&reading) - mean_of_outermost(105.0, 125.0)).abs() < 5.0,
        "{reading:?}"
    );
    assert_eq!(reading.species, Species::Elephant, "{reading:?}");
    let folded = reading.folded_angle_deg.expect("a folded angle");
    assert!((folded + angle(&reading) - 180.0).abs() < 1e-9);
}

#[test]
fn a_mammoths_section_is_measured_and_named() {
    let reading = read(&mammoth(), &Config::default());
    assert_eq!(reading.status, Status::Measured, "{reading:?}");
    assert!(
        (angle(&reading) - mean_of_outermost(50.0, 74.0)).abs() < 5.0,
        "{reading:?}"
    );
    assert_eq!(reading.species, Species::Mammoth, "{reading:?}");
}

#[test]
fn a_face_on_woven_cloth_is_found_before_the_cloth() {
    // Every pair of the cloth's waves was followed by itself, and the face was never judged.
    let found = read(
        &on_cloth(&section(50.0, 74.0, 240.0, 0.05)),
        &Config::default(),
    );
    assert_eq!(found.status, Status::Measured, "{:?}", found.reasons);
    assert!(holds(&found, mean_of_outermost(50.0, 74.0)), "{found:?}");
    assert_eq!(found.species, Species::Mammoth);
}

#[test]
fn woven_cloth_alone_is_no_lattice() {
    let cloth = on_cloth(&RgbImage::new(1, 1));
    let found = read(&cloth, &Config::default());
    assert_eq!(found.status, Status::NoLattice);
}

#[test]
fn a_small_angle_without_the_outer_zone_names_no_species() {
    let inside = imageops::crop_imm(&mammoth(), 0, 170, 290, 290).to_image();
    let reading = read(&inside, &Config::default());
    assert_ne!(reading.species, Species::Mammoth, "{reading:?}");
}

#[test]
fn straight_lines_that_cross_are_no_lattice() {
    let hatch = RgbImage::from_fn(420, 420, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = 0.5 * ((0.55 * x + 0.35 * y).cos() + (0.55 * x - 0.35 * y).cos());
        Rgb([(190.0 * (1.0 + 0.1 * wave)) as u8; 3])
    });
    let reading = read(&hatch, &Config::default());
    assert_eq!(reading.status, Status::NoLattice, "{reading:?}");
    assert!(
        reading.reasons.contains(&Reason::StraightLattice),
        "{reading:?}"
    );
    assert_eq!(reading.angle_deg, None);
}

#[test]
fn rings_alone_and_plain_surfaces_are_no_lattice() {
    let rings = RgbImage::from_fn(400, 400, |x, y| {
        let r = (f64::from(x) + 80.0).hypot(f64::from(y) + 40.0);
        Rgb([(180.0 + 20.0 * (0.7 * r).cos()) as u8; 3])
    });
    let plain = RgbImage::from_pixel(400, 400, Rgb([210, 200, 180]));
    for picture in [rings, plain] {
        let reading = read(&picture, &Config::default());
        assert_eq!(reading.status, Status::NoLattice, "{reading:?}");
        assert_eq!(reading.species, Species::Undecided);
    }
}

#[test]
fn a_picture_too_small_to_hold_windows_is_not_resolvable() {
    for (width, height) in [(1, 1), (60, 900), (95, 95)] {
        let reading = read(&RgbImage::new(width, height), &Config::default());
        assert_eq!(reading.status, Status::NotResolvable);
        assert_eq!(reading.reasons, [Reason::PictureTooSmall]);
    }
}

#[test]
fn the_reading_has_the_fields_of_the_contract() {
    let value = serde_json::to_value(read(&elephant(), &Config::default())).expect("JSON");
    let object = value.as_object().expect("an object");
    let fields: Vec<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "status",
            "angle_deg",
            "ci90_deg",
            "folded_angle_deg",
            "orientation",
            "species",
            "log10_lr_elephant_vs_mammoth",
            "windows",
            "reasons"
        ]
    );
    assert_eq!(object["status"], "measured");
    assert_eq!(object["orientation"], "radial");
    let none = Reading::without(Status::NoLattice, vec![Reason::NoCrossingPeaks]);
    let none = serde_json::to_value(none).expect("JSON");
    assert!(none["angle_deg"].is_null() && none["ci90_deg"].is_null());
    assert_eq!(none["reasons"][0], "no_crossing_peaks");
}

#[test]
fn the_reading_does_not_depend_on_the_number_of_threads() {
    let photo = elephant();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| read(&photo, &Config::default()))
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn turning_and_mirroring_keep_the_reading_within_its_interval() {
    for photo in [elephant(), mammoth()] {
        let upright = read(&photo, &Config::default());
        for changed in [
            imageops::rotate90(&photo),
            imageops::rotate180(&photo),
            imageops::flip_horizontal(&photo),
        ] {
            let reading = read(&changed, &Config::default());
            assert!(holds(&upright, angle(&reading)), "{upright:?} {reading:?}");
            assert_eq!(reading.species, upright.species);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn rescaling_keeps_the_reading_within_its_interval(scale in 0.9f64..1.5) {
        let photo = elephant();
        let side = (f64::from(photo.width()) * scale) as u32;
        let scaled = imageops::resize(&photo, side, side, imageops::FilterType::CatmullRom);
        let (before, after) = (read(&photo, &Config::default()), read(&scaled, &Config::default()));
        prop_assert!(holds(&before, angle(&after)), "{before:?} {after:?}");
    }

    #[test]
    fn another_tint_keeps_the_reading_within_its_interval(
        red in 0.7f64..1.1, green in 0.7f64..1.1, blue in 0.5f64..1.1,
    ) {
        let photo = mammoth();
        let before = read(&photo, &Config::default());
        let mut tinted = photo;
        for pixel in tinted.pixels_mut() {
            for (value, factor) in pixel.0.iter_mut().zip([red, green, blue]) {
                *value = (f64::from(*value) * factor).min(255.0) as u8;
            }
        }
        let after = read(&tinted, &Config::default());
        prop_assert!(holds(&before, angle(&after)), "{before:?} {after:?}");
    }

    #[test]
    fn an_angle_never_speaks_louder_than_a_hundred_to_one(
        angle in 0.0f64..180.0, error in 0.5f64..20.0, outer: bool,
    ) {
        prop_assert!(log10_likelihood_ratio(angle, error, outer).abs() <= 2.0);
        if !outer {
            prop_assert_ne!(Species::of_angle(angle, error, outer), Species::Mammoth);
        }
    }
}

#[test]
fn a_beaded_moulding_is_no_lattice() {
    // Rows of beads round a frame: flat lozenges, coarse and deep. They were read as elephant at
    // 152 degrees.
    let frame = section(152.0, 152.0, 110.0, 0.25);
    let reading = read(&frame, &Config::default());
    assert_eq!(reading.status, Status::NoLattice, "{reading:?}");
    assert!(
        reading.reasons.contains(&Reason::AngleOutOfRange),
        "{reading:?}"
    );
}

/// Three rows of beads of `period` pixels round an axis below the lower left corner.
fn beaded_border(period: f64, radius: f64) -> RgbImage {
    let round = (std::f64::consts::TAU * radius / period).round();
    let mut grain = 1u64;
    RgbImage::from_fn(460, 460, |x, y| {
        let (dx, dy) = (f64::from(x) + 60.0, f64::from(460 - y) + 60.0);
        let (r, bearing) = (dx.hypot(dy), dy.atan2(dx));
        let wave = (round * bearing).cos() * (std::f64::consts::TAU / period * r).cos();
        let within = f64::from((r - radius).abs() < 1.5 * period);
        grain = grain
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let noise = (grain >> 40) as f64 / f64::from(1 << 24) * 5.0 - 2.5;
        let light = 205.0 * (1.0 + 0.08 * within * wave) + noise;
        Rgb([light, light * 0.94, light * 0.8].map(|v| v.round() as u8))
    })
}

#[test]
fn a_border_of_three_rows_of_beads_is_no_lattice() {
    // They were measured: windows that reach the border from either side count six rows.
    for (period, radius) in [(9.0, 330.0), (12.0, 330.0), (12.0, 400.0)] {
        let reading = read(&beaded_border(period, radius), &Config::default());
        assert_eq!(reading.status, Status::NoLattice, "{reading:?}");
    }
}

#[test]
fn the_published_means_speak_for_their_own_species() {
    // Outer angles of Espinoza and Mann 1993: elephant 124.2, mammoth 73.7 degrees.
    assert!(log10_likelihood_ratio(124.2, 3.0, true) > 1.0);
    assert!(log10_likelihood_ratio(73.7, 3.0, true) < -1.0);
    assert_eq!(Species::of_angle(124.2, 2.0, true), Species::Elephant);
    assert_eq!(Species::of_angle(73.7, 2.0, true), Species::Mammoth);
    assert_eq!(Species::of_angle(100.0, 2.0, true), Species::Undecided);
    assert_eq!(Species::of_angle(120.0, 2.0, false), Species::Undecided);
    assert_eq!(Species::of_angle(135.0, 2.0, false), Species::Elephant);
}

#[test]
fn the_posterior_follows_bayes() {
    // 10:1 against even odds is 10/11; against 1:99 it is 10/109.
    assert!((posterior(1.0, 0.5).expect("a prior") - 10.0 / 11.0).abs() < 1e-12);
    assert!((posterior(1.0, 0.01).expect("a prior") - 10.0 / 109.0).abs() < 1e-12);
    assert_eq!(posterior(1.0, 0.0), None);
}

#[test]
fn the_drawing_shows_both_families_the_angle_and_its_interval() {
    let photo = elephant();
    let (reading, evidence) = read_with_evidence(&photo, &Config::default());
    let drawing = overlay(&photo, &reading, evidence.as_ref()).expect("a drawing");
    assert!(drawing.starts_with("<svg") && drawing.ends_with("</svg>\n"));
    assert!(drawing.contains(&format!("Schreger angle {:.1}", angle(&reading))));
    let [low, high] = reading.ci90_deg.expect("an interval");
    assert!(drawing.contains(&format!("90 % interval {low:.1}° to {high:.1}°")));
    let first = drawing.matches("stroke=\"#e6194b\"").count();
    let second = drawing.matches("stroke=\"#0072ce\"").count();
    assert!(first >= 6 && first == second, "{first} and {second} lines");
    assert!(drawing.contains("radial periods"));
}

#[test]
fn the_drawing_of_a_refusal_says_what_was_found_and_why_it_is_none() {
    let hatch = RgbImage::from_fn(420, 420, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = 0.5 * ((0.55 * x + 0.35 * y).cos() + (0.55 * x - 0.35 * y).cos());
        Rgb([(190.0 * (1.0 + 0.1 * wave)) as u8; 3])
    });
    let found = examine(&hatch, &Config::default());
    assert_eq!(found.reading, read(&hatch, &Config::default()));
    assert_eq!(found.reading.status, Status::NoLattice);
    assert!(!found.seeds.is_empty() && !found.surfaces.is_empty());
    let drawing = overlay_of_examination(&hatch, &found).expect("a drawing");
    assert_eq!(drawing.matches("class=\"seed\"").count(), found.seeds.len());
    assert_eq!(
        drawing.matches("class=\"surface\"").count(),
        found.surfaces.len()
    );
    assert!(drawing.contains("refused"), "{drawing}");
    assert!(drawing.contains(Reason::StraightLattice.in_words()));
    // The lines themselves are drawn, of both families alike.
    let first = drawing.matches("stroke=\"#e6194b\"").count();
    let second = drawing.matches("stroke=\"#0072ce\"").count();
    assert!(first >= 4 && first == second, "{first} and {second} lines");
}

#[test]
fn a_picture_in_which_nothing_crosses_is_drawn_with_words() {
    let plain = RgbImage::from_pixel(400, 400, Rgb([210, 200, 180]));
    let found = examine(&plain, &Config::default());
    assert!(found.seeds.is_empty() && found.surfaces.is_empty());
    let drawing = overlay_of_examination(&plain, &found).expect("a drawing");
    assert!(drawing.contains("no window shows two families of lines that cross"));
}

#[test]
fn examining_a_picture_gives_the_reading_that_is_reported() {
    for photo in [elephant(), mammoth(), section(50.0, 74.0, 240.0, 0.004)] {
        let found = examine(&photo, &Config::default());
        let (reading, evidence) = read_with_evidence(&photo, &Config::default());
        assert_eq!(found.reading, reading);
        assert_eq!(found.evidence, evidence);
        // Nothing is followed where no window shows lines that cross.
        let first = found.surfaces.first().map(|surface| &surface.reading);
        assert!(first.is_none_or(|first| *first == reading), "{first:?}");
        assert_eq!(
            first.is_none(),
            reading.reasons == [Reason::NoCrossingPeaks]
        );
    }
}

/// Pairs of lines that cross at `angle` degrees about the radius from `centre`, at `places`.
fn marks(angle: f64, centre: [f64; 2], places: &[[f64; 2]]) -> Vec<LinePair> {
    let line = |[x, y]: [f64; 2], turn: f64| {
        let along = (y - centre[1]).atan2(x - centre[0]) + turn;
        let (dx, dy) = (25.0 * along.cos(), 25.0 * along.sin());
        [x - dx, y - dy, x + dx, y + dy]
    };
    let half = angle.to_radians() / 2.0;
    (places.iter())
        .map(|place| LinePair {
            a: line(*place, half),
            b: line(*place, -half),
        })
        .collect()
}

const PLACES: [[f64; 2]; 4] = [[300.0, 60.0], [350.0, 90.0], [260.0, 70.0], [420.0, 110.0]];

#[test]
fn lines_marked_by_hand_give_the_angle_that_opens_to_the_axis() {
    for truth in [60.0, 74.0, 100.0, 124.0] {
        let marked = MarkedLines {
            pairs: marks(truth, [340.0, 700.0], &PLACES),
            radial: None,
            centre: Some([340.0, 700.0]),
            outer_zone: true,
        };
        let reading = read_marked(&marked, &Config::default()).expect("marks");
        assert_eq!(reading.status, Status::Measured);
        assert!((angle(&reading) - truth).abs() < 0.01, "{reading:?}");
        let [low, high] = reading.ci90_deg.expect("an interval");
        assert!(low < truth && truth < high && high - low > 6.0);
        let species = match truth {
            t if t < 80.0 => Species::Mammoth,
            t if t > 120.0 => Species::Elephant,
            _ => Species::Undecided,
        };
        assert_eq!(reading.species, species, "{reading:?}");
    }
}

#[test]
fn marks_without_a_radial_direction_name_no_species_and_one_bad_mark_moves_little() {
    let good = marks(124.0, [340.0, 700.0], &PLACES);
    let without = MarkedLines {
        pairs: good.clone(),
        radial: None,
        centre: None,
        outer_zone: true,
    };
    let reading = read_marked(&without, &Config::default()).expect("marks");
    assert_eq!(reading.angle_deg, None);
    assert!((reading.folded_angle_deg.expect("folded") - 56.0).abs() < 0.01);
    assert_eq!(reading.species, Species::Undecided);
    let mut pairs = good;
    pairs.extend(marks(60.0, [340.0, 700.0], &[[380.0, 80.0]]));
    let spoilt = MarkedLines {
        pairs,
        centre: Some([340.0, 700.0]),
        ..without
    };
    let reading = read_marked(&spoilt, &Config::default()).expect("marks");
    // The plain mean would be 111.2.
    assert!(angle(&reading) > 114.0, "{reading:?}");
}

#[test]
fn marks_that_say_nothing_are_named() {
    let marked = |pairs| MarkedLines {
        pairs,
        radial: None,
        centre: None,
        outer_zone: false,
    };
    let none = read_marked(&marked(Vec::new()), &Config::default());
    assert!(none.is_err());
    let point = LinePair {
        a: [1.0; 4],
        b: [0.0, 0.0, 5.0, 5.0],
    };
    let error = read_marked(&marked(vec![point]), &Config::default()).expect_err("a point");
    assert!(error.to_string().contains("pair 1"), "{error}");
    let alike = LinePair {
        a: [0.0, 0.0, 9.0, 9.0],
        b: [5.0, 0.0, 14.0, 9.0],
    };
    assert!(read_marked(&marked(vec![alike]), &Config::default()).is_err());
}

/// Counts the steps of a study.
#[derive(Default)]
struct Steps(AtomicUsize);

impl Progress for Steps {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn end(&self) {}
}

#[test]
fn an_evaluation_counts_what_was_read_and_what_could_not_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    elephant().save(at("e.png")).expect("a picture");
    RgbImage::from_pixel(300, 300, Rgb([200; 3]))
        .save(at("p.png"))
        .expect("a picture");
    fs::write(at("broken.png"), b"not a picture").expect("a file");
    let manifest = format!(
        "file,kind,lattice,species,angle_deg,outer_zone,tilt_deg,oblique_deg,px_per_period,contrast,jpeg\n\
         e.png,section,true,elephant,{},true,0,0,8,0.1,0\n\
         p.png,plain,false,,,,,,,,\nbroken.png,plain,false,,,,,,,,\np.png,plain,perhaps,,,,,,,,\n",
        mean_of_outermost(105.0, 125.0)
    );
    fs::write(at("manifest.csv"), manifest).expect("a manifest");
    let out = at("out");
    let steps = Steps::default();
    let plan = schreger::Plan::new(at("manifest.csv"));
    let study = schreger::run(&plan, &steps).expect("an evaluation");
    let frame = Frame::new(study.provenance.clone(), Limits::default());
    schreger::write(&study, &frame, &out).expect("a report");
    assert_eq!(steps.0.load(Ordering::Relaxed), 3, "a step per picture");
    let summary = &study.summary;
    assert_eq!(summary.unreadable, 1);
    let lines: Vec<usize> = study.left_out.iter().map(|row| row.line).collect();
    assert_eq!(
        lines,
        [5, 4],
        "a row that is no case, a picture that is none"
    );
    assert_eq!(
        (
            summary.slices[0].measured.hits,
            summary.slices[0].measured.of
        ),
        (1, 1)
    );
    assert_eq!(
        (
            summary.false_lattices[0].measured.hits,
            summary.false_lattices[0].measured.of
        ),
        (0, 1)
    );
    let page = fs::read_to_string(out.join("README.md")).expect("a page");
    assert!(page.contains("They do not prove accuracy on photographs of real tusks"));
    for file in [
        "readings.csv",
        "slices.csv",
        "summary.csv",
        "selective_risk.csv",
        "false_lattice.csv",
        "angle.svg",
        "error.svg",
        "selective_risk.svg",
        "report.html",
        "report.json",
        "figures.csv",
        "left_out.csv",
    ] {
        assert!(out.join(file).metadata().expect(file).len() > 40, "{file}");
    }
    let missing = schreger::run(&schreger::Plan::new(at("none.csv")), &Silent);
    assert!(
        missing
            .expect_err("no manifest")
            .to_string()
            .contains("none.csv")
    );
}
