//! What claims are, and what they only look like.

use serde_json::{Value, json};

/// Users of each kind of claim.
const EACH: u32 = 60;

/// Values of the claim `v`, by what they are.
pub(super) fn kinds() -> Vec<(&'static str, Vec<Value>)> {
    let each = |make: &dyn Fn(u32) -> Value| (0..EACH).map(make).collect::<Vec<_>>();
    let odd = |number: u32| f64::from(number).mul_add(1.37, 0.1) / 7.0;
    vec![
        ("text", each(&|n| json!(format!("user-{n}")))),
        (
            "text of eight bytes",
            each(&|n| match n % 4 {
                0 => json!(format!("user{n:04}")),
                // As doubles these are between 2 and 10^19, where numbers of claims are.
                1 => json!(format!("user{n:03}@")),
                2 => json!(format!("{n:07}A")),
                _ => json!(format!("{n:07}C")),
            }),
        ),
        (
            "short and empty text",
            each(&|n| json!(["", "0", "1", "true", "é", "小明"][n as usize % 6])),
        ),
        (
            "long text",
            each(&|n| json!("x".repeat(1_000 + n as usize))),
        ),
        (
            "text with control characters",
            each(&|n| {
                let controls = [
                    "\t",
                    "\n",
                    "\0",
                    "\u{1}",
                    "\0\0\0\0",
                    "user\t123",
                    "\u{7f}1234567",
                ];
                let text = controls[n as usize % controls.len()];
                json!(if n < 30 {
                    text.to_owned()
                } else {
                    format!("{text}{n}")
                })
            }),
        ),
        ("whole numbers", each(&|n| json!(n * n))),
        ("negative numbers", each(&|n| json!(-i64::from(n)))),
        ("fractions", each(&|n| json!(odd(n)))),
        (
            "large numbers",
            each(&|n| json!(1_795_000_000_000_000_u64 + u64::from(n) * 2_718_281_828)),
        ),
        (
            "tiny and huge numbers",
            each(&|n| json!(10f64.powf(f64::from(n) * 5.0 - 150.0))),
        ),
        (
            "doubles that spell a text",
            each(&|n| {
                let bytes = format!("{n:02}abcde@");
                let bytes: [u8; 8] = bytes.as_bytes().try_into().unwrap_or_default();
                json!(f64::from_le_bytes(bytes))
            }),
        ),
        ("truth values", each(&|n| json!(n % 2 == 0))),
        (
            "lists",
            each(&|n| {
                json!([
                    format!("a{n}"),
                    n,
                    n % 2 == 0,
                    odd(n),
                    format!("user{n:04}")
                ])
            }),
        ),
        (
            "odd lists",
            each(&|n| match n % 8 {
                0 => json!([]),
                1 => json!([""]),
                2 => json!(["", ""]),
                3 => json!([[format!("deep-{n}")], { "a": format!("deep-{n}") }]),
                4 => json!([[], {}, null]),
                5 => json!([odd(n)]),
                6 => json!([format!("user{n:03}@")]),
                _ => json!([null, format!("after-{n}")]),
            }),
        ),
        (
            "objects",
            each(&|n| match n % 3 {
                0 => json!({}),
                1 => json!({ format!("name-{n}"): "" }),
                _ => json!({ "inner": format!("user-{n}"), "roles": ["admin", n] }),
            }),
        ),
        ("absent", each(&|_| Value::Null)),
    ]
}
