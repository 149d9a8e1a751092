//! Hash lists between organisations: a list is a source with a state, and no partner can freeze,
//! forge or empty what others hold.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Cursor, Read};

use faunalens::fingerprint::{Pdq, PdqHash};
use faunalens::index::{
    Entry, ExportChoice, Form, Imported, Index, ListImport, Match, Opinion, Query, Result, Sellers,
    Settings, Sighting,
};
use tempfile::TempDir;

fn hash(number: u64) -> PdqHash {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    PdqHash(std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }))
}

fn index() -> (TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::create(&dir.path().join("seen"), Settings::default()).unwrap();
    (dir, index)
}

fn import(index: &mut Index, list: &ListImport<'_>, text: impl AsRef<[u8]>) -> Result<Imported> {
    let done = index.import(list, text.as_ref(), &mut |_| ());
    index.commit().unwrap();
    done
}

fn partner() -> ListImport<'static> {
    ListImport::new("partner")
}

fn found(index: &Index, number: u64) -> Vec<Match> {
    let pdq = Pdq {
        hash: hash(number),
        quality: 100,
    };
    index.query(&Query::of(pdq)).unwrap()
}

/// Which of the first twenty hashes are found.
fn held(index: &Index) -> Vec<u64> {
    (0..20)
        .filter(|&number| !found(index, number).is_empty())
        .collect()
}

fn list(form: Form, numbers: impl IntoIterator<Item = u64>) -> String {
    let rows = numbers.into_iter().map(|number| {
        let hash = hash(number);
        match form {
            Form::ThreatExchange => format!("pdq {hash}\n"),
            Form::Csv => format!("pdq,{hash},wild,POSITIVE_CLASS,tusk\n"),
            Form::PdqTool => format!("{hash},90,{number}.jpg\n"),
            _ => format!("{{\"id\":\"{number}\",\"pdq\":\"{hash}\"}}\n"),
        }
    });
    let head = match form {
        Form::Csv => "signal_type,signal_str,collab,category,tags\n",
        Form::Json => {
            "{\"format\":\"faunalens.hashes.v1\",\"definition\":\"pdq/1\",\"checkpoint\":\"\"}\n"
        }
        _ => "",
    };
    std::iter::once(head.to_owned()).chain(rows).collect()
}

const FORMS: [Form; 4] = [Form::ThreatExchange, Form::Csv, Form::PdqTool, Form::Json];

fn own(number: u64, seller: &str, decision: &str, raised: &[&str]) -> Entry {
    let mut sha256 = [9; 32];
    sha256[..8].copy_from_slice(&number.to_le_bytes());
    Entry {
        sha256,
        pdq: Pdq {
            hash: hash(number),
            quality: 100,
        },
        sighting: Sighting {
            file: format!("{number}.jpg"),
            seller: seller.into(),
            ..Sighting::default()
        },
        decision: Some(decision.into()),
        raised: raised.iter().map(|&label| label.to_owned()).collect(),
        ..Entry::default()
    }
}

fn exported(index: &Index, form: Form, choice: &ExportChoice) -> String {
    let mut out = Vec::new();
    index
        .export(form, Sellers::Plain, choice, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn checkpoint(list: &str) -> String {
    let head: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    head["checkpoint"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_state_withdraws_what_is_gone_in_every_form() {
    for form in FORMS {
        let (_dir, mut index) = index();
        let first = import(&mut index, &partner(), list(form, 0..4)).unwrap();
        assert_eq!(
            (first.new, first.removed, first.whole),
            (4, 0, true),
            "{form:?}"
        );
        let other = ListImport::new("another");
        import(&mut index, &other, list(form, [3, 9])).unwrap();
        let next = import(&mut index, &partner(), list(form, [1, 2, 5])).unwrap();
        assert_eq!((next.new, next.known, next.removed), (1, 2, 2), "{form:?}");
        assert_eq!(
            held(&index),
            [1, 2, 3, 5, 9],
            "{form:?}: 3 is on another list too"
        );
        let back = import(&mut index, &partner(), list(form, [0, 1, 2, 5])).unwrap();
        assert_eq!(
            (back.restored, back.known, back.removed),
            (1, 3, 0),
            "{form:?}"
        );
        assert!(held(&index).contains(&0), "{form:?}");
        assert_eq!(index.verify().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_list_that_adds_withdraws_nothing() {
    for form in FORMS {
        let (_dir, mut index) = index();
        import(&mut index, &partner(), list(form, 0..3)).unwrap();
        let done = import(&mut index, &partner().adding(true), list(form, [7])).unwrap();
        assert_eq!(
            (done.new, done.removed, done.whole),
            (1, 0, false),
            "{form:?}"
        );
        assert_eq!(held(&index), [0, 1, 2, 7], "{form:?}");
    }
}

#[test]
fn a_list_of_changes_says_so_in_its_head_and_withdraws_what_it_names_alone() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::Json, 0..3)).unwrap();
    let changes = format!(
        "{{\"format\":\"faunalens.hashes.v1\",\"definition\":\"pdq/1\",\"checkpoint\":\"\",\
         \"since\":\"2026-01-01T00:00:00Z\"}}\n{{\"id\":\"1\",\"deleted\":true}}\n\
         {{\"id\":\"8\",\"pdq\":\"{}\"}}\n",
        hash(8)
    );
    let done = import(&mut index, &partner(), changes).unwrap();
    assert_eq!((done.new, done.removed, done.whole), (1, 1, false));
    assert_eq!(held(&index), [0, 2, 8]);
}

#[test]
fn a_list_goes_as_a_whole_and_comes_back_when_it_is_imported_again() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::Csv, 0..3)).unwrap();
    import(
        &mut index,
        &ListImport::new("another"),
        list(Form::Csv, [2, 6]),
    )
    .unwrap();
    assert_eq!(index.remove_source("partner").unwrap(), 3);
    index.commit().unwrap();
    assert_eq!(held(&index), [2, 6]);
    let names: Vec<String> = index.source_names().unwrap();
    assert_eq!(names, ["another"]);
    let error = index.remove_source("partner").unwrap_err().to_string();
    assert!(
        error.contains("partner") && error.contains("another"),
        "{error}"
    );
    import(&mut index, &partner(), list(Form::Csv, 0..3)).unwrap();
    assert_eq!(held(&index), [0, 1, 2, 6]);
}

#[test]
fn a_hash_that_the_owner_removed_comes_back_with_no_list() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::ThreatExchange, 0..3)).unwrap();
    index.add(&own(1, "anna", "flag", &[])).unwrap();
    index.commit().unwrap();
    assert_eq!(
        index.remove_pdq(hash(1)).unwrap(),
        2,
        "the listed one and our own"
    );
    index.commit().unwrap();
    assert_eq!(held(&index), [0, 2]);
    for name in ["partner", "another"] {
        let done = import(
            &mut index,
            &ListImport::new(name),
            list(Form::PdqTool, 0..3),
        )
        .unwrap();
        assert_eq!(done.kept_away, 1, "{name}");
    }
    assert!(index.add(&own(1, "ben", "flag", &[])).unwrap().removed);
    index.commit().unwrap();
    assert_eq!(held(&index), [0, 2]);
}

/// A line that was not UTF-8 once refused the whole list.
#[test]
fn broken_lines_are_numbered_and_the_rest_is_taken_in_every_form() {
    for form in FORMS {
        let mut text = list(form, 0..2).into_bytes();
        text.extend_from_slice(b"pdq \xff\xfe\n");
        text.extend_from_slice(b"\0\0\0\n{\"id\":\n\"\n");
        text.extend_from_slice(&vec![b'f'; 3 << 20]);
        text.push(b'\n');
        let heads = usize::from(matches!(form, Form::Csv | Form::Json));
        let more = list(form, 2..4);
        let more: Vec<&str> = more.lines().skip(heads).collect();
        text.extend_from_slice(more.join("\r\n").as_bytes());
        let (_dir, mut index) = index();
        let done = import(&mut index, &partner(), text).unwrap();
        assert_eq!(done.new, 4, "{form:?}: {:?}", done.refused_lines);
        assert_eq!(held(&index), [0, 1, 2, 3], "{form:?}");
        let lines: Vec<u64> = done.refused_lines.iter().map(|(line, _)| *line).collect();
        let first = 3 + heads as u64;
        let broken = (first..first + 5).collect::<Vec<u64>>();
        assert_eq!(done.refused, 5, "{form:?}: {:?}", done.refused_lines);
        assert_eq!(lines, broken, "{form:?}: {:?}", done.refused_lines);
        assert!(done.refused_lines[0].1.contains("UTF-8"), "{form:?}");
    }
}

#[test]
fn a_list_of_which_nothing_can_be_read_withdraws_nothing() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::ThreatExchange, 0..3)).unwrap();
    let broken = partner().form(Form::ThreatExchange);
    let done = import(&mut index, &broken, "pdq 12\npdq \u{fffd}\n").unwrap();
    assert_eq!((done.refused, done.removed, done.whole), (2, 0, false));
    let error = import(&mut index, &broken, "").unwrap_err().to_string();
    assert!(error.contains("empty"), "{error}");
    assert_eq!(held(&index), [0, 1, 2]);
    // A head without rows is an empty list, and no failed download.
    let done = import(&mut index, &partner(), list(Form::Csv, [])).unwrap();
    assert_eq!(done.removed, 3);
}

#[test]
fn a_list_that_was_cut_off_changes_nothing() {
    let (_dir, mut ours) = index();
    for number in 0..6 {
        ours.add(&own(number, "anna", "flag", &[])).unwrap();
    }
    ours.commit().unwrap();
    let whole = exported(&ours, Form::Json, &ExportChoice::default());
    let (_other, mut theirs) = index();
    import(&mut theirs, &partner(), &whole).unwrap();
    let cut: String = whole
        .lines()
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    let error = import(&mut theirs, &partner(), cut)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cut off") && error.contains('6') && error.contains('3'),
        "{error}"
    );
    assert_eq!(held(&theirs), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn heads_of_another_hash_and_lists_of_another_form_are_refused() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::Json, 0..2)).unwrap();
    for definition in ["x", "", "md5", "phash 16", "pdq/2 full", "pdqx", "vpdq"] {
        let text = list(Form::Json, 0..9).replace("pdq/1", definition);
        let error = import(&mut index, &partner(), text)
            .unwrap_err()
            .to_string();
        assert!(error.contains("not PDQ"), "{definition}: {error}");
    }
    for definition in ["pdq", "PDQ", "pdq/1 full bt601"] {
        let text = list(Form::Json, 0..2).replace("pdq/1", definition);
        assert!(import(&mut index, &partner(), text).is_ok(), "{definition}");
    }
    let other = list(Form::Json, 0..9).replace("faunalens.hashes.v1", "stopncii.v1");
    assert!(import(&mut index, &partner(), other).is_err());
    for form in FORMS {
        for wrong in FORMS.into_iter().filter(|wrong| *wrong != form) {
            let done = import(&mut index, &partner().form(wrong), list(form, 4..9));
            let error = done.unwrap_err().to_string();
            assert!(error.contains("partner"), "{form:?} as {wrong:?}: {error}");
        }
    }
    assert_eq!(held(&index), [0, 1]);
    assert!(import(&mut index, &partner(), "hello\n").is_err());
    for name in ["", "*", "a\nb", "\u{1b}[2J", &"x".repeat(500)] {
        assert!(import(&mut index, &ListImport::new(name), list(Form::Csv, 0..2)).is_err());
    }
}

#[test]
fn a_partners_clock_freezes_nothing() {
    let (_dir, mut ours) = index();
    let with_time = |number: u64, time: &str| {
        let row = format!("\"pdq\":\"{}\"", hash(number));
        let text = list(Form::Json, [number]);
        let text = text.replace(
            "\"checkpoint\":\"\"",
            "\"checkpoint\":\"9999-12-31T23:59:59Z\"",
        );
        text.replace(&row, &format!("{row},\"updated_at\":\"{time}\""))
    };
    for (time, wrong) in [
        ("zzzz", true),
        ("2999-01-01T00:00:00Z", true),
        ("2026-13-45", true),
        ("now", true),
        ("2460000.5", true),
        ("", false),
        ("2026-02-03T04:05:06+02:00", false),
    ] {
        let done = import(&mut ours, &partner(), with_time(1, time)).unwrap();
        assert_eq!(done.wrong_times, u64::from(wrong), "{time}");
        assert_eq!(done.refused, 0, "{time}");
        let seen = found(&ours, 1).remove(0);
        assert!(seen.listed_at.unwrap().as_str() < "2900", "{time}");
    }
    assert_eq!(
        found(&ours, 1)[0].listed_at.as_deref(),
        Some("2026-02-03T02:05:06Z")
    );

    // Whatever the partner's times, ours go on: what is added is exported from the checkpoint on.
    import(&mut ours, &partner(), with_time(1, "zzzz")).unwrap();
    let all = ExportChoice::default().with_imported(true);
    let before = checkpoint(&exported(&ours, Form::Json, &all));
    assert!(
        before.starts_with("20") && before.as_str() < "2900",
        "{before}"
    );
    for number in 10..15 {
        ours.add(&own(number, "anna", "flag", &[])).unwrap();
    }
    ours.commit().unwrap();
    let since = exported(
        &ours,
        Form::Json,
        &ExportChoice::default().changed(&before, ""),
    );
    assert_eq!(since.lines().count(), 1 + 5, "{since}");

    // A change with a time before the partner's wrong one takes effect.
    let later = with_time(1, "2026-03-01T00:00:00Z").replace("\"id\"", "\"tags\":[\"new\"],\"id\"");
    import(&mut ours, &partner().adding(true), later).unwrap();
    assert_eq!(found(&ours, 1)[0].tags, ["new"]);
    // What is older than what is known does not, where a list adds.
    let older = with_time(1, "2026-02-01T00:00:00Z").replace("\"id\"", "\"tags\":[\"old\"],\"id\"");
    import(&mut ours, &partner().adding(true), older).unwrap();
    assert_eq!(found(&ours, 1)[0].tags, ["new"]);
}

#[test]
fn a_time_to_export_from_is_a_time_and_not_in_the_future() {
    let (_dir, index) = index();
    for wrong in ["zzzz", "2999-01-01", "2026-02-30", "12", "now", "-1"] {
        let choice = ExportChoice::default().changed(wrong, "");
        let done = index.export(Form::Json, Sellers::Omitted, &choice, &mut Vec::new());
        let error = done.unwrap_err().to_string();
        assert!(
            error.contains("no time") || error.contains("future"),
            "{wrong}: {error}"
        );
    }
}

/// A second has room for many changes: none is lost between two exports.
#[test]
fn nothing_is_lost_between_two_exports_however_near() {
    let (_dir, mut index) = index();
    let (mut since, mut got) = (String::new(), std::collections::BTreeSet::new());
    for number in 0..12 {
        index.add(&own(number, "anna", "flag", &[])).unwrap();
        index.commit().unwrap();
        let list = exported(
            &index,
            Form::Json,
            &ExportChoice::default().changed(&since, ""),
        );
        since = checkpoint(&list);
        got.extend(list.lines().skip(1).map(str::to_owned));
        index.add(&own(100 + number, "anna", "flag", &[])).unwrap();
        index.commit().unwrap();
    }
    let list = exported(
        &index,
        Form::Json,
        &ExportChoice::default().changed(&since, ""),
    );
    got.extend(list.lines().skip(1).map(str::to_owned));
    assert_eq!(got.len(), 24);
}

#[test]
fn category_tags_opinion_source_and_time_come_with_every_match() {
    let text = format!(
        "signal_type,signal_str,collab,category,tags\r\n\
         pdq,{},WildlifeCollab,POSITIVE_CLASS,ivory seizure\r\n\
         pdq,{},\"Wildlife, \"\"Collab\"\"\",NEGATIVE_CLASS,\r\n\
         pdq,{},,raw ivory,false-positive\r\n\
         pdq,{},,,false positive\r\n\
         pdq,{},,,ivory False Positive bangle\r\n\
         video_md5,d41d8cd98f00b204e9800998ecf8427e,WildlifeCollab,POSITIVE_CLASS,\r\n",
        hash(0),
        hash(1),
        hash(2),
        hash(3),
        hash(4)
    );
    let (_dir, mut index) = index();
    let done = import(&mut index, &partner(), text).unwrap();
    assert_eq!((done.new, done.negative, done.other_types), (5, 4, 1));
    let first = found(&index, 0).remove(0);
    assert_eq!(first.source.as_deref(), Some("partner"));
    assert_eq!(first.category.as_deref(), Some("POSITIVE_CLASS"));
    assert_eq!(first.tags, ["ivory", "seizure"]);
    assert_eq!(first.opinion, Some(Opinion::Positive));
    assert_eq!(first.listed_at.map(|time| time.len()), Some(20));
    for number in 1..5 {
        let opinion = found(&index, number)[0].opinion;
        assert_eq!(opinion, Some(Opinion::Negative), "{number}");
    }
    assert_eq!(found(&index, 2)[0].category.as_deref(), Some("raw ivory"));
    // An own picture has none of them.
    index.add(&own(9, "anna", "flag", &[])).unwrap();
    index.commit().unwrap();
    let ours = found(&index, 9).remove(0);
    assert_eq!(
        (ours.source, ours.category, ours.listed_at),
        (None, None, None)
    );
}

#[test]
fn opinions_that_part_are_to_be_looked_at_and_a_list_can_be_negative_as_a_whole() {
    let lines =
        ["POSITIVE_CLASS a", "NEGATIVE_CLASS b"].map(|said| format!("pdq {} {said}\n", hash(0)));
    for text in [lines.concat(), format!("{}{}", lines[1], lines[0])] {
        let (_dir, mut index) = index();
        import(&mut index, &partner(), text).unwrap();
        assert_eq!(found(&index, 0)[0].opinion, Some(Opinion::Investigate));
    }
    let (_dir, mut index) = index();
    let negative = partner().unless_stated(Some(Opinion::Negative), "museum piece");
    let stated = format!(
        "{}pdq {} POSITIVE\n",
        list(Form::ThreatExchange, [1]),
        hash(2)
    );
    import(&mut index, &negative, stated).unwrap();
    let one = found(&index, 1).remove(0);
    assert_eq!(
        (one.opinion, one.category.as_deref()),
        (Some(Opinion::Negative), Some("museum piece"))
    );
    assert_eq!(found(&index, 2)[0].opinion, Some(Opinion::Positive));
}

#[test]
fn sightings_of_a_list_are_those_of_its_last_state() {
    let row = |sellers: &[&str]| {
        let sightings: Vec<String> = sellers
            .iter()
            .map(|seller| format!("{{\"seller\":\"{seller}\"}}"))
            .collect();
        list(Form::Json, [1]).replace(
            "\"id\"",
            &format!("\"sightings\":[{}],\"id\"", sightings.join(",")),
        )
    };
    let (_dir, mut index) = index();
    import(&mut index, &partner(), row(&["anna", "ben"])).unwrap();
    import(&mut index, &partner(), row(&["ben", "carla"])).unwrap();
    let mut sellers: Vec<String> = found(&index, 1)
        .into_iter()
        .map(|seen| seen.seller)
        .collect();
    sellers.sort();
    assert_eq!(sellers, ["ben", "carla"]);
}

#[test]
fn only_what_is_chosen_leaves_and_nothing_of_partners_unless_asked() {
    let (_dir, mut index) = index();
    index.add(&own(0, "anna", "flag", &["ivory"])).unwrap();
    index.add(&own(1, "anna", "clear", &[])).unwrap();
    index
        .add(&own(2, "ben", "review", &["rhino_horn", "ivory"]))
        .unwrap();
    index.add(&own(3, "ben", "flag", &["rhino_horn"])).unwrap();
    index.commit().unwrap();
    import(&mut index, &partner(), list(Form::Csv, [4])).unwrap();
    import(
        &mut index,
        &ListImport::new("another"),
        list(Form::PdqTool, [5]),
    )
    .unwrap();
    let chosen = |choice: ExportChoice| -> Vec<u64> {
        let mut in_every_form = FORMS.map(|form| {
            let list = exported(&index, form, &choice);
            (0..20)
                .filter(|&number| list.contains(&hash(number).to_string()))
                .collect::<Vec<u64>>()
        });
        let first = std::mem::take(&mut in_every_form[0]);
        assert!(
            in_every_form[1..].iter().all(|other| *other == first),
            "{choice:?}"
        );
        first
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let all = ExportChoice::default;
    assert_eq!(chosen(all()), [0, 1, 2, 3]);
    assert_eq!(chosen(all().with_imported(true)), [0, 1, 2, 3, 4, 5]);
    assert_eq!(chosen(all().of_sources(words(&["partner"]))), [4]);
    assert_eq!(chosen(all().decided(words(&["flag"]))), [0, 3]);
    assert_eq!(chosen(all().decided(words(&["flag", "review"]))), [0, 2, 3]);
    assert_eq!(chosen(all().raised_by(words(&["ivory"]))), [0, 2]);
    assert_eq!(chosen(all().raised_by(words(&["horn"]))), [0_u64; 0]);
    assert_eq!(chosen(all().shown_by(words(&["ben"]))), [2, 3]);
    let both = all().shown_by(words(&["ben"])).decided(words(&["flag"]));
    assert_eq!(chosen(both), [3]);
    assert_eq!(chosen(all().changed("2020-01-01", "")), [0, 1, 2, 3]);
    assert_eq!(chosen(all().changed("", "2020-01-01")), [0_u64; 0]);
    let unknown = all().of_sources(words(&["partnr"]));
    let done = index.export(Form::Csv, Sellers::Omitted, &unknown, &mut Vec::new());
    assert!(done.unwrap_err().to_string().contains("partner"));
}

#[test]
fn a_later_decision_takes_the_place_of_the_earlier() {
    let (_dir, mut index) = index();
    index.add(&own(0, "anna", "flag", &["ivory"])).unwrap();
    index.add(&own(0, "anna", "clear", &[])).unwrap();
    index.commit().unwrap();
    let flagged = ExportChoice::default().decided(vec!["flag".into()]);
    assert!(exported(&index, Form::ThreatExchange, &flagged).is_empty());
}

#[test]
fn an_exported_list_of_theirs_says_what_they_said() {
    let (_dir, mut index) = index();
    let text = format!(
        "signal_type,signal_str,collab,category,tags\npdq,{},w,\"=cmd, x\",tusk\npdq,{},w,NEGATIVE_CLASS,\n",
        hash(0),
        hash(1)
    );
    import(&mut index, &partner(), text).unwrap();
    let theirs = ExportChoice::default().of_sources(vec!["partner".into()]);
    let csv = exported(&index, Form::Csv, &theirs);
    assert!(csv.contains(",\"'=cmd, x\",tusk\n"), "{csv}");
    let lines = exported(&index, Form::ThreatExchange, &theirs);
    assert_eq!(
        lines.lines().count(),
        1,
        "a negative one cannot be told: {lines}"
    );
    for (form, list) in [
        (Form::Csv, csv),
        (Form::Json, exported(&index, Form::Json, &theirs)),
    ] {
        let (_other, mut other) = self::index();
        import(&mut other, &ListImport::new("copy"), list).unwrap();
        let first = found(&other, 0).remove(0);
        assert_eq!(first.category.as_deref(), Some("=cmd, x"), "{form:?}");
        assert_eq!(first.tags, ["tusk"], "{form:?}");
        assert_eq!(
            found(&other, 1)[0].opinion,
            Some(Opinion::Negative),
            "{form:?}"
        );
    }
}

#[test]
fn sources_tell_their_state() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::Csv, 0..3)).unwrap();
    let first = index.sources().unwrap().remove(0);
    assert_eq!(
        (first.name.as_str(), first.form.as_str(), first.hashes),
        ("partner", "csv", 3)
    );
    assert_eq!(first.state.len(), 64);
    import(&mut index, &partner(), list(Form::Csv, 0..2)).unwrap();
    let next = index.sources().unwrap().remove(0);
    assert_eq!(next.hashes, 2);
    assert_ne!(next.state, first.state);
    let ours = list(Form::Json, 0..2).replace("\"checkpoint\":\"\"", "\"checkpoint\":\"c42\"");
    import(&mut index, &partner(), ours).unwrap();
    assert_eq!(index.sources().unwrap()[0].state, "c42");
}

/// Gives a list that breaks off with an error of the system.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(std::io::Error::other("the line went dead")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_list_that_cannot_be_read_to_its_end_leaves_the_index_as_it_was() {
    let (_dir, mut index) = index();
    import(&mut index, &partner(), list(Form::Csv, 0..3)).unwrap();
    let failing = BufReader::new(Failing(Cursor::new(list(Form::Csv, 5..9).into_bytes())));
    let error = index.import(&partner(), failing, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("went dead"), "{error}");
    index.commit().unwrap();
    assert_eq!(held(&index), [0, 1, 2]);
    assert_eq!(index.verify().unwrap(), Vec::<String>::new());
}

/// More hashes than are held in memory go into the packed file from the database.
#[test]
fn a_list_longer_than_memory_is_found_from_its_first_line_to_its_last() {
    let (dir, mut index) = index();
    index.add(&own(1_000_000, "anna", "flag", &[])).unwrap();
    index.commit().unwrap();
    let last = 25_000;
    let done = import(&mut index, &partner(), list(Form::ThreatExchange, 0..last)).unwrap();
    assert_eq!(done.new, last);
    assert_eq!(index.stats().unwrap().unpacked, 0);
    let reader = Index::open(&dir.path().join("seen")).unwrap();
    for index in [&index, &reader] {
        for number in [0, 1, last / 2, last - 1, 1_000_000] {
            assert_eq!(found(index, number).len(), 1, "{number}");
        }
        assert!(found(index, last).is_empty());
        assert_eq!(index.verify().unwrap(), Vec::<String>::new());
    }
    let done = import(&mut index, &partner(), list(Form::ThreatExchange, 5..last)).unwrap();
    assert_eq!((done.new, done.known, done.removed), (0, last - 5, 5));
    assert!(found(&index, 4).is_empty() && !found(&index, 5).is_empty());
    let left: Vec<_> = std::fs::read_dir(dir.path().join("seen"))
        .unwrap()
        .collect();
    assert!(left.iter().all(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        !name.to_string_lossy().ends_with("hashes.partial")
    }));
}

#[test]
fn lists_of_an_earlier_format_become_sources_and_their_times_freeze_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open(dir.path().join("faunalens.sqlite")).unwrap();
    db.execute_batch(include_str!("data/index-v1.sql")).unwrap();
    for (number, updated) in [
        (1, "zzzz"),
        (2, "2999-01-01T00:00:00Z"),
        (3, "2026-01-02T03:04:05Z"),
    ] {
        let row = 100 + number as i64;
        db.execute(
            "INSERT INTO pdq(id, hash) VALUES (?1, ?2)",
            rusqlite::params![row, hash(number).to_bytes()],
        )
        .unwrap();
        db.execute(
            "INSERT INTO image(pdq, quality, source, external_id, tags, added_at, updated_at)
             VALUES (?1, 100, 'partner', ?2, 'raw tusk', '2026-01-01T00:00:00Z', ?3)",
            rusqlite::params![row, hash(number).to_string(), updated],
        )
        .unwrap();
    }
    drop(db);
    let mut index = Index::writer(dir.path(), std::time::Duration::ZERO).unwrap();
    let source = index.sources().unwrap().remove(0);
    assert_eq!((source.name.as_str(), source.hashes), ("partner", 3));
    assert_eq!(held(&index), [1, 2, 3]);
    assert_eq!(found(&index, 1)[0].tags, ["raw", "tusk"]);
    assert_eq!(
        found(&index, 3)[0].listed_at.as_deref(),
        Some("2026-01-02T03:04:05Z")
    );
    let all = ExportChoice::default().with_imported(true);
    let before = checkpoint(&exported(&index, Form::Json, &all));
    assert!(before.as_str() < "2900", "{before}");
    let done = import(&mut index, &partner(), list(Form::ThreatExchange, [1, 3])).unwrap();
    assert_eq!((done.known, done.removed), (2, 1));
    assert_eq!(index.verify().unwrap(), Vec::<String>::new());
}

/// Ten thousand lines of every kind of nothing: what is told stays bounded.
#[test]
fn what_is_told_of_broken_lines_is_bounded() {
    let lines = Lines(10_000).lines().map_while(std::result::Result::ok);
    let text: String = lines.map(|line| line + "\n").collect();
    let (_dir, mut index) = index();
    let done = import(&mut index, &partner().form(Form::ThreatExchange), text).unwrap();
    assert_eq!((done.refused, done.refused_lines.len()), (10_000, 1000));
}

struct Lines(usize);

impl Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let line = b"broken!\n";
        if self.0 == 0 || out.len() < line.len() {
            return Ok(0);
        }
        self.0 -= 1;
        out[..line.len()].copy_from_slice(line);
        Ok(line.len())
    }
}

impl Lines {
    fn lines(self) -> std::io::Lines<BufReader<Self>> {
        BufReader::with_capacity(8, self).lines()
    }
}
