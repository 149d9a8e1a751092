//! docs/formats.md against what the program writes: every field, every column, every word.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command as Process;

use faunalens::manifest::Column;
use regex::Regex;
use serde_json::Value;

use crate::help;
use crate::page::{Page, project};

type Names = BTreeSet<String>;

/// What the program writes, by the heading under which docs/formats.md describes it.
type Written = BTreeMap<String, Names>;

#[test]
fn every_field_and_column_is_described_and_no_other() {
    let page = Page::read("docs/formats.md");
    let folder = tempfile::tempdir().unwrap();
    let written = written(folder.path());
    let mut wrong = Vec::new();
    for table in page
        .headings
        .iter()
        .filter(|heading| heading.ends_with(".csv"))
    {
        if !written.contains_key(table) {
            wrong.push(format!("{table}: not written"));
        }
    }
    for (heading, names) in &written {
        let described: Names = page.defined_under(heading).into_iter().collect();
        let missing: Vec<_> = names.difference(&described).collect();
        let made_up: Vec<_> = described.difference(names).collect();
        if !missing.is_empty() || !made_up.is_empty() {
            wrong.push(format!(
                "{heading}: not described {missing:?}, not written {made_up:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_column_of_a_manifest_is_explained_with_its_synonyms() {
    let page = Page::read("docs/formats.md");
    let mut columns = page.defined_under("Manifests");
    let mut known: Vec<&str> = Column::all().map(Column::name).collect();
    columns.sort();
    known.sort();
    assert_eq!(columns, known);
    for column in Column::all() {
        let item = page
            .definitions
            .iter()
            .find(|item| item.names == [column.name()]);
        let told = item.map_or(&[][..], |item| &item.others);
        for synonym in column.synonyms() {
            assert!(
                told.iter().any(|told| told == synonym),
                "{}: {synonym}",
                column.name()
            );
        }
    }
}

#[test]
fn every_feature_of_the_crate_is_explained() {
    let manifest = std::fs::read_to_string(project().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let features: Names = manifest["features"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let page = Page::read("docs/install.md");
    let mut explained: Names = page.defined_under("Features").into_iter().collect();
    explained.insert("default".into());
    assert_eq!(features, explained);
}

#[test]
fn every_word_of_the_schema_is_explained() {
    let page = Page::read("docs/formats.md");
    let mut words = Names::new();
    enumerated(&schema(), &mut words);
    assert!(words.contains("not_found"));
    words.retain(|word| !page.spans.iter().any(|(_, span)| span == word));
    assert!(words.is_empty(), "{words:?}");
}

#[test]
fn every_exit_status_of_the_help_is_explained() {
    let page = Page::read("docs/formats.md");
    let told = Regex::new(r"(?m)(?:^| )  (\d{1,3})  +[a-z]").unwrap();
    let statuses: BTreeSet<u32> = help::texts()
        .values()
        .filter_map(|help| help.split_once("Exit status:"))
        .flat_map(|(_, list)| {
            told.captures_iter(list)
                .map(|found| found[1].parse().unwrap())
        })
        .collect();
    assert!(statuses.contains(&0) && statuses.contains(&130) && statuses.contains(&20));
    let row = Regex::new(r"(?m)^\| ([\d, ]+) \|").unwrap();
    let explained: BTreeSet<u32> = row
        .captures_iter(&page.text)
        .flat_map(|found| {
            found[1]
                .split(", ")
                .map(|status| status.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(statuses, explained);
}

/// Every string of every `enum` in a JSON Schema.
fn enumerated(schema: &Value, words: &mut Names) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(values)) = fields.get("enum") {
                words.extend(
                    values
                        .iter()
                        .filter_map(|value| value.as_str().map(str::to_owned)),
                );
            }
            fields.values().for_each(|field| enumerated(field, words));
        }
        Value::Array(values) => values.iter().for_each(|value| enumerated(value, words)),
        _ => {}
    }
}

/// Runs the program in a folder that holds `reference-images` and gives what it printed.
#[track_caller]
fn run(folder: &Path, arguments: &str) -> String {
    let output = Process::new(env!("CARGO_BIN_EXE_faunalens"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env_remove("FAUNALENS_MODEL")
        .env("ORT_DYLIB_PATH", project().join("runtime"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().unwrap() <= 1, "{arguments}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&run(project(), "check --schema")).unwrap()
}

fn keys(object: &Value) -> Names {
    object.as_object().unwrap().keys().cloned().collect()
}

/// The header of a CSV table, of which columns per label stand as one; empty for a table without rows.
fn header(path: &Path) -> Names {
    let mut table = csv::Reader::from_path(path).unwrap();
    let header = table.headers().unwrap().iter();
    let per_label = |name: &str| match name.strip_prefix("score_") {
        Some(_) => "score_LABEL".to_owned(),
        None if name.starts_with("source_") => "source_NAME".to_owned(),
        None if path.ends_with("confusion.csv") && name != "true" => "LABEL".to_owned(),
        None => name.to_owned(),
    };
    header.map(per_label).collect()
}

/// Runs everything that writes, once.
fn written(folder: &Path) -> Written {
    for name in ["reference-images", "models", "eval"] {
        std::os::unix::fs::symlink(project().join(name), folder.join(name)).unwrap();
    }
    let mut written = Written::new();
    record(folder, &mut written);
    index(folder, &mut written);
    studies(folder, &mut written);
    written
}

fn record(folder: &Path, written: &mut Written) {
    let schema = schema();
    let properties = &schema["properties"];
    written.insert("The record".into(), keys(properties));
    for (name, property) in properties.as_object().unwrap() {
        for object in [property, &property["items"]] {
            if object["properties"].is_object() {
                written.insert(name.clone(), keys(&object["properties"]));
            }
        }
    }
    let line = run(
        folder,
        "check --json reference-images/ivory_section_elephant.jpg",
    );
    let record: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(keys(&record), written["The record"]);
    written.insert("schreger".into(), keys(&record["schreger"]));
}

fn index(folder: &Path, written: &mut Written) {
    let priced = "file,price\nreference-images/wood_bracelet_904.jpg,120\n";
    std::fs::write(folder.join("priced.csv"), priced).unwrap();
    run(folder, "scan priced.csv --quiet --out rows.csv");
    let listings = "scan reference-images/listings.csv --quiet --out rows.jsonl --index seen";
    run(folder, listings);
    written.insert("Tables".into(), header(&folder.join("rows.csv")));

    let database = rusqlite::Connection::open(folder.join("seen/faunalens.sqlite")).unwrap();
    let mut columns = database
        .prepare("SELECT name FROM pragma_table_info('seen')")
        .unwrap();
    let columns = columns.query_map([], |row| row.get(0)).unwrap();
    written.insert(
        "The view seen".into(),
        columns.map(Result::unwrap).collect(),
    );
    let stats: Value = serde_json::from_str(&run(folder, "index stats --json seen")).unwrap();
    written.insert("Statistics".into(), keys(&stats));

    run(folder, "links seen --out links");
    for name in ["clusters.csv", "objects.csv", "pairs.csv", "edges.csv"] {
        written.insert(name.into(), header(&folder.join("links").join(name)));
    }
    let graph = std::fs::read_to_string(folder.join("links/sellers.graphml")).unwrap();
    let name = Regex::new(r#"attr\.name="(\w+)""#).unwrap();
    let names = name.captures_iter(&graph).map(|found| found[1].to_owned());
    written.insert("sellers.graphml".into(), names.collect());

    let list = run(folder, "index export seen --form json --plain-sellers");
    let lines: Vec<Value> = list
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    written.insert("Head of a json list".into(), keys(&lines[0]));
    let mut fields = keys(&lines[1]);
    // Of imported hashes, and of an index that keeps other hashes too.
    fields.extend(["tags", "perceptual", "category", "opinion"].map(str::to_owned));
    written.insert("Lines of a json list".into(), fields);
}

/// The tables of every study, under `eval COMMAND: TABLE`, or `TABLE` where several write it.
fn studies(folder: &Path, written: &mut Written) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let wood = "reference-images/wood_bracelet_904.jpg";
    std::fs::copy(project().join(wood), folder.join("copy.jpg")).unwrap();
    write(
        "photos.csv",
        "file,label\nreference-images/wood_bracelet_904.jpg,wood\ncopy.jpg,ivory\ngone.jpg,ivory\n\
         reference-images/ivory_tusk_cut_688.jpg,ivory\nreference-images/ivory_pot_742.jpg,wood\n",
    );
    write(
        "pairs.csv",
        "query,db\nwood_bracelet_904.jpg,rhino_horn_whole_202.jpg\n,ivory_pot_742.jpg\na,a\n\
         reposted/ivory_bracelet_607_banner.jpg,ivory_bracelet_607.jpg\n",
    );
    write(
        "theirs.csv",
        "query,db,score\nwood_bracelet_904.jpg,ivory_pot_742.jpg,0.9\n",
    );
    write(
        "cases.csv",
        "file,kind,lattice\nreference-images/ivory_section_mammoth.jpg,a,true\n",
    );
    let commands = [
        "classify photos.csv --resamples 10",
        "compare eval/model/baseline-nearest.csv eval/model/predictions.csv --resamples 10",
        "match pairs.csv --photos reference-images",
        "match pairs.csv --photos reference-images --scores theirs.csv",
        "robustness reference-images/manifest.csv --sample 4 --only grey --only watermark",
        "schreger cases.csv",
    ];
    for (number, command) in commands.into_iter().enumerate() {
        let name = command.split(' ').next().unwrap();
        let study = format!("study-{number}");
        run(
            folder,
            &format!("eval {command} --no-pictures --out {study}"),
        );
        for entry in std::fs::read_dir(folder.join(study)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                let table = path.file_name().unwrap().to_str().unwrap();
                let heading = match table {
                    "left_out.csv" | "leaks.csv" => table.to_owned(),
                    table => format!("eval {name}: {table}"),
                };
                let names = header(&path);
                if !names.is_empty() {
                    written.insert(heading, names);
                }
            }
        }
    }
}
