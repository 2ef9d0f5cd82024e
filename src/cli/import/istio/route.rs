//! The routes of a `VirtualService`, those of its delegates among them.

use super::super::condition::Condition;
use super::super::draft::{ALL, shares};
use super::super::notes::Notes;
use super::super::part::{Part, Read, Spot};
use super::super::settings::Settings;
use super::destination::{Destination, Subsets};
use super::gateways;
use super::matches::{Whom, whom};

/// What Istio lets a route do beside choosing a destination.
const BESIDE: [&str; 7] = [
    "corsPolicy",
    "fault",
    "headers",
    "retries",
    "rewrite",
    "timeout",
    "websocketUpgrade",
];

/// A route.
pub(super) struct Route<'m> {
    pub(super) name: Option<&'m str>,
    /// Who gets here, of those that no route before has taken; `None` for everybody.
    pub(super) when: Option<Condition>,
    pub(super) answer: Answer,
    /// Copies, in thousandths of a percent.
    pub(super) copies: Vec<(Destination, u32)>,
    pub(super) spot: Spot<'m>,
}

/// Who answers.
pub(super) enum Answer {
    /// Destinations, each with its weight.
    Destinations(Vec<(Destination, u64)>),
    /// The proxy itself, by a redirect or a response.
    Proxy,
}

/// Reads the routes of documents that belong together.
pub(super) struct Reader<'r, 'm, 's> {
    pub(super) services: &'r [Part<'m>],
    pub(super) subsets: &'r Subsets,
    pub(super) settings: &'r Settings<'s>,
    pub(super) notes: &'r mut Notes,
}

/// A `VirtualService`'s name and namespace.
pub(super) fn identity<'m>(service: &Part<'m>) -> Read<(&'m str, Option<&'m str>)> {
    let metadata = service.need("metadata")?;
    Ok((
        metadata.need("name")?.text()?,
        metadata.text_of("namespace")?,
    ))
}

impl<'m> Reader<'_, 'm, '_> {
    /// The routes in their order, up to the first that takes everybody.
    pub(super) fn routes(&mut self, service: &Part<'m>) -> Read<Vec<Route<'m>>> {
        let spec = service.need("spec")?;
        let gateways = gateways(&spec)?;
        let mut routes = Vec::new();
        self.add(service, &gateways, None, &mut routes)?;
        Ok(routes)
    }

    fn add(
        &mut self,
        service: &Part<'m>,
        gateways: &[&str],
        given: Option<&Condition>,
        routes: &mut Vec<Route<'m>>,
    ) -> Read<()> {
        let (_, namespace) = identity(service)?;
        let namespace = namespace.unwrap_or("default");
        let spec = service.need("spec")?;
        for route in spec.items_of("http")? {
            if routes.last().is_some_and(|last| last.when.is_none()) {
                self.notes.say(
                    &route.spot,
                    "is never reached, since a route before takes everybody; it is left out",
                );
                return Ok(());
            }
            let own = match whom(&route, self.settings, gateways, self.notes)? {
                // None of its matches holds here.
                Whom::These(ways) if ways.is_empty() => continue,
                own => own.condition(),
            };
            let when = Condition::all(given.cloned().into_iter().chain(own));
            if let Some(delegate) = route.get("delegate") {
                if given.is_some() {
                    return Err(
                        delegate.refuse("stands in a delegate, which Istio ignores; take it out")
                    );
                }
                let to = self.delegate(&delegate, namespace)?;
                self.add(&to, gateways, when.as_ref(), routes)?;
                continue;
            }
            routes.push(self.route(&route, when, namespace)?);
        }
        Ok(())
    }

    fn delegate(&self, delegate: &Part<'m>, namespace: &str) -> Read<Part<'m>> {
        let name = delegate.need("name")?.text()?;
        let wanted = delegate.text_of("namespace")?.unwrap_or(namespace);
        let is_it = |service: &&Part<'m>| {
            identity(service)
                .is_ok_and(|(own, of)| own == name && of.unwrap_or("default") == wanted)
        };
        let found = self.services.iter().find(is_it).cloned();
        found.ok_or_else(|| {
            delegate.refuse(format!(
                "hands over to the VirtualService {wanted}/{name}, which is not here; give its file, too"
            ))
        })
    }

    fn route(
        &mut self,
        part: &Part<'m>,
        when: Option<Condition>,
        namespace: &str,
    ) -> Read<Route<'m>> {
        let own = [
            "name",
            "match",
            "route",
            "redirect",
            "directResponse",
            "delegate",
        ];
        let copies = ["mirror", "mirrors", "mirrorPercent", "mirrorPercentage"];
        let read = [&own[..], &copies, &BESIDE].concat();
        self.notes.unread(part, &read)?;
        let beside: Vec<_> = BESIDE
            .into_iter()
            .filter(|name| part.get(name).is_some())
            .collect();
        if !beside.is_empty() {
            let note = format!(
                "a policy says nothing of {}; write it on each route that matches x-gray-cluster",
                beside.join(", ")
            );
            self.notes.say(&part.spot, note);
        }
        let proxy = part.get("redirect").or_else(|| part.get("directResponse"));
        let answer = if let Some(proxy) = proxy {
            self.notes.say(
                &proxy.spot,
                "is answered by the proxy itself: keep this route before those of the versions; here \
                 its requests count as the baseline's",
            );
            Answer::Proxy
        } else {
            Answer::Destinations(self.destinations(part, namespace)?)
        };
        Ok(Route {
            name: part.text_of("name")?,
            when,
            answer,
            copies: self.copies(part, namespace)?,
            spot: part.spot.clone(),
        })
    }

    fn destination(&mut self, part: &Part<'m>, namespace: &str) -> Read<Destination> {
        Destination::read(part, namespace, self.subsets, self.settings, self.notes)
    }

    fn destinations(&mut self, route: &Part<'m>, namespace: &str) -> Read<Vec<(Destination, u64)>> {
        let list = route.need("route")?;
        let items = list.items()?;
        let mut found: Vec<(Destination, u64)> = Vec::new();
        for item in &items {
            if let Some(headers) = item.get("headers") {
                self.notes.say(
                    &headers.spot,
                    "the headers of a destination stay with the routes: write them on the one that \
                     matches its cluster",
                );
            }
            let destination = self.destination(&item.need("destination")?, namespace)?;
            let weight = match item.get("weight") {
                // A single one gets everything, whatever its weight.
                _ if items.len() == 1 => 1,
                Some(weight) => weight.count()?,
                None => 0,
            };
            match found.iter_mut().find(|(own, _)| *own == destination) {
                Some((_, own)) => *own = own.saturating_add(weight),
                None => found.push((destination, weight)),
            }
        }
        if found.iter().all(|(_, weight)| *weight == 0) {
            return Err(list.refuse("has no weight above 0; give one to a destination"));
        }
        Ok(found)
    }

    fn copies(&mut self, part: &Part<'m>, namespace: &str) -> Read<Vec<(Destination, u32)>> {
        let mut copies = Vec::new();
        if let Some(mirror) = part.get("mirror") {
            let percentage = match (part.get("mirrorPercentage"), part.get("mirrorPercent")) {
                (Some(percentage), _) => Some(percentage.need("value")?),
                (None, percent) => percent,
            };
            copies.push((self.destination(&mirror, namespace)?, percent(percentage)?));
        }
        for mirror in part.items_of("mirrors")? {
            let percentage = mirror.get("percentage");
            let percentage = percentage.map(|part| part.need("value")).transpose()?;
            let destination = self.destination(&mirror.need("destination")?, namespace)?;
            copies.push((destination, percent(percentage)?));
        }
        copies.retain(|(_, percent)| *percent > 0);
        Ok(copies)
    }
}

/// A percentage in thousandths of a percent; all, where it is not written.
fn percent(part: Option<Part<'_>>) -> Read<u32> {
    let Some(part) = part else {
        return Ok(ALL);
    };
    let number = part.number()?;
    if number > 100.0 {
        return Err(part.refuse("is above 100; lower it"));
    }
    // Istio cuts to millionths.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1,000,000"
    )]
    let millionths = (number * 10_000.0) as u64;
    Ok(shares(&[millionths], 1_000_000)[0])
}
