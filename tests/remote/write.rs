//! Writing a document, which the command line does.

use graylane::remote::{Apollo, Centre, NacosApi, Portal, Refused};

use crate::{
    apollo, consul, etcd, etcd_of_a_user, header, http, nacos, nacos_of_a_user, reply, secret,
    written,
};

fn portal() -> Centre {
    let apollo = Apollo::new("graylane".into(), None, None).unwrap();
    let portal = Portal {
        env: "DEV".into(),
        token: secret("p0rt4l"),
        operator: "apollo \"ops\"".into(),
    };
    Centre::Apollo(apollo.with_portal(portal).unwrap())
}

fn writes(centre: &Centre, name: &str, seen: Option<&str>) -> String {
    let calls = centre.write(name, b"{\"a\":1}", seen, None).unwrap();
    assert_eq!(calls.len(), 1);
    written(&calls[0])
}

#[test]
fn etcd_compares_the_keys_revision() {
    let txn = |compare: &str| {
        format!(
            r#"POST /v3/kv/txn {{"compare":[{compare}],"success":[{{"request_put":{{"key":"Zw==","value":"eyJhIjoxfQ=="}}}}]}}"#
        )
    };
    let of = |revision: u64| {
        txn(&format!(
            r#"{{"key":"Zw==","target":"MOD","result":"EQUAL","mod_revision":"{revision}"}}"#
        ))
    };
    for (seen, expected) in [
        (None, txn("")),
        (Some(""), of(0)),
        (Some("0"), of(0)),
        (Some("97"), of(97)),
    ] {
        assert_eq!(writes(&etcd(), "g", seen), expected, "{seen:?}");
    }
    let calls = etcd_of_a_user().write("g", b"", None, Some("t.1")).unwrap();
    assert_eq!(header(&calls[0], "authorization"), Some("t.1"));
}

#[test]
fn consul_compares_the_keys_own_index() {
    for (seen, path) in [
        (None, "g"),
        (Some(""), "g?cas=0"),
        (Some("40.0.7"), "g?cas=0"),
        (Some("120.97.7"), "g?cas=97"),
    ] {
        assert_eq!(
            writes(&consul(), "g", seen),
            format!("PUT /v1/kv/{path} {{\"a\":1}}")
        );
    }
}

#[test]
fn nacos_compares_the_contents_md5() {
    let seen = |centre: &Centre, seen: Option<&str>| {
        let calls = centre.write("g", b"{}", seen, Some("t")).unwrap();
        assert_eq!(header(&calls[0], "authorization"), Some("Bearer t"));
        header(&calls[0], "casmd5").map(str::to_owned)
    };
    for (centre, form) in [
        (
            nacos(NacosApi::V1),
            "POST /nacos/v1/cs/configs dataId=g&group=DEFAULT_GROUP&content=%7B%22a%22%3A1%7D&type=json",
        ),
        (
            nacos_of_a_user(NacosApi::V1),
            "POST /nacos/v1/cs/configs dataId=g&group=GRAY&tenant=ns-1&content=%7B%22a%22%3A1%7D&type=json",
        ),
        (
            nacos_of_a_user(NacosApi::V3),
            "POST /nacos/v3/admin/cs/config dataId=g&groupName=GRAY&namespaceId=ns-1&content=%7B%22a%22%3A1%7D&type=json",
        ),
    ] {
        assert_eq!(writes(&centre, "g", None), form);
        assert_eq!(seen(&centre, None), None);
        assert_eq!(seen(&centre, Some("")), None);
        assert_eq!(seen(&centre, Some("-")), None);
        let md5 = "bb6cb5c68df4652941caf652a366f2d8";
        assert_eq!(seen(&centre, Some(md5)).as_deref(), Some(md5));
    }
}

#[test]
fn apollo_writes_the_item_and_releases_it() {
    let calls = portal()
        .write("graylane.json", b"{\"a\":\"\n\"}", Some("1/r"), None)
        .unwrap();
    let calls: Vec<_> = calls
        .iter()
        .map(|call| {
            assert_eq!(header(call, "authorization"), Some("p0rt4l"));
            written(call)
        })
        .collect();
    let namespace = "/openapi/v1/envs/DEV/apps/graylane/clusters/default/namespaces/graylane.json";
    assert_eq!(
        calls,
        [
            format!(
                r#"PUT {namespace}/items/content?createIfNotExists=true {{"key":"content","value":"{{\"a\":\"\u000a\"}}","dataChangeLastModifiedBy":"apollo \"ops\"","dataChangeCreatedBy":"apollo \"ops\""}}"#
            ),
            format!(
                r#"POST {namespace}/releases {{"releaseTitle":"graylane","releasedBy":"apollo \"ops\""}}"#
            ),
        ]
    );
    let told = apollo().write("graylane.json", b"{}", None, None);
    assert_eq!(told, Err("is written by its portal; name that".to_owned()));
}

#[test]
fn a_web_server_compares_a_strong_tag() {
    let seen = |seen: Option<&str>| {
        let calls = http().write("/g", b"{}", seen, None)?;
        assert_eq!(written(&calls[0]), "PUT /g {}");
        let conditions =
            ["if-match", "if-none-match"].map(|name| header(&calls[0], name).map(str::to_owned));
        Ok::<_, String>(conditions)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(seen(None), Ok([None, None]));
    assert_eq!(seen(Some("")), Ok([None, some("*")]));
    assert_eq!(seen(Some("-")), Ok([None, some("*")]));
    assert_eq!(seen(Some("248bfa47 \"1-a\"")), Ok([some("\"1-a\""), None]));
    let told = "gives no strong `ETag`, so a write cannot be bound to what was read; write whatever is there";
    for weak in ["248bfa47", "248bfa47 W/\"1\""] {
        assert_eq!(seen(Some(weak)), Err(told.to_owned()));
    }
}

#[test]
fn text_alone_goes_to_nacos_and_apollo() {
    for centre in [nacos(NacosApi::V1), nacos(NacosApi::V3), portal()] {
        let told = centre.write("g", b"\xff", None, None);
        assert_eq!(
            told,
            Err("takes text alone; write the document as JSON in UTF-8".to_owned())
        );
    }
}

#[test]
fn what_became_of_it_is_read() {
    let trouble = |told: &str| Err(Refused::Trouble(told.to_owned()));
    let succeeded = r#"{"header":{"cluster_id":"15118495548433857066","member_id":"13668033151171901709","revision":"2","raft_term":"2"},"succeeded":true,"responses":[{"response_put":{"header":{"revision":"2"}}}]}"#;
    let failed = r#"{"header":{"cluster_id":"15118495548433857066","member_id":"13668033151171901709","revision":"2","raft_term":"2"}}"#;
    let large = r#"{"error":"etcdserver: request is too large","message":"etcdserver: request is too large","code":3}"#;
    let cas = r#"{"timestamp":"2026-11-22T04:22:09.424+0000","status":500,"error":"Internal Server Error","message":"Cas publish fail, server md5 may have changed.","path":"/nacos/v1/cs/configs"}"#;
    let form = r#"{"status":400,"error":"Bad Request","message":"Required String parameter 'dataId' is not present","path":"/nacos/v1/cs/configs"}"#;
    for (centre, reply, became) in [
        (etcd(), reply(200, succeeded), Ok(())),
        (etcd(), reply(200, failed), Err(Refused::Changed)),
        // It has the code of a missing token, which no login would bring.
        (
            etcd_of_a_user(),
            reply(400, large),
            trouble("answers 400: \"etcdserver: request is too large\"; make the document smaller"),
        ),
        (
            etcd_of_a_user(),
            reply(
                401,
                r#"{"code":16,"message":"etcdserver: invalid auth token"}"#,
            ),
            Err(Refused::Login),
        ),
        (consul(), reply(200, "true\n"), Ok(())),
        (consul(), reply(200, "false\n"), Err(Refused::Changed)),
        (
            consul(),
            reply(
                413,
                "Request body(528384 bytes) too large, max size: 524288 bytes. See https://www.consul.io/docs.",
            ),
            trouble(
                "answers 413: \"Request body(528384 bytes) too large, max size: 524288 bytes. See https://www.consul.io/docs.\"; make the document smaller",
            ),
        ),
        (nacos(NacosApi::V1), reply(200, "true"), Ok(())),
        (
            nacos(NacosApi::V1),
            reply(200, "false"),
            trouble("answers with that it has not done it: \"false\"; see whether this is Nacos"),
        ),
        (nacos(NacosApi::V1), reply(500, cas), Err(Refused::Changed)),
        (
            nacos(NacosApi::V1),
            reply(400, form),
            trouble(
                "answers 400: \"Required String parameter 'dataId' is not present\"; make the document smaller",
            ),
        ),
        (
            nacos_of_a_user(NacosApi::V1),
            reply(403, "token expired!"),
            Err(Refused::Login),
        ),
        (
            nacos(NacosApi::V3),
            reply(200, r#"{"code":0,"message":"success","data":true}"#),
            Ok(()),
        ),
        (
            nacos(NacosApi::V3),
            reply(
                500,
                r#"{"code":20005,"message":"Cas publish fail, server md5 may have changed.","data":null}"#,
            ),
            Err(Refused::Changed),
        ),
        (portal(), reply(200, ""), Ok(())),
        (
            portal(),
            reply(401, "{\"status\":401,\"message\":\"Unauthorized\"}"),
            trouble(
                "answers 401: \"Unauthorized\"; let the portal's application edit and release the namespace",
            ),
        ),
        (http(), reply(201, ""), Ok(())),
        (http(), reply(204, ""), Ok(())),
        (http(), reply(412, ""), Err(Refused::Changed)),
        (
            http(),
            reply(405, ""),
            trouble("answers 405: nothing more; name a server that takes PUT"),
        ),
        (
            http(),
            reply(403, ""),
            trouble("answers 403: nothing more; give a `token` that may write it"),
        ),
    ] {
        assert_eq!(centre.wrote(&reply, None), became);
    }
}

#[test]
fn each_says_how_much_it_takes() {
    let most = |centre: Centre| centre.most().0;
    assert_eq!(most(etcd()), 1_570_816);
    assert_eq!(most(consul()), 524_288);
    assert_eq!(most(nacos(NacosApi::V3)), 690_000);
    assert_eq!(most(portal()), 20_000);
    assert_eq!(most(http()), 4 * 1024 * 1024);
}
