//! A Markdown page taken apart: its commands, files, code, links and anchors.

use std::path::Path;

use walkdir::WalkDir;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The folder that holds README.md.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages of the guide: README.md, docs/ by name with its front page first, and the pictures' page.
pub(crate) fn guide() -> Vec<&'static str> {
    let mut docs: Vec<String> = std::fs::read_dir(project().join("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|path| path.ends_with(".md"))
        .collect();
    docs.sort();
    let docs = docs.into_iter().map(|path| &*path.leak());
    let around = ["README.md"].into_iter().chain(docs);
    around.chain(["reference-images/README.md"]).collect()
}

/// Every Markdown page of the project: the guide, and what it leads to.
pub(crate) fn all() -> Vec<&'static str> {
    const FOLDERS: [&str; 6] = [
        "docs",
        "eval",
        "models",
        "reference-images",
        "scripts",
        "tests",
    ];
    let files = |folder: &&str| WalkDir::new(project().join(folder)).sort_by_file_name();
    let below = FOLDERS.iter().flat_map(files).map(Result::unwrap);
    let pages = below.filter(|file| file.path().extension().is_some_and(|name| name == "md"));
    let pages = pages.map(|file| {
        let path = file.path().strip_prefix(project()).unwrap();
        &*path.to_str().unwrap().to_owned().leak()
    });
    let top = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];
    top.into_iter().chain(pages).collect()
}

/// The anchors of any page of the project.
pub(crate) fn anchors(path: &Path) -> Vec<String> {
    Page::read(path.to_str().unwrap().to_owned().leak()).anchors
}

/// A block of code.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Line where it begins, from 1.
    pub(crate) line: usize,
    /// The word after the fence, such as `console` or `sh`; empty for code that is only indented.
    pub(crate) language: String,
    /// The code.
    pub(crate) text: String,
    /// From `<!-- file: NAME -->` before it: the reader saves it under this name.
    pub(crate) file: Option<String>,
    /// From `<!-- not run: WHY -->` before it.
    pub(crate) not_run: Option<String>,
}

/// One command, and what the page shows it to print.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// Line of the page, from 1.
    pub(crate) line: usize,
    /// As the shell gets it.
    pub(crate) text: String,
    /// Lines that are shown below it; `None` where nothing is compared.
    pub(crate) shown: Option<Vec<String>>,
}

impl Block {
    /// Commands to type, not a file to save.
    pub(crate) fn is_shell(&self) -> bool {
        self.file.is_none() && matches!(self.language.as_str(), "console" | "sh")
    }

    /// A `console` block's commands begin with `$ `, go on after `> `, and are followed by what they
    /// print; a `sh` block is one command that prints what it likes.
    pub(crate) fn commands(&self) -> Vec<Command> {
        if self.language == "sh" {
            return vec![Command {
                line: self.line + 1,
                text: format!("set -e\n{}set +e", self.text),
                shown: None,
            }];
        }
        let mut commands: Vec<Command> = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            if let Some(text) = line.strip_prefix("$ ") {
                commands.push(Command {
                    line: self.line + 1 + number,
                    text: text.to_owned(),
                    shown: Some(Vec::new()),
                });
                continue;
            }
            let Some(command) = commands.last_mut() else {
                panic!("line {}: a console block begins with `$ `", self.line);
            };
            let shown = command.shown.get_or_insert_default();
            match line.strip_prefix("> ") {
                Some(more) if shown.is_empty() => {
                    command.text.push('\n');
                    command.text.push_str(more);
                }
                _ => shown.push(line.to_owned()),
            }
        }
        commands
    }
}

/// A list item that explains names.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    /// The heading it stands under.
    pub(crate) heading: String,
    /// What it explains: the code before its first word.
    pub(crate) names: Vec<String>,
    /// The code after that.
    pub(crate) others: Vec<String>,
}

/// A page of the guide.
#[derive(Debug)]
pub(crate) struct Page {
    /// From the project's folder.
    pub(crate) path: &'static str,
    /// As it is written.
    pub(crate) text: String,
    /// Its blocks of code, in order.
    pub(crate) blocks: Vec<Block>,
    /// `code` within sentences, with its line.
    pub(crate) spans: Vec<(usize, String)>,
    /// Targets of links, with their line.
    pub(crate) links: Vec<(usize, String)>,
    /// Its headings, without markup.
    pub(crate) headings: Vec<String>,
    /// What `#anchor` may name, as GitHub makes it of headings.
    pub(crate) anchors: Vec<String>,
    /// List items that explain names, ``- `a`, `b`: ...``.
    pub(crate) definitions: Vec<Definition>,
}

impl Page {
    /// Reads and takes apart a page of the project.
    pub(crate) fn read(path: &'static str) -> Self {
        let text = std::fs::read_to_string(project().join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut page = Self {
            path,
            text: text.clone(),
            blocks: Vec::new(),
            spans: Vec::new(),
            links: Vec::new(),
            headings: Vec::new(),
            anchors: Vec::new(),
            definitions: Vec::new(),
        };
        let mut scanner = Scanner::default();
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            scanner.take(&mut page, event, line);
        }
        page
    }

    /// The names that list items under a heading explain.
    pub(crate) fn defined_under(&self, heading: &str) -> Vec<String> {
        let under = self
            .definitions
            .iter()
            .filter(|item| item.heading == heading);
        under.flat_map(|item| item.names.clone()).collect()
    }
}

/// Where in a page its parser stands.
#[derive(Default)]
struct Scanner {
    /// The comment above, until something else comes.
    comment: String,
    /// The heading that is over what comes.
    heading: String,
    in_heading: bool,
    block: Option<Block>,
    item: Option<Definition>,
    /// At the start of a list item, where names to be explained stand.
    naming: bool,
}

impl Scanner {
    fn take(&mut self, page: &mut Page, event: Event, line: usize) {
        match event {
            Event::Start(tag) => self.open(page, tag, line),
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(self.block.take()),
            Event::End(TagEnd::Item) => page.definitions.extend(self.item.take()),
            Event::End(TagEnd::Heading(_)) => {
                self.in_heading = false;
                page.anchors.push(anchor(&self.heading));
                page.headings.push(self.heading.clone());
            }
            Event::Html(html) => html.trim().clone_into(&mut self.comment),
            Event::Text(text) => {
                self.text(&text);
                // Names are parted by commas; other words end them.
                self.naming &= text.trim() == ",";
            }
            Event::Code(code) => {
                self.text(&code);
                if let Some(item) = &mut self.item {
                    let list = if self.naming {
                        &mut item.names
                    } else {
                        &mut item.others
                    };
                    list.push(code.to_string());
                }
                page.spans.push((line, code.into_string()));
            }
            _ => {}
        }
    }

    fn open(&mut self, page: &mut Page, tag: Tag, line: usize) {
        // A comment speaks of the block right below it.
        let comment = std::mem::take(&mut self.comment);
        match tag {
            Tag::CodeBlock(kind) => {
                self.block = Some(Block {
                    line,
                    language: match kind {
                        CodeBlockKind::Fenced(language) => language.into_string(),
                        CodeBlockKind::Indented => String::new(),
                    },
                    file: directive(&comment, "file"),
                    not_run: directive(&comment, "not run"),
                    text: String::new(),
                });
            }
            Tag::Heading { .. } => {
                self.in_heading = true;
                self.heading.clear();
            }
            Tag::Item => {
                self.naming = true;
                self.item = Some(Definition {
                    heading: self.heading.clone(),
                    ..Definition::default()
                });
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                page.links.push((line, dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(block) = &mut self.block {
            block.text.push_str(text);
        } else if self.in_heading {
            self.heading.push_str(text);
        }
    }
}

/// What `<!-- NAME: VALUE -->` says.
fn directive(comment: &str, name: &str) -> Option<String> {
    let inner = comment.strip_prefix("<!--")?.strip_suffix("-->")?;
    let value = inner.trim().strip_prefix(name)?.strip_prefix(':')?;
    Some(value.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The anchor that GitHub gives a heading: lower case, without punctuation, hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}
