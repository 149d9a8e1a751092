//! The graph of sellers as GraphML (graphml.graphdrawing.org), which Gephi, yEd and NetworkX read.

use std::io::{self, Write};

use super::sellers::{Edge, Shop};
use crate::escape::visible;

/// Keys: id, element, name, type. Gephi takes `label` and `weight` for its own.
const KEYS: [(&str, &str, &str, &str); 12] = [
    ("label", "node", "label", "string"),
    ("platform", "node", "platform", "string"),
    ("pictures", "node", "pictures", "int"),
    ("listings", "node", "listings", "int"),
    ("group", "node", "group", "int"),
    ("weight", "edge", "weight", "double"),
    ("shared", "edge", "shared_pictures", "int"),
    ("marked", "edge", "shared_marked_pictures", "int"),
    ("objects", "edge", "shared_objects", "int"),
    ("first", "edge", "first_seen", "string"),
    ("last", "edge", "last_seen", "string"),
    ("edge_label", "edge", "label", "string"),
];

pub(super) fn write(
    out: &mut (impl Write + ?Sized),
    shops: &[Shop],
    edges: &[Edge],
) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#
    )?;
    for (id, element, name, kind) in KEYS {
        writeln!(
            out,
            r#"  <key id="{id}" for="{element}" attr.name="{name}" attr.type="{kind}"/>"#
        )?;
    }
    writeln!(out, r#"  <graph id="sellers" edgedefault="undirected">"#)?;
    for (k, shop) in shops.iter().enumerate() {
        writeln!(out, r#"    <node id="n{k}">"#)?;
        data(out, "label", &shop.seller)?;
        data(out, "platform", &shop.platform)?;
        data(out, "pictures", &shop.pictures.to_string())?;
        data(out, "listings", &shop.listings.to_string())?;
        data(out, "group", &shop.group.to_string())?;
        writeln!(out, "    </node>")?;
    }
    for (k, edge) in edges.iter().enumerate() {
        writeln!(
            out,
            r#"    <edge id="e{k}" source="n{}" target="n{}">"#,
            edge.a, edge.b
        )?;
        data(out, "weight", &format!("{:.4}", edge.strength))?;
        data(out, "shared", &edge.shared.to_string())?;
        data(out, "marked", &edge.shared_marked.to_string())?;
        data(out, "objects", &edge.shared_objects.to_string())?;
        data(out, "first", &edge.first_seen)?;
        data(out, "last", &edge.last_seen)?;
        data(out, "edge_label", &edge.shared.to_string())?;
        writeln!(out, "    </edge>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")
}

fn data(out: &mut (impl Write + ?Sized), key: &str, value: &str) -> io::Result<()> {
    writeln!(out, r#"      <data key="{key}">{}</data>"#, escaped(value))
}

/// Text without markup, in which control characters, most of which XML 1.0 forbids, can be seen.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_document() {
        assert_eq!(
            escaped("a<b>&\"c\"\u{1}\n"),
            "a&lt;b&gt;&amp;&quot;c&quot;\\u{1}\\u{a}"
        );
    }
}
