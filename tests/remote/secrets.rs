//! What nobody is to see is sent, and never told.

use graylane::remote::{Centre, Heard, Refused, Reply};

use crate::{NOW, Talk, all, reply, with};

const TOKEN: &str = "t0k3n-0f-n0w";

/// All that is secret in a centre of [`all`]: as it is, and as a form or JSON has it.
fn secrets(centre: &Centre) -> &'static [&'static str] {
    match centre {
        Centre::Etcd(_) => &["p\"w d", "p%22w%20d", r#"p\"w d"#],
        Centre::Consul(_) => &["b1gs33cr3t-acl"],
        Centre::Nacos(_) => &["n&cos p=w", "n%26cos%20p%3Dw"],
        Centre::Apollo(_) => &["df23df3f59884980844ff3dada30fa97"],
        Centre::Http(_) => &["ghp_0123456789"],
    }
}

/// None of the centre's own.
fn shows_none(centre: &Centre, told: &str) {
    for secret in secrets(centre) {
        assert!(!told.contains(secret), "{secret} in {told}");
        let bare = told.replace('\\', "");
        assert!(!bare.contains(secret), "{secret}, escaped, in {told}");
    }
}

/// Replies of a server that sends back all that it gets.
fn echoes(centre: &Centre) -> Vec<Reply> {
    let all = format!("{TOKEN} {}", secrets(centre).join(" "));
    let long = all.repeat(50);
    let json = format!("{:?}", format!("{TOKEN} {}", secrets(centre)[0]));
    let mut echoes = Vec::new();
    for status in [200, 400, 401, 403, 404, 413, 418, 500, 503] {
        echoes.push(reply(status, &all));
        echoes.push(reply(status, &long));
        echoes.push(reply(status, format!(r#"{{"code":0,"message":{json}}}"#)));
        echoes.push(reply(status, format!(r#"{{"code":0,"got":{json}}}"#)));
    }
    echoes.push(with(reply(302, ""), "location", &format!("/login?{all}")));
    echoes
}

#[test]
fn no_sentence_shows_a_secret_that_comes_back() {
    let mut told = 0;
    for (centre, name) in all() {
        for echo in echoes(&centre) {
            for cursor in ["", "17/r-1", "7.7.7", "7", "-", "248bfa47 \"a\""] {
                let mut talk = Talk::new(centre.clone(), name, cursor);
                talk.token = Some(TOKEN);
                if let Heard::Trouble(sentence) = talk.hears(echo.clone()) {
                    shows_none(&centre, &sentence);
                    assert!(!sentence.contains(TOKEN), "{sentence}");
                    told += 1;
                }
            }
            if let Err(sentence) = centre.token(&echo) {
                shows_none(&centre, &sentence);
            }
            for refused in [
                centre.announced(&echo, Some(TOKEN)),
                centre.listed("", &echo, Some(TOKEN)).map(|_| ()),
            ] {
                if let Err(Refused::Trouble(sentence)) = refused {
                    shows_none(&centre, &sentence);
                    assert!(!sentence.contains(TOKEN), "{sentence}");
                    told += 1;
                }
            }
        }
    }
    assert!(told > 1_000, "{told}");
}

#[test]
fn a_secret_that_comes_back_leaves_a_gap() {
    let (centre, name) = all().remove(1);
    let mut talk = Talk::new(centre, name, "");
    let echo = reply(400, "X-Consul-Token: b1gs33cr3t-acl\r\n");
    let told = "answers 400: \"X-Consul-Token: …\"; see whether this is Consul";
    assert_eq!(talk.trouble(echo), told);
    // Of two, of which one begins with the other, none of the longer is left.
    talk.token = Some("b1gs33cr3t-acl-of-today");
    let echo = reply(400, "X-Consul-Token: b1gs33cr3t-acl-of-today");
    assert_eq!(talk.trouble(echo), told);
}

#[test]
fn nothing_shows_a_secret_to_a_debugger() {
    for (centre, name) in all() {
        let mut line = graylane::remote::Line::new(name, "");
        let call = line.ask(&centre, Some(TOKEN), NOW);
        let announce = centre.announce("a", b"{}", Some(TOKEN));
        let list = centre.list("a", "", Some(TOKEN));
        let login = centre.login();
        let shown = format!("{centre:?} {call:?} {line:?} {login:?} {announce:?} {list:?}");
        shows_none(&centre, &shown);
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}

#[test]
fn no_path_has_a_secret() {
    for (centre, name) in all() {
        for cursor in ["", "17/r-1", "7.7.7", "-"] {
            let mut talk = Talk::new(centre.clone(), name, cursor);
            talk.token = Some(TOKEN);
            let path = talk.call().path;
            shows_none(&centre, &path);
            assert!(!path.contains(TOKEN), "{path}");
        }
        let login = centre.login().map(|call| call.path);
        shows_none(&centre, &login.unwrap_or_default());
    }
}
