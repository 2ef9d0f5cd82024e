//! How many instructions it takes: the same on a busy machine as on an idle one.

// What the macros make has no documentation.
#![allow(missing_docs)]

use std::hint::black_box;

use graylane::Rules;
use graylane_bench_core::{Case, policy_of};
use gungraun::{
    Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};

// As in time.rs. What is given back ends uncounted.
#[library_benchmark]
#[bench::sticky(Case::sticky())]
#[bench::three_conditions(Case::three_conditions())]
#[bench::rules_10_none(Case::none_of(10))]
#[bench::rules_10_last(Case::last_of(10))]
#[bench::rules_1000_none(Case::none_of(1_000))]
#[bench::rules_1000_last(Case::last_of(1_000))]
#[bench::rules_10000_none(Case::none_of(10_000))]
#[bench::rules_10000_last(Case::last_of(10_000))]
#[bench::ids_10(Case::ids(10))]
#[bench::ids_100000(Case::ids(100_000))]
fn decide(case: Case) -> Case {
    black_box(&case).decide();
    case
}

#[library_benchmark]
#[bench::rules_10(policy_of(10))]
#[bench::rules_1000(policy_of(1_000))]
#[bench::rules_10000(policy_of(10_000))]
fn compile(policy: String) -> (Rules, String) {
    (graylane_bench_core::compile(black_box(&policy)), policy)
}

library_benchmark_group!(name = core, benchmarks = [decide, compile]);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = core
);
