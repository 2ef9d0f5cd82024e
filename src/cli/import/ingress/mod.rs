//! ingress-nginx: an Ingress that is marked as a canary takes a part of what another one gets.

mod annotations;
mod locations;
mod service;
mod versions;

use super::draft::Draft;
use super::notes::Notes;
use super::part::{Part, Read};
use super::settings::Settings;
use annotations::Shaping;
use locations::{Backend, Location};

/// A backend that gets a part of another's requests.
pub(super) struct Canary<'m> {
    of: Backend,
    backend: Backend,
    shaping: Shaping<'m>,
}

pub(super) fn draft<'m>(
    documents: &[Part<'m>],
    settings: &Settings<'_>,
    notes: &mut Notes,
) -> Read<Draft<'m>> {
    if settings.baseline.is_some() {
        anyhow::bail!(
            "--baseline is not for Ingresses: the one that is no canary says which it is"
        );
    }
    let mut mains = Vec::new();
    let mut marked = Vec::new();
    for ingress in oldest_first(documents)? {
        if annotations::is_true(&ingress, "canary")? {
            marked.push(ingress);
        } else {
            beside(&ingress, notes)?;
            mains.extend(locations::of_main(&ingress, notes)?);
        }
    }
    if marked.is_empty() {
        anyhow::bail!(
            "no Ingress here is a canary, by nginx.ingress.kubernetes.io/canary: \"true\"; give the one \
             that is"
        );
    }
    let mut canaries: Vec<Canary<'m>> = Vec::new();
    let mut listed = Vec::new();
    for ingress in &marked {
        let shaping = Shaping::read(ingress, notes)?;
        for location in locations::of_canary(ingress, notes)? {
            attach(&location, &shaping, &mains, &mut canaries, notes);
            listed.push((location.host, location.path));
        }
    }
    for main in &mains {
        if canaries.iter().any(|canary| canary.of == main.backend)
            && !listed.contains(&(main.host.clone(), main.path.clone()))
        {
            notes.say(
                &main.spot,
                "leads to a backend that has a canary elsewhere, and so has it here as well: a canary is \
                 its backend's, whatever hosts and paths it lists, there as here",
            );
        }
    }
    if canaries.is_empty() {
        return Err(marked[0].refuse(
            "no other Ingress here has its host and path, and leads elsewhere; give the one that has",
        ));
    }
    notes.say(
        &marked[0].spot,
        "clusters are taken to be called as the services are; name others by --cluster VERSION=CLUSTER",
    );
    let services = service::services(&mains, &canaries, settings, notes)?;
    Ok(Draft {
        tag: None,
        canary_alone: false,
        services,
    })
}

/// In the order that ingress-nginx has: by their age, where all say it.
fn oldest_first<'m>(documents: &[Part<'m>]) -> Read<Vec<Part<'m>>> {
    let mut aged = Vec::new();
    for ingress in documents {
        let metadata = ingress.need("metadata")?;
        aged.push((metadata.text_of("creationTimestamp")?, ingress.clone()));
    }
    if aged.iter().all(|(age, _)| age.is_some()) {
        aged.sort_by_key(|(age, _)| *age);
    }
    Ok(aged.into_iter().map(|(_, ingress)| ingress).collect())
}

/// Names what an Ingress does beside choosing a backend.
fn beside(ingress: &Part<'_>, notes: &mut Notes) -> Read<()> {
    let mut others = Vec::new();
    for (name, part) in annotations::names(ingress)? {
        match name {
            "canary" => {}
            _ if name.starts_with("canary") => {
                notes.say(
                    &part.spot,
                    "counts only beside canary: \"true\", there as here",
                );
            }
            "affinity" | "affinity-canary-behavior" => notes.say(
                &part.spot,
                "who has a session's cookie stays on its version there; here the key decides, and \
                 `keep: true` holds users when the share falls",
            ),
            "use-regex" => {}
            _ => others.push(name),
        }
    }
    if !others.is_empty() {
        let note = format!(
            "a policy says nothing of {}; it stays with the routes",
            others.join(", ")
        );
        notes.say(&ingress.spot, note);
    }
    Ok(())
}

/// Notes a canary for the backends that have its host and path.
fn attach<'m>(
    location: &Location<'m>,
    shaping: &Shaping<'m>,
    mains: &[Location<'m>],
    canaries: &mut Vec<Canary<'m>>,
    notes: &mut Notes,
) {
    let fits = |main: &&Location<'m>| {
        (&main.host, &main.path, main.kind) == (&location.host, &location.path, location.kind)
    };
    let Some(main) = mains.iter().find(fits) else {
        notes.say(
            &location.spot,
            "no other Ingress here has this host, path and pathType: ingress-nginx leaves it out, and so \
             does the policy",
        );
        return;
    };
    if main.backend == location.backend {
        notes.say(
            &location.spot,
            "leads where the other Ingress leads as well; it is left out",
        );
        return;
    }
    match canaries.iter().find(|canary| canary.of == main.backend) {
        Some(first) if first.backend == location.backend => {}
        Some(_) => notes.say(
            &location.spot,
            "is the second canary of one backend, of which ingress-nginx takes the first; it is left out",
        ),
        None => canaries.push(Canary {
            of: main.backend.clone(),
            backend: location.backend.clone(),
            shaping: shaping.clone(),
        }),
    }
}
