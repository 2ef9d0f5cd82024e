//! A fleet for people.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::fleet::{Proxy, Share, Version};
use super::{Status, Verdict};
use crate::cli::output::{BAD, GOOD, styled};

pub(super) fn human(status: &Status) -> String {
    let mut out = String::new();
    for line in table(&status.proxies).lines() {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for trouble in status
        .proxies
        .iter()
        .filter_map(|proxy| proxy.trouble.as_ref())
    {
        let _ = writeln!(out, "\n{} {trouble}", styled(BAD, "trouble:"));
    }
    if let Some(Verdict { revision, lacking }) = &status.expected {
        let verdict = if lacking.is_empty() {
            styled(GOOD, format!("every proxy has {revision}"))
        } else {
            let lacking = lacking.join(", ");
            styled(
                BAD,
                format!("not every proxy has {revision}: not {lacking}"),
            )
        };
        let _ = writeln!(out, "\n{verdict}");
    }
    out
}

fn table(proxies: &[Proxy]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "proxy", "revision", "asked", "version", "share", "guard", "switch",
    ]);
    for proxy in proxies {
        let age = proxy.centre_age_seconds.values().max();
        let mut of_proxy = [
            proxy.name.clone(),
            proxy.revision.clone().unwrap_or("–".to_owned()),
            age.map_or("–".to_owned(), |age| format!("{age} s ago")),
        ];
        let none = Version::default();
        let versions = match &proxy.versions[..] {
            [] => std::slice::from_ref(&none),
            some => some,
        };
        for version in versions {
            table.add_row(of_proxy.iter().cloned().chain(of_version(version)));
            of_proxy = Default::default();
        }
    }
    table
}

fn of_version(told: &Version) -> [String; 4] {
    let Version { service, name, .. } = told;
    if service.is_empty() {
        return Default::default();
    }
    let share = |Share { rule, percent }: &Share| format!("{rule} {percent} %");
    let shares: Vec<_> = told.shares.iter().map(share).collect();
    [
        format!("{service}/{name}"),
        shares.join(", "),
        told.guard.unwrap_or_default().to_owned(),
        if told.switched { "closed" } else { "" }.to_owned(),
    ]
}
