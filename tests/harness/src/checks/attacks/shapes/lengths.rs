//! Where a body ends, said twice or badly: what request smuggling lives on.

use super::{SHAPE, Shape};

/// Meant to be taken for a request by one side, and for a part of the body by the other.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: beta.example.com\r\nx-qa: on\r\nx-gray-version: v2\r\nx-gray-cluster: checkout-v2\r\n\r\n";

/// Neither side may see a transfer coding that the other does not.
const CODINGS: [&str; 22] = [
    "transfer-encoding: Chunked",
    "transfer-encoding: chunked ",
    "transfer-encoding:\tchunked",
    "transfer-encoding:chunked",
    "transfer-encoding:\r\n chunked",
    "transfer-encoding: x\r\n chunked",
    "transfer-encoding: x, chunked",
    "transfer-encoding: chunked, chunked",
    "transfer-encoding: chunked, identity",
    "transfer-encoding: identity",
    "transfer-encoding: xchunked",
    "transfer-encoding: \"chunked\"",
    "transfer-encoding: chunked;q=1",
    "transfer-encoding: \u{b}chunked",
    "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    "transfer-encoding : chunked",
    " transfer-encoding: chunked",
    "transfer_encoding: chunked",
    "transfer-encoding\0: chunked",
    "x: y\ntransfer-encoding: chunked",
    "connection: transfer-encoding\r\ntransfer-encoding: chunked",
    "TRANSFER-ENCODING: CHUNKED",
];

const LENGTHS: [&str; 18] = [
    "content-length: 4",
    "content-length: 4\r\ncontent-length: 4",
    "content-length: 4\r\ncontent-length: 5",
    "content-length: 0\r\ncontent-length: 4",
    "content-length: 4, 4",
    "content-length: 4, 0",
    "content-length: +4",
    "content-length: -4",
    "content-length: 0x4",
    "content-length: 4.0",
    "content-length:  4 ",
    "content-length: 04",
    "content-length: 4\r\n 0",
    "content-length:",
    "content-length: 18446744073709551620",
    "content-length : 4",
    "content_length: 4",
    "connection: content-length\r\ncontent-length: 4",
];

const CHUNKS: [&str; 17] = [
    "4\r\nbody\r\n0\r\n\r\n",
    "4;a=b\r\nbody\r\n0;c\r\n\r\n",
    "4;a=\"\r\nbody\r\n0\r\n\r\n",
    "4 ;a=b\r\nbody\r\n0\r\n\r\n",
    "4 \r\nbody\r\n0\r\n\r\n",
    " 4\r\nbody\r\n0\r\n\r\n",
    "4;a\nbody\r\n0\r\n\r\n",
    "4\nbody\n0\n\n",
    "4\r\nbody0\r\n\r\n",
    "4\r\nbodyxx0\r\n\r\n",
    "0x4\r\nbody\r\n0\r\n\r\n",
    "-4\r\nbody\r\n0\r\n\r\n",
    "00000000000000004\r\nbody\r\n0\r\n\r\n",
    "10000000000000004\r\nbody\r\n0\r\n\r\n",
    "4\r\nbody\r\n0\r\nx-gray-version: v2\r\nx-gray-cluster: checkout-v2\r\n\r\n",
    "4\r\nbody\r\n0\r\nx-user-id: user-2\r\ncontent-length: 9\r\nhost: beta.example.com\r\n\r\n",
    "4\r\nbody\r\n0\r\n x-gray-version: v2\r\n\r\n",
];

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut add = |name: String, headers: &str, body: &str| {
        let headers = format!("host: checkout.example.com\r\n{headers}");
        shapes.push(Shape::of(&name, "POST /body HTTP/1.1", &headers, body));
    };
    let ended = format!("0\r\n\r\n{HIDDEN}");
    let long = ended.len();
    let both = [
        format!("content-length: {long}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {long}\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {long}\r\ncontent-length: 0\r\n"),
    ];
    for (number, headers) in both.iter().enumerate() {
        add(format!("both lengths {number}"), headers, &ended);
    }
    for (number, coding) in CODINGS.into_iter().enumerate() {
        add(
            format!("coding {number} with a length"),
            &format!("content-length: {long}\r\n{coding}\r\n"),
            &ended,
        );
        add(
            format!("coding {number} alone"),
            &format!("{coding}\r\n"),
            "0\r\n\r\n",
        );
    }
    for (number, length) in LENGTHS.into_iter().enumerate() {
        add(format!("length {number}"), &format!("{length}\r\n"), "body");
    }
    let chunked = "transfer-encoding: chunked\r\n";
    for (number, body) in CHUNKS.into_iter().enumerate() {
        add(format!("chunks {number}"), chunked, body);
    }
    // A body that is nothing but a request, with a length and in a chunk.
    add(
        "a request as the body".to_owned(),
        &format!("content-length: {}\r\n", HIDDEN.len()),
        HIDDEN,
    );
    let chunk = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    add("a request as a chunk".to_owned(), chunked, &chunk);
    shapes.extend(pipelined());
    shapes
}

/// Requests that follow each other without a wait; bodies tell them apart.
fn pipelined() -> Vec<Shape> {
    let name = "pipelined";
    let one = Shape::of(name, "GET /beta HTTP/1.1", "host: a\r\n", "");
    let two = Shape::of(
        name,
        "POST /x HTTP/1.1",
        "host: a\r\ncontent-length: 4\r\n",
        "GET ",
    );
    let three = Shape::of(
        name,
        "POST /x HTTP/1.1",
        "host: a\r\ntransfer-encoding: chunked\r\n",
        "1\r\nG\r\n0\r\n\r\n",
    );
    let bytes = [one.bytes, two.bytes, three.bytes];
    let forged =
        format!("GET /x HTTP/1.1\r\nhost: a\r\n{SHAPE}: {name}\r\nx-gray-version: v2\r\n\r\n");
    vec![
        Shape {
            name: name.to_owned(),
            bytes: bytes.concat(),
            requests: 3,
        },
        Shape {
            name: name.to_owned(),
            bytes: forged.repeat(50).into_bytes(),
            requests: 50,
        },
    ]
}
