//! Request lines, ends of lines, and names and values of headers.

use super::Shape;

const HEADERS: [&str; 47] = [
    "",
    "X-GRAY-VERSION: v2\r\nX-Gray-Cluster: checkout-v2\r\n",
    "x-gray-version:v2\r\nx-gray-cluster:checkout-v2\r\n",
    "x-gray-version: \t v2 \t \r\nx-gray-cluster:   checkout-v2   \r\n",
    "x-gray-version : v2\r\n",
    "x-gray-cluster\t: checkout-v2\r\n",
    " x-gray-version: v2\r\n",
    "x-a: 1\r\n x-gray-version: v2\r\n",
    "x-a: 1\r\n\tx-gray-cluster: checkout-v2\r\n",
    "x-gray-version:\r\n v2\r\n",
    "x-gray-cluster: checkout\r\n -v2\r\n",
    "x-gray-version: v1\r\nX-Gray-Version: v2\r\nx-gRAY-vERSION: v2\r\n",
    "x-gray-version: v2\nx-gray-cluster: checkout-v2\n",
    "x-a: 1\rx-gray-version: v2\r\n",
    "x-a: 1\n\rx-gray-version: v2\r\n",
    "x-gray-version: v2\0\r\n",
    "x-gray-version\0: v2\r\n",
    "x-gray-version: v\u{1}2\r\n",
    "x-gray-version: v2\u{7f}\r\n",
    "x-gray-version: v2\u{b}\r\n",
    "x_gray_version: v2\r\nx_gray_cluster: checkout-v2\r\n",
    "x.gray.version: v2\r\n",
    "x-gray-versi\u{f6}n: v2\r\n",
    "\"x-gray-version\": v2\r\n",
    "x-gray-version(: v2\r\n",
    ": v2\r\n",
    "x-gray-version\r\n",
    ":authority: beta.example.com\r\n",
    ":path: /beta\r\n",
    ":method: OPTIONS\r\n",
    "x-user-id: user-2\r\n",
    "X-User-Id: user-2\r\nX-USER-ID: user-3\r\n",
    "x-a: 1\r\n x-user-id: user-2\r\n",
    "x_user_id: user-2\r\n",
    "connection: x-gray-version, x-user-id\r\n",
    "Connection: CLOSE, X-GRAY-CLUSTER\r\n",
    "connection: x-a\r\nconnection: x-user-id\r\n",
    "connection: :path\r\n",
    "connection: :authority, :method\r\n",
    "connection: host\r\n",
    "connection: x-forwarded-for, x-forwarded-proto, x-request-id\r\n",
    "proxy-connection: x-user-id\r\n",
    "keep-alive: x-user-id\r\n",
    "te: trailers, x-gray-version\r\nconnection: te\r\n",
    "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
    "trailer: x-gray-version\r\n",
    "expect: x\r\n",
];

const LINES: [&str; 22] = [
    "GET / HTTP/1.0",
    "GET /",
    "GET / HTTP/1.2",
    "GET / HTTP/2.0",
    "GET / HTTP/11",
    "GET / http/1.1",
    "GET / HTTP/1.1 ",
    "GET  /  HTTP/1.1",
    "GET\t/\tHTTP/1.1",
    "GET / x HTTP/1.1",
    " GET / HTTP/1.1",
    "\r\nGET / HTTP/1.1",
    "\nGET / HTTP/1.1",
    "get / HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "OPTIONS / HTTP/1.1",
    "options / HTTP/1.1",
    "TRACE / HTTP/1.1",
    "GRAY / HTTP/1.1",
    "G\0T / HTTP/1.1",
    "CONNECT checkout.example.com:80 HTTP/1.1",
    "PRI * HTTP/2.0",
];

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for (number, headers) in HEADERS.into_iter().enumerate() {
        let headers = format!("host: checkout.example.com\r\n{headers}");
        shapes.push(Shape::of(
            &format!("headers {number}"),
            "GET / HTTP/1.1",
            &headers,
            "",
        ));
    }
    for (number, count) in [20, 90, 200].into_iter().enumerate() {
        let many = "x-gray-version: v2\r\n".repeat(count);
        let headers = format!("host: checkout.example.com\r\n{many}");
        shapes.push(Shape::of(
            &format!("many {number}"),
            "GET / HTTP/1.1",
            &headers,
            "",
        ));
    }
    for (number, line) in LINES.into_iter().enumerate() {
        let headers = "host: checkout.example.com\r\n";
        shapes.push(Shape::of(&format!("line {number}"), line, headers, ""));
    }
    // Nothing but line feeds.
    let mut shape = Shape::of(
        "line feeds",
        "GET / HTTP/1.1",
        "host: a\r\nx-gray-version: v2\r\n",
        "",
    );
    shape.bytes.retain(|byte| *byte != b'\r');
    shapes.push(shape);
    shapes
}
