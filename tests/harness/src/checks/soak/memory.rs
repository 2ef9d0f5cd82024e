//! Whether memory stays as it is.

use super::NAME;
use crate::report::Row;
use crate::series::SoakSample;

/// What Envoy may keep of each change of the policy, in bytes: it keeps some two thousand, half of
/// them of a filter that does nothing as well.
const OF_A_CHANGE: u64 = 4 * 1024;
/// By how much memory goes up and down with what is just under way, in bytes. Of ten million
/// requests, two bytes that each leaves behind are more.
const NOISE: u64 = 4 * 1024 * 1024;
/// So many samples stand for a stage, or a tenth of all.
const NEAR: usize = 3;
const MEGABYTE: f64 = 1_048_576.0;

/// What is looked at: the middle one of some samples.
#[derive(Clone, Copy, Debug)]
struct Stage {
    bytes: u64,
    changes: u64,
}

/// The rows, of a run from its first sample to its last.
pub(super) fn rows(samples: &[SoakSample]) -> Vec<Row> {
    let resident = |sample: &SoakSample| sample.resident_bytes;
    let allocated = |sample: &SoakSample| Some(sample.allocated_bytes);
    let mut rows = Vec::new();
    if samples.iter().all(|sample| resident(sample).is_some()) {
        rows.push(row("resident", samples, resident));
    }
    rows.push(row("allocated, to Envoy", samples, allocated));
    let vms = |sample: Option<&SoakSample>| sample.map_or(0, |sample| sample.vms);
    let (first, last) = (vms(samples.first()), vms(samples.last()));
    rows.push(Row::judged(
        NAME,
        "VMs of WebAssembly, at the end",
        format!("as at the start: {first}"),
        last,
        "exact",
        first == last && first > 0,
    ));
    rows
}

fn row(what: &str, samples: &[SoakSample], bytes: fn(&SoakSample) -> Option<u64>) -> Row {
    let stage = |percent| stage(samples, percent, bytes);
    // Not the first tenth, in which caches and connections come to be.
    let [start, middle, end] = [stage(15), stage(50), stage(95)];
    let rule = format!("memory, MB: {what}");
    let (Some(start), Some(middle), Some(end)) = (start, middle, end) else {
        return Row::judged(NAME, rule, "samples", samples.len(), "more of them", false);
    };
    let more = (end.changes - middle.changes) * OF_A_CHANGE + NOISE;
    let most = middle.bytes + more;
    Row::judged(
        NAME,
        rule,
        "at the end as in the middle",
        format!(
            "{} at the start, {} in the middle, {} at the end",
            megabytes(start.bytes),
            megabytes(middle.bytes),
            megabytes(end.bytes)
        ),
        format!("at the end up to {}", megabytes(most)),
        end.bytes <= most,
    )
}

/// The middle one of the few samples that are nearest to this percentage of the requests: Envoy
/// tells nothing while its main thread reads a large policy.
fn stage(
    samples: &[SoakSample],
    percent: u64,
    bytes: fn(&SoakSample) -> Option<u64>,
) -> Option<Stage> {
    let place = samples.last()?.requests * percent;
    let mut near: Vec<_> = samples
        .iter()
        .filter_map(|sample| {
            let stage = Stage {
                bytes: bytes(sample)?,
                changes: sample.changes,
            };
            Some(((sample.requests * 100).abs_diff(place), stage))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.truncate(NEAR.max(samples.len() / 10));
    near.sort_by_key(|(_, stage)| stage.bytes);
    near.get(near.len() / 2).map(|(_, stage)| *stage)
}

#[allow(clippy::cast_precision_loss)] // Far below 2^52.
fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / MEGABYTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of a hundred samples, each with so many bytes more than the one before.
    fn run(more: u64) -> Vec<SoakSample> {
        let sample = |number: u64| SoakSample {
            at_ms: number * 1_000,
            requests: number * 100_000,
            changes: number * 10,
            resident_bytes: Some(100_000_000 + number * more),
            allocated_bytes: 20_000_000,
            heap_bytes: 50_000_000,
            vms: 4,
        };
        (0..=100).map(sample).collect()
    }

    fn passed(samples: &[SoakSample]) -> Vec<bool> {
        rows(samples).iter().map(|row| row.passed).collect()
    }

    #[test]
    fn what_changes_keep_passes_and_two_bytes_of_each_request_do_not() {
        assert_eq!(passed(&run(0)), [true; 3]);
        assert_eq!(passed(&run(10 * 2_000)), [true; 3]);
        assert_eq!(passed(&run(10 * 2_000 + 100_000 * 2)), [false, true, true]);
    }

    #[test]
    fn a_vm_that_stays_is_found() {
        let mut samples = run(0);
        if let Some(last) = samples.last_mut() {
            last.vms += 1;
        }
        assert_eq!(passed(&samples), [true, true, false]);
    }

    #[test]
    fn without_samples_nothing_is_flat() {
        assert!(passed(&[]).iter().all(|passed| !passed));
    }
}
