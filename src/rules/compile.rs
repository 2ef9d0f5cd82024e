//! From the document to the form that decides.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::condition::Condition;
use super::hosts::HostIndex;
use super::split::{Share, Split, keys};
use super::{Action, Headers, Node, Role, Rule, Rules, Service, Version, name};
use crate::error::{Error, Place};
use crate::limits::{MAX_HOSTS, MAX_RULES, MAX_SALT_BYTES, MAX_SERVICES, MAX_VERSIONS};
use crate::policy::{self, Policy, Text};

impl Rules {
    /// Compiles a policy for the node that will run it.
    ///
    /// # Errors
    ///
    /// The first thing that cannot be meant: an empty list, a name that is none or stands twice, a
    /// version that does not exist, shares above 100 %, a bound of [`crate::limits`] passed.
    pub fn compile(policy: Policy, node: &Node<'_>) -> Result<Self, Error> {
        let headers = headers(policy.headers)?;
        let place = Place::ROOT.field("services");
        not_empty(&place, &policy.services, "name at least one service")?;
        at_most(
            &place,
            &policy.services,
            MAX_SERVICES,
            "services; split the policy among several filters",
        )?;

        let mut services = Services {
            headers: &headers,
            hosts: HostIndex::default(),
            names: BTreeSet::new(),
            rules: 0,
        };
        let documents = policy.services.into_iter().enumerate();
        let compiled = documents
            .map(|(index, document)| services.service(&place.index(index), index, document))
            .collect::<Result<Box<[_]>, _>>()?;
        Ok(Self {
            role: role(policy.role, node),
            enabled: policy.enabled,
            stamp: policy.stamp,
            hosts: services.hosts,
            baselines: compiled
                .iter()
                .map(|each| each.baseline.name.clone())
                .collect(),
            names_clusters: compiled.iter().any(Service::names_a_cluster),
            needs_random: compiled.iter().any(Service::draws),
            services: compiled,
            headers,
        })
    }
}

fn role(role: policy::Role, node: &Node<'_>) -> Role {
    let between = ["sidecar~", "waypoint~"];
    match role {
        policy::Role::Mesh => Role::Mesh,
        policy::Role::Auto if between.iter().any(|kind| node.id.starts_with(kind)) => Role::Mesh,
        // What `auto` does not know is an edge: to believe nobody is the safe mistake.
        policy::Role::Edge | policy::Role::Auto => Role::Edge,
    }
}

fn headers(document: policy::Headers) -> Result<Headers, Error> {
    let place = Place::ROOT.field("headers");
    let name = |field, given: Option<Text>, default: &str| match given {
        Some(text) => name::own_header(&place.field(field), text),
        None => Ok(default.into()),
    };
    let version = name("version", document.version, "x-gray-version")?;
    let cluster = name("cluster", document.cluster, "x-gray-cluster")?;
    if version == cluster {
        return Err(place.field("cluster").error(format!(
            "{cluster:?} is the version's header as well; give each its own"
        )));
    }
    Ok(Headers { version, cluster })
}

impl Headers {
    /// The name of a header that conditions and keys may read: none of those that we write, since
    /// a client's are dropped unread.
    pub(super) fn readable(&self, place: &Place<'_>, text: Text) -> Result<Box<str>, Error> {
        let name = name::header(place, text)?;
        if name == self.version || name == self.cluster {
            return Err(place.error(format!(
                "{name:?} is written by the filter, and a client's is dropped; read another header"
            )));
        }
        Ok(name)
    }
}

/// What services are compiled with, and what they add up to.
struct Services<'a> {
    headers: &'a Headers,
    hosts: HostIndex,
    names: BTreeSet<Arc<str>>,
    rules: usize,
}

impl Services<'_> {
    fn service(
        &mut self,
        place: &Place<'_>,
        index: usize,
        document: policy::Service,
    ) -> Result<Service, Error> {
        let at_name = place.field("name");
        let name: Arc<str> = name::name(&at_name, document.name)?.into();
        once(&at_name, &mut self.names, &name)?;
        self.hosts(&place.field("hosts"), index, document.hosts)?;

        let versions = versions(&place.field("versions"), document.versions)?;
        let baseline = find(&place.field("baseline"), &versions, &document.baseline)?.clone();
        let at_rules = place.field("rules");
        if let Some(rules) = &document.rules {
            not_empty(
                &at_rules,
                rules,
                "leave it out to send everybody to the baseline",
            )?;
        }
        let mut rules = Rulebook {
            headers: self.headers,
            service: &name,
            versions: &versions,
            baseline: &baseline,
            names: BTreeSet::new(),
        };
        let documents = document.rules.into_iter().flatten().enumerate();
        let rules = documents
            .map(|(index, document)| {
                let place = at_rules.index(index);
                self.rules = self.rules.saturating_add(1);
                if self.rules > MAX_RULES {
                    return Err(place.error(format!(
                        "is one rule above {MAX_RULES} in this policy; join rules with `any` or `in`"
                    )));
                }
                rules.rule(&place, document)
            })
            .collect::<Result<_, _>>()?;
        Ok(Service {
            enabled: document.enabled,
            rules,
            name,
            baseline,
            versions,
        })
    }

    fn hosts(
        &mut self,
        place: &Place<'_>,
        service: usize,
        hosts: Option<Vec<Text>>,
    ) -> Result<(), Error> {
        let Some(hosts) = hosts else {
            self.hosts.add_every(service);
            return Ok(());
        };
        not_empty(place, &hosts, "leave it out to match every host")?;
        at_most(place, &hosts, MAX_HOSTS, "hosts; join some by a `*.`")?;
        let mut hosts = hosts.into_iter().enumerate();
        hosts.try_for_each(|(index, host)| self.hosts.add(&place.index(index), host, service))
    }
}

impl Service {
    fn names_a_cluster(&self) -> bool {
        self.versions().any(|version| version.cluster.is_some())
    }

    fn draws(&self) -> bool {
        let mut splits = self.rules.iter().filter_map(Rule::split);
        splits.any(|split| split.missing == policy::Missing::Random)
    }
}

fn versions(
    place: &Place<'_>,
    documents: Vec<policy::Version>,
) -> Result<Box<[Arc<Version>]>, Error> {
    not_empty(place, &documents, "name at least the baseline")?;
    at_most(
        place,
        &documents,
        MAX_VERSIONS,
        "versions; leave out those that nobody gets",
    )?;
    let mut names = BTreeSet::new();
    let version = |(index, document): (usize, policy::Version)| {
        let place = place.index(index);
        let at_name = place.field("name");
        let name: Arc<str> = name::name(&at_name, document.name)?.into();
        once(&at_name, &mut names, &name)?;
        let at_cluster = place.field("cluster");
        let cluster = document
            .cluster
            .map(|text| name::cluster(&at_cluster, text));
        Ok(Arc::new(Version {
            name,
            cluster: cluster.transpose()?,
        }))
    };
    documents.into_iter().enumerate().map(version).collect()
}

fn find<'v>(
    place: &Place<'_>,
    versions: &'v [Arc<Version>],
    Text(name): &Text,
) -> Result<&'v Arc<Version>, Error> {
    let found = versions.iter().find(|version| *version.name == **name);
    found.ok_or_else(|| {
        let names: Vec<_> = versions.iter().map(|version| version.name()).collect();
        let names = names.join(", ");
        place.error(format!(
            "{name:?} is not one of the service's versions ({names})"
        ))
    })
}

/// What the rules of one service are compiled with.
struct Rulebook<'a> {
    headers: &'a Headers,
    service: &'a str,
    versions: &'a [Arc<Version>],
    baseline: &'a Arc<Version>,
    names: BTreeSet<Arc<str>>,
}

impl Rulebook<'_> {
    fn rule(&mut self, place: &Place<'_>, document: policy::Rule) -> Result<Rule, Error> {
        enum Choice {
            Use(Text),
            Split(policy::Split),
        }
        let at_name = place.field("name");
        let name = name::name(&at_name, document.name)?;
        once(&at_name, &mut self.names, &name.as_str().into())?;
        let at_when = place.field("when");
        let when = document
            .when
            .map(|when| Condition::compile(&at_when, when, self.headers));
        let (field, choice) = one_of(
            place,
            [
                ("use", document.r#use.map(Choice::Use)),
                ("split", document.split.map(Choice::Split)),
            ],
        )?;
        let at_choice = place.field(field);
        let action = match choice {
            Choice::Use(version) => Action::Use(find(&at_choice, self.versions, &version)?.clone()),
            Choice::Split(split) => Action::Split(self.split(&at_choice, split, &name)?),
        };
        Ok(Rule {
            name: name.into(),
            when: when.transpose()?,
            action,
        })
    }

    fn split(
        &self,
        place: &Place<'_>,
        document: policy::Split,
        rule: &str,
    ) -> Result<Split, Error> {
        let by = keys(&place.field("by"), document.by, self.headers)?;
        let salt = match document.salt {
            Some(salt) => checked_salt(&place.field("salt"), salt)?,
            None => format!("{}/{rule}", self.service).into(),
        };
        let at_to = place.field("to");
        not_empty(&at_to, &document.to, "name at least one version")?;
        let mut names = BTreeSet::new();
        let mut sum = 0u32;
        let mut shares = Vec::with_capacity(document.to.len());
        for (index, target) in document.to.into_iter().enumerate() {
            let place = at_to.index(index);
            let at_version = place.field("version");
            let version = find(&at_version, self.versions, &target.version)?;
            if Arc::ptr_eq(version, self.baseline) {
                return Err(at_version.error(format!(
                    "{:?} is the baseline, which has what the others leave; leave it out",
                    version.name()
                )));
            }
            once(&at_version, &mut names, &version.name)?;
            let share = Share::from_percent(&place.field("percent"), target.percent)?;
            sum = sum.saturating_add(share.buckets());
            shares.push((version.clone(), share));
        }
        if sum > Share::ALL.buckets() {
            let percent = f64::from(sum) / 1_000.0;
            return Err(at_to.error(format!("the percentages add up to {percent}, above 100")));
        }
        Ok(Split::new(by, salt, shares, document.missing))
    }
}

fn checked_salt(place: &Place<'_>, Text(salt): Text) -> Result<Box<str>, Error> {
    if (1..=MAX_SALT_BYTES).contains(&salt.len()) {
        Ok(salt.into())
    } else {
        Err(place.error(format!(
            "has {} bytes; use 1 to {MAX_SALT_BYTES}, or leave it out",
            salt.len()
        )))
    }
}

/// The one field of a choice that is given, and its name.
pub(super) fn one_of<T, const N: usize>(
    place: &Place<'_>,
    fields: [(&'static str, Option<T>); N],
) -> Result<(&'static str, T), Error> {
    let names = fields
        .each_ref()
        .map(|(name, _)| format!("`{name}`"))
        .join(", ");
    let mut given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    match (given.next(), given.next()) {
        (Some(choice), None) => Ok(choice),
        (None, _) => Err(place.error(format!("needs one of {names}"))),
        (Some((one, _)), Some((other, _))) => {
            Err(place.error(format!("has both `{one}` and `{other}`; keep one")))
        }
    }
}

/// Refuses an empty list, since it may be meant as none or as all.
pub(super) fn not_empty<T>(place: &Place<'_>, list: &[T], remedy: &str) -> Result<(), Error> {
    if list.is_empty() {
        return Err(place.error(format!("is empty; {remedy}")));
    }
    Ok(())
}

fn at_most<T>(place: &Place<'_>, list: &[T], most: usize, remedy: &str) -> Result<(), Error> {
    if list.len() > most {
        return Err(place.error(format!("has {}, above {most} {remedy}", list.len())));
    }
    Ok(())
}

fn once(place: &Place<'_>, names: &mut BTreeSet<Arc<str>>, name: &Arc<str>) -> Result<(), Error> {
    if names.insert(name.clone()) {
        Ok(())
    } else {
        Err(place.error(format!("{name:?} stands twice; give each its own name")))
    }
}
