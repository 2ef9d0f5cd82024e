//! What a person reads of the wait, and of how it ended.

use std::time::{Duration, Instant};

use humantime::format_duration;
use indicatif::{ProgressBar, ProgressStyle};

use super::watch::Told;
use super::{Args, Proxy, Version};
use crate::cli::output::{BAD, GOOD, grouped, styled};

/// A line that changes, on a terminal; elsewhere nothing.
pub(super) struct Waiting<'a> {
    args: &'a Args,
    bar: ProgressBar,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(args: &'a Args) -> Self {
        let bar = ProgressBar::new_spinner();
        // A template that does not parse costs the style, not the wait.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { args, bar }
    }

    /// What is open now, or how long nothing has been.
    pub(super) fn show(&self, proxies: &[Proxy<'_>], now: Instant) {
        let Args { version, quiet, .. } = self.args;
        let message = match proxies.iter().map(|proxy| proxy.watch.quiet_for(now)).min() {
            Some(Some(so_far)) => {
                let quiet = format_duration(*quiet);
                format!("{version}: quiet for {} of {quiet}", seconds(so_far))
            }
            _ => format!("{version}: {}", unquiet(self.args, proxies, now)),
        };
        self.bar.set_message(message);
    }

    /// Says something that stays, also where nobody watches.
    pub(super) fn say(&self, text: &str) {
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

pub(super) fn idle(args: &Args) -> String {
    let Args { version, quiet, .. } = args;
    let proxies = match &args.admins[..] {
        [one] => one.to_string(),
        several => format!("{} proxies", several.len()),
    };
    let (idle, quiet) = (styled(GOOD, "idle"), format_duration(*quiet));
    format!("{version} is {idle}: nothing open and no request for {quiet} in {proxies}\n")
}

pub(super) fn busy(args: &Args, proxies: &[Proxy<'_>], now: Instant) -> String {
    let Args {
        version, timeout, ..
    } = args;
    let (busy, timeout) = (styled(BAD, "not idle"), format_duration(*timeout));
    let why = unquiet(args, proxies, now);
    format!("{version} is {busy} after {timeout}: {why}\n")
}

pub(super) fn still_sent(version: &Version, policy: &str, how: &str) -> String {
    let sent = styled(BAD, "may still get users");
    format!("{version} {sent} by {policy}: {how}; change the policy first\n")
}

/// Each proxy that has not been quiet for long enough, and why.
fn unquiet(args: &Args, proxies: &[Proxy<'_>], now: Instant) -> String {
    let busy = proxies
        .iter()
        .filter(|proxy| !proxy.watch.is_quiet_for(args.quiet, now));
    let busy: Vec<_> = busy.map(|proxy| why(proxy, now)).collect();
    busy.join("; ")
}

fn why(Proxy { admin, watch }: &Proxy<'_>, now: Instant) -> String {
    let open = match watch.last() {
        Told::Silent(why) => return why.clone(),
        Told::Count(count) => count.open,
        Told::Nothing => 0,
    };
    let came = match watch.came() {
        0 => String::new(),
        1 => "1 request came meanwhile".to_owned(),
        came => format!("{} requests came meanwhile", grouped(came)),
    };
    match (open, &*came) {
        (0, "") => {
            let quiet = watch.quiet_for(now).unwrap_or_default();
            format!("{admin} has been quiet for {} only", seconds(quiet))
        }
        (0, came) => format!("{admin}: {came}"),
        (open, "") => format!("{admin}: {} open", grouped(open)),
        (open, came) => format!("{admin}: {} open, {came}", grouped(open)),
    }
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs())
}
