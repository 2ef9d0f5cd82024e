//! Which virtual hosts the requests for a service may meet.

use super::routes::{Table, VirtualHost};

/// Of each table, the virtual hosts that Envoy takes for one of these hosts of a policy: a name,
/// `*.` and a name, or `*` for every host. Those that lead to no service are left out.
pub(super) fn met<'d>(tables: &'d [Table], hosts: &[String]) -> Vec<&'d VirtualHost> {
    let mut met: Vec<&VirtualHost> = Vec::new();
    for table in tables {
        for host in hosts {
            let host = host.to_ascii_lowercase();
            let ranks = table.hosts.iter().map(|of| {
                let ranks = of
                    .domains
                    .iter()
                    .filter_map(|domain| rank(without_port(domain), &host));
                (ranks.max(), of)
            });
            let ranks: Vec<_> = ranks.filter_map(|(rank, of)| Some((rank?, of))).collect();
            // A name meets the domain that fits it best; of a wildcard's names, any of those that fit.
            let best = ranks.iter().map(|(rank, _)| *rank).max();
            let all = host.starts_with('*');
            let taken = ranks
                .into_iter()
                .filter(|(rank, _)| all || Some(*rank) == best);
            met.extend(taken.map(|(_, of)| of).filter(|of| of.leads()));
        }
    }
    met
}

/// How well a domain fits a policy's host, as Envoy ranks them: the name, `*` and its end, its
/// beginning and `*`, `*`; of two alike the longer.
fn rank(domain: &str, host: &str) -> Option<(u8, usize)> {
    let (kind, fits) = match (domain.strip_prefix('*'), domain.strip_suffix('*')) {
        (Some(""), _) => (0, true),
        (Some(end), _) => match host.strip_prefix('*') {
            Some(any) => (2, any.ends_with(end) || end.ends_with(any)),
            None => (2, host.len() > end.len() && host.ends_with(end)),
        },
        (None, Some(begin)) => (
            1,
            host.starts_with('*') || (host.len() > begin.len() && host.starts_with(begin)),
        ),
        (None, None) => match host.strip_prefix('*') {
            Some(any) => (3, domain.len() > any.len() && domain.ends_with(any)),
            None => (3, domain == host),
        },
    };
    fits.then_some((kind, domain.len()))
}

/// A domain without its port, be that any (`:*`). The colons of an address belong to it.
pub(super) fn without_port(domain: &str) -> &str {
    match domain.rsplit_once(':') {
        Some((name, port))
            if !port.contains(']')
                && (port == "*" || port.bytes().all(|byte| byte.is_ascii_digit())) =>
        {
            name
        }
        _ => domain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_fit_as_in_envoy() {
        for (domain, host, kind) in [
            ("shop.example.com", "shop.example.com", Some(3)),
            ("shop.example.com:80", "shop.example.com", Some(3)),
            ("shop.example.com:*", "shop.example.com", Some(3)),
            ("[::1]:80", "[::1]", Some(3)),
            ("[::1]", "[::1]", Some(3)),
            ("other.example.com", "shop.example.com", None),
            ("*.example.com", "shop.example.com", Some(2)),
            ("*.example.com", "example.com", None),
            ("shop.*", "shop.example.com", Some(1)),
            ("pay.*", "shop.example.com", None),
            ("*", "shop.example.com", Some(0)),
            ("shop.example.com", "*.example.com", Some(3)),
            ("*.com", "*.example.com", Some(2)),
            ("*.a.example.com", "*.example.com", Some(2)),
            ("*.org", "*.example.com", None),
            ("shop.*", "*.example.com", Some(1)),
            ("shop.example.com", "*", Some(3)),
        ] {
            let fits = rank(without_port(domain), host).map(|(kind, _)| kind);
            assert_eq!(fits, kind, "{domain} {host}");
        }
        assert!(
            rank("*.a.example.com", "x.a.example.com") > rank("*.example.com", "x.a.example.com")
        );
    }
}
