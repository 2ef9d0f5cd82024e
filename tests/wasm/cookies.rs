//! What the cookies cost that splits need, in hostcalls: who has one is asked for no more.

use serde_json::json;

use crate::host::Vm;
use crate::hostcalls::{ALL, DROP_CLUSTER, SET_CLUSTER, SET_TAG, check, policy, sent};
use crate::support;

#[test]
fn an_id_is_drawn_and_set_only_where_there_is_none() {
    let rules = json!([{
        "name": "half",
        "split": {
            "by": [{ "cookie": "uid" }],
            "to": [{ "version": "v2", "percent": 100 }],
            "missing": "mint",
        },
    }]);
    let cookie = "get_header_map_value cookie";
    let (method, mode) = (
        "get_header_map_value :method",
        "get_header_map_value sec-fetch-mode",
    );
    check(
        &policy(&rules),
        vec![
            (
                "with an id",
                sent(&[("cookie", "uid=8"), ("accept", "text/html")]),
                &[cookie, SET_TAG, SET_CLUSTER],
            ),
            (
                "what a page asks for",
                sent(&[("sec-fetch-mode", "cors")]),
                &[cookie, method, mode, SET_TAG, DROP_CLUSTER],
            ),
            (
                "a page",
                sent(&[
                    ("sec-fetch-mode", "navigate"),
                    ("sec-fetch-dest", "document"),
                ]),
                &[
                    cookie,
                    method,
                    mode,
                    "get_header_map_value sec-fetch-dest",
                    "get_header_map_value x-forwarded-proto",
                    "random_get",
                    SET_TAG,
                    SET_CLUSTER,
                    "replace_header_map_value cookie",
                    // The answer's: whether it can take the cookie along.
                    ALL,
                    "add_header_map_value set-cookie",
                ],
            ),
        ],
    );
}

#[test]
fn who_is_kept_costs_one_header() {
    let rules = json!([{
        "name": "half",
        "split": {
            "by": [{ "header": "x-user-id" }],
            "to": [{ "version": "v2", "percent": 100 }],
            "keep": true,
        },
    }]);
    let (cookie, key) = (
        "get_header_map_value cookie",
        "get_header_map_value x-user-id",
    );
    let mut vm = Vm::start();
    let root = vm.accept(&support::json(&policy(&rules)));
    let first = vm.serve(root, &sent(&[("x-user-id", "7")]));
    let set = first.answer.values("set-cookie");
    let mark = str::from_utf8(set[0]).unwrap().split(';').next().unwrap();
    check(
        &policy(&rules),
        vec![
            (
                "the first time",
                sent(&[("x-user-id", "7")]),
                &[
                    cookie,
                    key,
                    "get_header_map_value x-forwarded-proto",
                    SET_TAG,
                    SET_CLUSTER,
                    ALL,
                    "add_header_map_value set-cookie",
                ],
            ),
            (
                "from then on",
                sent(&[("x-user-id", "7"), ("cookie", mark)]),
                &[cookie, SET_TAG, SET_CLUSTER],
            ),
        ],
    );
}
