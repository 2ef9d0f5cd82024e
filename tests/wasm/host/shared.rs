//! Shared data, with Envoy's answers.

use super::hostcall::Hostcall;
use super::proxy::Answer;
use super::state::Status;

pub(super) fn get(call: &mut Hostcall<'_>) -> Answer {
    let key = call.bytes(0)?;
    let found = call.state().common.borrow().get(&key).cloned();
    let Some((value, written)) = found else {
        return Ok(Status::NotFound);
    };
    call.write(call.number(4)?, &written.to_le_bytes())?;
    call.give(2, &value)
}

pub(super) fn set(call: &mut Hostcall<'_>) -> Answer {
    let (key, value, since) = (call.bytes(0)?, call.bytes(2)?, call.number(4)?);
    let is_set = call.state().common.borrow_mut().set(&key, &value, since);
    Ok(if is_set {
        Status::Ok
    } else {
        Status::CasMismatch
    })
}
