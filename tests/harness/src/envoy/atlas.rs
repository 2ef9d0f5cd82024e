//! Where addresses are: a few networks, written as a database that Envoy's `geoip` looks into, and
//! read here as it must find them there.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use ipnet::IpNet;
use mmdb_writer::Writer;
use serde_json::{Value, json};

use super::sample::Sample;
use super::tree::walk;

/// The database's name in an Envoy's folder.
pub(super) const DATABASE: &str = "city.mmdb";
/// The field of `geoip` that names it.
pub(super) const DATABASE_PATH: &str = "city_db_path";

/// Networks and where they are, the wider ones before what lies in them. Documentation's own
/// (RFC 5737, RFC 3849): nobody is there.
const NETWORKS: [(&str, &str, &str); 11] = [
    ("203.0.113.0/24", "NO", "46"),
    ("203.0.113.128/25", "SE", ""),
    ("203.0.113.200/32", "US", "CA"),
    ("198.51.100.0/25", "US", "CA"),
    ("198.51.100.128/26", "US", "OR"),
    // A region counts with its country only; and there are networks of which little is known.
    ("192.0.2.0/28", "ES", "CA"),
    ("192.0.2.32/28", "", "CA"),
    ("192.0.2.64/28", "", ""),
    ("2001:db8:1::/48", "DK", ""),
    ("2001:db8:1:8000::/49", "US", "CA"),
    ("2001:db8:2::1/128", "FI", "18"),
];

/// Where somebody is, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The country's code.
    pub country: Option<&'static str>,
    /// The region's code, within its country.
    pub region: Option<&'static str>,
}

/// Networks and where they are.
#[derive(Clone, Debug)]
pub struct Atlas {
    areas: Vec<(IpNet, Place)>,
}

impl Atlas {
    /// The one that every Envoy of this run starts with.
    ///
    /// # Errors
    /// Never: its networks are constants.
    pub fn of_the_run() -> Result<Self> {
        let known = |code: &'static str| Some(code).filter(|code| !code.is_empty());
        let area = |&(network, country, region): &(&str, _, _)| {
            let (country, region) = (known(country), known(region));
            Ok((network.parse()?, Place { country, region }))
        };
        let areas = NETWORKS.iter().map(area).collect::<Result<_>>()?;
        Ok(Self { areas })
    }

    /// The same networks, each where the one before it was.
    #[must_use]
    pub fn after_a_move(mut self) -> Self {
        let mut places: Vec<_> = self.areas.iter().map(|(_, place)| *place).collect();
        places.rotate_right(1);
        for ((_, place), new) in self.areas.iter_mut().zip(places) {
            *place = new;
        }
        self
    }

    /// Its networks.
    pub fn networks(&self) -> impl Iterator<Item = IpNet> {
        self.areas.iter().map(|(network, _)| *network)
    }

    /// Where an address is: where the narrowest of its networks is.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Place {
        let address = address.to_canonical();
        let around = self.areas.iter().filter(|(net, _)| net.contains(&address));
        let narrowest = around.max_by_key(|(network, _)| network.prefix_len());
        narrowest.map_or_else(Place::default, |(_, place)| *place)
    }

    /// Whether the sample has Envoy look for addresses.
    #[must_use]
    pub fn is_asked_by(sample: &Sample) -> bool {
        let mut asked = false;
        for file in &sample.files {
            // Looking changes nothing, and cannot fail.
            let _ = walk(&mut file.tree.clone(), &mut |_, object| {
                asked |= object.contains_key(DATABASE_PATH);
                Ok(())
            });
        }
        asked
    }

    /// Puts it where an Envoy of this folder looks for it, in place of the one before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_into(&self, folder: &Path) -> Result<()> {
        let mut database = Writer::new("GeoLite2-City");
        for (network, place) in &self.areas {
            database.insert(*network, &record(place))?;
        }
        // Envoy takes notice of a renamed file only.
        let new = folder.join("city.new");
        fs::write(&new, database.to_bytes()?)
            .with_context(|| format!("{} cannot be written", new.display()))?;
        Ok(fs::rename(new, folder.join(DATABASE))?)
    }
}

/// As `GeoLite2` describes a place.
fn record(place: &Place) -> Value {
    let mut record = json!({ "continent": { "code": "EU" } });
    if let Some(country) = place.country {
        record["country"] = json!({ "iso_code": country });
    }
    if let Some(region) = place.region {
        record["subdivisions"] = json!([{ "iso_code": region }]);
    }
    record
}
