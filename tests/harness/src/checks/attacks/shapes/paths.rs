//! What is asked for: paths and queries that are another once somebody has tidied them up.

use super::Shape;

const TARGETS: [&str; 52] = [
    "/beta",
    "/beta/",
    "//beta",
    "///beta",
    "/beta//x",
    "/./beta",
    "/x/../beta",
    "/beta/../x",
    "/beta/..",
    "/../beta",
    "/x/../../beta",
    "/..",
    "/x/%2e%2e/beta",
    "/x/%2E%2e/beta",
    "/%2e/beta",
    "/beta/%2e%2e/x",
    "/%252e%252e/beta",
    "/beta%2f..%2fx",
    "/x%2f..%2fbeta",
    "/x%5c..%5cbeta",
    "/%62eta",
    "/BETA",
    "/beta;x=1",
    "/;/beta",
    "/x;/../beta",
    "/x/..;/beta",
    "/x/..;a=b/beta",
    "/beta/..;/x",
    "/x;beta?y",
    "/beta#x",
    "/x#/../beta",
    "/x#?beta",
    "/x?beta",
    "/x?a=1#beta",
    "/x?a=1?beta",
    "/x?a=1&beta&beta=2",
    "/x?a=1;beta=2",
    "/x?%62eta=1",
    "/x?BETA",
    "/x?a=/../beta",
    "/x%3fbeta",
    "/x%23beta",
    "/beta%00",
    "/beta%",
    "/beta%zz",
    "/b\u{e9}ta",
    "\\beta",
    "/x\\..\\beta",
    "/x\tbeta",
    "?beta",
    "beta",
    "*",
];

pub(super) fn shapes() -> Vec<Shape> {
    let mut targets = TARGETS.map(str::to_owned).to_vec();
    targets.push(format!("/{}/beta", "x/../".repeat(200)));
    targets.push(format!("/beta{}", "/..".repeat(200)));
    targets.push(format!("/{}", "x".repeat(20_000)));
    targets.push(format!("/x?{}beta", "a&".repeat(5_000)));
    let shape = |(number, target): (usize, &String)| {
        let line = format!("GET {target} HTTP/1.1");
        let headers = "host: checkout.example.com\r\n";
        Shape::of(&format!("path {number}"), &line, headers, "")
    };
    targets.iter().enumerate().map(shape).collect()
}
