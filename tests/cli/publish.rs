//! What `publish`, `rollback` and `switch` refuse before any centre is asked, and where none answers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::admin::Admin;
use crate::run::{Ran, graylane};

const POLICY: &str = "docs/examples/policy.yaml";

/// A file of this process with this content.
fn file(name: &str, content: &str) -> String {
    let name = format!("graylane-{}-{name}", std::process::id());
    let file: PathBuf = std::env::temp_dir().join(name);
    fs::write(&file, content).unwrap();
    file.to_str().unwrap().to_owned()
}

fn is_told(ran: &Ran, code: i32, sentence: &str) {
    assert_eq!(
        (ran.code, &*ran.err),
        (code, &*format!("error: {sentence}\n")),
        "{}",
        ran.out
    );
}

#[test]
fn an_address_that_is_wrong_is_told_with_its_remedy() {
    for (to, sentence) in [
        (
            "checkout",
            "checkout: is no address; write it as etcd://HOST/KEY, consul://HOST/KEY, \
             nacos://HOST/DATAID, apollo://PORTAL/APP/NAMESPACE, http://HOST/PATH or \
             k8s://NAMESPACE/NAME",
        ),
        (
            "etcd://a:1",
            "etcd://a:1: names no document; write its name behind the host",
        ),
        (
            "etcd://gray:s3cret@a:1/g",
            "etcd://…@a:1/g: has a user in it, for everybody to read; take it out, and use --user \
             and --password-file, or GRAYLANE_USER and GRAYLANE_PASSWORD",
        ),
        (
            "apollo://a/b/c",
            "apollo://a/b/c: needs the token of an application that may use the portal, and in \
             whose name it writes; give --token-file and --user",
        ),
    ] {
        is_told(&graylane(&["publish", POLICY, "--to", to], ""), 2, sentence);
        is_told(&graylane(&["rollback", "--to", to], ""), 2, sentence);
        is_told(
            &graylane(&["switch", "a/b=closed", "--to", to], ""),
            2,
            sentence,
        );
    }
}

#[test]
fn who_asks_is_told_as_the_centre_wants_it() {
    let (secret, empty) = (file("secret", "s3cret\n"), file("empty", "\n"));
    for (arguments, sentence) in [
        (
            ["etcd://a/g", "--token-file", &secret],
            "etcd://a/g: --token-file is not for this kind of address; leave it out",
        ),
        (
            ["consul://a/g", "--user", "gray"],
            "consul://a/g: --user is not for this kind of address; leave it out",
        ),
        (
            ["k8s://a/g", "--user", "gray"],
            "k8s://a/g: --user is not for this kind of address; leave it out",
        ),
        (
            ["etcd://a/g", "--user", "gray"],
            "etcd://a/g: user has no `password` beside it; give both, or neither",
        ),
        (
            ["consul://a/g", "--token-file", &empty],
            &format!("consul://a/g: {empty} is empty; write the secret into it"),
        ),
        (
            ["consul://a/g", "--token-file", "/none"],
            "consul://a/g: /none cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let arguments = [&["publish", POLICY, "--to"][..], &arguments].concat();
        is_told(&graylane(&arguments, ""), 2, sentence);
    }
    fs::remove_file(secret).unwrap();
    fs::remove_file(empty).unwrap();
}

#[test]
fn a_policy_that_proxies_would_refuse_is_not_published() {
    let to = ["--to", "etcd://127.0.0.1:1/g"];
    let publish = |input: &str| graylane(&[&["publish", "-"], &to[..]].concat(), input);
    let wrong = r#"{ "schema": "graylane/v1", "services": [] }"#;
    let ran = publish(wrong);
    assert_eq!(
        (ran.code, ran.err.starts_with("error: -:1:")),
        (1, true),
        "{}",
        ran.err
    );
    let remote = r#"{
        "schema": "graylane/v1",
        "remote": { "cluster": "etcd", "etcd": {}, "switches": "s" },
        "services": [{ "name": "s", "baseline": "v1", "versions": [{ "name": "v1" }] }]
    }"#;
    is_told(
        &publish(remote),
        2,
        "-: remote: is in a policy for a centre, where proxies refuse it; leave it to the filter's \
         own configuration",
    );
    let print = ["publish", POLICY, "--print"];
    is_told(
        &graylane(&[&print[..], &to].concat(), ""),
        2,
        "--print is for k8s://NAMESPACE/NAME; leave it out, or print a WasmPlugin",
    );
}

#[test]
fn what_cannot_be_switched_is_told() {
    let to = ["--to", "k8s://istio-system/checkout"];
    is_told(
        &graylane(&[&["switch", "checkout/v2=closed"], &to[..]].concat(), ""),
        2,
        "k8s://istio-system/checkout: a WasmPlugin has no switches; close a version in its policy, \
         by `enabled: false`",
    );
    let ran = graylane(&["switch", "checkout/v2=open", "--to=etcd://a/g"], "");
    let told = ran.err.lines().next().unwrap();
    assert_eq!(
        (ran.code, told),
        (
            2,
            "error: invalid value 'checkout/v2=open' for '[NAME=VALUE]...': write `closed`, a \
             percentage such as 5, or nothing, which takes it out"
        )
    );
}

#[test]
fn a_centre_that_does_not_answer_is_told() {
    let to = Admin::nobody().replace("http://", "etcd://") + "/g";
    is_told(
        &graylane(&["publish", POLICY, "--to", &to, "--yes"], ""),
        2,
        &format!("{to}: it does not answer: io: Connection refused (os error 111)"),
    );
}

/// `kubectl` as one that prints this, or fails with it, whatever it is asked.
fn kubectl(name: &str, script: &str, arguments: &[&str]) -> Ran {
    let folder = PathBuf::from(file(name, ""));
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    let program = folder.join("kubectl");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    Command::new("chmod")
        .arg("+x")
        .arg(&program)
        .status()
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_graylane"))
        .args(arguments)
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .output()
        .unwrap();
    fs::remove_dir_all(folder).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What the real one says; what it does to a real Kubernetes is not tested here.
#[test]
fn what_kubectl_says_is_handed_on() {
    let to = "k8s://istio-system/checkout";
    let publish = ["publish", POLICY, "--to", to, "--yes"];
    let print = ["publish", POLICY, "--to", to, "--print"];
    let object = |applied: &str| {
        let metadata = format!(
            r#"{{ "name": "checkout", "resourceVersion": "7", "uid": "u", "managedFields": [{applied}],
                "annotations": {{ "kubectl.kubernetes.io/last-applied-configuration": "x", "a": "b" }} }}"#
        );
        format!(
            r#"{{ "kind": "WasmPlugin", "metadata": {metadata}, "spec": {{ "url": "oci://a" }}, "status": {{}} }}"#
        )
    };
    let answer = |applied: &str, then: &str| {
        let object = object(applied);
        format!("case \"$*\" in *' get '*) echo '{object}' ;; *) cat > /dev/null; {then} ;; esac")
    };
    let argo = r#"{ "manager": "argocd-controller", "operation": "Apply", "fieldsV1": { "f:spec": { "f:pluginConfig": {} } } }"#;
    for (name, script, sentence) in [
        (
            "refuses",
            "echo 'error: You must be logged in to the server' >&2; exit 1".to_owned(),
            "kubectl: error: You must be logged in to the server",
        ),
        (
            "none",
            "exit 0".to_owned(),
            "there is no such WasmPlugin; apply one that has its module's url first, and then \
             publish its policy",
        ),
        (
            "html",
            "echo '<html>'".to_owned(),
            "kubectl tells no JSON: expected value at line 1 column 1",
        ),
        (
            "argo",
            answer(argo, "exit 0"),
            "argocd-controller applies the policy there, and would put its own back; publish by \
             what it applies, which --print writes",
        ),
        (
            "denied",
            answer("", "echo 'Error: patch is forbidden' >&2; exit 1"),
            "kubectl: Error: patch is forbidden",
        ),
    ] {
        is_told(
            &kubectl(name, &script, &publish),
            2,
            &format!("{to}: {sentence}"),
        );
    }
    let modified = answer(
        "",
        "echo 'the object has been modified; please' >&2; exit 1",
    );
    let ran = kubectl("modified", &modified, &publish);
    let told = format!("\n{to}: was changed meanwhile; look at the diff again\n");
    assert_eq!(
        (ran.code, ran.out.ends_with(&told)),
        (4, true),
        "{}{}",
        ran.out,
        ran.err
    );

    let ran = kubectl("print", &answer("", "exit 1"), &print);
    let printed = ran.json();
    assert_eq!(
        printed["metadata"],
        serde_json::json!({ "name": "checkout", "annotations": { "a": "b" } })
    );
    assert_eq!(printed["spec"]["url"], "oci://a");
    assert_eq!(
        printed["spec"]["pluginConfig"]["services"][0]["name"],
        "checkout"
    );
    assert_eq!(printed.get("status"), None);
}
