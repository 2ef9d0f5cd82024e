//! Shares for people.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::Outcome;
use super::count::Shares;
use super::users::Carrier;
use crate::cli::output::{BAD, BOLD, DIM, GOOD, grouped, styled};

/// Columns of the longest bar.
const BAR: usize = 40;

pub(super) fn human(outcome: &Outcome, keys: &[Carrier]) -> String {
    let mut out = String::new();
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    let keys = match &keys[..] {
        [] => "nothing".to_owned(),
        keys => keys.join(", "),
    };
    for service in &outcome.services {
        let users = format!(
            "{} users, told apart by {keys}; seed {}",
            grouped(outcome.users),
            outcome.seed
        );
        let _ = writeln!(out, "{}   {users}\n", styled(BOLD, &service.service));
        for line in table(service).lines() {
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out.push('\n');
        bars(&mut out, service, outcome.users);
        out.push('\n');
        coming(&mut out, service);
    }
    let verdict = if outcome.ok {
        styled(GOOD, "each share is what the policy says")
    } else {
        styled(BAD, "a share is not what the policy says")
    };
    let _ = writeln!(
        out,
        "{verdict} {}",
        styled(
            DIM,
            "(but for chance: it calls a right one wrong once in a million times)"
        )
    );
    out
}

fn table(service: &Shares) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "rule", "version", "policy", "observed", "users", "accepted", "",
    ]);
    for group in &service.rules {
        let mut name = match (&group.rule, group.reason) {
            (Some(rule), "rule") => rule.clone(),
            (Some(rule), reason) => format!("{rule} ({reason})"),
            (None, reason) => format!("({reason})"),
        };
        if group.dry_run {
            name.push_str(", dry run");
        }
        for (index, share) in group.versions.iter().enumerate() {
            let (low, high) = share.accepted;
            table.add_row([
                if index == 0 {
                    name.clone()
                } else {
                    String::new()
                },
                share.version.clone(),
                format!("{} %", share.percent),
                percent(share.users, group.users),
                grouped(share.users),
                if low == high {
                    grouped(low)
                } else {
                    format!("{} to {}", grouped(low), grouped(high))
                },
                if share.ok { "ok" } else { "NOT OK" }.to_owned(),
            ]);
        }
    }
    for column in 2..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "users are far below 2^52")]
pub(super) fn percent(part: u64, all: u64) -> String {
    format!("{:.2} %", part as f64 * 100.0 / all as f64)
}

fn bars(out: &mut String, service: &Shares, all: u64) {
    let width = service
        .versions
        .iter()
        .map(|version| version.name.len())
        .max();
    let width = width.unwrap_or_default();
    for version in &service.versions {
        let tenths = usize::try_from(version.users * BAR as u64 * 8 / all).unwrap_or_default();
        let eighth = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][tenths % 8];
        let bar = format!("{}{eighth}", "█".repeat(tenths / 8));
        let share = percent(version.users, all);
        let _ = writeln!(out, " {:width$}  {bar:BAR$}  {share:>8}", version.name);
    }
}

fn coming(out: &mut String, service: &Shares) {
    let plans = service.plans.iter().filter(|plan| !plan.coming.is_empty());
    for plan in plans {
        let _ = writeln!(out, " {}, to come", plan.rule);
        for step in &plan.coming {
            let _ = writeln!(out, "   {}  {} {} %", step.at, step.version, step.percent);
        }
        out.push('\n');
    }
}
