//! Who is asked: hosts in odd writing, several of them, and in the target.

use super::Shape;

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for (number, host) in [
        "host: beta.example.com",
        "host: BETA.Example.com",
        "Host:beta.example.com",
        "host: beta.example.com:80",
        "host: beta.example.com:",
        "host: beta.example.com:x",
        "host: beta.example.com.",
        "host: beta.example.com.:443",
        "host: beta.example.com..",
        "host: user@beta.example.com",
        "host: beta.example.com@checkout.example.com",
        "host: user:secret@beta.example.com:80",
        "host: beta.example.com/x",
        "host: beta.example.com?x",
        "host: beta.example.com#x",
        "host: beta.example.com x",
        "host: beta.example.com, checkout.example.com",
        "host: checkout.example.com\r\nhost: beta.example.com",
        "host: beta.example.com\r\nhost: checkout.example.com",
        "host: beta.example.com\r\nhost: beta.example.com",
        "host: checkout.example.com\r\n beta.example.com",
        "host : beta.example.com",
        " host: beta.example.com",
        "host:",
        "x-no: host",
        "host: %62eta.example.com",
        "host: b\u{e9}ta.example.com",
        "host: [::1]",
        "host: [::1]:80",
        "host: [beta.example.com]",
        "host: beta.example.com\0",
        "host: beta_example.com",
        "host: http://beta.example.com",
        "host: a\r\nx-forwarded-host: beta.example.com",
        "host: a\r\nx-host: beta.example.com\r\nforwarded: host=beta.example.com",
        "host: a\r\nx-original-host: beta.example.com\r\nx-envoy-original-host: beta.example.com",
        "host: a\r\nx-original-url: /beta\r\nx-rewrite-url: /beta\r\nx-envoy-original-path: /beta",
        "host: a\r\nx-http-method-override: OPTIONS\r\nx-method-override: OPTIONS",
    ]
    .into_iter()
    .enumerate()
    {
        shapes.push(Shape::of(
            &format!("host {number}"),
            "GET / HTTP/1.1",
            &format!("{host}\r\n"),
            "",
        ));
    }
    for (number, target) in [
        "http://beta.example.com/",
        "http://beta.example.com",
        "HTTP://BETA.EXAMPLE.COM/",
        "https://beta.example.com/",
        "ftp://beta.example.com/",
        "http://user@beta.example.com/",
        "http://beta.example.com:80/beta",
        "http://beta.example.com?beta",
        "http://a/../beta",
        "http:///beta",
        "http:/beta",
        "//beta.example.com/",
        "beta.example.com:80",
        "beta.example.com",
    ]
    .into_iter()
    .enumerate()
    {
        for host in ["checkout.example.com", "beta.example.com"] {
            let name = format!("target {number} at {host}");
            let line = format!("GET {target} HTTP/1.1");
            shapes.push(Shape::of(&name, &line, &format!("host: {host}\r\n"), ""));
        }
    }
    shapes
}
