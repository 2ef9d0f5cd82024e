//! What a Prometheus has scraped of a fleet.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::fleet::{NAMES, Proxy};
use crate::cli::admin::Metric;
use crate::cli::http;

/// One that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// By which a proxy is known, the first that a series has.
const PROXY: [&str; 3] = ["pod", "pod_name", "instance"];

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

/// A series, and its newest value: a moment, and a number as text.
#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

/// What it has of each proxy.
pub(super) fn proxies(url: &str) -> Result<Vec<Proxy>> {
    let query = format!(r#"{{__name__=~"(.+_)?graylane_({})"}}"#, NAMES.join("|"));
    let base = url.trim_end_matches('/');
    let request = http::agent(PATIENCE)
        .get(format!("{base}/api/v1/query"))
        .query("query", query);
    let text = request
        .call()
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .map_err(http::silence)
        .with_context(|| url.to_owned())?;
    let answer: Answer =
        serde_json::from_str(&text).with_context(|| format!("{url} is not Prometheus"))?;
    match answer {
        Answer {
            data: Some(data), ..
        } => Ok(by_proxy(data)),
        Answer { error, .. } => bail!("{url}: {}", error.unwrap_or("says nothing".to_owned())),
    }
}

fn by_proxy(data: Data) -> Vec<Proxy> {
    let mut proxies = BTreeMap::<_, Vec<_>>::new();
    for Series { metric, value } in data.result {
        let proxy = PROXY.iter().find_map(|label| metric.get(*label));
        let proxy = proxy.cloned().unwrap_or_default();
        proxies
            .entry(proxy)
            .or_default()
            .extend(read(metric, &value.1));
    }
    let proxies = proxies.into_iter();
    proxies
        .map(|(proxy, metrics)| Proxy::of(proxy, metrics))
        .collect()
}

fn read(labels: BTreeMap<String, String>, value: &str) -> Option<Metric> {
    let (_, name) = labels.get("__name__")?.rsplit_once("graylane_")?;
    let name = name.to_owned();
    let value: f64 = value.parse().ok()?;
    let tag =
        |(label, value): (String, String)| Some((label.strip_prefix("gray_")?.to_owned(), value));
    Some(Metric {
        name,
        tags: labels.into_iter().filter_map(tag).collect(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of 32 bits, and `NaN` is 0"
        )]
        value: value as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_put_together_by_proxy() {
        let series = |name: &str, of: &[(&str, &str)], value: &str| {
            let mut metric: BTreeMap<_, _> = of.iter().copied().collect();
            metric.insert("__name__", name);
            serde_json::json!({ "metric": metric, "value": [1_795_262_400.25, value] })
        };
        let v2 = [
            ("instance", "a:1"),
            ("gray_service", "s"),
            ("gray_version", "v2"),
        ];
        let data = serde_json::json!({ "result": [
            series("graylane_policy_revision", &[("instance", "b:1"), ("pod", "b")], "4294967295"),
            series("graylane_policy_revision", &[("instance", "a:1")], "439041101"),
            series("envoy_wasmcustom_graylane_guard_state", &v2, "3"),
        ]});
        let proxies = by_proxy(serde_json::from_value(data).unwrap());
        let [a, b] = &proxies[..] else {
            panic!("{proxies:?}");
        };
        assert_eq!((&*a.name, a.revision.as_deref()), ("a:1", Some("1a2b3c4d")));
        assert_eq!(a.versions[0].guard, Some("probing"));
        assert_eq!((&*b.name, b.revision.as_deref()), ("b", Some("ffffffff")));
    }
}
