//! What the command line says of a policy that the other system does not.

use super::Args;
use super::condition::Key;
use super::draft::Draft;
use super::notes::Notes;
use super::part::Spot;

/// What is chosen by options.
pub(super) struct Settings<'a> {
    by: &'a [Key],
    pub(super) baseline: Option<&'a str>,
    clusters: &'a [(String, String)],
    pub(super) port: u16,
    pub(super) gateway: Option<&'a str>,
}

/// A key of a split, as `--by` has it.
pub(super) fn key(text: &str) -> Result<Key, String> {
    if text == "source_ip" {
        return Ok(Key::SourceIp);
    }
    let kinds = ["header", "cookie", "query", "claim"];
    let named = text.split_once(':').filter(|(_, name)| !name.is_empty());
    let kind = named.and_then(|(kind, _)| kinds.into_iter().find(|each| *each == kind));
    match (kind, named) {
        (Some(kind), Some((_, name))) => Ok(Key::Named(kind, vec![name.to_owned()])),
        _ => Err(
            "write it as header:NAME, cookie:NAME, query:NAME, claim:NAME or source_ip".to_owned(),
        ),
    }
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (version, cluster) = text.split_once('=').ok_or("write it as version=cluster")?;
    Ok((version.to_owned(), cluster.to_owned()))
}

impl<'a> Settings<'a> {
    pub(super) fn new(args: &'a Args) -> Self {
        Self {
            by: &args.by,
            baseline: args.baseline.as_deref(),
            clusters: &args.clusters,
            port: args.port,
            gateway: args.gateway.as_deref(),
        }
    }

    /// What makes a user where the other system draws anew for each request, and what becomes of
    /// who has none of it.
    pub(super) fn drawn(
        &self,
        spot: &Spot<'_>,
        notes: &mut Notes,
    ) -> (Vec<Key>, Option<&'static str>) {
        if self.by.is_empty() {
            notes.say(
                spot,
                "there each request is drawn anew; here the client's address decides, so that all \
                 behind one address get the same; name what makes a user by --by header:NAME",
            );
            return (vec![Key::SourceIp], None);
        }
        let keys: Vec<_> = self.by.iter().map(Key::words).collect();
        let note = format!(
            "there each request is drawn anew; here {} decides, so that a user stays, and a \
             request without it is drawn as there (`missing: random`)",
            keys.join(", or ")
        );
        notes.say(spot, note);
        (self.by.to_vec(), Some("random"))
    }

    /// The keys of copies.
    pub(super) fn copied(&self) -> Vec<Key> {
        if self.by.is_empty() {
            vec![Key::SourceIp]
        } else {
            self.by.to_vec()
        }
    }

    /// Gives versions the clusters that `--cluster` names.
    pub(super) fn name_clusters(&self, draft: &mut Draft<'_>) -> anyhow::Result<()> {
        for (name, cluster) in self.clusters {
            let services = draft.services.iter_mut();
            let mut versions: Vec<_> = services.flat_map(|service| &mut service.versions).collect();
            let mut found = false;
            for version in versions.iter_mut().filter(|version| version.name == *name) {
                version.cluster = Some(cluster.clone());
                found = true;
            }
            if !found {
                let names: Vec<_> = versions
                    .iter()
                    .map(|version| version.name.as_str())
                    .collect();
                anyhow::bail!(
                    "--cluster: there is no version {name}; name one of {}",
                    names.join(", ")
                );
            }
        }
        Ok(())
    }
}
