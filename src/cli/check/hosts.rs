//! Services, and hosts of services, that an earlier service takes.

use super::Finding;
use crate::cli::hosts::{example, of, winner};
use crate::cli::input::Loaded;

/// The core is asked who answers each host.
pub(super) fn look(policy: &Loaded) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, service) in policy.rules.services().iter().enumerate() {
        let place = format!("services[{index}]");
        let hosts = of(&policy.document["services"][index]);
        let taken = hosts.iter().map(|host| {
            let winner = winner(&policy.rules, &example(host));
            (host, winner.filter(|winner| *winner != service.name()))
        });
        let taken: Vec<_> = taken.collect();
        if let Some((_, Some(winner))) = taken.first()
            && taken.iter().all(|(_, winner)| winner.is_some())
        {
            findings.push(Finding::warning(
                place,
                format!(
                    "{} is never reached: {winner} stands before it and has its hosts; \
                     put it before {winner}",
                    service.name()
                ),
            ));
            continue;
        }
        for (at, (host, winner)) in taken.into_iter().enumerate() {
            if let Some(winner) = winner {
                findings.push(Finding::warning(
                    format!("{place}.hosts[{at}]"),
                    format!("{winner} stands before this service and has {host}; remove one"),
                ));
            }
        }
    }
    findings
}
