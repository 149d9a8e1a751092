//! Pages stay short, and their lines fit a screen.

use crate::page::{self, Page};

/// Letters a line may have.
const WIDTH: usize = 99;

/// Lines README.md may have.
const README_LINES: usize = 150;

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
}

#[test]
fn lines_are_under_a_hundred_letters() {
    let mut long = Vec::new();
    for page in page::guide().into_iter().map(Page::read) {
        for (number, line) in page.text.lines().enumerate() {
            if line.chars().count() > WIDTH {
                long.push(format!("{}:{}", page.path, number + 1));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn code_is_fenced_and_says_what_it_is() {
    for page in page::guide().into_iter().map(Page::read) {
        for block in &page.blocks {
            assert!(
                !block.language.is_empty(),
                "{}:{}: ```what",
                page.path,
                block.line
            );
        }
    }
}
