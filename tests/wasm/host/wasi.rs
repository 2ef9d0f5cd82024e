//! The few calls of WASI that Rust's standard library makes: no files, no arguments, no
//! environment; chance that repeats in every run.

use super::hostcall::Hostcall;
use super::proxy::Answer;
use super::state::{ERROR, INFO, Status};

pub(super) fn hostcall(name: &str) -> Option<fn(&mut Hostcall<'_>) -> Answer> {
    Some(match name {
        "random_get" => random,
        "environ_sizes_get" => no_sizes,
        "fd_write" => print,
        _ => return None,
    })
}

fn random(call: &mut Hostcall<'_>) -> Answer {
    let count = usize::try_from(call.number(1)?).expect("32 bits");
    let id = size_of::<u128>();
    let chance = call.state().chance.filter(|_| count == id);
    let bytes = match chance {
        Some(chance) => chance.to_le_bytes().to_vec(),
        None => call.state().noise.bytes(count),
    };
    call.write(call.number(0)?, &bytes)?;
    Ok(Status::Ok)
}

fn no_sizes(call: &mut Hostcall<'_>) -> Answer {
    for at in [0, 1] {
        call.write(call.number(at)?, &[0; 4])?;
    }
    Ok(Status::Ok)
}

/// What is printed goes to the log, as in Envoy.
fn print(call: &mut Hostcall<'_>) -> Answer {
    let [descriptor, parts, count] = [0, 1, 2].map(|at| call.number(at));
    let mut text = Vec::new();
    for part in 0..count? {
        let place = call.read(parts.as_ref().map_or(0, |parts| parts + 8 * part), 8)?;
        let (pointer, size) = place.split_at(4);
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        text.extend(call.read(number(pointer), number(size))?);
    }
    let level = if descriptor? == 2 { ERROR } else { INFO };
    let line = (level, String::from_utf8_lossy(&text).into_owned());
    call.state().log.push(line);
    let size = u32::try_from(text.len()).expect("it came from the memory");
    call.write(call.number(3)?, &size.to_le_bytes())?;
    Ok(Status::Ok)
}
