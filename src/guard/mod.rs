//! The guard: watches the answers of a version, and takes a bad one out of traffic.
//!
//! ```text
//! outcome ─▶ Record, of one worker ─▶ Report, in shared data ─▶ Seen, by all ─▶ verdict ─▶ Standing
//! ```

mod announce;
mod fleet;
mod limits;
mod outcome;
mod record;
mod report;
mod seen;
mod standing;
mod verdict;
mod window;
mod worker;

pub use fleet::{Announcement, Fleet, is_alive};
pub use limits::Because;
pub use outcome::{Ended, Outcome, outcome};
pub use record::{Record, Watched};
pub use seen::Seen;
pub use standing::{Standing, State};
pub use window::Counts;
pub use worker::{Guarded, Judged, Worker, announcement, last_verdict, recalled};
