//! Every seed, and every input that ever broke a target, through its target.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use graylane_fuzz::TARGETS;

/// What a folder holds, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// How many seeds of a target are run: under Miri, which is a thousand times slower, some.
const MOST: usize = if cfg!(miri) { 2 } else { usize::MAX };

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

#[test]
fn what_was_found_and_what_it_began_with_hold() {
    for target in TARGETS {
        let seeds = entries(&folder("seeds").join(target.name));
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        let found = entries(&folder("found").join(target.name));
        for file in seeds.iter().take(MOST).chain(&found) {
            // A panic is told with what it was about.
            eprintln!("{}", file.display());
            (target.run)(&fs::read(file).unwrap());
        }
    }
}

#[test]
fn every_folder_has_a_target() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len(), "two targets have one name");
    for kind in ["seeds", "found"] {
        for folder in entries(&folder(kind)) {
            let name = folder.file_name().unwrap().to_str().unwrap();
            assert!(names.contains(name), "{kind}/{name} is of no target");
        }
    }
}
