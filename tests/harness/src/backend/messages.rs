//! The gRPC messages, declared by hand: nothing here needs a `.proto` file.

/// What a caller asks.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Ask {
    /// How often `Watch` answers before it ends.
    #[prost(uint32, tag = "1")]
    pub times: u32,
    /// The pause before each answer of `Watch`, in milliseconds.
    #[prost(uint32, tag = "2")]
    pub pause_ms: u32,
}

/// What the backend tells.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Told {
    /// The version that answers.
    #[prost(string, tag = "1")]
    pub version: String,
    /// The metadata that reached it, in order.
    #[prost(message, repeated, tag = "2")]
    pub metadata: Vec<Pair>,
}

/// A name and a value.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Pair {
    /// In lower case.
    #[prost(string, tag = "1")]
    pub name: String,
    /// As it came.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

impl Told {
    /// The values of one metadata key, in order.
    #[must_use]
    pub fn metadata(&self, name: &str) -> Vec<&[u8]> {
        self.metadata
            .iter()
            .filter(|pair| pair.name == name)
            .map(|pair| &*pair.value)
            .collect()
    }
}
