//! Logging in, and tokens that are not accepted any more.

use graylane::remote::{Centre, Heard, NacosApi, Reply};

use crate::{Talk, all, etcd, etcd_of_a_user, header, nacos, nacos_of_a_user, reply, written};

/// As etcd 3.4 and 3.5 tell an error.
fn etcd_error(status: u16, code: u64, message: &str) -> Reply {
    let body = format!(r#"{{"error":"{message}","message":"{message}","code":{code}}}"#);
    reply(status, body)
}

fn nameless() -> Reply {
    etcd_error(400, 3, "etcdserver: user name is empty")
}

/// As etcd 3.6 does.
fn expired() -> Reply {
    reply(
        401,
        r#"{"code":16, "message":"etcdserver: invalid auth token", "details":[]}"#,
    )
}

fn talk(centre: Centre) -> Talk {
    let name = "graylane.json";
    Talk::new(centre, name, "")
}

#[test]
fn who_has_a_user_logs_in() {
    let login = |centre: Centre| centre.login().map(|call| written(&call));
    assert_eq!(
        login(etcd_of_a_user()).as_deref(),
        Some(r#"POST /v3/auth/authenticate {"name":"gray","password":"p\"w d"}"#)
    );
    let form = "username=gray&password=n%26cos%20p%3Dw";
    assert_eq!(
        login(nacos_of_a_user(NacosApi::V1)),
        Some(format!("POST /nacos/v1/auth/login {form}"))
    );
    assert_eq!(
        login(nacos_of_a_user(NacosApi::V3)),
        Some(format!("POST /nacos/v3/auth/user/login {form}"))
    );
    assert_eq!(login(etcd()), None);
    assert_eq!(login(nacos(NacosApi::V1)), None);
}

#[test]
fn others_have_no_login() {
    for (centre, _) in all() {
        let has = matches!(centre, Centre::Etcd(_) | Centre::Nacos(_));
        assert_eq!(centre.login().is_some(), has);
        if !has {
            let told = centre.token(&reply(200, r#"{"token":"t"}"#)).unwrap_err();
            assert!(told.starts_with("answers 200: "), "{told}");
        }
    }
}

#[test]
fn the_token_is_in_the_reply_and_in_the_next_request() {
    let body = r#"{"header":{"cluster_id":"15118495548433857066","member_id":"13668033151171901709","revision":"9","raft_term":"2"},"token":"tXfkSZLVEYxSyVaL.26"}"#;
    let token = etcd_of_a_user().token(&reply(200, body));
    assert_eq!(token.as_deref(), Ok("tXfkSZLVEYxSyVaL.26"));
    let mut talk = talk(etcd_of_a_user());
    talk.token = Some("tXfkSZLVEYxSyVaL.26");
    // Bare: it is no bearer's.
    assert_eq!(
        header(&talk.call(), "authorization"),
        Some("tXfkSZLVEYxSyVaL.26")
    );

    for (api, body) in [
        (
            NacosApi::V1,
            r#"{"accessToken":"eyJh.e30.x","tokenTtl":18000,"globalAdmin":true,"username":"gray"}"#,
        ),
        (
            NacosApi::V3,
            r#"{"accessToken":"eyJh.e30.x","tokenTtl":18000,"globalAdmin":true,"username":"gray"}"#,
        ),
        (
            NacosApi::V3,
            r#"{"code":0,"message":"success","data":{"accessToken":"eyJh.e30.x","tokenTtl":18000}}"#,
        ),
    ] {
        let token = nacos_of_a_user(api).token(&reply(200, body));
        assert_eq!(token.as_deref(), Ok("eyJh.e30.x"));
    }
}

#[test]
fn a_login_that_fails_is_told_with_what_to_see_to() {
    for (centre, reply, told) in [
        (
            etcd_of_a_user(),
            etcd_error(
                400,
                3,
                "etcdserver: authentication failed, invalid user ID or password",
            ),
            "answers 400: \"etcdserver: authentication failed, invalid user ID or password\"; see `user` and `password`",
        ),
        (
            etcd_of_a_user(),
            etcd_error(400, 9, "authentication is not enabled"),
            "answers 400: \"authentication is not enabled\"; leave out `user` and `password`",
        ),
        (
            etcd_of_a_user(),
            reply(404, "404 page not found\n"),
            "answers 404: \"404 page not found\"; see whether this is etcd",
        ),
        (
            etcd_of_a_user(),
            reply(200, "{}"),
            "answers with no `token`: \"{}\"; see whether this is etcd",
        ),
        (
            etcd_of_a_user(),
            reply(200, r#"{"token":""}"#),
            "gives a token that no header carries; see whether it is well",
        ),
        (
            etcd_of_a_user(),
            reply(200, r#"{"token":"a\r\nb"}"#),
            "gives a token that no header carries; see whether it is well",
        ),
        (
            nacos_of_a_user(NacosApi::V1),
            reply(403, "unknown user!"),
            "answers 403: \"unknown user!\"; see `user` and `password`",
        ),
        (
            nacos_of_a_user(NacosApi::V1),
            reply(
                404,
                r#"{"status":404,"error":"Not Found","message":"No message available"}"#,
            ),
            "answers 404: \"No message available\"; leave out `user` and `password` where it has no login",
        ),
        (
            nacos_of_a_user(NacosApi::V3),
            reply(500, ""),
            "answers 500: nothing more; see whether Nacos is well",
        ),
        (
            nacos_of_a_user(NacosApi::V3),
            reply(200, r#"{"data":null}"#),
            "answers with no `accessToken`: \"{\"data\":null}\"; see whether this is Nacos",
        ),
    ] {
        assert_eq!(centre.token(&reply), Err(told.to_owned()));
    }
}

#[test]
fn a_token_that_is_not_accepted_asks_for_a_login() {
    let forbidden = || {
        reply(
            403,
            r#"{"timestamp":"2026-11-22T04:22:09.424+0000","status":403,"error":"Forbidden","message":"token invalid!","path":"/nacos/v1/cs/configs"}"#,
        )
    };
    for (centre, refused) in [
        (etcd_of_a_user(), nameless()),
        (etcd_of_a_user(), expired()),
        (
            etcd_of_a_user(),
            etcd_error(400, 3, "etcdserver: revision of auth store is old"),
        ),
        (nacos_of_a_user(NacosApi::V1), forbidden()),
        (nacos_of_a_user(NacosApi::V3), forbidden()),
        (
            nacos_of_a_user(NacosApi::V3),
            reply(
                200,
                r#"{"code":403,"message":"token expired!","data":null}"#,
            ),
        ),
    ] {
        let mut talk = talk(centre);
        talk.token = Some("old");
        assert_eq!(talk.hears(refused), Heard::Login);
    }
}

#[test]
fn a_login_that_does_not_help_is_trouble() {
    let mut talk = talk(etcd_of_a_user());
    let told = "answers 401: \"etcdserver: invalid auth token\"; a login has not helped, so see `user`, `password` and what they may do";
    for _ in 0..2 {
        assert_eq!(talk.hears(expired()), Heard::Login);
        assert_eq!(talk.trouble(expired()), told);
    }
    // One that has helped does so again.
    assert_eq!(talk.hears(expired()), Heard::Login);
    assert_eq!(
        talk.hears(crate::etcd::found(2, 2, "e30=")),
        crate::document("{}")
    );
    assert_eq!(talk.hears(expired()), Heard::Login);
}

#[test]
fn who_has_no_user_is_told_to_give_one() {
    for (centre, refused, told) in [
        (
            etcd(),
            nameless(),
            "answers 400: \"etcdserver: user name is empty\"; give `user` and `password`",
        ),
        (
            etcd(),
            expired(),
            "answers 401: \"etcdserver: invalid auth token\"; give `user` and `password`",
        ),
        (
            nacos(NacosApi::V1),
            reply(403, "user not found!"),
            "answers 403: \"user not found!\"; give `user` and `password`",
        ),
        (
            nacos(NacosApi::V3),
            reply(403, ""),
            "answers 403: nothing more; give `user` and `password`",
        ),
    ] {
        assert_eq!(talk(centre).trouble(refused), told);
    }
}

#[test]
fn a_user_who_may_not_is_no_matter_of_tokens() {
    let denied = etcd_error(403, 7, "etcdserver: permission denied");
    assert_eq!(
        talk(etcd_of_a_user()).trouble(denied),
        "answers 403: \"etcdserver: permission denied\"; let the user's role read and write it"
    );
}
