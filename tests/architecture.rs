//! Who may import whom: ARCHITECTURE.md draws the rooms, this holds the code to it.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One file of the crate, by its module path such as `index::search`; the crate itself is empty.
type Module = String;

struct Crate {
    /// Source of every module, without comments and tests.
    sources: BTreeMap<Module, String>,
    /// For every module, the names that it re-exports from others: `Index` -> `index::store`.
    exports: BTreeMap<Module, BTreeMap<String, Module>>,
}

#[test]
fn a_room_imports_only_the_rooms_that_the_architecture_allows() {
    let allowed = table("ARCHITECTURE.md");
    let imports = Crate::read("src").imports();
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in &imports {
        let (from, to) = (room(from), room(to));
        if from != to && !from.is_empty() {
            found.entry(from).or_default().insert(to);
        }
    }
    for (from, rooms) in &found {
        let allowed = allowed
            .get(*from)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md says nothing of what {from} may import"));
        for to in rooms {
            assert!(
                allowed.contains(*to),
                "{from} imports {to}, which ARCHITECTURE.md does not allow: {:?}",
                imports
                    .iter()
                    .filter(|(a, b)| room(a) == *from && room(b) == *to)
                    .collect::<Vec<_>>()
            );
        }
    }
    for (from, rooms) in &allowed {
        let found = found.get(from.as_str()).cloned().unwrap_or_default();
        let unused: Vec<&String> = rooms
            .iter()
            .filter(|to| !found.contains(to.as_str()))
            .collect();
        assert!(
            unused.is_empty(),
            "{from} no longer imports {unused:?}: take it out of the table"
        );
    }
}

#[test]
fn what_a_room_may_import_has_no_circle() {
    assert_eq!(circle(&table("ARCHITECTURE.md")), None);
}

#[test]
fn no_two_files_import_each_other_by_any_way() {
    let mut graph: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, to) in Crate::read("src").imports() {
        graph.entry(from).or_default().insert(to);
    }
    assert_eq!(circle(&graph), None);
}

#[test]
fn only_the_command_line_prints_or_knows_its_crates() {
    for (module, source) in Crate::read("src").sources {
        if room(&module) == "cli" || module == "main" {
            continue;
        }
        for word in [
            "println!",
            "eprintln!",
            "clap",
            "anyhow",
            "indicatif",
            "dbg!",
        ] {
            assert!(!source.contains(word), "{module} uses {word}");
        }
    }
}

#[test]
fn only_the_service_knows_its_crates() {
    for (module, source) in Crate::read("src").sources {
        if room(&module) == "serve" || module == "cli::serve" {
            continue;
        }
        for word in ["axum", "hyper", "tokio", "tower", "tracing", "utoipa"] {
            let used = source.contains(&format!("{word}::"));
            assert!(!used, "{module} uses {word}");
        }
    }
}

/// The first part of a module path.
fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

/// Rows "| `room/` | `a`, `b` |" below the heading "Who may import whom".
fn table(file: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let text = fs::read_to_string(file).unwrap();
    let (_, section) = text
        .split_once("## Who may import whom")
        .expect("ARCHITECTURE.md has a section of this name");
    let section = section.split("\n## ").next().unwrap_or(section);
    let names = |cell: &str| -> BTreeSet<Module> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted
            .map(|name| name.trim_end_matches('/').to_owned())
            .collect()
    };
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let imported = names(cells[2]);
            names(cells[1])
                .into_iter()
                .map(move |room| (room, imported.clone()))
        })
        .collect()
}

/// Some way from a node back to itself.
fn circle(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    fn walk(
        node: &Module,
        graph: &BTreeMap<Module, BTreeSet<Module>>,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = way.iter().position(|earlier| earlier == node) {
            return Some(way[start..].to_vec());
        }
        if done.contains(node) {
            return None;
        }
        way.push(node.clone());
        let found = graph
            .get(node)
            .into_iter()
            .flatten()
            .find_map(|next| walk(next, graph, way, done));
        way.pop();
        done.insert(node.clone());
        found
    }
    let mut done = BTreeSet::new();
    graph
        .keys()
        .find_map(|node| walk(node, graph, &mut Vec::new(), &mut done))
}

impl Crate {
    fn read(root: &str) -> Self {
        let mut files = Vec::new();
        collect(Path::new(root), &mut files);
        let sources: BTreeMap<Module, String> = files
            .iter()
            .map(|file| {
                (
                    module_of(root, file),
                    stripped(&fs::read_to_string(file).unwrap()),
                )
            })
            .collect();
        let mut this = Self {
            sources,
            exports: BTreeMap::new(),
        };
        for (module, source) in &this.sources {
            let mut exports = BTreeMap::new();
            for path in exported(source) {
                let path = absolute(module, &path, &this.sources);
                if let (Some(name), Some(from)) = (path.last(), this.file_of(&path)) {
                    exports.insert(name.clone(), from);
                }
            }
            this.exports.insert(module.clone(), exports);
        }
        this
    }

    /// The module whose file holds the item at `path`: the longest prefix that is a file.
    fn file_of(&self, path: &[String]) -> Option<Module> {
        (1..=path.len())
            .rev()
            .map(|length| path[..length].join("::"))
            .find(|module| self.sources.contains_key(module))
    }

    /// Where an item comes from, through re-exports.
    fn origin(&self, path: &[String]) -> Option<Module> {
        let mut file = self.file_of(path)?;
        let depth = if file.is_empty() {
            0
        } else {
            file.split("::").count()
        };
        let name = path.get(depth);
        while let Some(from) = name.and_then(|name| self.exports.get(&file)?.get(name)) {
            if *from == file {
                break;
            }
            file.clone_from(from);
        }
        Some(file)
    }

    /// Which file uses something that is defined in which other file.
    fn imports(&self) -> BTreeSet<(Module, Module)> {
        let mut imports = BTreeSet::new();
        for (module, source) in &self.sources {
            for path in paths(source) {
                let path = absolute(module, &path, &self.sources);
                if let Some(origin) = self.origin(&path)
                    && origin != *module
                {
                    imports.insert((module.clone(), origin));
                }
            }
        }
        imports
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn module_of(root: &str, file: &Path) -> Module {
    let below = file.strip_prefix(root).unwrap().with_extension("");
    let mut parts: Vec<String> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        parts.pop();
    }
    parts.join("::")
}

/// Source without comments and without the tests at its end.
fn stripped(source: &str) -> String {
    let source = source
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or(source);
    source
        .lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The `use` statements of a source: whether it re-exports, and its tree; and the source without them.
fn use_statements(source: &str) -> (Vec<(bool, &str)>, String) {
    let (mut statements, mut rest) = (Vec::new(), String::new());
    let mut remaining = source;
    while let Some(line) = remaining.lines().next() {
        let code = line.trim_start();
        let visibility = code.split_once("use ").map(|(before, _)| before.trim_end());
        let is_use = visibility.is_some_and(|word| {
            word.is_empty() || word == "pub" || word.starts_with("pub(") && word.ends_with(')')
        });
        if !is_use {
            rest += line;
            rest.push('\n');
            remaining = remaining[line.len()..]
                .strip_prefix('\n')
                .unwrap_or_default();
            continue;
        }
        let (statement, after) = remaining.split_once(';').unwrap_or((remaining, ""));
        let (_, tree) = statement.split_once("use ").unwrap_or(("", statement));
        statements.push((visibility != Some(""), tree));
        remaining = after;
    }
    (statements, rest)
}

/// Paths that a source re-exports, one per name, without glob imports.
fn exported(source: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (_, tree) in use_statements(source)
        .0
        .iter()
        .filter(|(exports, _)| *exports)
    {
        expand(tree, &mut Vec::new(), &mut found);
    }
    found
}

/// Paths of every `use` that re-exports nothing, and every path in the code that starts with `crate`, `super` or
/// `faunalens`.
fn paths(source: &str) -> Vec<Vec<String>> {
    let (statements, rest) = use_statements(source);
    let mut found = Vec::new();
    for (_, tree) in statements.iter().filter(|(exports, _)| !*exports) {
        expand(tree, &mut Vec::new(), &mut found);
    }
    for head in ["crate::", "super::", "faunalens::"] {
        for (start, _) in rest.match_indices(head) {
            let before = rest[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let path: String = rest[start..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                .collect();
            found.push(
                path.split("::")
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect(),
            );
        }
    }
    found
}

/// Spells out a tree such as `a::{b, c::{self, d}}`.
fn expand(tree: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let name = tree.split(" as ").next().unwrap_or(tree);
        let parts = name
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let mut path = prefix.clone();
        // `a::{self}` is `a`; `self::a` starts here.
        path.extend(
            parts
                .filter(|part| *part != "self" || prefix.is_empty())
                .map(str::to_owned),
        );
        if !path.is_empty() {
            found.push(path);
        }
        return;
    };
    let depth = prefix.len();
    prefix.extend(
        tree[..open]
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned),
    );
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let (mut level, mut start) = (0, 0);
    for (position, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => level += 1,
            '}' => level -= 1,
            ',' if level == 0 => {
                expand(&inner[start..position], prefix, found);
                start = position + 1;
            }
            _ => {}
        }
    }
    prefix.truncate(depth);
}

/// A path as seen from the root of the crate.
fn absolute(module: &str, path: &[String], sources: &BTreeMap<Module, String>) -> Vec<String> {
    let mut place: Vec<String> = module
        .split("::")
        .filter(|p| !p.is_empty())
        .map(str::to_owned)
        .collect();
    let mut rest = path;
    match rest.first().map(String::as_str) {
        Some("crate" | "faunalens") => {
            // The binary's `crate` is its own tree, of which only `cli` is a room.
            place.clear();
            rest = &rest[1..];
        }
        Some("super" | "self") => {
            while let Some(first) = rest.first() {
                match first.as_str() {
                    "super" => drop(place.pop()),
                    "self" => {}
                    _ => break,
                }
                rest = &rest[1..];
            }
        }
        Some(first) => {
            let child = [module, first]
                .into_iter()
                .filter(|p| !p.is_empty())
                .collect::<Vec<_>>()
                .join("::");
            if !sources.contains_key(&child) {
                return Vec::new(); // another crate
            }
        }
        None => return Vec::new(),
    }
    place.extend(rest.iter().cloned());
    place
}
