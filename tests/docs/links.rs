//! Links lead somewhere, and files that the pages name exist.

use std::path::{Component, Path, PathBuf};

use regex::Regex;

use crate::page::{self, Page, project};

/// `docs/../README.md` as `README.md`.
fn resolved(from: &str, target: &str) -> PathBuf {
    let mut path = Path::new(from).parent().unwrap().to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{from}: {target} leaves the project"),
            part => path.push(part),
        }
    }
    path
}

#[test]
fn every_relative_link_and_anchor_resolves() {
    let mut broken = Vec::new();
    for page in page::all().into_iter().map(Page::read) {
        for (line, link) in &page.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = match target {
                "" => PathBuf::from(page.path),
                target => resolved(page.path, target),
            };
            let anchored =
                anchor.is_empty() || page::anchors(&path).iter().any(|known| known == anchor);
            if !project().join(&path).exists() || !anchored {
                broken.push(format!("{}:{line}: {link}", page.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_reached_from_the_front_page_of_docs() {
    let front = Page::read("docs/README.md");
    for path in page::guide()
        .iter()
        .filter(|path| path.starts_with("docs/"))
    {
        let linked = front
            .links
            .iter()
            .any(|(_, link)| resolved(front.path, link) == Path::new(path));
        assert!(
            linked || *path == front.path,
            "docs/README.md has no link to {path}"
        );
    }
}

#[test]
fn files_of_the_project_that_pages_name_exist() {
    let named = Regex::new(r"(?:^|[\s=(`])((?:scripts|src|eval|tests|examples)/[\w./-]+)").unwrap();
    let mut missing = Vec::new();
    for page in page::guide().into_iter().map(Page::read) {
        let blocks = page
            .blocks
            .iter()
            .map(|block| (block.line, block.text.clone()));
        for (line, code) in blocks.chain(page.spans.iter().cloned()) {
            for found in named.captures_iter(&code) {
                let path = found[1].trim_end_matches('.');
                if !project().join(path).exists() {
                    missing.push(format!("{}:{line}: {path}", page.path));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
