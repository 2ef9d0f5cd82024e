//! Each query of the dashboard, as Grafana would make it, has a result.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::site::{JOB, Site, sample};
use super::{NAME, settled};
use crate::report::Row;

/// How far back a panel looks, in seconds: to the beginning of the check.
const RANGE: u64 = 900;

/// One of its queries.
struct Query {
    title: String,
    expr: String,
    /// Whether it asks for the present alone.
    instant: bool,
}

pub(super) async fn rows(site: &Site) -> Result<Vec<Row>> {
    let dashboard: Value = serde_json::from_str(&sample("dashboard.json")?)?;
    let queries = queries(&dashboard)?;
    let mut names = BTreeSet::new();
    for query in &queries {
        names.extend(metrics(&query.expr));
    }
    // What has come about last is perhaps not scraped twice yet.
    let empty = settled(async || empty(site, &queries).await, Vec::is_empty).await?;
    // A query may have a result of its own where a metric is not there: `or vector(0)`.
    let mut unknown = Vec::new();
    for name in &names {
        if site.prometheus.query_range(name, RANGE).await? == 0 {
            unknown.push(name.clone());
        }
    }
    Ok(vec![
        none("queries", queries.len(), &empty),
        none("metrics in them", names.len(), &unknown),
    ])
}

/// Those that have no result.
async fn empty(site: &Site, queries: &[Query]) -> Result<Vec<String>> {
    let mut empty = Vec::new();
    for query in queries {
        let expr = substituted(&query.expr)?;
        let found = if query.instant {
            site.prometheus.query(&expr).await?.len()
        } else {
            site.prometheus.query_range(&expr, RANGE).await?
        };
        if found == 0 {
            empty.push(format!("{}: {expr}", query.title));
        }
    }
    Ok(empty)
}

fn none(what: &str, all: usize, empty: &[String]) -> Row {
    for one in empty {
        eprintln!("{NAME}: the dashboard has nothing for {one}");
    }
    let rule = format!("the dashboard's {what}, with a result");
    Row::judged(
        NAME,
        rule,
        all,
        all - empty.len(),
        "exact",
        empty.is_empty() && all > 0,
    )
}

/// Those of variables, annotations and panels.
fn queries(dashboard: &Value) -> Result<Vec<Query>> {
    let list = |place: &str| {
        let list = dashboard.pointer(place).and_then(Value::as_array);
        list.with_context(|| format!("the dashboard has no {place}"))
    };
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut queries = Vec::new();
    let variables = list("/templating/list")?.iter();
    for variable in variables.filter(|own| own["type"] == "query") {
        queries.push(Query {
            title: format!("the variable {}", text(variable, "name")),
            expr: label_values(&text(&variable["query"], "query"))?,
            instant: true,
        });
    }
    for annotation in list("/annotations/list")? {
        queries.push(Query {
            title: format!("the annotation {}", text(annotation, "name")),
            expr: text(&annotation["target"], "expr"),
            instant: false,
        });
    }
    for panel in list("/panels")?.iter().filter(|own| own["type"] != "row") {
        let targets = panel["targets"].as_array().map(Vec::as_slice);
        for target in targets.unwrap_or_default() {
            queries.push(Query {
                title: text(panel, "title"),
                expr: text(target, "expr"),
                instant: target["instant"] == true,
            });
        }
    }
    Ok(queries)
}

/// A variable's query as one of Prometheus'.
fn label_values(query: &str) -> Result<String> {
    let inside = query.strip_prefix("label_values(");
    let inside = inside.and_then(|rest| rest.strip_suffix(')')?.rsplit_once(", "));
    let (metric, label) = inside.with_context(|| format!("{query} is no label_values(…)"))?;
    Ok(format!("count by ({label}) ({metric})"))
}

/// With the variables as Grafana has them once a job and all services are chosen.
fn substituted(expr: &str) -> Result<String> {
    let pairs = [
        ("$__rate_interval", "1m"),
        ("$job", JOB),
        ("$service", ".+"),
    ];
    let expr = pairs.iter().fold(expr.to_owned(), |expr, (name, value)| {
        expr.replace(name, value)
    });
    if expr.is_empty() || expr.contains('$') {
        bail!("the dashboard's query `{expr}` is empty or has a variable that nobody knows");
    }
    Ok(expr)
}

/// The names of graylane's and Envoy's metrics in an expression.
fn metrics(expr: &str) -> impl Iterator<Item = String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || "_:".contains(char);
    let words = expr.split(move |char| !is_name(char));
    let families = [
        "graylane_",
        "graylane:",
        "envoy_server_",
        "envoy_cluster_upstream_",
    ];
    let own = words.filter(move |word| families.iter().any(|family| word.starts_with(family)));
    own.map(str::to_owned)
}
