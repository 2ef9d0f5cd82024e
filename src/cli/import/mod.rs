//! `graylane import`: a release that another system does, as a policy that decides the same.

mod condition;
mod draft;
mod higress;
mod ingress;
mod istio;
mod notes;
mod part;
mod pattern;
mod settings;
mod tree;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::input::{self, Manifest};
use super::output::{Exit, Format, Said};
use crate::{Error, Node};
use condition::Key;
use draft::Draft;
use notes::{Note, Notes};
use part::{Part, Read, Spot};
use settings::Settings;

const EXAMPLES: &str = "Examples:
  graylane import ingress.yaml ingress-canary.yaml > policy.yaml
  graylane import --by header:x-user-id --by cookie:uid virtualservice.yaml
  kubectl get virtualservices,destinationrules -n shop -o yaml | graylane import -

The policy is written to standard output, and to standard error a sentence for each thing that it
does in another way, or not at all.

Exit codes: 0 fine, 1 a document cannot be imported, 2 a file cannot be read";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What the other system has, as YAML or JSON; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which system it is; by default the documents tell
    #[arg(long, value_enum, value_name = "SYSTEM")]
    from: Option<System>,
    /// What makes a user where the other system draws by chance: `header:x-user-id`, `cookie:uid`,
    /// `query:id`, `claim:sub` or `source_ip`; of several the first that a request has
    #[arg(long, value_name = "KEY", value_parser = settings::key)]
    by: Vec<Key>,
    /// The version that answers whoever no rule sends elsewhere; by default the one that has most
    #[arg(long, value_name = "VERSION")]
    baseline: Option<String>,
    /// The Envoy cluster of a version, in place of the one that is guessed
    #[arg(long = "cluster", value_name = "VERSION=CLUSTER", value_parser = settings::pair)]
    clusters: Vec<(String, String)>,
    /// Of Istio: the port of destinations that name none
    #[arg(long, value_name = "PORT", default_value_t = 80)]
    port: u16,
    /// Of Istio: the gateway that the policy is for, or `mesh`
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Where a release comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum System {
    /// Pairs of Ingresses, one with canary annotations
    IngressNginx,
    /// `VirtualService`s, with their `DestinationRule`s
    Istio,
    /// The plugin traffic-tag
    Higress,
}

#[derive(Serialize)]
struct Imported {
    policy: Value,
    notes: Vec<Note>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Said> {
    let mut manifests = Vec::new();
    for file in &args.files {
        manifests.extend(input::manifests(file)?);
    }
    let mut notes = Notes::default();
    let settings = Settings::new(args);
    let (system, documents) = chosen(&manifests, args, &mut notes)?;
    let mut draft = match system {
        System::IngressNginx => ingress::draft(&documents, &settings, &mut notes)?,
        System::Istio => istio::draft(&documents, &settings, &mut notes)?,
        System::Higress => higress::draft(&documents, &settings, &mut notes)?,
    };
    settings.name_clusters(&mut draft)?;
    let tree = draft.tree();
    let text = tree.yaml();
    accepted(&draft, &text)?;
    let notes = notes.told();
    if args.format == Format::Json {
        let policy = tree.json();
        return Said::json(&Imported { policy, notes }, Exit::Fine);
    }
    for note in notes {
        anstream::eprintln!("{}", note.line());
    }
    Ok(Said::fine(text))
}

/// The system that the documents are of, and those that are.
fn chosen<'m>(
    manifests: &'m [Manifest],
    args: &Args,
    notes: &mut Notes,
) -> Read<(System, Vec<Part<'m>>)> {
    let mut documents = Vec::new();
    for manifest in manifests {
        unfold(Part::whole(manifest), &mut documents)?;
    }
    let named = documents.into_iter().map(|part| (System::of(&part), part));
    let named: Vec<_> = named.collect();
    let first = named
        .iter()
        .find_map(|(system, part)| Some(((*system)?, part)));
    let Some(system) = args.from.or(first.map(|(system, _)| system)) else {
        anyhow::bail!(
            "nothing to import: no Ingress, no VirtualService, no configuration of traffic-tag; \
             give the files that have it"
        );
    };
    let mut own = Vec::new();
    for (of, part) in named {
        match of {
            Some(of) if of == system => own.push(part),
            Some(of) if args.from.is_none() => {
                let problem = format!(
                    "belongs to {of}, and what stands before it to {system}; choose one by --from"
                );
                return Err(part.refuse(problem));
            }
            _ => notes.say(&part.spot, format!("{} is not read", kind(&part))),
        }
    }
    if own.is_empty() {
        anyhow::bail!("nothing here belongs to {system}; give the files that have it");
    }
    Ok((system, own))
}

/// The documents in a document, which may be a list of them.
fn unfold<'m>(part: Part<'m>, documents: &mut Vec<Part<'m>>) -> Read<()> {
    if part
        .value
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("List"))
    {
        for item in part.items_of("items")? {
            unfold(item, documents)?;
        }
    } else {
        part.fields()?;
        documents.push(part);
    }
    Ok(())
}

/// What a document is, for people.
fn kind(part: &Part<'_>) -> String {
    let kind = part.value.get("kind").and_then(Value::as_str);
    kind.map_or("a document without `kind`".to_owned(), |kind| {
        format!("the {kind}")
    })
}

impl System {
    fn of(part: &Part<'_>) -> Option<Self> {
        match part.value.get("kind").and_then(Value::as_str) {
            Some("Ingress") => Some(Self::IngressNginx),
            Some("VirtualService" | "DestinationRule") => Some(Self::Istio),
            Some("WasmPlugin") => higress::is_carried(part).then_some(Self::Higress),
            Some(_) => None,
            None => higress::is_config(part).then_some(Self::Higress),
        }
    }
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::IngressNginx => "ingress-nginx",
            Self::Istio => "Istio",
            Self::Higress => "Higress",
        })
    }
}

/// Reads the policy as the filter does. What it refuses is told of the place that it comes from.
fn accepted(draft: &Draft<'_>, text: &str) -> Read<()> {
    let source = input::written("policy", text)?;
    let Err(refusal) = source.load(&Node::default()) else {
        return Ok(());
    };
    let error = &refusal.error;
    let problem = format!("has to be written in another way for a policy: {error}");
    Err(match origin(draft, error) {
        Some(origin) => origin.refuse(problem),
        None => anyhow::anyhow!("{problem}"),
    })
}

/// Where what is refused comes from: its rule's place, or its service's.
fn origin<'d, 'm>(draft: &'d Draft<'m>, error: &Error) -> Option<&'d Spot<'m>> {
    let place = error.place();
    let index = |before: &str| {
        let (_, rest) = place.split_once(before)?;
        rest.split_once(']')?.0.parse::<usize>().ok()
    };
    // What concerns all services is told of the first.
    let service = draft.services.get(index("services[").unwrap_or(0))?;
    let rule = index(".rules[").and_then(|at| service.rules.get(at));
    Some(rule.map_or(&service.origin, |rule| &rule.origin))
}
