//! The hosts that pictures may be fetched from.

use std::net::IpAddr;
use std::str::FromStr;

/// A host that pictures may be fetched from: a name, `*.` and a name for all hosts below it, or an
/// address; with a port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    /// Every name that ends with this, a dot first.
    Below(String),
    Address(IpAddr),
}

/// A text that names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a host such as cdn.example.org, *.example.org or 192.0.2.7, with :PORT where it is neither \
     80 nor 443; letters beyond ASCII as xn--"
)]
pub struct NoHost;

impl FromStr for AllowedHost {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        if let Ok(address) = text.parse::<IpAddr>() {
            let (host, port) = (Host::Address(address.to_canonical()), None);
            return Ok(Self { host, port });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| NoHost)?)),
            None => (text, None),
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
            Host::Address(address.to_canonical())
        } else if let Some(name) = host.strip_prefix('*') {
            Host::Below(format!(".{}", named(name.strip_prefix('.'))?))
        } else {
            Host::Name(named(Some(host))?)
        };
        Ok(Self { host, port })
    }
}

fn named(name: Option<&str>) -> Result<String, NoHost> {
    let name = plain(name.unwrap_or_default());
    let is_label = |label: &str| {
        let mut letters = label.bytes();
        !label.is_empty() && letters.all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
    };
    match name.split('.').all(is_label) {
        true => Ok(name),
        false => Err(NoHost),
    }
}

/// A name in the one form in which names are compared.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl AllowedHost {
    /// Whether this host is meant, at this port; `usual` is the scheme's own port.
    pub(super) fn permits(&self, host: &str, port: u16, usual: u16) -> bool {
        let host = plain(host);
        let is_host = match &self.host {
            Host::Name(name) => *name == host,
            Host::Below(end) => host.len() > end.len() && host.ends_with(end.as_str()),
            Host::Address(address) => address_in(&host) == Some(*address),
        };
        is_host && port == self.port.unwrap_or(usual)
    }
}

/// The address that a URL gives in the place of a name.
pub(super) fn address_in(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(host).parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_permitted_by_its_name_its_domain_or_its_address_and_by_its_port() {
        for (allowed, host, port, permitted) in [
            ("cdn.example.org", "cdn.example.org", 80, true),
            ("CDN.example.org.", "cdn.Example.org.", 80, true),
            ("cdn.example.org", "example.org", 80, false),
            ("cdn.example.org", "cdn.example.org.evil.net", 80, false),
            ("cdn.example.org", "evil-cdn.example.org", 80, false),
            ("cdn.example.org", "cdn.example.org", 22, false),
            ("cdn.example.org:8080", "cdn.example.org", 8080, true),
            ("cdn.example.org:8080", "cdn.example.org", 80, false),
            ("*.example.org", "a.b.example.org", 80, true),
            ("*.example.org", "example.org", 80, false),
            ("*.example.org", ".example.org", 80, false),
            ("*.example.org", "evilexample.org", 80, false),
            ("127.0.0.1:9", "127.0.0.1", 9, true),
            ("127.0.0.1:9", "localhost", 9, false),
            ("127.0.0.1:9", "127.1", 9, false),
            ("[::1]:9", "[::1]", 9, true),
            ("::1", "[0:0::1]", 80, true),
            ("192.0.2.7", "[::ffff:192.0.2.7]", 80, true),
        ] {
            let allowed: AllowedHost = allowed.parse().unwrap();
            let found = allowed.permits(host, port, 80);
            assert_eq!(found, permitted, "{allowed:?} {host} {port}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "*example.org",
            "a..b",
            "http://a.org",
            "a.org/",
            "a.org:http",
            "a.org:70000",
            "user@a.org",
            "bücher.example",
            "a b",
            "*.*.org",
        ] {
            assert_eq!(text.parse::<AllowedHost>(), Err(NoHost), "{text:?}");
        }
    }
}
