//! The guide as its readers meet it: every command in README.md and docs/ is run, what it is shown to
//! print is compared, and links, options, columns and fields are held against the program.

#![allow(clippy::unwrap_used)]

mod formats;
mod help;
mod links;
mod page;
mod prose;
mod session;
mod shown;

use page::Page;

/// Runs a page's commands in order and fails on the first that does not do what the page shows.
#[track_caller]
fn commands_do_what_the_page_shows(path: &'static str) {
    let page = Page::read(path);
    let run = session::run(&page);
    println!("{path}: {run} commands run");
}

/// One test per page, so that pages run side by side and a failure names its page.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(#[test] fn $name() { commands_do_what_the_page_shows($path); })*

        #[test]
        fn every_page_is_run() {
            assert_eq!(page::guide(), [$($path),*]);
        }
    };
}

pages! {
    readme: "README.md",
    docs_readme: "docs/README.md",
    bundle: "docs/bundle.md",
    evaluate: "docs/evaluate.md",
    faq: "docs/faq.md",
    formats: "docs/formats.md",
    index: "docs/index.md",
    install: "docs/install.md",
    policy: "docs/policy.md",
    schreger: "docs/schreger.md",
    serve: "docs/serve.md",
    teach: "docs/teach.md",
    threats: "docs/threats.md",
    reference_images: "reference-images/README.md",
}

/// A command that no test runs is a promise nobody keeps: each says why, parses, and they stay few.
#[test]
fn commands_that_are_not_run_say_why_and_are_few() {
    let mut blocks = 0;
    for page in page::guide().into_iter().map(Page::read) {
        for block in page.blocks.iter().filter(|block| block.is_shell()) {
            let Some(why) = &block.not_run else { continue };
            println!("{}:{}: not run: {why}", page.path, block.line);
            assert!(why.len() > 10, "{}:{}: say why", page.path, block.line);
            for command in block.commands() {
                session::assert_parses(&page, &command);
            }
            blocks += 1;
        }
    }
    println!("{blocks} blocks are not run");
    assert!(blocks <= MOST_NOT_RUN, "{blocks} blocks are not run");
}

/// Blocks that need hours, a network, root, or another machine's files.
const MOST_NOT_RUN: usize = 12;

/// The crate's own front page compiles its example with the library.
#[test]
fn the_library_example_is_the_one_that_is_compiled() {
    let source = std::fs::read_to_string(page::project().join("src/lib.rs")).unwrap();
    let compiled: Vec<&str> = source
        .lines()
        .skip_while(|line| !line.starts_with("//! ```no_run"))
        .skip(1)
        .take_while(|line| !line.starts_with("//! ```"))
        .map(|line| line.trim_start_matches("//!").trim_start_matches(' '))
        .filter(|line| !line.starts_with("# "))
        .collect();
    let page = Page::read("docs/install.md");
    let shown = page.blocks.iter().find(|block| block.language == "rust");
    assert_eq!(shown.unwrap().text.lines().collect::<Vec<_>>(), compiled);
}
