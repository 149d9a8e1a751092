//! The program's own help against the pages: no option is made up, and none goes unmentioned.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command as Process;

use regex::Regex;

use crate::page::{self, Page};

/// Options by command.
type Options = BTreeMap<String, BTreeSet<String>>;

/// The help of the program, `""`, and of every command of it, such as `index add`.
pub(crate) fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    read_command(&mut Vec::new(), &mut texts);
    texts
}

fn read_command(path: &mut Vec<String>, texts: &mut BTreeMap<String, String>) {
    let mut program = Process::new(env!("CARGO_BIN_EXE_faunalens"));
    let output = program.args(&*path).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for command in commands_in(&text) {
        path.push(command);
        read_command(path, texts);
        path.pop();
    }
    texts.insert(path.join(" "), text);
}

fn options() -> Options {
    let texts = texts().into_iter();
    texts
        .map(|(command, help)| (command, options_in(&help)))
        .collect()
}

/// `  -o, --out <FILE>` gives `-o` and `--out`.
fn options_in(help: &str) -> BTreeSet<String> {
    let line = Regex::new(r"(?m)^ +(?:(-\w), |    )?(--[a-z0-9][a-z0-9-]*)").unwrap();
    let found = line.captures_iter(help);
    found
        .flat_map(|found| [found.get(1), found.get(2)])
        .flatten()
        .map(|option| option.as_str().to_owned())
        .collect()
}

fn commands_in(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let names = list.lines().take_while(|line| line.starts_with("  "));
    names
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// What follows the program's name wherever a text uses it; lines that go on are joined.
fn uses_in(text: &str) -> Vec<String> {
    let used = Regex::new(
        r#"(?m)(?:^|[\s(/])faunalens((?:[ \t]+(?:'[^'\n]*'|"[^"\n]*"|[^\s|;&<>()#'"]+))+)"#,
    )
    .unwrap();
    let text = text.replace("\\\n>", " ").replace("\\\n", " ");
    let found = used.captures_iter(&text);
    found.map(|found| found[1].to_owned()).collect()
}

/// Every use of the program in a page's code, with its line.
fn uses(page: &Page) -> Vec<(usize, String)> {
    let blocks = page.blocks.iter();
    let shell = blocks.filter(|block| matches!(&*block.language, "console" | "sh" | ""));
    let code = shell.map(|block| (block.line, block.text.clone()));
    let code = code.chain(page.spans.iter().cloned());
    code.flat_map(|(line, text)| uses_in(&text).into_iter().map(move |used| (line, used)))
        .collect()
}

/// Words of a use that name no option and no command of the program.
fn made_up(used: &str, options: &Options) -> Vec<String> {
    let mut command = String::new();
    let mut wrong = Vec::new();
    for word in used.split_whitespace() {
        let deeper = format!("{command} {word}").trim_start().to_owned();
        let option = word.split('=').next().unwrap();
        if word == "--" {
            break;
        } else if option.len() > 1 && option.starts_with('-') {
            if !options[&command].contains(option) {
                wrong.push(format!("`faunalens {command}` has no {option}"));
            }
        } else if options.contains_key(&deeper) {
            command = deeper;
        } else if command.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase()) {
            wrong.push(format!("no command {word}"));
        }
    }
    wrong
}

#[test]
fn no_page_uses_an_option_that_does_not_exist() {
    let options = options();
    assert!(options["scan"].contains("--out") && options["scan"].contains("-o"));
    let mut wrong = Vec::new();
    for page in page::all().into_iter().map(Page::read) {
        for (line, used) in uses(&page) {
            let found = made_up(&used, &options);
            wrong.extend(
                found
                    .iter()
                    .map(|what| format!("{}:{line}: {what}", page.path)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_example_of_the_help_uses_an_option_that_does_not_exist() {
    let options = options();
    let mut examples = 0;
    for (command, help) in texts() {
        let list = help.split_once("Examples:").map_or("", |(_, list)| list);
        for used in uses_in(list) {
            let wrong = made_up(&used, &options);
            assert!(wrong.is_empty(), "faunalens {command} --help: {wrong:?}");
            examples += 1;
        }
    }
    assert!(examples > 30, "{examples} examples found");
}

#[test]
fn lines_that_go_on_are_one_use() {
    let uses = uses_in("$ faunalens eval match a.csv \\\n>     --out b/\n$ faunalens doctor\n");
    let words: Vec<Vec<&str>> = uses
        .iter()
        .map(|used| used.split_whitespace().collect())
        .collect();
    assert_eq!(
        words,
        [
            vec!["eval", "match", "a.csv", "--out", "b/"],
            vec!["doctor"]
        ]
    );
}

#[test]
fn a_made_up_option_or_command_is_noticed() {
    let options = Options::from([
        (String::new(), BTreeSet::from(["--version".to_owned()])),
        (
            "index add".to_owned(),
            BTreeSet::from(["--wait".to_owned()]),
        ),
        ("index".to_owned(), BTreeSet::new()),
    ]);
    assert!(made_up("index add seen/ --wait 5 -- --odd", &options).is_empty());
    assert_eq!(made_up("index add seen/ --now", &options).len(), 1);
    assert_eq!(made_up("recall", &options).len(), 1);
}

#[test]
fn every_command_and_every_option_stands_in_the_guide() {
    let pages: Vec<Page> = page::guide().into_iter().map(Page::read).collect();
    let texts: String = pages.iter().map(|page| &*page.text).collect();
    let mentions = |word: &str| {
        let whole = format!(r"{}(?:$|[^\w-])", regex::escape(word));
        Regex::new(&whole).unwrap().is_match(&texts)
    };
    let mut missing = Vec::new();
    for (command, options) in options() {
        if !mentions(format!("faunalens {command}").trim_end()) {
            missing.push(format!("faunalens {command}"));
        }
        let long = options.iter().filter(|option| option.starts_with("--"));
        let unknown = long.filter(|option| *option != "--help" && !mentions(option));
        missing.extend(unknown.map(|option| format!("{command}: {option}")));
    }
    assert!(
        missing.is_empty(),
        "not in the guide:\n{}",
        missing.join("\n")
    );
}
