//! What the host holds. Tests set it, let the module work, and look at it again: in which order
//! the module went about it is its own affair.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::common::{Common, Kind};
use super::dispatched::{Dispatched, Replied};
use super::property::Properties;

/// How a hostcall went, in the numbers of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok = 0,
    NotFound = 1,
    BadArgument = 2,
    CasMismatch = 8,
    InternalFailure = 10,
}

/// The numbers that the ABI gives to log levels.
pub(crate) const DEBUG: u32 = 1;
pub(crate) const INFO: u32 = 2;
pub(crate) const WARN: u32 = 3;
pub(crate) const ERROR: u32 = 4;

/// What the module logged: the level and the text.
pub(crate) type Line = (u32, String);

/// How often each hostcall was made, by its name and what it was about.
pub(crate) type Calls = BTreeMap<String, u32>;

#[derive(Debug)]
pub(super) struct State {
    /// Only while a root context is configured, as in Envoy.
    pub(super) configuration: Option<Vec<u8>>,
    /// What the module has said of properties that it will set.
    pub(super) declared: Vec<Vec<u8>>,
    /// What it knows by itself.
    pub(super) properties: Properties,
    /// The requests under way, by the context that each has.
    pub(super) streams: BTreeMap<u32, Stream>,
    /// The context that the module works for.
    pub(super) context: u32,
    /// How often each root context is to be called, in milliseconds, where it asked for that.
    pub(super) ticks: BTreeMap<u32, u32>,
    /// Requests of the module's own that have no reply yet, and how many there were.
    pub(super) dispatched: Vec<Dispatched>,
    pub(super) tickets: u32,
    /// The reply that the module is told of.
    pub(super) replied: Option<Replied>,
    /// What other VMs see too.
    pub(super) common: Rc<RefCell<Common>>,
    pub(super) noise: Noise,
    /// What the module draws next, where it is prescribed: as many bytes as an id has.
    pub(super) chance: Option<u128>,
    /// The metrics that this VM has named; the number of one is its place here.
    pub(super) metrics: Vec<(Kind, String)>,
    pub(super) log: Vec<Line>,
    pub(super) calls: Calls,
}

/// One request.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Its headers, until they go on.
    pub(super) headers: Option<Headers>,
    /// Those of its answer, until they go on.
    pub(super) answer: Option<Headers>,
    /// What is known of it beside them.
    pub(super) properties: Properties,
    /// As the headers went on, to be read again while it is logged.
    pub(super) gone: Gone,
    pub(super) is_logged: bool,
}

/// What of a request has gone on, and can no longer be changed.
#[derive(Debug, Default)]
pub(super) struct Gone {
    pub(super) headers: Option<Headers>,
    pub(super) answer: Option<Headers>,
    pub(super) trailers: Option<Headers>,
}

impl State {
    pub(super) fn new(common: Rc<RefCell<Common>>) -> Self {
        let number = {
            let mut common = common.borrow_mut();
            common.vms += 1;
            common.vms
        };
        Self {
            configuration: None,
            declared: Vec::new(),
            properties: Properties::from([("plugin_name".to_owned(), b"graylane".into())]),
            streams: BTreeMap::new(),
            context: 0,
            ticks: BTreeMap::new(),
            dispatched: Vec::new(),
            tickets: 0,
            replied: None,
            common,
            noise: Noise(number),
            chance: None,
            metrics: Vec::new(),
            log: Vec::new(),
            calls: Calls::new(),
        }
    }

    /// The headers that the current context may work on: the request's or the answer's.
    pub(super) fn headers(&mut self, of_answer: bool) -> Option<&mut Headers> {
        let stream = self.streams.get_mut(&self.context)?;
        let headers = if of_answer {
            &mut stream.answer
        } else {
            &mut stream.headers
        };
        headers.as_mut()
    }

    /// What of the current context's request has gone on, while that is logged.
    pub(super) fn gone(&self) -> Option<&Gone> {
        let stream = self.streams.get(&self.context)?;
        stream.is_logged.then_some(&stream.gone)
    }

    /// A property of the host, or of the request that the current context has.
    pub(super) fn property(&self, way: &str) -> Option<Vec<u8>> {
        let stream = self.streams.get(&self.context);
        if let Some(name) = way.strip_prefix("request.headers.") {
            return stream?.headers.as_ref()?.joined(name);
        }
        let of_request = stream.and_then(|stream| stream.properties.get(way));
        self.properties.get(way).or(of_request).cloned()
    }
}

/// Headers as Envoy keeps them: in order, each name in lower case and perhaps several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// All values of a header, as Envoy's property has them: with commas between.
    fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let own = self.0.iter().filter(|(own, _)| own == name);
        let values: Vec<_> = own.map(|(_, value)| &**value).collect();
        (!values.is_empty()).then(|| values.join(&b","[..]))
    }

    /// The first value: what Envoy answers whoever asks for one.
    pub(super) fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().copied()
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        let own = self.0.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_slice()).collect()
    }

    pub(crate) fn add(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        self.0.retain(|(own, _)| *own != name);
    }

    /// However many there were, one is left.
    pub(super) fn replace(&mut self, name: &str, value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What is left beside these names.
    pub(crate) fn without<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut rest = self.clone();
        names.into_iter().for_each(|name| rest.remove(name));
        rest
    }

    /// From the bytes that they are handed over as.
    pub(super) fn of_pairs(bytes: &[u8]) -> Self {
        let number = |at: usize| {
            let word = bytes[at..at + 4].try_into().unwrap();
            usize::try_from(u32::from_le_bytes(word)).unwrap()
        };
        let count = number(0);
        let mut at = 4 + 8 * count;
        let mut take = |length: usize| {
            let part = bytes[at..at + length].to_vec();
            // A zero byte is behind each.
            at += length + 1;
            part
        };
        let mut headers = Self::default();
        for pair in 0..count {
            let [name, value] = [4, 8].map(|shift| number(pair * 8 + shift));
            let (name, value) = (take(name), take(value));
            headers.add(&String::from_utf8(name).unwrap(), &value);
        }
        headers
    }

    /// All of them, as the ABI hands them over: how many, the sizes, and the bytes of each with a
    /// zero behind them.
    pub(super) fn pairs(&self) -> Vec<u8> {
        let size = |length: usize| u32::try_from(length).expect("it is short").to_le_bytes();
        let mut pairs = size(self.0.len()).to_vec();
        for (name, value) in &self.0 {
            pairs.extend([size(name.len()), size(value.len())].concat());
        }
        for (name, value) in &self.0 {
            pairs.extend([name.as_bytes(), b"\0", value, b"\0"].concat());
        }
        pairs
    }
}

/// Numbers without a pattern, the same in every run (Vigna's `SplitMix64`): a failure repeats.
#[derive(Debug)]
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..below`.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        let below = u64::try_from(below).expect("64 bits hold it");
        usize::try_from(self.next() % below).expect("less than an usize")
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}
