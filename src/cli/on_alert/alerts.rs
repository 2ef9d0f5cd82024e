//! What Alertmanager sends to a webhook, as far as versions are to be closed by it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::cli::switch::Edit;

/// An alert's annotation that says what is to be closed, where its labels do not.
const CLOSE: &str = "graylane_close";

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) struct Alerts {
    /// What fires, each once.
    pub(super) close: Vec<Edit>,
    /// How many alerts are over; they open nothing.
    pub(super) resolved: usize,
    /// Alerts that fire and name nothing to close.
    pub(super) nameless: usize,
}

#[derive(Deserialize)]
struct Webhook {
    version: String,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: Status,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

/// Reads the body of a notification, in Alertmanager's format 4.
///
/// # Errors
///
/// A sentence, if nothing of it may be done.
pub(super) fn read(body: &[u8]) -> Result<Alerts, String> {
    let webhook: Webhook = serde_json::from_slice(body)
        .map_err(|error| format!("this is no notification of Alertmanager: {error}"))?;
    if webhook.version != "4" {
        let version = &webhook.version;
        return Err(format!(
            "this is a notification of version {version:?}; only \"4\" is known"
        ));
    }
    let mut close = BTreeSet::new();
    let (mut resolved, mut nameless) = (0, 0);
    for alert in &webhook.alerts {
        match (alert.status, alert.closes()) {
            (Status::Resolved, _) => resolved += 1,
            (Status::Firing, None) => nameless += 1,
            (Status::Firing, Some(name)) => drop(close.insert(name)),
        }
    }
    if close.is_empty() && nameless > 0 {
        return Err(format!(
            "no alert that fires has the labels gray_service and gray_version, nor the annotation \
             {CLOSE}; keep the labels in the rule's expression, or write the annotation"
        ));
    }
    let edit = |name: &String| {
        Edit::close(name).map_err(|_| format!("an alert names {name:?}, which nothing is called"))
    };
    Ok(Alerts {
        close: close.iter().map(edit).collect::<Result<_, _>>()?,
        resolved,
        nameless,
    })
}

impl Alert {
    /// The name to close, as a switch document has it.
    fn closes(&self) -> Option<String> {
        if let Some(name) = self.annotations.get(CLOSE) {
            return Some(name.clone());
        }
        let label = |name| self.labels.get(name);
        let (service, version) = (label("gray_service")?, label("gray_version")?);
        Some(format!("{service}/{version}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(version: &str, alerts: &[Value]) -> Result<Alerts, String> {
        read(
            json!({ "version": version, "alerts": alerts })
                .to_string()
                .as_bytes(),
        )
    }

    fn alert(status: &str, service: &str, version: &str) -> Value {
        let labels =
            json!({ "alertname": "Bad", "gray_service": service, "gray_version": version });
        json!({ "status": status, "labels": labels, "annotations": {} })
    }

    fn closed(alerts: &Alerts) -> Vec<&str> {
        alerts.close.iter().map(|edit| &*edit.name).collect()
    }

    #[test]
    fn what_fires_is_closed_and_what_is_over_opens_nothing() {
        let lane = json!({ "status": "firing", "annotations": { "graylane_close": "blue" } });
        let other = json!({ "status": "firing", "labels": { "alertname": "Disk" } });
        let alerts = [
            alert("firing", "pay", "v7"),
            alert("firing", "checkout", "v2"),
            alert("firing", "checkout", "v2"),
            alert("resolved", "cart", "v3"),
            lane,
            other,
        ];
        let alerts = of("4", &alerts).unwrap();
        assert_eq!(closed(&alerts), ["blue", "checkout/v2", "pay/v7"]);
        assert_eq!((alerts.resolved, alerts.nameless), (1, 1));
        let over = of("4", &[alert("resolved", "checkout", "v2")]).unwrap();
        assert_eq!((closed(&over).len(), over.resolved), (0, 1));
    }

    #[test]
    fn what_is_no_notification_is_refused() {
        let nameless = json!({ "status": "firing", "labels": { "gray_service": "checkout" } });
        for (told, sentence) in [
            (
                read(b"<html>"),
                "this is no notification of Alertmanager: expected value at",
            ),
            (
                read(b"{}"),
                "this is no notification of Alertmanager: missing field `version`",
            ),
            (
                of("4", &[json!({ "status": "pending" })]),
                "this is no notification of Alertmanager: unknown variant `pending`",
            ),
            (
                of("3", &[]),
                "this is a notification of version \"3\"; only \"4\" is known",
            ),
            (
                of("4", &[nameless]),
                "no alert that fires has the labels gray_service and",
            ),
            (
                of("4", &[alert("firing", "check out", "v2")]),
                "an alert names \"check out/v2\", which nothing is called",
            ),
        ] {
            let told = told.unwrap_err();
            assert!(told.starts_with(sentence), "{told}");
        }
    }
}
