//! Sets of networks, of any size, in logarithmic time.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::error::{Error, Place};
use crate::policy::Text;
use crate::sort::sorted;

/// Addresses as ranges that neither overlap nor touch, in order.
#[derive(Debug)]
pub(super) struct Networks {
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

impl Networks {
    pub(super) fn compile(place: &Place<'_>, networks: &[Text]) -> Result<Self, Error> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, text) in networks.iter().enumerate() {
            match network(&place.index(index), &text.0)? {
                IpNet::V4(net) => v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Ok(Self {
            v4: merged(v4, |end, start| {
                end.checked_add(1).is_none_or(|next| start <= next)
            }),
            v6: merged(v6, |end, start| {
                end.checked_add(1).is_none_or(|next| start <= next)
            }),
        })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => within(&self.v4, address.to_bits()),
            IpAddr::V6(address) => within(&self.v6, address.to_bits()),
        }
    }
}

fn network(place: &Place<'_>, text: &str) -> Result<IpNet, Error> {
    let parsed = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| {
            place.wrong(
                text,
                "is not a network; write an address, or a CIDR such as 203.0.113.0/24",
            )
        })?,
    };
    let network = parsed.trunc();
    if network != parsed {
        return Err(place.wrong(text, format!("has bits beyond its prefix; write {network}")));
    }
    Ok(as_v4(network).unwrap_or(network))
}

/// A network of IPv4 addresses written as IPv6 ones (`::ffff:203.0.113.0/120`).
fn as_v4(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(v6) = network else { return None };
    let address = v6.addr().to_ipv4_mapped()?;
    let prefix = v6.prefix_len().checked_sub(96)?;
    Ipv4Net::new(address, prefix).ok().map(IpNet::V4)
}

fn merged<T: Copy + Ord>(ranges: Vec<(T, T)>, joins: impl Fn(T, T) -> bool) -> Box<[(T, T)]> {
    let mut ranges = sorted(ranges);
    ranges.dedup_by(|next, kept| {
        let joined = joins(kept.1, next.0);
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
    ranges.into()
}

fn within<T: Copy + Ord>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|&(start, _)| start <= address);
    let last = after.checked_sub(1).and_then(|at| ranges.get(at));
    last.is_some_and(|&(_, end)| address <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(list: &[&str]) -> Networks {
        let list: Vec<_> = list.iter().map(|text| Text((*text).to_owned())).collect();
        Networks::compile(&Place::ROOT, &list).unwrap()
    }

    #[test]
    fn an_address_is_in_a_network_up_to_its_last() {
        let set = networks(&["203.0.113.0/24", "10.0.0.1", "2001:db8::/32", "0.0.0.0/32"]);
        for (address, inside) in [
            ("203.0.113.0", true),
            ("203.0.113.255", true),
            ("203.0.114.0", false),
            ("203.0.112.255", false),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("0.0.0.0", true),
            ("0.0.0.1", false),
            ("2001:db8::", true),
            ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
            ("2001:db9::", false),
            ("::ffff:203.0.113.9", true),
            ("::203.0.113.9", false),
        ] {
            assert_eq!(set.contains(address.parse().unwrap()), inside, "{address}");
        }
    }

    #[test]
    fn overlapping_and_touching_networks_become_one_range() {
        let set = networks(&["10.0.1.0/24", "10.0.0.0/24", "10.0.0.7", "10.0.3.0/24"]);
        assert_eq!(set.v4.len(), 2);
        let all = networks(&["0.0.0.0/0", "255.255.255.255", "::/0"]);
        assert_eq!((all.v4.len(), all.v6.len()), (1, 1));
        assert!(all.contains("255.255.255.255".parse().unwrap()));
    }

    #[test]
    fn ipv4_written_as_ipv6_is_ipv4() {
        assert!(networks(&["::ffff:203.0.113.0/120"]).contains("203.0.113.4".parse().unwrap()));
    }
}
