//! Who is told of verdicts, as it is written.

use super::Text;
use super::part::{objects, words};
use crate::Secret;

/// Who is told when a guard closes a version, or opens it again.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields)
)]
pub struct Notify {
    /// The proxy's cluster that leads there.
    pub cluster: Text,
    /// What the server is called in requests: their `Host`. Absent: as the cluster is.
    pub host: Option<Text>,
    /// The path that is posted to, with its query. With a chat's webhook it is a secret.
    pub path: Secret,
    /// What is posted.
    #[cfg_attr(feature = "cli", schemars(default))]
    pub shape: Shape,
}

/// What is posted of a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Shape {
    /// The verdict itself, as the log has it.
    #[default]
    Json,
    /// A message of Slack.
    Slack,
    /// A message of Feishu, which is Lark.
    Feishu,
    /// A message of `DingTalk`.
    Dingtalk,
}

objects! {
    Notify: "who is told: an object" { cluster, host, path, shape }
}

words! {
    Shape { "json" = Json, "slack" = Slack, "feishu" = Feishu, "dingtalk" = Dingtalk }
}
