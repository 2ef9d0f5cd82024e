//! The schema: the copy in the documentation is this one, it accepts what the core accepts, and
//! refuses unknown fields and values of another type.

use std::fs;

use serde_json::Value;

use crate::run::graylane;

const COPY: &str = "docs/policy.schema.json";

fn validator() -> jsonschema::Validator {
    let schema = graylane(&["schema"], "").json();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn vectors(name: &str) -> Value {
    let file = fs::read(format!("tests/vectors/{name}")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

#[test]
fn the_copy_is_current() {
    let schema = graylane(&["schema"], "").out;
    let copy = fs::read_to_string(COPY).unwrap_or_default();
    // The suite's snapshots are written anew by the same variable.
    if std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite") {
        fs::write(COPY, schema).unwrap();
    } else {
        assert_eq!(copy, schema, "run `graylane schema > {COPY}`");
    }
}

#[test]
fn what_the_core_accepts_is_valid() {
    let validator = validator();
    let mut seen = 0;
    for file in fs::read_dir("tests/vectors").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        for vector in vectors(&name).as_array().into_iter().flatten() {
            let problems: Vec<_> = validator.iter_errors(&vector["policy"]).collect();
            assert!(
                problems.is_empty(),
                "{name}: {}: {problems:?}",
                vector["name"]
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} policies");
    assert!(validator.is_valid(&vectors("refusals.json")["base"]));
}

#[test]
fn what_the_core_refuses_by_its_shape_is_invalid() {
    let validator = validator();
    let refusals = vectors("refusals.json");
    let shapes = [
        "unknown field",
        "missing field",
        "invalid type",
        "is empty; list",
        "is empty; name",
        "unknown variant",
        "needs one of `use`",
        "has both `use`",
        "needs one of `header`",
        "has both `header`",
    ];
    let mut seen = 0;
    for edit in refusals["edits"].as_array().unwrap() {
        let error = edit["error"].as_str().unwrap();
        // `name` is required by some conditions and refused by others, which one type cannot say.
        let of_a_name = error.contains("missing field `name`") && error.contains("when");
        if !shapes.iter().any(|shape| error.contains(shape)) || of_a_name {
            continue;
        }
        let mut document = refusals["base"].clone();
        for pointer in edit["remove"].as_array().into_iter().flatten() {
            let (object, field) = pointer.as_str().unwrap().rsplit_once('/').unwrap();
            let object = document.pointer_mut(object).unwrap().as_object_mut();
            object.unwrap().remove(field);
        }
        for (pointer, value) in edit["set"].as_object().into_iter().flatten() {
            let (object, field) = pointer.rsplit_once('/').unwrap();
            match document.pointer_mut(object).unwrap() {
                Value::Array(list) => list[field.parse::<usize>().unwrap()] = value.clone(),
                object => object[field] = value.clone(),
            }
        }
        assert!(!validator.is_valid(&document), "{error}");
        seen += 1;
    }
    assert!(seen > 50, "{seen} refusals");
}
