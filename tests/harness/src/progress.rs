//! What a person sees while something takes its time.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal; elsewhere one line when it starts and one when it ends.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    title: String,
    began: Instant,
}

impl Progress {
    /// Something of a known length.
    #[must_use]
    pub fn of(title: &str, length: usize) -> Self {
        let bar = ProgressBar::new(length as u64);
        bar.set_style(style("{msg:32} {wide_bar} {pos}/{len} {per_sec}"));
        Self::start(bar, title)
    }

    /// Something of which nobody knows how long it takes.
    #[must_use]
    pub fn waiting(title: &str) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_style(style("{spinner} {msg} {elapsed}"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::start(bar, title)
    }

    /// For what nobody watches.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            title: String::new(),
            began: Instant::now(),
        }
    }

    /// One more is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    fn start(bar: ProgressBar, title: &str) -> Self {
        if bar.is_hidden() {
            eprintln!("{title} …");
        }
        bar.set_message(title.to_owned());
        Self {
            bar,
            title: title.to_owned(),
            began: Instant::now(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let plain = self.bar.is_hidden() && !self.title.is_empty();
        self.bar.finish_and_clear();
        if plain {
            eprintln!(
                "{}: {:.1} s",
                self.title,
                self.began.elapsed().as_secs_f64()
            );
        }
    }
}

/// A template that does not parse costs the style, not the run.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
