//! The programs in `examples/` run, and what they assert holds.

#[path = "../examples/estimate_files.rs"]
mod estimate_files;
#[path = "../examples/exact_or_estimate.rs"]
mod exact_or_estimate;
#[path = "../examples/merge_days.rs"]
mod merge_days;
#[path = "../examples/reach_of_partners.rs"]
mod reach_of_partners;
#[path = "../examples/two_iterators.rs"]
mod two_iterators;

#[test]
fn every_example_runs() {
    let programs = [
        estimate_files::main,
        exact_or_estimate::main,
        merge_days::main,
        reach_of_partners::main,
        two_iterators::main,
    ];
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    assert_eq!(files.count(), programs.len(), "a new example belongs here");
    for program in programs {
        program().unwrap();
    }
}
