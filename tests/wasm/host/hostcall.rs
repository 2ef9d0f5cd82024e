//! One call from the module to the host: its arguments, and the module's memory.
//!
//! An address outside of the memory ends the call, and with it the test; Envoy would answer a
//! status, but no module of ours may get there.

use wasmi::{Caller, Error, Memory, Val};

use super::state::{State, Status};

pub(super) struct Hostcall<'c> {
    pub(super) caller: Caller<'c, State>,
    pub(super) arguments: &'c [Val],
}

impl Hostcall<'_> {
    pub(super) fn state(&mut self) -> &mut State {
        self.caller.data_mut()
    }

    /// An argument of 64 bits.
    pub(super) fn long(&self, at: usize) -> Result<i64, Error> {
        let number = self.arguments.get(at).and_then(Val::i64);
        number.ok_or_else(|| Error::new(format!("argument {at} is no i64")))
    }

    /// An argument of 32 bits, as nearly all are.
    pub(super) fn number(&self, at: usize) -> Result<u32, Error> {
        let number = self.arguments.get(at).and_then(Val::i32);
        let number = number.ok_or_else(|| Error::new(format!("argument {at} is no i32")))?;
        Ok(number.cast_unsigned())
    }

    /// The bytes that two arguments tell of: where, and how many.
    pub(super) fn bytes(&self, at: usize) -> Result<Vec<u8>, Error> {
        self.read(self.number(at)?, self.number(at + 1)?)
    }

    pub(super) fn text(&self, at: usize) -> Result<String, Error> {
        let bytes = self.bytes(at)?;
        String::from_utf8(bytes).map_err(|error| Error::new(error.to_string()))
    }

    /// Hands bytes over in memory that the module allocates for it, and writes where they are and
    /// how many to the addresses in two arguments. For none Envoy allocates nothing.
    pub(super) fn give(&mut self, at: usize, bytes: &[u8]) -> Result<Status, Error> {
        let size = u32::try_from(bytes.len()).expect("it fits into the memory");
        let pointer = if bytes.is_empty() {
            0
        } else {
            self.allocate(size)?
        };
        self.write(pointer, bytes)?;
        self.write(self.number(at)?, &pointer.to_le_bytes())?;
        self.write(self.number(at + 1)?, &size.to_le_bytes())?;
        Ok(Status::Ok)
    }

    pub(super) fn read(&self, pointer: u32, size: u32) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; usize::try_from(size).expect("32 bits")];
        let pointer = usize::try_from(pointer).expect("32 bits");
        self.memory()?.read(&self.caller, pointer, &mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), Error> {
        let memory = self.memory()?;
        let pointer = usize::try_from(pointer).expect("32 bits");
        memory.write(&mut self.caller, pointer, bytes)?;
        Ok(())
    }

    /// By the first of the two names that the module has: `malloc` is the older one.
    fn allocate(&mut self, size: u32) -> Result<u32, Error> {
        let names = ["proxy_on_memory_allocate", "malloc"];
        let mut found = names.iter().filter_map(|name| self.caller.get_export(name));
        let allocate = found.next().and_then(wasmi::Extern::into_func);
        let allocate = allocate.ok_or_else(|| Error::new("the module exports no allocator"))?;
        let allocate = allocate.typed::<u32, u32>(&self.caller)?;
        match allocate.call(&mut self.caller, size)? {
            0 => Err(Error::new("the module allocated nothing")),
            pointer => Ok(pointer),
        }
    }

    fn memory(&self) -> Result<Memory, Error> {
        let memory = self.caller.get_export("memory");
        let memory = memory.and_then(wasmi::Extern::into_memory);
        memory.ok_or_else(|| Error::new("the module exports no memory"))
    }
}
