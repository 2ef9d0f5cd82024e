//! Networks: an address is in a set of them if it is in one of them, as comparing its bits tells.
//!
//! The input's first line is the address; each further one a network, or 18 bytes of one: its
//! family, its prefix and its address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Unstructured;
use graylane::{Moment, decide};
use ipnet::IpNet;
use serde_json::json;

use crate::asked::{Asked, lines};
use crate::{sentence, support};

/// Networks of a set, so that a run is short.
const MOST: usize = 12;

pub(crate) fn run(data: &[u8]) {
    // Text as people write it, or bits, which text seldom hits.
    let (addresses, networks) = if let Some((0, bits)) = data.split_first() {
        of_bits(bits)
    } else {
        let mut lines = lines(data);
        let address = lines.next().and_then(|line| str::from_utf8(line).ok());
        let networks = lines
            .take(MOST)
            .map(|line| String::from_utf8_lossy(line).into_owned());
        let address = address.and_then(|text| text.parse().ok());
        (address.into_iter().collect(), networks.collect())
    };
    let rule = json!([{ "name": "r", "when": { "source_ip": networks }, "use": "v2" }]);
    let versions = [json!({ "name": "v1" }), json!({ "name": "v2" })];
    let service = json!({ "name": "s", "baseline": "v1", "versions": versions, "rules": rule });
    let policy = json!({ "schema": "graylane/v1", "services": [service] });
    let rules = support::load(&support::json(&policy));
    let read: Option<Vec<_>> = networks.iter().map(|text| bits(text)).collect();
    let right = read.filter(|networks| !networks.is_empty());
    assert_eq!(rules.is_ok(), right.is_some(), "{networks:?} {rules:?}");
    let rules = match rules {
        Ok(rules) => rules,
        Err(error) => return sentence::of_refusal(&error),
    };
    for address in addresses {
        let own = as_v6(address);
        let in_one = |(network, prefix): &(u128, u32)| {
            // `::/0` is IPv6 alone, as `0.0.0.0/0` is IPv4.
            let same_family = *prefix >= 96 || !address.to_canonical().is_ipv4();
            let shift = 128 - prefix;
            same_family && own.checked_shr(shift) == network.checked_shr(shift)
        };
        let expected = right.iter().flatten().any(in_one);
        let request = Asked {
            source_ip: Some(address),
            ..Asked::default()
        };
        let decision = decide(&rules, &request, Moment::default());
        assert_eq!(
            decision.version() == Some("v2"),
            expected,
            "{networks:?} {address}"
        );
    }
}

/// A network as the bits of an IPv6 address, and how many of them count. `None`: it is none, or has
/// bits that do not count.
fn bits(text: &str) -> Option<(u128, u32)> {
    let (address, prefix) = if let Ok(address) = text.parse::<IpAddr>() {
        (address, if address.is_ipv4() { 32 } else { 128 })
    } else {
        let network: IpNet = text.parse().ok()?;
        (network.addr(), u32::from(network.prefix_len()))
    };
    let bits = as_v6(address);
    let prefix = if address.is_ipv4() {
        prefix + 96
    } else {
        prefix
    };
    let beyond = u128::MAX.checked_shr(prefix).unwrap_or_default();
    (bits & beyond == 0).then_some((bits, prefix))
}

/// IPv4 is a part of IPv6, `::ffff:0:0/96`.
fn as_v6(address: IpAddr) -> u128 {
    let address = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    address.to_bits()
}

/// Networks that are well formed, and addresses at their edges.
fn of_bits(bits: &[u8]) -> (Vec<IpAddr>, Vec<String>) {
    let mut bytes = Unstructured::new(bits);
    let (mut addresses, mut networks) = (Vec::new(), Vec::new());
    while !bytes.is_empty() && networks.len() < MOST {
        let Ok((v4, address, prefix)) = bytes.arbitrary::<(bool, u128, u8)>() else {
            break;
        };
        let address = Ipv6Addr::from_bits(address);
        let address = if v4 {
            IpAddr::V4(Ipv4Addr::from_bits(as_v4(address)))
        } else {
            IpAddr::V6(address)
        };
        let width = if v4 { 32 } else { 128 };
        let Ok(network) = IpNet::new(address, prefix % (width + 1)) else {
            continue;
        };
        let network = network.trunc();
        networks.push(network.to_string());
        addresses.extend([address, network.network(), network.broadcast()]);
        let next = as_v6(network.broadcast()).wrapping_add(1);
        addresses.push(IpAddr::V6(Ipv6Addr::from_bits(next)));
    }
    (addresses, networks)
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
fn as_v4(address: Ipv6Addr) -> u32 {
    address.to_bits() as u32
}
