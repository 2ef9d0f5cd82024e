//! How long it takes.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use graylane_bench_core::{Case, compile, policy_of};

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(50)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    // As in instructions.rs.
    let cases = [
        ("sticky", Case::sticky()),
        ("three_conditions", Case::three_conditions()),
        ("rules_10_none", Case::none_of(10)),
        ("rules_10_last", Case::last_of(10)),
        ("rules_1000_none", Case::none_of(1_000)),
        ("rules_1000_last", Case::last_of(1_000)),
        ("rules_10000_none", Case::none_of(10_000)),
        ("rules_10000_last", Case::last_of(10_000)),
        ("ids_10", Case::ids(10)),
        ("ids_100000", Case::ids(100_000)),
    ];
    for (name, case) in &cases {
        criterion.bench_function(&format!("decide {name}"), |bencher| {
            bencher.iter(|| black_box(case).decide());
        });
    }
    for rules in [10, 1_000, 10_000] {
        let policy = policy_of(rules);
        criterion.bench_function(&format!("compile rules_{rules}"), |bencher| {
            // What it makes ends untimed.
            bencher.iter_with_large_drop(|| compile(black_box(&policy)));
        });
    }
}
