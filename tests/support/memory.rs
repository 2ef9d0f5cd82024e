//! Shared data, without a host.

use std::cell::RefCell;
use std::collections::HashMap;

use graylane::Shared;

/// Values by their keys, each with the number of its write, as Envoy has them.
#[derive(Debug, Default)]
pub(crate) struct Memory(RefCell<(u32, HashMap<String, Written>)>);

/// A value, and the number of its write.
type Written = (Vec<u8>, u32);

impl Shared for Memory {
    fn get(&self, key: &str) -> (Vec<u8>, Option<u32>) {
        let own = self.0.borrow().1.get(key).cloned();
        own.map_or_else(Default::default, |(value, write)| (value, Some(write)))
    }

    fn set(&self, key: &str, value: &[u8], since: Option<u32>) -> bool {
        let (writes, values) = &mut *self.0.borrow_mut();
        let last = values.get(key).map(|(_, write)| *write);
        if last.zip(since).is_some_and(|(last, since)| last != since) {
            return false;
        }
        *writes += 1;
        values.insert(key.to_owned(), (value.to_vec(), *writes));
        true
    }
}
