//! `faunalens model`: a bundle is checked before it is believed.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::program::{
    assert_status, crawl, edited_bundle, faunalens, json_lines, patterns, photo, project, run,
    stderr, stdout,
};

#[test]
fn show_tells_labels_thresholds_and_hash() {
    let output = run(&["model", "show"]);
    assert_status(&output, 0);
    let text = stdout(&output);
    for word in [
        "faunalens-base",
        "ivory",
        "flag from",
        "sha256",
        "temperature",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn the_shipped_bundle_is_sound_and_has_a_card() {
    assert_status(&run(&["model", "verify"]), 0);
    let output = run(&["model", "show", "--card"]);
    assert_status(&output, 0);
    assert!(stdout(&output).contains('#'), "the card is Markdown");
}

/// Verifies a bundle that was edited and returns the complaint.
fn complaint(edit: impl FnOnce(String) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bundle = edited_bundle(folder.path(), edit);
    verify(&bundle)
}

fn verify(bundle: &Path) -> String {
    let output = faunalens()
        .args(["model", "verify", "--model"])
        .arg(bundle)
        .output()
        .unwrap();
    assert_status(&output, 2);
    stderr(&output)
}

#[test]
fn a_changed_model_is_refused_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = edited_bundle(folder.path(), |text| text);
    let model = bundle.join("model.onnx");
    let mut bytes = std::fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&model, bytes).unwrap();
    assert!(verify(&bundle).contains("SHA-256"));
}

#[test]
fn a_mismatch_between_description_and_model_is_named() {
    let wrong_count = complaint(|text| {
        let without_prior = |line: &&str| !line.starts_with("prior =");
        let lines: Vec<&str> = text.lines().filter(without_prior).collect();
        lines.join("\n").replace("\"wood\", ", "")
    });
    assert!(wrong_count.contains("labels"), "{wrong_count}");
    let wrong_size = complaint(|text| text.replace("width = 224", "width = 192"));
    assert!(wrong_size.contains("input"), "{wrong_size}");
    let wrong_output = complaint(|text| text.replace("logits = \"logits\"", "logits = \"scores\""));
    assert!(
        wrong_output.contains("no output \"scores\""),
        "{wrong_output}"
    );
    let wrong_descriptor =
        complaint(|text| text.replace("descriptor_size = ", "descriptor_size = 1"));
    assert!(
        wrong_descriptor.contains("descriptor"),
        "{wrong_descriptor}"
    );
}

#[test]
fn what_the_input_holds_is_compared_with_the_model() {
    let floats = "dtype = \"float32\"\nmean = [127.0, 127.0, 127.0]\nstd = [128.0, 128.0, 128.0]";
    let wrong = complaint(|text| text.replace("dtype = \"uint8\"", floats));
    assert!(
        wrong.contains("input holds uint8, float32 is expected"),
        "{wrong}"
    );
    let bare = complaint(|text| text.replace("dtype = \"uint8\"", ""));
    assert!(
        bare.contains("input.mean and input.std are missing"),
        "{bare}"
    );
    let both =
        complaint(|text| text.replace("dtype = \"uint8\"", "dtype = \"uint8\"\nstd = [1, 1, 1]"));
    assert!(both.contains("a network of bytes"), "{both}");
}

#[test]
fn nonsense_in_bundle_toml_is_named() {
    let typo = complaint(|text| text.replace("temperature", "temprature"));
    assert!(typo.contains("temprature"), "{typo}");
    let order = complaint(|text| text.replace("review = ", "review = 1.0 # "));
    assert!(order.contains("review <= flag"), "{order}");
    let schema = complaint(|text| text.replace("faunalens.bundle.v1", "faunalens.bundle.v9"));
    assert!(schema.contains("v9"), "{schema}");
    let label = complaint(|text| text.replace("[thresholds.ivory]", "[thresholds.gold]"));
    assert!(label.contains("gold"), "{label}");
}

#[test]
fn a_missing_bundle_is_named() {
    let output = run(&["check", "a.jpg", "--model", "models/none"]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("models/none"));
}

/// Runs `model learn` on a folder, on top of `base`.
fn learn(from: &Path, into: &Path, base: &Path, more: &[&str]) -> std::process::Output {
    let mut command = faunalens();
    command.args(["model", "learn", "--from"]).arg(from);
    command.arg("--into").arg(into).arg("--model").arg(base);
    command.args(more).output().unwrap()
}

/// The shipped bundle without anything that helps to learn: only its descriptor is left.
fn plain_bundle(folder: &Path) -> std::path::PathBuf {
    edited_bundle(folder, |text| {
        let text = without_table(without_table(text, "\n[training]"), "\n[background]");
        let kept = text.lines().filter(|line| !line.starts_with("features"));
        kept.collect::<Vec<_>>().join("\n")
    })
}

/// The text of a bundle.toml without one of its tables.
fn without_table(text: String, table: &str) -> String {
    let Some(start) = text.find(table) else {
        return text;
    };
    let rest = &text[start + 1..];
    let end = rest.find("\n[").unwrap_or(rest.len());
    format!("{}{}", &text[..start], &rest[end..])
}

fn first_label(bundle: &Path) -> String {
    let text = std::fs::read_to_string(bundle.join("bundle.toml")).unwrap();
    labels(&text).remove(0)
}

fn records(bundle: &Path, photos: &[std::path::PathBuf], more: &[&str]) -> Vec<serde_json::Value> {
    let mut command = faunalens();
    command
        .args(["check", "--json", "--schreger", "never", "--model"])
        .arg(bundle);
    let output = command.args(more).args(photos).output().unwrap();
    assert_status(&output, 0);
    json_lines(&stdout(&output))
}

#[test]
fn a_few_pictures_teach_a_label_that_every_command_then_knows() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "dots", "plain"], 9);
    // `plain` plays the part of everything else.
    std::fs::rename(pictures.join("plain"), pictures.join("other")).unwrap();
    let mine = folder.path().join("mine");
    let unseen: Vec<_> = ["stripes", "dots", "other"]
        .iter()
        .map(|label| {
            let taken = folder.path().join(format!("{label}.png"));
            std::fs::rename(pictures.join(label).join("08.png"), &taken).unwrap();
            taken
        })
        .collect();
    let output = learn(&pictures, &mine, &base, &["--product", "stripes"]);
    assert_status(&output, 0);
    let text = stdout(&output);
    assert!(
        text.contains("stripes") && text.contains("review from"),
        "{text}"
    );
    assert!(
        text.contains("copy descriptor"),
        "says what it fell back to: {text}"
    );

    let verify = faunalens()
        .args(["model", "verify", "--model"])
        .arg(&mine)
        .output()
        .unwrap();
    assert_status(&verify, 0);
    let show = faunalens()
        .args(["model", "show", "--card", "--model"])
        .arg(&mine)
        .output()
        .unwrap();
    assert!(stdout(&show).contains("head"), "{}", stdout(&show));
    assert!(
        stdout(&show).contains("| stripes | 8 | 8 |"),
        "{}",
        stdout(&show)
    );

    let scored = records(&mine, &unseen, &[]);
    for (record, label) in scored.iter().zip(["stripes", "dots", "other"]) {
        assert_eq!(record["materials"][0]["label"], label, "{record}");
        let sum: f64 = record["materials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["score"].as_f64().unwrap())
            .sum();
        assert!((sum - 1.0).abs() < 1e-4);
    }
    assert_ne!(
        scored[0]["decision"], "clear",
        "a product raises: {}",
        scored[0]
    );
    assert_eq!(scored[1]["decision"], "clear", "dots are no product");
    let sha = scored[0]["model"]["sha256"].as_str().unwrap().to_owned();
    let network = records(&base, &unseen[..1], &[])[0]["model"]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(sha, network, "another head is another model");

    let scan = faunalens()
        .arg("scan")
        .arg(&pictures)
        .arg("--out")
        .arg(folder.path().join("rows.csv"))
        .arg("--model")
        .arg(&mine)
        .output()
        .unwrap();
    assert_status(&scan, 0);
    let again = learn(&pictures, &mine, &base, &[]);
    assert_status(&again, 2);
    assert!(
        stderr(&again).contains("there already"),
        "{}",
        stderr(&again)
    );
    let twice = learn(&pictures, &folder.path().join("twice"), &mine, &[]);
    assert_status(&twice, 2);
    assert!(
        stderr(&twice).contains("teach its base"),
        "{}",
        stderr(&twice)
    );
}

#[test]
fn the_same_pictures_give_the_same_head_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "dots", "other"], 5);
    let taught_with = |threads: &str| {
        let into = folder.path().join(threads);
        let output = faunalens()
            .args(["model", "learn", "--from"])
            .arg(&pictures)
            .arg("--into")
            .arg(&into)
            .arg("--model")
            .arg(&base)
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert_status(&output, 0);
        ["head.bin", "held_out.csv"].map(|file| std::fs::read(into.join(file)).unwrap())
    };
    assert!(taught_with("1") == taught_with("3"));
}

#[test]
fn a_changed_head_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "other"], 4);
    let mine = folder.path().join("mine");
    assert_status(&learn(&pictures, &mine, &base, &[]), 0);
    let head = mine.join("head.bin");
    let mut bytes = std::fs::read(&head).unwrap();
    bytes[9] ^= 1;
    std::fs::write(&head, bytes).unwrap();
    let complaint = verify(&mine);
    assert!(
        complaint.contains("head.bin") && complaint.contains("SHA-256"),
        "{complaint}"
    );
}

/// Rows that [`bundle_with_background`] has.
const BACKGROUND_ROWS: usize = 40;

/// A bundle whose descriptor plays the part of the features, with background pictures here and
/// there: row after row shows label after label, and the network is right about each.
fn bundle_with_background(folder: &Path) -> std::path::PathBuf {
    let base = plain_bundle(folder);
    let toml = base.join("bundle.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let labels = labels(&text).len();
    let size = text[text.find("descriptor_size = ").unwrap() + 18..].lines();
    let size: u32 = size.map(str::trim).next().unwrap().parse().unwrap();
    let mut background = Vec::new();
    for row in 0..BACKGROUND_ROWS as u32 {
        let shown = row % labels as u32;
        background.extend(shown.to_le_bytes());
        for label in 0..labels as u32 {
            let logit = if label == shown { 3.0f32 } else { 0.0 };
            background.extend(logit.to_le_bytes());
        }
        background.extend((1.0f32 / 2000.0).to_le_bytes());
        let feature = |value: u32| ((row * 131 + value * value * 17 + value * 7) % 251) as u8;
        background.extend((0..size).map(feature));
    }
    std::fs::write(base.join("background.bin"), &background).unwrap();
    let sha = faunalens::photo::hex(&Sha256::digest(&background));
    let text = text.replace(
        "descriptor_size",
        &format!("features = \"descriptor\"\nfeatures_size = {size}\ndescriptor_size"),
    );
    let table = format!("[background]\nfile = \"background.bin\"\nsha256 = \"{sha}\"\n");
    std::fs::write(&toml, format!("{text}\n{table}")).unwrap();
    base
}

/// The labels of a bundle.toml.
fn labels(text: &str) -> Vec<String> {
    let names = &text[text.find("names = [").unwrap()..];
    let names = names[..names.find(']').unwrap()].split('"');
    names.skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn new_labels_need_something_to_be_told_from() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "dots"], 6);
    let alone = learn(&pictures, &folder.path().join("mine"), &base, &[]);
    assert_status(&alone, 2);
    assert!(
        stderr(&alone).contains("no background pictures"),
        "{}",
        stderr(&alone)
    );
}

#[test]
fn background_pictures_stand_for_the_rest_of_the_world() {
    let folder = tempfile::tempdir().unwrap();
    let base = bundle_with_background(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "dots"], 6);
    let mine = folder.path().join("mine");
    let output = learn(&pictures, &mine, &base, &[]);
    assert_status(&output, 0);
    assert!(
        stdout(&output).contains("40 background pictures of the base: 40 named rightly before"),
        "{}",
        stdout(&output)
    );
    let scored = records(
        &mine,
        &[
            pictures.join("stripes/00.png"),
            pictures.join("dots/00.png"),
        ],
        &[],
    );
    assert_eq!(scored[0]["materials"][0]["label"], "stripes");
    assert_eq!(scored[1]["materials"][0]["label"], "dots");
}

#[test]
fn a_replaced_label_does_not_hide_what_the_base_names_rightly() {
    let folder = tempfile::tempdir().unwrap();
    let base = bundle_with_background(folder.path());
    let replaced = first_label(&base);
    let pictures = patterns(folder.path(), &["stripes", "dots"], 6);
    std::fs::rename(pictures.join("stripes"), pictures.join(&replaced)).unwrap();
    let mine = folder.path().join("mine");
    let output = learn(&pictures, &mine, &base, &["--replace", &replaced]);
    assert_status(&output, 0);
    // Background pictures of the replaced label take no part.
    let text = std::fs::read_to_string(base.join("bundle.toml")).unwrap();
    let left = BACKGROUND_ROWS - BACKGROUND_ROWS.div_ceil(labels(&text).len());
    let expected = format!("{left} background pictures of the base: {left} named rightly before");
    assert!(stdout(&output).contains(&expected), "{}", stdout(&output));
}

#[test]
fn a_background_cut_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let base = bundle_with_background(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "dots"], 6);
    let path = base.join("background.bin");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[1..]).unwrap();
    let cut = learn(&pictures, &folder.path().join("mine"), &base, &[]);
    assert_status(&cut, 2);
    assert!(stderr(&cut).contains("background.bin"), "{}", stderr(&cut));
}

#[test]
fn what_cannot_be_learnt_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "other"], 4);
    let mine = folder.path().join("mine");
    let complaint = |from: &Path, more: &[&str]| {
        let output = learn(from, &mine, &base, more);
        assert_status(&output, 2);
        assert!(!mine.exists());
        stderr(&output)
    };
    assert!(complaint(&pictures, &["--product", "dots"]).contains("--product dots"));
    assert!(
        complaint(&pictures, &["--replace", "stripes"]).contains("the network has no such label")
    );
    let few = patterns(&folder.path().join("few"), &["stripes", "other"], 2);
    assert!(complaint(&few, &[]).contains("at least 3"));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(complaint(&folder.path().join("empty"), &[]).contains("no usable picture"));
}

#[test]
fn a_label_with_too_few_pictures_is_skipped_aloud_and_the_others_are_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "other"], 5);
    let rare = patterns(&folder.path().join("rare"), &["dots"], 2);
    std::fs::rename(rare.join("dots"), pictures.join("dots")).unwrap();
    let mine = folder.path().join("mine");
    let output = learn(&pictures, &mine, &base, &[]);
    assert_status(&output, 1);
    let text = stderr(&output);
    assert!(
        text.contains("label dots is skipped: 2 independent"),
        "{text}"
    );
    let taught = std::fs::read_to_string(mine.join("bundle.toml")).unwrap();
    assert!(
        taught.contains("stripes") && !taught.contains("dots"),
        "{taught}"
    );
    // Asked for by name, it is needed.
    let asked = learn(
        &pictures,
        &folder.path().join("other"),
        &base,
        &["--product", "dots"],
    );
    assert_status(&asked, 2);
    assert!(stderr(&asked).contains("at least 3"), "{}", stderr(&asked));
}

#[test]
fn pictures_that_cannot_serve_are_left_out_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "other"], 5);
    std::fs::write(pictures.join("stripes/broken.jpg"), b"no picture").unwrap();
    std::fs::copy(
        pictures.join("stripes/00.png"),
        pictures.join("other/same.png"),
    )
    .unwrap();
    let output = learn(&pictures, &folder.path().join("mine"), &base, &[]);
    assert_status(&output, 1);
    let text = stderr(&output);
    assert!(
        text.contains("broken.jpg") && text.contains("near-duplicate"),
        "{text}"
    );
}

#[test]
fn background_photographs_set_the_thresholds_and_a_copy_of_a_picture_given_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "dots"], 5);
    let usual = patterns(&folder.path().join("usual"), &["plain"], 101).join("plain");
    let copy = usual.join("copy.png");
    std::fs::copy(pictures.join("stripes/00.png"), &copy).unwrap();
    let mine = folder.path().join("mine");
    let usual = usual.to_str().unwrap();
    let more = [
        "--product",
        "stripes",
        "--background",
        usual,
        "--looks",
        "3",
    ];
    let output = learn(&pictures, &mine, &base, &more);
    assert_status(&output, 1);
    let text = stderr(&output);
    assert!(
        text.contains("copy.png") && text.contains("near-duplicate"),
        "{text}"
    );
    let text = stdout(&output);
    assert!(
        text.contains("101 photographs of --background: 0 named as a label taught"),
        "{text}"
    );
    assert!(text.contains("0 of 101 of the background"), "{text}");
    let card = std::fs::read_to_string(mine.join("CARD.md")).unwrap();
    assert!(
        card.contains("Of 101 photographs of the kind that is scanned"),
        "{card}"
    );
    let held_out = std::fs::read_to_string(mine.join("held_out.csv")).unwrap();
    assert_eq!(held_out.lines().count(), 11, "the pictures given alone");
    let nothing = learn(
        &pictures,
        &folder.path().join("none"),
        &base,
        &["--background", "nowhere"],
    );
    assert_status(&nothing, 2);
    assert!(stderr(&nothing).contains("nowhere"), "{}", stderr(&nothing));
}

#[test]
fn whole_sources_are_held_out_where_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "other"], 6);
    let manifest = |sources: usize| {
        let rows: String = ["stripes", "other"]
            .iter()
            .flat_map(|label| {
                (0..6).map(move |place| {
                    format!("{label}/{place:02}.png,{label},{}\n", place % sources)
                })
            })
            .collect();
        let path = pictures.join(format!("{sources}.csv"));
        std::fs::write(&path, format!("file,label,source\n{rows}")).unwrap();
        path
    };
    let asked = ["--hold-out", "source", "--looks", "2"];
    let two = learn(&manifest(2), &folder.path().join("two"), &base, &asked);
    assert_status(&two, 2);
    assert!(
        stderr(&two).contains("6 pictures in 2 groups"),
        "{}",
        stderr(&two)
    );
    let mine = folder.path().join("three");
    let three = learn(&manifest(3), &mine, &base, &asked);
    assert_status(&three, 0);
    let card = std::fs::read_to_string(mine.join("CARD.md")).unwrap();
    assert!(
        card.contains("A group is a source that the manifest names"),
        "{card}"
    );
    assert!(card.contains("| stripes | 6 | 3 |"), "{card}");
}

#[test]
fn looks_teach_the_same_every_time_and_are_left_away_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let base = plain_bundle(folder.path());
    let pictures = patterns(folder.path(), &["stripes", "other"], 4);
    let head = |name: &str, looks: &str| {
        let mine = folder.path().join(name);
        assert_status(&learn(&pictures, &mine, &base, &["--looks", looks]), 0);
        let card = std::fs::read_to_string(mine.join("CARD.md")).unwrap();
        assert!(card.contains(&format!("in {looks} looks")), "{card}");
        std::fs::read(mine.join("head.bin")).unwrap()
    };
    let plain = head("plain", "0");
    assert!(head("some", "5") == head("again", "5"));
    assert!(head("others", "5") != plain);
}

#[test]
fn a_prior_moves_the_scores_and_stands_in_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let base = project().join("models/faunalens-base");
    let photos = [photo("baseline.jpg")];
    let label = first_label(&base);
    let score = |record: &serde_json::Value| {
        let all = record["materials"].as_array().unwrap();
        let own = all
            .iter()
            .find(|material| material["label"] == label.as_str())
            .unwrap();
        own["score"].as_f64().unwrap()
    };
    let plain = records(&base, &photos, &[]);
    assert!(plain[0]["model"].get("prior").is_none());
    let (rare, common) = (format!("{label}=0.00001"), format!("{label}=0.99"));
    let low = records(&base, &photos, &["--prior", &rare]);
    let high = records(&base, &photos, &["--prior", &common]);
    assert!(score(&low[0]) <= score(&plain[0]) && score(&plain[0]) < score(&high[0]));
    assert_eq!(high[0]["model"]["prior"][&label], 0.99);

    // One output holds rows of one prior.
    let out = folder.path().join("rows.csv");
    let crawl = crawl(folder.path(), 2);
    let scan = |more: &[&str]| {
        faunalens()
            .arg("scan")
            .arg(&crawl)
            .arg("--out")
            .arg(&out)
            .args(more)
            .output()
            .unwrap()
    };
    assert_status(&scan(&["--prior", &rare]), 0);
    assert_status(&scan(&["--prior", &rare]), 0);
    let other = scan(&[]);
    assert_status(&other, 2);
    assert!(stderr(&other).contains(&rare), "{}", stderr(&other));
}

#[test]
fn a_prior_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let silent = edited_bundle(folder.path(), |text| without_table(text, "\n[calibration]"));
    let label = first_label(&silent);
    let ask = |bundle: &Path, prior: &str| {
        let output = faunalens()
            .arg("check")
            .arg(photo("baseline.jpg"))
            .args(["--prior", prior, "--model"])
            .arg(bundle)
            .output()
            .unwrap();
        assert_status(&output, 2);
        stderr(&output)
    };
    assert!(ask(&silent, &format!("{label}=0.1")).contains("[calibration] prior"));
    let shipped = project().join("models/faunalens-base");
    assert!(ask(&shipped, "gold=0.1").contains("no label gold"));
    assert!(ask(&shipped, &format!("{label}=2")).contains("between 0 and 1"));
    let torn = complaint(|text| {
        let start = text.find("prior = {").unwrap();
        format!("{}prior = {{ }} #{}", &text[..start], &text[start..])
    });
    assert!(torn.contains("calibration.prior"), "{torn}");
}

#[cfg(unix)]
#[test]
fn a_bundle_reads_regular_files_of_its_folder_alone_and_tells_nothing_of_others() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "what nobody should learn of").unwrap();
    let bundle = edited_bundle(folder.path(), |text| text);
    let (model, text) = (bundle.join("model.onnx"), bundle.join("bundle.toml"));
    let described = std::fs::read_to_string(&text).unwrap();
    // A hash in the complaint would tell what a file holds.
    let refused = |words: &str| {
        let complaint = verify(&bundle);
        assert!(complaint.contains(words), "{words}: {complaint}");
        let hexadecimal =
            |word: &str| word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
        let hashes = complaint.split(|c: char| !c.is_ascii_alphanumeric());
        let foreign = hashes.filter(|word| hexadecimal(word) && !described.contains(word));
        assert_eq!(
            foreign.collect::<Vec<_>>(),
            Vec::<&str>::new(),
            "{complaint}"
        );
        assert!(!complaint.contains("nobody"), "{complaint}");
    };
    let pointing_to = |file: &str| {
        let line = described
            .lines()
            .find(|line| line.starts_with("file = "))
            .unwrap();
        std::fs::write(
            &text,
            described.replacen(line, &format!("file = {file:?}"), 1),
        )
        .unwrap();
    };
    pointing_to("../secret");
    refused("leads out of the bundle");
    pointing_to(secret.to_str().unwrap());
    refused("leads out of the bundle");
    std::fs::write(&text, &described).unwrap();

    std::fs::remove_file(&model).unwrap();
    symlink(&secret, &model).unwrap();
    refused("leads out of the bundle");
    std::fs::remove_file(&model).unwrap();
    std::fs::create_dir(&model).unwrap();
    refused("not a regular file");
    std::fs::remove_dir(&model).unwrap();
    // A pipe that nobody writes to would keep the program waiting for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(&model)
        .status()
        .unwrap();
    assert!(made.success());
    refused("not a regular file");
    std::fs::remove_file(&model).unwrap();
    std::fs::write(&model, "changed").unwrap();
    refused("SHA-256");

    std::fs::write(&text, vec![b'#'; 4 << 20]).unwrap();
    assert!(verify(&bundle).contains("larger than"));
}
