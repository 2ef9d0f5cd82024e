//! What a document, a user, a token may be called.

use graylane::remote::{Apollo, Consul, Etcd, Http, Nacos, NacosApi, Wrong};

use crate::{all, apollo, consul, etcd, http, nacos, secret};

#[test]
fn a_name_is_one_that_the_centre_takes() {
    let slash = "begins or ends with a slash; write it without";
    let word = "has other characters than letters, digits and - _ . :, which are all it takes";
    let escape = "has spaces, `#` or characters that are not of ASCII; write them as %20 and so on";
    for (centre, name, told) in [
        (etcd(), "graylane/checkout", None),
        (etcd(), "é x", None),
        (etcd(), "/graylane", Some(slash)),
        (consul(), "graylane/", Some(slash)),
        (
            consul(),
            "a//b",
            Some("has a part \"\", which a path loses on its way; take it out"),
        ),
        (
            consul(),
            "a/../b",
            Some("has a part \"..\", which a path loses on its way; take it out"),
        ),
        (
            etcd(),
            ".",
            Some("has a part \".\", which a path loses on its way; take it out"),
        ),
        (nacos(NacosApi::V1), "graylane.checkout-1_a:b", None),
        (nacos(NacosApi::V1), "graylane/checkout", Some(word)),
        (apollo(), "graylane.json", None),
        (apollo(), "gray lane", Some(word)),
        (http(), "/graylane/checkout.json?ref=main", None),
        (
            http(),
            "graylane",
            Some("is no path; begin it with a slash"),
        ),
        (http(), "/é", Some(escape)),
        (http(), "/a b", Some(escape)),
        (http(), "/a#b", Some(escape)),
    ] {
        assert_eq!(centre.check_name(name).err().as_deref(), told, "{name:?}");
    }
}

#[test]
fn no_name_is_empty_or_too_long_or_of_several_lines() {
    let long = format!("/{}", "a".repeat(512));
    for (centre, name) in all() {
        assert_eq!(centre.check_name(name), Ok(()));
        for (name, told) in [
            ("", "is empty; leave it out, or give a value"),
            ("/a\nb", "has control characters; take them out"),
            (&*long, "has 513 bytes, above 512; shorten it"),
        ] {
            assert_eq!(centre.check_name(name), Err(told.to_owned()));
        }
    }
}

#[test]
fn a_wrong_value_is_told_by_its_field() {
    let text = |text: &str| Some(text.to_owned());
    let hidden = |text: &str| Some(secret(text));
    let told = |wrong: Option<Wrong>| wrong.map(|wrong| wrong.to_string());
    let carried = "token has spaces or characters that are not of ASCII, which no header carries; give the token alone";
    for (wrong, expected) in [
        (
            Etcd::new(text("gray"), None).err(),
            "user has no `password` beside it; give both, or neither",
        ),
        (
            Etcd::new(None, hidden("p")).err(),
            "password has no `user` beside it; give both, or neither",
        ),
        (
            Etcd::new(text(""), hidden("p")).err(),
            "user is empty; leave it out, or give a value",
        ),
        (
            Etcd::new(text("gray"), hidden("")).err(),
            "password is empty; leave it out, or give one",
        ),
        (Consul::new(hidden("a b"), None).err(), carried),
        (
            Consul::new(hidden(""), None).err(),
            "token is empty; leave it out, or give one",
        ),
        (
            Consul::new(None, text("")).err(),
            "datacenter is empty; leave it out, or give a value",
        ),
        (
            Nacos::new(NacosApi::V1, text("a b"), None, None, None).err(),
            "group has other characters than letters, digits and - _ . :, which are all it takes",
        ),
        (
            Nacos::new(NacosApi::V1, None, text("é"), None, None).err(),
            "namespace has other characters than letters, digits and - _ . :, which are all it takes",
        ),
        (
            Apollo::new(String::new(), None, None).err(),
            "app is empty; leave it out, or give a value",
        ),
        (
            Apollo::new("a".into(), text("/"), None).err(),
            "cluster has other characters than letters, digits and - _ . :, which are all it takes",
        ),
        (
            Apollo::new("a".into(), None, hidden("")).err(),
            "secret is empty; leave it out, or give one",
        ),
        (Http::new(hidden("a\nb")).err(), carried),
    ] {
        assert_eq!(told(wrong).as_deref(), Some(expected));
    }
}

#[test]
fn the_public_namespace_has_no_id() {
    let named = |namespace: Option<&str>| {
        Nacos::new(NacosApi::V1, None, namespace.map(str::to_owned), None, None)
    };
    assert_eq!(named(Some("public")), named(None));
    assert_ne!(named(Some("dev")), named(None));
}

#[test]
fn each_says_what_it_is_and_whether_it_holds_its_answers() {
    let said: Vec<_> = all()
        .iter()
        .map(|(centre, _)| (centre.kind(), centre.holds()))
        .collect();
    assert_eq!(
        said,
        [
            ("etcd", false),
            ("consul", true),
            ("nacos", true),
            ("nacos", false),
            ("apollo", true),
            ("http", false),
        ]
    );
}
