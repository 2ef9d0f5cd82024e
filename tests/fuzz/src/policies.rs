//! Policies of every kind, out of bytes: what compiles mostly, with names that requests know.

use arbitrary::{Result, Unstructured};
use serde_json::{Value, json};

type Bytes<'b, 'd> = &'b mut Unstructured<'d>;

const VALUES: [&str; 8] = ["1", "on", "V2", "é", "uid", "/a", "3.2.0", "1.10"];

/// A policy of one or two services.
pub(crate) fn policy(bytes: Bytes<'_, '_>) -> Result<Value> {
    let mut services = vec![service(bytes, "a")?];
    if bytes.arbitrary()? {
        services.push(service(bytes, "b")?);
    }
    let mut policy = json!({
        "schema": "graylane/v1",
        "role": bytes.choose(&["edge", "edge", "mesh", "auto"])?,
        "stamp": bytes.choose(&["all", "canary"])?,
        "carrier": bytes.choose(&["header", "baggage"])?,
        "enabled": bytes.ratio(9, 10)?,
        "services": services,
    });
    if bytes.ratio(1, 4)? {
        policy["trust"] = condition(bytes, 1)?;
    }
    if bytes.ratio(1, 3)? {
        let last = |service: &Value| {
            let versions = service["versions"].as_array()?;
            let names = [&service["name"], &versions.last()?["name"]];
            Some(
                names
                    .map(|name| name.as_str().unwrap_or_default())
                    .join("/"),
            )
        };
        let mut members: Vec<_> = services.iter().filter_map(last).collect();
        members.truncate(bytes.int_in_range(1..=2)?);
        policy["lanes"] = json!([{
            "name": "blue",
            "members": members,
            "enabled": bytes.ratio(4, 5)?,
            "mode": bytes.choose(&["permissive", "strict"])?,
        }]);
        let rule = json!({
            "name": "lane",
            "when": { "header": { "name": "x-b", "present": true } },
            "use": "blue",
        });
        for service in policy["services"].as_array_mut().into_iter().flatten() {
            match service["rules"].as_array_mut() {
                Some(rules) => rules.insert(0, rule.clone()),
                None => service["rules"] = json!([rule]),
            }
        }
    }
    Ok(policy)
}

fn service(bytes: Bytes<'_, '_>, name: &str) -> Result<Value> {
    let count = bytes.int_in_range(2..=4)?;
    let clusters = bytes.arbitrary()?;
    let mut versions = Vec::new();
    for number in 1..=count {
        let mut version = json!({ "name": format!("v{number}") });
        if clusters {
            version["cluster"] = format!("{name}-v{number}").into();
        }
        if number > 1 {
            version["enabled"] = bytes.ratio(5, 6)?.into();
            if bytes.ratio(1, 3)? {
                version["guard"] = json!({ "max_error_percent": 5, "retry_after": "10m" });
            }
        }
        versions.push(version);
    }
    let mut rules = Vec::new();
    for number in 0..bytes.int_in_range(0..=4)? {
        rules.push(rule(bytes, number, count)?);
    }
    let mut service = json!({
        "name": name,
        "enabled": bytes.ratio(9, 10)?,
        "dry_run": bytes.ratio(1, 10)?,
        "baseline": "v1",
        "versions": versions,
    });
    let hosts = ["a.example.com", "*.example.com", "b.example.com"];
    if bytes.arbitrary()? {
        let hosts = &hosts[..bytes.int_in_range(1..=hosts.len())?];
        service["hosts"] = json!(hosts);
    }
    if !rules.is_empty() {
        service["rules"] = rules.into();
    }
    if clusters && bytes.ratio(1, 3)? {
        let percent = bytes.int_in_range(0..=100u8)?;
        let by = keys(bytes)?;
        service["mirror"] = json!([{ "version": "v2", "percent": percent, "by": by }]);
    }
    if bytes.ratio(1, 4)? {
        service["cookies"] = json!({
            "path": bytes.choose(&["/", "/shop"])?,
            "max_age": bytes.choose(&["30d", "1s"])?,
            "same_site": bytes.choose(&["lax", "strict", "none"])?,
        });
        if bytes.arbitrary()? {
            service["cookies"]["domain"] = "example.com".into();
        }
    }
    Ok(service)
}

fn rule(bytes: Bytes<'_, '_>, number: usize, versions: u8) -> Result<Value> {
    let mut rule = json!({ "name": format!("r{number}"), "dry_run": bytes.ratio(1, 6)? });
    if bytes.arbitrary()? {
        rule["when"] = condition(bytes, 3)?;
    }
    if bytes.arbitrary()? {
        rule["use"] = format!("v{}", bytes.int_in_range(1..=versions)?).into();
    } else {
        rule["split"] = split(bytes, versions)?;
    }
    Ok(rule)
}

fn split(bytes: Bytes<'_, '_>, versions: u8) -> Result<Value> {
    let missing = *bytes.choose(&["baseline", "next", "random", "mint"])?;
    let algorithm = *bytes.choose(&["graylane-v1", "graylane-v1", "unleash", "flagd-v2"])?;
    let mut by = keys(bytes)?;
    if missing == "mint" {
        by.push(json!({ "cookie": "uid" }));
    }
    let ranges = algorithm == "graylane-v1" && bytes.ratio(1, 4)?;
    let most = if algorithm == "graylane-v1" {
        versions
    } else {
        2
    };
    let mut to = Vec::new();
    for number in 2..=most {
        let percent = bytes.int_in_range(0..=33u8)?;
        let mut target = match bytes.int_in_range(0..=2u8)? {
            _ if ranges => {
                let from = (number - 2) * 33;
                json!({ "ranges": [{ "from": from, "to": from + percent.max(1) }] })
            }
            0 => {
                let then = bytes.int_in_range(0..=33u8)?;
                let steps = json!([{ "percent": percent, "for": "20d" }, { "percent": then }]);
                json!({ "ramp": { "start": "1970-01-10T00:00:00Z", "steps": steps } })
            }
            _ => json!({ "percent": percent }),
        };
        target["version"] = format!("v{number}").into();
        to.push(target);
    }
    let mut split = json!({
        "by": by,
        "to": to,
        "missing": missing,
        "algorithm": algorithm,
        "salt": "s",
    });
    if missing != "random" {
        split["keep"] = bytes.arbitrary::<bool>()?.into();
    }
    Ok(split)
}

fn keys(bytes: Bytes<'_, '_>) -> Result<Vec<Value>> {
    let keys = [
        json!({ "header": "x-user-id" }),
        json!({ "cookie": "uid" }),
        json!({ "query": "uid" }),
        json!({ "claim": "sub" }),
        json!({ "source_ip": true }),
    ];
    let first = bytes.choose_index(keys.len())?;
    let last = bytes.int_in_range(first..=keys.len() - 1)?;
    Ok(keys[first..=last].to_vec())
}

fn condition(bytes: Bytes<'_, '_>, depth: u8) -> Result<Value> {
    Ok(
        match bytes.int_in_range(0..=if depth > 0 { 9 } else { 6u8 })? {
            0 | 1 => {
                let kind = *bytes.choose(&["header", "cookie", "query", "claim"])?;
                let mut test = test(bytes)?;
                test["name"] = (*bytes.choose(&["x-a", "x-b", "uid"])?).into();
                json!({ kind: test })
            }
            2 | 3 => json!({ *bytes.choose(&["path", "method", "host"])?: test(bytes)? }),
            4 => {
                let network =
                    bytes.choose(&["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"])?;
                json!({ "source_ip": [network] })
            }
            5 => json!({ "time": { "from": "1970-01-10T00:00:00Z" } }),
            6 => json!({ "proxy": { "region": { "equals": "eu" } } }),
            7 => json!({ "not": condition(bytes, depth - 1)? }),
            kind => {
                let mut list = Vec::new();
                for _ in 0..bytes.int_in_range(1..=3)? {
                    list.push(condition(bytes, depth - 1)?);
                }
                json!({ if kind == 8 { "all" } else { "any" }: list })
            }
        },
    )
}

fn test(bytes: Bytes<'_, '_>) -> Result<Value> {
    let value = *bytes.choose(&VALUES)?;
    let mut test = match bytes.int_in_range(0..=5u8)? {
        0 => json!({ "in": [value, "x"] }),
        1 => json!({ "present": bytes.arbitrary::<bool>()? }),
        2 => json!({ "at_least": 1.1, "below": 3 }),
        3 => json!({ "version": ">=3.2.0, <4" }),
        _ => {
            let operators = ["equals", "prefix", "suffix", "contains", "matches"];
            json!({ *bytes.choose(&operators)?: value })
        }
    };
    test["ignore_case"] = bytes.arbitrary::<bool>()?.into();
    Ok(test)
}
