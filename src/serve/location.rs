//! Where a redirect leads: a reference resolved against the address that gave it (RFC 3986, 5.2).

use axum::http::Uri;

/// The address that `location` means, as said by `base`; `None` for what is none.
pub(super) fn resolve(base: &Uri, location: &str) -> Option<Uri> {
    let location = location.split('#').next().unwrap_or_default();
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    if has_scheme(location) {
        return location.parse().ok();
    }
    if location.starts_with("//") {
        return format!("{scheme}:{location}").parse().ok();
    }
    let (path, query) = match location.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (location, None),
    };
    let folder = base
        .path()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let (path, query) = match path {
        "" => (base.path().to_owned(), query.or(base.query())),
        path if path.starts_with('/') => (path.to_owned(), query),
        path => (format!("{folder}/{path}"), query),
    };
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{scheme}://{authority}{}{query}", without_dots(&path))
        .parse()
        .ok()
}

/// Whether a reference begins with a scheme.
fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        let mut letters = scheme.bytes();
        letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && letters.all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
    })
}

/// A path whose segments `.` and `..` are carried out.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.trim_start_matches('/').split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_the_standard_tells() {
        let base: Uri = "http://a:8080/b/c/d?q".parse().unwrap();
        for (reference, expected) in [
            ("g", "http://a:8080/b/c/g"),
            ("./g", "http://a:8080/b/c/g"),
            ("g/", "http://a:8080/b/c/g/"),
            ("/g", "http://a:8080/g"),
            ("//g/x", "http://g/x"),
            ("?y", "http://a:8080/b/c/d?y"),
            ("g?y", "http://a:8080/b/c/g?y"),
            ("#s", "http://a:8080/b/c/d?q"),
            ("g#s", "http://a:8080/b/c/g"),
            ("..", "http://a:8080/b/"),
            ("../g", "http://a:8080/b/g"),
            ("../../../g", "http://a:8080/g"),
            ("g/./h", "http://a:8080/b/c/g/h"),
            ("g/../h", "http://a:8080/b/c/h"),
            ("https://h/i", "https://h/i"),
            ("g?y=http://z/", "http://a:8080/b/c/g?y=http://z/"),
        ] {
            let found = resolve(&base, reference).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{reference}");
        }
    }
}
