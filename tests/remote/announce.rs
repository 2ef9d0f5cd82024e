//! What proxies tell each other by keys of etcd and Consul.

use graylane::remote::{Centre, NacosApi, Refused, Reply};

use crate::{
    apollo, consul, consul_of_a_token, etcd, etcd_of_a_user, header, http, nacos, reply, with,
    written,
};

const ETCD: &str = r#""header":{"cluster_id":"15118495548433857066","member_id":"13668033151171901709","revision":"7","raft_term":"2"}"#;

fn put(centre: &Centre) -> String {
    let call = centre.announce("fleet/sidecar~10.0.0.1~a b", b"{}", None);
    written(&call.unwrap())
}

#[test]
fn a_key_is_put_and_deleted() {
    assert_eq!(
        put(&etcd()),
        r#"POST /v3/kv/put {"key":"ZmxlZXQvc2lkZWNhcn4xMC4wLjAuMX5hIGI=","value":"e30="}"#
    );
    assert_eq!(put(&consul()), "PUT /v1/kv/fleet/sidecar~10.0.0.1~a%20b {}");
    let forget = |centre: Centre| written(&centre.forget("fleet/a", None).unwrap());
    assert_eq!(
        forget(etcd()),
        r#"POST /v3/kv/deleterange {"key":"ZmxlZXQvYQ=="}"#
    );
    assert_eq!(forget(consul()), "DELETE /v1/kv/fleet/a");
}

#[test]
fn tokens_go_along() {
    let call = etcd_of_a_user().announce("a", b"", Some("t.1")).unwrap();
    assert_eq!(header(&call, "authorization"), Some("t.1"));
    let call = etcd_of_a_user().list("a", "", Some("t.1")).unwrap();
    assert_eq!(header(&call, "authorization"), Some("t.1"));
    let call = consul_of_a_token().list("fleet", "", None).unwrap();
    assert_eq!(header(&call, "x-consul-token"), Some("b1gs33cr3t-acl"));
    assert_eq!(call.path, "/v1/kv/fleet/?recurse&dc=dc%201");
}

#[test]
fn others_have_no_keys() {
    for centre in [nacos(NacosApi::V1), nacos(NacosApi::V3), apollo(), http()] {
        assert_eq!(centre.announce("a", b"", None), None);
        assert_eq!(centre.forget("a", None), None);
        assert_eq!(centre.list("a", "", None), None);
    }
}

#[test]
fn what_was_done_is_done() {
    for body in [
        format!("{{{ETCD}}}"),
        format!("{{{ETCD},\"deleted\":\"1\"}}"),
    ] {
        assert_eq!(etcd().announced(&reply(200, body), None), Ok(()));
    }
    assert_eq!(consul().announced(&reply(200, "true\n"), None), Ok(()));
}

#[test]
fn what_was_not_done_is_told() {
    let trouble = |told: &str| Err(Refused::Trouble(told.to_owned()));
    let nameless = r#"{"error":"etcdserver: user name is empty","message":"etcdserver: user name is empty","code":3}"#;
    for (centre, reply, told) in [
        (etcd_of_a_user(), reply(400, nameless), Err(Refused::Login)),
        (
            etcd(),
            reply(200, "{}"),
            trouble("answers with no `header.revision`: \"{}\"; see whether this is etcd"),
        ),
        (
            consul(),
            reply(200, "false\n"),
            trouble("answers with that it has not done it: \"false\"; see whether this is Consul"),
        ),
        (
            consul(),
            reply(200, "<html>"),
            trouble(
                "answers with neither `true` nor `false`: \"<html>\"; see whether this is Consul",
            ),
        ),
        (
            consul(),
            reply(403, "ACL not found"),
            trouble(
                "answers 403: \"ACL not found\"; give a `token` that may read and write the key",
            ),
        ),
        (
            consul(),
            reply(500, "No cluster leader"),
            trouble("answers 500: \"No cluster leader\"; see whether Consul is well"),
        ),
    ] {
        assert_eq!(centre.announced(&reply, None), told);
    }
}

fn listed(centre: &Centre, cursor: &str, reply: &Reply) -> (String, Vec<(String, String)>) {
    let (cursor, keys) = centre.listed(cursor, reply, None).unwrap();
    let keys = keys.into_iter();
    let keys = keys.map(|(key, own)| (key, String::from_utf8(own).unwrap()));
    (cursor, keys.collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, own)| ((*key).to_owned(), (*own).to_owned()))
        .collect()
}

#[test]
fn etcd_lists_what_has_changed_since() {
    let asks = |cursor: &str| written(&etcd().list("fleet", cursor, None).unwrap());
    assert_eq!(
        asks(""),
        r#"POST /v3/kv/range {"key":"ZmxlZXQv","range_end":"ZmxlZXQw"}"#
    );
    let both = reply(
        200,
        format!(
            r#"{{{ETCD},"kvs":[{{"key":"ZmxlZXQvYX4xL3A=","create_revision":"6","mod_revision":"6","version":"1","value":"e30="}},{{"key":"ZmxlZXQvYX4xL3E=","create_revision":"7","mod_revision":"7","version":"1"}}],"count":"2"}}"#
        ),
    );
    let (cursor, keys) = listed(&etcd(), "", &both);
    assert_eq!(keys, pairs(&[("fleet/a~1/p", "{}"), ("fleet/a~1/q", "")]));
    assert_eq!(
        asks(&cursor),
        r#"POST /v3/kv/range {"key":"ZmxlZXQv","range_end":"ZmxlZXQw","min_mod_revision":"8"}"#
    );
    let none = reply(200, format!(r#"{{{ETCD},"count":"2"}}"#));
    assert_eq!(listed(&etcd(), &cursor, &none), (cursor, Vec::new()));
}

#[test]
fn an_etcd_that_begins_anew_is_listed_anew() {
    let reply = reply(200, format!(r#"{{{ETCD},"count":"2"}}"#));
    assert_eq!(listed(&etcd(), "98", &reply), (String::new(), Vec::new()));
}

#[test]
fn consul_lists_all_every_time() {
    let asks = |cursor: &str| written(&consul().list("fleet", cursor, None).unwrap());
    assert_eq!(asks(""), "GET /v1/kv/fleet/?recurse");
    assert_eq!(asks("7"), asks(""));
    let body = "[\n    {\n        \"LockIndex\": 0,\n        \"Key\": \"fleet/a~1/p\",\n        \"Flags\": 0,\n        \"Value\": \"e30=\",\n        \"CreateIndex\": 24,\n        \"ModifyIndex\": 24\n    },\n    {\n        \"LockIndex\": 0,\n        \"Key\": \"fleet/a~1/q\",\n        \"Flags\": 0,\n        \"Value\": null,\n        \"CreateIndex\": 25,\n        \"ModifyIndex\": 25\n    }\n]\n";
    let (cursor, keys) = listed(&consul(), "", &reply(200, body));
    assert_eq!(cursor, "");
    assert_eq!(keys, pairs(&[("fleet/a~1/p", "{}"), ("fleet/a~1/q", "")]));
    let none = with(reply(404, ""), "x-consul-index", "27");
    assert_eq!(listed(&consul(), "", &none), (String::new(), Vec::new()));
}

#[test]
fn a_list_that_is_none_is_trouble() {
    for (centre, reply, told) in [
        (
            consul(),
            reply(404, "not found"),
            "answers 404: \"not found\"; see whether this is Consul",
        ),
        (
            consul(),
            reply(200, "{}"),
            "answers with no list of keys: \"{}\"; see whether this is Consul",
        ),
        (
            consul(),
            reply(200, r#"[{"Value":"e30="}]"#),
            "answers with a key without `Key`: \"[{\"Value\":\"e30=\"}]\"; see whether this is Consul",
        ),
        (
            etcd(),
            reply(200, r#"{"header":{"revision":"7"},"kvs":[{"key":"_w=="}]}"#),
            "answers with a value that is not base64: \"{\"header\":{\"revision\":\"7\"},\"kvs\":[{\"key\":\"_w==\"}]}\"; see whether this is etcd",
        ),
        (
            etcd(),
            reply(200, r#"{"header":{"revision":"7"},"kvs":[{"key":"/w=="}]}"#),
            "answers with a key that is no text: \"{\"header\":{\"revision\":\"7\"},\"kvs\":[{\"key\":\"/w==\"}]}\"; see whether this is etcd",
        ),
    ] {
        assert_eq!(
            centre.listed("", &reply, None),
            Err(Refused::Trouble(told.to_owned()))
        );
    }
}
